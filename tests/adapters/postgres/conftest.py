"""What the tests of the PostgreSQL backend start from: a database, a backend on it, and a look behind its back."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import psycopg
import pytest
import pytest_asyncio

from amss_adapters.postgres import PostgresBackend
from amss_domain.testing.stand_ins import FRESH_IDS, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


class Looking(Protocol):
    """Asks the database behind the backend's back."""

    def __call__(self, query: str, *params: object, role: str = ...) -> list[tuple[Any, ...]]: ...


@pytest.fixture
def look(database: Database) -> Looking:
    """Returns the rows of a query; asks as the superuser unless told otherwise."""

    def look(query: str, *params: object, role: str = "amss_admin") -> list[tuple[Any, ...]]:
        with psycopg.connect(database.dsn(role), autocommit=True) as connection:
            cursor = connection.execute(query, params)
            return cursor.fetchall() if cursor.description else []

    return look


@pytest.fixture
def backend_of(database: Database) -> Callable[..., AbstractAsyncContextManager[PostgresBackend]]:
    """Opens a backend with settings of its own; it begins without a connection."""

    def backend_of(role: str = "amss_app", **settings: Any) -> PostgresBackend:
        options = {"min_connections": 0, **settings}
        return PostgresBackend(database.dsn(role), clock=ManualClock(), ids=FRESH_IDS, **options)

    return backend_of


@pytest_asyncio.fixture
async def backend(
    backend_of: Callable[..., AbstractAsyncContextManager[PostgresBackend]],
) -> AsyncIterator[PostgresBackend]:
    """A backend with up to four connections."""
    async with backend_of(max_connections=4) as backend:
        yield backend


@pytest_asyncio.fixture
async def ours(backend: PostgresBackend) -> Tenant:
    """An organization."""
    return await a_tenant(backend)
