"""Making the next task of a link: exactly one is open at a time."""

from datetime import date
from decimal import Decimal

from attrs import evolve

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.due import DueStatus, assess_points, next_change_on
from amss_domain.scheduling.evaluation import Today, judged
from amss_domain.scheduling.limit import Requirement
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.rules import is_within_horizon
from amss_domain.scheduling.task import ChecklistItem, Task, Work
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import TaskId


def generation_of(link: Link, program: Program, aircraft: Aircraft, *, today: Today) -> Link:
    """Return the link with what its next task is to do: appear (`open`), wait for its horizon, or never come."""
    last = program.terms.last_occurrence
    applies = link.is_active and program.archived_at is None
    if not applies or not link.due or (last is not None and link.completions >= last):
        return _generating(link, Generation.ENDED, None, today)
    assessment = assess_points(program.requirement, link.due, totals=aircraft.totals, as_of=today.on)
    if is_within_horizon(program, tuple(limit.fraction for limit in assessment.limits)):
        return _generating(link, Generation.OPEN, None, today)
    return _generating(link, Generation.WAITING, _wake_on(program, link, today), today)


def _generating(link: Link, generation: Generation, wake_on: date | None, today: Today) -> Link:
    if (link.generation, link.wake_on) == (generation, wake_on):
        return link
    return link.generating(generation, wake_on=wake_on, at=today.at)


def next_task(link: Link, program: Program, aircraft: Aircraft, *, task_id: TaskId, today: Today) -> Task:
    """Return the task for the link's next occurrence."""
    terms = program.terms
    return Task(
        id=task_id,
        org_id=link.org_id,
        aircraft_id=aircraft.id,
        program_id=program.id,
        link_id=link.id,
        work=Work(
            title=program.name,
            description=terms.description,
            kind=terms.kind,
            priority=terms.priority,
            estimated_hours=terms.estimated_hours,
            required_parts=terms.required_parts,
            checklist=tuple(ChecklistItem(title=title) for title in terms.checklist),
        ),
        due=link.due,
        created_at=today.at,
        updated_at=today.at,
    )


def generate(
    uow: SchedulingWork,
    link: Link,
    *,
    was: Link | None,
    program: Program,
    aircraft: Aircraft,
    today: Today,
    ids: IdFactory,
    replaces: Task | None = None,
    task_id: TaskId | None = None,
) -> tuple[Link, Task | None]:
    """Save the link over `was` (add it when that is None) with its next task, if that is to appear now.

    The aircraft and the link must be held, and the link must have no open task left. Returns the link and the task.
    """
    link = generation_of(link, program, aircraft, today=today)
    if was is None:
        uow.links.add(link)
    elif link != was:
        uow.links.save(link, was=was)
    if link.generation is not Generation.OPEN:
        return link, None
    task = next_task(link, program, aircraft, task_id=task_id or TaskId(ids.new()), today=today)
    task = evolve(task, replaces=replaces.id if replaces else None)
    return link, add_open(uow, task, program, aircraft, today=today)


def add_open(uow: SchedulingWork, task: Task, program: Program | None, aircraft: Aircraft, *, today: Today) -> Task:
    """Add a new open task, announce it, and its due status too unless that is fine or unknown."""
    assessment, changes_on = judged(task, program, aircraft, on=today.on)
    quiet = DueStatus.UNKNOWN if assessment.status is DueStatus.UNKNOWN else DueStatus.OK
    task, event = evolve(task, announced=quiet).announcing(assessment, next_change_on=changes_on, at=today.at)
    uow.tasks.add(task)
    uow.record(task.created())
    if event is not None:
        uow.record(event)
    return task


def _wake_on(program: Program, link: Link, today: Today) -> date | None:
    """Return the next day on which days alone may bring the link within its horizon, or past it."""
    horizon = program.terms.horizon_percent or Decimal(100)
    as_window = Requirement(
        limits=tuple(evolve(limit, warn=None) for limit in program.requirement.limits),
        combine=program.requirement.combine,
        warn_percent=horizon,
    )
    return next_change_on(as_window, link.due, today.on)
