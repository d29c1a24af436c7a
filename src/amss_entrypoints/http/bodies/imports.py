"""Imports as clients get them."""

from collections.abc import Mapping
from uuid import UUID

from attrs import frozen

from amss_domain.imports.batch import Import as Kept
from amss_domain.imports.batch import ImportStatus, KeptRow
from amss_domain.imports.model import Effect, ImportKind
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.common import warnings_of
from amss_entrypoints.http.endpoint import BASE, Answer
from amss_entrypoints.http.problems import ViolationBody
from amss_entrypoints.http.schema import Instant


@frozen(kw_only=True)
class Import:
    """A table that was uploaded, how far it has been worked off, and what became of its rows so far.

    `rows_done` rows and `bytes_done` of `bytes_total` have been read. `warned` rows were taken with a warning, and are
    counted as taken too. `reasons` say why one failed as a whole. In a dry run the counts say what would become of the
    rows.
    """

    id: UUID
    kind: ImportKind
    dry_run: bool
    status: ImportStatus
    file_name: str
    bytes_total: int
    bytes_done: int
    rows_done: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    warned: int
    reasons: tuple[ViolationBody, ...]
    requested_by: str
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None


@frozen(kw_only=True)
class ImportRow:
    """What became of one row; `number` is the row's in a spreadsheet, where the header is row 1.

    `cells` and `reasons` are there if it was rejected or taken with a warning; `subject` is the column a reason is
    about.
    """

    number: int
    status: Effect
    cells: Mapping[str, str]
    reasons: tuple[ViolationBody, ...]


def import_of(kept: Kept) -> Import:
    """Return the import as clients get it."""
    counts = kept.counts
    return Import(
        id=kept.id,
        kind=kept.kind,
        dry_run=kept.dry_run,
        status=kept.status,
        file_name=kept.file_name,
        bytes_total=kept.bytes_total,
        bytes_done=kept.bytes_done,
        rows_done=counts.rows,
        created=counts.created,
        updated=counts.updated,
        unchanged=counts.unchanged,
        rejected=counts.rejected,
        warned=counts.warned,
        reasons=warnings_of(kept.reasons),
        requested_by=kept.requested_by,
        created_at=kept.created_at,
        started_at=kept.started_at,
        finished_at=kept.finished_at,
    )


def one(kept: Kept) -> Answer:
    """Return the answer that shows an import."""
    return Answer(body=import_of(kept), version=kept.version)


def queued(kept: Kept) -> Answer:
    """Return the answer that says where an import can be followed."""
    return Answer(body=import_of(kept), location=f"{BASE}/imports/{kept.id}")


def many(page: Page[Kept]) -> Answer:
    """Return the answer that lists imports."""
    return Answer(body=tuple(map(import_of, page.items)), next_after=page.next_after)


def rows(page: Page[KeptRow]) -> Answer:
    """Return the answer that lists rows."""
    items = tuple(
        ImportRow(number=row.number, status=row.effect, cells=row.cells, reasons=warnings_of(row.violations))
        for row in page.items
    )
    return Answer(body=items, next_after=page.next_after)
