"""The audit trail and the outbox: what the events of a commit become."""

from contextlib import suppress
from typing import Final, cast
from uuid import UUID

from amss_adapters.postgres.codec import (
    LAST_ID,
    Param,
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
from amss_domain.shared.page import Page, PageRequest

_SQL: Final = statements("audit")
_INSERT_ENTRY: Final = _SQL["entry_insert"]
_INSERT_MESSAGE: Final = _SQL["message_insert"]
# An entry of an organization that does not exist has no org_id: row-level security or NOT NULL stops it.
_ENTRY: Final = Kind[AuditEntry](
    "audit entry", {state: lambda _: BrokenReference("audit_logs_org_id_fkey") for state in ("42501", "23502")}
)
_MESSAGE: Final = Kind[OutboxMessage]("outbox message")


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


def _message_from(row: Row, org_id: OrgId) -> OutboxMessage:
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
        """Return the entries that match, newest first."""
        session = self._session
        before = from_id(request.after) if request.after else LAST_ID
        action, kind = maybe(from_text, filter.action), maybe(from_text, filter.resource_type)
        params: tuple[Param, ...] = (session.org, before, from_number(request.limit + 1), action)
        statement = _SQL["entry_page"]
        if filter.resource_id is not None:
            statement, params = _SQL["entry_page_of_resource"], (*params, kind, from_id(filter.resource_id))
        elif kind is not None:
            statement, params = _SQL["entry_page_of_type"], (*params, kind)
        rows = await session.read(statement, params, _ENTRY)
        return page_of((_entry_from(row, session.org_id) for row in rows), request.limit)


class PostgresOutbox:
    """The organization's unpublished messages."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def unpublished(self, *, limit: int) -> tuple[OutboxMessage, ...]:
        """Return so many messages, oldest first."""
        session = self._session
        rows = await session.read(_SQL["message_unpublished"], (session.org, from_number(limit)), _MESSAGE)
        return tuple(_message_from(row, session.org_id) for row in rows)
