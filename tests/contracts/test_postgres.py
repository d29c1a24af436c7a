"""The PostgreSQL backend keeps every law."""

from collections.abc import AsyncIterator
from typing import Final, Protocol

import pytest
import pytest_asyncio

from amss_adapters.postgres import PostgresBackend
from amss_domain.testing.contracts import (
    AlertQueueContract,
    AuditMonthsContract,
    BackendContract,
    DeadLettersContract,
    DeliveryOutcomesContract,
    DeliveryQueueContract,
    ExpiredRecordsContract,
    FanOutContract,
    FinishedImportsContract,
    ImportQueueContract,
    InboxContract,
    JobLogContract,
    LeasesContract,
    LettersContract,
    OutboxQueueContract,
    RaisingContract,
    WorkQueueContract,
)
from amss_domain.testing.stand_ins import FRESH_IDS, ManualClock


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


_THE_WORKERS: Final = (
    AlertQueueContract,
    AuditMonthsContract,
    DeadLettersContract,
    DeliveryOutcomesContract,
    DeliveryQueueContract,
    ExpiredRecordsContract,
    FanOutContract,
    FinishedImportsContract,
    ImportQueueContract,
    InboxContract,
    JobLogContract,
    LeasesContract,
    LettersContract,
    OutboxQueueContract,
    RaisingContract,
    WorkQueueContract,
)
"""The laws of ports that are there for the worker's role alone."""


class TestPostgres(BackendContract):
    """Every law of every port, kept in PostgreSQL."""

    @pytest_asyncio.fixture
    async def backend(self, database: Database, request: pytest.FixtureRequest) -> AsyncIterator[PostgresBackend]:
        """A backend on a database that all laws share, and that others may use too."""
        role = "amss_worker" if issubclass(request.cls, _THE_WORKERS) else "amss_app"
        async with PostgresBackend(database.dsn(role), clock=ManualClock(), ids=FRESH_IDS) as backend:
            yield backend


class TestPostgresOfOneRole:
    """The owner alone keeps the laws of the worker's ports too, for set-ups without other roles."""

    @pytest_asyncio.fixture
    async def backend(self, database: Database) -> AsyncIterator[PostgresBackend]:
        """A backend of the role that owns everything."""
        async with PostgresBackend(database.dsn("amss_owner"), clock=ManualClock(), ids=FRESH_IDS) as backend:
            yield backend

    class TestOutboxQueue(OutboxQueueContract):
        """The laws of `OutboxQueue`."""

    class TestLeases(LeasesContract):
        """The laws of `Leases`."""

    class TestDeadLetters(DeadLettersContract):
        """The laws of `DeadLetters`."""

    class TestInbox(InboxContract):
        """The laws of `Inbox` and `Inboxes`."""

    class TestJobLog(JobLogContract):
        """The laws of `JobLog`."""

    class TestAlertQueue(AlertQueueContract):
        """The laws of `AlertQueue`."""

    class TestImportQueue(ImportQueueContract):
        """The laws of `ImportQueue`."""

    class TestFanOut(FanOutContract):
        """The laws of `FanOut`."""

    class TestDeliveryQueue(DeliveryQueueContract):
        """The laws of `DeliveryQueue` that concern what is given out."""

    class TestDeliveryOutcomes(DeliveryOutcomesContract):
        """The laws of `DeliveryQueue` that concern what became of it."""

    class TestWorkQueue(WorkQueueContract):
        """The laws of `WorkQueue`."""

    class TestExpiredRecords(ExpiredRecordsContract):
        """The laws of `ExpiredRecords`."""

    class TestFinishedImports(FinishedImportsContract):
        """The laws of `FinishedImports`."""

    class TestAuditMonths(AuditMonthsContract):
        """The laws of `AuditMonths`."""
