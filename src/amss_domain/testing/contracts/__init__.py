"""Every law of every port in one class, for a backend that has all ports; each contract also stands alone."""

from amss_domain.testing.backend import Backend, Capabilities, Work
from amss_domain.testing.contracts.concurrency import ConcurrencyContract
from amss_domain.testing.contracts.fleet import FleetContract
from amss_domain.testing.contracts.links import LinksContract
from amss_domain.testing.contracts.organizations import DirectoryContract, OrganizationsContract
from amss_domain.testing.contracts.parts import PartsContract
from amss_domain.testing.contracts.programs import ProgramsContract
from amss_domain.testing.contracts.stock import MovementsContract, ReservationsContract, StockRowsContract
from amss_domain.testing.contracts.tasks import TasksContract
from amss_domain.testing.contracts.trail import AuditTrailContract, OutboxContract
from amss_domain.testing.contracts.unit_of_work import UnitOfWorkContract
from amss_domain.testing.contracts.usage import UsageContract
from amss_domain.testing.contracts.users import UsersContract

__all__ = [
    "AuditTrailContract",
    "Backend",
    "BackendContract",
    "Capabilities",
    "ConcurrencyContract",
    "DirectoryContract",
    "FleetContract",
    "LinksContract",
    "MovementsContract",
    "OrganizationsContract",
    "OutboxContract",
    "PartsContract",
    "ProgramsContract",
    "ReservationsContract",
    "StockRowsContract",
    "TasksContract",
    "UnitOfWorkContract",
    "UsageContract",
    "UsersContract",
    "Work",
]


class BackendContract:
    """Every law of every port; a subclass named `Test...` gives the fixture `backend` and inherits them all."""

    class TestUnitOfWork(UnitOfWorkContract):
        """The laws of `UnitOfWork`."""

    class TestDirectory(DirectoryContract):
        """The laws of `Directory`."""

    class TestOrganizations(OrganizationsContract):
        """The laws of `Organizations`."""

    class TestUsers(UsersContract):
        """The laws of `Users`."""

    class TestAuditTrail(AuditTrailContract):
        """The laws of `AuditTrail`."""

    class TestOutbox(OutboxContract):
        """The laws of `Outbox`."""

    class TestFleet(FleetContract):
        """The laws of `Fleet`."""

    class TestUsage(UsageContract):
        """The laws of `Usage`."""

    class TestParts(PartsContract):
        """The laws of `Parts`."""

    class TestStockRows(StockRowsContract):
        """The laws of `StockRows` that concern the rows."""

    class TestMovements(MovementsContract):
        """The laws of `StockRows` that concern movements."""

    class TestReservations(ReservationsContract):
        """The laws of `StockRows` that concern reservations."""

    class TestPrograms(ProgramsContract):
        """The laws of `Programs`."""

    class TestLinks(LinksContract):
        """The laws of `Links`."""

    class TestTasks(TasksContract):
        """The laws of `Tasks`."""

    class TestConcurrency(ConcurrencyContract):
        """The laws of many units of work at once."""
