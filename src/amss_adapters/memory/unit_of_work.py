"""The unit of work: every repository over one transaction."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from amss_adapters.memory.access import MemoryOrganizations, MemoryUsers, refusal_of
from amss_adapters.memory.alerts import MemoryAlerts
from amss_adapters.memory.answers import MemoryAnswers
from amss_adapters.memory.api_keys import MemoryApiKeys
from amss_adapters.memory.audit import MemoryAuditTrail, MemoryOutbox, append_events
from amss_adapters.memory.fleet import MemoryFleet, MemoryUsage
from amss_adapters.memory.imports import MemoryImports
from amss_adapters.memory.inventory import MemoryParts, MemoryStockRows
from amss_adapters.memory.letters import MemoryLetters
from amss_adapters.memory.password_resets import MemoryPasswordResets
from amss_adapters.memory.relay import MemoryInbox
from amss_adapters.memory.reports import MemoryReports
from amss_adapters.memory.scheduling import MemoryLinks, MemoryPrograms
from amss_adapters.memory.sessions import MemoryPasswords, MemorySessions
from amss_adapters.memory.task_log import MemoryDependencies, MemoryTaskLog
from amss_adapters.memory.tasks import MemoryTasks
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction
from amss_adapters.memory.webhooks import MemoryDeliveries, MemoryWebhooks
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import AmssError, KeyTaken
from amss_domain.shared.events import Event
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.shared.unit_of_work import Together, in_turn


class MemoryUnitOfWork:
    """Reads and changes one organization's objects, all or nothing, as `UnitOfWork` and its slices promise.

    Conflicts show at once where they can be seen at once and at `commit` otherwise. `committed` is told the tenant,
    and `on_messages` that messages were committed.
    Raises RuntimeError when used before it is entered, after it is committed or left, or when committed twice.
    """

    def __init__(
        self,
        tenant: Tenant,
        actor: Actor,
        *,
        ids: IdFactory,
        committed: Callable[[Tenant], None],
        idempotency: Idempotency | None = None,
        on_messages: Callable[[], None] = lambda: None,
    ) -> None:
        self._transaction = Transaction(tenant)
        self._tenant = tenant
        self._messages = tenant.messages
        self._inbox = MemoryInbox(self._transaction, tenant.messages)
        self._letters = MemoryLetters(self._transaction, tenant.messages)
        self._answers = tenant.answers
        self._idempotency = idempotency
        self._actor = actor
        self._ids = ids
        self._committed = committed
        self._on_messages = on_messages
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
    def together(self) -> Together:
        """Awaits reads as one, which here is in turn."""
        return Together(in_turn)

    @property
    def organizations(self) -> MemoryOrganizations:
        """The organization itself."""
        return MemoryOrganizations(self._transaction)

    @property
    def users(self) -> MemoryUsers:
        """Its users."""
        return MemoryUsers(self._transaction)

    @property
    def passwords(self) -> MemoryPasswords:
        """The hashes of their passwords."""
        return MemoryPasswords(self._transaction)

    @property
    def sessions(self) -> MemorySessions:
        """Their sessions."""
        return MemorySessions(self._transaction)

    @property
    def api_keys(self) -> MemoryApiKeys:
        """Their API keys."""
        return MemoryApiKeys(self._transaction)

    @property
    def password_resets(self) -> MemoryPasswordResets:
        """The requests to set forgotten ones."""
        return MemoryPasswordResets(self._transaction)

    @property
    def alerts(self) -> MemoryAlerts:
        """Its alerts."""
        return MemoryAlerts(self._transaction)

    @property
    def audit(self) -> MemoryAuditTrail:
        """Its audit trail."""
        return MemoryAuditTrail(self._transaction)

    @property
    def outbox(self) -> MemoryOutbox:
        """Its outbox."""
        return MemoryOutbox(self._transaction, self._messages)

    @property
    def inbox(self) -> MemoryInbox:
        """What waits for the followers inside."""
        return self._inbox

    @property
    def letters(self) -> MemoryLetters:
        """Its letters."""
        return self._letters

    @property
    def answers(self) -> MemoryAnswers:
        """The answers kept of its commands."""
        return MemoryAnswers(self._answers, require_usable=self._transaction.require_usable)

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

    @property
    def task_log(self) -> MemoryTaskLog:
        """What was written down while they were worked on."""
        return MemoryTaskLog(self._transaction)

    @property
    def dependencies(self) -> MemoryDependencies:
        """What they wait for."""
        return MemoryDependencies(self._transaction)

    @property
    def webhooks(self) -> MemoryWebhooks:
        """Its webhooks."""
        return MemoryWebhooks(self._transaction)

    @property
    def deliveries(self) -> MemoryDeliveries:
        """Their deliveries."""
        return MemoryDeliveries(self._transaction)

    @property
    def reports(self) -> MemoryReports:
        """What its records add up to."""
        return MemoryReports(self._transaction)

    @property
    def imports(self) -> MemoryImports:
        """Its imports."""
        return MemoryImports(self._transaction)

    def record(self, event: Event, /) -> None:
        """Announce what happened, if and when this is committed."""
        self._transaction.require_open()
        self._events.append(event)

    async def commit(self, result: object = None, /) -> None:
        """Save everything, with an audit entry for each event and a message for each public one, or nothing.

        With an `Idempotency` what its `answer` makes of `result` is kept too; a key in use is reported before any other
        conflict. Waits for whoever holds what is saved here without being held here.
        """
        self._transaction.require_usable()
        idempotency = self._idempotency
        answer = b"" if idempotency is None else idempotency.answer(result)

        def conflict(tenant: Tenant) -> AmssError | None:
            if (refused := refusal_of(self._actor, tenant)) is not None:
                return refused
            if idempotency is None or not tenant.answers.has(idempotency):
                return None
            return KeyTaken(idempotency.key)

        def attach(tenant: Tenant) -> None:
            append_events(self._events, tenant=tenant, actor=self._actor, ids=self._ids)
            self._inbox.publish()
            self._letters.publish()
            if idempotency is not None:
                tenant.answers.put(idempotency, answer)
            self._committed(tenant)

        await self._transaction.commit(attach, conflict=conflict)
        self._inbox.let_go()
        if any(event.public for event in self._events):
            self._on_messages()

    async def __aenter__(self) -> Self:
        self._transaction.begin()
        if (refused := refusal_of(self._actor, self._tenant)) is not None:
            self._transaction.leave()
            raise refused
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._inbox.let_go()
        self._transaction.leave()
