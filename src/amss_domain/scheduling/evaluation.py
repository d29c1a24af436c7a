"""How an open task stands today, and announcing it when that is news."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from attrs import evolve, frozen

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.due import Assessment, DuePoint, assess_points, next_change_on
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Limit, Requirement, Since, Threshold
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import AircraftId, ProgramId

# Unplanned work has no interval to take a share of: warn this many units, or days, ahead.
_UNPLANNED_WARNING = Decimal(7)


@frozen(kw_only=True)
class Today:
    """The instant of an evaluation, and the day it is in the organization."""

    at: datetime
    on: date


def requirement_of(task: Task, program: Program | None) -> Requirement:
    """Return what the task's due points are judged by: its program's requirement, or the points alone.

    A limit that was put off has no grace left.
    """
    if program is None:
        return _requirement_at(tuple((point.limit, point.unit, point.span) for point in task.due))
    if task.deferral is None:
        return program.requirement
    put_off = {point.limit for point in task.deferral.due if point in task.due_in_force}
    limits = (evolve(one, grace=Decimal(0)) if one.name in put_off else one for one in program.requirement.limits)
    return evolve(program.requirement, limits=tuple(limits))


def assessed(task: Task, program: Program | None, aircraft: Aircraft, *, on: date) -> Assessment:
    """Return how the task stands on the day with the aircraft's totals as they are."""
    planned = aircraft.particulars.utilisation
    return assess_points(
        requirement_of(task, program),
        task.due_in_force,
        totals=aircraft.totals,
        as_of=on,
        utilisation=Utilisation(per_day=planned) if planned else None,
    )


def judged(task: Task, program: Program | None, aircraft: Aircraft, *, on: date) -> tuple[Assessment, date | None]:
    """Return how the task stands on the day, and on which day that changes by itself."""
    requirement = requirement_of(task, program)
    return assessed(task, program, aircraft, on=on), next_change_on(requirement, task.due_in_force, on)


def announce(uow: SchedulingWork, task: Task, program: Program | None, aircraft: Aircraft, *, today: Today) -> Task:
    """Save and announce the open task's due status if it changed; return the task as it is then."""
    assessment, changes_on = judged(task, program, aircraft, on=today.on)
    changed, event = task.announcing(assessment, next_change_on=changes_on, at=today.at)
    if changed != task:
        uow.tasks.save(changed, was=task)
    if event is not None:
        uow.record(event)
    return changed


async def announce_all(
    uow: SchedulingWork, tasks: Iterable[Task], aircraft: Mapping[AircraftId, Aircraft], *, today: Today
) -> int:
    """Save and announce the due status of each open task where it changed; return how many were announced."""
    tasks = tuple(tasks)
    programs = await programs_of(uow, tasks)
    announced = 0
    for task in tasks:
        program = programs[task.program_id] if task.program_id else None
        changed = announce(uow, task, program, aircraft[task.aircraft_id], today=today)
        announced += changed.announced is not task.announced
    return announced


async def programs_of(uow: SchedulingWork, tasks: Iterable[Task]) -> dict[ProgramId, Program]:
    """Return the programs that the tasks belong to."""
    wanted = {task.program_id for task in tasks if task.program_id is not None}
    return {program.id: program for program in await uow.programs.get_many(wanted)} if wanted else {}


def points_at(due: Mapping[str, Decimal | date]) -> tuple[DuePoint, ...]:
    """Return the points by which unplanned work is to be done: a meter's total, or a date under `days`."""
    return tuple(
        DuePoint(limit=unit, unit=unit, span=_UNPLANNED_WARNING, on=value)
        if isinstance(value, date)
        else DuePoint(limit=unit, unit=unit, span=_UNPLANNED_WARNING, at=value)
        for unit, value in due.items()
    )


# Nearly all unplanned work is due by the same few limits.
@lru_cache(maxsize=256)
def _requirement_at(points: tuple[tuple[str, str, Decimal], ...]) -> Requirement:
    return Requirement(limits=tuple(_limit_at(name, unit, span) for name, unit, span in points))


def _limit_at(name: str, unit: str, span: Decimal) -> Limit:
    threshold = Threshold(value=span, since=Since.BASELINE)
    return Limit(name=name, unit=unit, threshold=threshold, warn=_UNPLANNED_WARNING)
