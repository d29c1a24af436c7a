"""What webhooks need: their records, the queue of deliveries, and a way to send."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from attrs import frozen

from amss_domain.access.ports import AccessWork
from amss_domain.relay.model import Backlog
from amss_domain.shared.ids import DeliveryId, EventId, OrgId, WebhookId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.webhooks.delivery import Attempt, Delivery, DeliveryStatus, Due, Health, Outcome
from amss_domain.webhooks.webhook import SealedSecret, Webhook


@frozen(kw_only=True)
class WebhookFilter:
    """Which webhooks to list; None is any. Archived ones alone with `archived`, and without it none of them."""

    active: bool | None = None
    archived: bool = False


@frozen(kw_only=True)
class DeliveryFilter:
    """Which deliveries to list; None is any. `since` is included, `until` is not; both are of `created_at`."""

    webhook_id: WebhookId | None = None
    status: DeliveryStatus | None = None
    event_type: str | None = None
    event_id: EventId | None = None
    since: datetime | None = None
    until: datetime | None = None


class Webhooks(Protocol):
    """The organization's webhooks.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `page` returns those that the filter lets through, in the order of their ids.
    - `count` counts those not archived.
    - `health_of` tells how each of them has fared; of one never sent anything, unknown or foreign, that nothing is
      wrong.
    - `clear_health` forgets the failures, but not when it last succeeded; the breaker is open until `open_until`.
    """

    async def get(self, webhook_id: WebhookId, /) -> Webhook: ...

    async def get_for_update(self, webhook_id: WebhookId, /) -> Webhook: ...

    async def page(self, request: PageRequest, /, *, filter: WebhookFilter) -> Page[Webhook]: ...

    async def count(self) -> int: ...

    async def health_of(self, webhook_ids: Collection[WebhookId], /) -> Mapping[WebhookId, Health]: ...

    def add(self, webhook: Webhook, /) -> None: ...

    def save(self, webhook: Webhook, /, *, was: Webhook) -> None: ...

    def clear_health(self, webhook_id: WebhookId, /, *, open_until: datetime | None = None) -> None: ...


class Deliveries(Protocol):
    """The organization's deliveries.

    - `get` raises `NotFound` for an unknown or foreign id.
    - `attempts_of` returns a delivery's attempts, the first one first, those before it was sent again as well; none of
      an unknown or foreign one.
    - `page` returns those that the filter lets through, in the order of their ids.
    - `add` refuses a second delivery of one event to one webhook (`AlreadyExists`), and one to no webhook.
    - `send_again` makes a finished delivery pending and due at `at`, with attempts counted from zero, as
      `Delivery.again` does; of one that is pending already it only brings the time forward. It raises `NotFound`.
      `send_again_matching` does so for finished ones that match, the oldest first by id, up to `limit`, and returns how
      many.
    - `give_up` finishes up to `limit` that are pending for a webhook, as failed at `at`. One that is being sent is
      finished by its answer all the same, and what somebody else changes at the moment may be left.
    """

    async def get(self, delivery_id: DeliveryId, /) -> Delivery: ...

    async def attempts_of(self, delivery_id: DeliveryId, /) -> tuple[Attempt, ...]: ...

    async def page(self, request: PageRequest, /, *, filter: DeliveryFilter) -> Page[Delivery]: ...

    def add(self, delivery: Delivery, /) -> None: ...

    async def send_again(self, delivery_id: DeliveryId, /, *, at: datetime) -> Delivery: ...

    async def send_again_matching(self, *, filter: DeliveryFilter, at: datetime, limit: int) -> int: ...

    def give_up(self, webhook_id: WebhookId, /, *, at: datetime, limit: int) -> None: ...


class WebhooksWork(AccessWork, Protocol):
    """A unit of work that reaches webhooks and their deliveries."""

    @property
    def webhooks(self) -> Webhooks: ...

    @property
    def deliveries(self) -> Deliveries: ...


class DeliveryQueue(Protocol):
    """The deliveries of all organizations that wait to be sent.

    - `claim` gives each due delivery to one dispatcher until `lasts` has passed; then another may have it.
    - It gives out none of a webhook that is paused, disabled or archived, or whose breaker is open; one at a time of
      one whose breaker has been open and that has not succeeded since; and no more than `per_webhook` at a time of any,
      those included that are claimed already, by whomever.
    - It gives out no more than `per_organization` (None: any number) at a time of all webhooks of one organization,
      those included that it finds claimed; who claims at the same moment does not count for it.
    - Of an ordered webhook it gives out a delivery only when no earlier event of the same object is pending for it, or
      still waits to be fanned out.
    - Webhooks take turns: one with many due deliveries does not keep others waiting.
    - `settle` keeps each attempt and what became of the delivery, as `Delivery.after` does, and how the webhook has
      fared by that, as `health_after` says; an outcome under a claim that another has taken over meanwhile, or that was
      settled or handed back, changes nothing. It returns the health of each webhook after.
    - `hand_back` ends claims without an attempt.
    - `next_at` is when the next delivery after `after` is due; None when none is.
    - `backlog` counts the pending ones that are due, claimed or not. It and `next_at` leave out those of webhooks that
      are paused, disabled or archived.
    - `give_up` finishes, as failed at `at`, up to `limit` pending ones that nobody sends, and returns how many: all of
      archived webhooks, and of paused or disabled ones what was due before `before`.
    - `purge` removes up to `limit` that were finished before `before`, with their attempts, and returns how many; with
      `dry_run` it only counts them.
    """

    async def claim(
        self, *, at: datetime, lasts: timedelta, limit: int, per_webhook: int, per_organization: int | None = None
    ) -> tuple[Due, ...]: ...

    async def settle(self, outcomes: Sequence[Outcome], /) -> Mapping[WebhookId, Health]: ...

    async def hand_back(self, dues: Sequence[Due], /) -> None: ...

    async def next_at(self, *, after: datetime) -> datetime | None: ...

    async def backlog(self, *, at: datetime) -> Backlog: ...

    async def give_up(self, *, at: datetime, before: datetime, limit: int) -> int: ...

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int: ...


class SecretBox(Protocol):
    """Seals signing secrets so that they can be read with the installation's key alone.

    - `opened` of what was `sealed` for the same organization is the same text; for another it raises
      `SecretsUnavailable`, as it does for another key.
    - `new_secret` is a text `whsec_` and at least 24 random bytes in base64, another each time.
    """

    def sealed(self, secret: str, /, *, org_id: OrgId) -> SealedSecret: ...

    def opened(self, secret: SealedSecret, /, *, org_id: OrgId) -> str: ...

    def new_secret(self) -> str: ...


@frozen(kw_only=True)
class Parcel:
    """One request as it is sent: the exact bytes of its body, and its headers.

    `org_id` is whose it is: those of one organization do not take the room of all others.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    org_id: OrgId | None = None


@frozen(kw_only=True)
class Answer:
    """What came of sending: a status with the first 2 KiB of the body, or an error `word: sentence`.

    It `was_begun` unless there was no room to: then it says nothing about the receiver, and is no attempt.
    """

    duration_ms: int
    status: int | None = None
    body: str | None = None
    error: str | None = None
    retry_after: str | None = None
    was_begun: bool = True


class WebhookSender(Protocol):
    """Sends parcels; never raises for what is wrong with the receiver.

    - No connection is made to an address that is not public, however it is spelled or looked up, unless settings allow
      it; the answer then has the error `forbidden_address: …`.
    - Redirects are not followed, cookies not kept, no more than 64 KiB read.
    - Looking up names that hang for one organization leaves room for others; what waits too long for its turn was not
      begun.
    - `violations_of` says what speaks against an URL before anything is sent.
    """

    def violations_of(self, url: str, /) -> Sequence[str]: ...

    async def send(self, parcel: Parcel, /) -> Answer: ...
