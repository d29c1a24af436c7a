"""Reading tasks."""

from attrs import evolve, frozen

from amss_domain.access.rules import authorize
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.inventory.stock import Reservation
from amss_domain.scheduling.due import Assessment
from amss_domain.scheduling.evaluation import Today, assessed, programs_of
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.ports import SchedulingWork, TaskFilter
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.ids import TaskId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen(kw_only=True)
class TaskView:
    """A task with its aircraft's registration, its program's name, and how it stands today; None once it is closed.

    `notes` and `labour` are there when one task is read, and empty in lists.
    """

    task: Task
    registration: str
    program: str | None
    assessment: Assessment | None
    notes: tuple[TaskNote, ...] = ()
    labour: tuple[Labour, ...] = ()


@frozen
class ListTasks:
    """List tasks, each as it stands today."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, request: PageRequest, *, filter: TaskFilter) -> Page[TaskView]:
        """Return a page of the tasks that match. Raises `NotPermitted`."""
        authorize(by, "tasks:read")
        async with self.open_uow(by.org_id, by) as uow:
            page, today = await uow.together(uow.tasks.page(request, filter=filter), today_of(uow, self.clock.now()))
            views = await _views(uow, page.items, today)
        return Page(views, page.next_after)


@frozen
class GetTask:
    """Read one task with its reservations, notes and labour."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, task_id: TaskId) -> tuple[TaskView, tuple[Reservation, ...]]:
        """Return the task as it stands today. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "tasks:read")
        async with self.open_uow(by.org_id, by) as uow:
            task, today, notes, labour, reservations = await uow.together(
                uow.tasks.get(task_id),
                today_of(uow, self.clock.now()),
                uow.task_log.notes(task_id),
                uow.task_log.labour(task_id),
                uow.stock.reservations(task_id),
            )
            (view,) = await _views(uow, (task,), today)
        return evolve(view, notes=notes, labour=labour), reservations


@frozen
class TaskHistory:
    """Say what happened to a task."""

    open_uow: OpenUnitOfWork[SchedulingWork]

    async def __call__(self, by: Actor, task_id: TaskId, request: PageRequest) -> Page[AuditEntry]:
        """Return a page of the audit entries of the task, newest first unless asked otherwise.

        Raises `NotFound`, `NotPermitted`.
        """
        authorize(by, "tasks:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.tasks.get(task_id)
            return await uow.audit.page(request, filter=AuditFilter(resource_type="task", resource_id=task_id))


async def _views(uow: SchedulingWork, tasks: tuple[Task, ...], today: Today) -> tuple[TaskView, ...]:
    found, programs = await uow.together(
        uow.fleet.get_many({task.aircraft_id for task in tasks}), programs_of(uow, tasks)
    )
    fleet = {one.id: one for one in found}
    views = []
    for task in tasks:
        program = programs[task.program_id] if task.program_id else None
        aircraft = fleet[task.aircraft_id]
        views.append(
            TaskView(
                task=task,
                registration=aircraft.registration,
                program=program.name if program else None,
                assessment=assessed(task, program, aircraft, on=today.on) if task.status.is_open else None,
            )
        )
    return tuple(views)
