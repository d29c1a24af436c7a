"""The laws of the queue of messages that are on their way out."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from amss_domain.relay.model import LANES, Lease, Notice, lane_of
from amss_domain.relay.ports import OutboxQueue
from amss_domain.testing.backend import Backend
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.contracts.trail import a_low_stock, an_update
from amss_domain.testing.relay_builders import a_dead_letter
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant

_MINUTE = timedelta(minutes=1)
_EVERY_LANE = range(LANES)
_ENOUGH = 100_000

# Long before anything else: so that laws that clear up meet what they are about alone.
_LONG_AGO = NOON - timedelta(days=3650)


class OutboxQueueContract(Contract):
    """The laws of `OutboxQueue`; what other organizations have in the backend makes no difference to them."""

    @pytest.fixture
    def queue(self, backend: Backend) -> OutboxQueue:
        """The queue of the backend."""
        return backend.outbox_queue

    async def test_each_message_waits_until_it_is_published(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """What was committed and public waits, with all that says where it belongs; nothing else does."""
        event = a_low_stock(version=7)
        async with ours.open() as uow:
            uow.record(a_low_stock())
        await ours.keep(events=[event, an_update()])

        (notice,) = await unpublished(queue, ours)
        (message,) = await ours.messages()

        expected = Notice(
            org_id=ours.id,
            event_id=message.id,
            event_type="part.low_stock",
            aggregate_id=event.aggregate_id,
            version=7,
            seq=notice.seq,
            occurred_at=event.occurred_at,
        )
        assert notice == expected
        assert await publish(backend, [notice])
        assert await unpublished(queue, ours) == ()
        assert await ours.messages() == ()

    async def test_messages_come_in_the_order_committed(self, queue: OutboxQueue, ours: Tenant, theirs: Tenant) -> None:
        """`seq` grows as messages are committed, those of each object in the order recorded, up to `limit`."""
        part_id = FRESH_IDS.new()
        await ours.keep(events=[a_low_stock(part_id, version=1), a_low_stock(part_id, version=2)])
        await theirs.keep(events=[a_low_stock()])
        await ours.keep(events=[a_low_stock(part_id, version=3, at=NOON - _MINUTE)])

        waiting = await queue.unpublished(lanes=_EVERY_LANE, limit=_ENOUGH)
        two = await queue.unpublished(lanes=_EVERY_LANE, limit=2)

        assert [notice.seq for notice in waiting] == sorted({notice.seq for notice in waiting})
        assert [notice.version for notice in waiting if notice.org_id == ours.id] == [1, 2, 3]
        assert two == waiting[:2]

    async def test_each_lane_has_its_own(self, queue: OutboxQueue, ours: Tenant) -> None:
        """The lanes share all messages among them, and all of one object are in the lane that its id says."""
        part_ids = [UUID(int=FRESH_IDS.new().int & ~0xF | number) for number in range(LANES)]
        await ours.keep(events=[a_low_stock(part_id, version=version) for version in (1, 2) for part_id in part_ids])

        found = {lane: await unpublished(queue, ours, lanes=[lane]) for lane in _EVERY_LANE}
        several = await unpublished(queue, ours, lanes=[3, 5])

        assert {lane: {notice.aggregate_id for notice in found[lane]} for lane in found} == {
            lane_of(part_id): {part_id} for part_id in part_ids
        }
        assert [len(found[lane]) for lane in found] == [2] * LANES
        assert set(several) == {*found[3], *found[5]}

    async def test_none_is_passed_over_whatever_the_order_of_commits(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """What is recorded early and committed late is there, also when later ones were published meanwhile."""
        early, late = a_low_stock(at=NOON - _MINUTE), a_low_stock()
        async with ours.open() as slow:
            slow.record(early)
            await ours.keep(events=[late])
            assert await publish(backend, await unpublished(queue, ours))
            await slow.commit()

        assert [notice.aggregate_id for notice in await unpublished(queue, ours)] == [early.aggregate_id]

    async def test_a_lease_that_was_taken_over_marks_nothing(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """Whoever was away too long does not mark what another has to publish now."""
        await ours.keep(events=[a_low_stock()])
        waiting = await unpublished(queue, ours)
        name = f"lane:{FRESH_IDS.new()}"
        mine = await backend.leases.take(name, holder="slow", at=NOON, lasts=_MINUTE)
        taken_over = await backend.leases.take(name, holder="other", at=NOON + _MINUTE, lasts=_MINUTE)
        valid = await a_lease(backend)
        assert mine is not None
        assert taken_over is not None

        marked = await queue.mark_published(waiting, leases=[valid, mine], at=NOON)
        still = await unpublished(queue, ours)
        marked_by_other = await queue.mark_published(waiting, leases=[valid, taken_over], at=NOON)

        assert not marked
        assert still == waiting
        assert marked_by_other
        assert await unpublished(queue, ours) == ()

    async def test_a_lease_that_ran_out_still_marks_while_nobody_took_it(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """It is the token that counts, not the clock."""
        await ours.keep(events=[a_low_stock()])
        lease = await a_lease(backend)

        assert await queue.mark_published(await unpublished(queue, ours), leases=[lease], at=lease.expires_at + _MINUTE)
        assert await unpublished(queue, ours) == ()

    async def test_what_was_lost_on_the_way_is_published_again(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """Published long enough ago and told to nobody: it is unpublished again, and nothing else is."""
        lost, told, recent, waiting = (a_low_stock() for _ in range(4))
        await ours.keep(events=[lost, told, recent, waiting])
        by_object = {notice.aggregate_id: notice for notice in await unpublished(queue, ours)}
        early = [by_object[lost.aggregate_id], by_object[told.aggregate_id]]
        await publish(backend, early, at=_LONG_AGO)
        await publish(backend, [by_object[recent.aggregate_id]], at=_LONG_AGO + _MINUTE)
        await tell(backend, early[1:])

        nothing_yet = await queue.publish_again(before=_LONG_AGO, limit=_ENOUGH)
        again = await queue.publish_again(before=_LONG_AGO + _MINUTE, limit=_ENOUGH)

        assert (nothing_yet, again) == (0, 1)
        expected = {lost.aggregate_id, waiting.aggregate_id}
        assert {notice.aggregate_id for notice in await unpublished(queue, ours)} == expected

    async def test_no_more_are_published_again_than_asked_for(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """`limit` bounds how many; the next call goes on."""
        await ours.keep(events=[a_low_stock() for _ in range(5)])
        await publish(backend, await unpublished(queue, ours), at=_LONG_AGO)

        counts = [await queue.publish_again(before=_LONG_AGO + _MINUTE, limit=2) for _ in range(4)]

        assert counts == [2, 2, 1, 0]

    async def test_what_nobody_was_told_of_is_found_published_or_not(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """`not_fanned_out` has both, in the order committed, until somebody was told."""
        await ours.keep(events=[a_low_stock() for _ in range(3)])
        notices = await unpublished(queue, ours)
        await publish(backend, notices[:1])

        before = await not_fanned_out(queue, ours)
        await tell(backend, notices[:2])
        after = await not_fanned_out(queue, ours)
        everybodys = await queue.not_fanned_out(limit=_ENOUGH)

        assert before == notices
        assert after == notices[2:]
        assert [notice.seq for notice in everybodys] == sorted(notice.seq for notice in everybodys)
        assert len(await queue.not_fanned_out(limit=1)) == 1

    async def test_backlogs_count_what_waits(self, backend: Backend, queue: OutboxQueue, ours: Tenant) -> None:
        """`backlog` counts the unpublished and `unfanned` those nobody was told of, and says since when."""
        before, unfanned_before = await queue.backlog(), await queue.unfanned()
        await ours.keep(events=[a_low_stock(at=_LONG_AGO + number * _MINUTE) for number in range(3)])
        notices = await unpublished(queue, ours)
        await publish(backend, notices[:1])
        await tell(backend, notices[:1])
        await publish(backend, notices[1:2])

        waiting, unfanned = await queue.backlog(), await queue.unfanned()

        assert (waiting.waiting - before.waiting, unfanned.waiting - unfanned_before.waiting) == (1, 2)
        assert waiting.oldest_at is not None
        assert waiting.oldest_at <= _LONG_AGO + 2 * _MINUTE
        assert unfanned.oldest_at is not None
        assert unfanned.oldest_at <= _LONG_AGO + _MINUTE
        # Nothing of it is left for the laws that come after this one.
        await publish(backend, notices)
        await tell(backend, notices[1:])

    async def test_what_everybody_was_told_of_is_removed_in_the_end(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """`purge` removes what was told before then, up to `limit`, and nothing that still waits or was told later."""
        await ours.keep(events=[a_low_stock() for _ in range(5)])
        notices = await unpublished(queue, ours)
        await publish(backend, notices[:4])
        await tell(backend, notices[:3], at=_LONG_AGO)
        await tell(backend, notices[3:4], at=_LONG_AGO + _MINUTE)

        counted = await queue.purge(before=_LONG_AGO + _MINUTE, limit=_ENOUGH, dry_run=True)
        removed = [await queue.purge(before=_LONG_AGO + _MINUTE, limit=2) for _ in range(3)]

        assert counted == 3
        assert removed == [2, 1, 0]
        assert await not_fanned_out(queue, ours) == notices[4:]
        assert await queue.purge(before=_LONG_AGO + 2 * _MINUTE, limit=_ENOUGH) == 1

    async def test_what_a_dead_letter_waits_for_is_kept(
        self, backend: Backend, queue: OutboxQueue, ours: Tenant
    ) -> None:
        """A message that could not be worked off is there for as long as it may be replayed."""
        await ours.keep(events=[a_low_stock()])
        notices = await unpublished(queue, ours)
        await publish(backend, notices)
        await backend.dead_letters.add([a_dead_letter(notices[0], at=_LONG_AGO)])

        kept = await queue.purge(before=_LONG_AGO + _MINUTE, limit=_ENOUGH)
        await backend.dead_letters.replay([notices[0].event_id], at=NOON)
        await tell(backend, notices, at=_LONG_AGO)
        removed = await queue.purge(before=_LONG_AGO + _MINUTE, limit=_ENOUGH)

        assert (kept, removed) == (0, 1)


async def a_lease(backend: Backend) -> Lease:
    """Return a lease that nobody disputes."""
    lease = await backend.leases.take(f"lane:{FRESH_IDS.new()}", holder="a", at=NOON, lasts=_MINUTE)
    assert lease is not None
    return lease


async def publish(backend: Backend, notices: Sequence[Notice], *, at: datetime = NOON) -> bool:
    """Mark the notices as published then."""
    return await backend.outbox_queue.mark_published(notices, leases=[await a_lease(backend)], at=at)


async def tell(backend: Backend, notices: Sequence[Notice], *, at: datetime = NOON) -> None:
    """Put the messages before everybody, of whom there is nobody."""
    told = await backend.fan_out.tell(notices, followers={}, at=at)
    assert told == len(notices)


async def unpublished(
    queue: OutboxQueue, tenant: Tenant, *, lanes: Collection[int] = _EVERY_LANE
) -> tuple[Notice, ...]:
    """Return what the organization has that is not published."""
    found = await queue.unpublished(lanes=lanes, limit=_ENOUGH)
    return tuple(notice for notice in found if notice.org_id == tenant.id)


async def not_fanned_out(queue: OutboxQueue, tenant: Tenant) -> tuple[Notice, ...]:
    """Return what the organization has that nobody was told of."""
    found = await queue.not_fanned_out(limit=_ENOUGH)
    return tuple(notice for notice in found if notice.org_id == tenant.id)
