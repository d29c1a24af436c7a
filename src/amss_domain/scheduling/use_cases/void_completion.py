"""Voiding a completion: the one way in which a completed task ceases to count."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.held import hold
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.recounting import recount
from amss_domain.scheduling.rules import blockers_to_void
from amss_domain.scheduling.task import Task, Voiding
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import TaskId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class VoidCompletion:
    """Declare a completion void, with a reason: the task stays and shows so, and its due point is open again.

    Parts that were consumed stay consumed; they are returned by an adjustment of the stock.
    """

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, task_id: TaskId, *, reason: str, expected_version: int | None = None) -> Task:
        """Return the voided task.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` with every reason against.
        """
        authorize(by, "tasks:void")
        return await on_fresh_data(lambda: self._void(by, task_id, reason, expected_version))

    async def _void(self, by: Actor, task_id: TaskId, reason: str, expected_version: int | None) -> Task:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            held = await hold(uow, task_id, expected_version=expected_version)
            refuse_if(blockers_to_void(held.task, reason))
            voided, event = held.task.voided(Voiding(voided_at=today.at, voided_by=by.name, reason=reason))
            uow.tasks.save(voided, was=held.task)
            uow.record(event)
            if held.link is not None and held.program is not None and held.link.is_active:
                await recount(
                    uow,
                    held.link,
                    was=held.link,
                    program=held.program,
                    aircraft=held.aircraft,
                    reason=f"a completion was voided: {reason}",
                    today=today,
                    ids=self.ids,
                )
            await uow.commit(voided)
        return voided
