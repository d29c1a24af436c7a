"""Telling all who follow of what is in the streams."""

from datetime import timedelta

from attrs import frozen

from amss_domain.relay.model import GROUP
from amss_domain.relay.ports import DeadLetters, EventStreams
from amss_domain.relay.use_cases.telling import Telling


@frozen(kw_only=True)
class TellFollowers:
    """Work off the streams: what others left lying for `idle` first, then what is new.

    Any number may do so at the same time, each as another `reader`. An entry that failed is tried again after `idle`;
    one that failed `attempts` times becomes a dead letter.
    """

    streams: EventStreams
    telling: Telling
    dead_letters: DeadLetters
    reader: str
    limit: int = 200
    wait: timedelta = timedelta(milliseconds=500)
    idle: timedelta = timedelta(seconds=8)
    attempts: int = 5

    async def __call__(self) -> int:
        """Settle up to `limit` entries and return how many, after `wait` 0 if there are none.

        Raises `Unavailable` while the streams or the database are away; then nothing is lost.
        """
        entries = await self.streams.take_over(group=GROUP, reader=self.reader, idle=self.idle, limit=self.limit)
        if not entries:
            entries = await self.streams.read(group=GROUP, reader=self.reader, limit=self.limit, wait=self.wait)
        if not entries:
            return 0
        told = await self.telling([entry.notice for entry in entries])
        failed = [entry for entry in entries if entry.notice.event_id in told.failed]
        hopeless = [entry for entry in failed if entry.times >= self.attempts]
        if hopeless:
            await self.dead_letters.add(
                [self.telling.letter(entry.notice, told, group=GROUP, times=entry.times) for entry in hopeless]
            )
        to_retry = {(entry.stream, entry.id) for entry in failed if entry.times < self.attempts}
        settled = [entry for entry in entries if (entry.stream, entry.id) not in to_retry]
        await self.streams.acknowledge(settled, group=GROUP)
        return len(settled)
