"""`amss tasks`: which work there is, and how each piece stands."""

from collections.abc import AsyncIterator
from enum import Enum
from functools import partial
from typing import Annotated

import typer
from attrs import evolve

from amss_domain.scheduling.link import due_values
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import TaskStatus
from amss_domain.scheduling.use_cases.read_tasks import TaskView
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.plain import JsonValue, plain
from amss_entrypoints.cli import output
from amss_entrypoints.cli.due_list import point_of
from amss_entrypoints.cli.options import AsJson, Data, Org
from amss_entrypoints.cli.output import Column
from amss_entrypoints.cli.paging import every
from amss_entrypoints.cli.session import Choices, Session, perform

app = typer.Typer(add_completion=False)

_COLUMNS = (
    Column("aircraft"),
    Column("task", folds=True),
    Column("task status"),
    Column("due status"),
    Column("due", spare=True),
    Column("remaining"),
    Column("id", spare=True),
)


class Wanted(Enum):
    """Which tasks to list: those in one state, `open` for what is still to be done, or all."""

    OPEN = "open"
    SCHEDULED = "scheduled"
    DEFERRED = "deferred"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ALL = "all"

    @property
    def statuses(self) -> tuple[TaskStatus | None, ...]:
        """The states to ask for, one after the other; None asks for all at once."""
        match self:
            case Wanted.ALL:
                return (None,)
            case Wanted.OPEN:
                return tuple(status for status in TaskStatus if status.is_open)
            case _:
                return (TaskStatus(self.value),)


@app.command()
def tasks(
    context: typer.Context,
    *,
    status: Annotated[
        Wanted, typer.Option("--status", case_sensitive=False, help="Which tasks; open is what is still to be done.")
    ] = Wanted.OPEN,
    registration: Annotated[
        str | None, typer.Option("--registration", metavar="REGISTRATION", help="Only those of this aircraft.")
    ] = None,
    program: Annotated[
        str | None, typer.Option("--program", metavar="NAME", help="Only those of this program.")
    ] = None,
    assignee: Annotated[
        str | None, typer.Option("--assignee", metavar="EMAIL", help="Only those of this person.")
    ] = None,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, each as it stands today."""

    async def work(session: Session) -> None:
        wanted = TaskFilter()
        if registration is not None:
            aircraft = await session.services.find_aircraft()(session.actor, registration)
            wanted = evolve(wanted, aircraft_id=aircraft.id)
        if program is not None:
            wanted = evolve(wanted, program_id=(await session.services.find_program()(session.actor, program)).id)
        if assignee is not None:
            wanted = evolve(wanted, assignee=(await session.services.find_user()(session.actor, assignee)).id)
        found = _found(session, status, wanted)
        if as_json:
            await output.write_json_array(as_document(view) async for view in found)
        else:
            show([view async for view in found])

    perform(context, Choices(org=org, data=data, as_json=as_json), work)


def as_document(view: TaskView) -> JsonValue:
    """Return a task with the keys that `--json` promises."""
    task, assessment = view.task, view.assessment
    return {
        "task_id": str(task.id),
        "registration": view.registration,
        "program": view.program,
        "title": task.work.title,
        "kind": task.work.kind,
        "priority": task.work.priority.value,
        "task_status": task.status.value,
        "due_status": assessment.status.value if assessment else None,
        "driver": assessment.driver if assessment else task.driver,
        "due": plain(due_values(task.due_in_force)),
        "remaining": plain(assessment.remaining if assessment else {}),
        "projected": plain(assessment.projected if assessment else {}),
        "assignee": plain(task.assignee),
        "started_at": plain(task.started_at),
        "checklist": plain(task.work.checklist),
        "required_parts": plain(task.work.required_parts),
        "completion": plain(task.completion),
        "cancel_reason": task.cancel_reason,
        "voiding": plain(task.voiding),
        "replaces": plain(task.replaces),
        "version": task.version,
    }


def show(views: list[TaskView]) -> None:
    """Write the tasks as a table."""
    if not views:
        output.messages().print("There is no such task.")
        return
    output.write_table(_COLUMNS, (_cells(view) for view in views))


async def _found(session: Session, status: Wanted, wanted: TaskFilter) -> AsyncIterator[TaskView]:
    for one in status.statuses:
        async for view in every(partial(_page, session, evolve(wanted, statuses=() if one is None else (one,)))):
            yield view


async def _page(session: Session, wanted: TaskFilter, request: PageRequest) -> Page[TaskView]:
    return await session.services.list_tasks()(session.actor, request, filter=wanted)


def _cells(view: TaskView) -> tuple[object, ...]:
    assessment = view.assessment
    limits = assessment.limits if assessment else ()
    driving = next((one for one in limits if assessment and one.point.limit == assessment.driver), None)
    due, remaining = point_of(driving)
    return (
        view.registration,
        view.program or view.task.work.title,
        "voided" if view.task.voiding else view.task.status.value,
        assessment.status.value if assessment else None,
        due,
        remaining,
        view.task.id,
    )
