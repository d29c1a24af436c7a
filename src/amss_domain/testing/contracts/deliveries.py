"""The laws of deliveries as the organization sees them."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.shared.errors import AlreadyExists, BrokenReference, NotFound
from amss_domain.shared.ids import DeliveryId, EventId, WebhookId
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import webhook_values
from amss_domain.testing.backend import Capabilities
from amss_domain.testing.contracts.contract import Contract, outrun, refused, some_examples
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant, all_of
from amss_domain.testing.webhook_builders import a_delivery, a_webhook
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus
from amss_domain.webhooks.ports import DeliveryFilter

_ANY = DeliveryFilter()
_MINUTE = timedelta(minutes=1)
_LATER = NOON + timedelta(hours=1)


class DeliveriesContract(Contract):
    """The laws of `Deliveries`."""

    @some_examples
    @given(data=st.data())
    async def test_what_was_added_is_read_back_equal(self, ours: Tenant, data: st.DataObject) -> None:
        """Every field comes back from another unit of work as it went in, and it has no attempts yet."""
        webhook = a_webhook(org_id=ours.id)
        delivery = data.draw(webhook_values.deliveries(webhook))
        await ours.keep(webhook, delivery)

        async with ours.open() as uow:
            assert await uow.deliveries.get(delivery.id) == delivery
            assert await uow.deliveries.attempts_of(delivery.id) == ()
            listed = await uow.deliveries.page(PageRequest(), filter=DeliveryFilter(webhook_id=webhook.id))
        assert listed == Page((delivery,), None)

    async def test_nothing_is_found_of_what_is_not_there(self, ours: Tenant, theirs: Tenant) -> None:
        """An unknown delivery and one of another organization are `NotFound`, and have no attempts."""
        foreign = (await some_deliveries(theirs))[0]

        for delivery_id in (foreign.id, DeliveryId(FRESH_IDS.new())):
            async with ours.open() as uow:
                with pytest.raises(NotFound):
                    await uow.deliveries.get(delivery_id)
            async with ours.open() as uow:
                with pytest.raises(NotFound):
                    await uow.deliveries.send_again(delivery_id, at=NOON)
            async with ours.open() as uow:
                assert await uow.deliveries.attempts_of(delivery_id) == ()
                assert await uow.deliveries.page(PageRequest(), filter=_ANY) == Page((), None)

    async def test_nothing_is_added_without_a_commit(self, ours: Tenant) -> None:
        """A unit of work sees what it has added; nobody does when it was left."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook)
        delivery = a_delivery(webhook)
        async with ours.open() as uow:
            uow.deliveries.add(delivery)
            assert await uow.deliveries.get(delivery.id) == delivery

        async with ours.open() as uow:
            with pytest.raises(NotFound):
                await uow.deliveries.get(delivery.id)

    async def test_an_event_is_delivered_to_a_webhook_once(self, ours: Tenant) -> None:
        """`add` refuses a second delivery of one event to one webhook; another webhook may get it as well."""
        first, second = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id)
        event_id = EventId(FRESH_IDS.new())
        await ours.keep(first, second, a_delivery(first, event_id=event_id))
        await ours.keep(a_delivery(second, event_id=event_id))

        assert isinstance(await refused(ours, adding=a_delivery(first, event_id=event_id)), AlreadyExists)

    async def test_of_two_who_add_one_event_the_first_to_commit_wins(self, ours: Tenant) -> None:
        """Two who add the same event for the same webhook at once do not both succeed."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook)
        event_id = EventId(FRESH_IDS.new())

        error = await outrun(
            ours,
            lambda uow: uow.deliveries.add(a_delivery(webhook, event_id=event_id)),
            lambda uow: uow.deliveries.add(a_delivery(webhook, event_id=event_id)),
        )

        assert isinstance(error, AlreadyExists)

    async def test_a_delivery_is_to_a_webhook_of_the_organization(
        self, ours: Tenant, theirs: Tenant, can: Capabilities
    ) -> None:
        """`add` refuses a delivery to a webhook that is unknown or another organization's."""
        can.need_references()
        foreign = a_webhook(org_id=theirs.id)
        await theirs.keep(foreign)
        mine = evolve(a_delivery(foreign), org_id=ours.id)

        for webhook_id in (foreign.id, WebhookId(FRESH_IDS.new())):
            error = await refused(ours, adding=evolve(mine, webhook_id=webhook_id))
            assert isinstance(error, BrokenReference)

    async def test_a_page_has_only_what_matches(self, ours: Tenant) -> None:
        """`page` lists what matches every part of the filter by id, or backwards, whatever the limit."""
        one, two = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id)
        event_id = EventId(FRESH_IDS.new())
        first = a_delivery(one, event_id=event_id)
        second = evolve(a_delivery(two, event_id=event_id), created_at=NOON + _MINUTE)
        third = evolve(a_delivery(one, event_type="part.low_stock"), created_at=NOON + 2 * _MINUTE)
        fourth = finished(a_delivery(one), DeliveryStatus.FAILED)
        everything = (first, second, third, fourth)
        await ours.keep(one, two, *everything)
        expected: dict[DeliveryFilter, tuple[Delivery, ...]] = {
            _ANY: everything,
            DeliveryFilter(webhook_id=one.id): (first, third, fourth),
            DeliveryFilter(webhook_id=WebhookId(FRESH_IDS.new())): (),
            DeliveryFilter(status=DeliveryStatus.PENDING): (first, second, third),
            DeliveryFilter(status=DeliveryStatus.FAILED, webhook_id=one.id): (fourth,),
            DeliveryFilter(status=DeliveryStatus.FAILED, webhook_id=two.id): (),
            DeliveryFilter(event_type="part.low_stock"): (third,),
            DeliveryFilter(event_type="task.completed", webhook_id=one.id): (first, fourth),
            DeliveryFilter(event_id=event_id): (first, second),
            DeliveryFilter(event_id=event_id, webhook_id=two.id): (second,),
            DeliveryFilter(since=NOON + _MINUTE): (second, third),
            DeliveryFilter(until=NOON + _MINUTE): (first, fourth),
            DeliveryFilter(since=NOON + _MINUTE, until=NOON + 2 * _MINUTE): (second,),
            DeliveryFilter(webhook_id=one.id, since=NOON + _MINUTE, status=DeliveryStatus.PENDING): (third,),
        }

        for filter, deliveries in expected.items():
            for limit in (1, 2, 200):
                assert await listed(ours, filter, OLDEST_FIRST, limit) == deliveries
                assert await listed(ours, filter, NEWEST_FIRST, limit) == deliveries[::-1]

    async def test_there_is_no_order_by_status(self, ours: Tenant) -> None:
        """An order that the port does not name is a ValueError."""
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="order"):
                await uow.deliveries.page(PageRequest(order=Order("status")), filter=_ANY)

    @pytest.mark.parametrize("status", [DeliveryStatus.SUCCEEDED, DeliveryStatus.FAILED])
    async def test_what_is_finished_is_sent_again(self, ours: Tenant, status: DeliveryStatus) -> None:
        """`send_again` makes a finished delivery pending, due and not yet tried; its id and its event's stay."""
        webhook = a_webhook(org_id=ours.id)
        delivery = finished(a_delivery(webhook), status)
        await ours.keep(webhook, delivery)
        expected = evolve(delivery, status=DeliveryStatus.PENDING, attempts=0, next_attempt_at=_LATER, finished_at=None)

        async with ours.open() as uow:
            assert await uow.deliveries.send_again(delivery.id, at=_LATER) == expected
            assert await uow.deliveries.get(delivery.id) == expected
            await uow.commit()

        async with ours.open() as uow:
            assert await uow.deliveries.get(delivery.id) == expected

    async def test_what_is_pending_for_a_webhook_is_given_up(self, ours: Tenant) -> None:
        """`give_up` finishes as failed up to `limit` that are pending for the webhook; what is finished stays."""
        webhook, other = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id)
        pending = [evolve(a_delivery(webhook, due_at=_LATER), attempts=number) for number in range(3)]
        rest = (finished(a_delivery(webhook), DeliveryStatus.SUCCEEDED), a_delivery(other))
        await ours.keep(webhook, other, *pending, *rest)

        async def left() -> list[Delivery]:
            async with ours.open() as uow:
                uow.deliveries.give_up(webhook.id, at=_LATER, limit=2)
                await uow.commit()
            async with ours.open() as uow:
                found = [await uow.deliveries.get(one.id) for one in pending]
                assert tuple([await uow.deliveries.get(one.id) for one in rest]) == rest
            assert all(was.given_up(_LATER) == one for was, one in zip(pending, found, strict=True) if was != one)
            return [one for one in found if one.next_attempt_at is not None]

        assert len(await left()) == 1
        assert await left() == []

    async def test_what_is_pending_is_only_brought_forward(self, ours: Tenant) -> None:
        """`send_again` of a pending delivery makes it due at `at` if that is earlier, and counts on."""
        webhook = a_webhook(org_id=ours.id)
        delivery = evolve(a_delivery(webhook, due_at=_LATER), attempts=3)
        await ours.keep(webhook, delivery)

        for at, due_at in ((NOON, NOON), (_LATER, NOON)):
            async with ours.open() as uow:
                assert await uow.deliveries.send_again(delivery.id, at=at) == evolve(delivery, next_attempt_at=due_at)
                await uow.commit()

    async def test_nothing_is_sent_again_without_a_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` leaves it finished."""
        webhook = a_webhook(org_id=ours.id)
        one, other = (finished(a_delivery(webhook), DeliveryStatus.FAILED) for _ in range(2))
        await ours.keep(webhook, one, other)

        async with ours.open() as uow:
            await uow.deliveries.send_again(one.id, at=_LATER)
            assert await uow.deliveries.send_again_matching(filter=_ANY, at=_LATER, limit=9) == 1

        async with ours.open() as uow:
            assert [await uow.deliveries.get(each.id) for each in (one, other)] == [one, other]

    async def test_those_that_match_are_sent_again(self, ours: Tenant, theirs: Tenant) -> None:
        """`send_again_matching` takes finished ones that match, the oldest first, up to `limit`, and counts them."""
        webhook, other = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id)
        failed = [finished(a_delivery(webhook), DeliveryStatus.FAILED) for _ in range(3)]
        succeeded = finished(a_delivery(webhook), DeliveryStatus.SUCCEEDED)
        pending, elsewhere = a_delivery(webhook), finished(a_delivery(other), DeliveryStatus.FAILED)
        await ours.keep(webhook, other, *failed[::-1], succeeded, pending, elsewhere)
        foreign = a_webhook(org_id=theirs.id)
        await theirs.keep(foreign, untouched := finished(a_delivery(foreign), DeliveryStatus.FAILED))
        wanted = DeliveryFilter(webhook_id=webhook.id, status=DeliveryStatus.FAILED)

        async def again(filter: DeliveryFilter, limit: int) -> int:
            async with ours.open() as uow:
                count = await uow.deliveries.send_again_matching(filter=filter, at=_LATER, limit=limit)
                await uow.commit()
            return count

        assert await again(wanted, 2) == 2
        async with ours.open() as uow:
            listed = await uow.deliveries.page(PageRequest(), filter=wanted)
        assert listed.items == (failed[2],)
        assert await again(evolve(wanted, status=DeliveryStatus.PENDING), 9) == 0
        assert await again(evolve(wanted, since=NOON + _MINUTE), 9) == 0
        assert await again(_ANY, 9) == 3
        assert await again(_ANY, 9) == 0
        async with ours.open() as uow:
            everything = (await uow.deliveries.page(PageRequest(), filter=_ANY)).items
        async with theirs.open() as uow:
            assert await uow.deliveries.get(untouched.id) == untouched
        assert {one.status for one in everything} == {DeliveryStatus.PENDING}
        assert {one.next_attempt_at for one in everything if one.id != pending.id} == {_LATER}


async def listed(tenant: Tenant, filter: DeliveryFilter, order: Order, limit: int) -> tuple[Delivery, ...]:
    """Return all that the filter lets through in that order, read `limit` at a time."""
    async with tenant.open() as uow:
        return await all_of(
            lambda request: uow.deliveries.page(evolve(request, order=order), filter=filter), limit=limit
        )


def finished(delivery: Delivery, status: DeliveryStatus) -> Delivery:
    """Return the delivery as it is after ten attempts, the last of which was answered."""
    return evolve(
        delivery,
        status=status,
        attempts=10,
        next_attempt_at=None,
        last_attempt_at=NOON,
        response_status=200 if status is DeliveryStatus.SUCCEEDED else 500,
        response_body="answer",
        finished_at=NOON,
    )


async def some_deliveries(tenant: Tenant, count: int = 1) -> tuple[Delivery, ...]:
    """Add a webhook with so many pending deliveries, and return those."""
    webhook = a_webhook(org_id=tenant.id)
    deliveries = tuple(a_delivery(webhook) for _ in range(count))
    await tenant.keep(webhook, *deliveries)
    return deliveries
