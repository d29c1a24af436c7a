"""Taking in rows of program links."""

from collections.abc import Sequence

from attrs import define, evolve, field

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import Ledger
from amss_domain.imports.model import Effect, RowResult, SourceRow
from amss_domain.imports.rules.program_links import (
    ProgramLinkRow,
    parse_program_link,
    states_the_same,
    violations_of_point,
)
from amss_domain.imports.use_cases.programs import link_ended
from amss_domain.imports.use_cases.rows import Read, Setting, name_in, read_with, unknown_aircraft
from amss_domain.scheduling.follow_up import link_covered
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.linking import baseline_of, new_link
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.recounting import recount
from amss_domain.scheduling.standing import Baseline
from amss_domain.shared.ids import AircraftId, LinkId, ProgramId
from amss_domain.shared.violation import Violation

_NOTE = "the last accomplishment imported"
_RECOUNTED = "another last accomplishment was imported"


class ProgramLinkRows:
    """Rows of program links; each puts a program on an aircraft, or lets the link count from what it states."""

    def read(self, source: SourceRow, /) -> Read[ProgramLinkRow]:
        """Return what the row says."""
        return read_with(parse_program_link, source)

    def passed_over(self) -> None:
        """Return None: each row stands for itself."""

    async def take(
        self, uow: SchedulingWork, rows: Sequence[Read[ProgramLinkRow]], setting: Setting, /
    ) -> list[RowResult]:
        """Add or recount each row's link; `GenerateDueTasks` makes the tasks of the new ones."""
        registrations = {name for read in rows if (name := name_in(read.source, "registration")) is not None}
        names = {name for read in rows if (name := name_in(read.source, "program")) is not None}
        fleet = await uow.fleet.by_registrations(registrations, for_update=True)
        links = await uow.links.of_aircraft([one.id for one in fleet.values()], for_update=True) if fleet else ()
        programs = await uow.programs.by_names(names)
        linking = _Linking(uow, setting, fleet, programs, {(one.program_id, one.aircraft_id): one for one in links})
        return [await linking.take(read) for read in rows]


@define
class _Linking:
    """The links that one unit of work adds and changes, between aircraft and programs keyed by lower case."""

    uow: SchedulingWork
    setting: Setting
    fleet: dict[str, Aircraft]
    programs: dict[str, Program]
    links: dict[tuple[ProgramId, AircraftId], Link]
    ledgers: dict[AircraftId, Ledger] = field(factory=dict)

    async def take(self, read: Read[ProgramLinkRow]) -> RowResult:
        row = read.said
        unknown = (
            *unknown_aircraft(name_in(read.source, "registration"), self.fleet, "registration"),
            *_unknown_program(name_in(read.source, "program"), self.programs),
        )
        if row is None or unknown:
            return read.rejected((*unknown, *read.violations))
        aircraft, program = self.fleet[row.registration.lower()], self.programs[row.program.lower()]
        against = violations_of_point(row, today=self.setting.today, totals=aircraft.totals)
        if against:
            return read.rejected(against)
        link = self.links.get((program.id, aircraft.id))
        if link is None:
            self._keep(await self._add(row, program, aircraft))
            return read.taken(Effect.CREATED)
        return await self._update(read, row, link, program, aircraft)

    async def _add(self, row: ProgramLinkRow, program: Program, aircraft: Aircraft) -> Link:
        if not row.states_accomplishment:
            return link_covered(self.uow, program, aircraft, today=self.setting.now, ids=self.setting.ids)
        link = new_link(
            program,
            aircraft,
            counts_from=CountsFrom.LAST_COMPLETED,
            baseline=await self._known(row.baseline(None), program, aircraft),
            note=_NOTE,
            link_id=LinkId(self.setting.ids.new()),
            at=self.setting.at,
        )
        self.uow.links.add(link)
        self.uow.record(link.linked())
        return link

    async def _update(
        self, read: Read[ProgramLinkRow], row: ProgramLinkRow, link: Link, program: Program, aircraft: Aircraft
    ) -> RowResult:
        ended = () if link.is_active else (link_ended(link, row.registration, "program"),)
        baseline = row.baseline(link.baseline)
        if not row.states_accomplishment or states_the_same(link.baseline, baseline):
            return read.taken(Effect.UNCHANGED, ended)
        counting = link.counting_from(
            CountsFrom.LAST_COMPLETED,
            await self._known(baseline, program, aircraft),
            note=_NOTE,
            at=self.setting.at,
        )
        self.uow.record(counting.linked())
        stood = await recount(
            self.uow,
            counting,
            was=link,
            program=program,
            aircraft=aircraft,
            reason=_RECOUNTED,
            today=self.setting.now,
            ids=self.setting.ids,
        )
        self._keep(stood)
        return read.taken(Effect.UPDATED)

    async def _known(self, baseline: Baseline, program: Program, aircraft: Aircraft) -> Baseline | None:
        """Return the baseline as known from now on, standing where the ledger stood when the work was done."""
        given = evolve(baseline, position=await self._position(baseline, aircraft))
        return baseline_of(
            CountsFrom.LAST_COMPLETED,
            given,
            program=program,
            aircraft=aircraft,
            today=self.setting.today,
            at=self.setting.at,
        )

    async def _position(self, baseline: Baseline, aircraft: Aircraft) -> int:
        """Return the position of the last entry up to the day; 0 before the ledger and without a day."""
        head = aircraft.head
        if baseline.on is None or head.latest_on is None:
            return 0
        if baseline.on >= head.latest_on:
            return head.last_position
        if head.last_position == 1:
            return 0
        if aircraft.id not in self.ledgers:
            self.ledgers[aircraft.id] = await self.uow.usage.ledger(aircraft.id)
        entries = self.ledgers[aircraft.id].entries
        return max((entry.position for entry in entries if entry.occurred_on <= baseline.on), default=0)

    def _keep(self, link: Link) -> None:
        self.links[link.program_id, link.aircraft_id] = link


def _unknown_program(name: str | None, programs: dict[str, Program]) -> tuple[Violation, ...]:
    if name is None or name.lower() in programs:
        return ()
    message = f"there is no program {name}; import it first, or correct the name"
    return (Violation("unknown_program", message, "program"),)
