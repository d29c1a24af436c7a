"""Streams in Redis: what may be lost is found again, and what is away is said to be away soon."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from amss_adapters.embedded import EmbeddedValkey, RunningValkey
from amss_adapters.redis import RedisStreams, connect
from amss_adapters.redis.connection import url_of
from amss_domain.relay.model import StreamEntry
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.relay_builders import a_notice

AT_ONCE = timedelta(0)
PATIENT = timedelta(seconds=10)


class Valkey(Protocol):
    """A running server."""

    @property
    def address(self) -> str: ...


@pytest.fixture
def prefix() -> str:
    """Where the streams of this test alone lie."""
    return f"{uuid4()}:"


@pytest.fixture
async def streams(client: Redis, prefix: str) -> RedisStreams:
    """Streams on the server that all tests share."""
    return RedisStreams(client, prefix=prefix, patience_s=10.0)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningValkey]:
    """A server to do with as one likes."""
    with EmbeddedValkey(tmp_path / "home") as running:
        yield running


@pytest.fixture
async def own_client(own_server: RunningValkey) -> AsyncIterator[Redis]:
    """A client of that server."""
    async with connect(own_server.address) as client:
        yield client


async def read(
    streams: RedisStreams, *, reader: str = "a", limit: int = 100, wait: timedelta = AT_ONCE
) -> tuple[StreamEntry, ...]:
    """Read what there is."""
    return await streams.read(group="amss", reader=reader, limit=limit, wait=wait)


async def forget(client: Redis, prefix: str) -> None:
    """Lose all streams, as a server does that is started without its data."""
    keys = [key async for key in client.scan_iter(f"{prefix}*")]
    await client.delete(*keys)


async def test_entries_lie_where_they_are_looked_for_and_can_be_read(
    client: Redis, prefix: str, streams: RedisStreams
) -> None:
    """A stream has the name of its noun, the set of their names is kept, and an entry says what it is about."""
    notice = a_notice("task.completed", version=3, seq=17)
    await streams.publish([notice])

    entries = await client.xrange(f"{prefix}events:tasks") or []
    ((_, fields),) = entries

    assert await client.smembers(f"{prefix}amss:streams") == {b"events:tasks"}
    said = f"task.completed {notice.aggregate_id} 3 {notice.org_id} {notice.event_id} 17 2026-03-02T12:00:00+00:00"
    assert fields == {b"notice": said.encode()}


async def test_after_losing_everything_it_goes_on(client: Redis, prefix: str, streams: RedisStreams) -> None:
    """What was lost is gone; whatever is done then works, and what is published then is read from the beginning."""
    await streams.publish([a_notice(seq=1)])
    entries = await read(streams)
    await forget(client, prefix)

    await streams.acknowledge(entries, group="amss")
    after = (
        await streams.take_over(group="amss", reader="b", idle=AT_ONCE, limit=10),
        await read(streams),
        await streams.trim(),
        await streams.lag(group="amss"),
    )
    await streams.publish([a_notice(seq=2)])

    assert after == ((), (), 0, 0)
    assert [entry.notice.seq for entry in await read(streams)] == [2]


async def test_a_stream_may_be_lost_without_its_name(client: Redis, prefix: str, streams: RedisStreams) -> None:
    """A name whose stream or group is gone stops nothing, and the stream is read when it is there again."""
    await streams.publish([a_notice(seq=1), a_notice("part.created", seq=2)])
    await read(streams)
    await client.delete(f"{prefix}events:tasks")
    await client.xgroup_destroy(f"{prefix}events:parts", "amss")

    taken = await streams.take_over(group="amss", reader="b", idle=AT_ONCE, limit=10)
    trimmed, lag = await streams.trim(), await streams.lag(group="amss")
    again = await read(streams)
    await streams.publish([a_notice(seq=3)])

    assert (taken, trimmed, lag) == ((), 0, 1)
    assert [entry.notice.seq for entry in again] == [2]
    assert [entry.notice.seq for entry in await read(streams)] == [3]


async def test_who_waits_when_all_is_lost_goes_on_waiting(client: Redis, prefix: str, streams: RedisStreams) -> None:
    """A reader that hangs on streams while they are lost gets what is published afterwards."""
    await streams.publish([a_notice(seq=1)])
    await read(streams)
    waiting = asyncio.ensure_future(read(streams, wait=PATIENT))
    await asyncio.sleep(0.05)

    await forget(client, prefix)
    await asyncio.sleep(0.05)
    await streams.publish([a_notice(seq=2)])

    assert [entry.notice.seq for entry in await waiting] == [2]


async def test_who_waits_for_some_streams_notices_a_new_one(streams: RedisStreams) -> None:
    """The first event of a new noun is not kept waiting until the others have something."""
    await streams.publish([a_notice(seq=1)])
    await read(streams)
    waiting = asyncio.ensure_future(read(streams, wait=PATIENT))
    await asyncio.sleep(0.05)

    begin = time.monotonic()
    await streams.publish([a_notice("part.created", seq=2)])

    assert [entry.notice.seq for entry in await waiting] == [2]
    assert time.monotonic() - begin < 5


async def test_what_is_no_notice_is_put_aside(client: Redis, prefix: str, streams: RedisStreams) -> None:
    """What somebody else wrote into a stream stops nothing, and is not in the way of trimming."""
    await streams.publish([a_notice(seq=1)])
    foreign: list[dict[Any, Any]] = [{"hello": "world"}, {"notice": "a b c d e f g"}, {"notice": b"\xff"}]
    for fields in foreign:
        await client.xadd(f"{prefix}events:tasks", fields)
    await streams.publish([a_notice(seq=2)])

    entries = await read(streams)
    await streams.acknowledge(entries, group="amss")

    assert [entry.notice.seq for entry in entries] == [1, 2]
    assert await streams.lag(group="amss") == 0
    assert await streams.trim() == 5


async def test_what_the_stream_has_lost_is_not_taken_over(client: Redis, prefix: str, streams: RedisStreams) -> None:
    """An entry that was given to somebody and deleted since is nobody's any more."""
    await streams.publish([a_notice(seq=1), a_notice(seq=2)])
    first, second = await read(streams)
    await client.xdel(f"{prefix}events:tasks", first.id)

    taken = await streams.take_over(group="amss", reader="b", idle=AT_ONCE, limit=10)
    await streams.acknowledge(taken, group="amss")

    assert [entry.id for entry in taken] == [second.id]
    assert await streams.lag(group="amss") == 0


async def test_it_speaks_either_protocol(valkey: Valkey, prefix: str) -> None:
    """Reading is the same in the third version of the protocol."""
    async with connect(f"{url_of(valkey.address)}?protocol=3") as client:
        streams = RedisStreams(client, prefix=prefix, patience_s=10.0)
        waiting = asyncio.ensure_future(read(streams, reader="b", wait=PATIENT))
        await asyncio.sleep(0.1)
        await streams.publish([a_notice(seq=1), a_notice(seq=2)])
        first = await waiting
        rest = await read(streams)
        taken = await streams.take_over(group="amss", reader="c", idle=AT_ONCE, limit=10)
        await streams.acknowledge(taken[:1], group="amss")

        assert [entry.notice.seq for entry in (*first, *rest)] == [1, 2]
        assert [entry.notice.seq for entry in taken] == [1, 2]
        assert await streams.lag(group="amss") == 1
        assert await streams.trim() == 1


async def test_readers_that_are_gone_are_forgotten(client: Redis, prefix: str) -> None:
    """Who has nothing and was not seen for long leaves no name behind; who has something is kept with it."""
    streams = RedisStreams(client, prefix=prefix, patience_s=10.0, forgets_after=timedelta(milliseconds=50))
    await streams.publish([a_notice(seq=1), a_notice(seq=2)])
    await read(streams, reader="has one", limit=1)
    await streams.acknowledge(await read(streams, reader="is done"), group="amss")
    await asyncio.sleep(0.1)
    await read(streams, reader="is here")

    await streams.trim()

    readers = await client.xinfo_consumers(f"{prefix}events:tasks", "amss")
    assert {one["name"] for one in readers} == {b"has one", b"is here"}
    assert await streams.lag(group="amss") == 1


async def test_many_readers_of_many_streams_lose_nothing(valkey: Valkey, prefix: str) -> None:
    """Readers that come and go, settle some and leave some: every entry is settled in the end, and the streams empty.

    Trimming goes on all the while and takes nothing that is still to be settled.
    """
    chosen = random.Random(7)
    nouns = ("task", "part", "user", "aircraft", "program")
    expected = {(noun, seq) for noun in nouns for seq in range(120)}
    settled: set[tuple[str, int]] = set()

    async with connect(valkey.address, max_connections=32) as client:
        streams = RedisStreams(client, prefix=prefix, patience_s=20.0)

        async def publish() -> None:
            for start in range(0, 120, 20):
                for noun in nouns:
                    await streams.publish([a_notice(f"{noun}.created", seq=seq) for seq in range(start, start + 20)])

        async def work_off(reader: str) -> None:
            while len(settled) < len(expected):
                taken = await streams.take_over(group="amss", reader=reader, idle=timedelta(milliseconds=50), limit=7)
                entries = taken or await streams.read(
                    group="amss", reader=reader, limit=13, wait=timedelta(milliseconds=20)
                )
                kept = [entry for entry in entries if chosen.random() < 0.7]
                settled.update((entry.notice.event_type.partition(".")[0], entry.notice.seq) for entry in kept)
                await streams.acknowledge(kept, group="amss")
                if chosen.random() < 0.2:
                    await streams.trim()

        async with asyncio.timeout(60):
            await asyncio.gather(publish(), *(work_off(f"reader {number}") for number in range(6)))
        left = await streams.lag(group="amss")
        await streams.acknowledge(
            await streams.take_over(group="amss", reader="last", idle=AT_ONCE, limit=1000), group="amss"
        )
        await streams.trim()

        assert settled == expected
        assert left <= len(expected)
        assert await streams.lag(group="amss") == 0
        assert sum([await client.xlen(f"{prefix}{name.decode()}") for name in await names(client, prefix)]) == 0


async def names(client: Redis, prefix: str) -> list[bytes]:
    """Return the names of the streams."""
    return [key[len(prefix) :] async for key in client.scan_iter(f"{prefix}events:*")]


async def test_nothing_listens(tmp_path: Path) -> None:
    """Whatever is asked, it is said that Redis is not available."""
    async with connect(str(tmp_path / "nobody.sock")) as client:
        streams = RedisStreams(client)
        entry = StreamEntry(stream="events:tasks", id="1-0", notice=a_notice())

        for ask in (
            streams.publish([a_notice()]),
            read(streams),
            read(streams, wait=PATIENT),
            streams.take_over(group="amss", reader="a", idle=AT_ONCE, limit=1),
            streams.acknowledge([entry], group="amss"),
            streams.trim(),
            streams.lag(group="amss"),
        ):
            with pytest.raises(Unavailable):
                await ask


async def test_a_server_that_hangs_is_not_waited_for(own_client: Redis) -> None:
    """While it is stopped each call gives up after its patience, also one that waits for entries; then it goes on."""
    streams = RedisStreams(own_client, patience_s=0.3)
    await streams.publish([a_notice(seq=1)])
    pid = int((await own_client.info("server"))["process_id"])

    os.kill(pid, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        with pytest.raises(Unavailable):
            await streams.publish([a_notice(seq=2)])
        with pytest.raises(Unavailable):
            await read(streams, wait=PATIENT)
        took = time.monotonic() - begin
    finally:
        os.kill(pid, signal.SIGCONT)

    patient = RedisStreams(own_client, patience_s=10.0)
    await patient.publish([a_notice(seq=3)])
    seqs = {entry.notice.seq for entry in await read(patient)}
    assert took < 5
    # Whether the one that was given up arrived nobody knows.
    assert seqs - {2} == {1, 3}


async def test_a_server_that_takes_no_writes_is_away(own_client: Redis) -> None:
    """What is refused, as by a replica, is reported as away, and works when it is taken again."""
    streams = RedisStreams(own_client, patience_s=10.0)
    await own_client.replicaof("127.0.0.1", "1")
    with pytest.raises(Unavailable, match="refused"):
        await streams.publish([a_notice(seq=1)])

    await own_client.replicaof("NO", "ONE")
    await streams.publish([a_notice(seq=2)])

    assert [entry.notice.seq for entry in await read(streams)] == [2]


async def test_a_reader_survives_the_death_of_the_server(own_client: Redis) -> None:
    """kill -9 while a reader waits: it is told that Redis is away, and reads on when there is a new one."""
    streams = RedisStreams(own_client, patience_s=5.0)
    await streams.publish([a_notice(seq=1)])
    await read(streams)
    pid = int((await own_client.info("server"))["process_id"])
    waiting = asyncio.ensure_future(read(streams, wait=timedelta(seconds=30)))
    await asyncio.sleep(0.1)

    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unavailable):
        await waiting

    notice, found = a_notice(seq=2), list[StreamEntry]()
    async with asyncio.timeout(20):
        while not any(entry.notice == notice for entry in found):
            try:
                await streams.publish([notice])
                found += await read(streams)
            except Unavailable:
                await asyncio.sleep(0.05)


async def test_who_is_cancelled_while_waiting_takes_no_answer_of_others(client: Redis, prefix: str) -> None:
    """A reader that is stopped leaves no connection on which a later answer would be another's."""
    streams = RedisStreams(client, prefix=prefix, patience_s=10.0)
    await streams.publish([a_notice(seq=1)])
    await read(streams)
    for _ in range(20):
        waiting = asyncio.ensure_future(read(streams, wait=PATIENT))
        await asyncio.sleep(0.002)
        waiting.cancel()
        await asyncio.wait([waiting])

    await streams.publish([a_notice(seq=2)])
    found = {
        entry.notice.seq
        for entries in (await read(streams), await streams.take_over(group="amss", reader="b", idle=AT_ONCE, limit=9))
        for entry in entries
    }

    assert found == {1, 2}
    assert await client.ping()
