"""Publishing again what the streams have lost."""

from datetime import timedelta

from attrs import frozen

from amss_domain.relay.model import GROUP, OUTBOX
from amss_domain.relay.ports import EventStreams, OutboxQueue, Waking
from amss_domain.shared.clock import Clock


@frozen(kw_only=True)
class Reconcile:
    """Have messages published again that were published longer than `after` ago and that nobody was told of."""

    outbox: OutboxQueue
    streams: EventStreams
    waking: Waking
    clock: Clock
    after: timedelta = timedelta(seconds=30)
    limit: int = 10_000

    async def __call__(self) -> int:
        """Return how many are to be published again. Raises `Unavailable` while the streams are away.

        As long as all that is missing can still be in the streams, those who read them are slow and nothing is lost:
        then nothing is published again, which would only add to their work.
        """
        at = self.clock.now()
        untold = await self.outbox.unfanned()
        if untold.age(at) < self.after:
            return 0
        unpublished = await self.outbox.backlog()
        if await self.streams.lag(group=GROUP) >= untold.waiting - unpublished.waiting:
            return 0
        count = await self.outbox.publish_again(before=at - self.after, limit=self.limit)
        if count:
            self.waking.wake(OUTBOX)
        return count
