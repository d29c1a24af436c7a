"""Audit entries as clients get them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import frozen

from amss_domain.audit.model import AuditEntry as Kept
from amss_domain.shared.page import Page
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Instant


@frozen(kw_only=True)
class FieldChange:
    """One field's value before and after."""

    field: str
    before: Any
    after: Any


@frozen(kw_only=True)
class AuditEntry:
    """Who did what to which object, when, from where and why; `user_id` is null unless a user did it."""

    id: UUID
    actor_kind: str
    actor_id: str
    actor_name: str
    user_id: UUID | None
    resource_type: str
    resource_id: UUID
    action: str
    version: int
    changes: tuple[FieldChange, ...]
    data: Mapping[str, Any]
    reason: str | None
    request_id: str | None
    address: str | None
    created_at: Instant


def entry_of(kept: Kept) -> AuditEntry:
    """Return the entry as clients get it."""
    return AuditEntry(
        id=kept.id,
        actor_kind=kept.actor_kind.value,
        actor_id=kept.actor_id,
        actor_name=kept.actor_name,
        user_id=UUID(kept.actor_id) if kept.actor_kind.value == "user" else None,
        resource_type=kept.resource_type,
        resource_id=kept.resource_id,
        action=kept.action,
        version=kept.version,
        changes=tuple(FieldChange(field=one.field, before=one.before, after=one.after) for one in kept.changes),
        data=kept.data,
        reason=kept.reason,
        request_id=kept.request_id,
        address=kept.address,
        created_at=kept.occurred_at,
    )


def many(page: Page[Kept]) -> Answer:
    """Return the answer that lists entries."""
    return Answer(body=tuple(map(entry_of, page.items)), next_after=page.next_after)
