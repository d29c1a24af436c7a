"""Tasks as clients send and get them."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.inventory.stock import Reservation as KeptReservation
from amss_domain.scheduling.due import Assessment
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.program import Priority, RequiredPart
from amss_domain.scheduling.standing import DuePoint as KeptDuePoint
from amss_domain.scheduling.task import Completion
from amss_domain.scheduling.task import Task as Kept
from amss_domain.scheduling.use_cases.read_tasks import TaskView
from amss_domain.shared.ids import PartId
from amss_domain.shared.page import Page
from amss_domain.shared.units import CYCLES, HOURS
from amss_entrypoints.http.bodies.aircraft import MeterName, Meters
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Amount, Cycles, Day, GivenInstant, Instant, Name, Quantity, Text

Kind = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,49}$")]


@frozen(kw_only=True)
class PartQuantity:
    """So many of a part."""

    part_id: UUID
    quantity: Quantity


PartQuantities = Annotated[tuple[PartQuantity, ...], Meta(max_length=200)]


@frozen(kw_only=True)
class NewTask:
    """Work to be planned on an aircraft, with the points by which it is to be done.

    With `program_id` it is the program's next task, made before its time: what to do and by when is then the program's.
    """

    aircraft_id: UUID
    program_id: UUID | None = None
    title: Name | None = None
    description: Text | None = None
    kind: Kind = "corrective"
    priority: Priority = Priority.ROUTINE
    planned_start: GivenInstant | None = None
    planned_end: GivenInstant | None = None
    estimated_hours: Amount | None = None
    required_parts: PartQuantities = ()
    checklist: Annotated[tuple[Name, ...], Meta(max_length=200)] = ()
    due_at_hours: Amount | None = None
    due_at_cycles: Cycles | None = None
    due_at_date: Day | None = None
    due_at_meters: Meters | None = None
    assigned_to: UUID | None = None
    notes: Text | None = None


@frozen(kw_only=True)
class NewDefect:
    """Something wrong with an aircraft, and by when it is to be put right."""

    title: Name
    description: Text | None = None
    priority: Priority = Priority.ROUTINE
    due_at_hours: Amount | None = None
    due_at_cycles: Cycles | None = None
    due_at_date: Day | None = None
    due_at_meters: Meters | None = None


@frozen(kw_only=True)
class TaskChange:
    """What is to change of an open task: what is not sent stays, null takes away."""

    title: Name | UnsetType = NOT_SENT
    description: Text | UnsetType | None = NOT_SENT
    kind: Kind | UnsetType = NOT_SENT
    priority: Priority | UnsetType = NOT_SENT
    planned_start: GivenInstant | UnsetType | None = NOT_SENT
    planned_end: GivenInstant | UnsetType | None = NOT_SENT
    estimated_hours: Amount | UnsetType | None = NOT_SENT
    required_parts: PartQuantities | UnsetType = NOT_SENT


@frozen(kw_only=True)
class Start:
    """Who starts: whoever it is assigned to if not given; a technician who starts an unassigned task takes it."""

    assigned_to: UUID | None = None


@frozen(kw_only=True)
class TaskAssignment:
    """Who is to do it."""

    assigned_to: UUID


@frozen(kw_only=True)
class PartsToReserve:
    """What to reserve: the required parts that are still lacking if not given. It also starts the task by default."""

    part_reservations: PartQuantities | None = None
    start: bool = True


@frozen(kw_only=True)
class CompletionReport:
    """What was done: what the meters read on the day `completed_on`, today if not given, and which parts were used.

    Parts not given are those reserved; what was reserved and not used is released.
    """

    completion_notes: Text | None = None
    completed_on: Day | None = None
    completed_at_hours: Amount | None = None
    completed_at_cycles: Cycles | None = None
    completed_at_meters: Meters | None = None
    parts_used: PartQuantities | None = None


@frozen(kw_only=True)
class ItemCheck:
    """Whether an item of the checklist passed; what passed is final."""

    passed: bool


@frozen(kw_only=True)
class DuePoint:
    """Where a limit falls due: at a meter's total, or on a date; neither while that is unknown."""

    limit: str
    unit: str
    at: Decimal | None
    on: date | None


@frozen(kw_only=True)
class ChecklistItem:
    """One thing to check; `passed` is null until somebody said."""

    number: int
    title: str
    passed: bool | None
    checked_by: str | None
    checked_at: Instant | None


@frozen(kw_only=True)
class Voided:
    """That a completion does not count: since when, by whom and why."""

    at: Instant
    by: str
    reason: str


@frozen(kw_only=True)
class Deferred:
    """That it was put off: when, by whom, on whose authority, why, and up to which points."""

    at: Instant
    by: str
    authority: str
    reference: str | None
    reason: str
    due: tuple[DuePoint, ...]


@frozen(kw_only=True)
class TaskReservation:
    """So many of a part that are held for the task, or were."""

    id: UUID
    part_id: UUID
    inventory_id: UUID
    quantity: int
    quantity_consumed: int
    status: str
    version: int


@frozen(kw_only=True)
class Note:
    """What somebody wrote on a task."""

    id: UUID
    text: str
    written_by: str
    user_id: UUID | None
    created_at: Instant


@frozen(kw_only=True)
class LabourEntry:
    """So many hours that somebody worked on a task on a day."""

    id: UUID
    user_id: UUID | None
    hours: Decimal
    worked_on: date
    note: str | None
    recorded_by: str
    created_at: Instant


@frozen(kw_only=True)
class Task:
    """One piece of work on one aircraft.

    `status` is how far it is and `due_status` how near its due point; `due_at_...` are the earliest due points of all
    limits, `due` has each. What only reading works out (`registration`, `program_name`, `remaining`, `projected`,
    `reservations`, `notes`, `labour`) is not in the answers to changes; the last three are there when one is read.
    """

    id: UUID
    aircraft_id: UUID
    program_id: UUID | None
    link_id: UUID | None
    title: str
    description: str | None
    kind: str
    priority: str
    status: str
    due_status: str | None
    driver: str | None
    due_at_hours: Decimal | None
    due_at_cycles: int | None
    due_at_date: date | None
    due: tuple[DuePoint, ...]
    assigned_to: UUID | None
    planned_start: Instant | None
    planned_end: Instant | None
    estimated_hours: Decimal | None
    required_parts: tuple[PartQuantity, ...]
    checklist: tuple[ChecklistItem, ...]
    planning_notes: str | None
    started_at: Instant | None
    completed_at: Instant | None
    completed_on: date | None
    completed_by: UUID | None
    completed_by_name: str | None
    completed_at_hours: Decimal | None
    completed_at_cycles: int | None
    completed_at_meters: dict[MeterName, Decimal]
    completion_notes: str | None
    parts_used: tuple[PartQuantity, ...]
    breaches: dict[str, Decimal]
    cancel_reason: str | None
    voided: Voided | None
    deferred: Deferred | None
    replaces_task_id: UUID | None
    created_at: Instant
    updated_at: Instant
    version: int
    registration: str | UnsetType = NOT_SENT
    program_name: str | UnsetType | None = NOT_SENT
    remaining: dict[str, Decimal] | UnsetType = NOT_SENT
    projected: dict[str, date] | UnsetType = NOT_SENT
    reservations: tuple[TaskReservation, ...] | UnsetType = NOT_SENT
    notes: tuple[Note, ...] | UnsetType = NOT_SENT
    labour: tuple[LabourEntry, ...] | UnsetType = NOT_SENT


@frozen(kw_only=True)
class TaskAndNext(Task):
    """A task that was completed or cancelled, and the one that follows it; null if none does for now."""

    next_task: Task | None


@frozen(kw_only=True)
class TaskAndReserved(Task):
    """A task, with what was just reserved for it."""

    part_reservations: tuple[TaskReservation, ...]


def task_of(kept: Kept) -> Task:
    """Return the task as clients get it, as far as it says so itself."""
    return Task(**_fields(kept))


def view_of(view: TaskView) -> Task:
    """Return the task as clients get it who read it."""
    return Task(**_fields_of_view(view))


def one(kept: Kept) -> Answer:
    """Return the answer that shows a task."""
    return Answer(body=task_of(kept), version=kept.version)


def created(kept: Kept) -> Answer:
    """Return the answer that shows a new task."""
    return Answer(body=task_of(kept), version=kept.version, location=f"/api/v1/tasks/{kept.id}")


def shown(found: tuple[TaskView, tuple[KeptReservation, ...]]) -> Answer:
    """Return the answer that shows a task with everything about it."""
    view, reservations = found
    body = Task(
        **_fields_of_view(view),
        reservations=tuple(map(reservation_of, reservations)),
        notes=tuple(map(note_of, view.notes)),
        labour=tuple(map(labour_of, view.labour)),
    )
    return Answer(body=body, version=view.task.version)


def many(page: Page[TaskView]) -> Answer:
    """Return the answer that lists tasks."""
    return Answer(body=tuple(map(view_of, page.items)), next_after=page.next_after)


def followed(result: tuple[Kept, Kept | None]) -> Answer:
    """Return the answer that shows a task and the one that follows it."""
    kept, following = result
    body = TaskAndNext(**_fields(kept), next_task=None if following is None else task_of(following))
    return Answer(body=body, version=kept.version)


def reserved(result: tuple[Kept, tuple[KeptReservation, ...]]) -> Answer:
    """Return the answer that shows a task and what was just reserved for it."""
    kept, reservations = result
    body = TaskAndReserved(**_fields(kept), part_reservations=tuple(map(reservation_of, reservations)))
    return Answer(body=body, version=kept.version)


def reservation_of(kept: KeptReservation) -> TaskReservation:
    """Return a reservation as clients get it with its task."""
    return TaskReservation(
        id=kept.id,
        part_id=kept.part_id,
        inventory_id=kept.stock_id,
        quantity=kept.quantity,
        quantity_consumed=kept.quantity_consumed,
        status=kept.status.value,
        version=kept.version,
    )


def note_of(kept: TaskNote) -> Note:
    """Return a note as clients get it."""
    return Note(
        id=kept.id, text=kept.text, written_by=kept.written_by, user_id=kept.user_id, created_at=kept.created_at
    )


def labour_of(kept: Labour) -> LabourEntry:
    """Return a labour entry as clients get it."""
    return LabourEntry(
        id=kept.id,
        user_id=kept.user_id,
        hours=kept.hours,
        worked_on=kept.worked_on,
        note=kept.note,
        recorded_by=kept.recorded_by,
        created_at=kept.created_at,
    )


def required_of(parts: Iterable[PartQuantity]) -> tuple[RequiredPart, ...]:
    """Return what a client says is required."""
    return tuple(RequiredPart(PartId(one.part_id), one.quantity) for one in parts)


def quantities_of(parts: Iterable[PartQuantity]) -> dict[PartId, int]:
    """Return how many of each part a client says; of one named twice, both."""
    total: dict[PartId, int] = {}
    for one in parts:
        total[PartId(one.part_id)] = total.get(PartId(one.part_id), 0) + one.quantity
    return total


def points_of(points: Iterable[KeptDuePoint]) -> tuple[DuePoint, ...]:
    """Return due points as clients get them."""
    return tuple(DuePoint(limit=one.limit, unit=one.unit, at=one.at, on=one.on) for one in points)


def _fields_of_view(view: TaskView) -> dict[str, Any]:
    read = {"registration": view.registration, "program_name": view.program}
    return _fields(view.task) | read | _standing(view.assessment)


def _standing(assessment: Assessment | None) -> dict[str, Any]:
    if assessment is None:
        return {"remaining": {}, "projected": {}}
    return {
        "due_status": assessment.status.value,
        "driver": assessment.driver,
        "remaining": dict(assessment.remaining),
        "projected": dict(assessment.projected),
    }


def _fields(kept: Kept) -> dict[str, Any]:
    work, due = kept.work, kept.due_in_force
    cycles = _earliest(due, CYCLES)
    return {
        "id": kept.id,
        "aircraft_id": kept.aircraft_id,
        "program_id": kept.program_id,
        "link_id": kept.link_id,
        "title": work.title,
        "description": work.description,
        "kind": work.kind,
        "priority": work.priority.value,
        "status": kept.status.value,
        "due_status": kept.announced.value if kept.status.is_open else None,
        "driver": kept.driver,
        "due_at_hours": _earliest(due, HOURS),
        "due_at_cycles": None if cycles is None else int(cycles),
        "due_at_date": kept.due_on,
        "due": points_of(due),
        "assigned_to": kept.assignee,
        "planned_start": work.planned_start,
        "planned_end": work.planned_end,
        "estimated_hours": work.estimated_hours,
        "required_parts": _parts(work.required_parts),
        "checklist": _items(kept),
        "planning_notes": work.notes,
        "started_at": kept.started_at,
        "cancel_reason": kept.cancel_reason,
        "voided": _voided(kept),
        "deferred": _deferred(kept),
        "replaces_task_id": kept.replaces,
        "created_at": kept.created_at,
        "updated_at": kept.updated_at,
        "version": kept.version,
        **_completion(kept.completion),
    }


_NOT_DONE: Final[Mapping[str, Any]] = {
    "completed_at": None,
    "completed_on": None,
    "completed_by": None,
    "completed_by_name": None,
    "completed_at_hours": None,
    "completed_at_cycles": None,
    "completed_at_meters": {},
    "completion_notes": None,
    "parts_used": (),
    "breaches": {},
}


def _completion(done: Completion | None) -> Mapping[str, Any]:
    if done is None:
        return _NOT_DONE
    cycles = done.readings.get(CYCLES)
    return {
        "completed_at": done.completed_at,
        "completed_on": done.completed_on,
        "completed_by": done.completed_by_user,
        "completed_by_name": done.completed_by,
        "completed_at_hours": done.readings.get(HOURS),
        "completed_at_cycles": None if cycles is None else int(cycles),
        "completed_at_meters": {m: t for m, t in done.readings.items() if m not in (HOURS, CYCLES)},
        "completion_notes": done.notes,
        "parts_used": tuple(PartQuantity(part_id=p, quantity=q) for p, q in done.parts_used.items()),
        "breaches": dict(done.breaches),
    }


def _items(kept: Kept) -> tuple[ChecklistItem, ...]:
    return tuple(
        ChecklistItem(
            number=number,
            title=item.title,
            passed=item.passed,
            checked_by=item.checked_by,
            checked_at=item.checked_at,
        )
        for number, item in enumerate(kept.work.checklist)
    )


def _voided(kept: Kept) -> Voided | None:
    void = kept.voiding
    return None if void is None else Voided(at=void.voided_at, by=void.voided_by, reason=void.reason)


def _deferred(kept: Kept) -> Deferred | None:
    leave = kept.deferral
    if leave is None:
        return None
    return Deferred(
        at=leave.deferred_at,
        by=leave.deferred_by,
        authority=leave.authority,
        reference=leave.reference,
        reason=leave.reason,
        due=points_of(leave.due),
    )


def _parts(parts: Iterable[RequiredPart]) -> tuple[PartQuantity, ...]:
    return tuple(PartQuantity(part_id=one.part_id, quantity=one.quantity) for one in parts)


def _earliest(points: Iterable[KeptDuePoint], meter: str) -> Decimal | None:
    return min((point.at for point in points if point.unit == meter and point.at is not None), default=None)
