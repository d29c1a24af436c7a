"""Putting messages before all who follow them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from amss_adapters.memory.messages import Kept, Messages
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.webhooks import BY_EVENT, DELIVERIES, LISTED_WEBHOOKS, WEBHOOKS, KeptDelivery
from amss_domain.relay.model import Notice
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import DeliveryId, OrgId
from amss_domain.webhooks.delivery import Delivery
from amss_domain.webhooks.webhook import Webhook


class MemoryFanOut:
    """Makes deliveries for webhooks and puts messages into inboxes, as `FanOut` promises.

    Nothing is awaited on the way, so all of it is there at once for everybody.
    """

    def __init__(self, tenants: Mapping[OrgId, Tenant], messages: Messages, *, ids: IdFactory) -> None:
        self._tenants = tenants
        self._messages = messages
        self._ids = ids

    async def tell(self, notices: Sequence[Notice], *, followers: Mapping[str, frozenset[str]], at: datetime) -> int:
        """Tell those who follow of each message that they were not told of; return how many there were."""
        told = 0
        for notice in notices:
            kept = self._messages.find(notice.event_id)
            if kept is None or kept.fanned_out_at is not None or kept.message.org_id != notice.org_id:
                continue
            self._deliver(self._tenants[notice.org_id], kept, at)
            for follower, wanted in followers.items():
                if kept.message.event_type in wanted:
                    self._messages.inbox.put(follower, kept)
            self._messages.mark_fanned_out(notice.event_id, at=at)
            told += 1
        return told

    def _deliver(self, tenant: Tenant, kept: Kept, at: datetime) -> None:
        webhooks, deliveries = tenant.rows(WEBHOOKS), tenant.rows(DELIVERIES)
        for place in webhooks.members(LISTED_WEBHOOKS, False):
            webhook = webhooks.by_id[place[-1]]
            is_new = deliveries.holder(BY_EVENT, (webhook.id, kept.message.id)) is None
            if is_new and _goes_to(webhook, kept):
                deliveries.put(KeptDelivery(delivery=self._delivery(webhook, kept, at)))

    def _delivery(self, webhook: Webhook, kept: Kept, at: datetime) -> Delivery:
        message = kept.message
        return Delivery(
            id=DeliveryId(self._ids.new()),
            org_id=webhook.org_id,
            webhook_id=webhook.id,
            event_id=message.id,
            event_type=message.event_type,
            aggregate_id=message.aggregate_id,
            version=message.version,
            seq=kept.seq,
            payload=message.payload,
            occurred_at=message.occurred_at,
            next_attempt_at=at,
            created_at=at,
        )


def _goes_to(webhook: Webhook, kept: Kept) -> bool:
    message = kept.message
    return (
        webhook.disabled_at is None and webhook.created_at <= message.occurred_at and webhook.wants(message.event_type)
    )
