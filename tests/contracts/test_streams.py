"""Streams and waking keep their laws, in memory and in Redis."""

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import uuid4

import pytest
import pytest_asyncio

from amss_adapters.memory.streams import MemoryStreams
from amss_adapters.memory.waking import MemoryWaking
from amss_adapters.redis import RedisStreams, RedisWaking, connect
from amss_domain.testing.contracts import StreamsContract, WakingContract
from amss_domain.testing.stand_ins import ManualClock


class Valkey(Protocol):
    """A running server."""

    @property
    def address(self) -> str: ...


class TestMemoryStreams(StreamsContract):
    """The laws of `EventStreams`, kept in memory."""

    @pytest.fixture
    def streams(self) -> MemoryStreams:
        """Streams of their own for every law."""
        return MemoryStreams(clock=ManualClock())


class TestRedisStreams(StreamsContract):
    """The laws of `EventStreams`, kept in Redis."""

    @pytest_asyncio.fixture
    async def streams(self, valkey: Valkey) -> AsyncIterator[RedisStreams]:
        """Streams of their own for every law, on the server that all share."""
        async with connect(valkey.address, max_connections=16) as client:
            yield RedisStreams(client, prefix=f"{uuid4()}:", patience_s=10.0)


class TestMemoryWaking(WakingContract):
    """The laws of `Waking`, kept within one process."""

    @pytest.fixture
    def sleeper(self) -> MemoryWaking:
        """Who waits."""
        return MemoryWaking()

    @pytest.fixture
    def caller(self, sleeper: MemoryWaking) -> MemoryWaking:
        """Who calls, in the same process."""
        return sleeper


class TestRedisWaking(WakingContract):
    """The laws of `Waking`, kept between two processes."""

    @pytest.fixture
    def channel(self) -> str:
        """A channel of this law alone."""
        return f"wake:{uuid4()}"

    @pytest_asyncio.fixture
    async def sleeper(self, valkey: Valkey, channel: str) -> AsyncIterator[RedisWaking]:
        """Who waits, as a process of its own does."""
        async with connect(valkey.address) as client, RedisWaking(client, channel=channel, patience_s=10.0) as waking:
            await waking.listen()
            yield waking

    @pytest_asyncio.fixture
    async def caller(self, valkey: Valkey, channel: str) -> AsyncIterator[RedisWaking]:
        """Who calls, as another process does."""
        async with connect(valkey.address) as client, RedisWaking(client, channel=channel) as waking:
            yield waking
