"""Identities from this machine's clock and randomness."""

import secrets
import time
from typing import ClassVar
from uuid import UUID

_COUNTER_BITS = 12
_RANDOM_BITS = 62


class Uuid7Factory:
    """Makes UUIDs of version 7 (RFC 9562): no two alike, and each greater than all before it in the process.

    Within a millisecond the 12 bits after the time count up from a random start in their lower half (RFC 9562, section
    6.2, method 1); when they overflow, or the clock is set back, the time runs ahead of the clock by as much. The core
    install has no library for it, and the standard library has it from Python 3.14 on.
    """

    _latest: ClassVar[int] = 0

    def new(self) -> UUID:
        """Return the next id."""
        start, rest = divmod(secrets.randbits(_COUNTER_BITS - 1 + _RANDOM_BITS), 1 << _RANDOM_BITS)
        now = (time.time_ns() // 1_000_000) << _COUNTER_BITS | start
        # The counter carries into the milliseconds, so that counting on is all that overflow needs.
        latest = Uuid7Factory._latest = max(now, Uuid7Factory._latest + 1)
        milliseconds, counter = divmod(latest, 1 << _COUNTER_BITS)
        return UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | rest)
