"""The laws of giving out deliveries that are due."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest
from attrs import evolve

from amss_domain.access.model import Policy
from amss_domain.relay.model import Backlog
from amss_domain.testing.contracts.contract import ending
from amss_domain.testing.contracts.fan_out import notices_of, tell
from amss_domain.testing.contracts.kept import newer
from amss_domain.testing.contracts.queued import MINUTE, QueuedLaws, claimed, given_out, ids_of, state_of
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.webhook_builders import a_delivery, a_failure, a_success, a_webhook
from amss_domain.webhooks.breaker import FAILURES_TO_OPEN, FIRST_PAUSE
from amss_domain.webhooks.delivery import Due
from amss_domain.webhooks.webhook import SealedSecret, Webhook

_MOMENT = timedelta(microseconds=1)


class DeliveryQueueContract(QueuedLaws):
    """The laws of `DeliveryQueue` that concern what is given out, and to whom."""

    async def test_what_is_due_is_given_out_with_all_it_needs(self, ours: Tenant, start: datetime) -> None:
        """A claim has the delivery as it is, where it goes, its secret, and the organization's number of attempts."""
        organization, _ = ours.organization.with_policy(Policy(webhook_attempts=7), at=start)
        webhook = a_webhook(org_id=ours.id, ordered=True)
        delivery = a_delivery(webhook, due_at=start)
        await ours.keep(webhook, delivery)
        await ours.change(ours.organization, organization)

        (due,) = await claimed(ours, start)

        assert due == Due(
            delivery=delivery,
            claim=due.claim,
            url=webhook.target.url,
            secrets=(webhook.secret,),
            ordered=True,
            max_attempts=7,
        )

    async def test_both_secrets_sign_while_one_follows_the_other(self, ours: Tenant, start: datetime) -> None:
        """The former secret is given out after the newest, until and without the instant `former_until`."""
        former = SealedSecret(sealed="former", hint="former")
        webhook = evolve(a_webhook(org_id=ours.id), former_secret=former, former_until=start + MINUTE)
        await ours.keep(webhook, a_delivery(webhook, due_at=start))

        (before,) = await claimed(ours, start + MINUTE - _MOMENT, lasts=_MOMENT)
        (after,) = await claimed(ours, start + MINUTE)

        assert before.secrets == (webhook.secret, former)
        assert after.secrets == (webhook.secret,)

    async def test_nothing_is_given_out_before_it_is_due(self, ours: Tenant, start: datetime) -> None:
        """A delivery is given out at `next_attempt_at` and not a moment before."""
        webhook = a_webhook(org_id=ours.id)
        delivery = a_delivery(webhook, due_at=start + MINUTE)
        await ours.keep(webhook, delivery)

        assert await given_out(ours, start + MINUTE - _MOMENT) == set()
        assert await given_out(ours, start + MINUTE) == ids_of(delivery)

    async def test_what_is_claimed_is_nobody_elses_for_a_while(self, ours: Tenant, start: datetime) -> None:
        """A claimed delivery is given to nobody until `lasts` has passed; then it is, under another claim."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook, a_delivery(webhook, due_at=start))

        (first,) = await claimed(ours, start, lasts=MINUTE)
        assert await claimed(ours, start + MINUTE - _MOMENT) == ()
        (second,) = await claimed(ours, start + MINUTE)

        assert second.delivery == first.delivery
        assert second.claim != first.claim

    async def test_several_who_claim_at_once_get_each_delivery_once(
        self, ours: Tenant, theirs: Tenant, start: datetime
    ) -> None:
        """Of several dispatchers that claim at the same time no two get the same, and together they get all."""
        webhook, other = a_webhook(org_id=ours.id), a_webhook(org_id=theirs.id)
        mine = [a_delivery(webhook, due_at=start) for _ in range(12)]
        foreign = [a_delivery(other, due_at=start) for _ in range(12)]
        await ours.keep(webhook, *mine)
        await theirs.keep(other, *foreign)

        shares = [*await ending(asyncio.gather(*(claimed(ours, start, limit=5) for _ in range(4))))]
        while rest := await claimed(ours, start):
            shares.append(rest)

        got = Counter(due.delivery.id for share in shares for due in share)
        assert got == Counter(ids_of(*mine, *foreign))

    async def test_no_more_are_given_out_than_asked_for(self, ours: Tenant, start: datetime) -> None:
        """`limit` bounds what is given out; what is due first comes first."""
        webhook = a_webhook(org_id=ours.id)
        deliveries = [a_delivery(webhook, due_at=start + number * _MOMENT) for number in (3, 1, 2, 0)]
        await ours.keep(webhook, *deliveries)

        first = await claimed(ours, start + MINUTE, limit=2)
        rest = await claimed(ours, start + MINUTE, limit=9)

        assert {due.delivery.id for due in first} == ids_of(deliveries[3], deliveries[1])
        assert {due.delivery.id for due in rest} == ids_of(deliveries[2], deliveries[0])

    async def test_who_is_not_to_be_sent_to_is_not(self, ours: Tenant, start: datetime) -> None:
        """Nothing goes out of a paused, a disabled or an archived webhook; what is kept goes out when it resumes."""
        webhook = a_webhook(org_id=ours.id)
        delivery = a_delivery(webhook, due_at=start)
        await ours.keep(webhook, delivery)
        states = (
            evolve(webhook, active=False),
            evolve(webhook, disabled_at=start, disabled_reason="gone"),
            evolve(webhook, archived_at=start),
        )

        now = webhook
        for state in states:
            stopped = newer(state, than=now)
            await ours.change(now, stopped)
            assert await given_out(ours, start) == set()
            now = newer(webhook, than=stopped)
            await ours.change(stopped, now)
            assert await given_out(ours, start) == ids_of(delivery)

    async def test_no_more_of_a_webhook_are_away_than_allowed(self, ours: Tenant, start: datetime) -> None:
        """At most `per_webhook` of one webhook are claimed at a time, by whomever; claims that ended do not count."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook, *(a_delivery(webhook, due_at=start) for _ in range(6)))

        first = await claimed(ours, start, per_webhook=2, lasts=MINUTE)
        assert len(first) == 2
        assert await claimed(ours, start, per_webhook=2) == ()
        (third,) = await claimed(ours, start, per_webhook=3, lasts=MINUTE)

        await ours.backend.delivery_queue.hand_back(first)
        await ours.backend.delivery_queue.settle([a_success(third, at=start)])
        assert len(await claimed(ours, start, per_webhook=3, lasts=MINUTE)) == 3
        assert len(await claimed(ours, start + MINUTE, per_webhook=4)) == 4

    async def test_webhooks_take_turns(self, ours: Tenant, theirs: Tenant, start: datetime) -> None:
        """A webhook with many due deliveries does not keep another one, of whatever organization, from its turn."""
        busy, quiet, foreign = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id), a_webhook(org_id=theirs.id)
        await ours.keep(busy, *(a_delivery(busy, due_at=start) for _ in range(20)))
        await ours.keep(quiet, a_delivery(quiet, due_at=start + MINUTE))
        await theirs.keep(foreign, *(a_delivery(foreign, due_at=start + MINUTE) for _ in range(2)))

        async def turns(limit: int) -> Counter[object]:
            return Counter(due.delivery.webhook_id for due in await claimed(ours, start + MINUTE, limit=limit))

        assert await turns(3) == {busy.id: 1, quiet.id: 1, foreign.id: 1}
        assert await turns(2) == {busy.id: 1, foreign.id: 1}
        assert await turns(9) == {busy.id: 9}

    async def test_no_organization_has_more_than_its_share(self, ours: Tenant, theirs: Tenant, start: datetime) -> None:
        """At most `per_organization` of one organization's webhooks are claimed at a time, and others have theirs."""
        webhooks = [a_webhook(org_id=ours.id) for _ in range(4)]
        await ours.keep(*webhooks, *(a_delivery(one, due_at=start) for one in webhooks for _ in range(3)))
        foreign = a_webhook(org_id=theirs.id)
        await theirs.keep(foreign, *(a_delivery(foreign, due_at=start + MINUTE / 2) for _ in range(3)))

        async def shares(most: int, at: datetime = start) -> Counter[object]:
            dues = await claimed(ours, at, per_organization=most, limit=9)
            return Counter(due.delivery.org_id for due in dues)

        assert await shares(2) == {ours.id: 2}
        assert await shares(2) == {}
        assert await shares(5) == {ours.id: 3}
        assert await shares(5, start + MINUTE - _MOMENT) == {theirs.id: 3}
        assert await shares(6, start + MINUTE) == {ours.id: 6}

    async def test_what_nobody_sends_is_given_up_in_time(self, ours: Tenant, start: datetime) -> None:
        """What is pending of an archived webhook at once, of a stopped one when long due; no more than `limit`."""
        sent = a_webhook(org_id=ours.id)
        paused, disabled = a_webhook(org_id=ours.id, active=False), a_webhook(org_id=ours.id, disabled_at=start)
        archived = a_webhook(org_id=ours.id, archived_at=start)
        of_archived = [a_delivery(archived, due_at=start + number * MINUTE) for number in range(3)]
        old = [a_delivery(one, due_at=start) for one in (paused, disabled)]
        young = [a_delivery(one, due_at=start + MINUTE) for one in (paused, disabled)]
        due = a_delivery(sent, due_at=start)
        await ours.keep(sent, paused, disabled, archived, *of_archived, *old, *young, due)
        at, before = start + 2 * MINUTE, start + MINUTE
        give_up = ours.backend.delivery_queue.give_up

        first = await give_up(at=at, before=before, limit=4)
        rest = await give_up(at=at, before=before, limit=4)

        assert (first, rest) == (4, 1)
        assert await give_up(at=at, before=before, limit=4) == 0
        assert [await state_of(ours, one) for one in (*of_archived, *old)] == [
            one.given_up(at) for one in (*of_archived, *old)
        ]
        assert [await state_of(ours, one) for one in (*young, due)] == [*young, due]

    async def test_what_was_behind_what_is_given_up_goes_out(self, ours: Tenant, start: datetime) -> None:
        """Of an ordered webhook that was paused for long, what came later goes out when it is resumed."""
        webhook = a_webhook(org_id=ours.id, ordered=True)
        object_id = FRESH_IDS.new()
        first, second = (
            a_delivery(webhook, aggregate_id=object_id, seq=seq, due_at=start + seq * MINUTE) for seq in (1, 2)
        )
        await ours.keep(webhook, first, second)
        assert await given_out(ours, start + 3 * MINUTE) == ids_of(first)
        paused = newer(evolve(webhook, active=False), than=webhook)
        await ours.change(webhook, paused)

        assert await ours.backend.delivery_queue.give_up(at=start, before=start + 2 * MINUTE, limit=9) == 1

        await ours.change(paused, newer(webhook, than=paused))
        assert await given_out(ours, start + 3 * MINUTE) == ids_of(second)

    async def test_an_open_breaker_lets_nothing_out(self, ours: Tenant, start: datetime) -> None:
        """After ten failures in a row nothing is given out until the pause is over, and then one at a time."""
        webhook, other = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id)
        deliveries = [a_delivery(webhook, due_at=start) for _ in range(FAILURES_TO_OPEN + 3)]
        elsewhere = a_delivery(other, due_at=start)
        await ours.keep(webhook, other, *deliveries, elsewhere)
        opened = start + FIRST_PAUSE

        await fail(ours, webhook, start, count=FAILURES_TO_OPEN)

        assert await given_out(ours, start) == ids_of(elsewhere)
        assert await given_out(ours, opened - _MOMENT) == ids_of(elsewhere)
        probe = await of_webhook(ours, webhook, opened)
        assert len(probe) == 1
        assert await of_webhook(ours, webhook, opened) == ()

        await ours.backend.delivery_queue.settle([a_success(probe[0], at=opened)])
        assert len(await of_webhook(ours, webhook, opened)) == 2

    async def test_a_failed_probe_opens_the_breaker_for_longer(self, ours: Tenant, start: datetime) -> None:
        """When what was tried after the pause fails, nothing is given out for twice as long."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook, *(a_delivery(webhook, due_at=start) for _ in range(FAILURES_TO_OPEN + 3)))
        opened = start + FIRST_PAUSE
        await fail(ours, webhook, start, count=FAILURES_TO_OPEN)

        await fail(ours, webhook, opened, count=1)

        assert await given_out(ours, opened + 2 * FIRST_PAUSE - _MOMENT) == set()
        assert len(await given_out(ours, opened + 2 * FIRST_PAUSE)) == 1

    async def test_a_webhook_that_cools_down_is_tried_with_one(self, ours: Tenant, start: datetime) -> None:
        """While the breaker was left open by `clear_health` nothing is given out, and then one at a time."""
        webhook = a_webhook(org_id=ours.id)
        await ours.keep(webhook, *(a_delivery(webhook, due_at=start) for _ in range(3)))
        async with ours.open() as uow:
            uow.webhooks.clear_health(webhook.id, open_until=start + MINUTE)
            await uow.commit()

        assert await given_out(ours, start) == set()
        assert len(await given_out(ours, start + MINUTE)) == 1

    async def test_an_ordered_webhook_gets_one_after_the_other(self, ours: Tenant, start: datetime) -> None:
        """Of an ordered webhook an object's events go out in their order, each after the one before is finished."""
        webhook = a_webhook(org_id=ours.id, ordered=True)
        object_id = FRESH_IDS.new()
        third, first, second = (a_delivery(webhook, aggregate_id=object_id, seq=seq, due_at=start) for seq in (3, 1, 2))
        elsewhere = a_delivery(webhook, seq=9, due_at=start)
        await ours.keep(webhook, third, first, second, elsewhere)
        queue = ours.backend.delivery_queue

        both = await claimed(ours, start, lasts=2 * MINUTE)
        assert {due.delivery.id for due in both} == ids_of(first, elsewhere)
        assert await claimed(ours, start) == ()

        await queue.settle([a_failure(due, at=start, again_in=MINUTE) for due in both])
        assert await given_out(ours, start) == set()
        (again,) = [due for due in await claimed(ours, start + MINUTE) if due.delivery.id == first.id]
        await queue.settle([a_failure(again, at=start + MINUTE)])

        (due,) = await claimed(ours, start + MINUTE)
        assert due.delivery == second
        await queue.settle([a_success(due, at=start + MINUTE)])
        assert await given_out(ours, start + MINUTE) == ids_of(third)

    async def test_an_ordered_webhook_waits_for_what_is_not_fanned_out(self, ours: Tenant, start: datetime) -> None:
        """Of an ordered webhook nothing goes out while an earlier event of the object has still to be fanned out."""
        ordered, other = (a_webhook(org_id=ours.id, ordered=ordered, at=start) for ordered in (True, False))
        object_id = FRESH_IDS.new()
        await ours.keep(ordered, other)
        for version in (1, 2):
            await ours.keep(events=[a_low_stock(object_id, version=version, at=start)])
        first, second = await notices_of(ours)

        async def out() -> set[tuple[Webhook, int]]:
            dues = await claimed(ours, start)
            await ours.backend.delivery_queue.hand_back(dues)
            hooks = {ordered.id: ordered, other.id: other}
            return {(hooks[due.delivery.webhook_id], due.delivery.version) for due in dues}

        await tell(ours, (second,), at=start)
        assert await out() == {(other, 2)}
        await tell(ours, (first,), at=start)
        assert await out() == {(ordered, 1), (other, 1), (other, 2)}

    async def test_other_webhooks_do_not_keep_to_the_order(self, ours: Tenant, start: datetime) -> None:
        """Of a webhook that is not ordered an object's events go out at once, whatever becomes of the first."""
        webhook = a_webhook(org_id=ours.id)
        object_id = FRESH_IDS.new()
        pair = [a_delivery(webhook, aggregate_id=object_id, seq=seq, due_at=start) for seq in (1, 2)]
        await ours.keep(webhook, *pair)

        assert await given_out(ours, start) == ids_of(*pair)

    async def test_what_is_handed_back_is_there_at_once(self, ours: Tenant, start: datetime) -> None:
        """`hand_back` ends claims and leaves the deliveries as they were; under a claim taken over it does nothing."""
        webhook = a_webhook(org_id=ours.id)
        delivery = a_delivery(webhook, due_at=start)
        await ours.keep(webhook, delivery)
        queue = ours.backend.delivery_queue

        (first,) = await claimed(ours, start)
        await queue.hand_back([first])
        (second,) = await claimed(ours, start)
        await queue.hand_back([first])

        assert second.delivery == delivery
        assert await claimed(ours, start) == ()

    async def test_it_says_when_the_next_is_due(self, ours: Tenant, start: datetime) -> None:
        """`next_at` is the first time after `after` that anything is due; what nobody is sent does not count."""
        webhook, paused = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id, active=False)
        times = [start + number * MINUTE for number in (1, 2)]
        await ours.keep(webhook, *(a_delivery(webhook, due_at=at) for at in times))
        await ours.keep(paused, a_delivery(paused, due_at=start + MINUTE / 2))
        next_at = ours.backend.delivery_queue.next_at

        assert await next_at(after=start) == times[0]
        assert await next_at(after=times[0] - _MOMENT) == times[0]
        assert await next_at(after=times[0]) == times[1]
        assert await next_at(after=times[1]) not in times

    @pytest.mark.parametrize("is_claimed", [False, True])
    async def test_the_backlog_is_what_is_due(self, ours: Tenant, start: datetime, *, is_claimed: bool) -> None:
        """`backlog` counts what is due, claimed or not, and says since when the oldest is; no more and no less."""
        webhook, paused = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id, active=False)
        backlog, at = ours.backend.delivery_queue.backlog, start + 2 * MINUTE
        before = await backlog(at=at)
        await ours.keep(webhook, *(a_delivery(webhook, due_at=start + number * MINUTE) for number in (2, 1, 3)))
        await ours.keep(paused, a_delivery(paused, due_at=start))
        if is_claimed:
            await claimed(ours, at)

        assert before.waiting == 0
        assert await backlog(at=at) == Backlog(waiting=2, oldest_at=start + MINUTE)
        assert await backlog(at=start) == Backlog(waiting=0)


async def of_webhook(tenant: Tenant, webhook: Webhook, at: datetime) -> tuple[Due, ...]:
    """Claim what is due of the webhook, and hand back the rest."""
    dues = await claimed(tenant, at)
    await tenant.backend.delivery_queue.hand_back([due for due in dues if due.delivery.webhook_id != webhook.id])
    return tuple(due for due in dues if due.delivery.webhook_id == webhook.id)


async def fail(tenant: Tenant, webhook: Webhook, at: datetime, *, count: int) -> None:
    """Let so many deliveries of the webhook fail for good at that time."""
    dues = await of_webhook(tenant, webhook, at)
    queue = tenant.backend.delivery_queue
    await queue.hand_back(dues[count:])
    await queue.settle([a_failure(due, at=at) for due in dues[:count]])
