"""Taking in rows of programs."""

from collections.abc import Sequence

from attrs import define

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.imports.model import Effect, RowResult, SourceRow
from amss_domain.imports.rules.programs import ProgramRow, parse_program, violations_of_terms
from amss_domain.imports.use_cases.rows import Read, Setting, read_with, unknown_aircraft
from amss_domain.scheduling.follow_up import link_covered
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program, ProgramTerms
from amss_domain.shared.ids import AircraftId, ProgramId
from amss_domain.shared.violation import Violation


class ProgramRows:
    """Rows of programs; each writes one or changes its terms, and links the aircraft that it lists.

    The aircraft of a model or of the whole fleet are linked by `GenerateDueTasks`, which also makes all tasks.
    """

    def read(self, source: SourceRow, /) -> Read[ProgramRow]:
        """Return what the row says."""
        return read_with(parse_program, source)

    def passed_over(self) -> None:
        """Return None: each row stands for itself."""

    async def take(self, uow: SchedulingWork, rows: Sequence[Read[ProgramRow]], setting: Setting, /) -> list[RowResult]:
        """Write or rewrite each row's program, and link what it lists."""
        said = [read.said for read in rows if read.said is not None]
        listed = {registration for row in said for registration in row.listed}
        # Aircraft before links, as everywhere; programs are held by nobody who then waits for aircraft.
        fleet = await uow.fleet.by_registrations(listed, for_update=True) if listed else {}
        links = await uow.links.of_aircraft([one.id for one in fleet.values()], for_update=True) if fleet else ()
        programs = await uow.programs.by_names({row.name for row in said}, for_update=True)
        library = _Library(uow, setting, programs, fleet, {(one.program_id, one.aircraft_id): one for one in links})
        return [library.take(read) for read in rows]


@define
class _Library:
    """The programs, by name in lower case, and the links that one unit of work adds and changes."""

    uow: SchedulingWork
    setting: Setting
    programs: dict[str, Program]
    fleet: dict[str, Aircraft]
    links: dict[tuple[ProgramId, AircraftId], Link]

    def take(self, read: Read[ProgramRow]) -> RowResult:
        row = read.said
        if row is None:
            return read.rejected(read.violations)
        stored = self.programs.get(row.name.lower())
        terms = row.terms(None if stored is None else stored.terms)
        unknown = [one for name in row.listed for one in unknown_aircraft(name, self.fleet, "applies_to")]
        against = (*violations_of_terms(row, terms), *unknown)
        if against:
            return read.rejected(against)
        program = self._write(row, terms) if stored is None else self._rewrite(stored, terms)
        linked, warnings = self._link(row, program)
        if stored is None:
            return read.taken(Effect.CREATED, warnings)
        return read.taken(Effect.UPDATED if linked or program is not stored else Effect.UNCHANGED, warnings)

    def _write(self, row: ProgramRow, terms: ProgramTerms) -> Program:
        program = Program(
            id=ProgramId(self.setting.ids.new()),
            org_id=self.uow.org_id,
            name=row.name,
            terms=terms,
            created_at=self.setting.at,
            updated_at=self.setting.at,
        )
        self.uow.programs.add(program)
        self.uow.record(program.created())
        self.programs[row.name.lower()] = program
        return program

    def _rewrite(self, stored: Program, terms: ProgramTerms) -> Program:
        if terms == stored.terms:
            return stored
        program, event = stored.rewritten(terms, at=self.setting.at)
        self.uow.programs.save(program, was=stored)
        self.uow.record(event)
        self.programs[program.name.lower()] = program
        return program

    def _link(self, row: ProgramRow, program: Program) -> tuple[int, tuple[Violation, ...]]:
        """Link the listed aircraft that are not yet; return how many, and which links somebody had ended."""
        linked, ended = 0, []
        for registration in row.listed:
            aircraft = self.fleet[registration.lower()]
            link = self.links.get((program.id, aircraft.id))
            if link is None:
                link = link_covered(self.uow, program, aircraft, today=self.setting.now, ids=self.setting.ids)
                self.links[program.id, aircraft.id] = link
                linked += 1
            elif not link.is_active:
                ended.append(link_ended(link, registration, "applies_to"))
        return linked, tuple(ended)


def link_ended(link: Link, registration: str, column: str) -> Violation:
    """Return the warning that somebody took the program off the aircraft, which a table does not undo."""
    message = f"the program was taken off {registration} ({link.end_reason}) and stays so; link it again by itself"
    return Violation("link_ended", message, column)
