"""What happens to programs, links and tasks."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from amss_domain.shared.events import Event
from amss_domain.shared.ids import AircraftId, LabourId, LinkId, PartId, ProgramId, TaskId, TaskNoteId, UserId
from amss_domain.shared.plain import JsonValue
from amss_domain.shared.units import Readings


@frozen(kw_only=True)
class ProgramCreated(Event):
    """A maintenance program was written."""

    type: ClassVar[str] = "program.created"
    name: str


@frozen(kw_only=True)
class ProgramUpdated(Event):
    """A maintenance program was changed."""

    type: ClassVar[str] = "program.updated"
    name: str


@frozen(kw_only=True)
class ProgramArchived(Event):
    """A maintenance program was put away."""

    type: ClassVar[str] = "program.archived"
    name: str


@frozen(kw_only=True)
class ProgramLinked(Event):
    """A program began to apply to an aircraft, or counts from something else than before."""

    type: ClassVar[str] = "program.linked"
    link_id: LinkId
    aircraft_id: AircraftId
    counts_from: str


@frozen(kw_only=True)
class ProgramUnlinked(Event):
    """A program ceased to apply to an aircraft."""

    type: ClassVar[str] = "program.unlinked"
    link_id: LinkId
    aircraft_id: AircraftId


@frozen(kw_only=True)
class TaskEvent(Event):
    """Something that happened to a task."""

    aircraft_id: AircraftId
    program_id: ProgramId | None
    title: str


@frozen(kw_only=True)
class TaskCreated(TaskEvent):
    """A task was generated or planned."""

    type: ClassVar[str] = "task.created"
    due: Mapping[str, JsonValue]


@frozen(kw_only=True)
class TaskUpdated(TaskEvent):
    """A task's particulars or due point changed."""

    type: ClassVar[str] = "task.updated"


@frozen(kw_only=True)
class TaskAssigned(TaskEvent):
    """A task was given to somebody."""

    type: ClassVar[str] = "task.assigned"
    assignee: UserId


@frozen(kw_only=True)
class TaskStarted(TaskEvent):
    """Work on a task began."""

    type: ClassVar[str] = "task.started"
    assignee: UserId | None


@frozen(kw_only=True)
class TaskRescheduled(TaskEvent):
    """A task's planned window was moved; `pushed_by` is the task whose move it had to follow."""

    type: ClassVar[str] = "task.rescheduled"
    planned_start: datetime | None
    planned_end: datetime | None
    pushed_by: TaskId | None


@frozen(kw_only=True)
class TaskDeferred(TaskEvent):
    """A task was put off; `due` says by when it is to be done now."""

    type: ClassVar[str] = "task.deferred"
    authority: str
    reference: str | None
    due: Mapping[str, JsonValue]


@frozen(kw_only=True)
class TaskNoted(TaskEvent):
    """Somebody wrote a note on a task."""

    type: ClassVar[str] = "task.noted"
    note_id: TaskNoteId
    text: str


@frozen(kw_only=True)
class TaskLabourRecorded(TaskEvent):
    """Hours worked on a task were recorded; `user_id` is who worked, if that is a user."""

    type: ClassVar[str] = "task.labour_recorded"
    labour_id: LabourId
    user_id: UserId | None
    hours: Decimal
    worked_on: date


@frozen(kw_only=True)
class TaskDependencyAdded(TaskEvent):
    """A task was made to wait for another."""

    type: ClassVar[str] = "task.dependency_added"
    depends_on: TaskId
    kind: str


@frozen(kw_only=True)
class TaskDependencyRemoved(TaskEvent):
    """A task no longer waits for another."""

    type: ClassVar[str] = "task.dependency_removed"
    depends_on: TaskId
    kind: str


@frozen(kw_only=True)
class TaskCompleted(TaskEvent):
    """A task was done; `breaches` says by how much each limit was overrun beyond its grace."""

    type: ClassVar[str] = "task.completed"
    completed_on: date
    readings: Readings
    parts_used: Mapping[PartId, int]
    breaches: Mapping[str, Decimal]


@frozen(kw_only=True)
class TaskCancelled(TaskEvent):
    """A task will not be done; `replaced_by` stands in its place where the requirement goes on."""

    type: ClassVar[str] = "task.cancelled"
    replaced_by: TaskId | None


@frozen(kw_only=True)
class TaskVoided(TaskEvent):
    """A completion was declared void."""

    type: ClassVar[str] = "task.voided"


@frozen(kw_only=True)
class DueStatusChanged(TaskEvent):
    """An open task's due status became another than the one announced before."""

    driver: str | None
    due: Mapping[str, JsonValue]
    remaining: Mapping[str, Decimal]


@frozen(kw_only=True)
class TaskDueCleared(DueStatusChanged):
    """A task is no longer near its due point, or its due point is unknown."""

    type: ClassVar[str] = "task.due_cleared"


@frozen(kw_only=True)
class TaskDueSoon(DueStatusChanged):
    """A task came within its warning window."""

    type: ClassVar[str] = "task.due_soon"


@frozen(kw_only=True)
class TaskDue(DueStatusChanged):
    """A task is at its limit: the next flight would pass it."""

    type: ClassVar[str] = "task.due"


@frozen(kw_only=True)
class TaskInTolerance(DueStatusChanged):
    """A task is past its due point and within its grace."""

    type: ClassVar[str] = "task.in_tolerance"


@frozen(kw_only=True)
class TaskOverdue(DueStatusChanged):
    """A task is past its due point and its grace."""

    type: ClassVar[str] = "task.overdue"


@frozen(kw_only=True)
class RequirementBreached(Event):
    """A requirement was accomplished beyond its grace: the record of non-compliance."""

    type: ClassVar[str] = "compliance.breached"
    task_id: TaskId
    aircraft_id: AircraftId
    program_id: ProgramId
    breaches: Mapping[str, Decimal]
