"""What is sent for a delivery, and what an answer makes of it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.plain import JsonValue
from amss_domain.webhooks.breaker import FAILURES_TO_OPEN
from amss_domain.webhooks.delivery import Attempt, Delivery, DeliveryStatus, Due, Health, Outcome
from amss_domain.webhooks.ports import Answer, Parcel
from amss_domain.webhooks.retrying import jitter_of, next_attempt_at, retry_after_of
from amss_domain.webhooks.signing import signed_headers

GONE: Final = 410
"""The status by which a receiver says that it wants nothing any more, ever."""

DISABLE_AFTER: Final = timedelta(days=5)
"""A webhook that only fails for so long is disabled."""


def body_of(delivery: Delivery) -> bytes:
    """Return what is sent for a delivery."""
    return written(
        event_type=delivery.event_type,
        data=delivery.payload,
        event_id=delivery.event_id,
        occurred_at=delivery.occurred_at,
        org_id=delivery.org_id,
        version=delivery.version,
    )


def written(
    *,
    event_type: str,
    data: Mapping[str, JsonValue],
    event_id: EventId,
    occurred_at: datetime,
    org_id: OrgId,
    version: int,
) -> bytes:
    """Return an event as webhooks get it: compact JSON with sorted names, the same bytes however often it is made.

    All of it is ASCII, so that it survives receivers who take it for another encoding before they verify it.
    """
    envelope = {
        "event": event_type,
        "data": data,
        "id": str(event_id),
        "occurred_at": _instant(occurred_at),
        "org_id": str(org_id),
        "version": version,
    }
    text = json.dumps(envelope, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.encode("ascii")


def parcel_of(due: Due, *, secrets: Sequence[str], at: datetime, agent: str) -> Parcel:
    """Return the request for a delivery, signed at `at` with each of the secrets, the newest first."""
    delivery = due.delivery
    body = body_of(delivery)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": agent,
        "X-AMSS-Event": delivery.event_type,
        **signed_headers(body, event_id=delivery.event_id, timestamp=int(at.timestamp()), secrets=secrets),
    }
    return Parcel(url=due.url, headers=headers, body=body, org_id=delivery.org_id)


def outcome_of(
    due: Due, answer: Answer, *, began_at: datetime, ended_at: datetime, pauses: Sequence[timedelta]
) -> Outcome:
    """Return what the answer makes of the delivery: sent, to be tried again, or given up.

    A status from 200 to 299 is success; anything else, redirects included, is a failure. After a 410 it is given up
    at once.
    """
    attempt = Attempt(
        number=due.delivery.attempts + 1,
        at=began_at,
        duration_ms=answer.duration_ms,
        status=answer.status,
        error=answer.error,
        response_body=answer.body,
        retry_after_s=retry_after_of(answer.retry_after, at=ended_at),
    )
    if attempt.succeeded:
        return Outcome(due=due, attempt=attempt, status=DeliveryStatus.SUCCEEDED, next_attempt_at=None)
    again_at = None
    if attempt.status != GONE:
        again_at = next_attempt_at(
            attempt.number,
            at=ended_at,
            pauses=pauses,
            max_attempts=due.max_attempts,
            jitter=jitter_of(due.delivery.id, attempt.number),
            retry_after_s=attempt.retry_after_s,
        )
    status = DeliveryStatus.FAILED if again_at is None else DeliveryStatus.PENDING
    return Outcome(due=due, attempt=attempt, status=status, next_attempt_at=again_at)


def is_announced_failure(outcome: Outcome) -> bool:
    """Tell whether giving the delivery up is announced with an event of its own.

    After a 410 the webhook is disabled, which is announced instead. A delivery that itself tells about a webhook is
    not: what failing webhooks say of each other would multiply without end.
    """
    return (
        outcome.status is DeliveryStatus.FAILED
        and outcome.attempt.status != GONE
        and not outcome.due.delivery.event_type.startswith("webhook.")
    )


def reason_to_disable(health: Health, *, at: datetime, after: timedelta = DISABLE_AFTER) -> str | None:
    """Return why a webhook is to be disabled that fares like this; None while it is not.

    It has only failed for `after`, and not just once or twice because there was little to send.
    """
    since = health.failing_since
    if since is None or at - since < after or health.consecutive_failures < FAILURES_TO_OPEN:
        return None
    return f"every delivery failed since {_instant(since)}, {health.consecutive_failures} times in a row"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
