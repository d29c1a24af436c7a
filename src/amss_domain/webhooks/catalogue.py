"""The catalogue of events that webhooks can get: each type with an example; its class says the rest."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypedDict
from uuid import UUID

from attrs import frozen

from amss_domain.access.events import OrganizationCreated, UserCreated, UserDeactivated, UserUpdated
from amss_domain.alerts.events import AlertAcknowledged, AlertEscalated, AlertRaised, AlertResolved
from amss_domain.fleet.events import AircraftArchived, AircraftCreated, AircraftUpdated, UsageRecorded
from amss_domain.imports.events import ImportCompleted, ImportFailed, ImportQueued
from amss_domain.inventory.events import LowStock, PartConsumed, PartCreated, PartReleased, PartReserved, StockExpiring
from amss_domain.scheduling.events import (
    ProgramArchived,
    ProgramCreated,
    ProgramLinked,
    ProgramUnlinked,
    ProgramUpdated,
    RequirementBreached,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskDeferred,
    TaskDependencyAdded,
    TaskDependencyRemoved,
    TaskDue,
    TaskDueCleared,
    TaskDueSoon,
    TaskInTolerance,
    TaskLabourRecorded,
    TaskNoted,
    TaskOverdue,
    TaskRescheduled,
    TaskStarted,
    TaskUpdated,
    TaskVoided,
)
from amss_domain.shared.events import Event
from amss_domain.shared.ids import (
    AircraftId,
    DeliveryId,
    EventId,
    LabourId,
    LinkId,
    PartId,
    ProgramId,
    StockId,
    TaskId,
    TaskNoteId,
    UsageEntryId,
    UserId,
)
from amss_domain.shared.plain import JsonValue
from amss_domain.shared.units import CYCLES, HOURS
from amss_domain.webhooks.events import WebhookDisabled, WebhookFailed, WebhookTested

CATALOGUE_VERSION: Final = 1
"""Grows when a type's data loses a member or one changes its meaning; types and members may be added without that."""

_AT: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_ORGANIZATION: Final = UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a01")
_USER: Final = UserId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a02"))
_AIRCRAFT: Final = AircraftId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a03"))
_PROGRAM: Final = ProgramId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a04"))
_LINK: Final = LinkId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a05"))
_TASK: Final = TaskId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a06"))
_NEXT_TASK: Final = TaskId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a07"))
_PART: Final = PartId(UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a08"))
_WEBHOOK: Final = UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a09")
_ALERT: Final = UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a0a")
_OTHER: Final = UUID("0195562b-2d80-7a34-8e3c-6f1f7b9d5a0b")

_DUE: Final[Mapping[str, JsonValue]] = {HOURS: 1600.5}
_REMAINING: Final = {HOURS: Decimal("5.5")}
_SLOT: Final = (datetime(2026, 3, 9, 8, tzinfo=UTC), datetime(2026, 3, 9, 16, tzinfo=UTC))


@frozen
class EventKind:
    """One type of event: what it says, in a sentence, and an example of it; its class says which data it has."""

    type: str
    about: str
    example: Event


class _Facts(TypedDict):
    version: int
    occurred_at: datetime


class _OfAircraft(_Facts):
    aggregate_id: UUID
    registration: str


class _OfImport(_Facts):
    aggregate_id: UUID
    kind: str
    file_name: str
    dry_run: bool


class _OfPart(_Facts):
    aggregate_id: UUID
    part_number: str


class _OfTask(_Facts):
    aggregate_id: UUID
    aircraft_id: AircraftId
    program_id: ProgramId | None
    title: str


class _OfDue(_OfTask):
    driver: str | None
    due: Mapping[str, JsonValue]
    remaining: Mapping[str, Decimal]


class _OfAlert(_Facts):
    aggregate_id: UUID
    kind: str
    severity: str
    subject_type: str
    subject_id: UUID
    title: str


_FACTS: Final = _Facts(version=1, occurred_at=_AT)
_OF_AIRCRAFT: Final = _OfAircraft(**_FACTS, aggregate_id=_AIRCRAFT, registration="N512AC")
_OF_IMPORT: Final = _OfImport(**_FACTS, aggregate_id=_OTHER, kind="aircraft", file_name="fleet.csv", dry_run=False)
_OF_PART: Final = _OfPart(**_FACTS, aggregate_id=_PART, part_number="CH48110-1")
_OF_TASK: Final = _OfTask(
    **_FACTS, aggregate_id=_TASK, aircraft_id=_AIRCRAFT, program_id=_PROGRAM, title="100-hour inspection"
)
_OF_DUE: Final = _OfDue(**_OF_TASK, driver=HOURS, due=_DUE, remaining=_REMAINING)
_OF_ALERT: Final = _OfAlert(
    **_FACTS,
    aggregate_id=_ALERT,
    kind="overdue",
    severity="critical",
    subject_type="task",
    subject_id=_TASK,
    title="100-hour inspection of N512AC is overdue",
)

_EXAMPLES: Final[tuple[Event, ...]] = (
    AircraftCreated(**_OF_AIRCRAFT, totals={HOURS: Decimal("1500.5"), CYCLES: Decimal(750)}),
    AircraftUpdated(**_OF_AIRCRAFT),
    AircraftArchived(**_OF_AIRCRAFT),
    UsageRecorded(
        **_OF_AIRCRAFT,
        entry_id=UsageEntryId(_OTHER),
        kind="delta",
        occurred_on=date(2026, 3, 2),
        deltas={HOURS: Decimal("1.5"), CYCLES: Decimal(1)},
        totals={HOURS: Decimal("1595"), CYCLES: Decimal(810)},
    ),
    ProgramCreated(**_FACTS, aggregate_id=_PROGRAM, name="100-hour inspection"),
    ProgramUpdated(**_FACTS, aggregate_id=_PROGRAM, name="100-hour inspection"),
    ProgramArchived(**_FACTS, aggregate_id=_PROGRAM, name="100-hour inspection"),
    ProgramLinked(**_FACTS, aggregate_id=_PROGRAM, link_id=_LINK, aircraft_id=_AIRCRAFT, counts_from="last_completed"),
    ProgramUnlinked(**_FACTS, aggregate_id=_PROGRAM, link_id=_LINK, aircraft_id=_AIRCRAFT),
    TaskCreated(**_OF_TASK, due=_DUE),
    TaskUpdated(**_OF_TASK),
    TaskAssigned(**_OF_TASK, assignee=_USER),
    TaskStarted(**_OF_TASK, assignee=_USER),
    TaskRescheduled(**_OF_TASK, planned_start=_SLOT[0], planned_end=_SLOT[1], pushed_by=None),
    TaskDeferred(**_OF_TASK, authority="CAMO", reference="DEF-2026-014", due={HOURS: 1610.5}),
    TaskNoted(**_OF_TASK, note_id=TaskNoteId(_OTHER), text="Brake disc at the wear limit; replaced with it."),
    TaskLabourRecorded(
        **_OF_TASK, labour_id=LabourId(_OTHER), user_id=_USER, hours=Decimal("2.5"), worked_on=date(2026, 3, 2)
    ),
    TaskDependencyAdded(**_OF_TASK, depends_on=_NEXT_TASK, kind="finish_to_start"),
    TaskDependencyRemoved(**_OF_TASK, depends_on=_NEXT_TASK, kind="finish_to_start"),
    TaskCompleted(
        **_OF_TASK,
        completed_on=date(2026, 3, 2),
        readings={HOURS: Decimal("1605.2"), CYCLES: Decimal(815)},
        parts_used={_PART: 1},
        breaches={},
    ),
    TaskCancelled(**_OF_TASK, replaced_by=_NEXT_TASK),
    TaskVoided(**_OF_TASK),
    TaskDueCleared(**_OF_DUE),
    TaskDueSoon(**_OF_DUE),
    TaskDue(**_OF_DUE),
    TaskInTolerance(**_OF_DUE),
    TaskOverdue(**_OF_DUE),
    RequirementBreached(
        **_FACTS,
        aggregate_id=_LINK,
        task_id=_TASK,
        aircraft_id=_AIRCRAFT,
        program_id=_PROGRAM,
        breaches={HOURS: Decimal("4.7")},
    ),
    PartCreated(**_OF_PART),
    PartReserved(**_OF_PART, task_id=_TASK, quantity=1),
    PartReleased(**_OF_PART, task_id=_TASK, quantity=1),
    PartConsumed(**_OF_PART, task_id=_TASK, quantity=1),
    LowStock(**_OF_PART, available=2, minimum_stock=4, reorder_point=6),
    StockExpiring(**_OF_PART, stock_id=StockId(_OTHER), expiry_date=date(2026, 3, 31), quantity=4),
    ImportQueued(**_OF_IMPORT, bytes_total=18_204),
    ImportCompleted(**_OF_IMPORT, rows=312, created=300, updated=8, unchanged=2, rejected=2, warned=1),
    ImportFailed(**_OF_IMPORT, rows=120, because="row 122 is not UTF-8"),
    OrganizationCreated(**_FACTS, aggregate_id=_ORGANIZATION, slug="acme-aviation", name="Acme Aviation"),
    UserCreated(**_FACTS, aggregate_id=_USER, email="planner@acme.aero", role="planner"),
    UserUpdated(**_FACTS, aggregate_id=_USER, email="planner@acme.aero", role="planner"),
    UserDeactivated(**_FACTS, aggregate_id=_USER, email="planner@acme.aero", role="planner"),
    AlertRaised(**_OF_ALERT),
    AlertAcknowledged(**_OF_ALERT),
    AlertEscalated(**_OF_ALERT),
    AlertResolved(**_OF_ALERT),
    WebhookTested(**_FACTS, aggregate_id=_WEBHOOK),
    WebhookDisabled(**_FACTS, aggregate_id=_WEBHOOK, url="https://billing.acme.aero", reason="it answered 410 Gone"),
    WebhookFailed(
        **_FACTS,
        aggregate_id=_WEBHOOK,
        url="https://billing.acme.aero",
        delivery_id=DeliveryId(_OTHER),
        event_id=EventId(_NEXT_TASK),
        event_type="task.completed",
        attempts=10,
    ),
)

CATALOGUE: Final = tuple(
    EventKind(one.type, (type(one).__doc__ or "").partition("\n")[0], one)
    for one in sorted(_EXAMPLES, key=lambda one: one.type)
)
"""Every type that webhooks can get, by name."""

EVENT_TYPES: Final = frozenset(one.type for one in CATALOGUE)
"""The names of these types."""
