"""Sending the letters that wait, each by itself."""

from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from amss_domain.alerts.letters import QueuedLetter
from amss_domain.alerts.ports import LetterQueue, Mailer, Reception
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Unavailable

GIVE_UP_AFTER: Final = timedelta(hours=24)
"""How long after it was written a letter is still worth another try."""

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
"""How long a letter waits after each try that came to nothing; after further ones as long as after the last."""

WHILE_AWAY: Final = timedelta(minutes=1)
"""How long a letter waits with which no letter was taken at all."""

_CLAIMED_FOR: Final = timedelta(minutes=5)


@frozen(kw_only=True)
class Sending:
    """What came of a portion: how many letters it settled, and the ids of those that were given up.

    `away` says why it ended early, if no letter is taken now.
    """

    settled: int = 0
    given_up: tuple[str, ...] = ()
    away: Unavailable | None = None


@frozen
class SendLetters:
    """Send letters of all organizations that are due; nothing is held in the database meanwhile.

    What became of each is kept before the next is sent, so a letter is sent twice at most when somebody is killed in
    between, and then it has the same id. One that is not taken is tried again for `GIVE_UP_AFTER`.
    """

    queue: LetterQueue
    clock: Clock
    mailer: Mailer

    async def __call__(
        self, *, limit: int = 20, per_organization: int = 5, lasts: timedelta = timedelta(seconds=10)
    ) -> Sending:
        """Send up to `limit` letters, of each organization `per_organization`, and begin none once `lasts` has passed.

        Raises `Unavailable` without a database.
        """
        began = self.clock.now()
        claimed = await self.queue.claim(
            at=began, until=began + _CLAIMED_FOR, limit=limit, per_organization=per_organization
        )
        outcome = Sending()
        for place, queued in enumerate(claimed):
            if outcome.away is not None or self.clock.now() - began >= lasts:
                await self.queue.hand_back(claimed[place:], at=self.clock.now())
                break
            outcome = await self._send(queued, outcome)
        return outcome

    async def _send(self, queued: QueuedLetter, outcome: Sending) -> Sending:
        try:
            reception = await self.mailer.send(queued.letter)
        except Unavailable as away:
            return await self._later(queued, evolve(outcome, away=away), WHILE_AWAY)
        if reception is Reception.LATER:
            return await self._later(queued, outcome, PAUSES[min(queued.tries, len(PAUSES) - 1)])
        await self.queue.done(queued)
        return evolve(outcome, settled=outcome.settled + 1)

    async def _later(self, queued: QueuedLetter, outcome: Sending, pause: timedelta) -> Sending:
        again_at: datetime = self.clock.now() + pause
        if again_at - queued.written_at < GIVE_UP_AFTER:
            await self.queue.put_off(queued, until=again_at)
            return outcome
        await self.queue.done(queued)
        return evolve(outcome, settled=outcome.settled + 1, given_up=(*outcome.given_up, queued.letter.id))
