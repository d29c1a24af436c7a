"""The memory backend: everything of every organization, for one event loop."""

from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from amss_adapters.memory.access import ORGANIZATIONS, MemoryDirectory
from amss_adapters.memory.tables import Rows
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.unit_of_work import MemoryUnitOfWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId


class MemoryBackend:
    """A real backend that keeps what is committed for as long as it lives.

    `clock` and `ids` are there for the use cases that are built on it; events take their ids from `ids` too.
    """

    def __init__(self, *, clock: Clock, ids: IdFactory) -> None:
        self.clock = clock
        self.ids = ids
        self._organizations = Rows(ORGANIZATIONS)
        # Whoever opens a unit of work for an unknown id meets others who do, and leaves nothing behind.
        self._opened: WeakValueDictionary[OrgId, Tenant] = WeakValueDictionary()
        self._known: dict[OrgId, Tenant] = {}
        self.directory = MemoryDirectory(self._organizations)

    def open_uow(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> MemoryUnitOfWork:
        """Return a unit of work for the organization, to be entered with `async with`."""
        tenant = self._opened.get(org_id)
        if tenant is None:
            tenant = self._opened[org_id] = Tenant(org_id, {ORGANIZATIONS: self._organizations})
        return MemoryUnitOfWork(tenant, actor, ids=self.ids, committed=self._keep, idempotency=idempotency)

    async def start(self) -> None:
        """Do nothing: it is ready when it is made."""

    async def close(self) -> None:
        """Do nothing: what it keeps goes with it."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

    def _keep(self, tenant: Tenant) -> None:
        self._known[tenant.org_id] = tenant
