"""Putting tasks off beyond their limits."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from amss_domain.access.model import Role
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import CountsFrom, ProgramTerms
from amss_domain.scheduling.task import Task, TaskStatus, Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.errors import InvalidInput, NotPermitted, Refused
from amss_domain.shared.ids import AircraftId
from amss_domain.testing.workshop import Workshop

HOURS = Limit(name="hours", unit="hours", interval=Decimal(100), grace=Decimal(10))
CALENDAR = Limit(name="calendar", unit="months", interval=Decimal(6))
FOR = "M.A.301"


async def due_task(workshop: Workshop, *limits: Limit, **terms: object) -> Task:
    """Return the task of a program put on an aircraft at 1500 hours."""
    aircraft = await workshop.aircraft(hours="1500")
    requirement = Requirement(limits=limits or (HOURS,))
    written = ProgramTerms(requirement=requirement, **terms)  # type: ignore[arg-type]  # as the test says
    program = await workshop.write_program(workshop.actor, name="Inspection", terms=written)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    return task


async def flown_to(workshop: Workshop, aircraft_id: AircraftId, hours: str) -> Task:
    """Read so many flight hours a month later and return the open task."""
    workshop.clock.advance(timedelta(days=30))
    await workshop.record_usage(workshop.actor, aircraft_id, {"hours": Decimal(hours)}, absolute=True)
    (task,) = await workshop.open_tasks(aircraft_id)
    return task


async def put_off(workshop: Workshop, task: Task, **due: Decimal | date) -> Task:
    """Put the task off."""
    return await workshop.defer_task(
        workshop.actor, task.id, authority="CAMO", reference=FOR, reason="no hangar", due=due
    )


async def unplanned_until(workshop: Workshop, day: date) -> Task:
    """Return unplanned work to be done by a day."""
    aircraft = await workshop.aircraft("D-ABCD")
    return await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Replace placard"), due={"days": day})


async def test_a_task_put_off_is_judged_by_the_later_limit(workshop: Workshop) -> None:
    """Overdue at 1615 of 1600 hours, put off to 1620 it is due soon, which is told; past 1620 there is no grace."""
    task = await due_task(workshop)
    overdue = await flown_to(workshop, task.aircraft_id, "1615")

    deferred = await put_off(workshop, task, hours=Decimal(1620))

    assert (overdue.announced, deferred.announced) == (DueStatus.OVERDUE, DueStatus.DUE_SOON)
    assert (deferred.status, deferred.due[0].at, deferred.due_in_force[0].at) == (
        TaskStatus.DEFERRED,
        Decimal(1600),
        Decimal(1620),
    )
    assert (await workshop.told())[-2:] == ["task.deferred", "task.due_soon"]
    assert (await flown_to(workshop, task.aircraft_id, "1621")).announced is DueStatus.OVERDUE
    (item,) = await workshop.due_items()
    assert (item.assessment.status, item.assessment.remaining) == (DueStatus.OVERDUE, {"hours": Decimal(-1)})


async def test_the_record_says_who_put_it_off_and_why(workshop: Workshop) -> None:
    """Authority, reference and reason are kept with the task and in its history."""
    task = await put_off(workshop, await due_task(workshop), hours=Decimal(1650))

    assert task.deferral is not None
    said = (task.deferral.authority, task.deferral.reference, task.deferral.reason, task.deferral.deferred_by)
    assert said == ("CAMO", FOR, "no hangar", workshop.actor.name)
    entry = next(one for one in await workshop.tenant.entries() if one.action == "deferred")
    assert (entry.reason, entry.data["due"]) == ("no hangar", {"hours": 1650})


async def test_passing_days_are_announced_by_the_later_date(workshop: Workshop) -> None:
    """A date put off is announced on its days and not on those it is put off from."""
    aircraft = await workshop.aircraft()
    today = workshop.clock.now().date()
    placard = Work(title="Replace placard")
    due: dict[str, Decimal | date] = {"days": today + timedelta(days=10)}
    task = await workshop.plan_task(workshop.actor, aircraft.id, placard, due=due)
    task = await put_off(workshop, task, days=today + timedelta(days=40))

    workshop.clock.advance(timedelta(days=20))
    assert await workshop.announce_due_changes(workshop.actor) == 0
    workshop.clock.advance(timedelta(days=20))
    assert await workshop.announce_due_changes(workshop.actor) == 1

    (announced,) = await workshop.open_tasks(aircraft.id)
    assert (announced.announced, announced.due_on) == (DueStatus.DUE, today + timedelta(days=40))


async def test_a_limit_is_named_or_meant_by_its_unit(workshop: Workshop) -> None:
    """One of two limits is put off by its name and the other by its unit; what is not named stays."""
    task = await due_task(workshop, HOURS, CALENDAR)
    was = task.due_on
    assert was is not None

    later = await put_off(workshop, task, months=was + timedelta(days=30))

    assert [(point.at, point.on) for point in later.due_in_force] == [
        (Decimal(1600), None),
        (None, was + timedelta(days=30)),
    ]


async def test_a_date_is_for_the_limits_on_the_calendar_that_lie_before_it(workshop: Workshop) -> None:
    """Under `days` it puts off one in months, and not one in months that lies beyond it."""
    yearly = Limit(name="yearly", unit="calendar_months", interval=Decimal(12))
    task = await due_task(workshop, CALENDAR, yearly)
    first, last = (point.on for point in task.due)
    assert first is not None

    later = await put_off(workshop, task, days=first + timedelta(days=30))
    with pytest.raises(Refused) as refused:
        await put_off(workshop, await unplanned_until(workshop, first), days=first - timedelta(days=1))

    assert [point.on for point in later.due_in_force] == [first + timedelta(days=30), last]
    assert later.deferral is not None
    assert [point.limit for point in later.deferral.due] == ["calendar"]
    assert [violation.code for violation in refused.value.violations] == ["deferral_earlier"]


async def test_completing_what_was_put_off_counts_as_if_it_had_not_been(workshop: Workshop) -> None:
    """Done at 1615 within the limit it was put off to: no breach, and the next one is due 100 hours after."""
    task = await put_off(workshop, await due_task(workshop), hours=Decimal(1620))
    await flown_to(workshop, task.aircraft_id, "1615")

    started = await workshop.start_task(workshop.actor, task.id)
    done, following = await workshop.complete_task(workshop.actor, task.id, Report())

    assert (started.status, started.deferral) == (TaskStatus.IN_PROGRESS, task.deferral)
    assert done.completion is not None
    assert done.completion.breaches == {}
    assert "compliance.breached" not in await workshop.told()
    assert following is not None
    assert (following.due[0].at, following.deferral) == (Decimal(1715), None)


async def test_what_is_done_beyond_the_later_limit_is_a_breach(workshop: Workshop) -> None:
    """Done at 1625 of 1620: five hours over, counted from the limit it was put off to."""
    task = await put_off(workshop, await due_task(workshop), hours=Decimal(1620))
    await flown_to(workshop, task.aircraft_id, "1625")
    await workshop.start_task(workshop.actor, task.id)

    done, _ = await workshop.complete_task(workshop.actor, task.id, Report())

    assert done.completion is not None
    assert done.completion.breaches == {"hours": Decimal(5)}


async def test_a_deferred_task_that_is_cancelled_is_replaced_by_one_that_is_not_put_off(workshop: Workshop) -> None:
    """The leave was for that task: its replacement is due where the requirement is."""
    task = await put_off(workshop, await due_task(workshop), hours=Decimal(1620))

    _, replacement = await workshop.cancel_task(workshop.actor, task.id, reason="other tools")

    assert replacement is not None
    assert (replacement.status, replacement.deferral) == (TaskStatus.SCHEDULED, None)
    assert replacement.due_in_force[0].at == Decimal(1600)


async def test_a_limit_that_moves_past_the_leave_is_not_brought_forward(workshop: Workshop) -> None:
    """Rewritten to 200 hours, the task put off to 1620 is due at 1700, with its own grace again."""
    task = await put_off(workshop, await due_task(workshop), hours=Decimal(1620))
    longer = Limit(name="hours", unit="hours", interval=Decimal(200), grace=Decimal(10))
    assert task.program_id is not None

    await workshop.change_program(
        workshop.actor, task.program_id, terms=ProgramTerms(requirement=Requirement(limits=(longer,)))
    )
    await workshop.generate_due_tasks(workshop.actor)

    (moved,) = await workshop.open_tasks(task.aircraft_id)
    assert moved.due_in_force[0].at == Decimal(1700)
    assert (await flown_to(workshop, task.aircraft_id, "1705")).announced is DueStatus.IN_TOLERANCE


@pytest.mark.parametrize(
    ("terms", "due", "codes"),
    [
        ({"deferrable": False}, {"hours": Decimal(1650)}, ["not_deferrable"]),
        ({"preset": "no_tolerance"}, {"hours": Decimal(1650)}, ["not_deferrable"]),
        ({}, {"hours": Decimal(1599)}, ["deferral_earlier"]),
        ({}, {"cycles": Decimal(1650)}, ["unknown_limit"]),
        ({}, {"hours": date(2026, 8, 1)}, ["invalid_due_point"]),
        ({}, {"hours": Decimal("1650.001")}, ["invalid_due_point"]),
        (
            {"deferrable": False},
            {"hours": Decimal(1), "cycles": Decimal(1)},
            ["not_deferrable", "deferral_earlier", "unknown_limit"],
        ),
    ],
)
async def test_what_may_not_be_put_off_so_is_refused(
    workshop: Workshop, terms: dict[str, object], due: dict[str, Decimal | date], codes: list[str]
) -> None:
    """Every reason at once, and the task stays scheduled."""
    task = await due_task(workshop, **terms)

    with pytest.raises(Refused) as refused:
        await put_off(workshop, task, **due)

    assert [violation.code for violation in refused.value.violations] == codes
    assert await workshop.open_tasks(task.aircraft_id) == (task,)


async def test_only_a_scheduled_task_is_put_off(workshop: Workshop) -> None:
    """One put off already, one in progress and one cancelled are refused."""
    task = await put_off(workshop, await due_task(workshop), hours=Decimal(1620))

    for step in (
        lambda: workshop.start_task(workshop.actor, task.id),
        lambda: workshop.cancel_task(workshop.actor, task.id, reason="other tools"),
        None,
    ):
        with pytest.raises(Refused) as refused:
            await put_off(workshop, task, hours=Decimal(1650))
        assert [violation.code for violation in refused.value.violations] == ["task_not_scheduled"]
        if step is not None:
            await step()


async def test_what_is_not_known_to_fall_due_cannot_be_put_off(workshop: Workshop) -> None:
    """A task without a baseline has no due point to put off."""
    aircraft = await workshop.aircraft()
    terms = ProgramTerms(requirement=Requirement(limits=(HOURS,)))
    program = await workshop.write_program(workshop.actor, name="Inspection", terms=terms)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, counts_from=CountsFrom.UNKNOWN)
    (task,) = await workshop.open_tasks(aircraft.id)

    with pytest.raises(Refused) as refused:
        await put_off(workshop, task, hours=Decimal(1650))

    assert [violation.code for violation in refused.value.violations] == ["due_point_unknown"]


async def test_a_deferral_says_on_whose_authority_to_where(workshop: Workshop) -> None:
    """Without an authority or a limit it is refused; so is one without a reason, and one by a technician."""
    task = await due_task(workshop)
    _, technician = await workshop.user(Role.TECHNICIAN)
    later: dict[str, Decimal | date] = {"hours": Decimal(1650)}

    with pytest.raises(InvalidInput) as invalid:
        await workshop.defer_task(workshop.actor, task.id, authority=" ", reference="", reason="none", due={})
    with pytest.raises(Refused, match="say why"):
        await workshop.defer_task(workshop.actor, task.id, authority="CAMO", reason=" ", due=later)
    with pytest.raises(NotPermitted, match="tasks:write"):
        await workshop.defer_task(technician, task.id, authority="CAMO", reason="no hangar", due=later)

    codes = [violation.code for violation in invalid.value.violations]
    assert codes == ["invalid_authority", "invalid_reference", "no_limit_put_off"]
