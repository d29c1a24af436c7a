"""Looking at webhooks and at what became of their deliveries."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.shared.actor import Actor
from amss_domain.shared.ids import DeliveryId, WebhookId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.webhooks.changes import DeliveryWithAttempts, WebhookStanding
from amss_domain.webhooks.delivery import Delivery
from amss_domain.webhooks.ports import DeliveryFilter, WebhookFilter, WebhooksWork


@frozen
class GetWebhook:
    """Get one webhook."""

    open_uow: OpenUnitOfWork[WebhooksWork]

    async def __call__(self, by: Actor, webhook_id: WebhookId) -> WebhookStanding:
        """Return the webhook, archived or not, and how it has fared. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "webhooks:write")
        async with self.open_uow(by.org_id, by) as uow:
            webhook = await uow.webhooks.get(webhook_id)
            health = await uow.webhooks.health_of([webhook_id])
        return WebhookStanding(webhook=webhook, health=health[webhook_id])


@frozen
class ListWebhooks:
    """List the organization's webhooks."""

    open_uow: OpenUnitOfWork[WebhooksWork]

    async def __call__(
        self, by: Actor, request: PageRequest, *, filter: WebhookFilter | None = None
    ) -> Page[WebhookStanding]:
        """Return a page by id, each with how it has fared. Raises `NotPermitted`."""
        authorize(by, "webhooks:write")
        async with self.open_uow(by.org_id, by) as uow:
            page = await uow.webhooks.page(request, filter=filter or WebhookFilter())
            health = await uow.webhooks.health_of([webhook.id for webhook in page.items])
        standing = tuple(WebhookStanding(webhook=one, health=health[one.id]) for one in page.items)
        return Page(standing, page.next_after)


@frozen
class ListDeliveries:
    """List deliveries, of one webhook or of all."""

    open_uow: OpenUnitOfWork[WebhooksWork]

    async def __call__(
        self, by: Actor, request: PageRequest, *, filter: DeliveryFilter | None = None
    ) -> Page[Delivery]:
        """Return a page by id. Raises `NotPermitted`, and `NotFound` for an unknown webhook in the filter."""
        authorize(by, "webhooks:write")
        wanted = filter or DeliveryFilter()
        async with self.open_uow(by.org_id, by) as uow:
            if wanted.webhook_id is not None:
                await uow.webhooks.get(wanted.webhook_id)
            return await uow.deliveries.page(request, filter=wanted)


@frozen
class GetDelivery:
    """Get one delivery."""

    open_uow: OpenUnitOfWork[WebhooksWork]

    async def __call__(self, by: Actor, delivery_id: DeliveryId) -> DeliveryWithAttempts:
        """Return the delivery and its attempts. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "webhooks:write")
        async with self.open_uow(by.org_id, by) as uow:
            delivery = await uow.deliveries.get(delivery_id)
            return DeliveryWithAttempts(delivery=delivery, attempts=await uow.deliveries.attempts_of(delivery_id))
