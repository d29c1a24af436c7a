"""What the laws of the queue of deliveries have in common: a quiet time, and one organization's share of it."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

import pytest_asyncio

from amss_domain.shared.ids import DeliveryId
from amss_domain.testing.backend import Backend
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.webhook_builders import a_success
from amss_domain.webhooks.delivery import Delivery, Due, Health
from amss_domain.webhooks.webhook import Webhook

MINUTE: Final = timedelta(minutes=1)
PLENTY: Final = 1000

_SPAN: Final = timedelta(days=2)
_SPANS: Final = count(1)
_EVER_AFTER: Final = datetime.max.replace(tzinfo=UTC)


class QueuedLaws(Contract):
    """Laws of a queue that all organizations share."""

    @pytest_asyncio.fixture
    async def start(self, backend: Backend) -> datetime:
        """An instant from which on, for two days, nothing is due but what the law itself adds.

        Each law goes further back than those before it, so that what they left is due later. What was left due by then
        in the backend is settled, and what is finished is removed: it is no place for deliveries that matter.
        """
        start = NOON - next(_SPANS) * _SPAN
        end = start + _SPAN
        queue = backend.delivery_queue
        while dues := await queue.claim(at=end, lasts=_SPAN, limit=PLENTY, per_webhook=PLENTY):
            await queue.settle([a_success(due, at=end) for due in dues])
        # Of stopped webhooks nothing is settled.
        while await queue.give_up(at=end, before=_EVER_AFTER, limit=PLENTY):
            pass
        while await queue.purge(before=_EVER_AFTER, limit=PLENTY):
            pass
        return start


async def claimed(
    tenant: Tenant,
    at: datetime,
    *,
    limit: int = PLENTY,
    per_webhook: int = PLENTY,
    per_organization: int | None = None,
    lasts: timedelta = MINUTE,
) -> tuple[Due, ...]:
    """Claim what is due at the time."""
    return await tenant.backend.delivery_queue.claim(
        at=at, lasts=lasts, limit=limit, per_webhook=per_webhook, per_organization=per_organization
    )


async def given_out(tenant: Tenant, at: datetime, *, per_webhook: int = PLENTY) -> set[DeliveryId]:
    """Return what would be given out at the time, and hand it back."""
    dues = await claimed(tenant, at, per_webhook=per_webhook)
    await tenant.backend.delivery_queue.hand_back(dues)
    return ids_of(*(due.delivery for due in dues))


def ids_of(*deliveries: Delivery) -> set[DeliveryId]:
    """Return the ids of the deliveries."""
    return {delivery.id for delivery in deliveries}


async def health_of(tenant: Tenant, webhook: Webhook) -> Health:
    """Return how the webhook fares."""
    async with tenant.open() as uow:
        return (await uow.webhooks.health_of([webhook.id]))[webhook.id]


async def state_of(tenant: Tenant, delivery: Delivery) -> Delivery:
    """Return the delivery as it has become."""
    async with tenant.open() as uow:
        return await uow.deliveries.get(delivery.id)
