"""Cancelling a task: it never satisfies a requirement, so a link's task is replaced at once."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.stockkeeping import Moment, settle
from amss_domain.scheduling.evaluation import Today
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.generation import generate, generation_of
from amss_domain.scheduling.held import Held, hold
from amss_domain.scheduling.link import Generation
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.rules import blockers_to_cancel
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import TaskId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class CancelTask:
    """Cancel an open task and release its parts; a link's task is replaced by one with the same due point."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self, by: Actor, task_id: TaskId, *, reason: str, expected_version: int | None = None
    ) -> tuple[Task, Task | None]:
        """Return the cancelled task and its replacement.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused`.
        """
        authorize(by, "tasks:write")
        return await on_fresh_data(lambda: self._cancel(by, task_id, reason, expected_version))

    async def _cancel(
        self, by: Actor, task_id: TaskId, reason: str, expected_version: int | None
    ) -> tuple[Task, Task | None]:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            held = await hold(uow, task_id, expected_version=expected_version)
            refuse_if(blockers_to_cancel(held.task, reason))
            when = Moment(at=today.at, on=today.on)
            await settle(uow, await uow.stock.reservations(task_id), {}, when=when, ids=self.ids)
            replacement_id = TaskId(self.ids.new()) if _goes_on(held, today) else None
            cancelled, event = held.task.cancelled(reason=reason, replaced_by=replacement_id, at=today.at)
            uow.tasks.save(cancelled, was=held.task)
            uow.record(event)
            replacement = self._replace(uow, held, replacement_id, today)
            await uow.commit((cancelled, replacement))
        return cancelled, replacement

    def _replace(self, uow: SchedulingWork, held: Held, task_id: TaskId | None, today: Today) -> Task | None:
        if task_id is None or held.link is None or held.program is None:
            return None
        _, task = generate(
            uow,
            held.link,
            was=held.link,
            program=held.program,
            aircraft=held.aircraft,
            today=today,
            ids=self.ids,
            replaces=held.task,
            task_id=task_id,
        )
        return task


def _goes_on(held: Held, today: Today) -> bool:
    if held.link is None or held.program is None:
        return False
    following = generation_of(held.link, held.program, held.aircraft, today=today)
    return following.generation is Generation.OPEN
