"""An uploaded table on its way: waiting, worked off, and what became of it and of each of its rows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Final, Self
from uuid import UUID

from attrs import evolve, field, frozen

from amss_domain.imports.events import ImportCompleted, ImportFailed, ImportQueued
from amss_domain.imports.model import Effect, ImportKind, RowResult
from amss_domain.shared.ids import ImportId, OrgId
from amss_domain.shared.violation import Violation

LONGEST_FILE_NAME: Final = 255
"""How many characters of a file's name are kept."""

MOST_COLUMNS: Final = 200
"""How many columns a table has at most, and how many of them an import remembers."""

MOST_REASONS: Final = 100
"""How many reasons are kept against a table, and against each of its rows; the last then says how many there were."""

LONGEST_CELL: Final = 4000
"""How many characters of a cell are kept; no column takes more."""

_LONGEST_CELLS: Final = {"applies_to": 10 * LONGEST_CELL}
_LONGEST_NAME: Final = 255
_LONGEST_MESSAGE: Final = 1000
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


class ImportStatus(Enum):
    """How far an import is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


UNFINISHED: Final = frozenset({ImportStatus.QUEUED, ImportStatus.RUNNING})
"""What is still to be worked off."""


@frozen(kw_only=True)
class Counts:
    """What became of so many rows; `warned` are those taken with a warning, and counted as taken too."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    warned: int = 0

    @property
    def rows(self) -> int:
        """How many rows there were."""
        return self.created + self.updated + self.unchanged + self.rejected

    def with_results(self, results: Iterable[RowResult]) -> Self:
        """Return the counts with those of more rows."""
        counts = dict.fromkeys(Effect, 0)
        warned = 0
        for result in results:
            counts[result.effect] += 1
            warned += result.warned
        return evolve(
            self,
            created=self.created + counts[Effect.CREATED],
            updated=self.updated + counts[Effect.UPDATED],
            unchanged=self.unchanged + counts[Effect.UNCHANGED],
            rejected=self.rejected + counts[Effect.REJECTED],
            warned=self.warned + warned,
        )


@frozen(kw_only=True)
class StoredFile:
    """A file in the storage of imports: where it is, how big, and the SHA-256 of what is in it."""

    key: str
    size_bytes: int
    digest: bytes


@frozen(kw_only=True)
class Import:
    """A table that was uploaded to be worked off.

    `columns` are those of its header, once it has been read. `last_row` is the number of the last row that was worked
    through, 1 (the header's) before the first; `bytes_done` of `bytes_total` have been read by then. `attempt` is 1
    once it was begun. `reasons` say why one failed. `requested_by` names who uploaded it.
    """

    id: ImportId
    org_id: OrgId
    kind: ImportKind
    dry_run: bool = False
    file_name: str
    storage_key: str
    bytes_total: int
    requested_by: str
    status: ImportStatus = ImportStatus.QUEUED
    attempt: int = 0
    columns: tuple[str, ...] = ()
    last_row: int = 1
    bytes_done: int = 0
    counts: Counts = Counts()
    reasons: tuple[Violation, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def is_finished(self) -> bool:
        """Tell whether there is nothing more to do."""
        return self.status not in UNFINISHED

    def queued(self) -> ImportQueued:
        """Announce that it waits to be worked off."""
        return ImportQueued(
            aggregate_id=self.id,
            version=self.version,
            occurred_at=self.created_at,
            kind=self.kind.value,
            file_name=self.file_name,
            dry_run=self.dry_run,
            bytes_total=self.bytes_total,
        )

    def begun(self, columns: Sequence[str], *, at: datetime) -> Self:
        """Return the import as one that is being worked off, from where it was left."""
        if self.attempt:
            return self
        fresh = evolve(
            self,
            status=ImportStatus.RUNNING,
            columns=tuple(storable(name[:_LONGEST_NAME]) for name in columns[:MOST_COLUMNS]),
            started_at=at,
            attempt=1,
        )
        return self._become(fresh, at)

    def advanced(self, results: Sequence[RowResult], *, last_row: int, bytes_done: int, at: datetime) -> Self:
        """Return the import with more of its rows worked through."""
        further = evolve(
            self,
            last_row=max(self.last_row, last_row),
            bytes_done=max(self.bytes_done, min(bytes_done, self.bytes_total)),
            counts=self.counts.with_results(results),
        )
        return self._become(further, at)

    def completed(self, *, at: datetime) -> tuple[Self, ImportCompleted]:
        """Return the import as worked off to its end."""
        done = self._become(
            evolve(self, status=ImportStatus.COMPLETED, finished_at=at, bytes_done=self.bytes_total), at
        )
        return done, ImportCompleted(
            aggregate_id=done.id,
            version=done.version,
            occurred_at=at,
            kind=done.kind.value,
            file_name=done.file_name,
            dry_run=done.dry_run,
            rows=done.counts.rows,
            created=done.counts.created,
            updated=done.counts.updated,
            unchanged=done.counts.unchanged,
            rejected=done.counts.rejected,
            warned=done.counts.warned,
        )

    def failed(self, reasons: Sequence[Violation], *, at: datetime) -> tuple[Self, ImportFailed]:
        """Return the import as one that cannot be worked off any further."""
        kept = kept_reasons(reasons)
        done = self._become(evolve(self, status=ImportStatus.FAILED, finished_at=at, reasons=kept), at)
        return done, ImportFailed(
            aggregate_id=done.id,
            version=done.version,
            occurred_at=at,
            kind=done.kind.value,
            file_name=done.file_name,
            dry_run=done.dry_run,
            rows=done.counts.rows,
            because="; ".join(one.message for one in kept)[:1000],
        )

    def _become(self, other: Self, at: datetime) -> Self:
        return evolve(other, updated_at=at, version=self.version + 1)


@frozen(kw_only=True)
class KeptRow:
    """What became of one row; `cells` and `violations` are there if it was rejected or taken with a warning."""

    number: int
    effect: Effect
    cells: Mapping[str, str] = field(factory=dict)
    violations: tuple[Violation, ...] = ()

    @property
    def id(self) -> UUID:
        """The row's number as an id, by which pages go on."""
        return UUID(int=self.number)

    @property
    def warned(self) -> bool:
        """Tell whether it was taken with a warning."""
        return self.effect is not Effect.REJECTED and bool(self.violations)


@frozen(kw_only=True)
class Run:
    """Rows of one effect, from the first number to the last; one that has a `row` is of that alone."""

    first: int
    last: int
    effect: Effect
    row: KeptRow | None = None

    def rows(self, *, after: int) -> Iterator[KeptRow]:
        """Yield the rows after a number, in order."""
        if self.row is not None:
            yield from (self.row,) if self.last > after else ()
            return
        for number in range(max(self.first, after + 1), self.last + 1):
            yield KeptRow(number=number, effect=self.effect)


def runs_of(results: Iterable[RowResult]) -> Iterator[Run]:
    """Yield the rows, given in order, as runs: where nobody would look, only how many of them there are is kept."""
    run: Run | None = None
    for result in results:
        if result.violations:
            if run is not None:
                yield run
            run = None
            row = kept_row(result)
            yield Run(first=row.number, last=row.number, effect=row.effect, row=row)
        elif run is not None and run.effect is result.effect and run.last + 1 == result.number:
            run = evolve(run, last=result.number)
        else:
            if run is not None:
                yield run
            run = Run(first=result.number, last=result.number, effect=result.effect)
    if run is not None:
        yield run


def kept_row(result: RowResult) -> KeptRow:
    """Return a row as it is kept: what no database can store is replaced in its cells and reasons, and they are cut."""
    return KeptRow(
        number=result.number,
        effect=result.effect,
        cells=kept_cells(result.cells),
        violations=kept_reasons(result.violations),
    )


def kept_cells(cells: Mapping[str, str]) -> dict[str, str]:
    """Return the cells as they are kept, storable; one that was cut says so, and is too long for its column still."""
    return {storable(name): _kept_cell(cell, _LONGEST_CELLS.get(name, LONGEST_CELL)) for name, cell in cells.items()}


def kept_reasons(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """Return the reasons as they are kept: the first 100 of them, cut and storable."""
    kept = tuple(
        Violation(
            one.code,
            storable(one.message[:_LONGEST_MESSAGE]),
            None if one.subject is None else storable(one.subject[:_LONGEST_NAME]),
        )
        for one in violations[:MOST_REASONS]
    )
    if len(violations) <= MOST_REASONS:
        return kept
    message = f"there are {len(violations):,} reasons in all; these are the first {MOST_REASONS - 1}"
    return (*kept[:-1], Violation("more_reasons", message))


def _kept_cell(cell: str, longest: int) -> str:
    return storable(cell if len(cell) <= longest else f"{cell[:longest]}… (cut; {len(cell):,} characters)")


def storable(text: str) -> str:
    """Return the text with the replacement character for NUL and for bytes in it that were no UTF-8."""
    return _UNSTORABLE.sub("\ufffd", text)
