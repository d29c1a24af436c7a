"""The PostgreSQL backend keeps every law."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest_asyncio

from amss_adapters.postgres import PostgresBackend
from amss_domain.testing.contracts import BackendContract
from amss_domain.testing.stand_ins import FRESH_IDS, ManualClock


class Database(Protocol):
    """A migrated database."""

    def dsn(self) -> str: ...


class TestPostgres(BackendContract):
    """Every law of every port, kept in PostgreSQL."""

    @pytest_asyncio.fixture
    async def backend(self, database: Database) -> AsyncIterator[PostgresBackend]:
        """A backend on a database that all laws share, and that others may use too."""
        async with PostgresBackend(database.dsn(), clock=ManualClock(), ids=FRESH_IDS) as backend:
            yield backend
