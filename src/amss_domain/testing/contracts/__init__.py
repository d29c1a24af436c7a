"""Every law of every port in one class, for a backend that has all ports; each contract also stands alone."""

from amss_domain.testing.backend import Backend, Capabilities, Work
from amss_domain.testing.contracts.actors import ActorsContract
from amss_domain.testing.contracts.answers import AnswersContract
from amss_domain.testing.contracts.api_keys import ApiKeysContract
from amss_domain.testing.contracts.concurrency import ConcurrencyContract
from amss_domain.testing.contracts.credentials import AccessTokensContract, PasswordHasherContract, SecretsContract
from amss_domain.testing.contracts.fleet import FleetContract
from amss_domain.testing.contracts.links import LinksContract
from amss_domain.testing.contracts.organizations import DirectoryContract, OrganizationsContract
from amss_domain.testing.contracts.parts import PartsContract
from amss_domain.testing.contracts.programs import ProgramsContract
from amss_domain.testing.contracts.rate_limit import RateLimiterContract
from amss_domain.testing.contracts.reports import ReportsContract
from amss_domain.testing.contracts.reservations import ReservationsContract
from amss_domain.testing.contracts.sessions import SessionsContract
from amss_domain.testing.contracts.stock import MovementsContract, StockRowsContract
from amss_domain.testing.contracts.stock_at_once import StockAtOnceContract
from amss_domain.testing.contracts.task_log import DependenciesContract, TaskLogContract
from amss_domain.testing.contracts.tasks import TasksContract
from amss_domain.testing.contracts.together import TogetherContract
from amss_domain.testing.contracts.trail import AuditTrailContract, OutboxContract
from amss_domain.testing.contracts.unit_of_work import UnitOfWorkContract
from amss_domain.testing.contracts.usage import UsageContract
from amss_domain.testing.contracts.users import PasswordsContract, UsersContract

__all__ = [
    "AccessTokensContract",
    "ActorsContract",
    "AnswersContract",
    "ApiKeysContract",
    "AuditTrailContract",
    "Backend",
    "BackendContract",
    "Capabilities",
    "ConcurrencyContract",
    "DependenciesContract",
    "DirectoryContract",
    "FleetContract",
    "LinksContract",
    "MovementsContract",
    "OrganizationsContract",
    "OutboxContract",
    "PartsContract",
    "PasswordHasherContract",
    "PasswordsContract",
    "ProgramsContract",
    "RateLimiterContract",
    "ReportsContract",
    "ReservationsContract",
    "SecretsContract",
    "SessionsContract",
    "StockAtOnceContract",
    "StockRowsContract",
    "TaskLogContract",
    "TasksContract",
    "TogetherContract",
    "UnitOfWorkContract",
    "UsageContract",
    "UsersContract",
    "Work",
]


class BackendContract:
    """Every law of every port; a subclass named `Test...` gives the fixture `backend` and inherits them all."""

    class TestUnitOfWork(UnitOfWorkContract):
        """The laws of `UnitOfWork`."""

    class TestTogether(TogetherContract):
        """The laws of reads that are awaited together."""

    class TestActors(ActorsContract):
        """The laws of who may use a unit of work at all."""

    class TestAnswers(AnswersContract):
        """The laws of `Answers` and of commands that come again."""

    class TestDirectory(DirectoryContract):
        """The laws of `Directory`."""

    class TestOrganizations(OrganizationsContract):
        """The laws of `Organizations`."""

    class TestUsers(UsersContract):
        """The laws of `Users`."""

    class TestPasswords(PasswordsContract):
        """The laws of `Passwords`."""

    class TestSessions(SessionsContract):
        """The laws of `Sessions`."""

    class TestApiKeys(ApiKeysContract):
        """The laws of `ApiKeys`."""

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

    class TestStockAtOnce(StockAtOnceContract):
        """The laws of stock that many change at once."""

    class TestPrograms(ProgramsContract):
        """The laws of `Programs`."""

    class TestLinks(LinksContract):
        """The laws of `Links`."""

    class TestTasks(TasksContract):
        """The laws of `Tasks`."""

    class TestTaskLog(TaskLogContract):
        """The laws of `TaskLog`."""

    class TestDependencies(DependenciesContract):
        """The laws of `Dependencies`."""

    class TestReports(ReportsContract):
        """The laws of `Reports`."""

    class TestConcurrency(ConcurrencyContract):
        """The laws of many units of work at once."""
