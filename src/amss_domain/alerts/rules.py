"""What gives rise to an alert, and what puts an end to it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from attrs import frozen

from amss_domain.alerts.alert import MAX_NOTE_LENGTH, AlertKind, Cause
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Stock
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.task import Task
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.violation import Violation


@frozen(kw_only=True)
class AlertPolicy:
    """When alerts are raised and escalated by the passing of time.

    What is open is escalated after `escalate_after` unless somebody acknowledged it, overdue tasks after
    `escalate_overdue_after`. Stock is announced `expiry_warning_days` before it expires.
    """

    escalate_after: timedelta = timedelta(hours=24)
    escalate_overdue_after: timedelta = timedelta(hours=4)
    expiry_warning_days: int = 30


DEFAULT_POLICY: Final = AlertPolicy()

OF_TASKS: Final = frozenset({AlertKind.DUE_SOON, AlertKind.DUE, AlertKind.OVERDUE})
"""The kinds of which a task has one at a time: the one that its due status calls for."""

SUPERSEDED_BY: Final[Mapping[AlertKind, frozenset[AlertKind]]] = {
    **{kind: OF_TASKS - {kind} for kind in OF_TASKS},
    AlertKind.WEBHOOK_DISABLED: frozenset({AlertKind.WEBHOOK_FAILING}),
}
"""The kinds that end where one is raised."""

_OF_STATUS: Final[Mapping[DueStatus, tuple[AlertKind, str]]] = {
    DueStatus.DUE_SOON: (AlertKind.DUE_SOON, "is due soon"),
    DueStatus.DUE: (AlertKind.DUE, "is due"),
    DueStatus.IN_TOLERANCE: (AlertKind.DUE, "is due and in tolerance"),
    DueStatus.OVERDUE: (AlertKind.OVERDUE, "is overdue"),
}


def cause_in_task(task: Task, registration: str | None) -> Cause | None:
    """Return what the task's due status, as last announced, gives rise to; nothing once the task is closed."""
    called_for = _OF_STATUS.get(task.announced) if task.status.is_open else None
    if called_for is None:
        return None
    kind, how = called_for
    where = "" if registration is None else f"{registration}: "
    return Cause(
        kind=kind,
        subject_type="task",
        subject_id=task.id,
        title=f"{where}{task.work.title} {how}",
        details={
            "aircraft_id": str(task.aircraft_id),
            "registration": registration,
            "due_status": task.announced.value,
        },
    )


def cause_in_stock(stock: Stock, part: Part) -> Cause:
    """Return what stock that expires soon gives rise to."""
    day = None if stock.expiry_date is None else stock.expiry_date.isoformat()
    return Cause(
        kind=AlertKind.EXPIRING_STOCK,
        subject_type="stock",
        subject_id=stock.id,
        title=f"{stock.quantity_on_hand} of {part.part_number} expire on {day}",
        details={
            "part_id": str(part.id),
            "part_number": part.part_number,
            "expiry_date": day,
            "quantity_on_hand": stock.quantity_on_hand,
            "location": stock.place.location,
            "lot": stock.place.lot,
        },
    )


def cause_in(message: OutboxMessage) -> Cause | None:
    """Return what an event gives rise to by what it says itself; those of tasks do so by what becomes of the task."""
    rule = _RULES.get(message.event_type)
    return None if rule is None else rule(message)


def _low_stock(message: OutboxMessage) -> Cause:
    facts = message.payload
    return Cause(
        kind=AlertKind.LOW_STOCK,
        subject_type="part",
        subject_id=message.aggregate_id,
        title=f"{facts.get('part_number')}: only {facts.get('available')} available",
        details={name: facts.get(name) for name in ("part_number", "available", "minimum_stock", "reorder_point")},
    )


def _implausible_usage(message: OutboxMessage) -> Cause | None:
    facts = message.payload
    if not facts.get("warnings"):
        return None
    return Cause(
        kind=AlertKind.IMPLAUSIBLE_USAGE,
        subject_type="aircraft",
        subject_id=message.aggregate_id,
        title=f"{facts.get('registration')}: usage of {facts.get('occurred_on')} seems implausible",
        details={name: facts.get(name) for name in ("registration", "entry_id", "occurred_on", "warnings")},
    )


def _webhook_failing(message: OutboxMessage) -> Cause:
    facts = message.payload
    return Cause(
        kind=AlertKind.WEBHOOK_FAILING,
        subject_type="webhook",
        subject_id=message.aggregate_id,
        title=f"deliveries to {facts.get('url')} fail",
        details={name: facts.get(name) for name in ("url", "delivery_id", "event_id", "event_type", "attempts")},
    )


def _webhook_disabled(message: OutboxMessage) -> Cause:
    url = message.payload.get("url")
    return Cause(
        kind=AlertKind.WEBHOOK_DISABLED,
        subject_type="webhook",
        subject_id=message.aggregate_id,
        title=f"the webhook to {url} was disabled",
        details={"url": url},
    )


_RULES: Final[Mapping[str, Callable[[OutboxMessage], Cause | None]]] = {
    "part.low_stock": _low_stock,
    "aircraft.usage_recorded": _implausible_usage,
    "webhook.delivery_failed": _webhook_failing,
    "webhook.disabled": _webhook_disabled,
}


def violations_of_note(note: str | None) -> tuple[Violation, ...]:
    """Return what is wrong with a note on an alert."""
    if note is None or 1 <= len(note) <= MAX_NOTE_LENGTH:
        return ()
    return (Violation("invalid_length", f"a note has 1 to {MAX_NOTE_LENGTH:,} characters", "note"),)
