"""Rows of a table that name what rows before them named already."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve

from amss_domain.imports.model import Effect, ImportKind, RowResult, SourceRow
from amss_domain.imports.rules.cells import text_in
from amss_domain.shared.violation import Violation

_KEYS: Final[Mapping[ImportKind, tuple[str, ...]]] = {
    ImportKind.AIRCRAFT: ("registration",),
    ImportKind.PARTS: ("part_number", "location", "lot", "serial_number"),
    ImportKind.PROGRAMS: ("name",),
    ImportKind.PROGRAM_LINKS: ("registration", "program"),
    ImportKind.USAGE: ("registration", "external_id"),
}
# What else a row of them names is its own, so that it repeats none.
_NEEDED: Final[Mapping[ImportKind, str]] = {ImportKind.USAGE: "external_id"}


class Repeats:
    """Finds the rows that name what rows of earlier chunks named; a digest of 12 bytes is kept of each key."""

    def __init__(self, kind: ImportKind) -> None:
        self._columns = _KEYS[kind]
        self._needed = _NEEDED.get(kind, self._columns[0])
        self._seen: set[bytes] = set()

    def note(self, row: SourceRow | RowResult) -> None:
        """Remember what the row names."""
        key = self._key(row.cells)
        if key is not None:
            self._seen.add(key)

    def warn(self, chunk: Sequence[RowResult]) -> list[RowResult]:
        """Return the chunk, with a warning for each row that is taken and repeats one of an earlier chunk; note it."""
        warned = [self._warned(result) for result in chunk]
        for result in chunk:
            self.note(result)
        return warned

    def _warned(self, result: RowResult) -> RowResult:
        if result.effect is Effect.REJECTED or self._key(result.cells) not in self._seen:
            return result
        message = "a row far above names the same; what becomes of this one depends on what that one changes"
        return evolve(result, violations=(*result.violations, Violation("repeated", message, self._columns[0])))

    def _key(self, cells: Mapping[str, str]) -> bytes | None:
        if text_in(cells, self._needed) is None:
            return None
        named = "\0".join(text_in(cells, column) or "" for column in self._columns).lower()
        return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=12).digest()
