"""Keeping streams short."""

from datetime import timedelta

from attrs import frozen

from amss_domain.relay.use_cases.trim_streams import TrimStreams as Trim
from amss_entrypoints.worker.job import Rest


@frozen(kw_only=True)
class TrimStreams:
    """Removes what everybody has worked off; `alone` where all processes share the streams."""

    name = "trim-streams"
    topics = ()
    rest = Rest.of(timedelta(seconds=15))

    trim: Trim
    alone: bool

    async def run(self) -> int:
        """Remove what may go; 0, since a second pass right after would find next to nothing."""
        await self.trim()
        return 0

    async def close(self) -> None:
        """Do nothing: a pass leaves nothing behind."""
