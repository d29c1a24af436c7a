"""What a task has to wait for: other tasks that must have begun or ended before it may begin or end."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Self

from attrs import evolve, frozen

from amss_domain.scheduling.events import TaskDependencyAdded, TaskDependencyRemoved
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import DependencyId, OrgId, TaskId
from amss_domain.shared.violation import Violation


class DependencyKind(Enum):
    """What of the other task comes before what of this one; `finish_to_start`: that ends before this begins."""

    FINISH_TO_START = "finish_to_start"
    START_TO_START = "start_to_start"
    FINISH_TO_FINISH = "finish_to_finish"
    START_TO_FINISH = "start_to_finish"

    @property
    def from_finish(self) -> bool:
        """Whether the other task has to be done; else it has to be begun."""
        return self in (DependencyKind.FINISH_TO_START, DependencyKind.FINISH_TO_FINISH)

    @property
    def to_start(self) -> bool:
        """Whether it keeps the task from being begun; else from being completed."""
        return self in (DependencyKind.FINISH_TO_START, DependencyKind.START_TO_START)


@frozen(kw_only=True)
class Dependency:
    """One task's waiting for another; one that was removed stays as a record and keeps nothing waiting."""

    id: DependencyId
    org_id: OrgId
    task_id: TaskId
    depends_on: TaskId
    kind: DependencyKind = DependencyKind.FINISH_TO_START
    removed_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def added(self, task: Task) -> TaskDependencyAdded:
        """Announce that the task waits for the other from now on."""
        return TaskDependencyAdded(
            aggregate_id=task.id,
            version=task.version,
            occurred_at=self.created_at,
            aircraft_id=task.aircraft_id,
            program_id=task.program_id,
            title=task.work.title,
            depends_on=self.depends_on,
            kind=self.kind.value,
        )

    def removed(self, task: Task, *, at: datetime) -> tuple[Self, TaskDependencyRemoved]:
        """Return the dependency removed."""
        changed = evolve(self, removed_at=at, updated_at=at, version=self.version + 1)
        return changed, TaskDependencyRemoved(
            aggregate_id=task.id,
            version=task.version,
            occurred_at=at,
            aircraft_id=task.aircraft_id,
            program_id=task.program_id,
            title=task.work.title,
            depends_on=self.depends_on,
            kind=self.kind.value,
        )


def blockers_by_others(
    dependencies: Iterable[Dependency], others: Mapping[TaskId, Task], *, to_start: bool
) -> tuple[Violation, ...]:
    """Return which of the `others` a task still waits for before it may begin, or else end.

    One that was cancelled keeps nothing waiting.
    """
    found = []
    for dependency in dependencies:
        other = others[dependency.depends_on]
        if dependency.kind.to_start is not to_start:
            continue
        if dependency.kind.from_finish and other.status.is_open:
            message = f"it waits for {other.work.title!r} to be completed"
            found.append(Violation("predecessor_open", message, str(other.id)))
        elif not dependency.kind.from_finish and other.status.is_waiting:
            message = f"it waits for {other.work.title!r} to be started"
            found.append(Violation("predecessor_not_started", message, str(other.id)))
    return tuple(found)


def blockers_to_depend(
    task: Task, other: Task, kind: DependencyKind, downstream: Iterable[Dependency]
) -> tuple[Violation, ...]:
    """Return what stands against the task's waiting for the other; `downstream` leads to all that wait for the task."""
    found = []
    if not task.status.is_open:
        found.append(Violation("task_not_open", f"the task is {task.status.value}", "task"))
    elif kind.to_start and not task.status.is_waiting:
        found.append(Violation("task_in_progress", "the task has been started already", "task"))
    if other.id == task.id:
        found.append(Violation("depends_on_itself", "a task cannot wait for itself", "depends_on"))
    elif any(dependency.task_id == other.id for dependency in downstream):
        message = f"{other.work.title!r} waits for this task already, directly or through others"
        found.append(Violation("dependency_cycle", message, "depends_on"))
    return tuple(found)
