"""What scheduling needs from a backend."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final, Protocol

from attrs import frozen

from amss_domain.audit.ports import AuditWork
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ports import FleetWork
from amss_domain.inventory.ports import InventoryWork
from amss_domain.scheduling.dependency import Dependency
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.program import Priority, Program
from amss_domain.scheduling.task import Task, TaskStatus
from amss_domain.shared.ids import AircraftId, DependencyId, LinkId, OrgId, ProgramId, TaskId, UserId
from amss_domain.shared.page import Page, PageRequest

GENERATE: Final = "generate"
"""What to wake when there may be tasks to generate."""


@frozen(kw_only=True)
class ProgramFilter:
    """Which programs to return; None means any. `name` is the whole name, whatever its case.

    `archived` asks for archived programs instead of those in force.
    """

    name: str | None = None
    kind: str | None = None
    archived: bool = False


class Programs(Protocol):
    """The organization's maintenance programs.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - `get_many` returns them in the order of their ids; unknown ids are left out.
    - `by_names` finds unarchived programs whatever the case of their name, keyed by it in lower case, and leaves out
      unknown ones; with `for_update` it holds them in the order of their ids.
    - `covering` returns unarchived programs that are linked by themselves to an aircraft of the model, by id.
    - `spreading` returns the ids of programs that links still have to follow, by id.
    - The name is unique among unarchived programs, whatever its case (`AlreadyExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `page` returns the programs that match, also ordered by `name`, in lower case and by code point.
    """

    async def get(self, program_id: ProgramId, /) -> Program: ...

    async def get_for_update(self, program_id: ProgramId, /) -> Program: ...

    async def get_many(self, program_ids: Collection[ProgramId], /) -> tuple[Program, ...]: ...

    async def by_names(self, names: Collection[str], /, *, for_update: bool = False) -> dict[str, Program]: ...

    async def covering(self, model: str | None, /) -> tuple[Program, ...]: ...

    async def spreading(self) -> tuple[ProgramId, ...]: ...

    async def page(self, request: PageRequest, /, *, filter: ProgramFilter) -> Page[Program]: ...

    def add(self, program: Program, /) -> None: ...

    def save(self, program: Program, /, *, was: Program) -> None: ...


@frozen
class LinkKey:
    """A link and the aircraft to hold before it."""

    link_id: LinkId
    aircraft_id: AircraftId


@frozen(kw_only=True)
class LinkFilter:
    """Which links to return; None means any. `ended` asks for ended links instead of active ones."""

    program_id: ProgramId | None = None
    aircraft_id: AircraftId | None = None
    ended: bool = False


class Links(Protocol):
    """The links between the organization's aircraft and programs.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - `get_many_for_update` holds the links in the order of their ids and returns them so; unknown ids are left out.
    - `of_aircraft` returns the links of the aircraft, ended ones too, in the order of their ids; `for_update` holds
      them.
    - There is one link for each aircraft and program (`AlreadyExists`).
    - `to_generate` returns links of unarchived aircraft whose generation is pending, or waiting with a `wake_on` up to
      and including the day, of the program if one is given; ordered by aircraft, then link. Its cost does not grow with
      the links that are neither.
    - `behind` returns active links of the program whose revision is below the one given, ordered likewise.
    - `unlinked` returns unarchived aircraft, of the model if one is given (whatever its case), that have no link with
      the program, in the order of their ids.
    - `page` returns the links that match.
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    """

    async def get(self, link_id: LinkId, /) -> Link: ...

    async def get_for_update(self, link_id: LinkId, /) -> Link: ...

    async def get_many_for_update(self, link_ids: Collection[LinkId], /) -> tuple[Link, ...]: ...

    async def of_aircraft(
        self, aircraft_ids: Collection[AircraftId], /, *, for_update: bool = False
    ) -> tuple[Link, ...]: ...

    async def to_generate(
        self, day: date, /, *, limit: int, program_id: ProgramId | None = None
    ) -> tuple[LinkKey, ...]: ...

    async def behind(self, program_id: ProgramId, /, *, revision: int, limit: int) -> tuple[LinkKey, ...]: ...

    async def unlinked(self, program_id: ProgramId, /, *, model: str | None, limit: int) -> tuple[Aircraft, ...]: ...

    async def page(self, request: PageRequest, /, *, filter: LinkFilter) -> Page[Link]: ...

    def add(self, link: Link, /) -> None: ...

    def save(self, link: Link, /, *, was: Link) -> None: ...


@frozen(kw_only=True)
class TaskFilter:
    """Which tasks to return; None and the empty tuple mean any.

    `statuses` and `due_statuses` take any one of them; a due status is the one last announced, which open tasks alone
    have. `due_before` takes tasks whose earliest due date in force is up to and including that day.
    """

    assignee: UserId | None = None
    unassigned: bool = False
    statuses: tuple[TaskStatus, ...] = ()
    due_statuses: tuple[DueStatus, ...] = ()
    aircraft_id: AircraftId | None = None
    program_id: ProgramId | None = None
    due_before: date | None = None
    kind: str | None = None
    priority: Priority | None = None


class Tasks(Protocol):
    """The organization's tasks.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - `get_many` returns them in the order of their ids; unknown ids are left out. `get_many_for_update` holds them too.
    - `open_of_aircraft` returns the open tasks of the aircraft in the order of their ids; `for_update` holds them.
    - `open_of_links` returns the open task of each link that has one, in the order of their ids; `for_update` holds
      them.
    - `open_of_assignees` returns the open tasks of the users in the order of their ids.
    - `completions` returns the completed and not voided tasks of the links, in the order of their ids.
    - `closed_of_aircraft` returns the completed and cancelled tasks of the aircraft by `closed_at` and id, the latest
      first unless the request says otherwise. It has no other order, and nothing comes after a task that is unknown.
    - `changing` returns the ids of open tasks whose `next_change_on` is up to and including the day, by id.
    - A link has at most one open task (`OpenTaskExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `page` returns the tasks that match in the order of their ids, or by `due_at_date` (the earliest due date in
      force; a task without one as if due after all others) or `updated_at`. Ids in the filter that do not exist match
      nothing.
    """

    async def get(self, task_id: TaskId, /) -> Task: ...

    async def get_for_update(self, task_id: TaskId, /) -> Task: ...

    async def get_many(self, task_ids: Collection[TaskId], /) -> tuple[Task, ...]: ...

    async def get_many_for_update(self, task_ids: Collection[TaskId], /) -> tuple[Task, ...]: ...

    async def open_of_aircraft(
        self, aircraft_ids: Collection[AircraftId], /, *, for_update: bool = False
    ) -> tuple[Task, ...]: ...

    async def open_of_links(self, link_ids: Collection[LinkId], /, *, for_update: bool = False) -> tuple[Task, ...]: ...

    async def open_of_assignees(self, user_ids: Collection[UserId], /) -> tuple[Task, ...]: ...

    async def completions(self, link_ids: Collection[LinkId], /) -> tuple[Task, ...]: ...

    async def closed_of_aircraft(self, aircraft_id: AircraftId, request: PageRequest, /) -> Page[Task]: ...

    async def changing(self, day: date, /, *, limit: int) -> tuple[TaskId, ...]: ...

    async def page(self, request: PageRequest, /, *, filter: TaskFilter) -> Page[Task]: ...

    def add(self, task: Task, /) -> None: ...

    def save(self, task: Task, /, *, was: Task) -> None: ...


class TaskLog(Protocol):
    """What was written down while the organization's tasks were worked on; nothing changes or removes it.

    - `notes` and `labour` return what belongs to the task, in the order of the ids.
    """

    async def notes(self, task_id: TaskId, /) -> tuple[TaskNote, ...]: ...

    async def labour(self, task_id: TaskId, /) -> tuple[Labour, ...]: ...

    def note(self, note: TaskNote, /) -> None: ...

    def record(self, labour: Labour, /) -> None: ...


class Dependencies(Protocol):
    """What the organization's tasks wait for; what was removed is returned by `get` alone.

    - `get` raises `NotFound` for an unknown or foreign id.
    - `of_task` returns what the task waits for, `on_task` what waits for the task, in the order of their ids.
    - `downstream` returns all through which others wait for the task, directly or not, in the order of their ids.
    - A task waits for another once at most (`AlreadyExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    """

    async def get(self, dependency_id: DependencyId, /) -> Dependency: ...

    async def of_task(self, task_id: TaskId, /) -> tuple[Dependency, ...]: ...

    async def on_task(self, task_id: TaskId, /) -> tuple[Dependency, ...]: ...

    async def downstream(self, task_id: TaskId, /) -> tuple[Dependency, ...]: ...

    def add(self, dependency: Dependency, /) -> None: ...

    def save(self, dependency: Dependency, /, *, was: Dependency) -> None: ...


class SchedulingWork(FleetWork, InventoryWork, AuditWork, Protocol):
    """A unit of work that reaches programs, links and tasks, and what they stand on."""

    @property
    def programs(self) -> Programs: ...

    @property
    def links(self) -> Links: ...

    @property
    def tasks(self) -> Tasks: ...

    @property
    def task_log(self) -> TaskLog: ...

    @property
    def dependencies(self) -> Dependencies: ...


class WorkQueue(Protocol):
    """Organizations in which there is something to make or to announce, found across all of them.

    - `to_generate` returns those with a program that links still have to follow, and those in which `Links.to_generate`
      finds links by the day that it is there at that time.
    - `to_announce` returns those in which `Tasks.changing` finds tasks by that day.
    - Both return up to `limit` after one, by id. What they cost grows with what there is to do, not with what exists.
    """

    async def to_generate(self, *, at: datetime, limit: int, after: OrgId | None = None) -> tuple[OrgId, ...]: ...

    async def to_announce(self, *, at: datetime, limit: int, after: OrgId | None = None) -> tuple[OrgId, ...]: ...
