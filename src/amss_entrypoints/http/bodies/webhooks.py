"""Webhooks, their deliveries and the event types as clients send and get them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from attrs import evolve, frozen
from msgspec import Meta

from amss_domain.shared.page import Page
from amss_domain.webhooks.catalogue import CATALOGUE, CATALOGUE_VERSION, EVENT_TYPES
from amss_domain.webhooks.changes import DeliveryWithAttempts, WebhookStanding, WebhookWithSecret
from amss_domain.webhooks.delivery import Attempt as KeptAttempt
from amss_domain.webhooks.delivery import Delivery as KeptDelivery
from amss_domain.webhooks.delivery import DeliveryStatus, Health
from amss_domain.webhooks.rules import LONGEST_FORMER, MAX_DESCRIPTION_LENGTH, MAX_URL_LENGTH, SECRET_LENGTHS
from amss_domain.webhooks.webhook import ALL_EVENTS
from amss_domain.webhooks.webhook import Webhook as Kept
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.event_types import example_of, schema_of
from amss_entrypoints.http.schema import GivenInstant, Instant

Url = Annotated[str, Meta(min_length=1, max_length=MAX_URL_LENGTH, pattern=r"^https?://[\x21-\x7e]+$")]
EventName = Annotated[str, Meta(extra_json_schema={"enum": [ALL_EVENTS, *sorted(EVENT_TYPES)]})]
EventNames = Annotated[tuple[EventName, ...], Meta(min_length=1, max_length=len(EVENT_TYPES) + 1)]
Secret = Annotated[str, Meta(min_length=SECRET_LENGTHS[0], max_length=SECRET_LENGTHS[1], pattern=r"^[\x21-\x7e]+$")]
Description = Annotated[str, Meta(max_length=MAX_DESCRIPTION_LENGTH)]
Seconds = Annotated[int, Meta(ge=0, le=int(LONGEST_FORMER.total_seconds()))]


@frozen(kw_only=True)
class NewWebhook:
    """Where events are to go, and which: `*` is every type there is and will be.

    Without a `secret` one is made. An `ordered` webhook gets an object's events in the order in which they happened.
    """

    url: Url
    events: EventNames
    secret: Secret | None = None
    description: Description = ""
    ordered: bool = False
    active: bool = True


@frozen(kw_only=True)
class WebhookChange:
    """What is to change of a webhook: what is not sent stays. `active` false pauses it, true also enables it again."""

    url: Url | UnsetType = NOT_SENT
    events: EventNames | UnsetType = NOT_SENT
    description: Description | UnsetType = NOT_SENT
    ordered: bool | UnsetType = NOT_SENT
    active: bool | UnsetType = NOT_SENT


@frozen(kw_only=True)
class NewSecret:
    """A webhook's next secret, made if none is given, and for how many seconds the present one signs beside it."""

    secret: Secret | None = None
    former_lasts_s: Seconds = 86_400


@frozen(kw_only=True)
class WhichDeliveries:
    """Which finished deliveries are to be sent again, by when they were made: `since` is included, `until` is not."""

    since: GivenInstant | None = None
    until: GivenInstant | None = None
    status: DeliveryStatus | None = None
    event_type: EventName | None = None


@frozen(kw_only=True)
class WebhookHealth:
    """How a webhook has fared; nothing is sent to it before `open_until`, when it failed too often in a row."""

    consecutive_failures: int
    failing_since: Instant | None
    open_until: Instant | None
    last_success_at: Instant | None


@frozen(kw_only=True)
class Webhook:
    """A receiver of events; its `secret` is shown when it is made or rotated, and never again."""

    id: UUID
    org_id: UUID
    url: str
    events: tuple[str, ...]
    description: str
    ordered: bool
    active: bool
    disabled_at: Instant | None
    disabled_reason: str | None
    secret_hint: str
    former_secret_until: Instant | None
    archived_at: Instant | None
    created_at: Instant
    updated_at: Instant
    version: int
    health: WebhookHealth | None = None
    secret: str | None = None


@frozen(kw_only=True)
class DeliveryAttempt:
    """One try at a delivery: the answer's status, or why there was none; the body's first 2 KiB."""

    number: int
    at: Instant
    duration_ms: int
    status: int | None
    error: str | None
    response_body: str | None


@frozen(kw_only=True)
class WebhookDelivery:
    """One event on its way to one webhook; its `attempts_log` is there when one delivery is read."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    event_type: str
    payload: Mapping[str, Any]
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Instant | None
    last_attempt_at: Instant | None
    response_status: int | None
    response_body: str | None
    occurred_at: Instant
    created_at: Instant
    finished_at: Instant | None
    attempts_log: tuple[DeliveryAttempt, ...] | None = None


@frozen(kw_only=True)
class Redelivered:
    """How many deliveries are sent again; 10,000 at a time, so with as many there may be more."""

    deliveries: int


@frozen(kw_only=True)
class EventType:
    """One type of event: what it says, the JSON Schema of what webhooks are sent for it, and an example."""

    type: str
    about: str
    schema: Mapping[str, Any]
    example: Mapping[str, Any]


@frozen(kw_only=True)
class EventTypes:
    """The catalogue; `version` grows when a type loses something or changes its meaning."""

    version: int
    items: tuple[EventType, ...]


def webhook_of(kept: Kept, health: Health | None = None) -> Webhook:
    """Return the webhook as clients get it."""
    return Webhook(
        id=kept.id,
        org_id=kept.org_id,
        url=kept.target.url,
        events=kept.target.events,
        description=kept.target.description,
        ordered=kept.target.ordered,
        active=kept.active,
        disabled_at=kept.disabled_at,
        disabled_reason=kept.disabled_reason,
        secret_hint=kept.secret.hint,
        former_secret_until=kept.former_until,
        archived_at=kept.archived_at,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        version=kept.version,
        health=None if health is None else _health_of(health),
    )


def _health_of(health: Health) -> WebhookHealth:
    return WebhookHealth(
        consecutive_failures=health.consecutive_failures,
        failing_since=health.failing_since,
        open_until=health.open_until,
        last_success_at=health.last_success_at,
    )


def made(new: WebhookWithSecret) -> Answer:
    """Return the answer that shows a new webhook, with its secret; repetitions get it without."""
    return evolve(rotated(new), location=f"/api/v1/webhooks/{new.webhook.id}")


def rotated(new: WebhookWithSecret) -> Answer:
    """Return the answer that shows a webhook with its new secret; repetitions get it without."""
    kept = webhook_of(new.webhook)
    return Answer(body=evolve(kept, secret=new.secret), kept=kept, version=new.webhook.version)


def one(kept: Kept) -> Answer:
    """Return the answer that shows a webhook."""
    return Answer(body=webhook_of(kept), version=kept.version)


def standing(found: WebhookStanding) -> Answer:
    """Return the answer that shows a webhook and how it has fared."""
    return Answer(body=webhook_of(found.webhook, found.health), version=found.webhook.version)


def many(page: Page[WebhookStanding]) -> Answer:
    """Return the answer that lists webhooks."""
    return Answer(body=tuple(webhook_of(one.webhook, one.health) for one in page.items), next_after=page.next_after)


def _delivery_of(kept: KeptDelivery) -> WebhookDelivery:
    return WebhookDelivery(
        id=kept.id,
        webhook_id=kept.webhook_id,
        event_id=kept.event_id,
        event_type=kept.event_type,
        payload=kept.payload,
        status=kept.status,
        attempts=kept.attempts,
        next_attempt_at=kept.next_attempt_at,
        last_attempt_at=kept.last_attempt_at,
        response_status=kept.response_status,
        response_body=kept.response_body,
        occurred_at=kept.occurred_at,
        created_at=kept.created_at,
        finished_at=kept.finished_at,
    )


def _attempt_of(kept: KeptAttempt) -> DeliveryAttempt:
    return DeliveryAttempt(
        number=kept.number,
        at=kept.at,
        duration_ms=kept.duration_ms,
        status=kept.status,
        error=kept.error,
        response_body=kept.response_body,
    )


def delivery(kept: KeptDelivery) -> Answer:
    """Return the answer that shows a delivery, and where it can be followed."""
    return Answer(body=_delivery_of(kept), location=f"/api/v1/webhook-deliveries/{kept.id}")


def delivery_with_attempts(found: DeliveryWithAttempts) -> Answer:
    """Return the answer that shows a delivery and its attempts."""
    return Answer(body=evolve(_delivery_of(found.delivery), attempts_log=tuple(map(_attempt_of, found.attempts))))


def deliveries(page: Page[KeptDelivery]) -> Answer:
    """Return the answer that lists deliveries."""
    return Answer(body=tuple(map(_delivery_of, page.items)), next_after=page.next_after)


def redelivered(count: int) -> Answer:
    """Return the answer that says how many deliveries are sent again."""
    return Answer(body=Redelivered(deliveries=count))


def former_lasts(new: NewSecret | None) -> timedelta:
    """Return for how long the former secret signs."""
    return timedelta(seconds=(new or NewSecret()).former_lasts_s)


_TYPES = EventTypes(
    version=CATALOGUE_VERSION,
    items=tuple(
        EventType(type=kind.type, about=kind.about, schema=schema_of(kind), example=example_of(kind))
        for kind in CATALOGUE
    ),
)


def event_types(_: object) -> Answer:
    """Return the answer that has the catalogue."""
    return Answer(body=_TYPES)
