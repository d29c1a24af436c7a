"""Unplanned work and checklists."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from amss_domain.access.model import Role
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import ProgramTerms
from amss_domain.scheduling.task import Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.errors import InvalidInput, NotPermitted, Refused
from amss_domain.testing.workshop import Workshop


async def test_a_defect_may_be_reported_by_a_technician_and_other_work_may_not(workshop: Workshop) -> None:
    """Who may not plan tasks may still report a defect, which opens one."""
    aircraft = await workshop.aircraft()
    _, technician = await workshop.user(Role.TECHNICIAN)

    task = await workshop.plan_task(technician, aircraft.id, Work(title="Cracked lens", kind="defect"))

    assert (task,) == await workshop.open_tasks(aircraft.id)
    with pytest.raises(NotPermitted, match="tasks:write"):
        await workshop.plan_task(technician, aircraft.id, Work(title="Repaint", kind="modification"))


async def test_unplanned_work_with_a_date_becomes_due_and_overdue(workshop: Workshop) -> None:
    """Work to be done within ten days is ok now, due soon in the week before, due on the day and overdue after it."""
    aircraft = await workshop.aircraft()
    today = workshop.clock.now().date()
    due = {"days": today + timedelta(days=10)}
    await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Replace placard"), due=due)

    statuses = []
    for days in (0, 3, 7, 1):
        workshop.clock.advance(timedelta(days=days))
        (item,) = await workshop.due_items()
        statuses.append(item.assessment.status)

    assert statuses == [DueStatus.OK, DueStatus.DUE_SOON, DueStatus.DUE, DueStatus.OVERDUE]


async def test_a_due_point_without_its_number_is_refused(workshop: Workshop) -> None:
    """A meter needs a total and days need a date; both are said, with the title that is missing."""
    aircraft = await workshop.aircraft()
    due: dict[str, Decimal | date] = {"hours": workshop.clock.now().date(), "days": Decimal(3)}

    with pytest.raises(InvalidInput) as invalid:
        await workshop.plan_task(workshop.actor, aircraft.id, Work(title=""), due=due)

    subjects = [violation.subject for violation in invalid.value.violations]
    assert subjects == ["title", "due/hours", "due/days"]


async def test_a_checklist_must_pass_before_completion(workshop: Workshop) -> None:
    """An unchecked and a failed item each block the completion; both passed, it goes through."""
    aircraft = await workshop.aircraft()
    hours = Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(100)),))
    terms = ProgramTerms(requirement=hours, checklist=("Torque", "Leak test"))
    program = await workshop.write_program(workshop.actor, name="A", terms=terms)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)
    await workshop.check_item(workshop.actor, task.id, 1, passed=False)

    with pytest.raises(Refused) as refused:
        await workshop.complete_task(workshop.actor, task.id, Report())

    assert [violation.subject for violation in refused.value.violations] == ["checklist/0", "checklist/1"]
    for number in (0, 1):
        await workshop.check_item(workshop.actor, task.id, number, passed=True)
    done, _ = await workshop.complete_task(workshop.actor, task.id, Report())
    assert done.completion is not None
