"""A circuit breaker: what does not answer is asked again only now and then, so that its absence costs little."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from amss_adapters.redis.connection import FAILURES
from amss_domain.shared.errors import Unavailable

T = TypeVar("T")

_LOOKS: Final = 4


class Breaker:
    """Lets calls through while they are answered within `budget_s`; after a failure one in every `pause_s`.

    `on_state_change` is told once when the server goes away (False) and once when it is back (True).
    """

    def __init__(
        self,
        *,
        budget_s: float,
        pause_s: float,
        on_state_change: Callable[[bool], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget_s = budget_s
        self._pause_s = pause_s
        self._on_state_change = on_state_change
        self._now = now
        self._available = True
        self._try_again_at = 0.0

    @property
    def available(self) -> bool:
        """Whether the server answered last."""
        return self._available

    @property
    def lets_through(self) -> bool:
        """Whether a call would be tried now."""
        return self._available or self._now() >= self._try_again_at

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what the call comes to.

        Raises `Unavailable` when it fails, and at once while the server is not to be tried.
        """
        if not self.lets_through:
            raise Unavailable("Redis", "it did not answer a moment ago")
        trial = not self._available
        if trial:
            # The others go without meanwhile.
            self._try_again_at = self._now() + self._pause_s
        try:
            answer = await _within(self._budget_s, call)
        except FAILURES as error:
            self._lose()
            raise Unavailable("Redis", "it did not answer as expected") from error
        # A call from before the failure that comes through late says nothing about the time after it.
        if trial and not self._available:
            self._available = True
            self._on_state_change(True)
        return answer

    def _lose(self) -> None:
        self._try_again_at = self._now() + self._pause_s
        if self._available:
            self._available = False
            self._on_state_change(False)


async def _within(budget_s: float, call: Callable[[], Awaitable[T]]) -> T:
    """Return what the call comes to. Raises TimeoutError when that takes longer.

    Looks several times, so that an answer is found that had come while this process itself was too busy to notice.
    """
    asked = asyncio.ensure_future(call())
    try:
        for _ in range(_LOOKS):
            await asyncio.wait((asked,), timeout=budget_s / _LOOKS)
            if asked.done():
                return asked.result()
        raise TimeoutError
    finally:
        if not asked.done():
            # Its connection is ended with it: a later answer would be taken for that of another call.
            asked.cancel()
            await asyncio.wait((asked,), timeout=budget_s)
