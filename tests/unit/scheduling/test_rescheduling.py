"""Moving planned windows: what is pushed along, what collides, and what a preview says."""

from datetime import datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.access.model import Role
from amss_domain.scheduling.dependency import Dependency, DependencyKind
from amss_domain.scheduling.rescheduling import Conflict, Shared, Window, pushed, window_of
from amss_domain.scheduling.task import Task, TaskStatus, Work
from amss_domain.scheduling.use_cases.reschedule_task import Rescheduling
from amss_domain.shared.errors import InvalidInput, NotFound, NotPermitted, Refused
from amss_domain.shared.ids import AircraftId, OrgId, TaskId, UserId
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.scheduling_builders import a_dependency, a_task
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.workshop import Workshop

AIRCRAFT = an_aircraft(org_id=OrgId(FRESH_IDS.new()))


def hours(start: float, end: float) -> Window:
    """Return a window in hours from noon."""
    return Window(NOON + timedelta(hours=start), NOON + timedelta(hours=end))


async def planned(
    workshop: Workshop, title: str, window: Window, *, on: AircraftId | None = None, assignee: UserId | None = None
) -> Task:
    """Return unplanned work in the window, on an aircraft of its own unless one is given."""
    aircraft_id = on or (await workshop.aircraft(title)).id
    work = Work(title=title, planned_start=window.start, planned_end=window.end)
    return await workshop.plan_task(workshop.actor, aircraft_id, work, assignee=assignee)


async def moved(workshop: Workshop, task: Task, to: Window, *, preview: bool = False) -> Rescheduling:
    """Move the task."""
    assert to.start is not None
    return await workshop.reschedule_task(
        workshop.actor, task.id, planned_start=to.start, planned_end=to.end, reason="no hangar", preview=preview
    )


async def stored(workshop: Workshop, task: Task) -> Task:
    """Return the task as it is."""
    view, _ = await workshop.get_task(workshop.actor, task.id)
    return view.task


async def test_a_window_is_moved_and_the_history_says_why(workshop: Workshop) -> None:
    """The event names the new window, and the audit entry the old one and the reason."""
    task = await planned(workshop, "Sand", hours(0, 4))

    answer = await moved(workshop, task, hours(24, 30))

    assert (window_of(answer.task), answer.pushed, answer.conflicts) == (hours(24, 30), (), ())
    assert await stored(workshop, task) == answer.task
    (entry, *_) = await workshop.tenant.entries()
    assert (entry.action, entry.reason) == ("rescheduled", "no hangar")
    assert entry.data["planned_start"] == "2026-03-03T12:00:00+00:00"


async def test_what_waits_is_pushed_along_by_the_same_difference(workshop: Workshop) -> None:
    """Two days later, painting two days later too, and polishing after it; what has room enough stays."""
    sand = await planned(workshop, "Sand", hours(0, 4))
    paint = await planned(workshop, "Paint", hours(5, 9))
    polish = await planned(workshop, "Polish", hours(10, 12))
    fly = await planned(workshop, "Fly", hours(100, 101))
    await workshop.add_dependency(workshop.actor, paint.id, sand.id)
    await workshop.add_dependency(workshop.actor, polish.id, paint.id)
    await workshop.add_dependency(workshop.actor, fly.id, polish.id)

    answer = await moved(workshop, sand, hours(48, 52))

    assert [window_of(task) for task in answer.pushed] == [hours(53, 57), hours(58, 60)]
    assert [await stored(workshop, task) for task in (paint, polish)] == list(answer.pushed)
    assert await stored(workshop, fly) == fly
    pushes = [one for one in await workshop.tenant.entries() if one.data.get("pushed_by") == str(sand.id)]
    assert len(pushes) == 2


async def test_a_preview_answers_the_same_and_changes_nothing(workshop: Workshop) -> None:
    """What a preview says is what is then done."""
    sand = await planned(workshop, "Sand", hours(0, 4))
    paint = await planned(workshop, "Paint", hours(5, 9), on=sand.aircraft_id)
    await planned(workshop, "Wash", hours(55, 56), on=sand.aircraft_id)
    await workshop.add_dependency(workshop.actor, paint.id, sand.id)
    before = await workshop.tenant.entries()

    preview = await moved(workshop, sand, hours(48, 52), preview=True)

    assert await workshop.tenant.entries() == before
    assert [await stored(workshop, task) for task in (sand, paint)] == [sand, paint]
    assert preview.pushed
    assert preview.conflicts
    assert await moved(workshop, sand, hours(48, 52)) == preview


async def test_nothing_is_moved_earlier_than_it_was(workshop: Workshop) -> None:
    """What waits for a task that is brought forward stays where it is."""
    sand = await planned(workshop, "Sand", hours(10, 14))
    paint = await planned(workshop, "Paint", hours(15, 19))
    await workshop.add_dependency(workshop.actor, paint.id, sand.id)

    answer = await moved(workshop, sand, hours(0, 4))

    assert answer.pushed == ()
    assert await stored(workshop, paint) == paint


async def test_work_that_has_begun_is_not_pushed(workshop: Workshop) -> None:
    """Only what is still to be begun can follow."""
    sand = await planned(workshop, "Sand", hours(0, 4))
    paint = await planned(workshop, "Paint", hours(5, 9))
    await workshop.add_dependency(workshop.actor, paint.id, sand.id, kind=DependencyKind.FINISH_TO_FINISH)
    started = await workshop.start_task(workshop.actor, paint.id)

    assert (await moved(workshop, sand, hours(48, 52))).pushed == ()

    assert await stored(workshop, paint) == started


async def test_collisions_are_reported_and_do_not_stand_against_it(workshop: Workshop) -> None:
    """Other open work of the aircraft or the assignee at the same time is named with the overlap, once a pair."""
    technician, _ = await workshop.user(Role.TECHNICIAN)
    task = await planned(workshop, "Sand", hours(0, 4), assignee=technician.id)
    same = await planned(workshop, "Wash", hours(26, 40), on=task.aircraft_id, assignee=technician.id)
    busy = await planned(workshop, "Fuel", hours(20, 25), assignee=technician.id)
    await planned(workshop, "Next", hours(28, 29), on=task.aircraft_id)
    cancelled = await planned(workshop, "Gone", hours(24, 28), on=task.aircraft_id)
    await workshop.cancel_task(workshop.actor, cancelled.id, reason="not needed")

    answer = await moved(workshop, task, hours(24, 28))

    def conflict(shared: Shared, other: Task, start: float, end: float) -> Conflict:
        return Conflict(
            shared=shared,
            task_id=task.id,
            other_id=other.id,
            start=NOON + timedelta(hours=start),
            end=NOON + timedelta(hours=end),
        )

    assert answer.conflicts == (
        conflict(Shared.AIRCRAFT, same, 26, 28),
        conflict(Shared.ASSIGNEE, same, 26, 28),
        conflict(Shared.ASSIGNEE, busy, 24, 25),
    )


async def test_only_open_tasks_are_moved_with_a_reason_by_planners(workshop: Workshop) -> None:
    """Each of these is refused, and an unknown task is not found."""
    task = await planned(workshop, "Sand", hours(0, 4))
    _, technician = await workshop.user(Role.TECHNICIAN)

    with pytest.raises(InvalidInput, match="before the planned start"):
        await moved(workshop, task, hours(4, 0))
    with pytest.raises(NotPermitted, match="tasks:write"):
        await workshop.reschedule_task(technician, task.id, planned_start=NOON, planned_end=None, reason="no hangar")
    with pytest.raises(NotFound):
        await moved(workshop, evolve(task, id=TaskId(FRESH_IDS.new())), hours(0, 4))
    await workshop.cancel_task(workshop.actor, task.id, reason="not needed")
    with pytest.raises(Refused) as refused:
        await workshop.reschedule_task(workshop.actor, task.id, planned_start=NOON, planned_end=None, reason=" ")

    assert [violation.code for violation in refused.value.violations] == ["task_not_open", "reason_missing"]


def window(task: Task, at: Window) -> Task:
    """Return the task planned then."""
    return evolve(task, work=evolve(task.work, planned_start=at.start, planned_end=at.end))


@pytest.mark.parametrize(
    ("kind", "was", "expected"),
    [
        (DependencyKind.FINISH_TO_START, hours(4, 6), hours(14, 16)),
        (DependencyKind.FINISH_TO_START, hours(14, 16), None),
        (DependencyKind.START_TO_START, hours(4, 6), hours(14, 16)),
        (DependencyKind.START_TO_START, hours(10, 12), None),
        (DependencyKind.FINISH_TO_FINISH, hours(4, 6), hours(14, 16)),
        (DependencyKind.FINISH_TO_FINISH, hours(4, 14), None),
        (DependencyKind.START_TO_FINISH, hours(4, 6), hours(14, 16)),
        (DependencyKind.START_TO_FINISH, hours(4, 10), None),
        (DependencyKind.FINISH_TO_START, Window(None, None), None),
        (DependencyKind.FINISH_TO_START, Window(NOON, None), Window(NOON + timedelta(hours=14), None)),
    ],
)
def test_each_kind_looks_at_its_own_ends(kind: DependencyKind, was: Window, expected: Window | None) -> None:
    """Moved from 0-4 to 10-14, ten hours later: what waits follows by ten hours, or as far as it has to."""
    first, second = window(a_task(AIRCRAFT), hours(0, 4)), window(a_task(AIRCRAFT), was)
    tasks = {task.id: task for task in (first, second)}

    result = pushed(first.id, hours(10, 14), tasks, [a_dependency(second, first, kind)])

    assert result == ({} if expected is None else {second.id: expected})


@given(
    windows=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), min_size=2, max_size=7),
    ties=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from(DependencyKind)), max_size=12),
    start=st.integers(0, 100),
)
def test_whatever_follows_comes_after_what_it_waits_for(
    windows: list[tuple[int, int]], ties: list[tuple[int, int, DependencyKind]], start: int
) -> None:
    """A task that was pushed comes after everything moved that it waits for, and nothing was moved earlier."""
    tasks = [window(a_task(AIRCRAFT), hours(at, at + length)) for at, length in windows]
    downstream = [
        a_dependency(tasks[late], tasks[early], kind)
        for early, late, kind in ties
        if early < late < len(tasks) and reachable(early, ties)
    ]
    by_id = {task.id: task for task in tasks}

    after = {tasks[0].id: hours(start, start + 5)}
    after |= pushed(tasks[0].id, after[tasks[0].id], by_id, downstream)

    for dependency in downstream:
        if dependency.depends_on in after:
            assert not too_early(dependency, after, by_id)
    for task_id, to in after.items():
        if task_id != tasks[0].id:
            was = window_of(by_id[task_id])
            assert to.start is not None
            assert was.start is not None
            assert to.start > was.start


def reachable(number: int, ties: list[tuple[int, int, DependencyKind]]) -> bool:
    """Tell whether the task follows the first one."""
    return number == 0 or any(late == number and early < late and reachable(early, ties) for early, late, _ in ties)


def too_early(dependency: Dependency, after: dict[TaskId, Window], tasks: dict[TaskId, Task]) -> bool:
    """Tell whether the task comes before what it waits for."""
    first = after[dependency.depends_on]
    second = after.get(dependency.task_id, window_of(tasks[dependency.task_id]))
    early = first.end if dependency.kind.from_finish else first.start
    late = second.start if dependency.kind.to_start else second.end
    assert isinstance(early, datetime)
    assert isinstance(late, datetime)
    return late < early


def test_a_cancelled_task_is_not_pushed() -> None:
    """It stays as it was, and so does what waits for it alone."""
    first = window(a_task(AIRCRAFT), hours(0, 4))
    gone = window(a_task(AIRCRAFT, status=TaskStatus.CANCELLED), hours(4, 6))
    last = window(a_task(AIRCRAFT), hours(6, 8))
    tasks = {task.id: task for task in (first, gone, last)}

    assert pushed(first.id, hours(10, 14), tasks, [a_dependency(gone, first), a_dependency(last, gone)]) == {}
