"""The audit trail and the outbox: what the events of a commit become."""

from contextlib import suppress
from typing import Final, cast
from uuid import UUID

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Param,
    Params,
    Row,
    from_id,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import CHANGES, FACTS
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import page_of
from amss_domain.audit.model import AuditEntry, entry_of, message_of
from amss_domain.audit.ports import AuditFilter
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.errors import BrokenReference
from amss_domain.shared.events import Event
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.page import NEWEST_FIRST, Page, PageRequest

_SQL: Final = statements("audit")
_INSERT_ENTRY: Final = _SQL["entry_insert"]
_INSERT_MESSAGE: Final = _SQL["message_insert"]
# An entry of an organization that does not exist has no org_id: row-level security or NOT NULL stops it.
_ENTRY: Final = Kind[AuditEntry](
    "audit entry", {state: lambda _: BrokenReference("audit_logs_org_id_fkey") for state in ("42501", "23502")}
)
_MESSAGE: Final = Kind[OutboxMessage]("outbox message")

_START: Final = (b"-infinity", NO_ID)
_END: Final = (b"infinity", LAST_ID)


def append(session: Session, event: Event, *, event_id: EventId, actor: Actor) -> None:
    """Collect the audit entry of an event, and its message if it is public.

    Conflicts: `BrokenReference` while the organization does not exist.
    """
    entry = entry_of(event, event_id=event_id, org_id=session.org_id, actor=actor)
    params = (
        session.org,
        from_id(entry.id),
        _user_id(entry),
        from_text(entry.actor_kind.value),
        from_text(entry.actor_id),
        from_text(entry.actor_name),
        from_text(entry.resource_type),
        from_id(entry.resource_id),
        from_text(entry.action),
        from_number(entry.version),
        CHANGES.write(entry.changes),
        FACTS.write(entry.data),
        maybe(from_text, entry.reason),
        maybe(from_text, entry.request_id),
        maybe(from_text, entry.address),
        from_instant(entry.occurred_at),
    )
    session.queue(_INSERT_ENTRY, params, Subject(_ENTRY, entry.id, entry))
    if event.public:
        _put(session, message_of(event, event_id=event_id, org_id=session.org_id))


def _put(session: Session, message: OutboxMessage) -> None:
    params = (
        session.org,
        from_id(message.id),
        from_text(message.event_type),
        from_id(message.aggregate_id),
        from_number(message.version),
        FACTS.write(message.payload),
        from_instant(message.occurred_at),
    )
    session.queue(_INSERT_MESSAGE, params, Subject(_MESSAGE, message.id, message))


def _user_id(entry: AuditEntry) -> Param:
    if entry.actor_kind is ActorKind.USER:
        with suppress(ValueError):
            return from_id(UUID(entry.actor_id))
    return None


def _entry_from(row: Row, org_id: OrgId) -> AuditEntry:
    id, actor_kind, actor_id, actor_name, resource_type, resource_id, action, version, *more = row
    changes, data, reason, request_id, address, created_at = more
    return AuditEntry(
        id=cast(EventId, to_id(id)),
        org_id=org_id,
        actor_kind=ActorKind(to_text(actor_kind)),
        actor_id=to_text(actor_id),
        actor_name=to_text(actor_name),
        resource_type=to_text(resource_type),
        resource_id=to_id(resource_id),
        action=to_text(action),
        version=to_int(version),
        changes=CHANGES.read(changes),
        data=FACTS.read(data),
        reason=perhaps(to_text, reason),
        request_id=perhaps(to_text, request_id),
        address=perhaps(to_text, address),
        occurred_at=to_instant(created_at),
    )


def message_from(row: Row, org_id: OrgId) -> OutboxMessage:
    """Return what stands in a row of id, type, aggregate, version, payload and instant."""
    id, event_type, aggregate_id, version, payload, created_at = row
    return OutboxMessage(
        id=cast(EventId, to_id(id)),
        org_id=org_id,
        event_type=to_text(event_type),
        aggregate_id=to_id(aggregate_id),
        version=to_int(version),
        payload=FACTS.read(payload),
        occurred_at=to_instant(created_at),
    )


class PostgresAuditTrail:
    """The organization's audit entries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def page(self, request: PageRequest, /, *, filter: AuditFilter) -> Page[AuditEntry]:
        """Return the entries that match as they happened, newest first unless asked otherwise."""
        order = request.order or NEWEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"audit entries cannot be sorted by {order.by}")
        # The statement looks up when the entry happened that the page starts after.
        place = (None, from_id(request.after)) if request.after else _END if order.descending else _START
        found = await self._matching(place, filter, descending=order.descending, limit=request.limit + 1)
        return page_of(found, request.limit)

    async def following(
        self, entry: AuditEntry | None, /, *, filter: AuditFilter, limit: int
    ) -> tuple[AuditEntry, ...]:
        """Return so many entries that match after that one, oldest first."""
        place = _START if entry is None else (from_instant(entry.occurred_at), from_id(entry.id))
        return await self._matching(place, filter, descending=False, limit=limit)

    async def _matching(
        self, place: Params, filter: AuditFilter, *, descending: bool, limit: int
    ) -> tuple[AuditEntry, ...]:
        session = self._session
        newest, oldest = _narrowest(filter)
        params = (
            session.org,
            *place,
            from_number(limit),
            from_instant(filter.since) if filter.since else b"-infinity",
            from_instant(filter.until) if filter.until else b"infinity",
            maybe(from_text, filter.resource_type),
            maybe(from_id, filter.resource_id),
            maybe(from_text, filter.action),
            maybe(from_text, filter.actor_id),
            maybe(from_text, filter.request_id),
        )
        rows = await session.read(_SQL[newest if descending else oldest], params, _ENTRY)
        return tuple(_entry_from(row, session.org_id) for row in rows)


def _narrowest(filter: AuditFilter) -> tuple[str, str]:
    """Return the statements, either way round, whose index leaves the fewest entries to look through."""
    if filter.request_id is not None:
        return "entry_newest_of_request", "entry_oldest_of_request"
    if filter.resource_id is not None:
        return "entry_newest_of_resource", "entry_oldest_of_resource"
    if filter.actor_id is not None:
        return "entry_newest_of_actor", "entry_oldest_of_actor"
    if filter.action is not None:
        return "entry_newest_of_action", "entry_oldest_of_action"
    if filter.resource_type is not None:
        return "entry_newest_of_type", "entry_oldest_of_type"
    return "entry_newest", "entry_oldest"


class PostgresOutbox:
    """The organization's unpublished messages."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def unpublished(self, *, limit: int) -> tuple[OutboxMessage, ...]:
        """Return so many messages, oldest first."""
        session = self._session
        rows = await session.read(_SQL["message_unpublished"], (session.org, from_number(limit)), _MESSAGE)
        return tuple(message_from(row, session.org_id) for row in rows)
