"""Writing notes on tasks and recording the hours they took."""

from datetime import date
from decimal import Decimal

from attrs import frozen

from amss_domain.access.rules import authorize, is_permitted
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.log import Labour, TaskNote, violations_of_labour, violations_of_note
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.rules import blockers_to_act_on, blockers_to_record_labour
from amss_domain.scheduling.task import Task
from amss_domain.scheduling.use_cases.start_task import user_of
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotPermitted, refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import LabourId, TaskId, TaskNoteId, UserId
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class AddNote:
    """Write a note on a task, in whatever state; it stays as it is."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, task_id: TaskId, text: str) -> TaskNote:
        """Return the note. Raises `NotFound`, `NotPermitted`, `InvalidInput`."""
        _authorize(by)
        reject_if(violations_of_note(text))
        async with self.open_uow(by.org_id, by) as uow:
            task = await _worked_on(uow, task_id)
            note = TaskNote(
                id=TaskNoteId(self.ids.new()),
                org_id=by.org_id,
                task_id=task_id,
                text=text,
                written_by=by.name,
                user_id=user_of(by),
                created_at=self.clock.now(),
            )
            uow.task_log.note(note)
            uow.record(note.written(task))
            await uow.commit(note)
        return note


@frozen
class AddLabour:
    """Record hours worked on a task on one day; whoever only executes tasks records his or her own."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        task_id: TaskId,
        *,
        hours: Decimal,
        on: date | None = None,
        user_id: UserId | None = None,
        note: str | None = None,
    ) -> Labour:
        """Return the entry; `on` None is today, and `user_id` None the actor.

        Raises `NotFound`, also for a user, `NotPermitted`, `InvalidInput`, `Refused` for a day that is still to come or
        a task that was cancelled.
        """
        _authorize(by)
        reject_if(violations_of_labour(hours, note))
        worker = user_of(by) if user_id is None else user_id
        if worker != user_of(by):
            authorize(by, "tasks:write")
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            task = await _worked_on(uow, task_id)
            if worker is not None and worker != user_of(by):
                await uow.users.get(worker)
            worked_on = on or today.on
            refuse_if(blockers_to_record_labour(task, worked_on, today=today.on))
            labour = Labour(
                id=LabourId(self.ids.new()),
                org_id=by.org_id,
                task_id=task_id,
                user_id=worker,
                hours=hours,
                worked_on=worked_on,
                note=note,
                recorded_by=by.name,
                created_at=today.at,
            )
            uow.task_log.record(labour)
            uow.record(labour.recorded(task))
            await uow.commit(labour)
        return labour


def _authorize(by: Actor) -> None:
    if not is_permitted(by, "tasks:write"):
        authorize(by, "tasks:execute")


async def _worked_on(uow: SchedulingWork, task_id: TaskId) -> Task:
    """Return the task. Raises `NotFound`; `NotPermitted` if the actor may not act on it."""
    task = await uow.tasks.get(task_id)
    blockers = blockers_to_act_on(task, uow.actor)
    if blockers:
        raise NotPermitted(blockers)
    return task
