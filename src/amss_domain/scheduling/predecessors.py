"""What a task waits for at the moment, read where it stands."""

from amss_domain.scheduling.dependency import blockers_by_others
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.task import Task
from amss_domain.shared.violation import Violation


async def blockers_to_begin(uow: SchedulingWork, task: Task) -> tuple[Violation, ...]:
    """Return which other tasks must be completed or started before the task is begun."""
    return await _blockers(uow, task, to_start=True)


async def blockers_to_end_work(uow: SchedulingWork, task: Task) -> tuple[Violation, ...]:
    """Return which other tasks must be completed or started before the task is completed."""
    return await _blockers(uow, task, to_start=False)


async def _blockers(uow: SchedulingWork, task: Task, *, to_start: bool) -> tuple[Violation, ...]:
    dependencies = await uow.dependencies.of_task(task.id)
    if not dependencies:
        return ()
    others = await uow.tasks.get_many({one.depends_on for one in dependencies})
    return blockers_by_others(dependencies, {one.id: one for one in others}, to_start=to_start)
