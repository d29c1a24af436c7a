"""Tasks."""

from collections.abc import Collection, Hashable, Mapping
from datetime import date
from heapq import merge, nsmallest
from itertools import takewhile
from operator import attrgetter
from uuid import UUID

from amss_adapters.memory.access import USERS
from amss_adapters.memory.fleet import AIRCRAFT
from amss_adapters.memory.scheduling import LINKS, PROGRAMS
from amss_adapters.memory.sorted_keys import SortKey
from amss_adapters.memory.tables import Groups, Reference, Table, Unique, after_id, by_id
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import AircraftId, LinkId, TaskId, UserId
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Page, PageRequest

_ALL = "all"


def _open_link(task: Task) -> LinkId | None:
    return task.link_id if task.status.is_open else None


def _open_aircraft(task: Task) -> tuple[AircraftId, ...]:
    return (task.aircraft_id,) if task.status.is_open else ()


def _completed_link(task: Task) -> tuple[LinkId, ...]:
    return (task.link_id,) if task.counts and task.link_id is not None else ()


def _closed_aircraft(task: Task) -> tuple[AircraftId, ...]:
    return () if task.closed_at is None else (task.aircraft_id,)


def _completed_by(task: Task) -> UserId | None:
    return None if task.completion is None else task.completion.completed_by_user


def _changing(task: Task) -> tuple[None, ...]:
    return (None,) if task.status.is_open and task.next_change_on is not None else ()


def _open_assignee(task: Task) -> tuple[UserId, ...]:
    return (task.assignee,) if task.status.is_open and task.assignee is not None else ()


def _listed_under(task: Task) -> tuple[Hashable, ...]:
    keys: list[Hashable] = [_ALL, ("assignee", task.assignee), ("aircraft", task.aircraft_id)]
    keys += [("program", task.program_id), ("status", task.status)]
    keys += [("kind", task.work.kind), ("priority", task.work.priority)]
    return (*keys, ("due status", task.announced)) if task.status.is_open else tuple(keys)


def _ways(filter: TaskFilter) -> list[list[Hashable]]:
    """Return the groups that each part of the filter leaves; all that matches is in one of each."""
    ways: list[list[Hashable]] = [[_ALL]]
    if filter.assignee is not None or filter.unassigned:
        ways.append([("assignee", filter.assignee)])
    if filter.aircraft_id is not None:
        ways.append([("aircraft", filter.aircraft_id)])
    if filter.program_id is not None:
        ways.append([("program", filter.program_id)])
    if filter.statuses:
        ways.append([("status", status) for status in dict.fromkeys(filter.statuses)])
    if filter.due_statuses:
        ways.append([("due status", status) for status in dict.fromkeys(filter.due_statuses)])
    if filter.kind is not None:
        ways.append([("kind", filter.kind)])
    if filter.priority is not None:
        ways.append([("priority", filter.priority)])
    return ways


def _matches(task: Task, filter: TaskFilter) -> bool:
    return (
        filter.assignee in (None, task.assignee)
        and not (filter.unassigned and task.assignee is not None)
        and filter.aircraft_id in (None, task.aircraft_id)
        and filter.program_id in (None, task.program_id)
        and (not filter.statuses or task.status in filter.statuses)
        and (not filter.due_statuses or (task.status.is_open and task.announced in filter.due_statuses))
        and (filter.due_before is None or (task.due_on is not None and task.due_on <= filter.due_before))
        and filter.kind in (None, task.work.kind)
        and filter.priority in (None, task.work.priority)
    )


def _by_due_date(task: Task) -> SortKey:
    return (task.due_on is None, task.due_on or date.max, *by_id(task))


def _by_update(task: Task) -> SortKey:
    return (task.updated_at, *by_id(task))


def _open_task_exists(_: Task, other: UUID) -> OpenTaskExists:
    return OpenTaskExists(TaskId(other))


_OPEN_OF_LINK: Unique[Task] = Unique(_open_link, _open_task_exists)
_OPEN_OF_AIRCRAFT: Groups[Task] = Groups(_open_aircraft)
_COMPLETIONS: Groups[Task] = Groups(_completed_link)
_CLOSED: Groups[Task] = Groups(_closed_aircraft, order=lambda task: (task.closed_at, task.id.int, task.id))
_CHANGING: Groups[Task] = Groups(_changing, order=lambda task: (task.next_change_on, task.id.int, task.id))
_OPEN_OF_ASSIGNEE: Groups[Task] = Groups(_open_assignee)
_LISTED: Mapping[str, Groups[Task]] = {
    "created_at": Groups(_listed_under),
    "due_at_date": Groups(_listed_under, _by_due_date),
    "updated_at": Groups(_listed_under, _by_update),
}
TASKS: Table[Task] = Table(
    name="tasks",
    kind="task",
    uniques=(_OPEN_OF_LINK,),
    groups=(_OPEN_OF_AIRCRAFT, _COMPLETIONS, _CLOSED, _CHANGING, _OPEN_OF_ASSIGNEE, *_LISTED.values()),
    references=(
        Reference("tasks_aircraft_fkey", attrgetter("aircraft_id"), AIRCRAFT),
        Reference("tasks_program_fkey", attrgetter("program_id"), PROGRAMS),
        Reference("tasks_link_fkey", attrgetter("link_id"), LINKS),
        Reference("tasks_assigned_to_fkey", attrgetter("assignee"), USERS),
        Reference("tasks_completed_by_fkey", _completed_by, USERS),
        Reference("tasks_replaces_fkey", attrgetter("replaces"), None),
    ),
)


class MemoryTasks:
    """The organization's tasks."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(TASKS)

    async def get(self, task_id: TaskId, /) -> Task:
        """Return the task. Raises `NotFound`."""
        return self._rows.get(task_id)

    async def get_for_update(self, task_id: TaskId, /) -> Task:
        """Hold the task until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(task_id)

    async def get_many(self, task_ids: Collection[TaskId], /) -> tuple[Task, ...]:
        """Return the tasks in the order of their ids, unknown ones left out."""
        return self._rows.get_many(task_ids)

    async def get_many_for_update(self, task_ids: Collection[TaskId], /) -> tuple[Task, ...]:
        """Hold the tasks in the order of their ids and return them so, unknown ones left out."""
        return await self._rows.held(self._rows.get_many(task_ids))

    async def open_of_aircraft(
        self, aircraft_ids: Collection[AircraftId], /, *, for_update: bool = False
    ) -> tuple[Task, ...]:
        """Return the open tasks of the aircraft in the order of their ids."""
        tasks = self._rows.groups(_OPEN_OF_AIRCRAFT, aircraft_ids)
        return await self._rows.held(tasks, _is_open) if for_update else tasks

    async def open_of_links(self, link_ids: Collection[LinkId], /, *, for_update: bool = False) -> tuple[Task, ...]:
        """Return the open task of each link that has one, in the order of their ids."""
        tasks = self._rows.by_keys(_OPEN_OF_LINK, link_ids)
        return await self._rows.held(tasks, _is_open) if for_update else tasks

    async def open_of_assignees(self, user_ids: Collection[UserId], /) -> tuple[Task, ...]:
        """Return the open tasks of the users in the order of their ids."""
        return self._rows.groups(_OPEN_OF_ASSIGNEE, user_ids)

    async def completions(self, link_ids: Collection[LinkId], /) -> tuple[Task, ...]:
        """Return the completed and not voided tasks of the links, in the order of their ids."""
        return self._rows.groups(_COMPLETIONS, link_ids)

    async def closed_of_aircraft(self, aircraft_id: AircraftId, request: PageRequest, /) -> Page[Task]:
        """Return the closed tasks of the aircraft, the last closed first. Raises ValueError for another order."""
        order = request.order or NEWEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of closed tasks by {order.by}")
        last = None if request.after is None else self._rows.find(request.after)
        if last is not None and last.closed_at is None:
            return Page(())
        tasks = self._rows.following(_CLOSED, aircraft_id, request.after, descending=order.descending)
        return page_of(tasks, request.limit)

    async def changing(self, day: date, /, *, limit: int) -> tuple[TaskId, ...]:
        """Return the ids of open tasks whose due status changes up to and including the day, by id."""
        tasks = takewhile(
            lambda task: task.next_change_on is not None and task.next_change_on <= day,
            self._rows.group(_CHANGING, None),
        )
        return tuple(task.id for task in nsmallest(limit, tasks, key=attrgetter("id")))

    async def page(self, request: PageRequest, /, *, filter: TaskFilter) -> Page[Task]:
        """Return the tasks that match in the order asked for. Raises ValueError for one that tasks do not have."""
        order = request.order or OLDEST_FIRST
        if order.by not in _LISTED:
            raise ValueError(f"tasks have no order by {order.by}; there are {', '.join(_LISTED)}")
        listed, descending = _LISTED[order.by], order.descending
        if order.by == "created_at":
            after = after_id(request.after)
        else:
            last = None if request.after is None else self._rows.find(request.after)
            if request.after is not None and last is None:
                return Page(())
            after = () if last is None else listed.order(last)
        fewest = min(_ways(filter), key=lambda keys: sum(self._rows.size(listed, key) for key in keys))
        groups = [self._rows.group(listed, key, after, descending=descending) for key in fewest]
        tasks = merge(*groups, key=listed.order, reverse=descending)
        return page_of((task for task in tasks if _matches(task, filter)), request.limit)

    def add(self, task: Task, /) -> None:
        """Add a task. Raises `OpenTaskExists` for a link that has an open one, `BrokenReference`."""
        self._rows.add(task)

    def save(self, task: Task, /, *, was: Task) -> None:
        """Save a changed task. Raises `StaleVersion`, `OpenTaskExists`, `BrokenReference`."""
        self._rows.save(task, was=was)


def _is_open(task: Task) -> bool:
    return task.status.is_open
