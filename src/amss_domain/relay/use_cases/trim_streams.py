"""Keeping the streams short."""

from attrs import frozen

from amss_domain.relay.ports import EventStreams


@frozen(kw_only=True)
class TrimStreams:
    """Remove from the streams what every group has worked off."""

    streams: EventStreams

    async def __call__(self) -> int:
        """Return how many entries went. Raises `Unavailable`."""
        return await self.streams.trim()
