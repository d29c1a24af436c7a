"""Signals within this process that there is something to do."""

import asyncio
from collections import defaultdict
from datetime import timedelta


class MemoryWaking:
    """Wakes whoever waits for a topic in the same event loop; one waits for each topic at a time."""

    def __init__(self) -> None:
        self._called: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def wake(self, topic: str, /) -> None:
        """Wake whoever waits for the topic, or will wait next."""
        self._called[topic].set()

    async def awoken(self, topic: str, *, wait: timedelta) -> bool:
        """Wait until somebody called, no longer than `wait`, and tell whether somebody did."""
        called = self._called[topic]
        try:
            async with asyncio.timeout(wait.total_seconds()):
                await called.wait()
        except TimeoutError:
            return False
        called.clear()
        return True
