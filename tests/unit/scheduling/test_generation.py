"""Generation: exactly one open task a link, made when it is to appear, whoever runs it and however often."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from attrs import evolve

from amss_domain.fleet.aircraft import Particulars
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import Applicability, AppliesTo, CountsFrom, ProgramTerms
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.generate_due_tasks import Generated
from amss_domain.shared.units import HOURS
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(100)),))
WHOLE_FLEET = ProgramTerms(
    requirement=HUNDRED_HOURS, applicability=Applicability(AppliesTo.ALL), links_count_from=CountsFrom.NOW
)


async def test_a_program_for_all_is_linked_to_every_aircraft_once(workshop: Workshop) -> None:
    """Five aircraft, two passes: five links with a task each, and the second pass finds nothing to do."""
    for number in range(5):
        await workshop.aircraft(f"N{number}")
    await workshop.write_program(workshop.actor, name="A", terms=WHOLE_FLEET)

    first = await workshop.generate_due_tasks(workshop.actor)
    second = await workshop.generate_due_tasks(workshop.actor)

    assert Generated(linked=5, tasks=5) == first
    assert Generated() == second
    assert len(await workshop.due_items()) == 5


async def test_a_new_aircraft_is_linked_to_what_covers_its_model(workshop: Workshop) -> None:
    """An A320 joins: the program for A320s applies, whatever the case, and that for A321s does not."""
    for model in ("a320", "A321"):
        terms = evolve(WHOLE_FLEET, applicability=Applicability(AppliesTo.MODEL, model))
        await workshop.write_program(workshop.actor, name=model, terms=terms)

    await workshop.add_aircraft(workshop.actor, registration="N1", particulars=Particulars(model="A320"))
    generated = await workshop.generate_due_tasks(workshop.actor)

    assert generated.tasks == 1
    assert [item.program for item in await workshop.due_items()] == ["a320"]


async def test_many_generators_at_once_make_one_task_a_link(workshop: Workshop) -> None:
    """Eight passes at once over twenty new links leave twenty open tasks."""
    for number in range(20):
        await workshop.aircraft(f"N{number}")
    await workshop.write_program(workshop.actor, name="A", terms=WHOLE_FLEET)

    passes = await asyncio.gather(*(workshop.generate_due_tasks(workshop.actor) for _ in range(8)))

    items = await workshop.due_items()
    assert sum(one.tasks for one in passes) == 20
    assert len({item.task.id for item in items if item.task is not None}) == 20


async def test_changed_limits_move_the_open_tasks(workshop: Workshop) -> None:
    """An interval of 100 hours cut to 50 moves the open task from 100 to 50 at the next pass."""
    await workshop.aircraft("N1")
    program = await workshop.write_program(workshop.actor, name="A", terms=WHOLE_FLEET)
    await workshop.generate_due_tasks(workshop.actor)
    shorter = Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(50)),))

    await workshop.change_program(workshop.actor, program.id, terms=evolve(WHOLE_FLEET, requirement=shorter))
    generated = await workshop.generate_due_tasks(workshop.actor)

    (item,) = await workshop.due_items()
    assert item.task is not None
    assert generated.followed == 1
    assert Decimal(50) == item.task.due[0].at


async def test_rewriting_a_program_as_it_is_changes_nothing(workshop: Workshop) -> None:
    """The same terms again are no change: no new version, nothing to follow."""
    program = await workshop.write_program(workshop.actor, name="A", terms=WHOLE_FLEET)

    again = await workshop.change_program(workshop.actor, program.id, terms=WHOLE_FLEET)

    assert program == again


async def test_a_horizon_holds_the_task_back_until_usage_reaches_it(workshop: Workshop) -> None:
    """With a horizon of 20 percent the task appears at 80 of 100 hours, not at 79."""
    aircraft = await workshop.aircraft("N1")
    program = await workshop.write_program(
        workshop.actor, name="A", terms=ProgramTerms(requirement=HUNDRED_HOURS, horizon_percent=Decimal(20))
    )
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    counts = []
    for hours in ("0", "79", "80"):
        workshop.clock.advance(timedelta(days=10))
        await workshop.record_usage(workshop.actor, aircraft.id, {HOURS: Decimal(hours)}, absolute=True)
        counts.append(len(await workshop.open_tasks(aircraft.id)))

    assert counts == [0, 0, 1]


async def test_a_horizon_in_days_is_reached_by_waiting(workshop: Workshop) -> None:
    """With a horizon of 10 percent of 100 days the task appears in the pass of day 90."""
    aircraft = await workshop.aircraft("N1")
    limits = (Limit(name="days", unit="days", interval=Decimal(100)),)
    terms = ProgramTerms(requirement=Requirement(limits=limits), horizon_percent=Decimal(10))
    program = await workshop.write_program(workshop.actor, name="A", terms=terms)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    made = []
    for days in (89, 1):
        workshop.clock.advance(timedelta(days=days))
        made.append((await workshop.generate_due_tasks(workshop.actor)).tasks)

    assert made == [0, 1]


async def test_after_the_last_occurrence_no_task_appears(workshop: Workshop) -> None:
    """A program of one occurrence makes one task; completed, none follows."""
    aircraft = await workshop.aircraft("N1")
    program = await workshop.write_program(
        workshop.actor, name="A", terms=ProgramTerms(requirement=HUNDRED_HOURS, last_occurrence=1)
    )
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)

    _, following = await workshop.complete_task(workshop.actor, task.id, Report())

    assert following is None
    assert (await workshop.generate_due_tasks(workshop.actor)).tasks == 0


async def test_completing_and_generating_at_once_leaves_one_open_task(workshop: Workshop) -> None:
    """Ten completions in a row, each beside four passes, leave one open task and ten completed ones."""
    aircraft = await workshop.aircraft("N1")
    await workshop.write_program(workshop.actor, name="A", terms=WHOLE_FLEET)
    await workshop.generate_due_tasks(workshop.actor)

    for _ in range(10):
        (task,) = await workshop.open_tasks(aircraft.id)
        await workshop.start_task(workshop.actor, task.id)
        completing = workshop.complete_task(workshop.actor, task.id, Report())
        await asyncio.gather(completing, *(workshop.generate_due_tasks(workshop.actor) for _ in range(4)))

    assert len(await workshop.open_tasks(aircraft.id)) == 1


async def test_automatic_links_are_unknown_unless_the_program_says_otherwise(workshop: Workshop) -> None:
    """Linked by itself, a program that does not say what to count from has a task without a due point."""
    await workshop.aircraft("N1")
    terms = ProgramTerms(requirement=HUNDRED_HOURS, applicability=Applicability(AppliesTo.ALL))
    await workshop.write_program(workshop.actor, name="A", terms=terms)

    await workshop.generate_due_tasks(workshop.actor)

    (item,) = await workshop.due_items()
    assert DueStatus.UNKNOWN is item.assessment.status
    assert item.task is not None
