"""PostgreSQL keeps the laws from an installed wheel: its statements and its migrations came with it."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest_asyncio

from amss_adapters.postgres import PostgresBackend
from amss_domain.testing.contracts import (
    ConcurrencyContract,
    DirectoryContract,
    LinksContract,
    ReservationsContract,
    UnitOfWorkContract,
    UsageContract,
)
from amss_domain.testing.stand_ins import FRESH_IDS, ManualClock


class Database(Protocol):
    """A migrated database."""

    def dsn(self) -> str: ...


@pytest_asyncio.fixture
async def backend(database: Database) -> AsyncIterator[PostgresBackend]:
    """A backend on a database that all laws share."""
    async with PostgresBackend(database.dsn(), clock=ManualClock(), ids=FRESH_IDS) as backend:
        yield backend


class TestUnitOfWork(UnitOfWorkContract):
    """The laws of `UnitOfWork`, which reach parts and stock."""


class TestDirectory(DirectoryContract):
    """The laws of `Directory`."""


class TestUsage(UsageContract):
    """The laws of `Usage`."""


class TestReservations(ReservationsContract):
    """The laws of reservations."""


class TestLinks(LinksContract):
    """The laws of `Links`, which reach programs."""


class TestConcurrency(ConcurrencyContract):
    """The laws of many units of work at once, which reach tasks."""
