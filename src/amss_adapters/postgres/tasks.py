"""Tasks."""

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Final, cast

from amss_adapters.postgres.codec import (
    NO_ID,
    Params,
    Row,
    from_day,
    from_id,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    to_day,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import COMPLETION, DEFERRAL, DUE_POINTS, VOIDING, WORK
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_adapters.postgres.task_pages import page_of_tasks
from amss_domain.scheduling.due import DuePoint, DueStatus
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import Completion, Task, TaskStatus
from amss_domain.shared.ids import AircraftId, LinkId, OrgId, ProgramId, TaskId, UserId
from amss_domain.shared.page import NEWEST_FIRST, Page, PageRequest
from amss_domain.shared.units import CYCLES, HOURS

_SQL: Final = statements("tasks")

_DUE_STATUS: Final = {status.value: status for status in DueStatus}


def _task_from(row: Row, org_id: OrgId) -> Task:
    id, aircraft_id, program_id, link_id, work, status, due, driver, due_status, next_change_on, *more = row
    assigned_to, deferral, started_at, completion, cancel_reason, voiding, replaces, created_at, updated_at, version = (
        more
    )
    return Task(
        id=cast(TaskId, to_id(id)),
        org_id=org_id,
        aircraft_id=cast(AircraftId, to_id(aircraft_id)),
        program_id=cast("ProgramId | None", perhaps(to_id, program_id)),
        link_id=cast("LinkId | None", perhaps(to_id, link_id)),
        work=WORK.read(work),
        status=TaskStatus(to_text(status)),
        due=DUE_POINTS.read(due),
        driver=perhaps(to_text, driver),
        announced=_DUE_STATUS[to_text(due_status)],
        next_change_on=perhaps(to_day, next_change_on),
        assignee=cast("UserId | None", perhaps(to_id, assigned_to)),
        deferral=perhaps(DEFERRAL.read, deferral),
        started_at=perhaps(to_instant, started_at),
        completion=perhaps(COMPLETION.read, completion),
        cancel_reason=perhaps(to_text, cancel_reason),
        voiding=perhaps(VOIDING.read, voiding),
        replaces=cast("TaskId | None", perhaps(to_id, replaces)),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _task_fields(task: Task) -> Params:
    due = task.due_in_force
    hours, cycles = _earliest(due, HOURS), _earliest(due, CYCLES)
    return (
        from_id(task.aircraft_id),
        maybe(from_id, task.program_id),
        maybe(from_id, task.link_id),
        WORK.write(task.work),
        from_text(task.status.value),
        DUE_POINTS.write(task.due),
        maybe(from_number, hours),
        None if cycles is None else from_number(int(cycles)),
        maybe(from_day, task.due_on),
        maybe(from_text, task.driver),
        from_text(task.announced.value),
        maybe(from_day, task.next_change_on),
        maybe(from_id, task.assignee),
        maybe(DEFERRAL.write, task.deferral),
        maybe(from_instant, task.started_at),
        maybe(COMPLETION.write, task.completion),
        *_completion_fields(task.completion),
        maybe(from_text, task.cancel_reason),
        maybe(VOIDING.write, task.voiding),
        maybe(from_id, task.replaces),
        from_instant(task.updated_at),
        from_number(task.version),
    )


def _completion_fields(completion: Completion | None) -> Params:
    if completion is None:
        return (None, None, None, None, None)
    cycles = completion.readings.get(CYCLES)
    return (
        from_instant(completion.completed_at),
        maybe(from_id, completion.completed_by_user),
        maybe(from_number, completion.readings.get(HOURS)),
        None if cycles is None else from_number(int(cycles)),
        maybe(from_text, completion.notes),
    )


def _earliest(due: Iterable[DuePoint], meter: str) -> Decimal | None:
    return min((point.at for point in due if point.unit == meter and point.at is not None), default=None)


_TASKS: Final = Table[Task](
    name="tasks",
    # The other task cannot be read any more in a transaction that has failed.
    kind=Kind("task", {"tasks_open_link_key": lambda _: OpenTaskExists(None)}),
    read=_task_from,
    fields=_task_fields,
    insert=_SQL["task_insert"],
    update=_SQL["task_update"],
)


class PostgresTasks:
    """The organization's tasks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, task_id: TaskId, /) -> Task:
        """Return the task. Raises `NotFound`."""
        return await _TASKS.one(self._session, _SQL["task_get"], task_id)

    async def get_for_update(self, task_id: TaskId, /) -> Task:
        """Hold the task until the end and return it. Raises `NotFound`."""
        return await _TASKS.one(self._session, _SQL["task_hold"], task_id)

    async def get_many(self, task_ids: Collection[TaskId], /) -> tuple[Task, ...]:
        """Return the tasks in the order of their ids, unknown ones left out."""
        return await _TASKS.many(self._session, _SQL["task_get_many"], task_ids)

    async def get_many_for_update(self, task_ids: Collection[TaskId], /) -> tuple[Task, ...]:
        """Hold the tasks in the order of their ids and return them so, unknown ones left out."""
        return await _TASKS.many(self._session, _SQL["task_hold_many"], task_ids)

    async def open_of_aircraft(
        self, aircraft_ids: Collection[AircraftId], /, *, for_update: bool = False
    ) -> tuple[Task, ...]:
        """Return the open tasks of the aircraft in the order of their ids."""
        statement = _SQL["task_hold_open_of_aircraft" if for_update else "task_open_of_aircraft"]
        return await _TASKS.many(self._session, statement, aircraft_ids)

    async def open_of_links(self, link_ids: Collection[LinkId], /, *, for_update: bool = False) -> tuple[Task, ...]:
        """Return the open task of each link that has one, in the order of their ids."""
        statement = _SQL["task_hold_open_of_links" if for_update else "task_open_of_links"]
        return await _TASKS.many(self._session, statement, link_ids)

    async def open_of_assignees(self, user_ids: Collection[UserId], /) -> tuple[Task, ...]:
        """Return the open tasks of the users in the order of their ids."""
        return await _TASKS.many(self._session, _SQL["task_open_of_assignees"], user_ids)

    async def completions(self, link_ids: Collection[LinkId], /) -> tuple[Task, ...]:
        """Return the completed and not voided tasks of the links, in the order of their ids."""
        return await _TASKS.many(self._session, _SQL["task_completions"], link_ids)

    async def closed_of_aircraft(self, aircraft_id: AircraftId, request: PageRequest, /) -> Page[Task]:
        """Return the closed tasks of the aircraft, the last closed first. Raises ValueError for another order."""
        order = request.order or NEWEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of closed tasks by {order.by}")
        end = b"infinity" if order.descending else b"-infinity"
        found = await _TASKS.found(
            self._session,
            _SQL["task_closed_of_aircraft_last_first" if order.descending else "task_closed_of_aircraft"],
            from_id(request.after) if request.after else NO_ID,
            from_number(request.limit + 1),
            None if request.after else end,
            from_id(aircraft_id),
        )
        return page_of(found, request.limit)

    async def changing(self, day: date, /, *, limit: int) -> tuple[TaskId, ...]:
        """Return the ids of open tasks whose status may change by the day, by id."""
        params = (self._session.org, from_day(day), from_number(limit))
        rows = await self._session.read(_SQL["task_changing"], params, _TASKS.kind)
        return tuple(cast(TaskId, to_id(id)) for (id,) in rows)

    async def page(self, request: PageRequest, /, *, filter: TaskFilter) -> Page[Task]:
        """Return the tasks that match in the order asked for. Raises ValueError for one that tasks do not have."""
        statement, params = page_of_tasks(request, filter)
        return page_of(await _TASKS.found(self._session, statement, *params), request.limit)

    def add(self, task: Task, /) -> None:
        """Add a task. Conflicts: `OpenTaskExists`, `BrokenReference`."""
        _TASKS.add(self._session, task)

    def save(self, task: Task, /, *, was: Task) -> None:
        """Save a changed task. Conflicts: `StaleVersion`, `OpenTaskExists`."""
        _TASKS.save(self._session, task, was=was)
