"""Waking through Redis: quick, sparing, and never in the way."""

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from amss_adapters.embedded import EmbeddedValkey, RunningValkey
from amss_adapters.redis import RedisWaking, connect

SOON = timedelta(milliseconds=50)
PATIENT = timedelta(seconds=20)


class Valkey(Protocol):
    """A running server."""

    @property
    def address(self) -> str: ...


@pytest.fixture
def channel() -> str:
    """A channel of this test alone."""
    return f"wake:{uuid4()}"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningValkey]:
    """A server to do with as one likes."""
    with EmbeddedValkey(tmp_path / "home") as running:
        yield running


async def test_calls_close_together_travel_as_one(client: Redis, channel: str) -> None:
    """Hundreds of calls within some milliseconds are a handful of messages, of which the last comes after all calls."""
    async with client.pubsub() as pubsub, RedisWaking(client, name="api", channel=channel) as waking:
        await pubsub.subscribe(channel)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        calls = 0
        while loop.time() < begin + 0.1:
            waking.wake("outbox")
            calls += 1
            await asyncio.sleep(0)
        took = loop.time() - begin

        heard = []
        while (message := await pubsub.get_message(timeout=0.5)) is not None:
            if message["type"] == "message":
                heard.append(message["data"])

    assert calls > 100
    assert set(heard) == {b"api outbox"}
    assert 1 <= len(heard) <= took / 0.005 + 2


async def test_a_process_that_calls_itself_wakes_at_once_and_once(client: Redis, channel: str) -> None:
    """It needs nobody else for that, and does not hear itself a second time."""
    async with RedisWaking(client, name="worker", channel=channel, patience_s=10.0) as waking:
        await waking.listen()
        waking.wake("outbox")

        first = await waking.awoken("outbox", wait=timedelta(0))
        second = await waking.awoken("outbox", wait=SOON)

    assert (first, second) == (True, False)


async def test_without_a_server_waiting_ends_by_itself(tmp_path: Path) -> None:
    """Nothing is raised where nothing listens: who calls goes on, who waits looks again after its wait."""
    async with connect(str(tmp_path / "nobody.sock")) as client, RedisWaking(client, pause_s=0.01) as waking:
        waking.wake("outbox")

        within = await waking.awoken("outbox", wait=SOON)
        after = await waking.awoken("outbox", wait=SOON)

        assert (within, after, waking.hears) == (True, False, False)


def test_without_an_event_loop_nobody_is_woken(tmp_path: Path) -> None:
    """A call from where nothing is asynchronous does no harm."""
    waking = RedisWaking(connect(str(tmp_path / "nobody.sock")))

    waking.wake("outbox")

    assert not waking.hears


async def test_a_lost_connection_is_made_again(own_server: RunningValkey) -> None:
    """kill -9: nothing is raised; when the server is back, who waits looks once and is woken by others again."""
    async with (
        connect(own_server.address) as client,
        connect(own_server.address) as other,
        RedisWaking(client, patience_s=5.0, pause_s=0.05) as sleeper,
        RedisWaking(other, patience_s=5.0) as caller,
    ):
        assert await sleeper.listen()
        await sleeper.awoken("outbox", wait=timedelta(0))
        pid = int((await client.info("server"))["process_id"])
        os.kill(pid, signal.SIGKILL)
        caller.wake("outbox")

        # What was called for while it was deaf it cannot know.
        assert await sleeper.awoken("outbox", wait=PATIENT)
        async with asyncio.timeout(20):
            while not sleeper.hears:
                await asyncio.sleep(0.01)
        await sleeper.awoken("outbox", wait=timedelta(0))
        caller.wake("outbox")
        assert await sleeper.awoken("outbox", wait=PATIENT)


async def test_it_leaves_nothing_behind(valkey: Valkey, channel: str) -> None:
    """When it is closed it listens no more, on any connection."""
    async with connect(valkey.address) as client, connect(valkey.address) as other:
        async with RedisWaking(client, channel=channel, patience_s=10.0) as waking:
            await waking.listen()
            during = await other.pubsub_numsub(channel)
        async with asyncio.timeout(10):
            while (after := await other.pubsub_numsub(channel)) != [(channel.encode(), 0)]:
                await asyncio.sleep(0.01)

    assert during == [(channel.encode(), 1)]
    assert after == [(channel.encode(), 0)]


async def test_what_nobody_can_read_deafens_nobody(client: Redis, channel: str) -> None:
    """Bytes that are no text, from whoever else publishes there, are heard as nothing in particular."""
    async with RedisWaking(client, channel=channel) as waking:
        assert await waking.listen()
        await client.publish(channel, b"\xff\xfe \xff")
        await client.publish(channel, "api outbox")

        assert await waking.awoken("outbox", wait=PATIENT)
        assert waking.hears
