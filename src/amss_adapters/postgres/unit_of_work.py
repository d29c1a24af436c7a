"""The unit of work: every repository over one session."""

from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Self

from amss_adapters.postgres.access import PostgresOrganizations, PostgresPasswords, PostgresUsers
from amss_adapters.postgres.alerts import PostgresAlerts
from amss_adapters.postgres.answers import PostgresAnswers, keep
from amss_adapters.postgres.api_keys import PostgresApiKeys
from amss_adapters.postgres.audit import PostgresAuditTrail, PostgresOutbox, append
from amss_adapters.postgres.deliveries import PostgresDeliveries
from amss_adapters.postgres.fleet import PostgresFleet
from amss_adapters.postgres.imports import PostgresImports
from amss_adapters.postgres.inbox import PostgresInbox
from amss_adapters.postgres.letters import PostgresLetters
from amss_adapters.postgres.links import PostgresLinks
from amss_adapters.postgres.parts import PostgresParts
from amss_adapters.postgres.password_resets import PostgresPasswordResets
from amss_adapters.postgres.programs import PostgresPrograms
from amss_adapters.postgres.reports import PostgresReports
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.sessions import PostgresSessions
from amss_adapters.postgres.stock import PostgresStockRows
from amss_adapters.postgres.task_log import PostgresDependencies, PostgresTaskLog
from amss_adapters.postgres.tasks import PostgresTasks
from amss_adapters.postgres.usage import PostgresUsage
from amss_adapters.postgres.webhooks import PostgresWebhooks
from amss_domain.shared.actor import Actor
from amss_domain.shared.events import Event
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.unit_of_work import Together


class PostgresUnitOfWork:
    """Reads and changes one organization's objects, all or nothing, as `UnitOfWork` and its slices promise.

    Conflicts show with the next read or at `commit`. `on_messages` is called once messages were committed. Raises
    RuntimeError when used before it is entered, after it is committed or left, or when committed twice.
    """

    def __init__(
        self,
        session: Session,
        actor: Actor,
        *,
        ids: IdFactory,
        idempotency: Idempotency | None = None,
        on_messages: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._idempotency = idempotency
        self._actor = actor
        self._ids = ids
        self._on_messages = on_messages
        self._events: list[tuple[EventId, Event]] = []

    @property
    def org_id(self) -> OrgId:
        """The organization it was opened for."""
        return self._session.org_id

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self._actor

    @cached_property
    def together(self) -> Together:
        """Awaits reads as one: they travel together."""
        return Together(self._session.together)

    @cached_property
    def organizations(self) -> PostgresOrganizations:
        """The organization itself."""
        return PostgresOrganizations(self._session)

    @cached_property
    def users(self) -> PostgresUsers:
        """Its users."""
        return PostgresUsers(self._session)

    @cached_property
    def passwords(self) -> PostgresPasswords:
        """The hashes of their passwords."""
        return PostgresPasswords(self._session)

    @cached_property
    def sessions(self) -> PostgresSessions:
        """Their sessions."""
        return PostgresSessions(self._session)

    @cached_property
    def api_keys(self) -> PostgresApiKeys:
        """Their API keys."""
        return PostgresApiKeys(self._session)

    @cached_property
    def password_resets(self) -> PostgresPasswordResets:
        """The requests to set forgotten ones."""
        return PostgresPasswordResets(self._session)

    @cached_property
    def alerts(self) -> PostgresAlerts:
        """Its alerts."""
        return PostgresAlerts(self._session)

    @cached_property
    def audit(self) -> PostgresAuditTrail:
        """Its audit trail."""
        return PostgresAuditTrail(self._session)

    @cached_property
    def outbox(self) -> PostgresOutbox:
        """Its outbox."""
        return PostgresOutbox(self._session)

    @cached_property
    def inbox(self) -> PostgresInbox:
        """What waits for the followers inside."""
        return PostgresInbox(self._session)

    @cached_property
    def letters(self) -> PostgresLetters:
        """Its letters."""
        return PostgresLetters(self._session)

    @cached_property
    def answers(self) -> PostgresAnswers:
        """The answers kept of its commands."""
        return PostgresAnswers(self._session)

    @cached_property
    def fleet(self) -> PostgresFleet:
        """Its aircraft."""
        return PostgresFleet(self._session)

    @cached_property
    def usage(self) -> PostgresUsage:
        """Their ledgers."""
        return PostgresUsage(self._session)

    @cached_property
    def parts(self) -> PostgresParts:
        """Its parts."""
        return PostgresParts(self._session)

    @cached_property
    def stock(self) -> PostgresStockRows:
        """Its stock."""
        return PostgresStockRows(self._session)

    @cached_property
    def programs(self) -> PostgresPrograms:
        """Its programs."""
        return PostgresPrograms(self._session)

    @cached_property
    def links(self) -> PostgresLinks:
        """The links between its aircraft and programs."""
        return PostgresLinks(self._session)

    @cached_property
    def tasks(self) -> PostgresTasks:
        """Its tasks."""
        return PostgresTasks(self._session)

    @cached_property
    def task_log(self) -> PostgresTaskLog:
        """What was written down while they were worked on."""
        return PostgresTaskLog(self._session)

    @cached_property
    def dependencies(self) -> PostgresDependencies:
        """What they wait for."""
        return PostgresDependencies(self._session)

    @cached_property
    def webhooks(self) -> PostgresWebhooks:
        """Its webhooks."""
        return PostgresWebhooks(self._session)

    @cached_property
    def deliveries(self) -> PostgresDeliveries:
        """What is on its way to them."""
        return PostgresDeliveries(self._session)

    @cached_property
    def reports(self) -> PostgresReports:
        """What its records add up to."""
        return PostgresReports(self._session)

    @cached_property
    def imports(self) -> PostgresImports:
        """Its imports."""
        return PostgresImports(self._session)

    def record(self, event: Event, /) -> None:
        """Announce what happened, if and when this is committed."""
        self._session.require_usable()
        self._events.append((EventId(self._ids.new()), event))

    async def commit(self, result: object = None, /) -> None:
        """Save everything, with an audit entry for each event and a message for each public one, or nothing.

        With an `Idempotency` what its `answer` makes of `result` is kept too; a key in use is reported before whatever
        else is found at commit.
        """
        self._session.require_usable()
        if self._idempotency is not None:
            keep(self._session, self._idempotency, self._idempotency.answer(result))
        # Last, when all rows are held: so the outbox has the order in which each object changed.
        for event_id, event in self._events:
            append(self._session, event, event_id=event_id, actor=self._actor)
        has_messages = any(event.public for _, event in self._events)
        self._events.clear()
        await self._session.commit()
        if has_messages:
            self._on_messages()

    async def __aenter__(self) -> Self:
        self._session.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._session.leave()
