"""How much of the work was done in time."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import ClassVar
from uuid import UUID

from attrs import Factory, field, frozen

from amss_domain.reports.period import percentage
from amss_domain.scheduling.limit import Combine
from amss_domain.scheduling.standing import DuePoint
from amss_domain.scheduling.task import Completion, Task


class Scope(Enum):
    """What a line of the report is about."""

    FLEET = "fleet"
    AIRCRAFT = "aircraft"
    PROGRAM = "program"


@frozen(kw_only=True)
class Punctuality:
    """How much work of the fleet, an aircraft or a program was done in time, and how much is overdue now.

    `id` and `name` are None for the fleet and for work that belongs to no program. Percentages are rounded down, and
    None where nothing was completed.
    """

    scope: Scope
    id: UUID | None = None
    name: str | None = None
    completed: int = 0
    on_time: int = 0
    within_due: int = 0
    overdue_now: int = 0
    on_time_percentage: Decimal | None = field(
        init=False, default=Factory(lambda one: percentage(one.on_time, one.completed), takes_self=True)
    )
    within_due_percentage: Decimal | None = field(
        init=False, default=Factory(lambda one: percentage(one.within_due, one.completed), takes_self=True)
    )


@frozen(kw_only=True)
class ComplianceReport:
    """How much of the work completed from `since` up to and including `until` was done in time.

    Only work with a due point counts, and none of which the completion was voided. `within_due` was done at its due
    point at the latest, where it was put off at the later one; `on_time` up to its grace.
    """

    row_type: ClassVar[type[Punctuality]] = Punctuality

    since: date
    until: date
    total: Punctuality
    by_aircraft: tuple[Punctuality, ...]
    by_program: tuple[Punctuality, ...]

    @property
    def rows(self) -> tuple[Punctuality, ...]:
        """The report as a table."""
        return (self.total, *self.by_aircraft, *self.by_program)


def compliance_report(since: date, until: date, found: Iterable[Punctuality]) -> ComplianceReport:
    """Return the report of what was found, aircraft and programs by name, work of no program last."""
    found = sorted(found, key=lambda one: (one.name is None, one.name or "", str(one.id)))
    by_scope = {scope: tuple(one for one in found if one.scope is scope) for scope in Scope}
    return ComplianceReport(
        since=since,
        until=until,
        total=next(iter(by_scope[Scope.FLEET]), Punctuality(scope=Scope.FLEET)),
        by_aircraft=by_scope[Scope.AIRCRAFT],
        by_program=by_scope[Scope.PROGRAM],
    )


def punctuality_of(task: Task, combine: Combine) -> tuple[bool, bool] | None:
    """Return whether the task was done up to its grace, and whether at its due point at the latest.

    None when it had no due point or was not completed. Where limits combine as `last`, one that was not passed is
    enough. What was put off has no grace, nor has work that belongs to no program.
    """
    completion = task.completion
    if completion is None:
        return None
    kept = [was for point in task.due_in_force if (was := _kept(point, completion)) is not None]
    if not kept:
        return None
    within_due = all(kept) if combine is Combine.FIRST else any(kept)
    has_grace = task.program_id is not None and task.deferral is None
    return within_due or (has_grace and not completion.breaches), within_due


def _kept(point: DuePoint, completion: Completion) -> bool | None:
    if point.on is not None:
        return completion.completed_on <= point.on
    reading = completion.readings.get(point.unit)
    return None if point.at is None or reading is None else reading <= point.at
