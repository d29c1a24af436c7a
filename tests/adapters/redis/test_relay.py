"""The relay by way of Redis: many at once, and Redis losing everything meanwhile."""

import asyncio
import random
from datetime import timedelta
from uuid import uuid4

from redis.asyncio import Redis

from amss_adapters.memory import MemoryBackend
from amss_adapters.memory.waking import MemoryWaking
from amss_adapters.redis import RedisStreams
from amss_adapters.system import SystemClock
from amss_domain.relay.use_cases.lanes import Lanes
from amss_domain.relay.use_cases.publish_outbox import PublishOutbox
from amss_domain.relay.use_cases.reconcile import Reconcile
from amss_domain.relay.use_cases.tell_followers import TellFollowers
from amss_domain.relay.use_cases.telling import Telling
from amss_domain.relay.use_cases.trim_streams import TrimStreams
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import CountingIds
from amss_domain.testing.tenant import a_tenant

EVENTS = 600


async def test_every_event_is_told_once_whatever_redis_loses(client: Redis) -> None:
    """Several workers, some killed with entries in hand, and all streams lost again and again: nothing is missing."""
    chosen = random.Random(11)
    prefix = f"{uuid4()}:"
    clock, waking = SystemClock(), MemoryWaking()
    backend = MemoryBackend(clock=clock, ids=CountingIds())
    ours = await a_tenant(backend)
    streams = RedisStreams(client, prefix=prefix, patience_s=20.0)
    telling = Telling(
        fan_out=backend.fan_out, followers={"alerts": frozenset({"part.low_stock"})}, waking=waking, clock=clock
    )
    reconcile = Reconcile(
        outbox=backend.outbox_queue, streams=streams, waking=waking, clock=clock, after=timedelta(milliseconds=100)
    )

    async def happen() -> None:
        for _ in range(EVENTS // 10):
            await ours.keep(events=[a_low_stock(at=clock.now()) for _ in range(10)])
            await asyncio.sleep(0.005)

    async def work(name: str) -> None:
        lanes = Lanes(backend.leases, holder=name, lasts=timedelta(milliseconds=300))
        publish = PublishOutbox(outbox=backend.outbox_queue, streams=streams, lanes=lanes, clock=clock, limit=20)
        tell = TellFollowers(
            streams=streams,
            telling=telling,
            dead_letters=backend.dead_letters,
            reader=name,
            limit=15,
            wait=timedelta(milliseconds=5),
            idle=timedelta(milliseconds=200),
        )
        while True:
            await publish()
            if chosen.random() < 0.05:
                # It is given some and dies; the one started in its place knows nothing of them.
                await streams.read(group="amss", reader=name, limit=5, wait=timedelta(0))
            await tell()

    async def lose() -> None:
        while True:
            await asyncio.sleep(0.15)
            await client.delete(*[key async for key in client.scan_iter(f"{prefix}*")], f"{prefix}none")

    async def keep_up() -> None:
        while True:
            await asyncio.sleep(0.05)
            await reconcile()
            await TrimStreams(streams=streams)()

    async with asyncio.timeout(60):
        losing = asyncio.ensure_future(lose())
        workers = [asyncio.ensure_future(one) for one in (work("a"), work("b"), work("c"), keep_up())]
        await happen()
        await asyncio.sleep(0.2)
        losing.cancel()
        while await backend.outbox_queue.not_fanned_out(limit=1):
            await asyncio.sleep(0.02)
        for one in workers:
            one.cancel()
        ended = await asyncio.gather(*workers, losing, return_exceptions=True)

    async with ours.open() as uow:
        told = await uow.inbox.take("alerts", limit=10_000)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
    assert len(told) == len({message.id for message in told}) == EVENTS
    assert await backend.dead_letters.list(limit=1) == ()
