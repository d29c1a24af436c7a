"""What stands against doing something with a task or a link; every reason at once."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from amss_domain.access.model import Role, User
from amss_domain.access.rules import PERMISSIONS
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.limit import Combine, Requirement
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.standing import Baseline
from amss_domain.scheduling.task import Task, TaskStatus, Work
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.units import DAYS, LARGEST, Meter, Readings, exact_amount, is_meter_name
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
    found = list(_closed(task))
    if not assignee.active:
        found.append(Violation("assignee_inactive", f"{assignee.name} has no access any more", "assignee"))
    elif "tasks:execute" not in PERMISSIONS[assignee.role]:
        message = f"a {assignee.role.value} does not work on tasks"
        found.append(Violation("assignee_not_permitted", message, "assignee"))
    return tuple(found)


def blockers_to_start(task: Task) -> tuple[Violation, ...]:
    """Return what stands against starting the task."""
    if task.status.is_waiting:
        return ()
    message = _TERMINAL.get(task.status, "the task is in progress already")
    return (Violation("task_not_scheduled", message, "status"),)


def blockers_to_reserve(task: Task) -> tuple[Violation, ...]:
    """Return what stands against reserving parts for the task."""
    return _closed(task)


def blockers_to_complete(
    task: Task, *, completed_on: date, readings: Readings, totals: Readings, today: date
) -> tuple[Violation, ...]:
    """Return everything that stands against completing the task.

    `readings` are the totals given and `totals` those of the ledger at the end of `completed_on`.
    """
    found = []
    if task.status is not TaskStatus.IN_PROGRESS:
        found.append(_not_in_progress(task))
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
        found.append(_not_in_progress(task))
    if not 0 <= number < len(task.work.checklist):
        count = len(task.work.checklist)
        found.append(Violation("no_such_item", f"the checklist has {count} items", f"checklist/{number}"))
    elif task.work.checklist[number].passed:
        found.append(Violation("item_passed", "the item has passed already, which is final", f"checklist/{number}"))
    return tuple(found)


def blockers_to_cancel(task: Task, reason: str) -> tuple[Violation, ...]:
    """Return what stands against cancelling the task."""
    return (*_closed(task), *reason_missing(reason))


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
    found: list[Violation] = []
    if not 1 <= len(work.title.strip()) <= 255:
        found.append(Violation("invalid_title", "a title has 1 to 255 characters", "title"))
    found += violations_of_window(work.planned_start, work.planned_end)
    hours = work.estimated_hours
    if hours is not None and not (hours.is_finite() and 0 <= hours <= LARGEST):
        found.append(Violation("invalid_estimate", f"estimated hours are from 0 to {LARGEST}", "estimated_hours"))
    if not 1 <= len(work.kind.strip()) <= 100:
        found.append(Violation("invalid_kind", "a kind has 1 to 100 characters", "kind"))
    if any(part.quantity < 1 for part in work.required_parts):
        found.append(Violation("invalid_quantity", "a required quantity is at least 1", "required_parts"))
    for unit, value in due.items():
        if isinstance(value, date) != (unit == DAYS) or (unit != DAYS and not is_meter_name(unit)):
            message = f"{unit}: {value} is no point to be done by; give a meter's total, or a date under days"
            found.append(Violation("invalid_due_point", message, f"due/{unit}"))
        elif isinstance(value, Decimal):
            found += violations_of_total(value, unit, f"due/{unit}")
    return tuple(found)


def violations_of_total(value: Decimal, meter: Meter, subject: str) -> tuple[Violation, ...]:
    """Return what is wrong with a total of the meter by which work is to be done."""
    try:
        exact_amount(value, meter)
    except ValueError as error:
        return (Violation("invalid_due_point", str(error), subject),)
    return ()


def violations_of_early_work(work: Work, due: Mapping[str, Decimal | date]) -> tuple[Violation, ...]:
    """Return what is wrong with a program's task planned by hand: when it is due, the program says."""
    found = list(violations_of_window(work.planned_start, work.planned_end))
    if due:
        found.append(Violation("due_of_program", "the program says when its task is due", "due"))
    return tuple(found)


def violations_of_window(start: datetime | None, end: datetime | None) -> tuple[Violation, ...]:
    """Return what is wrong with a planned window: it may not end before it starts."""
    if start is None or end is None or start <= end:
        return ()
    return (Violation("ends_before_start", "the planned end lies before the planned start", "planned_end"),)


def blockers_to_change(task: Task) -> tuple[Violation, ...]:
    """Return what stands against changing what is to be done, and when: only open work can be changed."""
    return _closed(task)


def blockers_to_defer(task: Task, program: Program | None, reason: str) -> tuple[Violation, ...]:
    """Return what stands against putting the task off."""
    found = []
    if task.status is not TaskStatus.SCHEDULED:
        message = _TERMINAL.get(task.status, f"the task is {task.status.value.replace('_', ' ')} already")
        found.append(Violation("task_not_scheduled", message, "status"))
    if program is not None and not program.may_be_deferred:
        found.append(Violation("not_deferrable", f"{program.name} may not be put off", "program"))
    return (*found, *reason_missing(reason))


def blockers_to_reschedule(task: Task, reason: str) -> tuple[Violation, ...]:
    """Return what stands against moving the task's planned window."""
    return (*_closed(task), *reason_missing(reason))


def blockers_to_record_labour(task: Task, worked_on: date, *, today: date) -> tuple[Violation, ...]:
    """Return what stands against recording hours worked on the task on that day."""
    found = []
    if task.status is TaskStatus.CANCELLED:
        found.append(Violation("task_cancelled", _TERMINAL[task.status], "status"))
    if worked_on > today:
        found.append(Violation("worked_in_future", f"{worked_on} is still to come", "on"))
    return tuple(found)


def blockers_to_plan_on(aircraft: Aircraft) -> tuple[Violation, ...]:
    """Return what stands against planning work on the aircraft."""
    if aircraft.archived_at is None:
        return ()
    return (Violation("aircraft_archived", f"{aircraft.registration} is archived", "aircraft_id"),)


def blockers_to_plan_early(link: Link | None) -> tuple[Violation, ...]:
    """Return what stands against making a link's next task now; None is a program not on the aircraft."""
    if link is None or not link.is_active:
        return (Violation("not_linked", "the program does not apply to the aircraft; link them first", "program_id"),)
    if link.generation is Generation.ENDED:
        return (Violation("nothing_due", "the program asks for nothing more on the aircraft", "program_id"),)
    return ()


def reason_missing(reason: str) -> tuple[Violation, ...]:
    """Return the violation of a reason left blank."""
    return () if reason.strip() else (Violation("reason_missing", "say why", "reason"),)


def _closed(task: Task) -> tuple[Violation, ...]:
    return () if task.status.is_open else (Violation("task_not_open", _TERMINAL[task.status], "status"),)


def _not_in_progress(task: Task) -> Violation:
    message = _TERMINAL.get(task.status, f"the task is {task.status.value}; start it first")
    return Violation("task_not_in_progress", message, "status")


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
