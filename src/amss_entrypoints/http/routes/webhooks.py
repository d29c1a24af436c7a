"""Webhooks: making, changing, pausing and testing them, what became of deliveries, and the event types."""

from typing import Any
from uuid import UUID

from attrs import frozen

from amss_domain.relay.model import DELIVERIES
from amss_domain.shared.ids import DeliveryId, EventId, WebhookId
from amss_domain.shared.page import Page
from amss_domain.webhooks.changes import DeliveryWithAttempts, WebhookChanges, WebhookStanding, WebhookWithSecret
from amss_domain.webhooks.delivery import Delivery as KeptDelivery
from amss_domain.webhooks.delivery import DeliveryStatus
from amss_domain.webhooks.ports import DeliveryFilter, WebhookFilter
from amss_domain.webhooks.webhook import Target
from amss_domain.webhooks.webhook import Webhook as Kept
from amss_entrypoints.http.bodies.common import given, nothing
from amss_entrypoints.http.bodies.webhooks import (
    EventName,
    EventTypes,
    NewSecret,
    NewWebhook,
    Redelivered,
    Webhook,
    WebhookChange,
    WebhookDelivery,
    WhichDeliveries,
    deliveries,
    delivery,
    delivery_with_attempts,
    event_types,
    former_lasts,
    made,
    many,
    one,
    redelivered,
    rotated,
    standing,
)
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing
from amss_entrypoints.http.schema import GivenInstant

_TAG = "webhooks"
_ONE = "/webhooks/{webhook_id}"
_DELIVERY = "/webhook-deliveries/{delivery_id}"


@frozen(kw_only=True)
class WebhookQuery:
    """Which webhooks."""

    active: bool | None = None
    archived: bool = False


@frozen(kw_only=True)
class DeliveryQuery:
    """Which deliveries, by when they were made: `since` is included, `until` is not."""

    status: DeliveryStatus | None = None
    event_type: EventName | None = None
    event_id: UUID | None = None
    since: GivenInstant | None = None
    until: GivenInstant | None = None


async def create(call: Call[None, NewWebhook]) -> WebhookWithSecret:
    """Make a webhook."""
    new = call.body
    target = Target(url=new.url, events=new.events, description=new.description, ordered=new.ordered)
    return await call.use(call.services.create_webhook)(call.actor, target, secret=new.secret, active=new.active)


async def list_(call: Call[WebhookQuery, None]) -> Page[WebhookStanding]:
    """List webhooks."""
    filter = WebhookFilter(active=call.query.active, archived=call.query.archived)
    return await call.services.list_webhooks()(call.actor, call.page, filter=filter)


async def get(call: Call[None, None]) -> WebhookStanding:
    """Read a webhook."""
    return await call.services.get_webhook()(call.actor, WebhookId(call.id("webhook_id")))


async def change(call: Call[None, WebhookChange]) -> Kept:
    """Change a webhook."""
    body = call.body
    return await call.use(call.services.change_webhook)(
        call.actor,
        WebhookId(call.id("webhook_id")),
        WebhookChanges(
            url=given(body.url),
            events=given(body.events),
            description=given(body.description),
            ordered=given(body.ordered),
            active=given(body.active),
        ),
        expected_version=call.expected_version,
    )


async def archive(call: Call[None, None]) -> Kept:
    """Put a webhook away."""
    return await call.use(call.services.archive_webhook)(
        call.actor, WebhookId(call.id("webhook_id")), expected_version=call.expected_version
    )


async def test(call: Call[None, None]) -> KeptDelivery:
    """Have a test event sent to a webhook."""
    return await call.use(call.services.test_webhook)(call.actor, WebhookId(call.id("webhook_id")))


async def rotate(call: Call[None, NewSecret | None]) -> WebhookWithSecret:
    """Give a webhook another secret."""
    return await call.use(call.services.rotate_secret)(
        call.actor,
        WebhookId(call.id("webhook_id")),
        secret=None if call.body is None else call.body.secret,
        former_lasts=former_lasts(call.body),
        expected_version=call.expected_version,
    )


async def list_deliveries(call: Call[DeliveryQuery, None]) -> Page[KeptDelivery]:
    """List the deliveries to a webhook."""
    asked = call.query
    filter = DeliveryFilter(
        webhook_id=WebhookId(call.id("webhook_id")),
        status=asked.status,
        event_type=asked.event_type,
        event_id=None if asked.event_id is None else EventId(asked.event_id),
        since=asked.since,
        until=asked.until,
    )
    return await call.services.list_deliveries()(call.actor, call.page, filter=filter)


async def get_delivery(call: Call[None, None]) -> DeliveryWithAttempts:
    """Read a delivery."""
    return await call.services.get_delivery()(call.actor, DeliveryId(call.id("delivery_id")))


async def redeliver(call: Call[None, None]) -> KeptDelivery:
    """Have a delivery sent again."""
    return await call.use(call.services.redeliver)(call.actor, DeliveryId(call.id("delivery_id")))


async def redeliver_matching(call: Call[None, WhichDeliveries | None]) -> int:
    """Have deliveries to a webhook sent again."""
    which = call.body or WhichDeliveries()
    filter = DeliveryFilter(status=which.status, event_type=which.event_type, since=which.since, until=which.until)
    return await call.use(call.services.redeliver_matching)(call.actor, WebhookId(call.id("webhook_id")), filter=filter)


async def list_event_types(call: Call[None, None]) -> None:
    """Say which types of events there are."""


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/webhooks",
        name="createWebhook",
        tag=_TAG,
        summary="Make a webhook",
        description="What happens from then on is sent to it. Its secret is in this answer and nowhere else.",
        permission="webhooks:write",
        body=NewWebhook,
        result=Webhook,
        status=201,
        etag=True,
        handler=create,
        answer=made,
        problems=("secrets_unavailable",),
        example={
            "url": "https://billing.acme.aero/webhooks/amss",
            "events": ["task.completed", "part.consumed"],
            "secret": "webhook-signing-secret",
        },
    ),
    Endpoint(
        method="GET",
        path="/webhooks",
        name="listWebhooks",
        tag=_TAG,
        summary="List webhooks",
        permission="webhooks:write",
        query=WebhookQuery,
        result=Webhook,
        listing=Listing(),
        handler=list_,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        name="getWebhook",
        tag=_TAG,
        summary="Read a webhook",
        description="With how it has fared.",
        permission="webhooks:write",
        result=Webhook,
        etag=True,
        handler=get,
        answer=standing,
    ),
    Endpoint(
        method="PATCH",
        path=_ONE,
        name="changeWebhook",
        tag=_TAG,
        summary="Change a webhook",
        description="`active` false pauses it: its deliveries are kept, and sent when it is active again.",
        permission="webhooks:write",
        body=WebhookChange,
        result=Webhook,
        versioned=True,
        etag=True,
        wakes=DELIVERIES,
        handler=change,
        answer=one,
        problems=("refused",),
        example={"active": False},
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        name="archiveWebhook",
        tag=_TAG,
        summary="Put a webhook away",
        description="Nothing is sent to it any more, not even what waits.",
        permission="webhooks:write",
        status=204,
        versioned=True,
        handler=archive,
        answer=nothing,
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/test",
        name="testWebhook",
        tag=_TAG,
        summary="Send a test event to a webhook",
        description="A `webhook.test` goes to this webhook alone, whichever events it wants.",
        permission="webhooks:write",
        result=WebhookDelivery,
        status=202,
        wakes=DELIVERIES,
        handler=test,
        answer=delivery,
        problems=("refused", "webhook_disabled"),
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/rotate-secret",
        name="rotateWebhookSecret",
        tag=_TAG,
        summary="Give a webhook another secret",
        description="The former secret signs beside it for a while. The new one is in this answer and nowhere else.",
        permission="webhooks:write",
        body=NewSecret,
        body_optional=True,
        result=Webhook,
        versioned=True,
        etag=True,
        handler=rotate,
        answer=rotated,
        problems=("refused", "secrets_unavailable"),
        example={"former_lasts_s": 3600},
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/deliveries",
        name="listWebhookDeliveries",
        tag=_TAG,
        summary="List the deliveries to a webhook",
        permission="webhooks:write",
        query=DeliveryQuery,
        result=WebhookDelivery,
        listing=Listing(),
        handler=list_deliveries,
        answer=deliveries,
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/redeliver",
        name="redeliverMatching",
        tag=_TAG,
        summary="Send finished deliveries to a webhook again",
        description="Those of a time, a type or a status, the oldest first; with the same ids as before.",
        permission="webhooks:write",
        body=WhichDeliveries,
        body_optional=True,
        result=Redelivered,
        wakes=DELIVERIES,
        handler=redeliver_matching,
        answer=redelivered,
        problems=("refused", "webhook_disabled"),
        example={"status": "failed"},
    ),
    Endpoint(
        method="GET",
        path=_DELIVERY,
        name="getWebhookDelivery",
        tag=_TAG,
        summary="Read a delivery",
        description="With every attempt at it.",
        permission="webhooks:write",
        result=WebhookDelivery,
        handler=get_delivery,
        answer=delivery_with_attempts,
    ),
    Endpoint(
        method="POST",
        path=f"{_DELIVERY}/redeliver",
        name="redeliver",
        tag=_TAG,
        summary="Send a delivery again",
        description="With the same ids as before, and attempts counted from zero.",
        permission="webhooks:write",
        result=WebhookDelivery,
        status=202,
        wakes=DELIVERIES,
        handler=redeliver,
        answer=delivery,
        problems=("refused", "webhook_disabled"),
    ),
    Endpoint(
        method="GET",
        path="/event-types",
        name="listEventTypes",
        tag=_TAG,
        summary="List the event types",
        description="Each with a JSON Schema of what webhooks are sent for it, and an example.",
        result=EventTypes,
        handler=list_event_types,
        answer=event_types,
    ),
)
