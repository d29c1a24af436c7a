"""Moving planned windows: which waiting tasks a move pushes along, and with what the moved ones collide then."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from attrs import frozen

from amss_domain.scheduling.dependency import Dependency
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import TaskId

_NOT_AT_ALL = timedelta(0)


@frozen
class Window:
    """When work is planned; None where that is open."""

    start: datetime | None
    end: datetime | None

    def moved(self, by: timedelta) -> "Window":
        """Return it so much later."""
        return Window(
            None if self.start is None else self.start + by,
            None if self.end is None else self.end + by,
        )


class Shared(Enum):
    """What two tasks at the same time both need."""

    AIRCRAFT = "aircraft"
    ASSIGNEE = "assignee"


@frozen(kw_only=True)
class Conflict:
    """Two open tasks planned for the same time, from `start` to `end`, on one aircraft or for one assignee."""

    shared: Shared
    task_id: TaskId
    other_id: TaskId
    start: datetime
    end: datetime


def window_of(task: Task) -> Window:
    """Return the task's planned window."""
    return Window(task.work.planned_start, task.work.planned_end)


def pushed(
    task_id: TaskId, to: Window, tasks: Mapping[TaskId, Task], downstream: Sequence[Dependency]
) -> dict[TaskId, Window]:
    """Return the new windows of the tasks that have to follow when the task's window is moved.

    A task that is still to be begun and would come too early for what it waits for is moved by the same difference as
    that, and by more where that is not enough. Nothing is moved earlier.
    """
    before = {one.id: window_of(one) for one in tasks.values()}
    after = {task_id: to}
    for following in _in_order(task_id, downstream):
        if not tasks[following].status.is_waiting:
            continue
        incoming = (one for one in downstream if one.task_id == following and one.depends_on in after)
        shift = max((_shift(one, before, after) for one in incoming), default=_NOT_AT_ALL)
        if shift > _NOT_AT_ALL:
            after[following] = before[following].moved(shift)
    del after[task_id]
    return after


def conflicts(moved: Sequence[Task], others: Iterable[Task]) -> tuple[Conflict, ...]:
    """Return where the moved tasks collide with each other and with the other open tasks; each pair once."""
    at_rest = [other for other in others if other.id not in {task.id for task in moved}]
    found: list[Conflict] = []
    for number, task in enumerate(moved):
        for other in (*moved[number + 1 :], *at_rest):
            found += _collisions(task, other)
    return tuple(found)


def _collisions(task: Task, other: Task) -> Iterator[Conflict]:
    one, another = window_of(task), window_of(other)
    if one.start is None or one.end is None or another.start is None or another.end is None:
        return
    start, end = max(one.start, another.start), min(one.end, another.end)
    if start >= end:
        return
    if task.aircraft_id == other.aircraft_id:
        yield Conflict(shared=Shared.AIRCRAFT, task_id=task.id, other_id=other.id, start=start, end=end)
    if task.assignee is not None and task.assignee == other.assignee:
        yield Conflict(shared=Shared.ASSIGNEE, task_id=task.id, other_id=other.id, start=start, end=end)


def _shift(dependency: Dependency, before: Mapping[TaskId, Window], after: Mapping[TaskId, Window]) -> timedelta:
    """Return by how much the task must be moved so that it comes after what it waits for."""
    kind = dependency.kind
    old, new = before[dependency.depends_on], after[dependency.depends_on]
    waiting = before[dependency.task_id]
    was, is_now = (old.end, new.end) if kind.from_finish else (old.start, new.start)
    comes = waiting.start if kind.to_start else waiting.end
    if is_now is None or comes is None or comes >= is_now:
        return _NOT_AT_ALL
    return max(is_now - comes, _NOT_AT_ALL if was is None else is_now - was)


def _in_order(task_id: TaskId, downstream: Sequence[Dependency]) -> Iterator[TaskId]:
    """Go through the tasks downstream, each after all that it waits for among them."""
    left = {
        one.task_id: {other.depends_on for other in downstream if other.task_id == one.task_id} for one in downstream
    }
    done = {task_id}
    while left:
        ready = sorted(following for following, waits_for in left.items() if waits_for <= done)
        if not ready:
            return
        yield from ready
        done.update(ready)
        for following in ready:
            del left[following]
