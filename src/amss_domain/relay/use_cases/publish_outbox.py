"""Publishing what was committed."""

from attrs import frozen

from amss_domain.relay.model import lane_of
from amss_domain.relay.ports import EventStreams, OutboxQueue
from amss_domain.relay.use_cases.lanes import Lanes
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Unavailable


@frozen(kw_only=True)
class PublishOutbox:
    """Put messages from the outbox into their streams, those of one object in the order recorded.

    Any number may do so at the same time, each with `lanes` of its own.
    """

    outbox: OutboxQueue
    streams: EventStreams
    lanes: Lanes
    clock: Clock
    limit: int = 500

    async def __call__(self) -> int:
        """Publish up to `limit` messages and return how many; when there were any, there may be more.

        What is published and then not marked, because another has taken over or this one has ended, is published again.
        Raises `Unavailable` while the streams are away; then the lanes are others' to take.
        """
        lanes = await self.lanes.held(at=self.clock.now())
        notices = await self.outbox.unpublished(lanes=lanes, limit=self.limit) if lanes else ()
        if not notices:
            return 0
        try:
            await self.streams.publish(notices)
        except Unavailable:
            await self.lanes.let_go()
            raise
        leases = self.lanes.leases_of({lane_of(notice.aggregate_id) for notice in notices})
        if await self.outbox.mark_published(notices, leases=leases, at=self.clock.now()):
            return len(notices)
        self.lanes.doubt()
        return 0
