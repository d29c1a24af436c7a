"""Every law of every port in one class, for a backend that has all ports; each contract also stands alone."""

from amss_domain.testing.backend import Backend, Capabilities, Work
from amss_domain.testing.contracts.actors import ActorsContract
from amss_domain.testing.contracts.alert_queue import AlertQueueContract
from amss_domain.testing.contracts.alerts import AlertsContract
from amss_domain.testing.contracts.answers import AnswersContract
from amss_domain.testing.contracts.api_keys import ApiKeysContract
from amss_domain.testing.contracts.concurrency import ConcurrencyContract
from amss_domain.testing.contracts.credentials import AccessTokensContract, PasswordHasherContract, SecretsContract
from amss_domain.testing.contracts.dead_letters import DeadLettersContract
from amss_domain.testing.contracts.deliveries import DeliveriesContract
from amss_domain.testing.contracts.delivery_outcomes import DeliveryOutcomesContract
from amss_domain.testing.contracts.delivery_queue import DeliveryQueueContract
from amss_domain.testing.contracts.fan_out import FanOutContract
from amss_domain.testing.contracts.fleet import FleetContract
from amss_domain.testing.contracts.import_queue import ImportQueueContract
from amss_domain.testing.contracts.imports import ImportsContract
from amss_domain.testing.contracts.inbox import InboxContract
from amss_domain.testing.contracts.job_log import JobLogContract
from amss_domain.testing.contracts.leases import LeasesContract
from amss_domain.testing.contracts.letters import LettersContract
from amss_domain.testing.contracts.links import LinksContract
from amss_domain.testing.contracts.organizations import DirectoryContract, OrganizationsContract
from amss_domain.testing.contracts.outbox_queue import OutboxQueueContract
from amss_domain.testing.contracts.parts import PartsContract
from amss_domain.testing.contracts.password_resets import PasswordResetsContract
from amss_domain.testing.contracts.programs import ProgramsContract
from amss_domain.testing.contracts.raising import RaisingContract
from amss_domain.testing.contracts.rate_limit import RateLimiterContract
from amss_domain.testing.contracts.reports import ReportsContract
from amss_domain.testing.contracts.reservations import ReservationsContract
from amss_domain.testing.contracts.retention import AuditMonthsContract, ExpiredRecordsContract, FinishedImportsContract
from amss_domain.testing.contracts.secret_box import SecretBoxContract
from amss_domain.testing.contracts.sessions import SessionsContract
from amss_domain.testing.contracts.stock import MovementsContract, StockRowsContract
from amss_domain.testing.contracts.stock_at_once import StockAtOnceContract
from amss_domain.testing.contracts.streams import StreamsContract
from amss_domain.testing.contracts.task_log import DependenciesContract, TaskLogContract
from amss_domain.testing.contracts.tasks import TasksContract
from amss_domain.testing.contracts.together import TogetherContract
from amss_domain.testing.contracts.trail import AuditTrailContract, OutboxContract
from amss_domain.testing.contracts.unit_of_work import UnitOfWorkContract
from amss_domain.testing.contracts.usage import UsageContract
from amss_domain.testing.contracts.users import PasswordsContract, UsersContract
from amss_domain.testing.contracts.waking import WakingContract
from amss_domain.testing.contracts.webhooks import WebhooksContract
from amss_domain.testing.contracts.work_queue import WorkQueueContract

__all__ = [
    "AccessTokensContract",
    "ActorsContract",
    "AlertQueueContract",
    "AlertsContract",
    "AnswersContract",
    "ApiKeysContract",
    "AuditMonthsContract",
    "AuditTrailContract",
    "Backend",
    "BackendContract",
    "Capabilities",
    "ConcurrencyContract",
    "DeadLettersContract",
    "DeliveriesContract",
    "DeliveryOutcomesContract",
    "DeliveryQueueContract",
    "DependenciesContract",
    "DirectoryContract",
    "ExpiredRecordsContract",
    "FanOutContract",
    "FinishedImportsContract",
    "FleetContract",
    "ImportQueueContract",
    "ImportsContract",
    "InboxContract",
    "JobLogContract",
    "LeasesContract",
    "LettersContract",
    "LinksContract",
    "MovementsContract",
    "OrganizationsContract",
    "OutboxContract",
    "OutboxQueueContract",
    "PartsContract",
    "PasswordHasherContract",
    "PasswordResetsContract",
    "PasswordsContract",
    "ProgramsContract",
    "RaisingContract",
    "RateLimiterContract",
    "ReportsContract",
    "ReservationsContract",
    "SecretBoxContract",
    "SecretsContract",
    "SessionsContract",
    "StockAtOnceContract",
    "StockRowsContract",
    "StreamsContract",
    "TaskLogContract",
    "TasksContract",
    "TogetherContract",
    "UnitOfWorkContract",
    "UsageContract",
    "UsersContract",
    "WakingContract",
    "WebhooksContract",
    "Work",
    "WorkQueueContract",
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

    class TestPasswordResets(PasswordResetsContract):
        """The laws of `PasswordResets`."""

    class TestAlerts(AlertsContract):
        """The laws of `Alerts`."""

    class TestRaising(RaisingContract):
        """The laws of alerts that several followers raise at once."""

    class TestLetters(LettersContract):
        """The laws of `Letters` and of `LetterQueue`."""

    class TestAlertQueue(AlertQueueContract):
        """The laws of `AlertQueue`."""

    class TestAuditTrail(AuditTrailContract):
        """The laws of `AuditTrail`."""

    class TestOutbox(OutboxContract):
        """The laws of `Outbox`."""

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

    class TestImports(ImportsContract):
        """The laws of `Imports`."""

    class TestImportQueue(ImportQueueContract):
        """The laws of `ImportQueue`."""

    class TestReports(ReportsContract):
        """The laws of `Reports`."""

    class TestConcurrency(ConcurrencyContract):
        """The laws of many units of work at once."""

    class TestWorkQueue(WorkQueueContract):
        """The laws of `WorkQueue`."""

    class TestExpiredRecords(ExpiredRecordsContract):
        """The laws of `ExpiredRecords`."""

    class TestFinishedImports(FinishedImportsContract):
        """The laws of `FinishedImports`."""

    class TestAuditMonths(AuditMonthsContract):
        """The laws of `AuditMonths`."""

    class TestWebhooks(WebhooksContract):
        """The laws of `Webhooks`."""

    class TestDeliveries(DeliveriesContract):
        """The laws of `Deliveries`."""

    class TestFanOut(FanOutContract):
        """The laws of `FanOut`."""

    class TestDeliveryQueue(DeliveryQueueContract):
        """The laws of `DeliveryQueue` that concern what is given out."""

    class TestDeliveryOutcomes(DeliveryOutcomesContract):
        """The laws of `DeliveryQueue` that concern what became of it."""
