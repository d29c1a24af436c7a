"""What is due on aircraft, what is expected, what was done, and whether they may fly, as clients get it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from uuid import UUID

from attrs import frozen

from amss_domain.compliance.model import AircraftCompliance as KeptCompliance
from amss_domain.scheduling.due import LimitAssessment
from amss_domain.scheduling.occurrences import Occurrence as KeptOccurrence
from amss_domain.scheduling.use_cases.due_list import DueItem as KeptItem
from amss_domain.scheduling.use_cases.forecast import AircraftForecast, ForecastItem
from amss_domain.scheduling.use_cases.history import PastTask
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.aircraft import MeterName
from amss_entrypoints.http.bodies.common import warnings_of
from amss_entrypoints.http.bodies.tasks import Task, task_of
from amss_entrypoints.http.endpoint import Answer, Table
from amss_entrypoints.http.problems import ViolationBody
from amss_entrypoints.http.schema import Instant


@frozen(kw_only=True)
class LimitStanding:
    """One limit on the day asked about; `remaining` in its unit or days, negative when past."""

    limit: str
    unit: str
    due_at: Decimal | None
    due_on: date | None
    status: str
    remaining: Decimal | None
    projected_on: date | None


@frozen(kw_only=True)
class DueItem:
    """One line of the due list on the day `as_of`; `trace` says how it came about, if asked for.

    `task_id` is null where the task is not made before its horizon, `program_id` for unplanned work.
    """

    aircraft_id: UUID
    registration: str
    program_id: UUID | None
    program_name: str | None
    task_id: UUID | None
    title: str | None
    task_status: str | None
    due_status: str
    driver: str | None
    limits: tuple[LimitStanding, ...]
    expected_on: date | None
    as_of: date
    known_at: Instant | None
    trace: tuple[str, ...]


@frozen(kw_only=True)
class Occurrence:
    """One time that the work is expected to fall due; null for `expected_on` where nothing says when."""

    number: int
    expected_on: date | None
    driver: str | None
    limits: tuple[LimitStanding, ...]


@frozen(kw_only=True)
class ForecastLine:
    """A requirement, with its next occurrence and those that follow within the horizon."""

    program_id: UUID
    program_name: str
    task_id: UUID | None
    occurrences: tuple[Occurrence, ...]


@frozen(kw_only=True)
class Forecast:
    """What is expected of an aircraft from `as_of` to `until`, and the use a day that it rests on."""

    aircraft_id: UUID
    registration: str
    as_of: date
    until: date
    basis: str
    per_day: dict[MeterName, Decimal]
    items: tuple[ForecastLine, ...]


@frozen(kw_only=True)
class HistoryItem:
    """A task that was completed, voided or cancelled."""

    program_name: str | None
    task: Task


@frozen(kw_only=True)
class AircraftCompliance:
    """Whether an aircraft may be dispatched on the day `as_of`, and every reason why not."""

    aircraft_id: UUID
    registration: str
    as_of: date
    status: str
    dispatchable: bool
    reasons: tuple[ViolationBody, ...]


def due_items(page: Page[KeptItem]) -> Answer:
    """Return the answer that lists what is due."""
    return Answer(body=tuple(map(due_item_of, page.items)), next_after=page.next_after)


def due_table(page: Page[KeptItem]) -> Table:
    """Return the due list as a table: a line for each limit of each item."""
    return Table(_COLUMNS, (line for kept in page.items for line in _lines(due_item_of(kept))))


def due_item_of(kept: KeptItem) -> DueItem:
    """Return a line of the due list as clients get it."""
    task = kept.task
    return DueItem(
        aircraft_id=kept.aircraft_id,
        registration=kept.registration,
        program_id=kept.program_id,
        program_name=kept.program,
        task_id=None if task is None else task.id,
        title=None if task is None else task.work.title,
        task_status=None if task is None else task.status.value,
        due_status=kept.assessment.status.value,
        driver=kept.assessment.driver,
        limits=tuple(map(_standing, kept.assessment.limits)),
        expected_on=kept.expected_on,
        as_of=kept.as_of,
        known_at=kept.known_at,
        trace=kept.trace,
    )


def forecast(kept: AircraftForecast) -> Answer:
    """Return the answer that shows a forecast."""
    body = Forecast(
        aircraft_id=kept.aircraft.id,
        registration=kept.aircraft.registration,
        as_of=kept.as_of,
        until=kept.until,
        basis=kept.basis.value,
        per_day=dict(kept.per_day),
        items=tuple(map(_line, kept.items)),
    )
    return Answer(body=body)


def history(page: Page[PastTask]) -> Answer:
    """Return the answer that lists what was done."""
    items = tuple(HistoryItem(program_name=one.program, task=task_of(one.task)) for one in page.items)
    return Answer(body=items, next_after=page.next_after)


def compliance(kept: KeptCompliance) -> Answer:
    """Return the answer that says whether an aircraft may fly."""
    return Answer(body=_compliance(kept))


def fleet_compliance(page: Page[KeptCompliance]) -> Answer:
    """Return the answer that says it of the fleet."""
    return Answer(body=tuple(map(_compliance, page.items)), next_after=page.next_after)


_COLUMNS = (
    "registration",
    "program",
    "title",
    "task_id",
    "task_status",
    "due_status",
    "driver",
    "expected_on",
    "limit",
    "limit_status",
    "due_at",
    "due_on",
    "remaining",
    "as_of",
)


def _lines(item: DueItem) -> Iterable[Iterable[object]]:
    what = (item.registration, item.program_name, item.title, item.task_id, item.task_status)
    head = (*what, item.due_status, item.driver, item.expected_on)
    for one in item.limits:
        yield (*head, one.limit, one.status, one.due_at, one.due_on, one.remaining, item.as_of)
    if not item.limits:
        yield (*head, None, None, None, None, None, item.as_of)


def _compliance(kept: KeptCompliance) -> AircraftCompliance:
    return AircraftCompliance(
        aircraft_id=kept.aircraft_id,
        registration=kept.registration,
        as_of=kept.as_of,
        status=kept.status.value,
        dispatchable=kept.dispatchable,
        reasons=warnings_of(kept.reasons),
    )


def _line(item: ForecastItem) -> ForecastLine:
    upcoming = item.upcoming
    return ForecastLine(
        program_id=upcoming.program.id,
        program_name=upcoming.program.name,
        task_id=None if upcoming.task is None else upcoming.task.id,
        occurrences=tuple(map(_occurrence, item.occurrences)),
    )


def _occurrence(kept: KeptOccurrence) -> Occurrence:
    return Occurrence(
        number=kept.number,
        expected_on=kept.expected_on,
        driver=kept.assessment.driver,
        limits=tuple(map(_standing, kept.assessment.limits)),
    )


def _standing(kept: LimitAssessment) -> LimitStanding:
    return LimitStanding(
        limit=kept.point.limit,
        unit=kept.point.unit,
        due_at=kept.point.at,
        due_on=kept.point.on,
        status=kept.status.value,
        remaining=kept.remaining,
        projected_on=kept.projected,
    )
