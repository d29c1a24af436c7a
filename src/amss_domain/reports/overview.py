"""An organization at a glance."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import ClassVar, Final

from attrs import frozen

from amss_domain.compliance.model import AircraftStatus
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.task import TaskStatus

RECENT_DAYS: Final = 30
"""How many days, today included, the work completed lately is counted over."""


@frozen(kw_only=True)
class OpenTasks:
    """How many open tasks there are of one kind."""

    status: TaskStatus
    due_status: DueStatus
    mandatory: bool
    tasks: int


@frozen(kw_only=True)
class Activity:
    """How many tasks were completed in a period and not voided, and how many reservations hold stock now."""

    completed: int
    open_reservations: int


@frozen
class Figure:
    """One number and what it counts."""

    name: str
    value: int


@frozen(kw_only=True)
class SummaryReport:
    """An organization at a glance on the day `today`; every status is there, also with 0.

    `mandatory_overdue` counts open tasks of programs that are mandatory, `parts_below_minimum` and `low_parts` what can
    be used today.
    """

    row_type: ClassVar[type[Figure]] = Figure

    today: date
    aircraft: int
    aircraft_by_status: Mapping[AircraftStatus, int]
    open_tasks: int
    tasks_by_status: Mapping[TaskStatus, int]
    tasks_by_due_status: Mapping[DueStatus, int]
    mandatory_overdue: int
    completed_last_30_days: int
    parts_below_minimum: int
    low_parts: int
    open_reservations: int

    @property
    def rows(self) -> tuple[Figure, ...]:
        """The report as a table."""
        return (
            Figure("aircraft", self.aircraft),
            *(Figure(f"aircraft_{status.value}", count) for status, count in self.aircraft_by_status.items()),
            Figure("open_tasks", self.open_tasks),
            *(Figure(f"tasks_{status.value}", count) for status, count in self.tasks_by_status.items()),
            *(Figure(f"tasks_due_status_{status.value}", count) for status, count in self.tasks_by_due_status.items()),
            Figure("mandatory_overdue", self.mandatory_overdue),
            Figure("completed_last_30_days", self.completed_last_30_days),
            Figure("parts_below_minimum", self.parts_below_minimum),
            Figure("low_parts", self.low_parts),
            Figure("open_reservations", self.open_reservations),
        )


def tasks_by_status(groups: Iterable[OpenTasks]) -> dict[TaskStatus, int]:
    """Return how many open tasks there are in each state that an open task can have."""
    counted = {status: 0 for status in TaskStatus if status.is_open}
    for group in groups:
        counted[group.status] += group.tasks
    return counted


def tasks_by_due_status(groups: Iterable[OpenTasks]) -> dict[DueStatus, int]:
    """Return how many open tasks there are of each due status."""
    counted = dict.fromkeys(DueStatus, 0)
    for group in groups:
        counted[group.due_status] += group.tasks
    return counted
