"""Messages that wait to be told to other systems."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from attrs import frozen

from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.plain import JsonValue


@frozen(kw_only=True)
class OutboxMessage:
    """A public event as it waits in the outbox; `id` is the event's, the same for its audit entry."""

    id: EventId
    org_id: OrgId
    event_type: str
    aggregate_id: UUID
    version: int
    payload: Mapping[str, JsonValue]
    occurred_at: datetime


class Outbox(Protocol):
    """The organization's messages that have not been published yet.

    - Holds exactly one message for each public event recorded in a committed unit of work, and none of any other.
    - `unpublished` returns them oldest first, those of one aggregate in the order they were recorded.
    """

    async def unpublished(self, *, limit: int) -> tuple[OutboxMessage, ...]: ...
