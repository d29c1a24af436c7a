"""Telling all who follow straight from the outbox, while there are no streams."""

from collections.abc import Collection
from datetime import datetime, timedelta

from attrs import field, frozen

from amss_domain.relay.model import GROUP, Notice
from amss_domain.relay.ports import DeadLetters, Leases, OutboxQueue
from amss_domain.relay.use_cases.telling import Telling
from amss_domain.shared.ids import EventId

_LEASE = "tell-straight"


@frozen(kw_only=True)
class _Failure:
    """How often a message has failed, and when it is tried again."""

    times: int
    again_at: datetime


@frozen(kw_only=True)
class TellStraight:
    """Work off the outbox itself, one `holder` at a time.

    A message that fails alone is left alone for `idle`; one that failed `attempts` times becomes a dead letter.
    """

    outbox: OutboxQueue
    telling: Telling
    dead_letters: DeadLetters
    leases: Leases
    holder: str
    lasts: timedelta = timedelta(seconds=9)
    limit: int = 200
    idle: timedelta = timedelta(seconds=8)
    attempts: int = 5
    _failures: dict[EventId, _Failure] = field(init=False, factory=dict)

    async def __call__(self) -> int:
        """Settle up to `limit` messages and return how many; 0 while another does this. Raises `Unavailable`."""
        at = self.telling.clock.now()
        if await self.leases.take(_LEASE, holder=self.holder, at=at, lasts=self.lasts) is None:
            return 0
        found = await self.outbox.not_fanned_out(limit=self.limit)
        self._forget_but({notice.event_id for notice in found})
        notices = tuple(notice for notice in found if self._is_due(notice, at))
        told = await self.telling(notices)
        hopeless = []
        for notice in notices:
            if notice.event_id in told.failed:
                times = self._times(notice) + 1
                self._failures[notice.event_id] = _Failure(times=times, again_at=at + self.idle)
                if times >= self.attempts:
                    hopeless.append(self.telling.letter(notice, told, group=GROUP, times=times))
        if hopeless:
            await self.dead_letters.add(hopeless)
            for letter in hopeless:
                del self._failures[letter.notice.event_id]
        return len(notices) - len(told.failed) + len(hopeless)

    def _times(self, notice: Notice) -> int:
        failure = self._failures.get(notice.event_id)
        return 0 if failure is None else failure.times

    def _is_due(self, notice: Notice, at: datetime) -> bool:
        failure = self._failures.get(notice.event_id)
        return failure is None or failure.again_at <= at

    def _forget_but(self, waiting: Collection[EventId]) -> None:
        for event_id in self._failures.keys() - waiting:
            del self._failures[event_id]
