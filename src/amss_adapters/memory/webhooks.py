"""Webhooks, how they fare, and their deliveries."""

from collections.abc import Collection, Hashable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from operator import attrgetter
from uuid import UUID

from attrs import evolve, frozen

from amss_adapters.memory.access import ORGANIZATIONS
from amss_adapters.memory.tables import Groups, Reference, Table, Unique, after_id
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import DeliveryId, OrgId, WebhookId
from amss_domain.shared.page import OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.webhooks.delivery import Attempt, Delivery, DeliveryStatus, Health
from amss_domain.webhooks.ports import DeliveryFilter, WebhookFilter
from amss_domain.webhooks.webhook import Webhook

LISTED_WEBHOOKS: Groups[Webhook] = Groups(lambda webhook: (webhook.archived_at is not None,))
WEBHOOKS: Table[Webhook] = Table(
    name="webhooks",
    kind="webhook",
    groups=(LISTED_WEBHOOKS,),
    references=(Reference("webhooks_org_fkey", attrgetter("org_id"), ORGANIZATIONS),),
)


@frozen(kw_only=True)
class KeptHealth:
    """How a webhook has fared, and how often that was written down."""

    org_id: OrgId
    health: Health
    version: int = 1

    @property
    def id(self) -> WebhookId:
        """The webhook's id."""
        return self.health.webhook_id


HEALTH: Table[KeptHealth] = Table(
    name="webhook_health",
    kind="webhook's health",
    references=(Reference("webhook_health_webhook_fkey", attrgetter("id"), WEBHOOKS),),
)


@frozen(kw_only=True)
class KeptDelivery:
    """A delivery with all its attempts, and who has claimed it until when."""

    delivery: Delivery
    tries: tuple[Attempt, ...] = ()
    claim: UUID | None = None
    claimed_until: datetime | None = None
    version: int = 1

    @property
    def id(self) -> DeliveryId:
        """The delivery's id."""
        return self.delivery.id

    @property
    def org_id(self) -> OrgId:
        """Whose it is."""
        return self.delivery.org_id

    @property
    def is_pending(self) -> bool:
        """Whether it has still to be sent."""
        return self.delivery.status is DeliveryStatus.PENDING

    def is_claimed(self, at: datetime) -> bool:
        """Tell whether somebody has it at the moment."""
        return self.claimed_until is not None and at < self.claimed_until


def _listed_under(kept: KeptDelivery) -> tuple[Hashable, ...]:
    one = kept.delivery
    return (None, *_keys_of(one.webhook_id, one.status, one.event_type, one.event_id))


def _keys_of(*values: Hashable) -> list[Hashable]:
    return [(field, value) for field, value in enumerate(values) if value is not None]


BY_EVENT: Unique[KeptDelivery] = Unique(
    lambda kept: (kept.delivery.webhook_id, kept.delivery.event_id),
    lambda kept, _: AlreadyExists("delivery", f"{kept.delivery.event_id} to {kept.delivery.webhook_id}"),
)
_LISTED: Groups[KeptDelivery] = Groups(_listed_under)
PENDING: Groups[KeptDelivery] = Groups(
    lambda kept: (kept.delivery.webhook_id,) if kept.is_pending else (),
    order=lambda kept: (kept.delivery.next_attempt_at, kept.delivery.seq, kept.id.int, kept.id),
)
PENDING_OF_ONE_OBJECT: Groups[KeptDelivery] = Groups(
    lambda kept: ((kept.delivery.webhook_id, kept.delivery.aggregate_id),) if kept.is_pending else (),
    order=lambda kept: (kept.delivery.seq, kept.id.int, kept.id),
)
CLAIMED: Groups[KeptDelivery] = Groups(
    lambda kept: (kept.delivery.webhook_id,) if kept.claim is not None else (),
)
FINISHED: Groups[KeptDelivery] = Groups(
    lambda kept: (None,) if kept.delivery.finished_at is not None else (),
    order=lambda kept: (kept.delivery.finished_at, kept.id.int, kept.id),
)
DELIVERIES: Table[KeptDelivery] = Table(
    name="webhook_deliveries",
    kind="delivery",
    uniques=(BY_EVENT,),
    groups=(_LISTED, PENDING, PENDING_OF_ONE_OBJECT, CLAIMED, FINISHED),
    references=(Reference("webhook_deliveries_webhook_fkey", attrgetter("delivery.webhook_id"), WEBHOOKS),),
)


class MemoryWebhooks:
    """The organization's webhooks."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(WEBHOOKS)
        self._health = transaction.view(HEALTH)
        self._org_id = transaction.org_id

    async def get(self, webhook_id: WebhookId, /) -> Webhook:
        """Return the webhook. Raises `NotFound`."""
        return self._rows.get(webhook_id)

    async def get_for_update(self, webhook_id: WebhookId, /) -> Webhook:
        """Hold the webhook until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(webhook_id)

    async def page(self, request: PageRequest, /, *, filter: WebhookFilter) -> Page[Webhook]:
        """Return the webhooks that match by id. Raises ValueError for another order."""
        order = _by_creation(request)
        after = after_id(request.after)
        found = self._rows.group(LISTED_WEBHOOKS, filter.archived, after, descending=order.descending)
        return page_of((one for one in found if filter.active in (None, one.active)), request.limit)

    async def count(self) -> int:
        """Return how many are not archived."""
        return sum(1 for _ in self._rows.group(LISTED_WEBHOOKS, False))

    async def health_of(self, webhook_ids: Collection[WebhookId], /) -> Mapping[WebhookId, Health]:
        """Return how each has fared; nothing is wrong with one that was never sent anything."""
        kept = {one.id: one.health for one in self._health.get_many(webhook_ids)}
        return {webhook_id: kept.get(webhook_id, Health(webhook_id=webhook_id)) for webhook_id in webhook_ids}

    def add(self, webhook: Webhook, /) -> None:
        """Add a webhook."""
        self._rows.add(webhook)

    def save(self, webhook: Webhook, /, *, was: Webhook) -> None:
        """Save a changed webhook. Raises `StaleVersion`."""
        self._rows.save(webhook, was=was)

    def clear_health(self, webhook_id: WebhookId, /, *, open_until: datetime | None = None) -> None:
        """Forget its failures; nothing is sent before `open_until`."""
        kept = self._health.find(webhook_id)
        health = Health(webhook_id=webhook_id, open_until=open_until)
        if kept is None:
            self._health.add(KeptHealth(org_id=self._org_id, health=health))
            return
        cleared = evolve(health, last_success_at=kept.health.last_success_at)
        self._health.save(evolve(kept, health=cleared, version=kept.version + 1), was=kept)


class MemoryDeliveries:
    """The organization's deliveries."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(DELIVERIES)

    async def get(self, delivery_id: DeliveryId, /) -> Delivery:
        """Return the delivery. Raises `NotFound`."""
        return self._rows.get(delivery_id).delivery

    async def attempts_of(self, delivery_id: DeliveryId, /) -> tuple[Attempt, ...]:
        """Return its attempts, the first one first; none of an unknown one."""
        kept = self._rows.find(delivery_id)
        return () if kept is None else kept.tries

    async def page(self, request: PageRequest, /, *, filter: DeliveryFilter) -> Page[Delivery]:
        """Return the deliveries that match by id. Raises ValueError for another order."""
        order = _by_creation(request)
        found = self._matching(filter, request.after, descending=order.descending)
        return page_of((kept.delivery for kept in found), request.limit)

    def add(self, delivery: Delivery, /) -> None:
        """Add a delivery. Raises `AlreadyExists` for an event that the webhook has, `BrokenReference`."""
        self._rows.add(KeptDelivery(delivery=delivery))

    async def send_again(self, delivery_id: DeliveryId, /, *, at: datetime) -> Delivery:
        """Hold it, make it pending and due at `at`, and return it. Raises `NotFound`."""
        kept = await self._rows.get_for_update(delivery_id)
        return self._send_again(kept, at)

    async def send_again_matching(self, *, filter: DeliveryFilter, at: datetime, limit: int) -> int:
        """Do so for finished ones that match, the oldest first, up to `limit`; return how many."""
        finished = (kept for kept in self._matching(filter, None, descending=False) if not kept.is_pending)
        held = await self._rows.held(list(islice(finished, limit)), lambda kept: not kept.is_pending)
        for kept in held:
            self._send_again(kept, at)
        return len(held)

    def give_up(self, webhook_id: WebhookId, /, *, at: datetime, limit: int) -> None:
        """Finish up to `limit` that are pending for the webhook, as failed."""
        for kept in list(islice(self._rows.group(PENDING, webhook_id), limit)):
            given_up = evolve(kept, delivery=kept.delivery.given_up(at), version=kept.version + 1)
            self._rows.save(given_up, was=kept)

    def _send_again(self, kept: KeptDelivery, at: datetime) -> Delivery:
        delivery = kept.delivery.again(at)
        self._rows.save(evolve(kept, delivery=delivery, version=kept.version + 1), was=kept)
        return delivery

    def _matching(self, filter: DeliveryFilter, after: UUID | None, *, descending: bool) -> Iterator[KeptDelivery]:
        wanted = _keys_of(filter.webhook_id, filter.status, filter.event_type, filter.event_id)
        fewest = min(wanted, key=lambda key: self._rows.size(_LISTED, key), default=None)
        found = self._rows.group(_LISTED, fewest, after_id(after), descending=descending)
        return (kept for kept in found if set(wanted) <= set(_listed_under(kept)) and _is_within(kept, filter))


def _is_within(kept: KeptDelivery, filter: DeliveryFilter) -> bool:
    at = kept.delivery.created_at
    return (filter.since is None or filter.since <= at) and (filter.until is None or at < filter.until)


def _by_creation(request: PageRequest) -> Order:
    order = request.order or OLDEST_FIRST
    if order.by != "created_at":
        raise ValueError(f"there is no order by {order.by}")
    return order
