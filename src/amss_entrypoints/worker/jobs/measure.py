"""Looking at how much waits everywhere, for Prometheus."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from attrs import frozen

from amss_domain.alerts.ports import LetterQueue
from amss_domain.imports.ports import ImportQueue
from amss_domain.relay.model import GROUP, Backlog
from amss_domain.relay.ports import DeadLetters, EventStreams, Inboxes, OutboxQueue
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Unavailable
from amss_domain.webhooks.ports import DeliveryQueue
from amss_entrypoints.worker import metrics
from amss_entrypoints.worker.job import Rest

_MOST_LETTERS = 1_000


@frozen(kw_only=True)
class Measure:
    """Keeps the gauges of what waits."""

    name = "measure"
    topics = ()
    rest = Rest.of(timedelta(seconds=15))
    alone = False

    outbox: OutboxQueue
    deliveries: DeliveryQueue
    inboxes: Inboxes
    letters: LetterQueue
    imports: ImportQueue
    streams: EventStreams
    dead_letters: DeadLetters
    followers: Collection[str]
    clock: Clock

    async def run(self) -> int:
        """Look once at everything; 0, since looking again right after would show the same."""
        at = self.clock.now()
        looks: list[tuple[str, Callable[[], Awaitable[Backlog]]]] = [
            ("outbox", self.outbox.backlog),
            ("untold", self.outbox.unfanned),
            ("deliveries", lambda: self.deliveries.backlog(at=at)),
            ("imports", self.imports.backlog),
            ("letters", self.letters.backlog),
            *((f"inbox:{one}", self._of(one)) for one in sorted(self.followers)),
        ]
        for queue, look in looks:
            backlog = await look()
            metrics.waits(queue=queue, waiting=backlog.waiting, oldest_s=backlog.age(at).total_seconds())
        letters = await self.dead_letters.list(limit=_MOST_LETTERS)
        age = at - letters[0].failed_at if letters else timedelta(0)
        metrics.waits(queue="dead letters", waiting=len(letters), oldest_s=age.total_seconds())
        await self._look_at_streams()
        return 0

    async def close(self) -> None:
        """Do nothing: gauges are nobody's."""

    def _of(self, follower: str) -> Callable[[], Awaitable[Backlog]]:
        return lambda: self.inboxes.backlog(follower)

    async def _look_at_streams(self) -> None:
        try:
            metrics.STREAM_LAG.set(await self.streams.lag(group=GROUP))
        except Unavailable:
            metrics.STREAMS_AVAILABLE.set(False)
        else:
            metrics.STREAMS_AVAILABLE.set(True)
