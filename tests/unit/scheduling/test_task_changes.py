"""Changing open tasks: what they say, in which version, and what is written down of it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from amss_domain.access.model import Role
from amss_domain.scheduling.changes import TaskChanges
from amss_domain.scheduling.program import Priority, RequiredPart
from amss_domain.scheduling.task import Task, Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.errors import InvalidInput, NotFound, NotPermitted, Refused, VersionMismatch
from amss_domain.shared.ids import PartId, TaskId, UserId
from amss_domain.shared.page import OLDEST_FIRST, PageRequest
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.workshop import Workshop


async def planned(workshop: Workshop) -> Task:
    """Return unplanned work on an aircraft."""
    aircraft = await workshop.aircraft()
    return await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Repaint", description="white"))


async def test_what_is_given_is_changed_and_nothing_else(workshop: Workshop) -> None:
    """A field left out stays, one given as None is emptied, and the event says what changed."""
    task = await planned(workshop)
    part = await workshop.part()
    start = workshop.clock.now() + timedelta(days=1)
    changes = TaskChanges(
        description=None,
        priority=Priority.AOG,
        planned_start=start,
        estimated_hours=Decimal("2.5"),
        required_parts=(RequiredPart(part.id, 2),),
    )

    changed = await workshop.change_task(workshop.actor, task.id, changes)

    expected = Work(
        title="Repaint",
        priority=Priority.AOG,
        planned_start=start,
        estimated_hours=Decimal("2.5"),
        required_parts=(RequiredPart(part.id, 2),),
    )
    assert changed == evolve(task, work=expected, version=2, updated_at=workshop.clock.now())
    assert await workshop.open_tasks(task.aircraft_id) == (changed,)
    (entry, *_) = await workshop.tenant.entries()
    assert (entry.action, [change.field for change in entry.changes]) == ("updated", ["work"])


async def test_a_change_to_what_it_is_changes_nothing(workshop: Workshop) -> None:
    """The task keeps its version, and nothing is announced."""
    task = await planned(workshop)
    told = await workshop.told()

    assert await workshop.change_task(workshop.actor, task.id, TaskChanges(title="Repaint")) == task

    assert await workshop.told() == told


async def test_a_change_must_leave_work_that_can_be_done(workshop: Workshop) -> None:
    """An empty title, a window that ends before it starts and a part of no quantity are refused together."""
    task = await planned(workshop)
    now = workshop.clock.now()
    changes = TaskChanges(
        title=" ",
        planned_start=now,
        planned_end=now - timedelta(hours=1),
        required_parts=(RequiredPart(PartId(FRESH_IDS.new()), 0),),
    )

    with pytest.raises(InvalidInput) as invalid:
        await workshop.change_task(workshop.actor, task.id, changes)

    codes = [violation.code for violation in invalid.value.violations]
    assert codes == ["invalid_title", "ends_before_start", "invalid_quantity"]


async def test_a_part_that_does_not_exist_is_not_found(workshop: Workshop) -> None:
    """Requiring an unknown part changes nothing."""
    task = await planned(workshop)
    changes = TaskChanges(required_parts=(RequiredPart(PartId(FRESH_IDS.new()), 1),))

    with pytest.raises(NotFound, match="part"):
        await workshop.change_task(workshop.actor, task.id, changes)

    assert await workshop.open_tasks(task.aircraft_id) == (task,)


async def test_only_open_tasks_change_and_only_by_planners(workshop: Workshop) -> None:
    """A cancelled task stays as it is, and a technician changes none."""
    task = await planned(workshop)
    _, technician = await workshop.user(Role.TECHNICIAN)
    with pytest.raises(NotPermitted, match="tasks:write"):
        await workshop.change_task(technician, task.id, TaskChanges(title="Polish"))
    await workshop.cancel_task(workshop.actor, task.id, reason="not needed")

    with pytest.raises(Refused) as refused:
        await workshop.change_task(workshop.actor, task.id, TaskChanges(title="Polish"))

    assert [violation.code for violation in refused.value.violations] == ["task_not_open"]


Command = Callable[[Workshop, TaskId, UserId, int], Awaitable[object]]

COMMANDS: dict[str, Command] = {
    "assign": lambda shop, task_id, user, version: shop.assign_task(
        shop.actor, task_id, user, expected_version=version
    ),
    "start": lambda shop, task_id, _, version: shop.start_task(shop.actor, task_id, expected_version=version),
    "reserve": lambda shop, task_id, _, version: shop.reserve_parts(shop.actor, task_id, expected_version=version),
    "check": lambda shop, task_id, _, version: shop.check_item(
        shop.actor, task_id, 0, passed=True, expected_version=version
    ),
    "complete": lambda shop, task_id, _, version: shop.complete_task(
        shop.actor, task_id, Report(), expected_version=version
    ),
    "cancel": lambda shop, task_id, _, version: shop.cancel_task(
        shop.actor, task_id, reason="not needed", expected_version=version
    ),
    "void": lambda shop, task_id, _, version: shop.void_completion(
        shop.actor, task_id, reason="wrong aircraft", expected_version=version
    ),
    "change": lambda shop, task_id, _, version: shop.change_task(
        shop.actor, task_id, TaskChanges(title="Polish"), expected_version=version
    ),
    "defer": lambda shop, task_id, _, version: shop.defer_task(
        shop.actor,
        task_id,
        authority="CAMO",
        reason="no hangar",
        due={"hours": Decimal(9)},
        expected_version=version,
    ),
    "reschedule": lambda shop, task_id, _, version: shop.reschedule_task(
        shop.actor,
        task_id,
        planned_start=shop.clock.now(),
        planned_end=None,
        reason="no hangar",
        expected_version=version,
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_for_another_version_is_refused(workshop: Workshop, name: str) -> None:
    """Who decided on version 1 changes nothing in version 2."""
    task = await planned(workshop)
    technician, _ = await workshop.user(Role.TECHNICIAN)
    changed = await workshop.change_task(workshop.actor, task.id, TaskChanges(title="Wash"))

    with pytest.raises(VersionMismatch) as mismatch:
        await COMMANDS[name](workshop, task.id, technician.id, 1)

    assert (mismatch.value.expected, mismatch.value.found) == (1, 2)
    assert await workshop.open_tasks(task.aircraft_id) == (changed,)


@pytest.mark.parametrize("name", ["assign", "start", "reserve", "cancel", "change", "reschedule"])
async def test_a_command_for_the_version_there_is_goes_through(workshop: Workshop, name: str) -> None:
    """Who decided on the present version is not held up."""
    task = await planned(workshop)
    technician, _ = await workshop.user(Role.TECHNICIAN)

    await COMMANDS[name](workshop, task.id, technician.id, 1)

    view, _ = await workshop.get_task(workshop.actor, task.id)
    assert view.task.version == 2


async def test_notes_and_labour_are_read_with_the_task(workshop: Workshop) -> None:
    """Who wrote and who worked is kept with the task, oldest first, and changes no version."""
    task = await planned(workshop)
    user, technician = await workshop.user(Role.TECHNICIAN)
    first = await workshop.add_note(technician, task.id, "found corrosion")
    second = await workshop.add_note(workshop.actor, task.id, "blended out")
    labour = await workshop.add_labour(technician, task.id, hours=Decimal("1.5"), note="sanding")

    view, _ = await workshop.get_task(workshop.actor, task.id)

    assert view.notes == (first, second)
    assert [(note.text, note.written_by, note.user_id) for note in view.notes] == [
        ("found corrosion", technician.name, user.id),
        ("blended out", workshop.actor.name, None),
    ]
    assert view.labour == (labour,)
    assert (labour.user_id, labour.worked_on) == (user.id, workshop.clock.now().date())
    assert view.task == task


async def test_who_only_executes_tasks_writes_on_own_ones_and_of_own_work(workshop: Workshop) -> None:
    """A technician neither writes on a colleague's task nor records a colleague's hours; a planner may."""
    task = await planned(workshop)
    mine, technician = await workshop.user(Role.TECHNICIAN)
    other, colleague = await workshop.user(Role.TECHNICIAN, email="other@example.org")
    _, planner = await workshop.user(Role.PLANNER)
    _, viewer = await workshop.user(Role.VIEWER)
    await workshop.assign_task(workshop.actor, task.id, mine.id)

    with pytest.raises(NotPermitted, match="somebody else"):
        await workshop.add_note(colleague, task.id, "hello")
    with pytest.raises(NotPermitted, match="tasks:write"):
        await workshop.add_labour(technician, task.id, hours=Decimal(1), user_id=other.id)
    with pytest.raises(NotPermitted, match="tasks:execute"):
        await workshop.add_note(viewer, task.id, "hello")
    labour = await workshop.add_labour(planner, task.id, hours=Decimal(1), user_id=other.id)

    assert labour.user_id == other.id


async def test_labour_is_what_somebody_can_have_worked(workshop: Workshop) -> None:
    """No more than 24 hours a day, of a day that has come, by somebody known, on a task that was not cancelled."""
    task = await planned(workshop)
    tomorrow = workshop.clock.now().date() + timedelta(days=1)

    for hours in (Decimal(0), Decimal("24.01"), Decimal("0.001"), Decimal("NaN")):
        with pytest.raises(InvalidInput, match="24"):
            await workshop.add_labour(workshop.actor, task.id, hours=hours)
    with pytest.raises(InvalidInput, match="characters"):
        await workshop.add_note(workshop.actor, task.id, "  ")
    with pytest.raises(NotFound, match="user"):
        await workshop.add_labour(workshop.actor, task.id, hours=Decimal(1), user_id=UserId(FRESH_IDS.new()))
    with pytest.raises(NotFound, match="task"):
        await workshop.add_note(workshop.actor, TaskId(FRESH_IDS.new()), "hello")
    await workshop.cancel_task(workshop.actor, task.id, reason="not needed")
    with pytest.raises(Refused) as refused:
        await workshop.add_labour(workshop.actor, task.id, hours=Decimal(1), on=tomorrow)

    assert [violation.code for violation in refused.value.violations] == ["task_cancelled", "worked_in_future"]


async def test_the_history_says_all_that_happened_to_the_task(workshop: Workshop) -> None:
    """Newest first unless asked otherwise, page by page, of this task alone; whoever reads tasks may read it."""
    task = await planned(workshop)
    await workshop.plan_task(workshop.actor, task.aircraft_id, Work(title="Wash"))
    _, viewer = await workshop.user(Role.VIEWER)
    await workshop.add_note(workshop.actor, task.id, "found corrosion")
    await workshop.start_task(workshop.actor, task.id)

    newest = await workshop.task_history(viewer, task.id, PageRequest(limit=2))
    oldest = await workshop.task_history(viewer, task.id, PageRequest(order=OLDEST_FIRST))

    assert [entry.action for entry in newest.items] == ["started", "noted"]
    assert newest.next_after == newest.items[-1].id
    assert [entry.action for entry in oldest.items] == ["created", "noted", "started"]
    with pytest.raises(NotFound, match="task"):
        await workshop.task_history(viewer, TaskId(FRESH_IDS.new()), PageRequest())
