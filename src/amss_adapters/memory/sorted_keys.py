"""Sorted keys that stay cheap to change however many they are."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

SortKey: TypeAlias = tuple[Any, ...]
"""What rows are sorted by, most significant first; its last item is the row's id."""

_LARGEST_CHUNK = 512


class SortedKeys:
    """Different keys in order, kept in chunks: adding or removing one moves the others of its chunk only."""

    __slots__ = ("_chunks", "_last", "_length")

    def __init__(self) -> None:
        self._chunks: list[list[SortKey]] = []
        self._last: list[SortKey] = []  # the last each chunk has had since it was made
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, key: SortKey) -> None:
        """Put in a key that is not there yet."""
        self._length += 1
        if not self._chunks:
            self._chunks.append([key])
            self._last.append(key)
            return
        at = bisect_left(self._last, key)
        if at == len(self._chunks):
            at -= 1
            self._chunks[at].append(key)
            self._last[at] = key
        else:
            insort(self._chunks[at], key)
        if len(self._chunks[at]) > _LARGEST_CHUNK:
            self._split(at)

    def remove(self, key: SortKey) -> None:
        """Take out a key that is there."""
        self._length -= 1
        at = bisect_left(self._last, key)
        chunk = self._chunks[at]
        del chunk[bisect_left(chunk, key)]
        if not chunk:
            del self._chunks[at], self._last[at]

    def after(self, key: SortKey = ()) -> Iterator[SortKey]:
        """Go through the keys greater than `key`, in order; through all for the empty key."""
        first = bisect_right(self._last, key)
        if first < len(self._chunks):
            chunk = self._chunks[first]
            yield from islice(chunk, bisect_right(chunk, key), None)
            for chunk in islice(self._chunks, first + 1, None):
                yield from chunk

    def before(self, key: SortKey = ()) -> Iterator[SortKey]:
        """Go through the keys less than `key`, the greatest first; through all for the empty key."""
        last = bisect_left(self._last, key) if key else len(self._chunks)
        if last < len(self._chunks):
            chunk = self._chunks[last]
            yield from reversed(chunk[: bisect_left(chunk, key)])
        for chunk in reversed(self._chunks[:last]):
            yield from reversed(chunk)

    def _split(self, at: int) -> None:
        chunk = self._chunks[at]
        middle = len(chunk) // 2
        self._chunks[at : at + 1] = [chunk[:middle], chunk[middle:]]
        self._last[at : at + 1] = [chunk[middle - 1], chunk[-1]]
