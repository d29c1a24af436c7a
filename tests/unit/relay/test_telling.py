"""From the streams to whoever follows: everybody once, whatever fails on the way."""

from datetime import timedelta

import pytest
from tests.unit.relay.conftest import Relay

from amss_domain.relay.model import DELIVERIES, GROUP, INBOX, OUTBOX
from amss_domain.relay.use_cases.dead_letters import ListDeadLetters, ReplayDeadLetters
from amss_domain.relay.use_cases.publish_outbox import PublishOutbox
from amss_domain.relay.use_cases.tell_followers import TellFollowers
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.faults import FailsOnCall

AT_ONCE = timedelta(0)
IDLE = timedelta(seconds=8)


async def test_followers_are_told_and_woken(relay: Relay) -> None:
    """What is in the streams is before its followers, settled, and those who work it off are woken."""
    events = await relay.happen(3)
    await relay.publisher()()
    for topic in (DELIVERIES, INBOX):
        await relay.waking.awoken(topic, wait=AT_ONCE)

    settled = await relay.teller()()

    assert settled == 3
    assert await relay.told() == list(events)
    assert await relay.streams.lag(group=GROUP) == 0
    assert await relay.untold() == ()
    assert [await relay.waking.awoken(topic, wait=AT_ONCE) for topic in (DELIVERIES, INBOX)] == [True, True]
    assert await relay.teller()() == 0


async def test_what_comes_twice_is_told_once(relay: Relay) -> None:
    """An event that is in its stream several times, in one batch or in two, is told once and settled each time."""
    events = await relay.happen(2)
    notices = await relay.untold()
    await relay.streams.publish([*notices, *notices])
    first = await relay.teller()()
    await relay.streams.publish(notices)

    second = await relay.teller()()

    assert (first, second) == (4, 2)
    assert await relay.told() == list(events)
    assert await relay.streams.lag(group=GROUP) == 0


async def test_one_that_is_bad_keeps_no_other_back(relay: Relay) -> None:
    """When a batch fails each is tried alone: the good ones are told, the bad one waits to be tried again."""
    events = await relay.happen(5)
    relay.poison.add(events[2])
    await relay.publisher()()

    settled = await relay.teller()()

    assert settled == 4
    assert await relay.told() == [*events[:2], *events[3:]]
    assert await relay.streams.lag(group=GROUP) == 1
    assert await ListDeadLetters(dead_letters=relay.backend.dead_letters)() == ()


async def test_what_fails_five_times_becomes_a_dead_letter(relay: Relay) -> None:
    """It is tried again when it was left alone for a while; after the fifth time it is set aside with the reason."""
    (event,) = await relay.happen()
    relay.poison.add(event)
    await relay.publisher()()
    teller, letters = relay.teller(), ListDeadLetters(dead_letters=relay.backend.dead_letters)

    settled, kept = [], []
    for _ in range(6):
        settled.append(await teller())
        kept.append(len(await letters()))
        relay.clock.advance(IDLE)

    (letter,) = await letters()
    assert settled == [0, 0, 0, 0, 1, 0]
    assert kept == [0, 0, 0, 0, 1, 1]
    assert (letter.notice.event_id, letter.times) == (event, 5)
    assert letter.reason == "ValueError: no such thing"
    assert await relay.streams.lag(group=GROUP) == 0
    assert await relay.untold() == ()


@pytest.mark.parametrize("straight", [False, True])
async def test_a_dead_letter_can_be_replayed(relay: Relay, *, straight: bool) -> None:
    """When the cause is gone, what was set aside goes its way again, and is told once."""
    events = await relay.happen(2)
    relay.poison.add(events[0])
    failing = relay.straight()
    for _ in range(5):
        await failing()
        relay.clock.advance(IDLE)
    replay = ReplayDeadLetters(dead_letters=relay.backend.dead_letters, waking=relay.waking, clock=relay.clock)
    relay.poison.clear()

    replayed = await replay(events)
    woken = await relay.waking.awoken(OUTBOX, wait=AT_ONCE)
    if straight:
        await relay.straight()()
    await relay.publisher()()
    await relay.teller()()

    assert (replayed, woken) == (1, True)
    assert sorted(await relay.told()) == sorted(events)
    assert await ListDeadLetters(dead_letters=relay.backend.dead_letters)() == ()


async def test_an_absent_database_makes_no_dead_letters(relay: Relay) -> None:
    """While nothing can be told the entries stay, however often they were tried, and are told when it is back."""
    events = await relay.happen(2)
    await relay.publisher()()
    for _ in range(10):
        with pytest.raises(Unavailable):
            await relay.teller(telling=relay.telling(FailsOnCall(1).around(relay.backend.fan_out)))()
        relay.clock.advance(IDLE)

    settled = await relay.teller()()

    assert settled == 2
    assert await relay.told() == list(events)
    assert await ListDeadLetters(dead_letters=relay.backend.dead_letters)() == ()


async def test_what_a_killed_reader_left_is_taken_over(relay: Relay) -> None:
    """Entries that somebody was given and never settled are told by another after a while."""
    events = await relay.happen(2)
    await relay.publisher()()
    await relay.streams.read(group=GROUP, reader="killed", limit=10, wait=AT_ONCE)

    at_once = await relay.teller("other")()
    relay.clock.advance(IDLE)
    later = await relay.teller("other")()

    assert (at_once, later) == (0, 2)
    assert await relay.told() == list(events)


async def test_without_streams_the_outbox_itself_is_worked_off(relay: Relay) -> None:
    """While Redis is away followers are told straight, and not again when it is back."""
    events = await relay.happen(3)

    settled = await relay.straight()()
    again = await relay.straight()()
    published = await relay.publisher()()
    await relay.teller()()

    assert (settled, again, published) == (3, 0, 3)
    assert await relay.told() == list(events)


async def test_straight_too_bad_ones_are_set_aside(relay: Relay) -> None:
    """What comes after is told at once; the bad one is tried again later, and set aside after the fifth time."""
    events = await relay.happen(3)
    relay.poison.add(events[0])
    straight, letters = relay.straight(), ListDeadLetters(dead_letters=relay.backend.dead_letters)

    settled = []
    for _ in range(6):
        settled.append(await straight())
        assert (len(await letters()), await straight()) == (int(len(settled) >= 5), 0)
        relay.clock.advance(IDLE)

    (letter,) = await letters(org_id=relay.ours.id)
    assert settled == [2, 0, 0, 0, 1, 0]
    assert (letter.notice.event_id, letter.times) == (events[0], 5)
    assert await relay.told() == list(events[1:])
    assert await relay.straight()() == 0


async def test_one_at_a_time_goes_straight(relay: Relay) -> None:
    """Who finds another at it leaves it alone, until that one is gone."""
    await relay.straight("first")()
    await relay.happen()

    others = await relay.straight("second")()
    relay.clock.advance(timedelta(seconds=10))
    later = await relay.straight("second")()

    assert (others, later) == (0, 1)


async def test_what_redis_lost_is_published_again(relay: Relay) -> None:
    """After everything in the streams was lost, what nobody was told of is told, and nothing else a second time."""
    events = await relay.happen(3)
    publisher, teller = relay.publisher(), relay.teller()
    await publisher()
    await teller()
    lost = await relay.happen(2)
    await publisher()
    relay.streams.lose_everything()

    too_early = await relay.reconcile()()
    relay.clock.advance(timedelta(seconds=31))
    again = await relay.reconcile()()
    published = await publisher()
    await teller()

    assert (too_early, again, published) == (0, 2, 2)
    assert await relay.told() == [*events, *lost]
    assert await relay.waking.awoken(OUTBOX, wait=AT_ONCE)


async def test_what_is_only_slow_is_not_published_again(relay: Relay) -> None:
    """While all that is missing is still in the streams, read or not, nothing is put into them a second time."""
    await relay.happen(3)
    await relay.publisher()()
    await relay.streams.read(group=GROUP, reader="slow", limit=1, wait=AT_ONCE)
    waiting = await relay.happen(2)
    relay.clock.advance(timedelta(hours=1))

    assert await relay.reconcile()() == 0
    assert len(waiting) == 2


@pytest.mark.parametrize("redis_is_lost", [False, True])
async def test_wherever_it_breaks_everybody_is_told_once(relay: Relay, *, redis_is_lost: bool) -> None:
    """Whichever call of the relay fails, and if Redis is lost then, in the end each event was told exactly once."""
    broken_at = 0
    while True:
        broken_at += 1
        events = await relay.happen(2)
        faults = FailsOnCall(broken_at)
        await a_run(relay, faults, holder=f"dies at {broken_at}")
        if redis_is_lost:
            relay.streams.lose_everything()
        relay.clock.advance(timedelta(minutes=1))
        sound = FailsOnCall(0)
        await a_run(relay, sound, holder=f"sound {broken_at}")
        relay.clock.advance(timedelta(minutes=1))
        await relay.reconcile()()
        await a_run(relay, sound, holder=f"sound {broken_at}")

        assert (await relay.told())[-2:] == list(events)
        if faults.calls < broken_at:
            break

    told = await relay.told()
    assert len(told) == len(set(told)) == 2 * broken_at
    assert broken_at > 8


async def a_run(relay: Relay, faults: FailsOnCall, *, holder: str) -> None:
    """Publish and tell until there is nothing more, or a call fails."""
    streams, outbox = faults.around(relay.streams), faults.around(relay.backend.outbox_queue)
    publisher: PublishOutbox = relay.publisher(holder, streams=streams, outbox=outbox)
    telling = relay.telling(faults.around(relay.backend.fan_out))
    teller: TellFollowers = relay.teller(holder, streams=streams, telling=telling)
    try:
        while await publisher() or await teller():
            pass
    except Unavailable:
        return
    await publisher.lanes.let_go()
