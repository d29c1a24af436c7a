"""The rate limiters in memory and in Redis keep every law."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from amss_adapters.memory.rate_limit import MemoryRateLimiter
from amss_adapters.redis import RedisRateLimiter, connect
from amss_domain.shared.rate_limit import Demand, Verdict
from amss_domain.testing.contracts.rate_limit import PassTime, RateLimiterContract

# Each count is put back by so much, which is what it would be later.
_LATER = """
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
    redis.call('SET', key, string.format('%.0f', redis.call('GET', key) - ARGV[2]), 'KEEPTTL')
end
"""


class Valkey(Protocol):
    """A running server."""

    @property
    def address(self) -> str: ...


class Seconds:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    async def __call__(self, seconds: float, /) -> None:
        """Go on."""
        self.now += seconds


class TestMemory(RateLimiterContract):
    """Every law, kept in memory."""

    @pytest.fixture
    def pass_time(self) -> Seconds:
        """The limiter's clock."""
        return Seconds()

    @pytest.fixture
    def limiter(self, pass_time: Seconds) -> MemoryRateLimiter:
        """A limiter on that clock."""
        return MemoryRateLimiter(now=lambda: pass_time.now)


class NeverAsked:
    """A local limiter that nobody asks while Redis answers."""

    async def take(self, demands: Sequence[Demand], /) -> tuple[Verdict, ...]:
        """Fail."""
        raise AssertionError("Redis did not answer")


class TestRedis(RateLimiterContract):
    """Every law, kept in Redis or Valkey."""

    @pytest_asyncio.fixture
    async def client(self, valkey: Valkey) -> AsyncIterator[Redis]:
        """A client of the server."""
        async with connect(valkey.address) as client:
            yield client

    @pytest.fixture
    def prefix(self, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
        """What the keys of this law alone begin with."""
        return f"test:{tmp_path_factory.getbasetemp().name}:{request.node.name}:"

    @pytest.fixture
    def limiter(self, client: Redis, prefix: str) -> RedisRateLimiter:
        """A limiter that waits for its answers, so that no law depends on how busy the machine is."""
        return RedisRateLimiter(client, local=NeverAsked(), prefix=prefix, budget_s=20.0)

    @pytest.fixture
    def pass_time(self, client: Redis, prefix: str) -> PassTime:
        """Makes the counts what they would be later."""

        async def pass_time(seconds: float, /) -> None:
            await client.eval(_LATER, 0, prefix, str(round(seconds * 1_000_000)))

        return pass_time
