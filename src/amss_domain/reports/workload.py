"""How the open work is spread over people and days."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar, Final

from attrs import frozen

from amss_domain.shared.ids import UserId
from amss_domain.shared.units import HUNDREDTH

_HOUR: Final = timedelta(hours=1)
_MICROSECOND: Final = timedelta(microseconds=1)


@frozen(kw_only=True)
class Assignment:
    """The open work of one user; of nobody when `assignee` is None.

    `planned_tasks` are those planned for some of the period, `planned_hours` how much of it that takes, to 0.01.
    """

    assignee: UserId | None
    name: str | None
    open_tasks: int
    in_progress: int
    overdue: int
    estimated_hours: Decimal
    planned_tasks: int
    planned_hours: Decimal


@frozen(kw_only=True)
class DueOnDay:
    """How much open work has its earliest due date on one day."""

    day: date
    tasks: int
    estimated_hours: Decimal


@frozen(kw_only=True)
class DueInWeek:
    """How much open work has its earliest due date in one week, which begins on `monday` (ISO 8601)."""

    monday: date
    tasks: int
    estimated_hours: Decimal


@frozen(kw_only=True)
class WorkloadReport:
    """The open work by who is to do it, and what falls due from `since` up to and including `until`.

    Days and weeks without due dates are left out, and so is work that only meters make due.
    """

    row_type: ClassVar[type[Assignment]] = Assignment

    since: date
    until: date
    assignments: tuple[Assignment, ...]
    days: tuple[DueOnDay, ...]
    weeks: tuple[DueInWeek, ...]

    @property
    def rows(self) -> tuple[Assignment, ...]:
        """The report as a table."""
        return self.assignments


def workload_report(
    since: date, until: date, assignments: Iterable[Assignment], days: Iterable[DueOnDay]
) -> WorkloadReport:
    """Return the report, users by name and what nobody has last, days and weeks in their order."""
    days = tuple(sorted(days, key=lambda one: one.day))
    return WorkloadReport(
        since=since,
        until=until,
        assignments=tuple(
            sorted(assignments, key=lambda one: (one.assignee is None, one.name or "", str(one.assignee)))
        ),
        days=days,
        weeks=_by_week(days),
    )


def hours_of(duration: timedelta) -> Decimal:
    """Return a duration in hours, rounded half up to 0.01."""
    return (Decimal(duration // _MICROSECOND) / (_HOUR // _MICROSECOND)).quantize(HUNDREDTH, ROUND_HALF_UP)


def _by_week(days: Iterable[DueOnDay]) -> tuple[DueInWeek, ...]:
    tasks: dict[date, int] = {}
    hours: dict[date, Decimal] = {}
    for one in days:
        monday = one.day - timedelta(days=one.day.weekday())
        tasks[monday] = tasks.get(monday, 0) + one.tasks
        hours[monday] = hours.get(monday, Decimal(0)) + one.estimated_hours
    return tuple(DueInWeek(monday=monday, tasks=tasks[monday], estimated_hours=hours[monday]) for monday in tasks)
