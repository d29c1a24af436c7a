"""Working through a table, some rows at a time, so that each is applied exactly once."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar, cast

from attrs import evolve, field, frozen, validators

from amss_domain.access.rules import authorize
from amss_domain.fleet.ports import FleetFollowUp
from amss_domain.imports.errors import UnreadableFile
from amss_domain.imports.model import KEPT, Effect, ImportKind, ImportReport, RowResult, UnreadableRow
from amss_domain.imports.ports import RowSource
from amss_domain.imports.rules.header import violations_of_header
from amss_domain.imports.use_cases.aircraft import AircraftRows
from amss_domain.imports.use_cases.parts import PartRows
from amss_domain.imports.use_cases.program_links import ProgramLinkRows
from amss_domain.imports.use_cases.programs import ProgramRows
from amss_domain.imports.use_cases.rows import Kind, Read, Setting
from amss_domain.imports.use_cases.usage import UsageRows
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import AlreadyExists, BrokenReference, InvariantBroken, NotFound, StaleVersion
from amss_domain.shared.events import Event
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.violation import Violation

R = TypeVar("R")

# Somebody else, another import of the same table say, may be changing what this one changes.
_CONFLICTS = (AlreadyExists, BrokenReference, InvariantBroken, NotFound, OpenTaskExists, StaleVersion)
_ATTEMPTS = 3


@frozen
class ImportRows:
    """Take in the rows of a table, each exactly once, however often the table is given and wherever it was cut off.

    A unit of work takes `chunk_rows` rows, and what is held in memory is bounded by that.
    """

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory
    follow_up: FleetFollowUp[SchedulingWork]
    chunk_rows: int = field(default=2000, validator=validators.ge(1))

    async def __call__(
        self,
        by: Actor,
        kind: ImportKind,
        source: RowSource,
        *,
        dry_run: bool = False,
        on_progress: Callable[[ImportReport], None] | None = None,
        on_rejected: Callable[[RowResult], None] | None = None,
        on_warning: Callable[[RowResult], None] | None = None,
    ) -> ImportReport:
        """Return what became of the rows; with `dry_run` nothing is changed, and the report says what would be.

        `on_rejected` and `on_warning` are given every row they are about, in order, once it is certain what became of
        it; `on_progress` the report so far. A dry run works in one unit of work and holds what it looks at to its end.
        Raises `NotPermitted`; `UnreadableFile` for a wrong header, for a table without rows, and when the source cannot
        be read further: the rows before that stay as they are.
        """
        authorize(by, "imports:write")
        violations = violations_of_header(kind, source.columns())
        if violations:
            raise UnreadableFile(violations)
        run = _Run(ImportReport(kind=kind, dry_run=dry_run), on_progress, on_rejected, on_warning)
        match kind:
            case ImportKind.AIRCRAFT:
                await self._work_through(by, AircraftRows(), source, run)
            case ImportKind.PARTS:
                await self._work_through(by, PartRows(), source, run)
            case ImportKind.PROGRAMS:
                await self._work_through(by, ProgramRows(), source, run)
            case ImportKind.PROGRAM_LINKS:
                await self._work_through(by, ProgramLinkRows(), source, run)
            case ImportKind.USAGE:
                await self._work_through(by, UsageRows(), source, run)
        if not run.report.rows:
            raise UnreadableFile([Violation("no_rows", "there are no rows below the header")])
        return run.report

    async def _work_through(self, by: Actor, kind: Kind[R], source: RowSource, run: "_Run") -> None:
        chunks = self._chunks(kind, source)
        if run.report.dry_run:
            async with self.open_uow(by.org_id, by) as uow:
                rehearsed = cast(SchedulingWork, _Rehearsed(uow))
                for unreadable, rows in chunks:
                    run.tell([*unreadable, *await self._take(rehearsed, kind, rows)])
            return
        for unreadable, rows in chunks:
            run.tell([*unreadable, *await self._commit(by, kind, rows)])

    def _chunks(self, kind: Kind[R], source: RowSource) -> Iterator[tuple[list[RowResult], list[Read[R]]]]:
        rows = source.rows()
        while chunk := list(islice(rows, self.chunk_rows)):
            unreadable = [
                RowResult(row.number, row.cells, Effect.REJECTED, row.violations)
                for row in chunk
                if isinstance(row, UnreadableRow)
            ]
            yield unreadable, [kind.read(row) for row in chunk if not isinstance(row, UnreadableRow)]

    async def _commit(
        self, by: Actor, kind: Kind[R], rows: Sequence[Read[R]], *, attempts: int = _ATTEMPTS
    ) -> list[RowResult]:
        """Take the rows in and commit them; if they can't all be, find those that can."""
        if not rows:
            return []
        try:
            async with self.open_uow(by.org_id, by) as uow:
                results = await self._take(uow, kind, rows)
                await uow.commit()
            return results
        except _CONFLICTS as error:
            if attempts > 1:
                return await self._commit(by, kind, rows, attempts=attempts - 1)
            if len(rows) == 1:
                return [rows[0].rejected([Violation(error.code, str(error))])]
        middle = len(rows) // 2
        return [*await self._commit(by, kind, rows[:middle]), *await self._commit(by, kind, rows[middle:])]

    async def _take(self, uow: SchedulingWork, kind: Kind[R], rows: Sequence[Read[R]]) -> list[RowResult]:
        if not rows:
            return []
        policy = (await uow.organizations.current()).policy
        now = self.clock.now()
        setting = Setting(
            at=now, today=day_of(now, policy.time_zone), policy=policy, ids=self.ids, follow_up=self.follow_up
        )
        return await kind.take(uow, rows, setting)


class _Rehearsed:
    """A unit of work that is never committed: it keeps no events for that, which would be as many as there are rows."""

    def __init__(self, real: SchedulingWork) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._real, name)
        return found

    def record(self, event: Event, /) -> None:
        """Do nothing."""


class _Run:
    """One working through, as far as it has come, and who is told of it."""

    def __init__(
        self,
        report: ImportReport,
        on_progress: Callable[[ImportReport], None] | None,
        on_rejected: Callable[[RowResult], None] | None,
        on_warning: Callable[[RowResult], None] | None,
    ) -> None:
        self.report = report
        self._on_progress = on_progress
        self._on_rejected = on_rejected
        self._on_warning = on_warning

    def tell(self, results: list[RowResult]) -> None:
        """Add what became of a chunk's rows to the report, and tell."""
        results.sort(key=lambda result: result.number)
        rejected = [result for result in results if result.effect is Effect.REJECTED]
        warned = [result for result in results if result.effect is not Effect.REJECTED and result.violations]
        effects = [result.effect for result in results]
        was = self.report
        self.report = evolve(
            was,
            created=was.created + effects.count(Effect.CREATED),
            updated=was.updated + effects.count(Effect.UPDATED),
            unchanged=was.unchanged + effects.count(Effect.UNCHANGED),
            rejected=was.rejected + len(rejected),
            warned=was.warned + len(warned),
            rejections=(*was.rejections, *rejected)[:KEPT],
            warnings=(*was.warnings, *warned)[:KEPT],
        )
        for tell, concerned in ((self._on_rejected, rejected), (self._on_warning, warned)):
            if tell is not None:
                for result in concerned:
                    tell(result)
        if self._on_progress is not None:
            self._on_progress(self.report)
