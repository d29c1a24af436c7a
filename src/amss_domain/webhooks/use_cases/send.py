"""Having something sent: a test, or deliveries once more."""

from typing import Final

from attrs import evolve, frozen

from amss_domain.access.rules import authorize
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import DeliveryId, EventId, WebhookId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.webhooks.delivery import Delivery
from amss_domain.webhooks.events import WebhookRedelivered, WebhookTested
from amss_domain.webhooks.ports import DeliveryFilter, WebhooksWork
from amss_domain.webhooks.rules import blockers_to_use, require_enabled, violations_of_span
from amss_domain.webhooks.webhook import Webhook

MAX_REDELIVERED: Final = 10_000
"""How many deliveries one command has sent again at most."""


@frozen
class TestWebhook:
    """Have a test event delivered to one webhook, whichever events it wants."""

    # Not a test, whatever pytest takes from the name.
    __test__ = False

    open_uow: OpenUnitOfWork[WebhooksWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, webhook_id: WebhookId) -> Delivery:
        """Return the delivery, due at once; to a paused webhook it goes when that is resumed.

        Raises `NotFound`, `NotPermitted`, `Refused` for an archived webhook, `WebhookDisabled`.
        """
        authorize(by, "webhooks:write")
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            webhook = await _to_send_to(uow, webhook_id)
            event = WebhookTested(aggregate_id=webhook_id, version=webhook.version, occurred_at=now)
            delivery = Delivery(
                id=DeliveryId(self.ids.new()),
                org_id=by.org_id,
                webhook_id=webhook_id,
                event_id=EventId(self.ids.new()),
                event_type=event.type,
                aggregate_id=webhook_id,
                version=webhook.version,
                # It is of no object that anything else is told of, so nothing comes before it.
                seq=0,
                payload=event.data(),
                occurred_at=now,
                next_attempt_at=now,
                created_at=now,
            )
            uow.deliveries.add(delivery)
            uow.record(event)
            await uow.commit(delivery)
        return delivery


@frozen
class Redeliver:
    """Have one delivery sent again: with the same ids, and attempts counted from zero if it was finished."""

    open_uow: OpenUnitOfWork[WebhooksWork]
    clock: Clock

    async def __call__(self, by: Actor, delivery_id: DeliveryId) -> Delivery:
        """Return the delivery, due at once; to a paused webhook it goes when that is resumed.

        Raises `NotFound`, `NotPermitted`, `Refused` for an archived webhook, `WebhookDisabled`.
        """
        authorize(by, "webhooks:write")

        async def attempt() -> Delivery:
            now = self.clock.now()
            async with self.open_uow(by.org_id, by) as uow:
                webhook = await _to_send_to(uow, (await uow.deliveries.get(delivery_id)).webhook_id)
                delivery = await uow.deliveries.send_again(delivery_id, at=now)
                uow.record(
                    WebhookRedelivered(
                        aggregate_id=webhook.id,
                        version=webhook.version,
                        occurred_at=now,
                        deliveries=1,
                        delivery_id=delivery_id,
                    )
                )
                await uow.commit(delivery)
            return delivery

        return await on_fresh_data(attempt)


@frozen
class RedeliverMatching:
    """Have finished deliveries of one webhook sent again: those of a time, a type or a status."""

    open_uow: OpenUnitOfWork[WebhooksWork]
    clock: Clock

    async def __call__(self, by: Actor, webhook_id: WebhookId, *, filter: DeliveryFilter | None = None) -> int:
        """Return how many there were, the oldest first and up to 10,000; with as many, there may be more.

        Raises `NotFound`, `NotPermitted`, `InvalidInput`, `Refused` for an archived webhook, `WebhookDisabled`.
        """
        authorize(by, "webhooks:write")
        wanted = evolve(filter or DeliveryFilter(), webhook_id=webhook_id)
        reject_if(violations_of_span(wanted.since, wanted.until))

        async def attempt() -> int:
            now = self.clock.now()
            async with self.open_uow(by.org_id, by) as uow:
                webhook = await _to_send_to(uow, webhook_id)
                count = await uow.deliveries.send_again_matching(filter=wanted, at=now, limit=MAX_REDELIVERED)
                if count:
                    uow.record(
                        WebhookRedelivered(
                            aggregate_id=webhook.id,
                            version=webhook.version,
                            occurred_at=now,
                            deliveries=count,
                            since=wanted.since,
                            until=wanted.until,
                        )
                    )
                await uow.commit(count)
            return count

        return await on_fresh_data(attempt)


async def _to_send_to(uow: WebhooksWork, webhook_id: WebhookId) -> Webhook:
    """Return the webhook if anything can be sent to it. Raises `NotFound`, `Refused`, `WebhookDisabled`."""
    webhook = await uow.webhooks.get(webhook_id)
    refuse_if(blockers_to_use(webhook))
    require_enabled(webhook)
    return webhook
