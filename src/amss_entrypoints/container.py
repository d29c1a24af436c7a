"""The composition root: which adapters stand behind the ports; nothing else names an adapter."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

from attrs import Factory, evolve, field, frozen
from dependency_injector import containers, providers
from redis.asyncio import Redis

from amss_adapters.csv import lines
from amss_adapters.csv.rejected import RejectedRows
from amss_adapters.csv.table import CsvTable, CsvText
from amss_adapters.embedded import EmbeddedPostgres, EmbeddedValkey, default_home
from amss_adapters.embedded.binaries import installations
from amss_adapters.embedded.home import service_folder
from amss_adapters.embedded.locks import FileLock
from amss_adapters.files import FileAuditArchive, FileImportStorage
from amss_adapters.http import AddressGuard, AiohttpWebhookSender
from amss_adapters.memory.import_storage import MemoryImportStorage
from amss_adapters.memory.rate_limit import MemoryRateLimiter
from amss_adapters.memory.streams import MemoryStreams
from amss_adapters.memory.waking import MemoryWaking
from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.inspection import Inspection, inspect
from amss_adapters.postgres.migrate import MigrationStatus, migrate_down, migrate_up, status
from amss_adapters.redis import RedisRateLimiter, RedisStreams, RedisWaking, connect, is_available
from amss_adapters.security import (
    AesSecretBox,
    BcryptPasswords,
    JwtAccessTokens,
    KeysUnusable,
    RandomSecrets,
    SigningKey,
    VerifyingKey,
    generated_password,
    kept_key,
    kept_secrets_key,
    new_secrets_key,
    secrets_keys_of,
    stored_key,
    verifying_keys,
)
from amss_adapters.smtp import LoggingMailer, SmtpMailer, SmtpServer
from amss_adapters.system import SystemClock, Uuid7Factory
from amss_domain.access.ports import AccessTokens, Directory, PasswordHasher, Secrets
from amss_domain.access.use_cases.api_keys import AuthenticateApiKey, CreateApiKey, ListApiKeys, RevokeApiKey
from amss_domain.access.use_cases.forgotten_passwords import RequestPasswordReset, SetForgottenPassword
from amss_domain.access.use_cases.identity import ListRoles, WhoAmI
from amss_domain.access.use_cases.login import Login
from amss_domain.access.use_cases.organizations import (
    ChangeOrganization,
    ChangePolicy,
    CreateOrganization,
    GetOrganization,
    ListOrganizations,
)
from amss_domain.access.use_cases.passwords import ChangePassword, ResetPassword
from amss_domain.access.use_cases.sessions import REFRESH_FOR, Logout, LogoutAll, Refresh
from amss_domain.access.use_cases.users import ChangeUser, CreateUser, DeactivateUser, FindUser, GetUser, ListUsers
from amss_domain.alerts.followers import FOLLOWERS
from amss_domain.alerts.ports import AlertQueue, AlertsWork, LetterQueue, Mailer
from amss_domain.alerts.use_cases.escalate import EscalateAlerts
from amss_domain.alerts.use_cases.handle_alert import AcknowledgeAlert, ResolveAlert
from amss_domain.alerts.use_cases.raise_alerts import RaiseAlerts
from amss_domain.alerts.use_cases.read_alerts import GetAlert, ListAlerts
from amss_domain.alerts.use_cases.review_stock import ResolveStockAlerts, ScanExpiringStock
from amss_domain.alerts.use_cases.send_letters import SendLetters
from amss_domain.alerts.use_cases.send_reset_mails import SendResetMails
from amss_domain.alerts.use_cases.write_letters import WriteLetters
from amss_domain.audit import use_cases as audit
from amss_domain.audit.ports import AuditPartitions, AuditWork
from amss_domain.compliance import use_cases as compliance
from amss_domain.fleet.use_cases.add_aircraft import AddAircraft
from amss_domain.fleet.use_cases.archive_aircraft import ArchiveAircraft
from amss_domain.fleet.use_cases.change_aircraft import ChangeAircraft
from amss_domain.fleet.use_cases.enter_usage import CorrectUsage, RecordUsage, ReplaceMeter
from amss_domain.fleet.use_cases.put_utilisation import PutUtilisation
from amss_domain.fleet.use_cases.read_aircraft import FindAircraft, GetAircraft, ListAircraft
from amss_domain.fleet.use_cases.read_usage import GetUsageEntry, ListUsage, ReadLedger
from amss_domain.imports.ports import ImportQueue, ImportStorage, ImportsWork
from amss_domain.imports.use_cases.import_rows import ImportRows
from amss_domain.imports.use_cases.process_imports import ProcessImports
from amss_domain.imports.use_cases.read_imports import GetImport, ListImportRows, ListImports
from amss_domain.imports.use_cases.upload import DiscardUpload, QueueImport, StoreUpload
from amss_domain.inventory.use_cases.adjust_stock import AdjustStock, QuarantineStock
from amss_domain.inventory.use_cases.define_part import ArchivePart, ChangePart, DefinePart
from amss_domain.inventory.use_cases.read_parts import FindParts, GetPart, GetParts, ListParts, PartAvailability
from amss_domain.inventory.use_cases.read_stock import GetStock, ListMovements, ListReservations, ListStock
from amss_domain.inventory.use_cases.receive_stock import ReceiveIntoRow, ReceiveStock
from amss_domain.inventory.use_cases.release_reservation import ReleaseReservation
from amss_domain.inventory.use_cases.transfer_stock import TransferStock
from amss_domain.relay.model import OUTBOX
from amss_domain.relay.ports import (
    DeadLetters,
    EventStreams,
    FanOut,
    Inboxes,
    InboxWork,
    JobLog,
    Leases,
    OutboxQueue,
    Waking,
)
from amss_domain.relay.use_cases.dead_letters import ListDeadLetters, ReplayDeadLetters
from amss_domain.relay.use_cases.lanes import Lanes
from amss_domain.relay.use_cases.publish_outbox import PublishOutbox
from amss_domain.relay.use_cases.reconcile import Reconcile
from amss_domain.relay.use_cases.tell_followers import TellFollowers
from amss_domain.relay.use_cases.tell_straight import TellStraight
from amss_domain.relay.use_cases.telling import Telling
from amss_domain.relay.use_cases.trim_streams import TrimStreams
from amss_domain.reports.ports import ReportsWork
from amss_domain.reports.use_cases.availability import Availability
from amss_domain.reports.use_cases.compliance import CompliancePercentage
from amss_domain.reports.use_cases.inventory import InventoryBelowThreshold
from amss_domain.reports.use_cases.summary import Summary
from amss_domain.reports.use_cases.workload import Workload
from amss_domain.retention.ports import AuditArchive, AuditMonths, ExpiredRecords, FinishedImports
from amss_domain.retention.use_cases import RemoveExpired
from amss_domain.scheduling.follow_up import FollowFleet
from amss_domain.scheduling.ports import WorkQueue
from amss_domain.scheduling.use_cases.announce_due_changes import AnnounceDueChanges
from amss_domain.scheduling.use_cases.archive_program import ArchiveProgram
from amss_domain.scheduling.use_cases.cancel_task import CancelTask
from amss_domain.scheduling.use_cases.change_task import ChangeTask
from amss_domain.scheduling.use_cases.check_item import CheckItem
from amss_domain.scheduling.use_cases.complete_task import CompleteTask
from amss_domain.scheduling.use_cases.defer_task import DeferTask
from amss_domain.scheduling.use_cases.due_list import DueList, DueListPage
from amss_domain.scheduling.use_cases.forecast import Forecast
from amss_domain.scheduling.use_cases.generate_due_tasks import GenerateDueTasks
from amss_domain.scheduling.use_cases.history import AircraftHistory
from amss_domain.scheduling.use_cases.link_aircraft import EndLink, LinkAircraft
from amss_domain.scheduling.use_cases.link_many import LinkMany
from amss_domain.scheduling.use_cases.list_links import GetLink, ListLinksOfProgram, ListProgramsOfAircraft
from amss_domain.scheduling.use_cases.log_work import AddLabour, AddNote
from amss_domain.scheduling.use_cases.plan_task import PlanTask, ReportDefect
from amss_domain.scheduling.use_cases.read_programs import FindProgram, GetProgram, ListPrograms
from amss_domain.scheduling.use_cases.read_tasks import GetTask, ListTasks, TaskHistory
from amss_domain.scheduling.use_cases.reschedule_task import RescheduleTask
from amss_domain.scheduling.use_cases.start_task import AssignTask, ReserveParts, StartTask
from amss_domain.scheduling.use_cases.task_dependencies import AddDependency, ListDependencies, RemoveDependency
from amss_domain.scheduling.use_cases.void_completion import VoidCompletion
from amss_domain.scheduling.use_cases.write_program import ChangeProgram, WriteProgram
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.shared.rate_limit import RateLimiter
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.violation import Violation
from amss_domain.webhooks.ports import DeliveryQueue, SecretBox, WebhookSender, WebhooksWork
from amss_domain.webhooks.use_cases.dispatch import JudgeAnswer, PrepareParcel, TakeOutcomes
from amss_domain.webhooks.use_cases.read_webhooks import GetDelivery, GetWebhook, ListDeliveries, ListWebhooks
from amss_domain.webhooks.use_cases.rotate_secret import RotateSecret
from amss_domain.webhooks.use_cases.send import Redeliver, RedeliverMatching, TestWebhook
from amss_domain.webhooks.use_cases.write_webhook import ArchiveWebhook, ChangeWebhook, CreateWebhook
from amss_entrypoints.settings import DEFAULT_RETRY_SCHEDULE, AppEnv, InvalidSettings, Settings

__all__ = [
    "Backend",
    "Container",
    "Database",
    "Inspection",
    "KeyPair",
    "MigrationStatus",
    "PostgresDatabase",
    "Work",
    "access_tokens_of",
    "as_worker",
    "embedded_versions",
    "generated_password",
    "hold_home",
    "home_of",
    "import_storage_of",
    "in_memory",
    "installation_key",
    "installation_secrets_key",
    "keep_files",
    "mailer_of",
    "new_key_pair",
    "new_secrets_key",
    "open_api",
    "open_database",
    "open_database_as_it_is",
    "open_valkey",
    "open_worker",
    "problems_of_keys",
    "problems_of_mail",
    "problems_of_secrets",
    "redis_answers",
    "secret_box_of",
    "system_clock",
]


D = TypeVar("D", bound="Database")

_REDIS_BUDGET_S: Final = 0.25
_WORKER_CONNECTIONS: Final = 8


class Work(ReportsWork, ImportsWork, AlertsWork, WebhooksWork, InboxWork, AuditWork, Protocol):
    """A unit of work that reaches everything."""


class Backend(Protocol):
    """Where everything is kept, opened and ready."""

    @property
    def directory(self) -> Directory: ...

    @property
    def leases(self) -> Leases: ...

    @property
    def job_log(self) -> JobLog: ...

    @property
    def outbox_queue(self) -> OutboxQueue: ...

    @property
    def fan_out(self) -> FanOut: ...

    @property
    def dead_letters(self) -> DeadLetters: ...

    @property
    def inboxes(self) -> Inboxes: ...

    @property
    def delivery_queue(self) -> DeliveryQueue: ...

    @property
    def work_queue(self) -> WorkQueue: ...

    @property
    def audit_partitions(self) -> AuditPartitions: ...

    @property
    def alert_queue(self) -> AlertQueue: ...

    @property
    def letter_queue(self) -> LetterQueue: ...

    @property
    def import_queue(self) -> ImportQueue: ...

    @property
    def expired_records(self) -> ExpiredRecords: ...

    @property
    def finished_imports(self) -> FinishedImports: ...

    @property
    def audit_months(self) -> AuditMonths: ...

    def open_uow(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> Work: ...


class Container(containers.DeclarativeContainer):
    """Every use case over one backend; each provider makes one when it is called."""

    backend: providers.Dependency[object] = providers.Dependency()
    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    ids: providers.Provider[IdFactory] = providers.Singleton(Uuid7Factory)
    password_hasher: providers.Provider[PasswordHasher] = providers.Singleton(BcryptPasswords)
    secrets: providers.Provider[Secrets] = providers.Singleton(RandomSecrets)
    # Whoever lets users in says with which keys, and for how long a session goes on.
    access_tokens = cast("providers.Provider[AccessTokens]", providers.Dependency())
    refresh_for: providers.Provider[timedelta] = providers.Object(REFRESH_FOR)
    key_set: providers.Provider[Mapping[str, object]] = access_tokens.provided.jwks.call()
    rate_limiter: providers.Provider[RateLimiter] = providers.Singleton(MemoryRateLimiter)
    directory: providers.Provider[Directory] = backend.provided.directory
    open_uow: providers.Provider[OpenUnitOfWork[Work]] = backend.provided.open_uow
    follow_up = providers.Factory(FollowFleet, ids)

    create_organization = providers.Factory(CreateOrganization, open_uow, clock, ids)
    change_organization = providers.Factory(ChangeOrganization, open_uow, clock)
    change_policy = providers.Factory(ChangePolicy, open_uow, clock)
    get_organization = providers.Factory(GetOrganization, open_uow)
    list_organizations = providers.Factory(ListOrganizations, open_uow, directory)
    create_user = providers.Factory(CreateUser, open_uow, clock, ids, password_hasher)
    change_user = providers.Factory(ChangeUser, open_uow, clock)
    deactivate_user = providers.Factory(DeactivateUser, open_uow, clock)
    get_user = providers.Factory(GetUser, open_uow)
    find_user = providers.Factory(FindUser, open_uow)
    list_users = providers.Factory(ListUsers, open_uow)
    change_password = providers.Factory(ChangePassword, open_uow, clock, password_hasher)
    reset_password = providers.Factory(ResetPassword, open_uow, clock, password_hasher)
    login = providers.Factory(
        Login, open_uow, directory, clock, ids, password_hasher, secrets, access_tokens, refresh_for
    )
    refresh = providers.Factory(Refresh, open_uow, clock, ids, secrets, access_tokens, refresh_for)
    logout = providers.Factory(Logout, open_uow, clock, secrets)
    logout_all = providers.Factory(LogoutAll, open_uow, clock)
    who_am_i = providers.Factory(WhoAmI, open_uow)
    list_roles = providers.Factory(ListRoles)
    create_api_key = providers.Factory(CreateApiKey, open_uow, clock, ids, secrets)
    list_api_keys = providers.Factory(ListApiKeys, open_uow)
    revoke_api_key = providers.Factory(RevokeApiKey, open_uow, clock)
    authenticate_api_key = providers.Factory(AuthenticateApiKey, open_uow, clock, secrets)

    request_password_reset = providers.Factory(RequestPasswordReset, open_uow, directory, clock, ids)
    set_forgotten_password = providers.Factory(SetForgottenPassword, open_uow, clock, password_hasher, secrets)

    # Whoever sends mail says by way of which server.
    mailer: providers.Provider[Mailer] = providers.Singleton(LoggingMailer, providers.Object(lambda _: None))
    alert_queue: providers.Provider[AlertQueue] = backend.provided.alert_queue
    get_alert = providers.Factory(GetAlert, open_uow)
    list_alerts = providers.Factory(ListAlerts, open_uow)
    acknowledge_alert = providers.Factory(AcknowledgeAlert, open_uow, clock)
    resolve_alert = providers.Factory(ResolveAlert, open_uow, clock)
    raise_alerts = providers.Factory(RaiseAlerts, open_uow, clock, ids, backend.provided.dead_letters)
    escalate_alerts = providers.Factory(EscalateAlerts, open_uow, clock)
    scan_expiring_stock = providers.Factory(ScanExpiringStock, open_uow, clock, ids)
    resolve_stock_alerts = providers.Factory(ResolveStockAlerts, open_uow, clock, ids)
    write_letters = providers.Factory(WriteLetters, open_uow, clock, backend.provided.dead_letters)
    letter_queue: providers.Provider[LetterQueue] = backend.provided.letter_queue
    send_letters = providers.Factory(SendLetters, queue=letter_queue, clock=clock, mailer=mailer)
    send_reset_mails = providers.Factory(SendResetMails, open_uow=open_uow, clock=clock, secrets=secrets, mailer=mailer)

    search_audit = providers.Factory(audit.SearchAudit, open_uow)
    export_audit = providers.Factory(audit.ExportAudit, open_uow, clock)

    add_aircraft = providers.Factory(AddAircraft[Work], open_uow, clock, ids, follow_up)
    change_aircraft = providers.Factory(ChangeAircraft[Work], open_uow, clock, ids, follow_up)
    archive_aircraft = providers.Factory(ArchiveAircraft[Work], open_uow, clock, follow_up)
    put_utilisation = providers.Factory(PutUtilisation, open_uow, clock)
    record_usage = providers.Factory(RecordUsage[Work], open_uow, clock, ids, follow_up)
    correct_usage = providers.Factory(CorrectUsage[Work], open_uow, clock, ids, follow_up)
    replace_meter = providers.Factory(ReplaceMeter[Work], open_uow, clock, ids, follow_up)
    get_aircraft = providers.Factory(GetAircraft, open_uow)
    list_aircraft = providers.Factory(ListAircraft, open_uow)
    find_aircraft = providers.Factory(FindAircraft, open_uow)
    read_ledger = providers.Factory(ReadLedger, open_uow)
    list_usage = providers.Factory(ListUsage, open_uow)
    get_usage_entry = providers.Factory(GetUsageEntry, open_uow)

    define_part = providers.Factory(DefinePart, open_uow, clock, ids)
    change_part = providers.Factory(ChangePart, open_uow, clock)
    archive_part = providers.Factory(ArchivePart, open_uow, clock)
    get_part = providers.Factory(GetPart, open_uow)
    get_parts = providers.Factory(GetParts, open_uow)
    list_parts = providers.Factory(ListParts, open_uow)
    find_parts = providers.Factory(FindParts, open_uow)
    part_availability = providers.Factory(PartAvailability, open_uow, clock)
    receive_stock = providers.Factory(ReceiveStock, open_uow, clock, ids)
    receive_into_row = providers.Factory(ReceiveIntoRow, open_uow, clock, ids)
    adjust_stock = providers.Factory(AdjustStock, open_uow, clock, ids)
    transfer_stock = providers.Factory(TransferStock, open_uow, clock, ids)
    quarantine_stock = providers.Factory(QuarantineStock, open_uow, clock)
    get_stock = providers.Factory(GetStock, open_uow)
    list_stock = providers.Factory(ListStock, open_uow)
    list_movements = providers.Factory(ListMovements, open_uow)
    list_reservations = providers.Factory(ListReservations, open_uow)
    release_reservation = providers.Factory(ReleaseReservation, open_uow, clock, ids)

    write_program = providers.Factory(WriteProgram, open_uow, clock, ids)
    change_program = providers.Factory(ChangeProgram, open_uow, clock)
    archive_program = providers.Factory(ArchiveProgram, open_uow, clock)
    get_program = providers.Factory(GetProgram, open_uow)
    find_program = providers.Factory(FindProgram, open_uow)
    list_programs = providers.Factory(ListPrograms, open_uow)
    link_aircraft = providers.Factory(LinkAircraft, open_uow, clock, ids)
    link_many = providers.Factory(LinkMany, open_uow, clock, ids)
    end_link = providers.Factory(EndLink, open_uow, clock)
    get_link = providers.Factory(GetLink, open_uow, clock)
    list_links_of_program = providers.Factory(ListLinksOfProgram, open_uow, clock)
    list_programs_of_aircraft = providers.Factory(ListProgramsOfAircraft, open_uow, clock)
    due_list = providers.Factory(DueList, open_uow, clock)
    due_list_page = providers.Factory(DueListPage, open_uow, clock)
    forecast = providers.Factory(Forecast, open_uow, clock)
    aircraft_history = providers.Factory(AircraftHistory, open_uow)
    assess_aircraft = providers.Factory(compliance.AssessAircraft, open_uow, clock)
    assess_fleet = providers.Factory(compliance.AssessFleet, open_uow, clock)
    generate_due_tasks = providers.Factory(GenerateDueTasks, open_uow, clock, ids)
    announce_due_changes = providers.Factory(AnnounceDueChanges, open_uow, clock)

    list_tasks = providers.Factory(ListTasks, open_uow, clock)
    get_task = providers.Factory(GetTask, open_uow, clock)
    plan_task = providers.Factory(PlanTask, open_uow, clock, ids)
    assign_task = providers.Factory(AssignTask, open_uow, clock)
    start_task = providers.Factory(StartTask, open_uow, clock, ids)
    reserve_parts = providers.Factory(ReserveParts, open_uow, clock, ids)
    check_item = providers.Factory(CheckItem, open_uow, clock)
    complete_task = providers.Factory(CompleteTask, open_uow, clock, ids)
    cancel_task = providers.Factory(CancelTask, open_uow, clock, ids)
    void_completion = providers.Factory(VoidCompletion, open_uow, clock, ids)
    report_defect = providers.Factory(ReportDefect, open_uow, clock, ids)
    change_task = providers.Factory(ChangeTask, open_uow, clock)
    reschedule_task = providers.Factory(RescheduleTask, open_uow, clock)
    defer_task = providers.Factory(DeferTask, open_uow, clock)
    add_note = providers.Factory(AddNote, open_uow, clock, ids)
    add_labour = providers.Factory(AddLabour, open_uow, clock, ids)
    add_dependency = providers.Factory(AddDependency, open_uow, clock, ids)
    remove_dependency = providers.Factory(RemoveDependency, open_uow, clock)
    list_dependencies = providers.Factory(ListDependencies, open_uow)
    task_history = providers.Factory(TaskHistory, open_uow)

    summary = providers.Factory(Summary, open_uow, clock)
    compliance_percentage = providers.Factory(CompliancePercentage, open_uow, clock)
    inventory_below_threshold = providers.Factory(InventoryBelowThreshold, open_uow, clock)
    workload = providers.Factory(Workload, open_uow, clock)
    availability = providers.Factory(Availability, open_uow, clock)

    # Of one process alone, unless whoever opens the container knows where others are.
    waking: providers.Provider[Waking] = providers.Singleton(MemoryWaking)
    streams: providers.Provider[EventStreams] = providers.Singleton(MemoryStreams, clock=clock)
    streams_last: providers.Provider[bool] = providers.Object(False)
    # Whether signals of other processes arrive now: a function that tells.
    is_woken: providers.Provider[Callable[[], bool]] = providers.Object(lambda: False)
    leases: providers.Provider[Leases] = backend.provided.leases
    job_log: providers.Provider[JobLog] = backend.provided.job_log
    outbox_queue: providers.Provider[OutboxQueue] = backend.provided.outbox_queue
    fan_out: providers.Provider[FanOut] = backend.provided.fan_out
    dead_letters: providers.Provider[DeadLetters] = backend.provided.dead_letters
    inboxes: providers.Provider[Inboxes] = backend.provided.inboxes
    delivery_queue: providers.Provider[DeliveryQueue] = backend.provided.delivery_queue
    work_queue: providers.Provider[WorkQueue] = backend.provided.work_queue
    audit_partitions: providers.Provider[AuditPartitions] = backend.provided.audit_partitions

    lanes = providers.Factory(Lanes, leases)
    publish_outbox = providers.Factory(PublishOutbox, outbox=outbox_queue, streams=streams, clock=clock)
    telling = providers.Factory(
        Telling, fan_out=fan_out, followers=providers.Object(FOLLOWERS), waking=waking, clock=clock
    )
    tell_followers = providers.Factory(TellFollowers, streams=streams, telling=telling, dead_letters=dead_letters)
    tell_straight = providers.Factory(
        TellStraight, outbox=outbox_queue, telling=telling, dead_letters=dead_letters, leases=leases
    )
    reconcile = providers.Factory(Reconcile, outbox=outbox_queue, streams=streams, waking=waking, clock=clock)
    trim_streams = providers.Factory(TrimStreams, streams=streams)
    list_dead_letters = providers.Factory(ListDeadLetters, dead_letters=dead_letters)
    replay_dead_letters = providers.Factory(ReplayDeadLetters, dead_letters=dead_letters, waking=waking, clock=clock)

    # Without a key nothing is sealed: whoever serves or sends says which, and where webhooks may go.
    secret_box: providers.Provider[SecretBox] = providers.Singleton(AesSecretBox, providers.Object(()))
    webhook_sender: providers.Provider[WebhookSender] = providers.Singleton(
        AiohttpWebhookSender, providers.Factory(AddressGuard)
    )
    agent: providers.Provider[str] = providers.Object("AMSS")
    pauses: providers.Provider[tuple[timedelta, ...]] = providers.Object(DEFAULT_RETRY_SCHEDULE)
    disable_after: providers.Provider[timedelta] = providers.Object(Settings().webhook_disable_after)
    create_webhook = providers.Factory(CreateWebhook, open_uow, clock, ids, secret_box, webhook_sender)
    change_webhook = providers.Factory(ChangeWebhook, open_uow, clock, webhook_sender)
    archive_webhook = providers.Factory(ArchiveWebhook, open_uow, clock)
    rotate_secret = providers.Factory(RotateSecret, open_uow, clock, secret_box)
    get_webhook = providers.Factory(GetWebhook, open_uow)
    list_webhooks = providers.Factory(ListWebhooks, open_uow)
    test_webhook = providers.Factory(TestWebhook, open_uow, clock, ids)
    list_deliveries = providers.Factory(ListDeliveries, open_uow)
    get_delivery = providers.Factory(GetDelivery, open_uow)
    redeliver = providers.Factory(Redeliver, open_uow, clock)
    redeliver_matching = providers.Factory(RedeliverMatching, open_uow, clock)
    prepare_parcel = providers.Factory(PrepareParcel, secret_box, agent)
    judge_answer = providers.Factory(JudgeAnswer, pauses)
    take_outcomes = providers.Factory(TakeOutcomes, open_uow, delivery_queue, clock, disable_after)

    csv_line: providers.Provider[Callable[[Iterable[object]], str]] = providers.Object(lines.csv_line)
    csv_table = providers.Factory(CsvTable)
    rejected_rows = providers.Factory(RejectedRows)
    import_rows = providers.Factory(ImportRows, open_uow, clock, ids, follow_up)
    # Whoever runs several processes says where they all find what was uploaded.
    import_storage: providers.Provider[ImportStorage] = providers.Singleton(
        MemoryImportStorage, clock, providers.Object(CsvText)
    )
    import_queue: providers.Provider[ImportQueue] = backend.provided.import_queue
    store_upload = providers.Factory(StoreUpload, open_uow, ids, import_storage)
    queue_import = providers.Factory(QueueImport, open_uow, clock)
    discard_upload = providers.Factory(DiscardUpload, open_uow, import_storage)
    get_import = providers.Factory(GetImport, open_uow)
    list_imports = providers.Factory(ListImports, open_uow)
    list_import_rows = providers.Factory(ListImportRows, open_uow)
    process_imports = providers.Factory(
        ProcessImports, open_uow, clock, import_queue, import_storage, import_rows, generate_due_tasks
    )

    expired_records: providers.Provider[ExpiredRecords] = backend.provided.expired_records
    finished_imports: providers.Provider[FinishedImports] = backend.provided.finished_imports
    audit_months: providers.Provider[AuditMonths] = backend.provided.audit_months
    # Nowhere, unless whoever opens the container knows a place: then the trail stays where it is.
    audit_archive: providers.Provider[AuditArchive | None] = providers.Object(None)
    cleanup_interval: providers.Provider[timedelta] = providers.Object(Settings().retention_cleanup_interval)
    remove_expired = providers.Factory(
        RemoveExpired,
        outbox=outbox_queue,
        deliveries=delivery_queue,
        records=expired_records,
        imports=finished_imports,
        storage=import_storage,
        months=audit_months,
        archive=audit_archive,
        clock=clock,
    )


class Database(Protocol):
    """A database that can be opened; an embedded one belongs to this installation and may be filled at will."""

    @property
    def is_embedded(self) -> bool: ...

    def services(self) -> AbstractAsyncContextManager[Container]: ...


@frozen(kw_only=True)
class PostgresDatabase:
    """A PostgreSQL database, reached as the application's role, the worker's, and as the owner's for its schema."""

    dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    is_embedded: bool
    worker_dsn: str = field(repr=False, default=Factory(lambda self: self.dsn, takes_self=True))

    @asynccontextmanager
    async def services(self) -> AsyncIterator[Container]:
        """Open the database and yield every use case over it. Raises `Unavailable`."""
        container = Container()
        async with PostgresBackend(self.dsn, clock=container.clock(), ids=container.ids()) as backend:
            container.backend.override(backend)
            yield container

    def migrations(self) -> tuple[MigrationStatus, ...]:
        """Return every migration in order, and when it was applied. Raises `MigrationFailed`."""
        return status(self.owner_dsn)

    def migrate_up(self) -> tuple[str, ...]:
        """Apply what is not applied yet and return the names. Raises `MigrationFailed`."""
        return migrate_up(self.owner_dsn)

    def migrate_down(self, *, steps: int) -> tuple[str, ...]:
        """Take back the last migrations, and the data in what they made. Raises `MigrationFailed`."""
        return migrate_down(self.owner_dsn, steps=steps)

    def inspect(self) -> Inspection:
        """Return what the database shows to the application's role. Raises `Unavailable`."""
        return inspect(self.dsn)


def as_worker(database: D) -> D:
    """Return the database as the worker reaches it, who sees the queues of all organizations."""
    return evolve(database, dsn=database.worker_dsn) if isinstance(database, PostgresDatabase) else database


@contextmanager
def open_database(settings: Settings) -> Iterator[PostgresDatabase]:
    """Yield the database that the settings name; an embedded server's is brought up to date first.

    Raises `EmbeddedServerError`, `MigrationFailed`.
    """
    with open_database_as_it_is(settings) as database:
        if database.is_embedded and any(one.applied_at is None for one in database.migrations()):
            database.migrate_up()
        yield database


@contextmanager
def open_database_as_it_is(settings: Settings) -> Iterator[PostgresDatabase]:
    """Yield the database that the settings name, else an embedded server's; that stops after its last user.

    Raises `EmbeddedServerError`.
    """
    if settings.db_url is not None:
        owner_dsn = settings.db_migration_url or settings.db_url
        worker_dsn = settings.db_worker_url or settings.db_url
        yield PostgresDatabase(dsn=settings.db_url, owner_dsn=owner_dsn, worker_dsn=worker_dsn, is_embedded=False)
        return
    with EmbeddedPostgres(home_of(settings)) as server:
        yield PostgresDatabase(
            dsn=server.dsn("amss_app"),
            owner_dsn=server.dsn("amss_owner"),
            worker_dsn=server.dsn("amss_worker"),
            is_embedded=True,
        )


@contextmanager
def open_valkey(settings: Settings) -> Iterator[str]:
    """Yield the address of what the settings name, else of an embedded Valkey; that stops after its last user.

    Raises `EmbeddedServerError`.
    """
    if settings.redis_addr is not None:
        yield settings.redis_addr
        return
    with EmbeddedValkey(home_of(settings)) as server:
        yield server.address


@contextmanager
def hold_home(settings: Settings) -> Iterator[tuple[Path, bool]]:
    """Yield a folder in which a process says that it holds the home, and whether this one does: one at a time can.

    A process that ends lets go, however it ends. Raises `EmbeddedServerError`.
    """
    folder = service_folder(home_of(settings), "up")
    lock = FileLock(folder / "lock")
    try:
        yield folder, lock.try_exclusive()
    finally:
        lock.release()


def home_of(settings: Settings) -> Path:
    """Return the folder that embedded servers keep their data in; it may not exist yet."""
    return settings.home or default_home()


def import_storage_of(settings: Settings) -> ImportStorage:
    """Return where uploaded tables are kept: in the folder that the settings name, else in the home."""
    return FileImportStorage(settings.import_storage_dir or home_of(settings) / "imports", CsvTable)


def keep_files(container: Container, settings: Settings) -> None:
    """Have everything keep its files where the settings say."""
    container.import_storage.override(providers.Object(import_storage_of(settings)))
    if settings.audit_archive_dir is not None:
        container.audit_archive.override(providers.Object(FileAuditArchive(settings.audit_archive_dir)))


def mailer_of(settings: Settings, clock: Clock, *, on_unsent: Callable[[str], None]) -> SmtpMailer | LoggingMailer:
    """Return what sends mail by way of the server that the settings name; without one, `on_unsent` is told of letters.

    Raises `InvalidSettings`.
    """
    if settings.smtp_url is None:
        return LoggingMailer(on_unsent)
    problems: list[Violation] = []
    try:
        server = SmtpServer.of(settings.smtp_url)
    except ValueError as error:
        problems.append(Violation("invalid_setting", f"SMTP_URL {error}", "SMTP_URL"))
    else:
        try:
            return SmtpMailer(server, sender=settings.mail_from, clock=clock)
        except ValueError as error:
            problems.append(Violation("invalid_setting", f"MAIL_FROM {error}", "MAIL_FROM"))
    raise InvalidSettings(problems)


def embedded_versions() -> tuple[int, ...]:
    """Return the major versions of PostgreSQL that can be embedded. Raises `EmbeddedPackageMissing`."""
    return tuple(installation.major for installation in installations())


def system_clock() -> Clock:
    """Return this machine's clock."""
    return SystemClock()


def in_memory(*, clock: Clock | None = None) -> Container:
    """Return every use case over a backend that keeps everything in memory, for as long as it lives."""
    from amss_adapters.memory import MemoryBackend  # noqa: PLC0415 - only where it is wanted

    container = Container()
    if clock is not None:
        container.clock.override(providers.Object(clock))
    waking = container.waking()
    backend = MemoryBackend(clock=container.clock(), ids=container.ids(), on_messages=lambda: waking.wake(OUTBOX))
    container.backend.override(backend)
    return container


@asynccontextmanager
async def open_api(
    settings: Settings, *, max_connections: int = 8, on_redis: Callable[[bool], None] = lambda _: None
) -> AsyncIterator[Container]:
    """Yield every use case over the settings' database, with what it takes to let users in and to count requests.

    `on_redis` is told when Redis goes away (False) and when it is back (True): meanwhile this process counts alone.
    Whoever works on what was committed is woken. Raises `InvalidSettings`, `Unavailable`.
    """
    if settings.db_url is None:
        raise InvalidSettings([Violation("missing_setting", "DB_URL is not set", "DB_URL")])
    container = Container()
    container.access_tokens.override(providers.Object(access_tokens_of(settings, container.clock())))
    container.refresh_for.override(providers.Object(settings.refresh_token_ttl))
    async with AsyncExitStack() as stack:
        await _open_what_all_need(container, settings, stack)
        if settings.redis_addr is not None:
            client = await _open_redis(settings.redis_addr, stack)
            # So long an answer may take that a process which is itself too busy to see it does not blame Redis.
            limiter = RedisRateLimiter(
                client, local=MemoryRateLimiter(), on_state_change=on_redis, budget_s=_REDIS_BUDGET_S
            )
            container.rate_limiter.override(providers.Object(limiter))
            waking = await stack.enter_async_context(RedisWaking(client))
            container.waking.override(providers.Object(waking))
        await _open_backend(container, settings.db_url, stack, max_connections=max_connections)
        yield container


@asynccontextmanager
async def open_worker(
    settings: Settings, *, worker: str, agent: str = "AMSS", on_unsent: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Container]:
    """Yield every use case over the settings' database as the worker's role, with what its jobs need.

    `worker` is its name, `agent` how it introduces itself to receivers of webhooks; `on_unsent` is told of letters that
    nobody is there to send. Raises `InvalidSettings`, `Unavailable`.
    """
    dsn = settings.db_worker_url or settings.db_url
    if dsn is None:
        raise InvalidSettings([Violation("missing_setting", "DB_URL is not set", "DB_URL")])
    container = Container()
    container.agent.override(providers.Object(agent))
    container.pauses.override(providers.Object(settings.webhook_retry_schedule))
    container.disable_after.override(providers.Object(settings.webhook_disable_after))
    container.cleanup_interval.override(providers.Object(settings.retention_cleanup_interval))
    async with AsyncExitStack() as stack:
        await _open_what_all_need(container, settings, stack)
        mailer = mailer_of(settings, container.clock(), on_unsent=on_unsent)
        stack.push_async_callback(mailer.close)
        container.mailer.override(providers.Object(mailer))
        if settings.redis_addr is not None:
            client = await _open_redis(settings.redis_addr, stack)
            waking = await stack.enter_async_context(RedisWaking(client, name=worker))
            await waking.listen()
            container.waking.override(providers.Object(waking))
            container.is_woken.override(providers.Object(lambda: waking.hears))
            container.streams.override(providers.Object(RedisStreams(client)))
            container.streams_last.override(providers.Object(True))
        await _open_backend(container, dsn, stack, max_connections=_WORKER_CONNECTIONS)
        yield container


async def _open_what_all_need(container: Container, settings: Settings, stack: AsyncExitStack) -> None:
    container.secret_box.override(providers.Object(secret_box_of(settings)))
    keep_files(container, settings)
    sender = AiohttpWebhookSender(_address_guard_of(settings))
    container.webhook_sender.override(providers.Object(await stack.enter_async_context(sender)))


async def _open_redis(address: str, stack: AsyncExitStack) -> Redis:
    client = connect(address)
    stack.push_async_callback(client.aclose)
    # So that the first who asks does not wait for the connection.
    await is_available(client)
    return client


async def _open_backend(container: Container, dsn: str, stack: AsyncExitStack, *, max_connections: int) -> None:
    waking = container.waking()
    backend = PostgresBackend(
        dsn,
        clock=container.clock(),
        ids=container.ids(),
        max_connections=max_connections,
        on_messages=lambda: waking.wake(OUTBOX),
    )
    container.backend.override(await stack.enter_async_context(backend))


def secret_box_of(settings: Settings) -> AesSecretBox:
    """Return what keeps secrets with the keys that the settings name, if they do. Raises `InvalidSettings`."""
    if settings.secrets_key is None:
        return AesSecretBox(())
    try:
        return AesSecretBox(secrets_keys_of(settings.secrets_key))
    except ValueError as error:
        raise InvalidSettings([Violation("invalid_setting", f"SECRETS_KEY {error}", "SECRETS_KEY")]) from None


def problems_of_secrets(settings: Settings) -> tuple[Violation, ...]:
    """Return everything that is wrong with the keys for secrets that the settings name."""
    try:
        secret_box_of(settings)
    except InvalidSettings as error:
        return error.violations
    return ()


def problems_of_mail(settings: Settings) -> tuple[Violation, ...]:
    """Return everything that is wrong with the mail server that the settings name."""
    try:
        mailer_of(settings, system_clock(), on_unsent=lambda _: None)
    except InvalidSettings as error:
        return error.violations
    return ()


def _address_guard_of(settings: Settings) -> AddressGuard:
    return AddressGuard(
        allowed_networks=settings.webhook_allowed_networks, allow_http=settings.app_env is not AppEnv.PRODUCTION
    )


async def redis_answers(address: str) -> bool:
    """Tell whether a Redis or Valkey server answers at the address."""
    client = connect(address)
    try:
        return await is_available(client)
    finally:
        await client.aclose()


@frozen(kw_only=True)
class KeyPair:
    """A key that access tokens are signed with, and its public part; `kid` is the name that tokens call it by."""

    kid: str
    private_pem: str = field(repr=False)
    public_pem: str


def new_key_pair() -> KeyPair:
    """Make a new key of 2048 bits."""
    return _pair_of(SigningKey.generate())


def installation_key(settings: Settings) -> KeyPair:
    """Return the key that this installation made for itself, made now if it has none. Raises `KeysUnusable`."""
    return _pair_of(kept_key(home_of(settings)))


def installation_secrets_key(settings: Settings) -> str:
    """Return the key for secrets that this installation made for itself, made now if it has none.

    Raises `KeysUnusable`.
    """
    return kept_secrets_key(home_of(settings))


def problems_of_keys(settings: Settings) -> tuple[Violation, ...]:
    """Return everything that is wrong with the keys that the settings name.

    In production the one that this installation made for itself is among that: its file is no place for it.
    """
    problems: list[Violation] = []
    signing, _ = _keys(settings, problems)
    # A folder that cannot be read, as of an account without a home, holds no key that anybody took from it.
    with suppress(KeysUnusable):
        own = stored_key(home_of(settings)) if settings.app_env is AppEnv.PRODUCTION else None
        if own is not None and signing is not None and own.verifying == signing.verifying:
            message = "JWT_PRIVATE_KEY_PEM is the key that `amss up` made for itself: `amss keys generate` makes one"
            problems.append(Violation("not_in_production", message, "JWT_PRIVATE_KEY_PEM"))
    return tuple(problems)


def access_tokens_of(settings: Settings, clock: Clock) -> JwtAccessTokens:
    """Return what issues and checks access tokens with the keys that the settings name. Raises `InvalidSettings`."""
    problems: list[Violation] = []
    signing, former = _keys(settings, problems)
    if signing is None:
        raise InvalidSettings(
            problems or [Violation("missing_setting", "JWT_PRIVATE_KEY_PEM is not set", "JWT_PRIVATE_KEY_PEM")]
        )
    if problems:
        raise InvalidSettings(problems)
    return JwtAccessTokens(signing, former, clock=clock, ttl=settings.access_token_ttl)


def _keys(settings: Settings, problems: list[Violation]) -> tuple[SigningKey | None, tuple[VerifyingKey, ...]]:
    signing: SigningKey | None = None
    former: tuple[VerifyingKey, ...] = ()
    try:
        if settings.jwt_private_key_pem is not None:
            signing = SigningKey.from_pem(settings.jwt_private_key_pem)
    except ValueError as error:
        problems.append(Violation("invalid_setting", f"JWT_PRIVATE_KEY_PEM {error}", "JWT_PRIVATE_KEY_PEM"))
    try:
        if settings.jwt_public_key_pem is not None:
            former = verifying_keys(settings.jwt_public_key_pem)
    except ValueError as error:
        problems.append(Violation("invalid_setting", f"JWT_PUBLIC_KEY_PEM {error}", "JWT_PUBLIC_KEY_PEM"))
    return signing, former


def _pair_of(key: SigningKey) -> KeyPair:
    return KeyPair(kid=key.verifying.kid, private_pem=key.pem(), public_pem=key.verifying.pem())
