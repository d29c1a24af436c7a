"""Reports: what the rows add up to, counted by the server."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_day,
    from_id,
    from_ids,
    from_instant,
    from_number,
    from_texts,
    maybe,
    perhaps,
    to_day,
    to_decimal,
    to_flag,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import page_of
from amss_domain.inventory.part import PartDescription
from amss_domain.reports.fleet import AircraftWork, PlannedWindow
from amss_domain.reports.overview import Activity, OpenTasks
from amss_domain.reports.ports import Restated
from amss_domain.reports.punctuality import Punctuality, Scope
from amss_domain.reports.stock import LowPart, StockFigures, low_part
from amss_domain.reports.workload import Assignment, DueOnDay, hours_of
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.task import TaskStatus
from amss_domain.shared.ids import AircraftId, PartId, ProgramId, UserId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_SQL: Final = statements("reports")
_REPORT: Final = Kind[object]("report")

# What GROUPING says of the sets that the statement groups by: of aircraft and program, which is not among them.
_SCOPES: Final = {3: Scope.FLEET, 1: Scope.AIRCRAFT, 2: Scope.PROGRAM}


class PostgresReports:
    """What the organization's records add up to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def open_tasks(self, restated: Restated, /) -> tuple[OpenTasks, ...]:
        """Count the open tasks by status, due status and whether they are mandatory."""
        rows = await self._read("report_open_tasks", *_restated(restated))
        return tuple(
            OpenTasks(
                status=TaskStatus(to_text(status)),
                due_status=_due_status(due_status),
                mandatory=to_flag(mandatory),
                tasks=to_int(tasks),
            )
            for status, due_status, mandatory, tasks in rows
        )

    async def fleet(self, restated: Restated, /) -> tuple[AircraftWork, ...]:
        """Return every unarchived aircraft with how many open tasks keep it on the ground."""
        rows = await self._read("report_fleet", *_restated(restated))
        return tuple(
            AircraftWork(
                aircraft_id=cast(AircraftId, to_id(aircraft_id)),
                registration=to_text(registration),
                mandatory_overdue=to_int(overdue),
                mandatory_unknown=to_int(unknown),
                aog=to_int(aog),
                in_progress=to_int(in_progress),
            )
            for aircraft_id, registration, overdue, unknown, aog, in_progress in rows
        )

    async def planned(self, start: datetime, end: datetime, /) -> tuple[PlannedWindow, ...]:
        """Return the planned windows of open tasks that overlap."""
        rows = await self._read("report_planned", from_instant(start), from_instant(end))
        return tuple(
            PlannedWindow(
                aircraft_id=cast(AircraftId, to_id(aircraft_id)),
                start=to_instant(starts),
                end=perhaps(to_instant, ends),
            )
            for aircraft_id, starts, ends in rows
        )

    async def activity(self, since: date, until: date, /) -> Activity:
        """Count the completions of some days, and the reservations that hold stock."""
        ((completed, reserved),) = await self._read("report_activity", from_day(since), from_day(until))
        return Activity(completed=to_int(completed), open_reservations=to_int(reserved))

    async def stock(self, on: date, /) -> StockFigures:
        """Count the parts that are low, and value what is on hand of all parts."""
        ((below, low, value),) = await self._read("report_stock", from_day(on))
        return StockFigures(parts_below_minimum=to_int(below), low_parts=to_int(low), value=to_decimal(value))

    async def low_parts(self, request: PageRequest, /, *, on: date) -> Page[LowPart]:
        """Return the unarchived parts that are low in the order of their ids."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"low parts cannot be sorted by {order.by}")
        start = LAST_ID if order.descending else NO_ID
        rows = await self._read(
            "low_part_newest" if order.descending else "low_part_oldest",
            from_id(request.after) if request.after else start,
            from_number(request.limit + 1),
            from_day(on),
        )
        return page_of(map(_low_part, rows), request.limit)

    async def punctuality(
        self,
        since: date,
        until: date,
        restated: Restated,
        /,
        *,
        aircraft_id: AircraftId | None = None,
        program_id: ProgramId | None = None,
    ) -> tuple[Punctuality, ...]:
        """Count the completions of some days and the tasks overdue now: of the fleet, by aircraft and by program."""
        rows = await self._read(
            "report_punctuality",
            *_restated(restated),
            from_day(since),
            from_day(until),
            maybe(from_id, aircraft_id),
            maybe(from_id, program_id),
        )
        return tuple(
            Punctuality(
                scope=_SCOPES[to_int(scope)],
                id=perhaps(to_id, id),
                name=perhaps(to_text, name),
                completed=to_int(completed),
                on_time=to_int(on_time),
                within_due=to_int(within_due),
                overdue_now=to_int(overdue),
            )
            for scope, id, name, completed, on_time, within_due, overdue in rows
        )

    async def assignments(self, start: datetime, end: datetime, restated: Restated, /) -> tuple[Assignment, ...]:
        """Count the open tasks by who is to do them."""
        rows = await self._read("report_assignments", *_restated(restated), from_instant(start), from_instant(end))
        return tuple(_assignment(row) for row in rows)

    async def due_dates(self, since: date, until: date, /) -> tuple[DueOnDay, ...]:
        """Count the open tasks by their earliest due date."""
        rows = await self._read("report_due_dates", from_day(since), from_day(until))
        return tuple(
            DueOnDay(day=to_day(day), tasks=to_int(tasks), estimated_hours=to_decimal(hours))
            for day, tasks, hours in rows
        )

    async def _read(self, statement: str, *params: bytes | None) -> list[Row]:
        return await self._session.read(_SQL[statement], (self._session.org, *params), _REPORT)


def _restated(restated: Restated) -> Params:
    return (from_ids(restated), from_texts(status.value for status in restated.values()))


def _due_status(column: bytes | None) -> DueStatus:
    return next(status for status in DueStatus if status.value == to_text(column))


def _low_part(row: Row) -> LowPart:
    id, part_number, description, unit_of_measure, unit_price, minimum_stock, reorder_point, lead_time_days, *held = row
    available, on_hand = held
    return low_part(
        cast(PartId, to_id(id)),
        to_text(part_number),
        PartDescription(
            description=perhaps(to_text, description),
            unit_of_measure=to_text(unit_of_measure),
            unit_price=perhaps(to_decimal, unit_price),
            minimum_stock=to_int(minimum_stock),
            reorder_point=perhaps(to_int, reorder_point),
            lead_time_days=perhaps(to_int, lead_time_days),
        ),
        available=to_int(available),
        on_hand=to_int(on_hand),
    )


def _assignment(row: Row) -> Assignment:
    assignee, name, open_tasks, in_progress, overdue, estimated_hours, planned_tasks, planned_seconds = row
    planned = timedelta(microseconds=int(to_decimal(planned_seconds) * Decimal(1_000_000)))
    return Assignment(
        assignee=cast("UserId | None", perhaps(to_id, assignee)),
        name=perhaps(to_text, name),
        open_tasks=to_int(open_tasks),
        in_progress=to_int(in_progress),
        overdue=to_int(overdue),
        estimated_hours=to_decimal(estimated_hours),
        planned_tasks=to_int(planned_tasks),
        planned_hours=hours_of(planned),
    )
