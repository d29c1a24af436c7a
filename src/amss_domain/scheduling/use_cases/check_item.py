"""Checking the items of a task's checklist."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.held import hold
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.rules import blockers_to_check
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if
from amss_domain.shared.ids import TaskId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class CheckItem:
    """Say of one checklist item that it passed or failed; what passed is final."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self, by: Actor, task_id: TaskId, number: int, *, passed: bool, expected_version: int | None = None
    ) -> Task:
        """Return the task with item `number`, from 0, checked.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused`.
        """
        authorize(by, "tasks:execute")
        return await on_fresh_data(lambda: self._check(by, task_id, number, passed, expected_version))

    async def _check(self, by: Actor, task_id: TaskId, number: int, passed: bool, expected_version: int | None) -> Task:
        async with self.open_uow(by.org_id, by) as uow:
            task = (await hold(uow, task_id, expected_version=expected_version)).task
            refuse_if(blockers_to_check(task, number))
            changed, event = task.checked(number, passed=passed, by=by.name, at=self.clock.now())
            uow.tasks.save(changed, was=task)
            uow.record(event)
            await uow.commit(changed)
        return changed
