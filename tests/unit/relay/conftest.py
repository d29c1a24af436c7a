"""A relay over memory: everything between a commit and whoever follows, without a worker."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from attrs import define, field

from amss_adapters.memory import MemoryBackend
from amss_adapters.memory.streams import MemoryStreams
from amss_adapters.memory.waking import MemoryWaking
from amss_domain.relay.model import Notice
from amss_domain.relay.ports import EventStreams, FanOut, OutboxQueue
from amss_domain.relay.use_cases.lanes import Lanes
from amss_domain.relay.use_cases.publish_outbox import PublishOutbox
from amss_domain.relay.use_cases.reconcile import Reconcile
from amss_domain.relay.use_cases.tell_followers import TellFollowers
from amss_domain.relay.use_cases.tell_straight import TellStraight
from amss_domain.relay.use_cases.telling import Telling
from amss_domain.shared.ids import EventId
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant

FOLLOWER = "alerts"


class Poisoned:
    """A fan-out that cannot be done for some events."""

    def __init__(self, fan_out: FanOut, poison: set[EventId]) -> None:
        self._fan_out = fan_out
        self._poison = poison

    async def tell(self, notices: Sequence[Notice], *, followers: Mapping[str, frozenset[str]], at: datetime) -> int:
        """Tell of all or fail."""
        if any(notice.event_id in self._poison for notice in notices):
            raise ValueError("no such thing")
        return await self._fan_out.tell(notices, followers=followers, at=at)


@define(slots=False)
class Relay:
    """An organization, and what takes its messages to whoever follows."""

    ours: Tenant
    backend: MemoryBackend
    clock: ManualClock
    streams: MemoryStreams
    waking: MemoryWaking = field(factory=MemoryWaking)
    poison: set[EventId] = field(factory=set)
    lasts: timedelta = timedelta(seconds=9)

    def lanes(self, holder: str) -> Lanes:
        """Return the lanes of a publisher."""
        return Lanes(self.backend.leases, holder=holder, lasts=self.lasts)

    def publisher(
        self, holder: str = "a", *, streams: EventStreams | None = None, outbox: OutboxQueue | None = None
    ) -> PublishOutbox:
        """Return a publisher with lanes of its own."""
        return PublishOutbox(
            outbox=outbox or self.backend.outbox_queue,
            streams=streams or self.streams,
            lanes=self.lanes(holder),
            clock=self.clock,
        )

    def telling(self, fan_out: FanOut | None = None) -> Telling:
        """Return what tells the follower of low stock."""
        return Telling(
            fan_out=fan_out or Poisoned(self.backend.fan_out, self.poison),
            followers={FOLLOWER: frozenset({"part.low_stock"})},
            waking=self.waking,
            clock=self.clock,
        )

    def teller(
        self, reader: str = "a", *, streams: EventStreams | None = None, telling: Telling | None = None
    ) -> TellFollowers:
        """Return what works off the streams."""
        return TellFollowers(
            streams=streams or self.streams,
            telling=telling or self.telling(),
            dead_letters=self.backend.dead_letters,
            reader=reader,
            wait=timedelta(0),
        )

    def straight(self, holder: str = "a", *, telling: Telling | None = None) -> TellStraight:
        """Return what works off the outbox itself."""
        return TellStraight(
            outbox=self.backend.outbox_queue,
            telling=telling or self.telling(),
            dead_letters=self.backend.dead_letters,
            leases=self.backend.leases,
            holder=holder,
        )

    def reconcile(self) -> Reconcile:
        """Return what looks for what was lost."""
        return Reconcile(outbox=self.backend.outbox_queue, streams=self.streams, waking=self.waking, clock=self.clock)

    async def happen(self, count: int = 1) -> tuple[EventId, ...]:
        """Commit so many events, each of another part, and return their ids."""
        before = {notice.event_id for notice in await self.untold()}
        await self.ours.keep(events=[a_low_stock(at=self.clock.now()) for _ in range(count)])
        return tuple(notice.event_id for notice in await self.untold() if notice.event_id not in before)

    async def untold(self) -> tuple[Notice, ...]:
        """Return what nobody was told of."""
        return await self.backend.outbox_queue.not_fanned_out(limit=10_000)

    async def told(self) -> list[EventId]:
        """Return what the follower was told of, in the order told."""
        async with self.ours.open() as uow:
            return [message.id for message in await uow.inbox.take(FOLLOWER, limit=10_000)]


@pytest.fixture
async def relay(clock: ManualClock) -> Relay:
    """A relay with nothing on its way."""
    backend = MemoryBackend(clock=clock, ids=CountingIds())
    ours = await a_tenant(backend)
    relay = Relay(ours=ours, backend=backend, clock=clock, streams=MemoryStreams(clock=clock))
    publisher, teller = relay.publisher(), relay.teller()
    while await publisher() or await teller():
        pass
    await publisher.lanes.let_go()
    return relay
