"""The laws of streams of notices."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from amss_domain.relay.model import Notice, StreamEntry
from amss_domain.relay.ports import EventStreams
from amss_domain.testing.contracts.contract import assert_waits, ending, meanwhile
from amss_domain.testing.relay_builders import a_notice
from amss_domain.testing.stand_ins import NOON

AT_ONCE = timedelta(0)
_LONG = timedelta(hours=1)
_PATIENT = timedelta(seconds=10)


class StreamsContract:
    """Laws that all streams keep; a subclass gives the fixture `streams`, which are empty and nobody else's."""

    pytestmark: ClassVar[pytest.MarkDecorator] = pytest.mark.asyncio

    async def test_what_is_published_is_read_as_it_was(self, streams: EventStreams) -> None:
        """Each notice comes out of the stream of its noun as it went in."""
        notices = [
            a_notice("task.completed", version=3, seq=2**40),
            a_notice("aircraft.usage_recorded", at=NOON + timedelta(microseconds=1)),
        ]
        await streams.publish(notices)

        entries = await read(streams)

        assert {entry.notice.event_id: entry.notice for entry in entries} == {one.event_id: one for one in notices}
        assert {entry.stream for entry in entries} == {"events:tasks", "events:aircraft"}
        assert {entry.times for entry in entries} == {1}
        assert len({(entry.stream, entry.id) for entry in entries}) == 2

    async def test_a_stream_keeps_its_order(self, streams: EventStreams) -> None:
        """Entries of a stream come in the order published, across calls and reads, up to `limit` at a time."""
        notices = [a_notice(seq=number) for number in range(7)]
        await streams.publish(notices[:3])
        await streams.publish(notices[3:])

        found = [await read(streams, limit=3) for _ in range(4)]

        assert [len(entries) for entries in found] == [3, 3, 1, 0]
        assert [entry.notice for entries in found for entry in entries] == notices

    async def test_no_more_are_read_than_asked_for(self, streams: EventStreams) -> None:
        """`limit` bounds what comes out of all streams together, and all of it comes in the end."""
        notices = [a_notice(f"{noun}.created", seq=seq) for noun in ("task", "part", "user") for seq in range(5)]
        await streams.publish(notices)

        found = [await read(streams, limit=4) for _ in range(15)]

        assert all(len(entries) <= 4 for entries in found)
        assert sorted(notices_of([entry for entries in found for entry in entries])) == sorted(notices_of(notices))

    async def test_each_entry_goes_to_one_reader(self, streams: EventStreams) -> None:
        """Readers of a group share what there is, however many read at once."""
        notices = [a_notice(seq=number) for number in range(40)]
        await streams.publish(notices)

        found = await ending(asyncio.gather(*(read(streams, reader=f"reader {n}", limit=10) for n in range(8))))

        entries = [entry.notice.seq for some in found for entry in some]
        assert sorted(entries) == list(range(40))

    async def test_each_group_gets_everything(self, streams: EventStreams) -> None:
        """A group that is new reads from the beginning, whatever others have read and acknowledged."""
        await streams.publish([a_notice(seq=1), a_notice(seq=2)])
        await streams.acknowledge(await read(streams), group="amss")

        entries = await read(streams, group="others")

        assert [entry.notice.seq for entry in entries] == [1, 2]
        assert await read(streams) == ()

    async def test_reading_waits_for_the_first(self, streams: EventStreams) -> None:
        """Who reads while there is nothing waits, and gets what is published then."""
        reading = streams.read(group="amss", reader="a", limit=10, wait=_PATIENT)
        notice = a_notice()

        async with meanwhile(reading) as task:
            await assert_waits(task)
            await streams.publish([notice])

            assert [entry.notice for entry in await ending(task)] == [notice]

    async def test_reading_ends_after_its_wait(self, streams: EventStreams) -> None:
        """When nothing comes, nothing is returned."""
        assert await ending(streams.read(group="amss", reader="a", limit=10, wait=timedelta(milliseconds=20))) == ()
        assert await read(streams) == ()

    async def test_what_was_read_is_not_read_again(self, streams: EventStreams) -> None:
        """An entry that is not acknowledged waits to be taken over, and is in nobody's next read."""
        await streams.publish([a_notice()])
        await read(streams)

        assert await read(streams) == ()
        assert await read(streams, reader="b") == ()

    async def test_what_is_idle_is_taken_over(self, streams: EventStreams) -> None:
        """Who asks gets what was given to somebody and not acknowledged for so long, and how often that was."""
        await streams.publish([a_notice(seq=1), a_notice("part.created", seq=2), a_notice(seq=3)])
        entries = await read(streams, reader="dead")

        too_early = await take_over(streams, idle=_LONG)
        second = await take_over(streams)
        third = await take_over(streams, reader="c")

        assert too_early == ()
        assert places(second) == places(third) == places(entries)
        assert {entry.times for entry in second} == {2}
        assert {entry.times for entry in third} == {3}
        assert sorted(notices_of(second)) == sorted(notices_of(third)) == sorted(notices_of(entries))

    async def test_no_more_is_taken_over_than_asked_for(self, streams: EventStreams) -> None:
        """`limit` bounds it over all streams, and those idle longest come first within each."""
        await streams.publish([a_notice(f"{noun}.created", seq=seq) for noun in ("task", "part") for seq in range(3)])
        entries = await read(streams)

        taken = await take_over(streams, limit=4)

        assert len(taken) == 4
        assert places(taken) <= places(entries)

    async def test_what_is_acknowledged_is_settled(self, streams: EventStreams) -> None:
        """It is neither read nor taken over again; doing it again, or for what is not there, changes nothing."""
        await streams.publish([a_notice(seq=1), a_notice(seq=2)])
        entries = await read(streams)

        await streams.acknowledge(entries[:1], group="amss")
        await streams.acknowledge(entries[:1], group="amss")
        await streams.acknowledge([], group="amss")

        assert [entry.notice.seq for entry in await take_over(streams)] == [2]

    async def test_whoever_took_over_settles_it(self, streams: EventStreams) -> None:
        """An entry is acknowledged by whoever worked it off, given to whom it may be."""
        await streams.publish([a_notice()])
        await read(streams, reader="slow")
        taken = await take_over(streams, reader="b")

        await streams.acknowledge(taken, group="amss")

        assert await take_over(streams, reader="slow") == ()

    async def test_trimming_removes_what_all_have_acknowledged(self, streams: EventStreams) -> None:
        """What some group has still to read or to acknowledge stays, and all before the first of that goes."""
        notices = [a_notice(seq=number) for number in range(5)]
        await streams.publish(notices)
        ours = await read(streams)
        await read(streams, group="others", limit=2)

        await streams.acknowledge([ours[0], *ours[2:]], group="amss")
        nothing = await streams.trim()
        await streams.acknowledge(await take_over(streams, group="others"), group="others")
        one = await streams.trim()
        await streams.acknowledge(await take_over(streams), group="amss")
        another = await streams.trim()

        assert (nothing, one, another) == (0, 1, 1)
        assert [entry.notice.seq for entry in await read(streams, group="others")] == [2, 3, 4]

    async def test_trimming_leaves_what_nobody_has_read(self, streams: EventStreams) -> None:
        """A stream without readers keeps everything."""
        await streams.publish([a_notice(seq=1), a_notice(seq=2)])

        assert await streams.trim() == 0
        assert [entry.notice.seq for entry in await read(streams)] == [1, 2]

    async def test_the_lag_counts_what_is_not_acknowledged(self, streams: EventStreams) -> None:
        """What was not read counts, and what was read and not acknowledged, of all streams."""
        await streams.publish([a_notice(seq=number) for number in range(4)])
        await streams.publish([a_notice("part.created")])
        unread = await streams.lag(group="amss")
        entries = await read(streams, limit=100)
        given = await streams.lag(group="amss")

        await streams.acknowledge(entries[:3], group="amss")
        await streams.trim()

        assert (unread, given) == (5, 5)
        assert await streams.lag(group="amss") == 2


async def read(
    streams: EventStreams, *, group: str = "amss", reader: str = "a", limit: int = 100
) -> tuple[StreamEntry, ...]:
    """Read what there is."""
    return await ending(streams.read(group=group, reader=reader, limit=limit, wait=AT_ONCE))


async def take_over(
    streams: EventStreams, *, group: str = "amss", reader: str = "b", idle: timedelta = AT_ONCE, limit: int = 100
) -> tuple[StreamEntry, ...]:
    """Take over what is idle for so long."""
    return await ending(streams.take_over(group=group, reader=reader, idle=idle, limit=limit))


def notices_of(found: Sequence[StreamEntry | Notice]) -> list[tuple[str, int]]:
    """Return types and numbers, in order."""
    notices = [one.notice if isinstance(one, StreamEntry) else one for one in found]
    return [(notice.event_type, notice.seq) for notice in notices]


def places(entries: Sequence[StreamEntry]) -> set[tuple[str, str]]:
    """Return where the entries stand."""
    return {(entry.stream, entry.id) for entry in entries}
