"""What got stuck: looking at it, and sending it on its way again. For those who run the installation."""

from collections.abc import Collection

from attrs import frozen

from amss_domain.relay.model import OUTBOX, DeadLetter
from amss_domain.relay.ports import DeadLetters, Waking
from amss_domain.shared.clock import Clock
from amss_domain.shared.ids import EventId, OrgId


@frozen(kw_only=True)
class ListDeadLetters:
    """Show what could not be worked off."""

    dead_letters: DeadLetters

    async def __call__(self, *, limit: int = 100, org_id: OrgId | None = None) -> tuple[DeadLetter, ...]:
        """Return those not replayed, oldest first, of one organization or of all."""
        return await self.dead_letters.list(limit=limit, org_id=org_id)


@frozen(kw_only=True)
class ReplayDeadLetters:
    """Send what could not be worked off on its way again; who was told of it before is not told a second time."""

    dead_letters: DeadLetters
    waking: Waking
    clock: Clock

    async def __call__(self, event_ids: Collection[EventId]) -> int:
        """Return how many of the events had a letter that was not replayed."""
        count = await self.dead_letters.replay(event_ids, at=self.clock.now())
        if count:
            self.waking.wake(OUTBOX)
        return count
