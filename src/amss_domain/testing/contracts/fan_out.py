"""The laws of telling everybody who follows."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import evolve

from amss_domain.relay.model import Notice
from amss_domain.shared.ids import EventId, PartId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.page import PageRequest
from amss_domain.testing.contracts.contract import Contract, ending
from amss_domain.testing.contracts.kept import newer
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.webhook_builders import a_webhook
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus
from amss_domain.webhooks.ports import DeliveryFilter
from amss_domain.webhooks.webhook import Webhook

_TOLD = NOON + timedelta(seconds=1)
_NOBODY: Mapping[str, frozenset[str]] = {}


class FanOutContract(Contract):
    """The laws of `FanOut`."""

    async def test_a_webhook_gets_what_it_wants(self, ours: Tenant) -> None:
        """Each message becomes one pending delivery for each webhook that wants its type, due at once."""
        every, low, other = (
            a_webhook(org_id=ours.id, events=events) for events in (("*",), ("part.low_stock",), ("task.completed",))
        )
        await ours.keep(every, low, other, events=[a_low_stock(), a_low_stock()])
        messages = await ours.messages()

        assert await tell(ours) == 2

        for webhook, expected in ((every, messages), (low, messages), (other, ())):
            found = await deliveries_to(ours, webhook)
            assert [told_of(delivery) for delivery in sorted(found, key=lambda one: one.seq)] == list(expected)
            assert {delivery.status for delivery in found} <= {DeliveryStatus.PENDING}
            assert {delivery.next_attempt_at for delivery in found} <= {_TOLD}
            assert {delivery.created_at for delivery in found} <= {_TOLD}
            assert {delivery.attempts for delivery in found} <= {0}

    async def test_what_is_told_again_changes_nothing(self, ours: Tenant) -> None:
        """`tell` of messages that were told makes no second delivery and returns none of them; new ones it tells."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook, events=[a_low_stock()])
        notices = await notices_of(ours)
        assert await tell(ours, notices) == 1
        before = await deliveries_to(ours, webhook)

        assert await tell(ours, notices) == 0
        assert await tell(ours, (*notices, *notices)) == 0
        assert await deliveries_to(ours, webhook) == before

        await ours.keep(events=[a_low_stock()])
        assert await tell(ours) == 1
        assert len(await deliveries_to(ours, webhook)) == 2

    async def test_who_comes_later_is_not_told_of_what_was_told(self, ours: Tenant) -> None:
        """A follower and a webhook that want a type only after its messages were told get nothing of those."""
        await ours.keep(events=[a_low_stock()])
        await tell(ours)
        late = a_webhook(org_id=ours.id)
        await ours.keep(late)

        assert await tell(ours, followers={"alerts": frozenset({"part.low_stock"})}) == 0

        assert await waiting(ours, "alerts") == ()
        assert await deliveries_to(ours, late) == ()

    async def test_several_who_tell_at_once_tell_once(self, ours: Tenant) -> None:
        """Of several who tell the same messages at the same time each message is told by one."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook, events=[a_low_stock() for _ in range(5)])
        notices = await notices_of(ours)

        counts = await ending(asyncio.gather(*(tell(ours, notices) for _ in range(4))))

        assert sum(counts) == 5
        assert len(await deliveries_to(ours, webhook)) == 5

    async def test_a_webhook_does_not_get_what_happened_before_it(self, ours: Tenant) -> None:
        """What happened before a webhook was made does not go to it; what happened at that instant does."""
        webhook = a_webhook(org_id=ours.id, at=NOON)
        early, just = a_low_stock(at=NOON - timedelta(microseconds=1)), a_low_stock(at=NOON)
        await ours.keep(webhook, events=[early, just])

        await tell(ours)

        assert [one.aggregate_id for one in await deliveries_to(ours, webhook)] == [just.aggregate_id]

    async def test_a_paused_webhook_keeps_getting_deliveries(self, ours: Tenant) -> None:
        """A webhook gets deliveries while it is paused; none while it is disabled or archived."""
        paused = a_webhook(org_id=ours.id, active=False)
        disabled, archived = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id)
        await ours.keep(paused, disabled, archived)
        await ours.change(disabled, newer(evolve(disabled, disabled_at=NOON, disabled_reason="gone")))
        await ours.change(archived, newer(evolve(archived, archived_at=NOON)))
        await ours.keep(events=[a_low_stock()])

        await tell(ours)

        assert [len(await deliveries_to(ours, one)) for one in (paused, disabled, archived)] == [1, 0, 0]

    async def test_followers_inside_get_what_they_want(self, ours: Tenant, theirs: Tenant) -> None:
        """Each message waits in the inbox of each follower that wants its type, inside its organization."""
        await ours.keep(events=[a_low_stock()])
        await theirs.keep(events=[a_low_stock()])
        (message,) = await ours.messages()
        followers = {"alerts": frozenset({"part.low_stock"}), "mail": frozenset({"user.created"})}

        assert await tell(ours, followers=followers) == 1

        assert await waiting(ours, "alerts") == (message,)
        assert await waiting(ours, "mail") == ()
        assert await waiting(theirs, "alerts") == ()

    async def test_nobody_elses_webhook_is_told(self, ours: Tenant, theirs: Tenant) -> None:
        """What happened in one organization goes to no webhook of another, whoever says that it did."""
        foreign, mine = a_webhook(org_id=theirs.id), a_webhook(org_id=ours.id)
        await theirs.keep(foreign)
        await ours.keep(mine, events=[a_low_stock()])
        notices = await notices_of(ours)

        assert await tell(ours, tuple(evolve(one, org_id=theirs.id) for one in notices)) == 0
        assert await tell(ours, notices) == 1

        assert await deliveries_to(theirs, foreign) == ()
        assert len(await deliveries_to(ours, mine)) == 1

    async def test_messages_that_are_not_there_are_passed_over(self, ours: Tenant) -> None:
        """`tell` of a message that the outbox does not have tells the others."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook, events=[a_low_stock()])
        (notice,) = await notices_of(ours)
        absent = evolve(notice, event_id=EventId(FRESH_IDS.new()))

        assert await tell(ours, (absent, notice)) == 1
        assert await tell(ours, ()) == 0

        assert [one.event_id for one in await deliveries_to(ours, webhook)] == [notice.event_id]

    async def test_deliveries_are_numbered_as_it_was_recorded(self, ours: Tenant) -> None:
        """`seq` grows with what was recorded of an object, in whatever order it is told."""
        webhook = a_webhook(org_id=ours.id)
        part_id = PartId(FRESH_IDS.new())
        await ours.keep(webhook)
        for version in (1, 2, 3):
            await ours.keep(events=[a_low_stock(part_id, version=version)])

        for notice in (await notices_of(ours))[::-1]:
            await tell(ours, (notice,))

        found = sorted(await deliveries_to(ours, webhook), key=lambda one: one.seq)
        assert [one.version for one in found] == [1, 2, 3]
        assert len({one.seq for one in found}) == 3


async def notices_of(tenant: Tenant) -> tuple[Notice, ...]:
    """Return word of each message of the organization that is not published, in the order recorded."""
    return tuple(
        Notice(
            org_id=message.org_id,
            event_id=message.id,
            event_type=message.event_type,
            aggregate_id=message.aggregate_id,
            version=message.version,
            seq=number,
            occurred_at=message.occurred_at,
        )
        for number, message in enumerate(await tenant.messages(), start=1)
    )


async def tell(
    tenant: Tenant,
    notices: tuple[Notice, ...] | None = None,
    *,
    followers: Mapping[str, frozenset[str]] = _NOBODY,
    at: datetime = _TOLD,
) -> int:
    """Tell of the messages, of all of the organization when none are given, and return how many were told."""
    told = await notices_of(tenant) if notices is None else notices
    return await tenant.backend.fan_out.tell(told, followers=followers, at=at)


async def waiting(tenant: Tenant, follower: str) -> tuple[OutboxMessage, ...]:
    """Return what waits for the follower inside the organization."""
    async with tenant.open() as uow:
        return await uow.inbox.take(follower, limit=100)


async def deliveries_to(tenant: Tenant, webhook: Webhook) -> tuple[Delivery, ...]:
    """Return the webhook's deliveries by id."""
    async with tenant.open() as uow:
        page = await uow.deliveries.page(PageRequest(limit=200), filter=DeliveryFilter(webhook_id=webhook.id))
    assert page.next_after is None
    return page.items


def told_of(delivery: Delivery) -> OutboxMessage:
    """Return the message that a delivery tells of."""
    return OutboxMessage(
        id=delivery.event_id,
        org_id=delivery.org_id,
        event_type=delivery.event_type,
        aggregate_id=delivery.aggregate_id,
        version=delivery.version,
        payload=delivery.payload,
        occurred_at=delivery.occurred_at,
    )
