"""What stands against doing something with a task or a link; every reason at once."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from amss_domain.access.model import Role, User
from amss_domain.access.rules import PERMISSIONS
from amss_domain.scheduling.limit import Combine, Requirement
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.standing import Baseline
from amss_domain.scheduling.task import Task, TaskStatus, Work
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.units import DAYS, Readings, is_meter_name
from amss_domain.shared.violation import Violation

_TERMINAL = {
    TaskStatus.COMPLETED: "the task is completed; only voiding the completion is possible",
    TaskStatus.CANCELLED: "the task is cancelled and stays so",
}


def blockers_to_act_on(task: Task, actor: Actor) -> tuple[Violation, ...]:
    """Return what stands against the actor working on the task: a technician works on own or unassigned tasks."""
    if actor.kind is ActorKind.SYSTEM or actor.role != Role.TECHNICIAN.value:
        return ()
    if task.assignee is None or str(task.assignee) == actor.id:
        return ()
    return (Violation("not_assignee", "the task is assigned to somebody else", "assignee"),)


def blockers_to_assign(task: Task, assignee: User) -> tuple[Violation, ...]:
    """Return what stands against giving the task to the user."""
    found = []
    if not task.status.is_open:
        found.append(Violation("task_not_open", _TERMINAL[task.status], "status"))
    if not assignee.active:
        found.append(Violation("assignee_inactive", f"{assignee.name} has no access any more", "assignee"))
    elif "tasks:execute" not in PERMISSIONS[assignee.role]:
        message = f"a {assignee.role.value} does not work on tasks"
        found.append(Violation("assignee_not_permitted", message, "assignee"))
    return tuple(found)


def blockers_to_start(task: Task) -> tuple[Violation, ...]:
    """Return what stands against starting the task."""
    if task.status is TaskStatus.SCHEDULED:
        return ()
    message = _TERMINAL.get(task.status, "the task is in progress already")
    return (Violation("task_not_scheduled", message, "status"),)


def blockers_to_reserve(task: Task) -> tuple[Violation, ...]:
    """Return what stands against reserving parts for the task."""
    if task.status.is_open:
        return ()
    return (Violation("task_not_open", _TERMINAL[task.status], "status"),)


def blockers_to_complete(
    task: Task, *, completed_on: date, readings: Readings, totals: Readings, today: date
) -> tuple[Violation, ...]:
    """Return everything that stands against completing the task.

    `readings` are the totals given and `totals` those of the ledger at the end of `completed_on`.
    """
    found = []
    if task.status is not TaskStatus.IN_PROGRESS:
        message = _TERMINAL.get(task.status, "the task is scheduled; start it first")
        found.append(Violation("task_not_in_progress", message, "status"))
    if completed_on > today:
        found.append(Violation("completed_in_future", f"{completed_on} is still to come", "completed_on"))
    for meter, reading in readings.items():
        total = totals.get(meter, Decimal(0))
        if reading < total:
            message = (
                f"{reading} {meter} is behind the ledger, which has {total} on {completed_on}; correct one of them"
            )
            found.append(Violation("reading_behind_ledger", message, meter))
    for number, item in enumerate(task.work.checklist):
        if item.passed is not True:
            state = "has not been checked" if item.passed is None else "failed"
            found.append(Violation("checklist_item_open", f"{item.title!r} {state}", f"checklist/{number}"))
    return tuple(found)


def blockers_to_read(readings: Readings, later: Readings) -> tuple[Violation, ...]:
    """Return what stands against totals of a day that a later reading covers: none may be ahead of that `later` one."""
    found = []
    for meter, reading in readings.items():
        total = later.get(meter, Decimal(0))
        if reading > total:
            message = f"{reading} {meter} is ahead of the {total} read on a later day; correct one of them"
            found.append(Violation("reading_ahead_of_ledger", message, meter))
    return tuple(found)


def blockers_to_check(task: Task, number: int) -> tuple[Violation, ...]:
    """Return what stands against checking item `number` (from 0) of the task's checklist."""
    found = []
    if task.status is not TaskStatus.IN_PROGRESS:
        message = _TERMINAL.get(task.status, "the task is scheduled; start it first")
        found.append(Violation("task_not_in_progress", message, "status"))
    if not 0 <= number < len(task.work.checklist):
        count = len(task.work.checklist)
        found.append(Violation("no_such_item", f"the checklist has {count} items", f"checklist/{number}"))
    elif task.work.checklist[number].passed:
        found.append(Violation("item_passed", "the item has passed already, which is final", f"checklist/{number}"))
    return tuple(found)


def blockers_to_cancel(task: Task, reason: str) -> tuple[Violation, ...]:
    """Return what stands against cancelling the task."""
    found = []
    if not task.status.is_open:
        found.append(Violation("task_not_open", _TERMINAL[task.status], "status"))
    return (*found, *reason_missing(reason))


def blockers_to_void(task: Task, reason: str) -> tuple[Violation, ...]:
    """Return what stands against voiding the task's completion."""
    found = []
    if task.completion is None:
        found.append(Violation("task_not_completed", "only a completion can be voided", "status"))
    elif task.voiding is not None:
        found.append(Violation("already_voided", "the completion has been voided already", "status"))
    return (*found, *reason_missing(reason))


def blockers_to_end(link: Link, open_task: Task | None, reason: str) -> tuple[Violation, ...]:
    """Return what stands against ending the link."""
    found = []
    if not link.is_active:
        found.append(Violation("link_ended", "the program does not apply to the aircraft any more", str(link.id)))
    if open_task is not None and open_task.status is TaskStatus.IN_PROGRESS:
        message = "its task is in progress; complete or cancel that first"
        found.append(Violation("task_in_progress", message, str(open_task.id)))
    return (*found, *reason_missing(reason))


def blockers_to_count(counts_from: CountsFrom, baseline: Baseline | None) -> tuple[Violation, ...]:
    """Return what stands against a link counting from this: a last accomplishment needs to be given."""
    if counts_from is CountsFrom.LAST_COMPLETED and baseline is None:
        message = "give the date or the readings of the last accomplishment"
        return (Violation("baseline_missing", message, "baseline"),)
    return ()


def violations_of_work(work: Work, due: Mapping[str, Decimal | date]) -> tuple[Violation, ...]:
    """Return what is wrong with unplanned work and the points by which it is to be done."""
    found = []
    if not 1 <= len(work.title.strip()) <= 255:
        found.append(Violation("invalid_title", "a title has 1 to 255 characters", "title"))
    if work.planned_start and work.planned_end and work.planned_end < work.planned_start:
        found.append(Violation("ends_before_start", "the planned end lies before the planned start", "planned_end"))
    if any(part.quantity < 1 for part in work.required_parts):
        found.append(Violation("invalid_quantity", "a required quantity is at least 1", "required_parts"))
    for unit, value in due.items():
        if isinstance(value, date) != (unit == DAYS) or (unit != DAYS and not is_meter_name(unit)):
            message = f"{unit}: {value} is no point to be done by; give a meter's total, or a date under days"
            found.append(Violation("invalid_due_point", message, f"due/{unit}"))
    return tuple(found)


def reason_missing(reason: str) -> tuple[Violation, ...]:
    """Return the violation of a reason left blank."""
    return () if reason.strip() else (Violation("reason_missing", "say why", "reason"),)


def is_within_horizon(program: Program, fractions: tuple[Decimal | None, ...]) -> bool:
    """Tell whether the next task is to appear, from the fraction of each limit's interval that remains.

    Under `first` one limit within the horizon is enough, under `last` all must be. A limit whose due point is unknown
    (None) is within it.
    """
    horizon = program.terms.horizon_percent
    if horizon is None or not fractions:
        return True
    near = [fraction is None or fraction * 100 <= horizon for fraction in fractions]
    return _combined(program.requirement, near)


def _combined(requirement: Requirement, near: list[bool]) -> bool:
    return any(near) if requirement.combine is Combine.FIRST else all(near)
