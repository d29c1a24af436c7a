"""Rate limits counted in this process alone."""

import time
from collections.abc import Callable, Sequence
from heapq import nlargest

from amss_domain.shared.rate_limit import Demand, Verdict, has_unit, standing_us, verdicts_of

_Count = tuple[str, str]


class MemoryRateLimiter:
    """Keeps count in memory, for one event loop.

    `now` gives seconds that never go back. Up to `max_counts` counts are kept; past that those go whose quotas are
    whole, and then those that are nearest to it, whose owners have spent least.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic, max_counts: int = 100_000) -> None:
        if max_counts < 1:
            raise ValueError(f"{max_counts} counts are none")
        self._now = now
        self._max_counts = max_counts
        self._whole_at_us: dict[_Count, int] = {}

    def __len__(self) -> int:
        """How many counts are kept."""
        return len(self._whole_at_us)

    async def take(self, demands: Sequence[Demand], /) -> tuple[Verdict, ...]:
        """Take a unit of every demand or of none, and say what came of it."""
        now_us = round(self._now() * 1_000_000)
        before: list[int] = []
        cut: dict[_Count, int] = {}
        after: dict[_Count, int] = {}
        taken = True
        for demand in demands:
            count, quota = (demand.key, demand.quota.name), demand.quota
            kept = after[count] if count in after else self._whole_at_us.get(count, 0)
            whole_at_us = standing_us(quota, kept, now_us=now_us)
            before.append(whole_at_us)
            if kept > whole_at_us:
                cut[count] = whole_at_us
            if has_unit(quota, whole_at_us, now_us=now_us):
                after[count] = whole_at_us + quota.unit_us
            else:
                taken = False
        self._whole_at_us.update(after if taken else cut)
        if len(self._whole_at_us) > self._max_counts:
            self._let_go(now_us)
        return verdicts_of(demands, before, now_us=now_us)

    def _let_go(self, now_us: int) -> None:
        """Forget so many counts that it takes a while until this is needed again."""
        owed = {count: whole_at_us for count, whole_at_us in self._whole_at_us.items() if whole_at_us > now_us}
        most = max(self._max_counts * 3 // 4, 1)
        if len(owed) > most:
            owed = dict(nlargest(most, owed.items(), key=lambda one: one[1]))
        self._whole_at_us = owed
