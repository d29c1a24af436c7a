"""The unit of work: every repository over one transaction."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from amss_adapters.memory.access import MemoryOrganizations, MemoryUsers
from amss_adapters.memory.audit import MemoryAuditTrail, MemoryOutbox, append_events
from amss_adapters.memory.fleet import MemoryFleet, MemoryUsage
from amss_adapters.memory.inventory import MemoryParts, MemoryStockRows
from amss_adapters.memory.scheduling import MemoryLinks, MemoryPrograms
from amss_adapters.memory.tasks import MemoryTasks
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction
from amss_domain.shared.actor import Actor
from amss_domain.shared.events import Event
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import OrgId


class MemoryUnitOfWork:
    """Reads and changes one organization's objects, all or nothing, as `UnitOfWork` and its slices promise.

    Conflicts show at once where they can be seen at once and at `commit` otherwise. `committed` is told the tenant.
    Raises RuntimeError when used before it is entered, after it is committed or left, or when committed twice.
    """

    def __init__(self, tenant: Tenant, actor: Actor, *, ids: IdFactory, committed: Callable[[Tenant], None]) -> None:
        self._transaction = Transaction(tenant)
        self._actor = actor
        self._ids = ids
        self._committed = committed
        self._events: list[Event] = []

    @property
    def org_id(self) -> OrgId:
        """The organization it was opened for."""
        return self._transaction.org_id

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self._actor

    @property
    def organizations(self) -> MemoryOrganizations:
        """The organization itself."""
        return MemoryOrganizations(self._transaction)

    @property
    def users(self) -> MemoryUsers:
        """Its users."""
        return MemoryUsers(self._transaction)

    @property
    def audit(self) -> MemoryAuditTrail:
        """Its audit trail."""
        return MemoryAuditTrail(self._transaction)

    @property
    def outbox(self) -> MemoryOutbox:
        """Its outbox."""
        return MemoryOutbox(self._transaction)

    @property
    def fleet(self) -> MemoryFleet:
        """Its aircraft."""
        return MemoryFleet(self._transaction)

    @property
    def usage(self) -> MemoryUsage:
        """Their ledgers."""
        return MemoryUsage(self._transaction)

    @property
    def parts(self) -> MemoryParts:
        """Its parts."""
        return MemoryParts(self._transaction)

    @property
    def stock(self) -> MemoryStockRows:
        """Its stock."""
        return MemoryStockRows(self._transaction)

    @property
    def programs(self) -> MemoryPrograms:
        """Its programs."""
        return MemoryPrograms(self._transaction)

    @property
    def links(self) -> MemoryLinks:
        """The links between its aircraft and programs."""
        return MemoryLinks(self._transaction)

    @property
    def tasks(self) -> MemoryTasks:
        """Its tasks."""
        return MemoryTasks(self._transaction)

    def record(self, event: Event, /) -> None:
        """Announce what happened, if and when this is committed."""
        self._transaction.require_open()
        self._events.append(event)

    async def commit(self) -> None:
        """Save everything, with an audit entry for each event and a message for each public one, or nothing.

        Waits for whoever holds what is saved here without being held here.
        """
        await self._transaction.commit(self._attach)

    async def __aenter__(self) -> Self:
        self._transaction.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._transaction.leave()

    def _attach(self, tenant: Tenant) -> None:
        append_events(self._events, tenant=tenant, actor=self._actor, ids=self._ids)
        self._committed(tenant)
