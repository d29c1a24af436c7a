"""Deferring, rescheduling and logging tasks, and what they wait for, as clients send and get it."""

from typing import Annotated
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.scheduling.dependency import Dependency as KeptDependency
from amss_domain.scheduling.dependency import DependencyKind
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.use_cases.reschedule_task import Rescheduling as Moved
from amss_domain.scheduling.use_cases.task_dependencies import LinkedTask, TaskDependencies
from amss_entrypoints.http.bodies.aircraft import Meters
from amss_entrypoints.http.bodies.tasks import LabourEntry, Note, Task, labour_of, note_of, task_of
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Amount, Cycles, Day, GivenInstant, Instant, Name, Reason, Text

WorkedHours = Annotated[Amount, Meta(extra_json_schema={"minimum": 0.01, "maximum": 24})]


@frozen(kw_only=True)
class NewDeferral:
    """On whose authority a task is put off, why, and the points up to which it may be done instead."""

    authority: Name
    reason: Reason
    reference: Name | None = None
    due_at_hours: Amount | None = None
    due_at_cycles: Cycles | None = None
    due_at_date: Day | None = None
    due_at_meters: Meters | None = None


@frozen(kw_only=True)
class NewWindow:
    """When a task is planned for instead, and why; a `preview` changes nothing and says what would happen."""

    planned_start: GivenInstant
    planned_end: GivenInstant | None = None
    reason: Reason
    preview: bool = False


@frozen(kw_only=True)
class NewNote:
    """A note to write on a task."""

    text: Text


@frozen(kw_only=True)
class NewLabour:
    """Hours worked on a task on a day, today if not given, by a user, yourself if not given."""

    hours: WorkedHours
    worked_on: Day | None = None
    user_id: UUID | None = None
    note: Text | None = None


@frozen(kw_only=True)
class NewDependency:
    """Another task to wait for."""

    depends_on: UUID
    kind: DependencyKind = DependencyKind.FINISH_TO_START


@frozen(kw_only=True)
class Conflict:
    """Two open tasks planned for the same time on one aircraft, or for one assignee."""

    shared: str
    task_id: UUID
    other_task_id: UUID
    start: Instant
    end: Instant


@frozen(kw_only=True)
class Rescheduling:
    """A task in its new window, the tasks that were pushed along, and what the moved ones collide with."""

    task: Task
    pushed: tuple[Task, ...]
    conflicts: tuple[Conflict, ...]


@frozen(kw_only=True)
class Dependency:
    """One task's waiting for another."""

    id: UUID
    task_id: UUID
    depends_on: UUID
    kind: str
    created_at: Instant


@frozen(kw_only=True)
class DependencyWithTask(Dependency):
    """A dependency, with the task at its other end."""

    task: Task


@frozen(kw_only=True)
class Dependencies:
    """What a task waits for, and what waits for it."""

    waits_for: tuple[DependencyWithTask, ...]
    awaited_by: tuple[DependencyWithTask, ...]


def moved(result: Moved) -> Answer:
    """Return the answer that shows what was moved."""
    body = Rescheduling(
        task=task_of(result.task),
        pushed=tuple(map(task_of, result.pushed)),
        conflicts=tuple(
            Conflict(
                shared=one.shared.value,
                task_id=one.task_id,
                other_task_id=one.other_id,
                start=one.start,
                end=one.end,
            )
            for one in result.conflicts
        ),
    )
    return Answer(body=body, version=result.task.version)


def noted(note: TaskNote) -> Answer:
    """Return the answer that shows a note."""
    body: Note = note_of(note)
    return Answer(body=body, location=f"/api/v1/tasks/{note.task_id}")


def worked(labour: Labour) -> Answer:
    """Return the answer that shows a labour entry."""
    body: LabourEntry = labour_of(labour)
    return Answer(body=body, location=f"/api/v1/tasks/{labour.task_id}")


def depends(kept: KeptDependency) -> Answer:
    """Return the answer that shows a dependency."""
    body = Dependency(
        id=kept.id, task_id=kept.task_id, depends_on=kept.depends_on, kind=kept.kind.value, created_at=kept.created_at
    )
    return Answer(body=body, location=f"/api/v1/tasks/{kept.task_id}/dependencies")


def dependencies(found: TaskDependencies) -> Answer:
    """Return the answer that lists what a task waits for, and what waits for it."""
    body = Dependencies(
        waits_for=tuple(map(_with_task, found.waits_for)), awaited_by=tuple(map(_with_task, found.awaited_by))
    )
    return Answer(body=body)


def _with_task(one: LinkedTask) -> DependencyWithTask:
    kept = one.dependency
    return DependencyWithTask(
        id=kept.id,
        task_id=kept.task_id,
        depends_on=kept.depends_on,
        kind=kept.kind.value,
        created_at=kept.created_at,
        task=task_of(one.task),
    )
