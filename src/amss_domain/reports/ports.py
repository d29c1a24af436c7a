"""What reports need from a backend."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol, TypeAlias

from amss_domain.reports.fleet import AircraftWork, PlannedWindow
from amss_domain.reports.overview import Activity, OpenTasks
from amss_domain.reports.punctuality import Punctuality
from amss_domain.reports.stock import LowPart, StockFigures
from amss_domain.reports.workload import Assignment, DueOnDay
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.ids import AircraftId, ProgramId, TaskId
from amss_domain.shared.page import Page, PageRequest

Restated: TypeAlias = Mapping[TaskId, DueStatus]
"""Due statuses to go by instead of those last announced."""


class Reports(Protocol):
    """What the organization's records add up to; each answer is of one instant.

    - Nothing of another organization is counted, and what the unit of work has changed is.
    - `restated` stands in for the due status last announced, of the open tasks that it names.
    - What comes back has no order, unless one is named.
    - `open_tasks` counts every open task once; a kind of which there is none is left out.
    - `fleet` returns every unarchived aircraft once, with its open tasks: those overdue and those unknown of mandatory
      programs, those with the priority `aog`, and those in progress.
    - `planned` returns the planned window of each open task of which any lies from `start` on and before `end`.
    - `activity` counts completions from `since` up to and including `until` that were not voided.
    - `stock` counts unarchived parts by what can be used on the day, and values what is on hand of all parts.
    - `low_parts` returns the unarchived parts that are low on the day in the order of their ids, which is the only one
      (ValueError for another).
    - `punctuality` returns a line for the fleet and for each aircraft and program that had completions in the period or
      has overdue tasks, as `punctuality_of` judges them; of the aircraft and program alone, if given.
    - `assignments` returns a line for each user who has open tasks, and for nobody if there are unassigned ones; their
      windows are counted as `planned` finds them, and cut at `start` and `end`.
    - `due_dates` returns a line for each day from `since` up to and including `until` that is the earliest due date in
      force of open tasks.
    """

    async def open_tasks(self, restated: Restated, /) -> tuple[OpenTasks, ...]: ...

    async def fleet(self, restated: Restated, /) -> tuple[AircraftWork, ...]: ...

    async def planned(self, start: datetime, end: datetime, /) -> tuple[PlannedWindow, ...]: ...

    async def activity(self, since: date, until: date, /) -> Activity: ...

    async def stock(self, on: date, /) -> StockFigures: ...

    async def low_parts(self, request: PageRequest, /, *, on: date) -> Page[LowPart]: ...

    async def punctuality(
        self,
        since: date,
        until: date,
        restated: Restated,
        /,
        *,
        aircraft_id: AircraftId | None = None,
        program_id: ProgramId | None = None,
    ) -> tuple[Punctuality, ...]: ...

    async def assignments(self, start: datetime, end: datetime, restated: Restated, /) -> tuple[Assignment, ...]: ...

    async def due_dates(self, since: date, until: date, /) -> tuple[DueOnDay, ...]: ...


class ReportsWork(SchedulingWork, Protocol):
    """A unit of work that reaches the reports, and what they stand on."""

    @property
    def reports(self) -> Reports: ...
