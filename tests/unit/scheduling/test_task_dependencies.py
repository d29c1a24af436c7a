"""Tasks that wait for each other."""

import pytest

from amss_domain.access.model import Role
from amss_domain.scheduling.dependency import DependencyKind
from amss_domain.scheduling.task import Task, Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.errors import AlreadyExists, NotFound, NotPermitted, Refused
from amss_domain.shared.ids import TaskId
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.workshop import Workshop


async def planned(workshop: Workshop, *titles: str) -> tuple[Task, ...]:
    """Return unplanned work, each on an aircraft of its own."""
    tasks = []
    for number, title in enumerate(titles):
        aircraft = await workshop.aircraft(f"N{number}")
        tasks.append(await workshop.plan_task(workshop.actor, aircraft.id, Work(title=title)))
    return tuple(tasks)


async def done(workshop: Workshop, task: Task) -> None:
    """Start the task and complete it."""
    await workshop.start_task(workshop.actor, task.id)
    await workshop.complete_task(workshop.actor, task.id, Report())


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str | None]]:
    """Return the codes and subjects of what was refused."""
    return [(violation.code, violation.subject) for violation in refused.value.violations]


async def test_a_task_is_not_begun_before_what_it_waits_for_is_done(workshop: Workshop) -> None:
    """Neither starting nor reserving with a start goes through until the other is completed."""
    paint, sand = await planned(workshop, "Paint", "Sand")
    await workshop.add_dependency(workshop.actor, paint.id, sand.id)

    with pytest.raises(Refused) as starting:
        await workshop.start_task(workshop.actor, paint.id)
    with pytest.raises(Refused) as reserving:
        await workshop.reserve_parts(workshop.actor, paint.id)
    await workshop.start_task(workshop.actor, sand.id)
    with pytest.raises(Refused):
        await workshop.start_task(workshop.actor, paint.id)
    await workshop.complete_task(workshop.actor, sand.id, Report())
    await workshop.start_task(workshop.actor, paint.id)

    assert codes(starting) == codes(reserving) == [("predecessor_open", str(sand.id))]


async def test_a_task_may_have_to_wait_for_a_start(workshop: Workshop) -> None:
    """It is enough that the other has been started."""
    paint, sand = await planned(workshop, "Paint", "Sand")
    await workshop.add_dependency(workshop.actor, paint.id, sand.id, kind=DependencyKind.START_TO_START)

    with pytest.raises(Refused) as refused:
        await workshop.start_task(workshop.actor, paint.id)
    await workshop.start_task(workshop.actor, sand.id)
    await workshop.start_task(workshop.actor, paint.id)

    assert codes(refused) == [("predecessor_not_started", str(sand.id))]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (DependencyKind.FINISH_TO_FINISH, "predecessor_open"),
        (DependencyKind.START_TO_FINISH, "predecessor_not_started"),
    ],
)
async def test_a_task_may_have_to_wait_before_it_ends(workshop: Workshop, kind: DependencyKind, code: str) -> None:
    """It is started freely, and completed when the other is done, or has been started."""
    paint, sand = await planned(workshop, "Paint", "Sand")
    await workshop.add_dependency(workshop.actor, paint.id, sand.id, kind=kind)
    await workshop.start_task(workshop.actor, paint.id)

    with pytest.raises(Refused) as refused:
        await workshop.complete_task(workshop.actor, paint.id, Report())
    await workshop.start_task(workshop.actor, sand.id)
    if kind.from_finish:
        await workshop.complete_task(workshop.actor, sand.id, Report())
    await workshop.complete_task(workshop.actor, paint.id, Report())

    assert codes(refused) == [(code, str(sand.id))]


async def test_a_cancelled_task_keeps_nothing_waiting(workshop: Workshop) -> None:
    """What will not be done is not waited for."""
    paint, sand = await planned(workshop, "Paint", "Sand")
    await workshop.add_dependency(workshop.actor, paint.id, sand.id)

    await workshop.cancel_task(workshop.actor, sand.id, reason="not needed")

    await done(workshop, paint)


async def test_a_removed_dependency_keeps_nothing_waiting(workshop: Workshop) -> None:
    """Once removed it can be added again, and both are in the task's history."""
    paint, sand = await planned(workshop, "Paint", "Sand")
    await workshop.add_dependency(workshop.actor, paint.id, sand.id)

    await workshop.remove_dependency(workshop.actor, paint.id, sand.id)
    with pytest.raises(NotFound, match="dependency"):
        await workshop.remove_dependency(workshop.actor, paint.id, sand.id)
    await workshop.add_dependency(workshop.actor, paint.id, sand.id)
    await workshop.remove_dependency(workshop.actor, paint.id, sand.id)

    await done(workshop, paint)
    assert (await workshop.told())[-6:-2] == ["task.dependency_added", "task.dependency_removed"] * 2


async def test_no_circle_can_be_closed(workshop: Workshop) -> None:
    """Not by two, not by three, and not by a task alone."""
    first, second, third = await planned(workshop, "A", "B", "C")
    await workshop.add_dependency(workshop.actor, second.id, first.id)
    await workshop.add_dependency(workshop.actor, third.id, second.id, kind=DependencyKind.FINISH_TO_FINISH)

    for other in (second, third):
        with pytest.raises(Refused) as refused:
            await workshop.add_dependency(workshop.actor, first.id, other.id)
        assert codes(refused) == [("dependency_cycle", "depends_on")]
    with pytest.raises(Refused) as alone:
        await workshop.add_dependency(workshop.actor, first.id, first.id)

    assert codes(alone) == [("depends_on_itself", "depends_on")]
    await workshop.add_dependency(workshop.actor, third.id, first.id)


async def test_a_dependency_is_of_tasks_there_are_and_once(workshop: Workshop) -> None:
    """An unknown task is not found, a second dependency on the same one exists already, and a viewer adds none."""
    paint, sand = await planned(workshop, "Paint", "Sand")
    _, viewer = await workshop.user(Role.VIEWER)
    nobody = TaskId(FRESH_IDS.new())
    await workshop.add_dependency(workshop.actor, paint.id, sand.id)

    for task_id, other in ((paint.id, nobody), (nobody, paint.id)):
        with pytest.raises(NotFound, match=str(nobody)):
            await workshop.add_dependency(workshop.actor, task_id, other)
    with pytest.raises(AlreadyExists):
        await workshop.add_dependency(workshop.actor, paint.id, sand.id, kind=DependencyKind.START_TO_START)
    with pytest.raises(NotPermitted, match="tasks:write"):
        await workshop.add_dependency(viewer, paint.id, sand.id)


async def test_what_has_begun_is_not_made_to_wait(workshop: Workshop) -> None:
    """A task in progress may still be kept from ending, a completed one from nothing."""
    paint, sand = await planned(workshop, "Paint", "Sand")
    await workshop.start_task(workshop.actor, paint.id)

    with pytest.raises(Refused) as begun:
        await workshop.add_dependency(workshop.actor, paint.id, sand.id)
    await workshop.add_dependency(workshop.actor, paint.id, sand.id, kind=DependencyKind.START_TO_FINISH)
    await workshop.start_task(workshop.actor, sand.id)
    await workshop.complete_task(workshop.actor, paint.id, Report())
    with pytest.raises(Refused) as ended:
        await workshop.remove_dependency(workshop.actor, paint.id, sand.id)

    assert codes(begun) == [("task_in_progress", "task")]
    assert codes(ended) == [("task_not_open", "status")]


async def test_both_sides_are_listed(workshop: Workshop) -> None:
    """A task shows what it waits for and what waits for it, with how those stand."""
    paint, sand, wash = await planned(workshop, "Paint", "Sand", "Wash")
    before = await workshop.add_dependency(workshop.actor, sand.id, wash.id)
    after = await workshop.add_dependency(workshop.actor, paint.id, sand.id)
    _, viewer = await workshop.user(Role.VIEWER)

    listed = await workshop.list_dependencies(viewer, sand.id)

    assert [(one.dependency, one.task) for one in listed.waits_for] == [(before, wash)]
    assert [(one.dependency, one.task) for one in listed.awaited_by] == [(after, paint)]
    with pytest.raises(NotFound, match="task"):
        await workshop.list_dependencies(viewer, TaskId(FRESH_IDS.new()))
