"""Tasks."""

from collections.abc import Collection, Hashable
from datetime import date
from heapq import nsmallest
from itertools import takewhile
from operator import attrgetter
from uuid import UUID

from amss_adapters.memory.access import USERS
from amss_adapters.memory.fleet import AIRCRAFT
from amss_adapters.memory.scheduling import LINKS, PROGRAMS
from amss_adapters.memory.tables import Groups, Reference, Table, Unique, after_id
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import Task, TaskStatus
from amss_domain.shared.ids import AircraftId, LinkId, TaskId, UserId
from amss_domain.shared.page import Page, PageRequest

_ALL = "all"


def _open_link(task: Task) -> LinkId | None:
    return task.link_id if task.status.is_open else None


def _open_aircraft(task: Task) -> tuple[AircraftId, ...]:
    return (task.aircraft_id,) if task.status.is_open else ()


def _completed_link(task: Task) -> tuple[LinkId, ...]:
    return (task.link_id,) if task.counts and task.link_id is not None else ()


def _completed_by(task: Task) -> UserId | None:
    return None if task.completion is None else task.completion.completed_by_user


def _changing(task: Task) -> tuple[None, ...]:
    return (None,) if task.status.is_open and task.next_change_on is not None else ()


def _filtered(task: Task) -> tuple[Hashable, ...]:
    return (_ALL, *_filter_keys(task.status, task.aircraft_id, task.program_id, task.assignee))


def _filter_keys(*values: TaskStatus | UUID | None) -> list[Hashable]:
    return [(field, value) for field, value in enumerate(values) if value is not None]


def _open_task_exists(_: Task, other: UUID) -> OpenTaskExists:
    return OpenTaskExists(TaskId(other))


_OPEN_OF_LINK: Unique[Task] = Unique(_open_link, _open_task_exists)
_OPEN_OF_AIRCRAFT: Groups[Task] = Groups(_open_aircraft)
_COMPLETIONS: Groups[Task] = Groups(_completed_link)
_CHANGING: Groups[Task] = Groups(_changing, order=lambda task: (task.next_change_on, task.id.int, task.id))
_FILTERED: Groups[Task] = Groups(_filtered)
TASKS: Table[Task] = Table(
    name="tasks",
    kind="task",
    uniques=(_OPEN_OF_LINK,),
    groups=(_OPEN_OF_AIRCRAFT, _COMPLETIONS, _CHANGING, _FILTERED),
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

    async def completions(self, link_ids: Collection[LinkId], /) -> tuple[Task, ...]:
        """Return the completed and not voided tasks of the links, in the order of their ids."""
        return self._rows.groups(_COMPLETIONS, link_ids)

    async def changing(self, day: date, /, *, limit: int) -> tuple[TaskId, ...]:
        """Return the ids of open tasks whose due status changes up to and including the day, by id."""
        tasks = takewhile(
            lambda task: task.next_change_on is not None and task.next_change_on <= day,
            self._rows.group(_CHANGING, None),
        )
        return tuple(task.id for task in nsmallest(limit, tasks, key=attrgetter("id")))

    async def page(self, request: PageRequest, /, *, filter: TaskFilter) -> Page[Task]:
        """Return the tasks that match in the order of their ids."""
        wanted = _filter_keys(filter.status, filter.aircraft_id, filter.program_id, filter.assignee)
        fewest = min(wanted, key=lambda key: self._rows.size(_FILTERED, key), default=_ALL)
        tasks = self._rows.group(_FILTERED, fewest, after_id(request.after))
        return page_of((task for task in tasks if set(wanted) <= set(_filtered(task))), request.limit)

    def add(self, task: Task, /) -> None:
        """Add a task. Raises `OpenTaskExists` for a link that has an open one, `BrokenReference`."""
        self._rows.add(task)

    def save(self, task: Task, /, *, was: Task) -> None:
        """Save a changed task. Raises `StaleVersion`, `OpenTaskExists`, `BrokenReference`."""
        self._rows.save(task, was=was)


def _is_open(task: Task) -> bool:
    return task.status.is_open
