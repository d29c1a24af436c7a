"""Planning tasks by hand, also for programs, and who they are given to."""

from datetime import timedelta
from decimal import Decimal

import pytest

from amss_domain.access.model import Role
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import Priority, Program, ProgramTerms, RequiredPart
from amss_domain.scheduling.task import Task, TaskStatus, Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.errors import InvalidInput, NotFound, NotPermitted, Refused
from amss_domain.shared.ids import AircraftId, PartId, ProgramId, UserId
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.workshop import Workshop

HOURS = Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(100)),))
WORK = Work(title="Repaint the cowling")


async def waiting_program(workshop: Workshop) -> tuple[AircraftId, Program]:
    """Return an aircraft and a program on it whose next task waits for its horizon."""
    aircraft = await workshop.aircraft(hours="1500")
    terms = ProgramTerms(requirement=HOURS, horizon_percent=Decimal(10), checklist=("Torque",))
    program = await workshop.write_program(workshop.actor, name="100-Hour Inspection", terms=terms)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    assert await workshop.open_tasks(aircraft.id) == ()
    return aircraft.id, program


async def test_the_open_task_of_a_program_is_named(workshop: Workshop) -> None:
    """Planning a program that has its task on the aircraft is refused, and the refusal says which task that is."""
    aircraft = await workshop.aircraft()
    program = await workshop.program(*HOURS.limits)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)

    with pytest.raises(OpenTaskExists, match=str(task.id)) as refused:
        await workshop.plan_task(workshop.actor, aircraft.id, Work(title=""), program_id=program.id)

    assert refused.value.task_id == task.id
    assert await workshop.open_tasks(aircraft.id) == (task,)


async def test_a_program_that_is_not_on_the_aircraft_is_refused(workshop: Workshop) -> None:
    """Neither a program never linked nor one whose link has ended can be planned."""
    aircraft = await workshop.aircraft()
    program = await workshop.program(*HOURS.limits)

    with pytest.raises(Refused) as never:
        await workshop.plan_task(workshop.actor, aircraft.id, WORK, program_id=program.id)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    await workshop.end_link(workshop.actor, program.id, aircraft.id, reason="sold")
    with pytest.raises(Refused) as ended:
        await workshop.plan_task(workshop.actor, aircraft.id, WORK, program_id=program.id)

    assert [violation.code for violation in never.value.violations] == ["not_linked"]
    assert [violation.code for violation in ended.value.violations] == ["not_linked"]


async def test_the_next_task_of_a_program_may_be_made_before_its_horizon(workshop: Workshop) -> None:
    """It has the program's work and due point, the window and notes given, and nothing makes a second one."""
    aircraft_id, program = await waiting_program(workshop)
    start = workshop.clock.now() + timedelta(days=3)

    task = await workshop.plan_task(
        workshop.actor, aircraft_id, Work(title="", planned_start=start, notes="early"), program_id=program.id
    )

    assert (task.work.title, task.due[0].at) == (program.name, Decimal(1600))
    assert (task.work.planned_start, task.work.notes) == (start, "early")
    assert [item.title for item in task.work.checklist] == ["Torque"]
    await workshop.record_usage(workshop.actor, aircraft_id, {"hours": Decimal(95)})
    await workshop.generate_due_tasks(workshop.actor)
    (only,) = await workshop.open_tasks(aircraft_id)
    assert (only.id, only.announced) == (task.id, DueStatus.DUE_SOON)


async def test_when_a_program_is_due_is_not_said_by_hand(workshop: Workshop) -> None:
    """A due point given with a program is refused."""
    aircraft_id, program = await waiting_program(workshop)

    with pytest.raises(InvalidInput) as invalid:
        await workshop.plan_task(workshop.actor, aircraft_id, WORK, due={"hours": Decimal(1550)}, program_id=program.id)

    assert [violation.code for violation in invalid.value.violations] == ["due_of_program"]


async def test_a_program_that_asks_for_nothing_more_is_refused(workshop: Workshop) -> None:
    """After its last occurrence there is no next task to make early."""
    aircraft = await workshop.aircraft()
    terms = ProgramTerms(requirement=HOURS, last_occurrence=1)
    program = await workshop.write_program(workshop.actor, name="Once", terms=terms)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)
    await workshop.complete_task(workshop.actor, task.id, Report())

    with pytest.raises(Refused) as refused:
        await workshop.plan_task(workshop.actor, aircraft.id, WORK, program_id=program.id)

    assert [violation.code for violation in refused.value.violations] == ["nothing_due"]


async def test_whatever_is_named_and_unknown_is_not_found(workshop: Workshop) -> None:
    """An aircraft, a program, a part or an assignee that does not exist is not found, and nothing is planned."""
    aircraft = await workshop.aircraft()
    needing = Work(title="Repair", required_parts=(RequiredPart(PartId(FRESH_IDS.new()), 1),))

    with pytest.raises(NotFound, match="aircraft"):
        await workshop.plan_task(workshop.actor, AircraftId(FRESH_IDS.new()), WORK)
    with pytest.raises(NotFound, match="program"):
        await workshop.plan_task(workshop.actor, aircraft.id, WORK, program_id=ProgramId(FRESH_IDS.new()))
    with pytest.raises(NotFound, match="part"):
        await workshop.plan_task(workshop.actor, aircraft.id, needing)
    with pytest.raises(NotFound, match="user"):
        await workshop.plan_task(workshop.actor, aircraft.id, WORK, assignee=UserId(FRESH_IDS.new()))

    assert await workshop.open_tasks(aircraft.id) == ()


async def test_a_task_is_planned_for_somebody_who_works_on_tasks(workshop: Workshop) -> None:
    """A technician may be the assignee from the start, a viewer may not."""
    aircraft = await workshop.aircraft()
    technician, _ = await workshop.user(Role.TECHNICIAN)
    viewer, _ = await workshop.user(Role.VIEWER)

    task = await workshop.plan_task(workshop.actor, aircraft.id, WORK, assignee=technician.id)
    with pytest.raises(Refused) as refused:
        await workshop.plan_task(workshop.actor, aircraft.id, WORK, assignee=viewer.id)

    assert (task.assignee, task.status) == (technician.id, TaskStatus.SCHEDULED)
    assert [violation.code for violation in refused.value.violations] == ["assignee_not_permitted"]


async def test_nothing_is_planned_on_an_archived_aircraft(workshop: Workshop) -> None:
    """An aircraft that was put away gets no more work."""
    aircraft = await workshop.aircraft()
    await workshop.archive_aircraft(workshop.actor, aircraft.id)

    with pytest.raises(Refused) as refused:
        await workshop.plan_task(workshop.actor, aircraft.id, WORK)

    assert [violation.code for violation in refused.value.violations] == ["aircraft_archived"]


async def test_a_defect_is_reported_by_whoever_may(workshop: Workshop) -> None:
    """A technician's report opens a task of its own kind, with its priority and date; a viewer reports none."""
    aircraft = await workshop.aircraft()
    _, technician = await workshop.user(Role.TECHNICIAN)
    _, viewer = await workshop.user(Role.VIEWER)
    day = workshop.clock.now().date() + timedelta(days=2)

    task: Task = await workshop.report_defect(
        technician,
        aircraft.id,
        title="Cracked lens",
        description="left wing",
        priority=Priority.URGENT,
        due={"days": day},
    )
    with pytest.raises(NotPermitted, match="defects:write"):
        await workshop.report_defect(viewer, aircraft.id, title="Cracked lens")

    assert (task.work.kind, task.work.priority, task.work.description) == ("defect", Priority.URGENT, "left wing")
    assert (task.due_on, task.announced) == (day, DueStatus.DUE_SOON)
    assert await workshop.open_tasks(aircraft.id) == (task,)
