"""Builders of webhooks, their deliveries and what becomes of those."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from amss_domain.shared.ids import DeliveryId, EventId, OrgId, WebhookId
from amss_domain.shared.plain import JsonValue
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, number_of
from amss_domain.webhooks.delivery import Attempt, Delivery, DeliveryStatus, Due, Outcome
from amss_domain.webhooks.webhook import ALL_EVENTS, SealedSecret, Target, Webhook


def a_webhook(
    *,
    org_id: OrgId,
    id: WebhookId | None = None,
    events: tuple[str, ...] = (ALL_EVENTS,),
    ordered: bool = False,
    active: bool = True,
    disabled_at: datetime | None = None,
    archived_at: datetime | None = None,
    at: datetime = NOON,
) -> Webhook:
    """Return a webhook made at `at`; its secret is one that no box has sealed."""
    id = id or WebhookId(FRESH_IDS.new())
    return Webhook(
        id=id,
        org_id=org_id,
        target=Target(url=f"https://receiver.example.org/{number_of(id)}", events=events, ordered=ordered),
        secret=SealedSecret(sealed=f"sealed {number_of(id)}", hint="whsec_…abcd"),
        active=active,
        disabled_at=disabled_at,
        disabled_reason=None if disabled_at is None else "gone",
        archived_at=archived_at,
        created_at=at,
        updated_at=at,
    )


def a_delivery(
    webhook: Webhook,
    *,
    event_id: EventId | None = None,
    event_type: str = "task.completed",
    aggregate_id: UUID | None = None,
    seq: int | None = None,
    payload: Mapping[str, JsonValue] | None = None,
    due_at: datetime = NOON,
    at: datetime = NOON,
) -> Delivery:
    """Return a pending delivery to the webhook of what happened to an object at `at`, each to another by default."""
    id = DeliveryId(FRESH_IDS.new())
    return Delivery(
        id=id,
        org_id=webhook.org_id,
        webhook_id=webhook.id,
        event_id=event_id or EventId(FRESH_IDS.new()),
        event_type=event_type,
        aggregate_id=aggregate_id or FRESH_IDS.new(),
        version=1,
        seq=number_of(id) if seq is None else seq,
        payload={"task_id": str(id)} if payload is None else payload,
        occurred_at=at,
        next_attempt_at=due_at,
        created_at=at,
    )


def an_attempt(*, number: int = 1, status: int | None = 200, at: datetime = NOON, duration_ms: int = 0) -> Attempt:
    """Return an attempt with that answer, or with none."""
    return Attempt(
        number=number,
        at=at,
        duration_ms=duration_ms,
        status=status,
        error=None if status else "timeout: no answer within 15 s",
        response_body=f"answer {status}" if status else None,
    )


def a_success(due: Due, *, at: datetime) -> Outcome:
    """Return the outcome of a delivery that the receiver took at `at`."""
    attempt = an_attempt(number=due.delivery.attempts + 1, at=at)
    return Outcome(due=due, attempt=attempt, status=DeliveryStatus.SUCCEEDED, next_attempt_at=None)


def a_failure(due: Due, *, at: datetime, again_in: timedelta | None = None, status: int | None = 500) -> Outcome:
    """Return the outcome of a delivery that failed at `at`: to be tried again after so long, or given up."""
    return Outcome(
        due=due,
        attempt=an_attempt(number=due.delivery.attempts + 1, status=status, at=at),
        status=DeliveryStatus.FAILED if again_in is None else DeliveryStatus.PENDING,
        next_attempt_at=None if again_in is None else at + again_in,
    )
