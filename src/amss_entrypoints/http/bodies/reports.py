"""Reports as clients get them."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TypeVar
from uuid import UUID

from attrs import fields, frozen

from amss_domain.reports.fleet import AircraftAvailability, AvailabilityReport, DayAvailability
from amss_domain.reports.overview import SummaryReport
from amss_domain.reports.punctuality import ComplianceReport, Punctuality
from amss_domain.reports.stock import InventoryReport, LowPart
from amss_domain.reports.workload import Assignment, DueInWeek, DueOnDay, WorkloadReport
from amss_entrypoints.http.endpoint import Answer, Table

E = TypeVar("E", bound=Enum)


@frozen(kw_only=True)
class Summary:
    """An organization at a glance."""

    today: date
    aircraft: int
    aircraft_by_status: dict[str, int]
    open_tasks: int
    tasks_by_status: dict[str, int]
    tasks_by_due_status: dict[str, int]
    mandatory_overdue: int
    completed_last_30_days: int
    parts_below_minimum: int
    low_parts: int
    open_reservations: int


@frozen(kw_only=True)
class PunctualityLine:
    """How much of the completed work was done in time; null percentages where nothing was completed."""

    scope: str
    id: UUID | None
    name: str | None
    completed: int
    on_time: int
    within_due: int
    overdue_now: int
    on_time_percentage: Decimal | None
    within_due_percentage: Decimal | None


@frozen(kw_only=True)
class CompliancePercentages:
    """How much of the work completed in a period was done in time; `on_time` is within the grace too."""

    since: date
    until: date
    total: PunctualityLine
    by_aircraft: tuple[PunctualityLine, ...]
    by_program: tuple[PunctualityLine, ...]


@frozen(kw_only=True)
class LowPartLine:
    """A part of which too few can be used."""

    part_id: UUID
    part_number: str
    description: str | None
    available: int
    on_hand: int
    minimum_stock: int
    reorder_point: int | None
    shortage: int
    lead_time_days: int | None
    unit_price: Decimal | None
    value: Decimal | None
    currency: str


@frozen(kw_only=True)
class AssignmentLine:
    """How much open work somebody has; null for `assignee` is nobody."""

    assignee: UUID | None
    name: str | None
    open_tasks: int
    in_progress: int
    overdue: int
    estimated_hours: Decimal
    planned_tasks: int
    planned_hours: Decimal


@frozen(kw_only=True)
class DueOnDayLine:
    """How much work is due on a day."""

    day: date
    tasks: int
    estimated_hours: Decimal


@frozen(kw_only=True)
class DueInWeekLine:
    """How much work is due in the week that begins on a Monday."""

    monday: date
    tasks: int
    estimated_hours: Decimal


@frozen(kw_only=True)
class WorkloadBody:
    """How the open work is spread over people and days."""

    since: date
    until: date
    assignments: tuple[AssignmentLine, ...]
    days: tuple[DueOnDayLine, ...]
    weeks: tuple[DueInWeekLine, ...]


@frozen(kw_only=True)
class AircraftAvailabilityLine:
    """One aircraft: its status now, why, and on how many days work is planned on it."""

    aircraft_id: UUID
    registration: str
    status: str
    mandatory_overdue: int
    mandatory_unknown: int
    aog: int
    in_progress: int
    planned_days: int


@frozen(kw_only=True)
class DayAvailabilityLine:
    """How many aircraft can fly on a day."""

    day: date
    available: int
    aircraft: int
    percentage: Decimal | None


@frozen(kw_only=True)
class FleetAvailability:
    """Every aircraft as it is now, and how much of the fleet can fly on the days to come."""

    today: date
    aircraft: tuple[AircraftAvailabilityLine, ...]
    days: tuple[DayAvailabilityLine, ...]


def summary(report: SummaryReport) -> Answer:
    """Return the answer that shows the summary."""
    return Answer(
        body=Summary(
            today=report.today,
            aircraft=report.aircraft,
            aircraft_by_status=_named(report.aircraft_by_status),
            open_tasks=report.open_tasks,
            tasks_by_status=_named(report.tasks_by_status),
            tasks_by_due_status=_named(report.tasks_by_due_status),
            mandatory_overdue=report.mandatory_overdue,
            completed_last_30_days=report.completed_last_30_days,
            parts_below_minimum=report.parts_below_minimum,
            low_parts=report.low_parts,
            open_reservations=report.open_reservations,
        )
    )


def compliance(report: ComplianceReport) -> Answer:
    """Return the answer that shows the percentages."""
    return Answer(
        body=CompliancePercentages(
            since=report.since,
            until=report.until,
            total=_punctuality(report.total),
            by_aircraft=tuple(map(_punctuality, report.by_aircraft)),
            by_program=tuple(map(_punctuality, report.by_program)),
        )
    )


def inventory(report: InventoryReport) -> Answer:
    """Return the answer that lists what runs low."""
    items = tuple(_low_part(one, report.currency) for one in report.page.items)
    return Answer(body=items, next_after=report.page.next_after)


def workload(report: WorkloadReport) -> Answer:
    """Return the answer that shows the workload."""
    return Answer(
        body=WorkloadBody(
            since=report.since,
            until=report.until,
            assignments=tuple(map(_assignment, report.assignments)),
            days=tuple(map(_day, report.days)),
            weeks=tuple(map(_week, report.weeks)),
        )
    )


def availability(report: AvailabilityReport) -> Answer:
    """Return the answer that shows which aircraft can fly."""
    return Answer(
        body=FleetAvailability(
            today=report.today,
            aircraft=tuple(map(_aircraft, report.aircraft)),
            days=tuple(map(_available, report.days)),
        )
    )


def table(
    report: SummaryReport | ComplianceReport | InventoryReport | WorkloadReport | AvailabilityReport,
) -> Table:
    """Return any report as a table."""
    names = tuple(field.name for field in fields(report.row_type))
    return Table(names, _cells(report.rows, names))


def _cells(rows: Iterable[object], names: tuple[str, ...]) -> Iterable[Iterable[object]]:
    return ([getattr(row, name) for name in names] for row in rows)


def _named(counted: Mapping[E, int]) -> dict[str, int]:
    return {str(key.value): count for key, count in counted.items()}


def _punctuality(one: Punctuality) -> PunctualityLine:
    return PunctualityLine(
        scope=one.scope.value,
        id=one.id,
        name=one.name,
        completed=one.completed,
        on_time=one.on_time,
        within_due=one.within_due,
        overdue_now=one.overdue_now,
        on_time_percentage=one.on_time_percentage,
        within_due_percentage=one.within_due_percentage,
    )


def _low_part(one: LowPart, currency: str) -> LowPartLine:
    return LowPartLine(
        part_id=one.part_id,
        part_number=one.part_number,
        description=one.description,
        available=one.available,
        on_hand=one.on_hand,
        minimum_stock=one.minimum_stock,
        reorder_point=one.reorder_point,
        shortage=one.shortage,
        lead_time_days=one.lead_time_days,
        unit_price=one.unit_price,
        value=one.value,
        currency=currency,
    )


def _assignment(one: Assignment) -> AssignmentLine:
    return AssignmentLine(
        assignee=one.assignee,
        name=one.name,
        open_tasks=one.open_tasks,
        in_progress=one.in_progress,
        overdue=one.overdue,
        estimated_hours=one.estimated_hours,
        planned_tasks=one.planned_tasks,
        planned_hours=one.planned_hours,
    )


def _day(one: DueOnDay) -> DueOnDayLine:
    return DueOnDayLine(day=one.day, tasks=one.tasks, estimated_hours=one.estimated_hours)


def _week(one: DueInWeek) -> DueInWeekLine:
    return DueInWeekLine(monday=one.monday, tasks=one.tasks, estimated_hours=one.estimated_hours)


def _aircraft(one: AircraftAvailability) -> AircraftAvailabilityLine:
    return AircraftAvailabilityLine(
        aircraft_id=one.aircraft_id,
        registration=one.registration,
        status=one.status.value,
        mandatory_overdue=one.mandatory_overdue,
        mandatory_unknown=one.mandatory_unknown,
        aog=one.aog,
        in_progress=one.in_progress,
        planned_days=one.planned_days,
    )


def _available(one: DayAvailability) -> DayAvailabilityLine:
    return DayAvailabilityLine(day=one.day, available=one.available, aircraft=one.aircraft, percentage=one.percentage)
