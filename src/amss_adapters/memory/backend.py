"""The memory backend: everything of every organization, for one event loop."""

from collections.abc import Callable
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from amss_adapters.memory.access import ORGANIZATIONS, MemoryDirectory
from amss_adapters.memory.alert_queue import MemoryAlertQueue
from amss_adapters.memory.audit_partitions import MemoryAuditPartitions
from amss_adapters.memory.delivery_queue import MemoryDeliveryQueue
from amss_adapters.memory.fan_out import MemoryFanOut
from amss_adapters.memory.imports import MemoryImportQueue
from amss_adapters.memory.letters import MemoryLetterQueue
from amss_adapters.memory.messages import Messages
from amss_adapters.memory.relay import (
    MemoryDeadLetters,
    MemoryInboxes,
    MemoryJobLog,
    MemoryLeases,
    MemoryOutboxQueue,
)
from amss_adapters.memory.retention import MemoryAuditMonths, MemoryExpiredRecords, MemoryFinishedImports
from amss_adapters.memory.tables import Rows
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.unit_of_work import MemoryUnitOfWork
from amss_adapters.memory.work_queue import MemoryWorkQueue
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId


class MemoryBackend:
    """A real backend that keeps what is committed for as long as it lives.

    `clock` and `ids` are there for the use cases that are built on it; events take their ids from `ids` too.
    `on_messages` is called after each commit that put messages into the outbox.
    """

    def __init__(self, *, clock: Clock, ids: IdFactory, on_messages: Callable[[], None] = lambda: None) -> None:
        self.clock = clock
        self.ids = ids
        self._organizations = Rows(ORGANIZATIONS)
        # Whoever opens a unit of work for an unknown id meets others who do, and leaves nothing behind.
        self._opened: WeakValueDictionary[OrgId, Tenant] = WeakValueDictionary()
        self._known: dict[OrgId, Tenant] = {}
        self._on_messages = on_messages
        self.messages = Messages()
        self.directory = MemoryDirectory(self._organizations)
        self.leases = MemoryLeases()
        self.outbox_queue = MemoryOutboxQueue(self.messages, self.leases)
        self.dead_letters = MemoryDeadLetters(self.messages)
        self.inboxes = MemoryInboxes(self.messages)
        self.letter_queue = MemoryLetterQueue(self.messages)
        self.job_log = MemoryJobLog()
        self.import_queue = MemoryImportQueue(self._known)
        self.alert_queue = MemoryAlertQueue(self._known)
        self.work_queue = MemoryWorkQueue(self._known)
        self.audit_partitions = MemoryAuditPartitions()
        self.audit_months = MemoryAuditMonths()
        self.expired_records = MemoryExpiredRecords(self._known, self.dead_letters, self.job_log)
        self.finished_imports = MemoryFinishedImports(self._known)
        self.fan_out = MemoryFanOut(self._known, self.messages, ids=ids)
        self.delivery_queue = MemoryDeliveryQueue(self._known, self.messages, ids=ids)

    def open_uow(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> MemoryUnitOfWork:
        """Return a unit of work for the organization, to be entered with `async with`."""
        tenant = self._opened.get(org_id)
        if tenant is None:
            tenant = self._opened[org_id] = Tenant(org_id, {ORGANIZATIONS: self._organizations}, messages=self.messages)
        return MemoryUnitOfWork(
            tenant,
            actor,
            ids=self.ids,
            committed=self._keep,
            idempotency=idempotency,
            on_messages=self._on_messages,
        )

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
