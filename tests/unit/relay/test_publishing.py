"""From the outbox into the streams: everything once, in order, by whoever holds the lane."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.unit.relay.conftest import Relay

from amss_adapters.memory.streams import MemoryStreams
from amss_domain.relay.model import LANES, Notice, StreamEntry
from amss_domain.relay.use_cases.lanes import Lanes
from amss_domain.relay.use_cases.publish_outbox import PublishOutbox
from amss_domain.relay.use_cases.trim_streams import TrimStreams
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.faults import FailsOnCall
from amss_domain.testing.stand_ins import FRESH_IDS

TURN = timedelta(seconds=3)


async def in_streams(relay: Relay) -> list[Notice]:
    """Return what the streams hold that nobody has read."""
    entries: tuple[StreamEntry, ...] = await relay.streams.read(
        group="looking on", reader="a", limit=100_000, wait=timedelta(0)
    )
    return [entry.notice for entry in entries]


async def test_everything_is_published_once_in_order(relay: Relay) -> None:
    """What was committed goes into its stream in batches, those of one object in the order recorded."""
    await in_streams(relay)
    part_ids = [FRESH_IDS.new() for _ in range(40)]
    for version in range(1, 31):
        await relay.ours.keep(events=[a_low_stock(part_id, version=version) for part_id in part_ids])
    publisher = relay.publisher()

    counts = [await publisher() for _ in range(4)]

    published = await in_streams(relay)
    assert counts == [500, 500, 200, 0]
    assert len({notice.event_id for notice in published}) == len(published) == 1200
    for part_id in part_ids:
        assert [one.version for one in published if one.aggregate_id == part_id] == list(range(1, 31))


async def test_nothing_to_publish_costs_one_look(relay: Relay) -> None:
    """While the lanes are held, an idle publisher writes nothing anywhere."""
    faults = FailsOnCall(0)
    lanes = Lanes(faults.around(relay.backend.leases), holder="a")
    publisher = PublishOutbox(
        outbox=faults.around(relay.backend.outbox_queue),
        streams=faults.around(relay.streams),
        lanes=lanes,
        clock=relay.clock,
    )
    await publisher()
    before = faults.calls

    await publisher()

    assert faults.calls == before + 1


@pytest.mark.parametrize("publishers", [1, 2, 3, 5, LANES, LANES + 4])
async def test_lanes_are_shared_out_evenly(relay: Relay, publishers: int) -> None:
    """However many publish, soon each lane is one's, and nobody has more than a fair share; the rest is in reserve."""
    everybody = [relay.lanes(f"holder {number}") for number in range(publishers)]
    held: list[tuple[int, ...]] = []
    for _ in range(3):
        held = [await lanes.held(at=relay.clock.now()) for lanes in everybody]
        relay.clock.advance(TURN)

    share = -(-LANES // min(publishers, LANES))
    assert sorted(lane for lanes in held for lane in lanes) == list(range(LANES))
    assert max(len(lanes) for lanes in held) <= share


async def test_lanes_of_who_is_gone_pass_on(relay: Relay) -> None:
    """The lanes of a publisher that was killed are others' after the lease, those of one that left at once."""
    stays, leaves, dies = (relay.lanes(name) for name in ("stays", "leaves", "dies"))
    for _ in range(3):
        for lanes in (stays, leaves, dies):
            await lanes.held(at=relay.clock.now())
        relay.clock.advance(TURN)

    await leaves.let_go()
    after_leaving = await stays.held(at=relay.clock.now())
    relay.clock.advance(TURN)
    await stays.held(at=relay.clock.now())
    relay.clock.advance(TURN)
    after_dying = await stays.held(at=relay.clock.now())

    assert len(after_leaving) == LANES // 2
    assert len(after_dying) == LANES


async def test_who_was_away_too_long_marks_nothing(relay: Relay) -> None:
    """A publisher that stood still while another took its lanes over does no harm when it goes on."""
    slow, other = relay.publisher("slow"), relay.publisher("other")
    await slow.lanes.held(at=relay.clock.now())
    events = await relay.happen(3)

    class StandsStill(MemoryStreams):
        async def publish(self, notices: Sequence[Notice], /) -> None:
            relay.clock.advance(timedelta(minutes=1))
            await other()
            # It held none at first; it looks again when the leases of the slow one have run out.
            relay.clock.advance(timedelta(minutes=1))
            await other.lanes.held(at=relay.clock.now())
            await super().publish(notices)

    slow = PublishOutbox(
        outbox=slow.outbox, streams=StandsStill(clock=relay.clock), lanes=slow.lanes, clock=relay.clock
    )
    await in_streams(relay)

    marked_by_slow = await slow()

    assert marked_by_slow == 0
    assert {notice.event_id for notice in await in_streams(relay)} == set(events)


async def test_without_streams_others_may_try(relay: Relay) -> None:
    """A publisher that does not reach the streams says so and gives up its lanes; nothing is marked."""
    events = await relay.happen(2)
    cut_off = relay.publisher("cut off", streams=FailsOnCall(1).around(relay.streams))
    other = relay.publisher("other")

    with pytest.raises(Unavailable):
        await cut_off()
    published = await other()

    assert published == len(events)


async def test_a_crash_between_publishing_and_marking_repeats(relay: Relay) -> None:
    """What was published and not marked is published again, under the same ids, and nothing is missing."""
    await in_streams(relay)
    events = await relay.happen(3)
    dying = PublishOutbox(
        outbox=FailsOnCall(2).around(relay.backend.outbox_queue),
        streams=relay.streams,
        lanes=relay.lanes("dying"),
        clock=relay.clock,
    )
    with pytest.raises(Unavailable):
        await dying()
    relay.clock.advance(timedelta(minutes=1))

    published = await relay.publisher("other")()

    assert published == 3
    assert [notice.event_id for notice in await in_streams(relay)] == [*events, *events]


async def test_trimming_leaves_what_is_not_worked_off(relay: Relay) -> None:
    """Streams are cut behind what every group has acknowledged."""
    await relay.happen(3)
    await relay.publisher()()
    entries = await relay.streams.read(group="amss", reader="a", limit=100, wait=timedelta(0))
    await relay.streams.acknowledge(entries[:1], group="amss")
    # Each new organization had an event of its own, which is worked off.
    before = await TrimStreams(streams=relay.streams)()

    await relay.streams.acknowledge(entries[1:], group="amss")
    after = await TrimStreams(streams=relay.streams)()

    assert before >= 1
    assert after == 2
