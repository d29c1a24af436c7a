"""Deferring, rescheduling and logging tasks, making them wait for others, and their history."""

from typing import Any
from uuid import UUID

from attrs import frozen

from amss_domain.audit.model import AuditEntry as KeptEntry
from amss_domain.scheduling.dependency import Dependency as KeptDependency
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.task import Task as Kept
from amss_domain.scheduling.use_cases.reschedule_task import Rescheduling as Moved
from amss_domain.scheduling.use_cases.task_dependencies import TaskDependencies
from amss_domain.shared.ids import TaskId, UserId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.audit import AuditEntry
from amss_entrypoints.http.bodies.audit import many as entries
from amss_entrypoints.http.bodies.common import nothing
from amss_entrypoints.http.bodies.task_planning import (
    Dependencies,
    Dependency,
    NewDeferral,
    NewDependency,
    NewLabour,
    NewNote,
    NewWindow,
    Rescheduling,
    dependencies,
    depends,
    moved,
    noted,
    worked,
)
from amss_entrypoints.http.bodies.tasks import LabourEntry, Note, Task, one
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing
from amss_entrypoints.http.routes.tasks import due_of

_TAG = "tasks"
_ONE = "/tasks/{task_id}"


async def defer(call: Call[None, NewDeferral]) -> Kept:
    """Put a task off."""
    return await call.use(call.services.defer_task)(
        call.actor,
        TaskId(call.id("task_id")),
        authority=call.body.authority,
        reason=call.body.reason,
        reference=call.body.reference,
        due=due_of(call.body),
        expected_version=call.expected_version,
    )


async def reschedule(call: Call[None, NewWindow]) -> Moved:
    """Move a task's planned window."""
    return await call.use(call.services.reschedule_task)(
        call.actor,
        TaskId(call.id("task_id")),
        planned_start=call.body.planned_start,
        planned_end=call.body.planned_end,
        reason=call.body.reason,
        preview=call.body.preview,
        expected_version=call.expected_version,
    )


async def note(call: Call[None, NewNote]) -> TaskNote:
    """Write a note."""
    return await call.use(call.services.add_note)(call.actor, TaskId(call.id("task_id")), call.body.text)


async def labour(call: Call[None, NewLabour]) -> Labour:
    """Record labour."""
    user_id = call.body.user_id
    return await call.use(call.services.add_labour)(
        call.actor,
        TaskId(call.id("task_id")),
        hours=call.body.hours,
        on=call.body.worked_on,
        user_id=None if user_id is None else UserId(user_id),
        note=call.body.note,
    )


async def list_dependencies(call: Call[None, None]) -> TaskDependencies:
    """List what a task waits for, and what waits for it."""
    return await call.services.list_dependencies()(call.actor, TaskId(call.id("task_id")))


async def add_dependency(call: Call[None, NewDependency]) -> KeptDependency:
    """Make a task wait for another."""
    return await call.use(call.services.add_dependency)(
        call.actor, TaskId(call.id("task_id")), TaskId(call.body.depends_on), kind=call.body.kind
    )


@frozen(kw_only=True)
class DependencyQuery:
    """The task not to wait for any longer."""

    depends_on: UUID


async def remove_dependency(call: Call[DependencyQuery, None]) -> KeptDependency:
    """Let a task wait no longer for another."""
    return await call.use(call.services.remove_dependency)(
        call.actor, TaskId(call.id("task_id")), TaskId(call.query.depends_on)
    )


async def history(call: Call[None, None]) -> Page[KeptEntry]:
    """Say what happened to a task."""
    return await call.services.task_history()(call.actor, TaskId(call.id("task_id")), call.page)


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path=f"{_ONE}/defer",
        name="deferTask",
        tag=_TAG,
        summary="Put a task off beyond its limit, on somebody's authority",
        permission="tasks:write",
        body=NewDeferral,
        result=Task,
        etag=True,
        versioned=True,
        handler=defer,
        answer=one,
        problems=("refused",),
        example={"authority": "CAMO", "reason": "part on order", "due_at_hours": 1610.0},
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/reschedule",
        name="rescheduleTask",
        tag=_TAG,
        summary="Move a task's planned window",
        description="Tasks that wait for it and would come too early are moved too; collisions are reported.",
        permission="tasks:write",
        body=NewWindow,
        result=Rescheduling,
        etag=True,
        versioned=True,
        handler=reschedule,
        answer=moved,
        problems=("refused",),
        example={
            "planned_start": "2027-03-01T08:00:00Z",
            "planned_end": "2027-03-01T16:00:00Z",
            "reason": "hangar taken",
            "preview": True,
        },
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/notes",
        name="addNote",
        tag=_TAG,
        summary="Write a note on a task",
        body=NewNote,
        result=Note,
        status=201,
        handler=note,
        answer=noted,
        problems=("refused",),
        example={"text": "Waiting for the borescope."},
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/labour",
        name="addLabour",
        tag=_TAG,
        summary="Record hours worked on a task",
        body=NewLabour,
        result=LabourEntry,
        status=201,
        handler=labour,
        answer=worked,
        problems=("refused",),
        example={"hours": 2.5},
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/dependencies",
        name="listDependencies",
        tag=_TAG,
        summary="List what a task waits for, and what waits for it",
        permission="tasks:read",
        result=Dependencies,
        handler=list_dependencies,
        answer=dependencies,
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/dependencies",
        name="addDependency",
        tag=_TAG,
        summary="Make a task wait for another",
        permission="tasks:write",
        body=NewDependency,
        result=Dependency,
        status=201,
        handler=add_dependency,
        answer=depends,
        problems=("refused", "already_exists"),
        example={"depends_on": "01930000-0000-7000-8000-000000000004"},
    ),
    Endpoint(
        method="DELETE",
        path=f"{_ONE}/dependencies",
        name="removeDependency",
        tag=_TAG,
        summary="Let a task wait no longer for another",
        permission="tasks:write",
        query=DependencyQuery,
        status=204,
        handler=remove_dependency,
        answer=nothing,
        problems=("refused",),
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/history",
        name="getTaskHistory",
        tag=_TAG,
        summary="What happened to a task",
        permission="tasks:read",
        result=AuditEntry,
        listing=Listing(default="-created_at"),
        handler=history,
        answer=entries,
    ),
)
