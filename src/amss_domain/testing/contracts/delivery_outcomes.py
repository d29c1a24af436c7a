"""The laws of what becomes of deliveries that were sent."""

from datetime import datetime, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.shared.errors import NotFound
from amss_domain.shared.page import PageRequest
from amss_domain.testing import webhook_values
from amss_domain.testing.contracts.contract import some_examples
from amss_domain.testing.contracts.deliveries import finished
from amss_domain.testing.contracts.queued import (
    MINUTE,
    QueuedLaws,
    claimed,
    given_out,
    health_of,
    ids_of,
    state_of,
)
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.webhook_builders import a_delivery, a_failure, a_success, a_webhook
from amss_domain.webhooks.breaker import health_after
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus, Health, Outcome
from amss_domain.webhooks.ports import DeliveryFilter

_MOMENT = timedelta(microseconds=1)


class DeliveryOutcomesContract(QueuedLaws):
    """The laws of `DeliveryQueue` that concern what became of what was given out."""

    @some_examples
    @given(data=st.data())
    async def test_an_attempt_is_kept_as_it_was(self, ours: Tenant, start: datetime, data: st.DataObject) -> None:
        """`settle` keeps every field of the attempt, what the delivery is after it, and how the webhook then fares."""
        webhook = a_webhook(org_id=ours.id)
        delivery = a_delivery(webhook, due_at=start)
        await ours.keep(webhook, delivery)
        (due,) = await claimed(ours, start, lasts=MINUTE)
        attempt = data.draw(webhook_values.attempts())
        status = DeliveryStatus.SUCCEEDED if attempt.succeeded else DeliveryStatus.FAILED

        health = await ours.backend.delivery_queue.settle(
            [Outcome(due=due, attempt=attempt, status=status, next_attempt_at=None)]
        )

        expected = health_after(Health(webhook_id=webhook.id), attempt, attempt.ended_at)
        assert health == {webhook.id: expected}
        assert await health_of(ours, webhook) == expected
        assert await state_of(ours, delivery) == delivery.after(attempt, status=status, next_attempt_at=None)
        async with ours.open() as uow:
            assert await uow.deliveries.attempts_of(delivery.id) == (attempt,)

    async def test_what_failed_is_given_out_again_in_its_time(self, ours: Tenant, start: datetime) -> None:
        """A delivery that is to be tried again is pending until then, and counts its attempts; then it is finished."""
        webhook = a_webhook(org_id=ours.id)
        delivery = a_delivery(webhook, due_at=start)
        await ours.keep(webhook, delivery)
        queue = ours.backend.delivery_queue

        (first,) = await claimed(ours, start)
        failed = a_failure(first, at=start, again_in=MINUTE)
        await queue.settle([failed])
        assert await given_out(ours, start + MINUTE - _MOMENT) == set()
        (second,) = await claimed(ours, start + MINUTE)
        succeeded = a_success(second, at=start + MINUTE)
        await queue.settle([succeeded])

        after_one = delivery.after(failed.attempt, status=DeliveryStatus.PENDING, next_attempt_at=start + MINUTE)
        assert second.delivery == after_one
        assert second.delivery.attempts == 1
        after_two = after_one.after(succeeded.attempt, status=DeliveryStatus.SUCCEEDED, next_attempt_at=None)
        assert await state_of(ours, delivery) == after_two
        assert await given_out(ours, start + 60 * MINUTE) == set()
        async with ours.open() as uow:
            assert await uow.deliveries.attempts_of(delivery.id) == (failed.attempt, succeeded.attempt)

    async def test_attempts_from_before_it_was_sent_again_stay(self, ours: Tenant, start: datetime) -> None:
        """A delivery that is sent again keeps its earlier attempts, before those that follow with numbers from one."""
        webhook = a_webhook(org_id=ours.id)
        delivery = a_delivery(webhook, due_at=start)
        await ours.keep(webhook, delivery)
        queue = ours.backend.delivery_queue
        (first,) = await claimed(ours, start)
        failed = a_failure(first, at=start)
        await queue.settle([failed])

        async with ours.open() as uow:
            await uow.deliveries.send_again(delivery.id, at=start + MINUTE)
            await uow.commit()
        (second,) = await claimed(ours, start + MINUTE)
        succeeded = a_success(second, at=start + MINUTE)
        await queue.settle([succeeded])

        assert (second.delivery.id, second.delivery.event_id) == (delivery.id, delivery.event_id)
        assert (failed.attempt.number, succeeded.attempt.number) == (1, 1)
        async with ours.open() as uow:
            assert await uow.deliveries.attempts_of(delivery.id) == (failed.attempt, succeeded.attempt)

    async def test_an_outcome_counts_under_its_own_claim_only(self, ours: Tenant, start: datetime) -> None:
        """What comes under a claim that was taken over, settled or handed back changes nothing, health neither."""
        webhook = a_webhook(org_id=ours.id)
        delivery = a_delivery(webhook, due_at=start)
        await ours.keep(webhook, delivery)
        queue = ours.backend.delivery_queue
        (first,) = await claimed(ours, start, lasts=MINUTE)
        (second,) = await claimed(ours, start + MINUTE, lasts=MINUTE)

        late = await queue.settle([a_failure(first, at=start)])
        assert late == {webhook.id: Health(webhook_id=webhook.id)}
        assert await state_of(ours, delivery) == delivery

        success = a_success(second, at=start + MINUTE)
        await queue.settle([success])
        again = await queue.settle([a_failure(second, at=start + 2 * MINUTE)])
        assert again == {webhook.id: Health(webhook_id=webhook.id, last_success_at=start + MINUTE)}
        async with ours.open() as uow:
            assert await uow.deliveries.attempts_of(delivery.id) == (success.attempt,)

    async def test_an_outcome_is_taken_while_nobody_else_has_it(self, ours: Tenant, start: datetime) -> None:
        """An outcome that comes after its claim ran out counts when nobody has taken the delivery over."""
        webhook = a_webhook(org_id=ours.id)
        delivery = a_delivery(webhook, due_at=start)
        await ours.keep(webhook, delivery)
        (due,) = await claimed(ours, start, lasts=MINUTE)

        await ours.backend.delivery_queue.settle([a_success(due, at=start + 2 * MINUTE)])

        assert (await state_of(ours, delivery)).status is DeliveryStatus.SUCCEEDED

    async def test_all_outcomes_of_a_webhook_count(self, ours: Tenant, theirs: Tenant, start: datetime) -> None:
        """Outcomes settled together count one after the other, each for its own webhook, of whatever organization."""
        webhook, foreign = a_webhook(org_id=ours.id), a_webhook(org_id=theirs.id)
        await ours.keep(webhook, *(a_delivery(webhook, due_at=start) for _ in range(4)))
        await theirs.keep(foreign, a_delivery(foreign, due_at=start))
        dues = await claimed(ours, start)
        of_ours = [due for due in dues if due.delivery.webhook_id == webhook.id]
        (of_theirs,) = [due for due in dues if due.delivery.webhook_id == foreign.id]
        outcomes = [
            a_success(of_ours[0], at=start),
            *(a_failure(due, at=start + MINUTE) for due in of_ours[1:]),
            a_failure(of_theirs, at=start),
        ]

        health = await ours.backend.delivery_queue.settle(outcomes)

        expected = Health(
            webhook_id=webhook.id, consecutive_failures=3, failing_since=start + MINUTE, last_success_at=start
        )
        assert health[webhook.id] == expected
        assert await health_of(ours, webhook) == expected
        assert (await health_of(theirs, foreign)).consecutive_failures == 1

    async def test_clearing_forgets_failures_and_not_the_success(self, ours: Tenant, start: datetime) -> None:
        """`clear_health` leaves nothing of what was wrong, and when it last succeeded."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook, *(a_delivery(webhook, due_at=start) for _ in range(2)))
        one, other = await claimed(ours, start)
        await ours.backend.delivery_queue.settle([a_success(one, at=start), a_failure(other, at=start + MINUTE)])

        async with ours.open() as uow:
            uow.webhooks.clear_health(webhook.id, open_until=start + 5 * MINUTE)
            await uow.commit()

        expected = Health(webhook_id=webhook.id, open_until=start + 5 * MINUTE, last_success_at=start)
        assert await health_of(ours, webhook) == expected

    async def test_what_is_sent_again_is_given_out_again(self, ours: Tenant, start: datetime) -> None:
        """A finished delivery that is sent again is due at the time given."""
        webhook = a_webhook(org_id=ours.id)
        delivery = finished(a_delivery(webhook), DeliveryStatus.SUCCEEDED)
        await ours.keep(webhook, delivery)

        async with ours.open() as uow:
            await uow.deliveries.send_again_matching(
                filter=DeliveryFilter(webhook_id=webhook.id), at=start + MINUTE, limit=9
            )
            await uow.commit()

        assert await given_out(ours, start) == set()
        assert await given_out(ours, start + MINUTE) == ids_of(delivery)

    async def test_what_was_finished_long_ago_is_purged(self, ours: Tenant, start: datetime) -> None:
        """`purge` removes what was finished before `before` with its attempts, up to `limit`, and says how many."""
        webhook = a_webhook(org_id=ours.id)
        old = [a_delivery(webhook, due_at=start) for _ in range(3)]
        pending, recent = a_delivery(webhook, due_at=start + MINUTE), a_delivery(webhook, due_at=start + MINUTE)
        await ours.keep(webhook, *old, pending, recent)
        queue = ours.backend.delivery_queue
        await queue.settle([a_failure(due, at=start) for due in await claimed(ours, start)])
        await queue.settle(
            [
                a_success(due, at=start + MINUTE)
                for due in await claimed(ours, start + MINUTE)
                if due.delivery.id == recent.id
            ]
        )
        before, purge = start + MINUTE, ours.backend.delivery_queue.purge

        assert await purge(before=before, limit=9, dry_run=True) == 3
        assert await purge(before=before, limit=2) == 2
        assert await purge(before=before, limit=2) == 1
        assert await purge(before=before, limit=2) == 0

        async with ours.open() as uow:
            left = await uow.deliveries.page(PageRequest(), filter=DeliveryFilter(webhook_id=webhook.id))
            attempts = [await uow.deliveries.attempts_of(one.id) for one in old]
        assert ids_of(*left.items) == ids_of(pending, recent)
        assert attempts == [(), (), ()]
        assert [await is_there(ours, one) for one in (*old, pending, recent)] == [False] * 3 + [True] * 2

    async def test_what_was_purged_may_be_delivered_anew(self, ours: Tenant, start: datetime) -> None:
        """Nothing of a delivery is left once it is purged: its event may go to its webhook again."""
        webhook = a_webhook(org_id=ours.id)
        delivery = evolve(finished(a_delivery(webhook), DeliveryStatus.SUCCEEDED), finished_at=start)
        await ours.keep(webhook, delivery)

        assert await ours.backend.delivery_queue.purge(before=start + _MOMENT, limit=9) == 1

        await ours.keep(a_delivery(webhook, event_id=delivery.event_id, due_at=start))
        assert len(await given_out(ours, start)) == 1


async def is_there(tenant: Tenant, delivery: Delivery) -> bool:
    """Tell whether the organization still has the delivery."""
    async with tenant.open() as uow:
        try:
            return (await uow.deliveries.get(delivery.id)).id == delivery.id
        except NotFound:
            return False
