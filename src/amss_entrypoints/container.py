"""The composition root: which adapters stand behind the ports; nothing else names an adapter."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

from attrs import field, frozen
from dependency_injector import containers, providers

from amss_adapters.csv.rejected import RejectedRows
from amss_adapters.csv.table import CsvTable
from amss_adapters.embedded import EmbeddedPostgres, default_home
from amss_adapters.embedded.binaries import installations
from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.inspection import Inspection, inspect
from amss_adapters.postgres.migrate import MigrationStatus, migrate_down, migrate_up, status
from amss_adapters.system import SystemClock, Uuid7Factory
from amss_domain.access import use_cases as access
from amss_domain.access.ports import Directory
from amss_domain.audit import use_cases as audit
from amss_domain.audit.ports import AuditWork
from amss_domain.fleet import use_cases as fleet
from amss_domain.imports.use_cases.import_rows import ImportRows
from amss_domain.inventory import use_cases as inventory
from amss_domain.scheduling.follow_up import FollowFleet
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.use_cases.announce_due_changes import AnnounceDueChanges
from amss_domain.scheduling.use_cases.cancel_task import CancelTask
from amss_domain.scheduling.use_cases.check_item import CheckItem
from amss_domain.scheduling.use_cases.complete_task import CompleteTask
from amss_domain.scheduling.use_cases.due_list import DueList
from amss_domain.scheduling.use_cases.generate_due_tasks import GenerateDueTasks
from amss_domain.scheduling.use_cases.link_aircraft import EndLink, LinkAircraft
from amss_domain.scheduling.use_cases.plan_task import PlanTask
from amss_domain.scheduling.use_cases.read_tasks import FindProgram, GetTask, ListPrograms, ListTasks
from amss_domain.scheduling.use_cases.start_task import AssignTask, ReserveParts, StartTask
from amss_domain.scheduling.use_cases.void_completion import VoidCompletion
from amss_domain.scheduling.use_cases.write_program import RewriteProgram, WriteProgram
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import OrgId
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_entrypoints.settings import Settings

__all__ = [
    "Backend",
    "Container",
    "Database",
    "Inspection",
    "MigrationStatus",
    "PostgresDatabase",
    "Work",
    "embedded_versions",
    "home_of",
    "in_memory",
    "open_database",
    "open_database_as_it_is",
    "system_clock",
]


class Work(SchedulingWork, AuditWork, Protocol):
    """A unit of work that reaches everything."""


class Backend(Protocol):
    """Where everything is kept, opened and ready."""

    @property
    def directory(self) -> Directory: ...

    def open_uow(self, org_id: OrgId, actor: Actor, /) -> Work: ...


class Container(containers.DeclarativeContainer):
    """Every use case over one backend; each provider makes one when it is called."""

    backend: providers.Dependency[object] = providers.Dependency()
    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    ids: providers.Provider[IdFactory] = providers.Singleton(Uuid7Factory)
    directory: providers.Provider[Directory] = backend.provided.directory
    open_uow: providers.Provider[OpenUnitOfWork[Work]] = backend.provided.open_uow
    follow_up = providers.Factory(FollowFleet, ids)

    create_organization = providers.Factory(access.CreateOrganization, open_uow, clock, ids)
    change_policy = providers.Factory(access.ChangePolicy, open_uow, clock)
    create_user = providers.Factory(access.CreateUser, open_uow, clock, ids)
    change_role = providers.Factory(access.ChangeRole, open_uow, clock)
    deactivate_user = providers.Factory(access.DeactivateUser, open_uow, clock)
    find_user = providers.Factory(access.FindUser, open_uow)

    search_audit = providers.Factory(audit.SearchAudit, open_uow)

    add_aircraft = providers.Factory(fleet.AddAircraft[Work], open_uow, clock, ids, follow_up)
    record_usage = providers.Factory(fleet.RecordUsage[Work], open_uow, clock, ids, follow_up)
    correct_usage = providers.Factory(fleet.CorrectUsage[Work], open_uow, clock, ids, follow_up)
    replace_meter = providers.Factory(fleet.ReplaceMeter[Work], open_uow, clock, ids, follow_up)
    list_aircraft = providers.Factory(fleet.ListAircraft, open_uow)
    find_aircraft = providers.Factory(fleet.FindAircraft, open_uow)
    read_ledger = providers.Factory(fleet.ReadLedger, open_uow)

    define_part = providers.Factory(inventory.DefinePart, open_uow, clock, ids)
    receive_stock = providers.Factory(inventory.ReceiveStock, open_uow, clock, ids)
    adjust_stock = providers.Factory(inventory.AdjustStock, open_uow, clock, ids)
    list_parts = providers.Factory(inventory.ListParts, open_uow)
    find_parts = providers.Factory(inventory.FindParts, open_uow)
    get_parts = providers.Factory(inventory.GetParts, open_uow)
    list_stock = providers.Factory(inventory.ListStock, open_uow)

    write_program = providers.Factory(WriteProgram, open_uow, clock, ids)
    rewrite_program = providers.Factory(RewriteProgram, open_uow, clock)
    find_program = providers.Factory(FindProgram, open_uow)
    list_programs = providers.Factory(ListPrograms, open_uow)
    link_aircraft = providers.Factory(LinkAircraft, open_uow, clock, ids)
    end_link = providers.Factory(EndLink, open_uow, clock)
    due_list = providers.Factory(DueList, open_uow, clock)
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

    csv_table = providers.Factory(CsvTable)
    rejected_rows = providers.Factory(RejectedRows)
    import_rows = providers.Factory(ImportRows, open_uow, clock, ids, follow_up)


class Database(Protocol):
    """A database that can be opened; an embedded one belongs to this installation and may be filled at will."""

    @property
    def is_embedded(self) -> bool: ...

    def services(self) -> AbstractAsyncContextManager[Container]: ...


@frozen(kw_only=True)
class PostgresDatabase:
    """A PostgreSQL database, reached as the application's role, and as the owner's for its schema."""

    dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    is_embedded: bool

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
        yield PostgresDatabase(dsn=settings.db_url, owner_dsn=owner_dsn, is_embedded=False)
        return
    with EmbeddedPostgres(home_of(settings)) as server:
        yield PostgresDatabase(dsn=server.dsn("amss_app"), owner_dsn=server.dsn("amss_owner"), is_embedded=True)


def home_of(settings: Settings) -> Path:
    """Return the folder that embedded servers keep their data in; it may not exist yet."""
    return settings.home or default_home()


def embedded_versions() -> tuple[int, ...]:
    """Return the major versions of PostgreSQL that can be embedded. Raises `EmbeddedPackageMissing`."""
    return tuple(installation.major for installation in installations())


def system_clock() -> Clock:
    """Return this machine's clock."""
    return SystemClock()


def in_memory() -> Container:
    """Return every use case over a backend that keeps everything in memory, for as long as it lives."""
    from amss_adapters.memory import MemoryBackend  # noqa: PLC0415 - only where it is wanted

    container = Container()
    container.backend.override(MemoryBackend(clock=container.clock(), ids=container.ids()))
    return container
