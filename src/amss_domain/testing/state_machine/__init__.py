"""A machine that gives two backends the same commands and demands the same answers."""

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import initialize, run_state_machine_as_test

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.inventory.part import Part
from amss_domain.scheduling.limit import Requirement
from amss_domain.scheduling.program import CountsFrom, Program, ProgramTerms, RequiredPart
from amss_domain.shared.units import CYCLES, DAYS, HOURS
from amss_domain.testing.backend import Backend
from amss_domain.testing.scheduling_builders import a_limit
from amss_domain.testing.state_machine.archive_commands import ArchiveCommands
from amss_domain.testing.state_machine.invariants import Invariants
from amss_domain.testing.state_machine.planning_commands import PlanningCommands
from amss_domain.testing.state_machine.program_commands import ProgramCommands
from amss_domain.testing.state_machine.stock_commands import StockCommands
from amss_domain.testing.workshop import Workshop

__all__ = ["SameAnswers", "check_same_answers"]


class SameAnswers(PlanningCommands, ProgramCommands, StockCommands, ArchiveCommands, Invariants):
    """Every command there is, given to a small operation that is running already."""

    @initialize()
    def begin(self) -> None:
        """Have two aircraft, two parts in stock and two programs on both aircraft."""
        begun = self.ask(_begin)
        assert begun is not None
        aircraft, parts, programs = begun
        self.aircraft.extend(one.id for one in aircraft)
        self.parts.extend(one.id for one in parts)
        self.programs.extend(one.id for one in programs)


async def _begin(shop: Workshop) -> tuple[list[Aircraft], list[Part], list[Program]]:
    aircraft = [await shop.aircraft("CS-TFA", hours="120.5", cycles=60), await shop.aircraft("D-ABCD")]
    parts = [await shop.part("FILTER", quantity=4, minimum=2), await shop.part("BOLT", quantity=1)]
    checked = ProgramTerms(
        requirement=Requirement(limits=(a_limit(HOURS, 50, grace=5), a_limit(DAYS, 30))),
        required_parts=(RequiredPart(parts[0].id, 1),),
        checklist=("look under the cowling",),
    )
    programs = [
        await shop.write_program(shop.actor, name="Inspection", terms=checked),
        await shop.program(a_limit(CYCLES, 25), name="Brakes"),
    ]
    for program in programs:
        for one in aircraft:
            await shop.link_aircraft(shop.actor, program.id, one.id, counts_from=CountsFrom.NOW)
    return aircraft, parts, programs


def check_same_answers(
    left: Callable[[], Backend],
    right: Callable[[], Backend],
    *,
    runner: asyncio.Runner,
    examples: int = 20,
    steps: int = 30,
    simplify: bool = True,
) -> None:
    """Fail unless both backends answer many random sequences of commands alike and end up with the same state.

    `left` and `right` give a started backend for each of the `examples`, of up to `steps` commands; each is for an
    organization of its own, so that a backend may be given again. Invariants are looked at on the left after every
    command: let it be the faster one. Everything runs on the loop of `runner`. With `simplify` the shortest sequence
    that shows a difference is looked for, which takes a while.
    """

    class Machine(SameAnswers):
        def __init__(self) -> None:
            super().__init__(left(), right(), runner)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=[phase for phase in Phase if simplify or phase not in (Phase.shrink, Phase.explain)],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
