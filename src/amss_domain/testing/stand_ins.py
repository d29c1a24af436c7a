"""A clock and id factories that do as they are told."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""The instant at which tests begin: a Monday."""

TODAY: Final = NOON.date()
"""The day on which tests begin."""

_BLOCKS: Final = 1 << 48


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self._now

    def advance(self, by: timedelta = timedelta(seconds=1)) -> datetime:
        """Go on by so much and return the new instant; raises ValueError for going back."""
        if by < timedelta(0):
            raise ValueError(f"a clock does not go back; {by} was asked for")
        self._now += by
        return self._now


class CountingIds:
    """Ids that count up from 1, the same in every run; those of a higher `block` (0 to 2^48 - 1) sort after.

    They have the form of UUID version 7 (RFC 9562), the block standing where the time would be.
    """

    def __init__(self, block: int = 0) -> None:
        if not 0 <= block < _BLOCKS:
            raise ValueError(f"a block is from 0 to {_BLOCKS - 1}; {block} was given")
        self._base = block << 80 | 0x7 << 76 | 0b10 << 62
        self._count = 0

    def new(self) -> UUID:
        """Return the next id."""
        self._count += 1
        return UUID(int=self._base + self._count)


def a_fresh_block() -> int:
    """Return a block of ids that nothing else uses: another at each call, and in each process."""
    return uuid4().int % _BLOCKS


FRESH_IDS: Final = CountingIds(a_fresh_block())
"""Where builders take ids from: counting too, but in a block of this process alone, for databases that outlive it."""


def number_of(identity: UUID) -> int:
    """Return the count inside an id of `CountingIds`; for any other id some number."""
    return identity.int & ((1 << 62) - 1)
