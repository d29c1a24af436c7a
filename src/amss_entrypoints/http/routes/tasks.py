"""Tasks: planning, listing and changing them, and doing the work."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from attrs import frozen

from amss_domain.inventory.stock import Reservation
from amss_domain.scheduling.changes import TaskChanges
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.program import Priority
from amss_domain.scheduling.task import ChecklistItem, TaskStatus, Work
from amss_domain.scheduling.task import Task as Kept
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.read_tasks import TaskView
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.ids import AircraftId, ProgramId, TaskId, UserId
from amss_domain.shared.page import Page
from amss_domain.shared.units import DAYS
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.bodies.common import Because, UnsetType, given, readings_of
from amss_entrypoints.http.bodies.task_planning import NewDeferral
from amss_entrypoints.http.bodies.tasks import (
    CompletionReport,
    ItemCheck,
    Kind,
    NewDefect,
    NewTask,
    PartsToReserve,
    Start,
    Task,
    TaskAndNext,
    TaskAndReserved,
    TaskAssignment,
    TaskChange,
    created,
    followed,
    many,
    one,
    quantities_of,
    required_of,
    reserved,
    shown,
)
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing
from amss_entrypoints.http.schema import Day, Reason

_TAG = "tasks"
_ONE = "/tasks/{task_id}"


@frozen(kw_only=True)
class TaskQuery:
    """Which tasks; `due_status` is the one last announced, and `due_before` includes that day."""

    assigned_to: UUID | None = None
    unassigned: bool = False
    status: tuple[TaskStatus, ...] = ()
    due_status: tuple[DueStatus, ...] = ()
    aircraft_id: UUID | None = None
    program_id: UUID | None = None
    due_before: Day | None = None
    kind: Kind | None = None
    priority: Priority | None = None


async def plan(call: Call[None, NewTask]) -> Kept:
    """Plan a task."""
    new = call.body
    if new.title is None and new.program_id is None:
        raise InvalidInput(
            [Violation("missing_member", "give a title, or the program whose next task it is", "/title")]
        )
    work = Work(
        title=new.title or "",
        description=new.description,
        kind=new.kind,
        priority=new.priority,
        planned_start=new.planned_start,
        planned_end=new.planned_end,
        estimated_hours=new.estimated_hours,
        required_parts=required_of(new.required_parts),
        checklist=tuple(ChecklistItem(title=title) for title in new.checklist),
        notes=new.notes,
    )
    return await call.use(call.services.plan_task)(
        call.actor,
        AircraftId(new.aircraft_id),
        work,
        due=due_of(new),
        assignee=None if new.assigned_to is None else UserId(new.assigned_to),
        program_id=None if new.program_id is None else ProgramId(new.program_id),
    )


async def report_defect(call: Call[None, NewDefect]) -> Kept:
    """Report a defect."""
    return await call.use(call.services.report_defect)(
        call.actor,
        AircraftId(call.id("aircraft_id")),
        title=call.body.title,
        description=call.body.description,
        priority=call.body.priority,
        due=due_of(call.body),
    )


async def list_(call: Call[TaskQuery, None]) -> Page[TaskView]:
    """List tasks."""
    asked = call.query
    filter = TaskFilter(
        assignee=None if asked.assigned_to is None else UserId(asked.assigned_to),
        unassigned=asked.unassigned,
        statuses=asked.status,
        due_statuses=asked.due_status,
        aircraft_id=None if asked.aircraft_id is None else AircraftId(asked.aircraft_id),
        program_id=None if asked.program_id is None else ProgramId(asked.program_id),
        due_before=asked.due_before,
        kind=asked.kind,
        priority=asked.priority,
    )
    return await call.services.list_tasks()(call.actor, call.page, filter=filter)


async def get(call: Call[None, None]) -> tuple[TaskView, tuple[Reservation, ...]]:
    """Read a task."""
    return await call.services.get_task()(call.actor, TaskId(call.id("task_id")))


async def change(call: Call[None, TaskChange]) -> Kept:
    """Change what a task says of the work."""
    body = call.body
    parts = body.required_parts
    return await call.use(call.services.change_task)(
        call.actor,
        TaskId(call.id("task_id")),
        TaskChanges(
            title=given(body.title),
            description=given(body.description),
            kind=given(body.kind),
            priority=given(body.priority),
            planned_start=given(body.planned_start),
            planned_end=given(body.planned_end),
            estimated_hours=given(body.estimated_hours),
            required_parts=given(parts if isinstance(parts, UnsetType) else required_of(parts)),
        ),
        expected_version=call.expected_version,
    )


async def assign(call: Call[None, TaskAssignment]) -> Kept:
    """Give a task to somebody."""
    return await call.use(call.services.assign_task)(
        call.actor,
        TaskId(call.id("task_id")),
        UserId(call.body.assigned_to),
        expected_version=call.expected_version,
    )


async def start(call: Call[None, Start]) -> Kept:
    """Begin work."""
    assignee = call.body.assigned_to
    return await call.use(call.services.start_task)(
        call.actor,
        TaskId(call.id("task_id")),
        assignee=None if assignee is None else UserId(assignee),
        expected_version=call.expected_version,
    )


async def reserve(call: Call[None, PartsToReserve]) -> tuple[Kept, tuple[Reservation, ...]]:
    """Reserve parts."""
    wanted = call.body.part_reservations
    return await call.use(call.services.reserve_parts)(
        call.actor,
        TaskId(call.id("task_id")),
        None if wanted is None else quantities_of(wanted),
        start=call.body.start,
        expected_version=call.expected_version,
    )


async def check(call: Call[None, ItemCheck]) -> Kept:
    """Check an item of the checklist."""
    return await call.use(call.services.check_item)(
        call.actor,
        TaskId(call.id("task_id")),
        int(call.path["number"]),
        passed=call.body.passed,
        expected_version=call.expected_version,
    )


async def complete(call: Call[None, CompletionReport]) -> tuple[Kept, Kept | None]:
    """Record that the work was done."""
    body = call.body
    report = Report(
        completed_on=body.completed_on,
        readings=readings_of(body.completed_at_hours, body.completed_at_cycles, body.completed_at_meters),
        parts_used=None if body.parts_used is None else quantities_of(body.parts_used),
        notes=body.completion_notes,
    )
    return await call.use(call.services.complete_task)(
        call.actor, TaskId(call.id("task_id")), report, expected_version=call.expected_version
    )


async def cancel(call: Call[None, Because]) -> tuple[Kept, Kept | None]:
    """Cancel a task."""
    return await call.use(call.services.cancel_task)(
        call.actor,
        TaskId(call.id("task_id")),
        reason=call.body.reason,
        expected_version=call.expected_version,
    )


@frozen(kw_only=True)
class ReasonQuery:
    """Why."""

    reason: Reason = "cancelled over the API"


async def delete(call: Call[ReasonQuery, None]) -> tuple[Kept, Kept | None]:
    """Cancel a task."""
    return await call.use(call.services.cancel_task)(
        call.actor,
        TaskId(call.id("task_id")),
        reason=call.query.reason,
        expected_version=call.expected_version,
    )


async def void(call: Call[None, Because]) -> Kept:
    """Declare a completion void."""
    return await call.use(call.services.void_completion)(
        call.actor,
        TaskId(call.id("task_id")),
        reason=call.body.reason,
        expected_version=call.expected_version,
    )


def due_of(body: NewTask | NewDefect | NewDeferral) -> Mapping[str, Decimal | date]:
    """Return the points by which something is to be done."""
    due: dict[str, Decimal | date] = dict(readings_of(body.due_at_hours, body.due_at_cycles, body.due_at_meters))
    if body.due_at_date is not None:
        due[DAYS] = body.due_at_date
    return due


def _action(verb: str, **more: Any) -> Endpoint[Any, Any, Any]:
    return Endpoint(method="POST", path=f"{_ONE}/{verb}", tag=_TAG, etag=True, versioned=True, **more)


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/tasks",
        name="planTask",
        tag=_TAG,
        summary="Plan work that no program asks for yet",
        body=NewTask,
        result=Task,
        status=201,
        etag=True,
        handler=plan,
        answer=created,
        problems=("refused", "open_task_exists", "not_found"),
        example={
            "aircraft_id": "01930000-0000-7000-8000-000000000001",
            "title": "Replace the left landing light",
            "due_at_hours": 1620.0,
        },
    ),
    Endpoint(
        method="GET",
        path="/tasks",
        name="listTasks",
        tag=_TAG,
        summary="List tasks",
        permission="tasks:read",
        query=TaskQuery,
        result=Task,
        listing=Listing(orders=("due_at_date", "updated_at")),
        handler=list_,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        name="getTask",
        tag=_TAG,
        summary="Read a task with everything about it",
        permission="tasks:read",
        result=Task,
        etag=True,
        handler=get,
        answer=shown,
    ),
    Endpoint(
        method="PATCH",
        path=_ONE,
        name="changeTask",
        tag=_TAG,
        summary="Change an open task",
        permission="tasks:write",
        body=TaskChange,
        result=Task,
        etag=True,
        versioned=True,
        handler=change,
        answer=one,
        problems=("refused",),
        example={"priority": "urgent"},
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        name="deleteTask",
        tag=_TAG,
        summary="Cancel a task",
        permission="tasks:write",
        query=ReasonQuery,
        result=TaskAndNext,
        etag=True,
        versioned=True,
        handler=delete,
        answer=followed,
        problems=("refused",),
    ),
    _action(
        "assign",
        name="assignTask",
        summary="Give a task to somebody",
        permission="tasks:write",
        body=TaskAssignment,
        result=Task,
        handler=assign,
        answer=one,
        problems=("refused",),
        example={"assigned_to": "01930000-0000-7000-8000-000000000002"},
    ),
    _action(
        "start",
        name="startTask",
        summary="Begin work on a task",
        description="Reserves the required parts that it still lacks.",
        permission="tasks:execute",
        body=Start,
        body_optional=True,
        result=Task,
        handler=start,
        answer=one,
        problems=("refused", "insufficient_parts"),
        example={},
    ),
    _action(
        "reserve-parts",
        name="reserveParts",
        summary="Reserve parts for a task, all or none",
        description="Also begins work on it, unless `start` is false.",
        permission="parts:reserve",
        body=PartsToReserve,
        body_optional=True,
        result=TaskAndReserved,
        handler=reserve,
        answer=reserved,
        problems=("refused", "insufficient_parts"),
        example={"part_reservations": [{"part_id": "01930000-0000-7000-8000-000000000003", "quantity": 2}]},
    ),
    Endpoint(
        method="PUT",
        path=f"{_ONE}/checklist/{{number}}",
        name="checkItem",
        tag=_TAG,
        summary="Check an item of a task's checklist",
        description="Items are numbered from 0.",
        permission="tasks:execute",
        text_in_path={"number": "[0-9]{1,3}"},
        body=ItemCheck,
        result=Task,
        etag=True,
        versioned=True,
        handler=check,
        answer=one,
        problems=("refused",),
        example={"passed": True},
    ),
    Endpoint(
        method="PUT",
        path=f"{_ONE}/complete",
        name="completeTask",
        tag=_TAG,
        summary="Record that a task was done",
        description="Consumes the parts used, releases the others, and makes the next occurrence of its requirement.",
        permission="tasks:execute",
        body=CompletionReport,
        body_optional=True,
        result=TaskAndNext,
        etag=True,
        versioned=True,
        handler=complete,
        answer=followed,
        problems=("refused",),
        example={
            "completion_notes": "Replaced oil filter, spark plugs",
            "completed_at_hours": 1605.2,
            "completed_at_cycles": 815,
        },
    ),
    _action(
        "cancel",
        name="cancelTask",
        summary="Cancel a task",
        description="It never satisfies a requirement: a link's task is replaced by one with the same due point.",
        permission="tasks:write",
        body=Because,
        result=TaskAndNext,
        handler=cancel,
        answer=followed,
        problems=("refused",),
        example={"reason": "planned twice"},
    ),
    _action(
        "void",
        name="voidCompletion",
        summary="Declare a completion void",
        permission="tasks:void",
        body=Because,
        result=Task,
        handler=void,
        answer=one,
        problems=("refused",),
        example={"reason": "it was another aircraft"},
    ),
    Endpoint(
        method="POST",
        path="/aircraft/{aircraft_id}/defects",
        name="reportDefect",
        tag=_TAG,
        summary="Report a defect, which opens a task to correct it",
        permission="defects:write",
        body=NewDefect,
        result=Task,
        status=201,
        etag=True,
        handler=report_defect,
        answer=created,
        problems=("refused",),
        example={"title": "Nose wheel shimmy", "priority": "urgent"},
    ),
)
