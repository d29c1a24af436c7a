"""Telling all who follow: by way of the streams, or straight from the outbox while they are away."""

from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from amss_domain.relay.model import OUTBOX
from amss_domain.relay.use_cases.tell_followers import TellFollowers
from amss_domain.relay.use_cases.tell_straight import TellStraight
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Unavailable
from amss_entrypoints.worker.job import Rest

LOOKS_AGAIN_AFTER: Final = timedelta(seconds=5)
"""For so long streams that are away are not asked for."""

STRAIGHT_EVERY: Final = timedelta(seconds=2)
"""Where streams end with their process, the outbox is looked through so often for what they took with them."""

# Who reads streams waits there.
_READING: Final = Rest.ms(1, 1)
_STRAIGHT: Final = Rest.ms(20, 250)


@define(eq=False, kw_only=True)
class FanOut:
    """Makes a delivery for each webhook, and an entry in the inbox of each follower inside.

    `lasting` streams outlive the process.
    """

    name = "fan-out"
    topics = (OUTBOX,)
    alone = False

    tell: TellFollowers
    straight: TellStraight
    clock: Clock
    lasting: bool
    _away_until: datetime | None = field(init=False, default=None)
    _straight_at: datetime | None = field(init=False, default=None)

    @property
    def rest(self) -> Rest:
        """Hardly any while streams are read."""
        return _READING if self._away_until is None else _STRAIGHT

    async def run(self) -> int:
        """Tell of a portion, and return how many messages that were. Raises `Unavailable` without a database."""
        now = self.clock.now()
        if self._away_until is None or self._away_until <= now:
            try:
                done = await self.tell()
            except Unavailable:
                done = await self.straight()
                # The database is there, so it was the streams.
                self._away_until = now + LOOKS_AGAIN_AFTER
                return done
            self._away_until = None
            if done or self.lasting or (self._straight_at is not None and now - self._straight_at < STRAIGHT_EVERY):
                return done
            self._straight_at = now
        return await self.straight()

    async def close(self) -> None:
        """Do nothing: what was read and not settled is taken over by others."""
