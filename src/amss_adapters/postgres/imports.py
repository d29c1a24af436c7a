"""Imports, and what became of their rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_flag,
    from_id,
    from_instant,
    from_number,
    from_numbers,
    from_text,
    from_texts,
    maybe,
    perhaps,
    to_flag,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import Document
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.imports.batch import Counts, Import, ImportStatus, KeptRow, Run, runs_of
from amss_domain.imports.errors import ClaimLost
from amss_domain.imports.model import Effect, ImportKind, RowResult
from amss_domain.imports.ports import ANY_IMPORT, ANY_ROW, Claim, ImportFilter, RowFilter
from amss_domain.shared.ids import ImportId, OrgId
from amss_domain.shared.page import OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.shared.violation import Violation

_SQL: Final = statements("imports")
_COLUMNS: Final = Document[tuple[str, ...]](tuple[str, ...])
_REASONS: Final = Document[tuple[Violation, ...]](tuple[Violation, ...])
_CELLS: Final = Document[Mapping[str, str]](dict[str, str])
_BY_NUMBER: Final = Order("number")
_ROW: Final = Kind[KeptRow]("import row")

_PAGES: Final = {
    (False, False): "import_page",
    (True, False): "import_page_of_kind",
    (False, True): "import_page_in_status",
    (True, True): "import_page_of_kind_in_status",
}
"""The statements that list imports, by whether a kind and whether a status is asked for."""

_ROW_PAGES: Final = {
    (False, False): "import_rows_page",
    (True, False): "import_rows_page_warned",
    (False, True): "import_rows_page_of_effect",
    (True, True): "import_rows_page_warned_of_effect",
}
"""The statements that list rows, by whether a warning and whether an effect is asked for."""


def _import_from(row: Row, org_id: OrgId) -> Import:
    id, kind, dry_run, file_name, storage_key, bytes_total, requested_by, status, attempt, columns, *rest = row
    last_row, bytes_done, created, updated, unchanged, rejected, warned, reasons, *times, version = rest
    started_at, finished_at, created_at, updated_at = times
    return Import(
        id=cast(ImportId, to_id(id)),
        org_id=org_id,
        kind=ImportKind(to_text(kind)),
        dry_run=to_flag(dry_run),
        file_name=to_text(file_name),
        storage_key=to_text(storage_key),
        bytes_total=to_int(bytes_total),
        requested_by=to_text(requested_by),
        status=ImportStatus(to_text(status)),
        attempt=to_int(attempt),
        columns=_COLUMNS.read(columns),
        last_row=to_int(last_row),
        bytes_done=to_int(bytes_done),
        counts=Counts(
            created=to_int(created),
            updated=to_int(updated),
            unchanged=to_int(unchanged),
            rejected=to_int(rejected),
            warned=to_int(warned),
        ),
        reasons=_REASONS.read(reasons),
        started_at=perhaps(to_instant, started_at),
        finished_at=perhaps(to_instant, finished_at),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _import_fields(one: Import) -> Params:
    counts = one.counts
    return (
        from_text(one.kind.value),
        from_flag(one.dry_run),
        from_text(one.file_name),
        from_text(one.storage_key),
        from_number(one.bytes_total),
        from_text(one.requested_by),
        from_text(one.status.value),
        from_number(one.attempt),
        _COLUMNS.write(one.columns),
        from_number(one.last_row),
        from_number(one.bytes_done),
        *map(from_number, (counts.created, counts.updated, counts.unchanged, counts.rejected, counts.warned)),
        _REASONS.write(one.reasons),
        maybe(from_instant, one.started_at),
        maybe(from_instant, one.finished_at),
        from_instant(one.updated_at),
        from_number(one.version),
    )


_IMPORTS: Final = Table[Import](
    name="imports",
    kind=Kind("import"),
    read=_import_from,
    fields=_import_fields,
    insert=_SQL["import_insert"],
    update=_SQL["import_update"],
)


class PostgresImports:
    """The organization's imports."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, import_id: ImportId, /) -> Import:
        """Return the import. Raises `NotFound`."""
        return await _IMPORTS.one(self._session, _SQL["import_get"], import_id)

    async def get_for_update(self, import_id: ImportId, /) -> Import:
        """Hold the import until the end and return it. Raises `NotFound`."""
        return await _IMPORTS.one(self._session, _SQL["import_hold"], import_id)

    async def page(self, request: PageRequest, /, *, filter: ImportFilter = ANY_IMPORT) -> Page[Import]:
        """Return the imports that match by id. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of imports by {order.by}")
        after = (LAST_ID if order.descending else NO_ID) if request.after is None else from_id(request.after)
        name = _PAGES[filter.kind is not None, filter.status is not None]
        asked = [from_text(one.value) for one in (filter.kind, filter.status) if one is not None]
        params = (after, from_number(request.limit + 1), *asked)
        statement = _SQL[f"{name}_last_first" if order.descending else name]
        return page_of(await _IMPORTS.found(self._session, statement, *params), request.limit)

    def add(self, import_: Import, /) -> None:
        """Add an import, which nobody has claimed."""
        _IMPORTS.add(self._session, import_)

    def save(self, import_: Import, /, *, was: Import) -> None:
        """Save a changed import. Conflicts: `StaleVersion`."""
        _IMPORTS.save(self._session, import_, was=was)

    async def hold_claimed(self, claim: Claim, /) -> Import:
        """Hold the import until the end and return it. Raises `ClaimLost`."""
        params = (from_id(claim.import_id), from_number(claim.token))
        found = await _IMPORTS.found(self._session, _SQL["import_hold_claimed"], *params)
        if not found:
            raise ClaimLost(claim.import_id)
        return found[0]

    async def unfinished(self) -> int:
        """Return how many are waiting or being worked off."""
        ((count,),) = await self._session.read(_SQL["import_count_unfinished"], (self._session.org,), _IMPORTS.kind)
        return to_int(count)

    def prolong(self, claim: Claim, /, *, until: datetime, further: bool = False) -> None:
        """Make the claim, which is held, last until then; where it came `further` its tries and pauses begin anew."""
        params = (self._session.org, from_id(claim.import_id), from_instant(until))
        statement = _SQL["import_prolong_further" if further else "import_prolong"]
        self._session.queue(statement, params, Subject(_IMPORTS.kind, claim.import_id))

    def add_rows(self, import_id: ImportId, attempt: int, results: Sequence[RowResult], /) -> None:
        """Keep what became of rows. Conflicts: `BrokenReference` for an unknown import."""
        runs = list(runs_of(results))
        params = (
            self._session.org,
            from_id(import_id),
            from_number(attempt),
            from_numbers(run.first for run in runs),
            from_numbers(run.last for run in runs),
            from_texts(run.effect.value for run in runs),
            b"{" + b",".join(from_flag(run.row is not None and run.row.warned) for run in runs) + b"}",
            _documents(None if run.row is None else _CELLS.write(run.row.cells) for run in runs),
            _documents(None if run.row is None else _REASONS.write(run.row.violations) for run in runs),
        )
        self._session.queue(_SQL["import_rows_insert"], params, Subject(_ROW, import_id))

    async def rows(
        self, import_id: ImportId, attempt: int, request: PageRequest, /, *, filter: RowFilter = ANY_ROW
    ) -> Page[KeptRow]:
        """Return the rows that match by number. Raises ValueError for another order."""
        if request.order not in (None, _BY_NUMBER):
            raise ValueError("rows of an import come by number")
        after = 0 if request.after is None else request.after.int
        params: Params = (
            self._session.org,
            from_id(import_id),
            from_number(attempt),
            # No row has a number that is greater, whatever id a page is to go on after.
            from_number(min(after, _LAST_NUMBER)),
            from_number(request.limit + 1),
        )
        if filter.effect is not None:
            params = (*params, from_text(filter.effect.value))
        statement = _SQL[_ROW_PAGES[filter.warned, filter.effect is not None]]
        found = await self._session.read(statement, params, _ROW)
        return page_of(_expanded(map(_run_from, found), after, request.limit + 1), request.limit)


_LAST_NUMBER: Final = 2**63 - 1


def _run_from(row: Row) -> Run:
    first, last, effect, cells, reasons = row
    became, number = Effect(to_text(effect)), to_int(last)
    kept = None
    if reasons is not None:
        kept = KeptRow(number=number, effect=became, cells=_CELLS.read(cells), violations=_REASONS.read(reasons))
    return Run(first=to_int(first), last=number, effect=became, row=kept)


def _expanded(runs: Iterable[Run], after: int, limit: int) -> Iterator[KeptRow]:
    left = limit
    for run in runs:
        for row in run.rows(after=after):
            yield row
            left -= 1
            if not left:
                return


def _documents(values: Iterable[bytes | None]) -> bytes:
    return b"{" + b",".join(b"NULL" if one is None else _element(one) for one in values) + b"}"


def _element(document: bytes) -> bytes:
    return b'"' + document.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
