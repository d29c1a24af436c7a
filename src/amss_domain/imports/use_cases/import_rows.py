"""Working through a table, some rows at a time, so that each is applied exactly once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar, cast

from attrs import evolve, field, frozen, validators

from amss_domain.access.rules import authorize
from amss_domain.fleet.ports import FleetFollowUp
from amss_domain.imports.batch import kept_cells, kept_reasons
from amss_domain.imports.errors import UnreadableFile
from amss_domain.imports.model import KEPT, Effect, ImportKind, ImportReport, RowResult, SourceRow, UnreadableRow
from amss_domain.imports.ports import ImportsWork, RowSource
from amss_domain.imports.rules.header import violations_of_header
from amss_domain.imports.rules.repeats import Repeats
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


class Keeper(Protocol):
    """What a caller has put into the unit of work in which a chunk of rows is taken in: with it, or not at all.

    - `pass_over` is called once, before a row is asked for. It takes those out of the source that were worked through
      before, gives each that can be read to `see`, if there is one, and returns whether there were any.
    - `begin` is called first in a chunk, before any row is looked at; `keep` last, with what became of the rows, in
      order, just before the commit. In a dry run both are given a unit of work of their own, which is committed.
    - `goes_on` is asked after each chunk; False ends the work there.
    - What they raise ends the import, save for a conflict of the rows themselves.
    """

    async def pass_over(self, see: Callable[[SourceRow], object] | None, /) -> bool: ...

    async def begin(self, uow: ImportsWork, /) -> None: ...

    async def keep(self, uow: ImportsWork, results: Sequence[RowResult], /) -> None: ...

    async def goes_on(self) -> bool: ...


class _KeepsNothing:
    async def pass_over(self, _see: Callable[[SourceRow], object] | None, /) -> bool:
        """Pass nothing over."""
        return False

    async def begin(self, uow: ImportsWork, /) -> None:
        """Do nothing."""

    async def keep(self, uow: ImportsWork, results: Sequence[RowResult], /) -> None:
        """Do nothing."""

    async def goes_on(self) -> bool:
        """Go on to the end."""
        return True


_NOTHING: Final = _KeepsNothing()


@frozen
class ImportRows:
    """Take in the rows of a table, each exactly once, however often the table is given and wherever it was cut off.

    A unit of work takes `chunk_rows` rows, or fewer that have `chunk_characters` together, and what is held in memory
    is bounded by that, save for a digest of each row's key.
    """

    open_uow: OpenUnitOfWork[ImportsWork]
    clock: Clock
    ids: IdFactory
    follow_up: FleetFollowUp[SchedulingWork]
    chunk_rows: int = field(default=2000, validator=validators.ge(1))
    chunk_characters: int = field(default=4_000_000, validator=validators.ge(1))

    async def __call__(
        self,
        by: Actor,
        kind: ImportKind,
        source: RowSource,
        *,
        dry_run: bool = False,
        keeper: Keeper = _NOTHING,
        on_progress: Callable[[ImportReport], None] | None = None,
        on_rejected: Callable[[RowResult], None] | None = None,
        on_warning: Callable[[RowResult], None] | None = None,
    ) -> ImportReport:
        """Return what became of the rows; with `dry_run` nothing is changed, and the report says what would be.

        `keeper` puts something of its own into the unit of work of each chunk. `on_rejected` and `on_warning` are given
        every row they are about, in order, once it is certain what became of it; `on_progress` the report so far. A dry
        run looks at each chunk as if nothing before it had been taken in, so that nobody waits for it for long; a row
        that names what an earlier chunk did comes with a warning. Raises `NotPermitted`; `UnreadableFile` for a wrong
        header, for a table without rows, and when the source cannot be read further: the rows before that stay as they
        are.
        """
        authorize(by, "imports:write")
        violations = violations_of_header(kind, source.columns())
        if violations:
            raise UnreadableFile(violations)
        run = _Run(ImportReport(kind=kind, dry_run=dry_run), keeper, on_progress, on_rejected, on_warning)
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
        if not run.seen:
            raise UnreadableFile([Violation("no_rows", "there are no rows below the header")])
        return run.report

    async def _work_through(self, by: Actor, kind: Kind[R], source: RowSource, run: "_Run") -> None:
        # Passed over or not: what a row is called, or what a dry run says of it, may depend on those before it.
        run.seen = await run.keeper.pass_over(run.repeats.note if run.report.dry_run else kind.passed_over())
        for chunk in self._chunks(kind, source, run):
            results = await self._commit(by, kind, chunk, run)
            if run.report.dry_run:
                results = run.repeats.warn(results)
                await self._keep(by, run, results)
            run.tell(results)
            if not await run.keeper.goes_on():
                return

    def _chunks(self, kind: Kind[R], source: RowSource, run: "_Run") -> Iterator[list[Read[R] | RowResult]]:
        chunk: list[Read[R] | RowResult] = []
        characters = 0
        for row in source.rows():
            run.seen = True
            characters += sum(map(len, row.cells.values()))
            if isinstance(row, UnreadableRow):
                chunk.append(RowResult(row.number, row.cells, Effect.REJECTED, row.violations))
            else:
                chunk.append(kind.read(row))
            if len(chunk) >= self.chunk_rows or characters >= self.chunk_characters:
                yield chunk
                chunk, characters = [], 0
        if chunk:
            yield chunk

    async def _commit(
        self, by: Actor, kind: Kind[R], chunk: Sequence[Read[R] | RowResult], run: "_Run", *, attempts: int = _ATTEMPTS
    ) -> list[RowResult]:
        """Take the rows in and commit them, save in a dry run; if they can't all be, find those that can."""
        dry_run = run.report.dry_run
        if (dry_run or not run.keeps) and all(isinstance(row, RowResult) for row in chunk):
            return [row for row in chunk if isinstance(row, RowResult)]
        try:
            async with self.open_uow(by.org_id, by) as uow:
                if dry_run:
                    return await self._taken(cast(ImportsWork, _Rehearsed(uow)), kind, chunk)
                await run.keeper.begin(uow)
                results = await self._taken(uow, kind, chunk)
                await run.keeper.keep(uow, results)
                await uow.commit()
            return results
        except _CONFLICTS as error:
            if attempts > 1:
                return await self._commit(by, kind, chunk, run, attempts=attempts - 1)
            if len(chunk) == 1:
                (row,) = chunk
                # What is rejected already conflicts with nothing: it is the keeper who does.
                if isinstance(row, RowResult):
                    raise
                rejected = row.rejected([Violation(error.code, str(error))])
                return await self._commit(by, kind, [rejected], run)
        middle = len(chunk) // 2
        return [
            *await self._commit(by, kind, chunk[:middle], run),
            *await self._commit(by, kind, chunk[middle:], run),
        ]

    async def _keep(self, by: Actor, run: "_Run", results: Sequence[RowResult]) -> None:
        if run.keeps:
            async with self.open_uow(by.org_id, by) as uow:
                await run.keeper.begin(uow)
                await run.keeper.keep(uow, results)
                await uow.commit()

    async def _taken(self, uow: SchedulingWork, kind: Kind[R], chunk: Sequence[Read[R] | RowResult]) -> list[RowResult]:
        """Take the rows in that can be read; return what became of all of them, in their order."""
        results = [row for row in chunk if isinstance(row, RowResult)]
        results += await self._take(uow, kind, [row for row in chunk if not isinstance(row, RowResult)])
        return sorted(results, key=_number)

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
        keeper: Keeper,
        on_progress: Callable[[ImportReport], None] | None,
        on_rejected: Callable[[RowResult], None] | None,
        on_warning: Callable[[RowResult], None] | None,
    ) -> None:
        self.report = report
        self.keeper = keeper
        self.repeats = Repeats(report.kind)
        self.seen = False
        self._on_progress = on_progress
        self._on_rejected = on_rejected
        self._on_warning = on_warning

    @property
    def keeps(self) -> bool:
        """Tell whether there is a keeper."""
        return self.keeper is not _NOTHING

    def tell(self, results: Sequence[RowResult]) -> None:
        """Add what became of a chunk's rows to the report, and tell."""
        rejected = [result for result in results if result.effect is Effect.REJECTED]
        warned = [result for result in results if result.warned]
        effects = [result.effect for result in results]
        was = self.report
        self.report = evolve(
            was,
            created=was.created + effects.count(Effect.CREATED),
            updated=was.updated + effects.count(Effect.UPDATED),
            unchanged=was.unchanged + effects.count(Effect.UNCHANGED),
            rejected=was.rejected + len(rejected),
            warned=was.warned + len(warned),
            rejections=_with(was.rejections, rejected),
            warnings=_with(was.warnings, warned),
        )
        for tell, concerned in ((self._on_rejected, rejected), (self._on_warning, warned)):
            if tell is not None:
                for result in concerned:
                    tell(result)
        if self._on_progress is not None:
            self._on_progress(self.report)


def _with(kept: Sequence[RowResult], more: Sequence[RowResult]) -> tuple[RowResult, ...]:
    """Return the first rows of all, with no more of the new ones than is kept anywhere."""
    added = more[: KEPT - len(kept)]
    return (
        *kept,
        *(evolve(one, cells=kept_cells(one.cells), violations=kept_reasons(one.violations)) for one in added),
    )


def _number(result: RowResult) -> int:
    return result.number
