"""Audit entries, and how an event becomes one."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from attrs import frozen

from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.events import Change, Event
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.plain import JsonValue


@frozen(kw_only=True)
class AuditEntry:
    """Who did what to which object, when, from where and why; the actor is kept by value.

    `id` is the event's; `data` are the event's facts and `changes` the fields before and after.
    """

    id: EventId
    org_id: OrgId
    actor_kind: ActorKind
    actor_id: str
    actor_name: str
    resource_type: str
    resource_id: UUID
    action: str
    version: int
    changes: tuple[Change, ...]
    data: Mapping[str, JsonValue]
    reason: str | None
    request_id: str | None
    address: str | None
    occurred_at: datetime


def entry_of(event: Event, *, event_id: EventId, org_id: OrgId, actor: Actor) -> AuditEntry:
    """Return the audit entry that the event becomes."""
    return AuditEntry(
        id=event_id,
        org_id=org_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        resource_type=event.resource,
        resource_id=event.aggregate_id,
        action=event.action,
        version=event.version,
        changes=event.changes,
        data=event.data(),
        reason=event.reason,
        request_id=actor.request_id,
        address=actor.address,
        occurred_at=event.occurred_at,
    )


def message_of(event: Event, *, event_id: EventId, org_id: OrgId) -> OutboxMessage:
    """Return the outbox message that a public event becomes."""
    return OutboxMessage(
        id=event_id,
        org_id=org_id,
        event_type=event.type,
        aggregate_id=event.aggregate_id,
        version=event.version,
        payload=event.data(),
        occurred_at=event.occurred_at,
    )
