"""Commands to programs and to the links between them and aircraft."""

from decimal import Decimal
from typing import Final

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import rule

from amss_domain.scheduling.limit import Combine, Limit, Requirement
from amss_domain.scheduling.program import Applicability, AppliesTo, CountsFrom, ProgramTerms, RequiredPart
from amss_domain.scheduling.standing import Baseline
from amss_domain.shared.units import CYCLES, DAYS, HOURS
from amss_domain.testing.scheduling_builders import a_limit
from amss_domain.testing.state_machine.fleet_commands import FleetCommands
from amss_domain.testing.state_machine.pair import ACTORS, NUMBERS, REASONS, pick

_LIMITS: Final[st.SearchStrategy[tuple[Limit, ...]]] = st.sampled_from(
    [
        (a_limit(HOURS, 50, grace=5),),
        (a_limit(DAYS, 20),),
        (a_limit(HOURS, "99.9"), a_limit(DAYS, 90)),
        (a_limit(CYCLES, 30), a_limit("calendar_months", 2)),
        (),
    ]
)
_APPLICABILITIES: Final = st.sampled_from(
    [Applicability(), Applicability(), Applicability(AppliesTo.ALL), Applicability(AppliesTo.MODEL, "a320-214")]
)


@st.composite
def terms(draw: st.DrawFn) -> ProgramTerms:
    """Terms that random commands bring to their due points soon."""
    return ProgramTerms(
        requirement=Requirement(limits=draw(_LIMITS), combine=draw(st.sampled_from(Combine))),
        applicability=draw(_APPLICABILITIES),
        links_count_from=draw(st.sampled_from([CountsFrom.NEW, CountsFrom.NOW, CountsFrom.UNKNOWN])),
        horizon_percent=draw(st.sampled_from([None, None, Decimal(30)])),
        last_occurrence=draw(st.sampled_from([None, None, 1])),
        checklist=draw(st.sampled_from([(), (), ("look under the cowling",)])),
    )


class ProgramCommands(FleetCommands):
    """Writing programs, linking aircraft, and making the tasks that follow."""

    @rule(
        by=ACTORS,
        name=st.sampled_from(["A-Check", "a-check", "Schmierung Ä", "schmierung ä", "C-Check", "D-Check"]),
        terms=terms(),
        part=st.none() | NUMBERS,
    )
    def write_program(self, by: str, name: str, terms: ProgramTerms, part: int | None) -> None:
        """Write a program."""
        if part is not None:
            terms = evolve(terms, required_parts=(RequiredPart(pick(self.parts, part), 1),))
        program = self.ask(lambda shop: shop.write_program(self.actors[by], name=name, terms=terms))
        if program:
            self.programs.append(program.id)

    @rule(by=ACTORS, program=NUMBERS, terms=terms())
    def change_program(self, by: str, program: int, terms: ProgramTerms) -> None:
        """Change a program's terms."""
        self.ask(lambda shop: shop.change_program(self.actors[by], pick(self.programs, program), terms=terms))

    @rule(
        by=ACTORS,
        program=NUMBERS,
        aircraft=NUMBERS,
        counts_from=st.sampled_from(CountsFrom),
        given=st.booleans(),
    )
    def link(self, by: str, program: int, aircraft: int, counts_from: CountsFrom, given: bool) -> None:
        """Put a program on an aircraft."""
        baseline = Baseline(on=self.day(9), readings={HOURS: Decimal(10), CYCLES: Decimal(9)}) if given else None
        self.ask(
            lambda shop: shop.link_aircraft(
                self.actors[by],
                pick(self.programs, program),
                pick(self.aircraft, aircraft),
                counts_from=counts_from,
                baseline=baseline,
            )
        )

    @rule(by=ACTORS, program=NUMBERS)
    def archive_program(self, by: str, program: int) -> None:
        """Archive a program."""
        self.ask(lambda shop: shop.archive_program(self.actors[by], pick(self.programs, program)))

    @rule(by=ACTORS, number=NUMBERS, reason=REASONS)
    def end_link(self, by: str, number: int, reason: str) -> None:
        """Take a program off an aircraft."""
        link = pick(self.look(lambda uow: uow.links.of_aircraft(self.aircraft)), number)
        self.ask(lambda shop: shop.end_link(self.actors[by], link.program_id, link.aircraft_id, reason=reason))

    @rule(by=ACTORS)
    def generate(self, by: str) -> None:
        """Make every task that is to appear."""
        self.ask(lambda shop: shop.generate_due_tasks(self.actors[by]))

    @rule(by=ACTORS)
    def announce(self, by: str) -> None:
        """Announce what passing days made due."""
        self.ask(lambda shop: shop.announce_due_changes(self.actors[by]))
