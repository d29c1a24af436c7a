"""Reports: what the rows add up to, counted one by one."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from attrs import evolve

from amss_adapters.memory.access import USERS
from amss_adapters.memory.fleet import AIRCRAFT
from amss_adapters.memory.inventory import PARTS, RESERVATIONS, STOCK
from amss_adapters.memory.scheduling import PROGRAMS
from amss_adapters.memory.tasks import TASKS
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.inventory.part import Part
from amss_domain.inventory.rules import available_on
from amss_domain.inventory.stock import ReservationStatus, Stock
from amss_domain.reports.fleet import AircraftWork, PlannedWindow
from amss_domain.reports.overview import Activity, OpenTasks
from amss_domain.reports.ports import Restated
from amss_domain.reports.punctuality import Punctuality, Scope, punctuality_of
from amss_domain.reports.stock import LowPart, StockFigures, low_part
from amss_domain.reports.workload import Assignment, DueOnDay, hours_of
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.limit import Combine
from amss_domain.scheduling.program import Priority, Program
from amss_domain.scheduling.task import Task, TaskStatus
from amss_domain.shared.ids import AircraftId, PartId, ProgramId, UserId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_ZERO = Decimal(0)


class MemoryReports:
    """What the organization's records add up to."""

    def __init__(self, transaction: Transaction) -> None:
        self._users = transaction.view(USERS)
        self._aircraft = transaction.view(AIRCRAFT)
        self._programs = transaction.view(PROGRAMS)
        self._tasks = transaction.view(TASKS)
        self._parts = transaction.view(PARTS)
        self._stock = transaction.view(STOCK)
        self._reservations = transaction.view(RESERVATIONS)

    async def open_tasks(self, restated: Restated, /) -> tuple[OpenTasks, ...]:
        """Count the open tasks by status, due status and whether they are mandatory."""
        counted = Counter(
            (task.status, restated.get(task.id, task.announced), self._is_mandatory(task)) for task in self._open()
        )
        return tuple(
            OpenTasks(status=status, due_status=due_status, mandatory=mandatory, tasks=tasks)
            for (status, due_status, mandatory), tasks in counted.items()
        )

    async def fleet(self, restated: Restated, /) -> tuple[AircraftWork, ...]:
        """Return every unarchived aircraft with how many open tasks keep it on the ground."""
        found = {
            one.id: AircraftWork(aircraft_id=one.id, registration=one.registration)
            for one in self._aircraft.everything()
            if one.archived_at is None
        }
        for task in self._open():
            so_far = found.get(task.aircraft_id)
            if so_far is not None:
                mandatory = self._is_mandatory(task)
                due_status = restated.get(task.id, task.announced)
                found[task.aircraft_id] = evolve(
                    so_far,
                    mandatory_overdue=so_far.mandatory_overdue + (mandatory and due_status is DueStatus.OVERDUE),
                    mandatory_unknown=so_far.mandatory_unknown + (mandatory and due_status is DueStatus.UNKNOWN),
                    aog=so_far.aog + (task.work.priority is Priority.AOG),
                    in_progress=so_far.in_progress + (task.status is TaskStatus.IN_PROGRESS),
                )
        return tuple(found.values())

    async def planned(self, start: datetime, end: datetime, /) -> tuple[PlannedWindow, ...]:
        """Return the planned windows of open tasks that overlap."""
        windows = (window for task in self._open() if (window := _window(task)) is not None)
        return tuple(window for window in windows if window.overlaps(start, end))

    async def activity(self, since: date, until: date, /) -> Activity:
        """Count the completions of some days, and the reservations that hold stock."""
        return Activity(
            completed=len(list(self._completed(since, until))),
            open_reservations=sum(one.status is ReservationStatus.RESERVED for one in self._reservations.everything()),
        )

    async def stock(self, on: date, /) -> StockFigures:
        """Count the parts that are low, and value what is on hand of all parts."""
        rows = self._rows_of_parts()
        low = [part for part in self._kept_parts() if part.is_low(available_on(rows.get(part.id, ()), on))]
        below = [part for part in low if available_on(rows.get(part.id, ()), on) < part.about.minimum_stock]
        value = sum(
            (_on_hand(rows.get(part.id, ())) * (part.about.unit_price or _ZERO) for part in self._parts.everything()),
            _ZERO,
        )
        return StockFigures(parts_below_minimum=len(below), low_parts=len(low), value=value)

    async def low_parts(self, request: PageRequest, /, *, on: date) -> Page[LowPart]:
        """Return the unarchived parts that are low in the order of their ids."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"low parts cannot be sorted by {order.by}")
        rows = self._rows_of_parts()
        parts = sorted(self._kept_parts(), key=lambda part: part.id.int, reverse=order.descending)
        low = (
            low_part(part.id, part.part_number, part.about, available=available, on_hand=_on_hand(of_part))
            for part in parts
            if _comes_after(part, request.after, descending=order.descending)
            and part.is_low(available := available_on(of_part := rows.get(part.id, ()), on))
        )
        return page_of(low, request.limit)

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
        found: dict[tuple[Scope, UUID | None], Punctuality] = {}

        def count(task: Task, *, completed: int = 0, on_time: int = 0, within_due: int = 0, overdue: int = 0) -> None:
            for line in self._lines(task):
                so_far = found.get((line.scope, line.id), line)
                found[line.scope, line.id] = evolve(
                    so_far,
                    completed=so_far.completed + completed,
                    on_time=so_far.on_time + on_time,
                    within_due=so_far.within_due + within_due,
                    overdue_now=so_far.overdue_now + overdue,
                )

        def is_asked_for(task: Task) -> bool:
            return aircraft_id in (None, task.aircraft_id) and program_id in (None, task.program_id)

        for task in filter(is_asked_for, self._completed(since, until)):
            program = self._program_of(task)
            judged = punctuality_of(task, Combine.FIRST if program is None else program.requirement.combine)
            if judged is not None:
                on_time, within_due = judged
                count(task, completed=1, on_time=on_time, within_due=within_due)
        for task in filter(is_asked_for, self._open()):
            if restated.get(task.id, task.announced) is DueStatus.OVERDUE:
                count(task, overdue=1)
        return tuple(found.values())

    async def assignments(self, start: datetime, end: datetime, restated: Restated, /) -> tuple[Assignment, ...]:
        """Count the open tasks by who is to do them."""
        of_assignee: dict[UserId | None, list[Task]] = {}
        for task in self._open():
            of_assignee.setdefault(task.assignee, []).append(task)
        return tuple(self._assignment(assignee, tasks, start, end, restated) for assignee, tasks in of_assignee.items())

    async def due_dates(self, since: date, until: date, /) -> tuple[DueOnDay, ...]:
        """Count the open tasks by their earliest due date."""
        of_day: dict[date, list[Task]] = {}
        for task in self._open():
            if task.due_on is not None and since <= task.due_on <= until:
                of_day.setdefault(task.due_on, []).append(task)
        return tuple(
            DueOnDay(day=day, tasks=len(tasks), estimated_hours=_estimated(tasks)) for day, tasks in of_day.items()
        )

    def _open(self) -> Iterator[Task]:
        return (task for task in self._tasks.everything() if task.status.is_open)

    def _completed(self, since: date, until: date) -> Iterator[Task]:
        return (
            task
            for task in self._tasks.everything()
            if task.counts and task.completion is not None and since <= task.completion.completed_on <= until
        )

    def _program_of(self, task: Task) -> Program | None:
        return None if task.program_id is None else self._programs.get(task.program_id)

    def _is_mandatory(self, task: Task) -> bool:
        program = self._program_of(task)
        return program is not None and program.terms.mandatory

    def _lines(self, task: Task) -> tuple[Punctuality, ...]:
        aircraft, program = self._aircraft.get(task.aircraft_id), self._program_of(task)
        return (
            Punctuality(scope=Scope.FLEET),
            Punctuality(scope=Scope.AIRCRAFT, id=aircraft.id, name=aircraft.registration),
            Punctuality(scope=Scope.PROGRAM, id=task.program_id, name=None if program is None else program.name),
        )

    def _assignment(
        self, assignee: UserId | None, tasks: list[Task], start: datetime, end: datetime, restated: Restated
    ) -> Assignment:
        windows = [window for task in tasks if (window := _window(task)) is not None and window.overlaps(start, end)]
        planned = sum((_duration(window, start, end) for window in windows), timedelta(0))
        return Assignment(
            assignee=assignee,
            name=None if assignee is None else self._users.get(assignee).name,
            open_tasks=len(tasks),
            in_progress=sum(task.status is TaskStatus.IN_PROGRESS for task in tasks),
            overdue=sum(restated.get(task.id, task.announced) is DueStatus.OVERDUE for task in tasks),
            estimated_hours=_estimated(tasks),
            planned_tasks=len(windows),
            planned_hours=hours_of(planned),
        )

    def _kept_parts(self) -> Iterator[Part]:
        return (part for part in self._parts.everything() if part.archived_at is None)

    def _rows_of_parts(self) -> dict[PartId, list[Stock]]:
        found: dict[PartId, list[Stock]] = {}
        for row in self._stock.everything():
            found.setdefault(row.part_id, []).append(row)
        return found


def _window(task: Task) -> PlannedWindow | None:
    start = task.work.planned_start
    return (
        None if start is None else PlannedWindow(aircraft_id=task.aircraft_id, start=start, end=task.work.planned_end)
    )


def _duration(window: PlannedWindow, start: datetime, end: datetime) -> timedelta:
    """Return how much of the window lies from `start` to `end`."""
    return max(timedelta(0), min(window.end or window.start, end) - max(window.start, start))


def _estimated(tasks: Iterable[Task]) -> Decimal:
    return sum((task.work.estimated_hours or _ZERO for task in tasks), _ZERO)


def _on_hand(rows: Iterable[Stock]) -> int:
    return sum(row.quantity_on_hand for row in rows)


def _comes_after(part: Part, after: UUID | None, *, descending: bool) -> bool:
    return after is None or (part.id < after if descending else part.id > after)
