"""Making tasks wait for one another."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.dependency import Dependency, DependencyKind, blockers_to_depend
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.rules import blockers_to_change
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import AlreadyExists, NotFound, refuse_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import DependencyId, TaskId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen(kw_only=True)
class LinkedTask:
    """A dependency, and the task at its other end."""

    dependency: Dependency
    task: Task


@frozen(kw_only=True)
class TaskDependencies:
    """What a task waits for, and what waits for it."""

    waits_for: tuple[LinkedTask, ...]
    awaited_by: tuple[LinkedTask, ...]


@frozen
class AddDependency:
    """Make a task wait for another; no circle of tasks that wait for each other can come about."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        task_id: TaskId,
        depends_on: TaskId,
        *,
        kind: DependencyKind = DependencyKind.FINISH_TO_START,
    ) -> Dependency:
        """Return the new dependency.

        Raises `NotFound` for either task, `NotPermitted`, `AlreadyExists`, `Refused` with every reason against.
        """
        authorize(by, "tasks:write")
        return await on_fresh_data(lambda: self._add(by, task_id, depends_on, kind))

    async def _add(self, by: Actor, task_id: TaskId, depends_on: TaskId, kind: DependencyKind) -> Dependency:
        async with self.open_uow(by.org_id, by) as uow:
            # Two who add one half of a circle each, of tasks with nothing in common, must not both succeed: the
            # organization is held, and before all else.
            await uow.organizations.current_for_update()
            task, other = await _hold_both(uow, task_id, depends_on)
            downstream = await uow.dependencies.downstream(task_id)
            refuse_if(blockers_to_depend(task, other, kind, downstream))
            if any(one.depends_on == depends_on for one in await uow.dependencies.of_task(task_id)):
                raise AlreadyExists("dependency", f"of task {task_id} on {depends_on}")
            now = self.clock.now()
            dependency = Dependency(
                id=DependencyId(self.ids.new()),
                org_id=by.org_id,
                task_id=task_id,
                depends_on=depends_on,
                kind=kind,
                created_at=now,
                updated_at=now,
            )
            uow.dependencies.add(dependency)
            uow.record(dependency.added(task))
            await uow.commit(dependency)
        return dependency


@frozen
class RemoveDependency:
    """Let an open task wait no longer for another."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, task_id: TaskId, depends_on: TaskId) -> Dependency:
        """Return the removed dependency.

        Raises `NotFound` for an unknown task or one that it does not wait for, `NotPermitted`, `Refused` unless the
        task is open.
        """
        authorize(by, "tasks:write")
        return await on_fresh_data(lambda: self._remove(by, task_id, depends_on))

    async def _remove(self, by: Actor, task_id: TaskId, depends_on: TaskId) -> Dependency:
        async with self.open_uow(by.org_id, by) as uow:
            task = await uow.tasks.get(task_id)
            of_task = await uow.dependencies.of_task(task_id)
            dependency = next((one for one in of_task if one.depends_on == depends_on), None)
            if dependency is None:
                raise NotFound("dependency", f"of task {task_id} on {depends_on}")
            refuse_if(blockers_to_change(task))
            removed, event = dependency.removed(task, at=self.clock.now())
            uow.dependencies.save(removed, was=dependency)
            uow.record(event)
            await uow.commit(removed)
        return removed


@frozen
class ListDependencies:
    """Say what a task waits for, and what waits for it."""

    open_uow: OpenUnitOfWork[SchedulingWork]

    async def __call__(self, by: Actor, task_id: TaskId) -> TaskDependencies:
        """Return the dependencies in the order in which they were added. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "tasks:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.tasks.get(task_id)
            waits_for = await uow.dependencies.of_task(task_id)
            awaited_by = await uow.dependencies.on_task(task_id)
            ends = {*(one.depends_on for one in waits_for), *(one.task_id for one in awaited_by)}
            tasks = {task.id: task for task in await uow.tasks.get_many(ends)}
        return TaskDependencies(
            waits_for=tuple(LinkedTask(dependency=one, task=tasks[one.depends_on]) for one in waits_for),
            awaited_by=tuple(LinkedTask(dependency=one, task=tasks[one.task_id]) for one in awaited_by),
        )


async def _hold_both(uow: SchedulingWork, task_id: TaskId, depends_on: TaskId) -> tuple[Task, Task]:
    """Hold the tasks and their aircraft. Raises `NotFound`."""
    wanted = {task_id, depends_on}
    seen = {task.id: task for task in await uow.tasks.get_many(wanted)}
    for one in (task_id, depends_on):
        if one not in seen:
            raise NotFound("task", one)
    await uow.fleet.get_many_for_update({task.aircraft_id for task in seen.values()})
    held = {task.id: task for task in await uow.tasks.get_many_for_update(wanted)}
    return held[task_id], held[depends_on]
