"""Moving a task's planned window, and with it whatever has to come after it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.dependency import Dependency
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.rescheduling import Conflict, Window, conflicts, pushed, window_of
from amss_domain.scheduling.rules import blockers_to_reschedule, violations_of_window
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import StaleVersion, refuse_if, reject_if, require_version
from amss_domain.shared.ids import TaskId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen(kw_only=True)
class Rescheduling:
    """A task in its new window, the tasks that were pushed along, and what the moved ones collide with."""

    task: Task
    pushed: tuple[Task, ...]
    conflicts: tuple[Conflict, ...]


@frozen
class RescheduleTask:
    """Move an open task's planned window; tasks that wait for it and would come too early are moved too.

    Collisions on an aircraft or for an assignee are reported, and do not stand against it.
    """

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self,
        by: Actor,
        task_id: TaskId,
        *,
        planned_start: datetime,
        planned_end: datetime | None,
        reason: str,
        preview: bool = False,
        expected_version: int | None = None,
    ) -> Rescheduling:
        """Return the tasks as they are moved; with `preview` as they would be, and nothing is changed.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `InvalidInput`, `Refused` with every reason against.
        """
        authorize(by, "tasks:write")
        reject_if(violations_of_window(planned_start, planned_end))
        to = Window(planned_start, planned_end)
        return await on_fresh_data(
            lambda: self._move(by, task_id, to, reason=reason, preview=preview, expected_version=expected_version)
        )

    async def _move(
        self, by: Actor, task_id: TaskId, to: Window, *, reason: str, preview: bool, expected_version: int | None
    ) -> Rescheduling:
        async with self.open_uow(by.org_id, by) as uow:
            tasks, downstream = await _hold_downstream(uow, task_id)
            task = tasks[task_id]
            require_version("task", task_id, expected=expected_version, found=task.version)
            refuse_if(blockers_to_reschedule(task, reason))
            windows = {task_id: to, **pushed(task_id, to, tasks, downstream)}
            moved = self._moved(uow, task_id, tasks, windows, reason=reason, preview=preview)
            answer = Rescheduling(task=moved[0], pushed=moved[1:], conflicts=await _conflicts(uow, moved))
            await uow.commit(answer)
        return answer

    def _moved(
        self,
        uow: SchedulingWork,
        task_id: TaskId,
        tasks: Mapping[TaskId, Task],
        windows: Mapping[TaskId, Window],
        *,
        reason: str,
        preview: bool,
    ) -> tuple[Task, ...]:
        """Return the tasks in their new windows, saved unless that is only a preview; what stays is left as it is."""
        now = self.clock.now()
        moved = []
        for one, window in windows.items():
            task = tasks[one]
            if window == window_of(task):
                moved.append(task)
                continue
            pushed_by = None if one == task_id else task_id
            changed, event = task.rescheduled(window.start, window.end, reason=reason, pushed_by=pushed_by, at=now)
            moved.append(changed)
            if not preview:
                uow.tasks.save(changed, was=task)
                uow.record(event)
        return tuple(moved)


async def _hold_downstream(uow: SchedulingWork, task_id: TaskId) -> tuple[dict[TaskId, Task], Sequence[Dependency]]:
    """Hold the task, all that waits for it, and their aircraft.

    Raises `NotFound`; `StaleVersion` if something came to wait for them meanwhile.
    """
    first = await uow.tasks.get(task_id)
    waiting = {one.task_id for one in await uow.dependencies.downstream(task_id)}
    seen = (first, *await uow.tasks.get_many(waiting))
    await uow.fleet.get_many_for_update({task.aircraft_id for task in seen})
    tasks = {task.id: task for task in await uow.tasks.get_many_for_update({task_id, *waiting})}
    downstream = await uow.dependencies.downstream(task_id)
    if not {one.task_id for one in downstream} <= waiting:
        raise StaleVersion("task", task_id)
    return tasks, downstream


async def _conflicts(uow: SchedulingWork, moved: Sequence[Task]) -> tuple[Conflict, ...]:
    on_aircraft = await uow.tasks.open_of_aircraft({task.aircraft_id for task in moved})
    of_assignees = await uow.tasks.open_of_assignees({task.assignee for task in moved if task.assignee is not None})
    others = {task.id: task for task in (*on_aircraft, *of_assignees)}
    return conflicts(moved, others.values())
