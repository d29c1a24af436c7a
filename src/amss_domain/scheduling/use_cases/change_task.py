"""Changing what is to be done in a task."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.changes import TaskChanges
from amss_domain.scheduling.held import hold
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.references import require_parts
from amss_domain.scheduling.rules import blockers_to_change, violations_of_work
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if
from amss_domain.shared.ids import TaskId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class ChangeTask:
    """Change what an open task says of the work: its title, priority, planned window, parts and the like."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self, by: Actor, task_id: TaskId, changes: TaskChanges, *, expected_version: int | None = None
    ) -> Task:
        """Return the changed task; the same when nothing differs.

        Raises `NotFound`, also for a part, `NotPermitted`, `VersionMismatch`, `InvalidInput`, `Refused` unless it is
        open.
        """
        authorize(by, "tasks:write")
        return await on_fresh_data(lambda: self._change(by, task_id, changes, expected_version))

    async def _change(self, by: Actor, task_id: TaskId, changes: TaskChanges, expected_version: int | None) -> Task:
        async with self.open_uow(by.org_id, by) as uow:
            task = (await hold(uow, task_id, expected_version=expected_version)).task
            refuse_if(blockers_to_change(task))
            work = changes.of_work(task.work)
            reject_if(violations_of_work(work, {}))
            await require_parts(uow, set(work.required_parts) - set(task.work.required_parts))
            if work == task.work:
                await uow.commit(task)
                return task
            changed, event = task.working_on(work, at=self.clock.now())
            uow.tasks.save(changed, was=task)
            uow.record(event)
            await uow.commit(changed)
        return changed
