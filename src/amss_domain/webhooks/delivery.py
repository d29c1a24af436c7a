"""Deliveries: one event on its way to one webhook, attempt by attempt."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Self
from uuid import UUID

from attrs import evolve, frozen

from amss_domain.shared.ids import DeliveryId, EventId, OrgId, WebhookId
from amss_domain.shared.plain import JsonValue
from amss_domain.webhooks.webhook import SealedSecret


class DeliveryStatus(Enum):
    """Where a delivery stands; `pending` ones are sent when their time comes."""

    PENDING = "pending"
    SUCCEEDED = "success"
    FAILED = "failed"


@frozen(kw_only=True)
class Delivery:
    """One event for one webhook; there is never a second of the same two.

    `payload` is the event's data. `next_attempt_at` is None once it is finished. `response_status` and `response_body`
    are of the last attempt, the body at most 2 KiB. `seq` orders the events of one object.
    """

    id: DeliveryId
    org_id: OrgId
    webhook_id: WebhookId
    event_id: EventId
    event_type: str
    aggregate_id: UUID
    version: int
    seq: int
    payload: Mapping[str, JsonValue]
    occurred_at: datetime
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None = None
    response_status: int | None = None
    response_body: str | None = None
    created_at: datetime
    finished_at: datetime | None = None

    def again(self, at: datetime) -> Self:
        """Return it as it is to be sent once more at `at`, with attempts counted from zero.

        One that is pending already keeps its count, and its time if that is earlier.
        """
        if self.next_attempt_at is not None:
            return evolve(self, next_attempt_at=min(self.next_attempt_at, at))
        return evolve(self, status=DeliveryStatus.PENDING, attempts=0, next_attempt_at=at, finished_at=None)

    def given_up(self, at: datetime) -> Self:
        """Return it as it is when nobody will send it any more; what was tried of it stays."""
        return evolve(self, status=DeliveryStatus.FAILED, next_attempt_at=None, finished_at=at)

    def after(self, attempt: "Attempt", *, status: DeliveryStatus, next_attempt_at: datetime | None) -> Self:
        """Return it as an attempt has left it."""
        return evolve(
            self,
            status=status,
            attempts=self.attempts + 1,
            next_attempt_at=next_attempt_at,
            last_attempt_at=attempt.at,
            response_status=attempt.status,
            response_body=attempt.response_body,
            finished_at=None if status is DeliveryStatus.PENDING else attempt.ended_at,
        )


@frozen(kw_only=True)
class Attempt:
    """One try at a delivery.

    `status` is the answer's HTTP status, None when there was none; then `error` says why, in a word and a sentence:
    `timeout: no answer within 15 s`. `duration_ms` is how long it took. `response_body` holds the first 2 KiB.
    """

    number: int
    at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    response_body: str | None = None
    retry_after_s: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it: any status from 200 to 299."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def ended_at(self) -> datetime:
        """When it was over."""
        return self.at + timedelta(milliseconds=self.duration_ms)


@frozen(kw_only=True)
class Due:
    """A delivery that a dispatcher has claimed, with what it needs to send it.

    `claim` is the token under which its outcome is taken. `max_attempts` is the organization's policy.
    """

    delivery: Delivery
    claim: UUID
    url: str
    secrets: tuple[SealedSecret, ...]
    ordered: bool
    max_attempts: int


@frozen(kw_only=True)
class Outcome:
    """What one attempt made of a claimed delivery: its new state, the attempt, and the webhook's health after it."""

    due: Due
    attempt: Attempt
    status: DeliveryStatus
    next_attempt_at: datetime | None


@frozen(kw_only=True)
class Health:
    """How a webhook has fared: what its circuit breaker goes by.

    `failing_since` is None while it succeeds. Nothing is sent before `open_until`, then one delivery at a time
    until one succeeds. `opened` counts how often in a row it opened.
    """

    webhook_id: WebhookId
    consecutive_failures: int = 0
    failing_since: datetime | None = None
    open_until: datetime | None = None
    opened: int = 0
    last_success_at: datetime | None = None
