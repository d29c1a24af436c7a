"""Tables written down in tests, and taking them in at a workshop."""

import csv
from collections.abc import Callable, Iterator
from typing import Self

from attrs import evolve, frozen

from amss_domain.imports.model import ImportKind, ImportReport, RowResult, SourceRow, UnreadableRow
from amss_domain.imports.ports import ImportsWork
from amss_domain.imports.use_cases.import_rows import ImportRows
from amss_domain.scheduling.follow_up import FollowFleet
from amss_domain.shared.actor import Actor
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.workshop import Workshop


class TextTable:
    """A table of the lines that a text writes; the space around each line is left out.

    `items` are its rows, and may be changed: an exception among them is raised when it is its turn.
    """

    def __init__(self, text: str) -> None:
        header, *lines = csv.reader(line.strip() for line in text.strip().splitlines())
        self._columns = tuple(header)
        self.items: list[SourceRow | UnreadableRow | Exception] = [
            SourceRow(number, dict(zip(header, cells, strict=True))) for number, cells in enumerate(lines, start=2)
        ]

    def columns(self) -> tuple[str, ...]:
        """Return the columns."""
        return self._columns

    def rows(self) -> Iterator[SourceRow | UnreadableRow]:
        """Yield the rows."""
        for item in self.items:
            if isinstance(item, Exception):
                raise item
            yield item


@frozen
class Importing:
    """Takes tables in at the workshop."""

    workshop: Workshop
    import_rows: ImportRows

    @classmethod
    def at(cls, workshop: Workshop) -> Self:
        """Return the use case wired over the workshop's backend."""
        open_uow = workshop.tenant.backend.open_uow
        return cls(workshop, ImportRows(open_uow, workshop.clock, FRESH_IDS, FollowFleet(FRESH_IDS)))

    def in_chunks(self, rows: int) -> Self:
        """Return the same, with so many rows to a unit of work."""
        return evolve(self, import_rows=evolve(self.import_rows, chunk_rows=rows))

    def over(self, open_uow: OpenUnitOfWork[ImportsWork]) -> Self:
        """Return the same, with units of work opened so."""
        return evolve(self, import_rows=evolve(self.import_rows, open_uow=open_uow))

    async def __call__(
        self,
        kind: ImportKind,
        table: str | TextTable,
        *,
        by: Actor | None = None,
        dry_run: bool = False,
        on_progress: Callable[[ImportReport], None] | None = None,
        on_rejected: Callable[[RowResult], None] | None = None,
    ) -> ImportReport:
        """Take the table in."""
        return await self.import_rows(
            by or self.workshop.actor,
            kind,
            TextTable(table) if isinstance(table, str) else table,
            dry_run=dry_run,
            on_progress=on_progress,
            on_rejected=on_rejected,
        )

    async def counts(self, kind: ImportKind, table: str | TextTable) -> tuple[int, int, int, int]:
        """Take the table in; return how many rows were created, updated, unchanged and rejected."""
        report = await self(kind, table)
        return report.created, report.updated, report.unchanged, report.rejected

    async def reasons(self, kind: ImportKind, table: str) -> list[tuple[str | None, str]]:
        """Take the table in; return the column and the code of every reason against its rows."""
        report = await self(kind, table)
        return [(one.subject, one.code) for row in report.rejections for one in row.violations]
