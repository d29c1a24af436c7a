"""Streams of notices within this process."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count, islice

from attrs import define, field, frozen

from amss_adapters.memory.sorted_keys import SortedKeys
from amss_domain.relay.model import Notice, StreamEntry
from amss_domain.shared.clock import Clock


@define
class _Pending:
    """An entry that a reader was given and that is not acknowledged."""

    reader: str
    since: datetime
    times: int = 1


@define
class _Group:
    """How far the readers of a group have come in one stream."""

    last: int = 0
    pending: dict[int, _Pending] = field(factory=dict)


@frozen
class _Stream:
    """What one stream holds, by number, and who reads it."""

    entries: dict[int, Notice] = field(factory=dict)
    order: SortedKeys = field(factory=SortedKeys)
    groups: dict[str, _Group] = field(factory=dict)


class MemoryStreams:
    """Keeps streams for one event loop, as `EventStreams` promises; how long an entry is idle goes by `clock`."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._streams: dict[str, _Stream] = {}
        self._appended = asyncio.Event()

    async def publish(self, notices: Sequence[Notice], /) -> None:
        """Append each to its stream."""
        for notice in notices:
            stream = self._streams.setdefault(notice.stream, _Stream())
            number = next(self._numbers)
            stream.entries[number] = notice
            stream.order.add((number,))
        self._appended.set()

    async def read(self, *, group: str, reader: str, limit: int, wait: timedelta) -> tuple[StreamEntry, ...]:
        """Return so many entries that the group was not given yet, waiting for the first."""
        try:
            async with asyncio.timeout(wait.total_seconds()):
                while not (found := self._read(group, reader, limit)):
                    self._appended.clear()
                    await self._appended.wait()
        except TimeoutError:
            return ()
        return found

    async def take_over(self, *, group: str, reader: str, idle: timedelta, limit: int) -> tuple[StreamEntry, ...]:
        """Return so many entries that were given to somebody and not acknowledged for so long."""
        now = self._clock.now()
        taken: list[StreamEntry] = []
        for name, stream in self._streams.items():
            pending = stream.groups.get(group, _Group()).pending
            for number in sorted(pending):
                given = pending[number]
                if len(taken) < limit and now - given.since >= idle:
                    pending[number] = _Pending(reader, now, given.times + 1)
                    taken.append(_entry(name, number, stream.entries[number], times=given.times + 1))
        return tuple(taken)

    async def acknowledge(self, entries: Sequence[StreamEntry], *, group: str) -> None:
        """Settle entries for the group."""
        for entry in entries:
            stream = self._streams.get(entry.stream, _Stream())
            stream.groups.get(group, _Group()).pending.pop(int(entry.id), None)

    async def trim(self) -> int:
        """Remove what every group has acknowledged."""
        removed = 0
        for stream in self._streams.values():
            if not stream.groups:
                continue
            keep_from = min(min(group.pending, default=group.last + 1) for group in stream.groups.values())
            old = [number for (number,) in stream.order.before((keep_from,))]
            for number in old:
                del stream.entries[number]
                stream.order.remove((number,))
            removed += len(old)
        return removed

    async def lag(self, *, group: str) -> int:
        """Return how much the group has not acknowledged."""
        return sum(_lag(stream, group) for stream in self._streams.values())

    def lose_everything(self) -> None:
        """Forget all streams and groups, as a server that is started anew without its data does."""
        self._streams.clear()

    def _read(self, group: str, reader: str, limit: int) -> tuple[StreamEntry, ...]:
        now = self._clock.now()
        found: list[StreamEntry] = []
        for name, stream in self._streams.items():
            place = stream.groups.setdefault(group, _Group())
            for (number,) in islice(stream.order.after((place.last,)), limit - len(found)):
                found.append(_entry(name, number, stream.entries[number]))
                place.pending[number] = _Pending(reader, now)
                place.last = number
        return tuple(found)


def _entry(stream: str, number: int, notice: Notice, *, times: int = 1) -> StreamEntry:
    return StreamEntry(stream=stream, id=str(number), notice=notice, times=times)


def _lag(stream: _Stream, group: str) -> int:
    place = stream.groups.get(group, _Group())
    return len(place.pending) + sum(1 for _ in stream.order.after((place.last,)))
