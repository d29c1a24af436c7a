"""Uploaded tables, kept in memory: for tests, and for trying AMSS out."""

from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256

from amss_domain.imports.batch import StoredFile
from amss_domain.imports.errors import FileTooLarge, UnreadableFile
from amss_domain.imports.ports import StoredTable
from amss_domain.shared.clock import Clock
from amss_domain.shared.ids import ImportId, OrgId
from amss_domain.shared.violation import Violation


class MemoryImportStorage:
    """Keeps uploaded tables for as long as it lives; `table` reads one, given its content and its name."""

    def __init__(self, clock: Clock, table: Callable[[bytes, str], StoredTable]) -> None:
        self._clock = clock
        self._table = table
        self._files: dict[str, tuple[datetime, bytes]] = {}

    async def store(
        self, chunks: AsyncIterable[bytes], /, *, org_id: OrgId, import_id: ImportId, limit_bytes: int
    ) -> StoredFile:
        """Keep what the chunks add up to. Raises `FileTooLarge`."""
        content = bytearray()
        async for chunk in chunks:
            content += chunk
            if len(content) > limit_bytes:
                raise FileTooLarge(limit_bytes)
        key = f"{org_id}/{import_id}.csv"
        self._files[key] = (self._clock.now(), bytes(content))
        return StoredFile(key=key, size_bytes=len(content), digest=sha256(content).digest())

    @contextmanager
    def opened(self, key: str, /, *, name: str) -> Iterator[StoredTable]:
        """Give the table of a key. Raises `UnreadableFile` for one that is not there."""
        found = self._files.get(key)
        if found is None:
            raise UnreadableFile([Violation("file_not_found", f"{name} is not there any more; upload it again")])
        yield self._table(found[1], name)

    async def discard(self, key: str, /) -> None:
        """Remove a file, if it is there."""
        self._files.pop(key, None)

    async def keys(self, *, before: datetime, limit: int) -> tuple[str, ...]:
        """Return the files that were last written before an instant, up to so many."""
        return tuple(key for key, (at, _) in self._files.items() if at < before)[:limit]
