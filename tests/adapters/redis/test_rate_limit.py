"""Rate limits in Redis: exact, atomic over all processes, and never in the way when Redis is not there."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from redis.asyncio import Redis

import amss_adapters
from amss_adapters.embedded import EmbeddedValkey, RunningValkey
from amss_adapters.memory.rate_limit import MemoryRateLimiter
from amss_adapters.redis import RedisRateLimiter, connect
from amss_adapters.redis.rate_limit import SharedCount
from amss_domain.shared.rate_limit import Demand, Quota, verdicts_of
from amss_domain.testing.exact_buckets import ExactBuckets

DAILY = Quota(name="org", limit=100, window_s=86400)


class Valkey(Protocol):
    """A running server."""

    @property
    def address(self) -> str: ...


async def test_it_answers_as_the_exact_model_does(client: Redis, key: str) -> None:
    """Through thousands of calls whose units come back in thousandths of a second, every verdict is the exact one."""
    quotas = [
        Quota(name="a", limit=5, window_s=1),
        Quota(name="b", limit=1000, window_s=1),
        Quota(name="c", limit=700, window_s=3),
    ]
    chosen = random.Random(4)
    count, model = SharedCount(client), ExactBuckets()
    refused = 0

    for _ in range(4000):
        wanted = chosen.choices(quotas, (1, 40, 40), k=chosen.randint(1, 3))
        demands = [Demand(key=key, quota=quota) for quota in wanted]
        (taken,) = await count.take([demands])
        verdicts = verdicts_of(demands, taken.whole_at_us, now_us=taken.now_us)
        refused += not all(verdict.allowed for verdict in verdicts)

        assert model.take(demands, now_us=taken.now_us) == verdicts
    assert 0 < refused < 4000


async def test_many_processes_take_no_more_than_there_is(valkey: Valkey, key: str) -> None:
    """Of 4 processes with 64 tasks each, all on one key, exactly as many get a unit as there are."""
    spender = Path(__file__).with_name("spender.py")
    environment = {**os.environ, "PYTHONPATH": str(Path(amss_adapters.__file__).parents[1])}
    arguments = [valkey.address, key, "500", "86400", "64", "20"]
    processes = [
        subprocess.Popen(
            [sys.executable, str(spender), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(4)
    ]

    got = [int(process.communicate()[0]) for process in processes]

    assert sum(got) == 500


async def test_a_count_lies_where_it_is_looked_for_and_goes_when_it_is_whole(client: Redis, key: str) -> None:
    """Its key tells whose it is, and it lives for as long as it says anything."""
    limiter = RedisRateLimiter(client, local=MemoryRateLimiter(), budget_s=20.0)

    await limiter.take([Demand(key=key, quota=DAILY)])

    left_ms = await client.pttl(f"ratelimit:{key}:org")
    unit_ms = 86400 * 1000 / 100
    assert unit_ms - 60_000 < left_ms <= unit_ms
    kept = await client.get(f"ratelimit:{key}:org")
    assert kept is not None
    assert kept.isdigit()


async def test_who_is_refused_leaves_nothing(client: Redis, key: str) -> None:
    """Nothing is written for what was not taken."""
    limiter = RedisRateLimiter(client, local=MemoryRateLimiter(), budget_s=20.0)
    single = Quota(name="single", limit=1, window_s=3600)
    await limiter.take([Demand(key=key, quota=single)])

    await limiter.take([Demand(key=key, quota=DAILY), Demand(key=key, quota=single)])

    assert await client.exists(f"ratelimit:{key}:org") == 0


async def test_a_server_that_forgot_the_script_gets_it_again(client: Redis, key: str) -> None:
    """After a restart nothing is known, and counting goes on."""
    limiter = RedisRateLimiter(client, local=MemoryRateLimiter(), budget_s=20.0)
    demands = [Demand(key=key, quota=DAILY)]
    await limiter.take(demands)

    await client.script_flush()

    assert [(await limiter.take(demands))[0].remaining for _ in range(2)] == [98, 97]
    assert limiter.available


async def test_a_clock_that_was_set_back_locks_nobody_out(client: Redis, key: str) -> None:
    """A count that is whole in a far future is cut to one that has just been spent."""
    limiter = RedisRateLimiter(client, local=MemoryRateLimiter(), budget_s=20.0)
    demands = [Demand(key=key, quota=Quota(name="org", limit=10, window_s=60))]
    await client.set(f"ratelimit:{key}:org", str((int(time.time()) + 86400) * 1_000_000))

    (verdict,) = await limiter.take(demands)

    assert (verdict.allowed, verdict.remaining) == (False, 0)
    assert verdict.retry_after_s <= 6
    assert await client.pttl(f"ratelimit:{key}:org") <= 60_000


@pytest.mark.parametrize("kept", ["nonsense", "1e", "", None])
async def test_a_count_that_is_none_counts_from_the_start(client: Redis, key: str, kept: str | None) -> None:
    """What somebody wrote by hand in place of a count does not stop it."""
    limiter = RedisRateLimiter(client, local=MemoryRateLimiter(), budget_s=20.0)
    if kept is None:
        await client.sadd(f"ratelimit:{key}:org", "a set")
    else:
        await client.set(f"ratelimit:{key}:org", kept)

    left = [(await limiter.take([Demand(key=key, quota=DAILY)]))[0].remaining for _ in range(2)]

    assert (left, limiter.available) == ([99, 98], True)


async def test_what_refuses_to_count_is_done_without(own_server: RunningValkey, key: str) -> None:
    """A server that takes no writes, such as a replica, is as good as none; when it takes them again it is used."""
    async with connect(own_server.address) as client:
        limiter = RedisRateLimiter(client, local=MemoryRateLimiter(), budget_s=20.0, pause_s=0.05)
        demands = [Demand(key=key, quota=DAILY)]
        await client.replicaof("127.0.0.1", "1")

        left = [(await limiter.take(demands))[0].remaining for _ in range(2)]
        assert (left, limiter.available) == ([99, 98], False)

        await client.replicaof("NO", "ONE")
        await _until(limiter, demands, lambda: limiter.available)
        assert await client.exists(f"ratelimit:{key}:org") == 1


async def test_what_is_asked_at_once_travels_together(own_server: RunningValkey, key: str) -> None:
    """Hundreds of calls take one connection and a handful of round trips, and each gets its own answer."""
    async with connect(own_server.address) as client, connect(own_server.address) as other:
        limiter = RedisRateLimiter(client, local=MemoryRateLimiter(), budget_s=20.0)
        quotas = [Quota(name=f"q{limit}", limit=limit, window_s=86400) for limit in range(1, 301)]
        before = (await other.info("stats"))["total_connections_received"]

        verdicts = await asyncio.gather(*(limiter.take([Demand(key=key, quota=quota)]) for quota in quotas))

        assert [verdict.remaining for (verdict,) in verdicts] == list(range(300))
        assert (await other.info("stats"))["total_connections_received"] == before + 1


async def test_who_is_cancelled_holds_up_nobody(client: Redis, key: str) -> None:
    """Of those who travel together one may give up; the others get their answers."""
    limiter = RedisRateLimiter(client, local=MemoryRateLimiter(), budget_s=20.0)
    asking = [asyncio.ensure_future(limiter.take([Demand(key=key, quota=DAILY)])) for _ in range(5)]
    await asyncio.sleep(0)

    asking[1].cancel()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)

    left = [outcome[0].remaining for outcome in outcomes if isinstance(outcome, tuple)]
    assert left == [99, 97, 96, 95]
    assert limiter.available


async def test_without_a_server_the_local_count_serves(tmp_path: Path, key: str) -> None:
    """Nothing is raised where nothing listens, limits hold in this process, and it is said once."""
    said: list[bool] = []
    async with connect(str(tmp_path / "nobody.sock")) as client:
        limiter = RedisRateLimiter(client, local=MemoryRateLimiter(now=lambda: 0.0), on_state_change=said.append)

        verdicts = [(await limiter.take([Demand(key=key, quota=DAILY)]))[0] for _ in range(120)]

    assert [verdict.allowed for verdict in verdicts] == [True] * 100 + [False] * 20
    assert said == [False]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningValkey]:
    """A server to do with as one likes."""
    with EmbeddedValkey(tmp_path / "home") as running:
        yield running


async def test_a_server_that_hangs_costs_one_wait(own_server: RunningValkey, key: str) -> None:
    """While it is stopped one call waits for its budget and all others go on at once; when it goes on it is used again.

    No answer of before is taken for one of after.
    """
    said: list[bool] = []
    demands = [Demand(key=key, quota=DAILY)]
    async with connect(own_server.address) as client:
        limiter = RedisRateLimiter(
            client, local=MemoryRateLimiter(), on_state_change=said.append, budget_s=0.25, pause_s=1.0
        )
        await limiter.take(demands)
        pid = int((await client.info("server"))["process_id"])

        os.kill(pid, signal.SIGSTOP)
        try:
            took = [await _seconds(limiter, demands) for _ in range(10)]
        finally:
            os.kill(pid, signal.SIGCONT)
        assert said == [False]
        assert [waited >= 0.25 for waited in took].count(True) == 1
        assert took[0] >= 0.25

        await _until(limiter, demands, lambda: limiter.available)
        assert said == [False, True]
        taken = await asyncio.gather(*(limiter.take(demands) for _ in range(32)))
        left = sorted(verdict.remaining for (verdict,) in taken)
        assert left == list(range(left[0], left[0] + 32))


async def test_a_server_that_died_is_used_again_when_it_is_back(own_server: RunningValkey, key: str) -> None:
    """kill -9 under load: nobody gets an error, and the one that is started in its place counts anew."""
    said: list[bool] = []
    demands = [Demand(key=key, quota=DAILY)]
    async with connect(own_server.address) as client:
        # So short a pause that the death is noticed, and so long a budget that nothing else is.
        limiter = RedisRateLimiter(
            client, local=MemoryRateLimiter(), on_state_change=said.append, budget_s=20.0, pause_s=0.05
        )
        pid = int((await client.info("server"))["process_id"])
        under_way = [asyncio.ensure_future(limiter.take(demands)) for _ in range(32)]
        await asyncio.sleep(0)

        os.kill(pid, signal.SIGKILL)

        assert all(verdict.allowed for (verdict,) in await asyncio.gather(*under_way))
        await _until(limiter, demands, lambda: said[-2:] == [False, True] or _is_new(own_server, pid))
        await _until(limiter, demands, lambda: limiter.available)
        assert await client.exists(f"ratelimit:{key}:org") == 1


def _is_new(server: RunningValkey, old: int) -> bool:
    text = (server.log.parent / "server.pid").read_text().split()
    return bool(text) and int(text[0]) != old


async def _seconds(limiter: RedisRateLimiter, demands: list[Demand]) -> float:
    begin = time.monotonic()
    await limiter.take(demands)
    return time.monotonic() - begin


async def _until(limiter: RedisRateLimiter, demands: list[Demand], holds: Callable[[], bool]) -> None:
    """Go on asking until something holds."""
    async with asyncio.timeout(20):
        while not holds():
            await limiter.take(demands)
            await asyncio.sleep(0.01)
