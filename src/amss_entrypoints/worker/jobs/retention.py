"""Letting go of what is no longer needed."""

from datetime import timedelta

from attrs import frozen

from amss_domain.retention.use_cases import RemoveExpired
from amss_entrypoints.worker.job import Rest


@frozen(kw_only=True)
class Retention:
    """Removes what has expired, portion by portion until nothing is left of it; then again after the interval."""

    name = "retention"
    topics = ()
    alone = True

    remove: RemoveExpired
    interval: timedelta

    @property
    def rest(self) -> Rest:
        """The interval."""
        return Rest.of(self.interval)

    async def run(self) -> int:
        """Remove a portion of everything, and return how much went."""
        return sum(removal.count for removal in await self.remove())

    async def close(self) -> None:
        """Do nothing: what is not removed yet is removed another time."""
