"""Putting messages before all who follow them, and setting aside what cannot be."""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import field, frozen

from amss_domain.relay.model import DELIVERIES, INBOX, DeadLetter, Notice
from amss_domain.relay.ports import FanOut, Waking
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.ids import EventId

_REASON_LENGTH: Final = 1000


@frozen(kw_only=True)
class Told:
    """What came of telling: how many were told for the first time, and why others could not be."""

    count: int
    failed: Mapping[EventId, str] = field(factory=dict)


@frozen(kw_only=True)
class Telling:
    """Tells all who follow: webhooks, and the `followers` inside with the types that each wants."""

    fan_out: FanOut
    followers: Mapping[str, frozenset[str]]
    waking: Waking
    clock: Clock

    async def __call__(self, notices: Sequence[Notice]) -> Told:
        """Tell of all at once; when that fails of each alone, so that one that is bad keeps no other back.

        Raises `Unavailable`: then it is not they that are bad.
        """
        once = tuple({notice.event_id: notice for notice in notices}.values())
        try:
            told = Told(count=await self._tell(once))
        except Unavailable:
            raise
        except Exception:  # whatever it is: it must not stop what comes after
            told = await self._tell_one_by_one(once)
        if told.count:
            self.waking.wake(DELIVERIES)
            self.waking.wake(INBOX)
        return told

    async def _tell_one_by_one(self, notices: Sequence[Notice]) -> Told:
        count = 0
        failed: dict[EventId, str] = {}
        for notice in notices:
            try:
                count += await self._tell((notice,))
            except Unavailable:
                raise
            except Exception as error:
                failed[notice.event_id] = f"{type(error).__name__}: {error}"[:_REASON_LENGTH]
        return Told(count=count, failed=failed)

    async def _tell(self, notices: Sequence[Notice]) -> int:
        if not notices:
            return 0
        return await self.fan_out.tell(notices, followers=self.followers, at=self.clock.now())

    def letter(self, notice: Notice, told: Told, *, group: str, times: int) -> DeadLetter:
        """Return the letter that a notice becomes that could not be told `times` times."""
        reason = told.failed[notice.event_id]
        return DeadLetter(notice=notice, group=group, reason=reason, failed_at=self.clock.now(), times=times)
