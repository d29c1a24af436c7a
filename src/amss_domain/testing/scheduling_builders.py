"""Builders of programs, links and tasks."""

from datetime import date, datetime
from decimal import Decimal

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.dependency import Dependency, DependencyKind
from amss_domain.scheduling.due import DuePoint, DueStatus, due_points
from amss_domain.scheduling.limit import Combine, Limit, Requirement
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.program import (
    Applicability,
    AppliesTo,
    CountsFrom,
    Priority,
    Program,
    ProgramTerms,
    RequiredPart,
)
from amss_domain.scheduling.standing import Baseline, standing_from
from amss_domain.scheduling.task import ChecklistItem, Completion, Task, TaskStatus, Voiding, Work
from amss_domain.shared.ids import DependencyId, LabourId, LinkId, OrgId, ProgramId, TaskId, TaskNoteId, UserId
from amss_domain.shared.units import CYCLES, DAYS, HOURS
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY, number_of


def a_limit(
    unit: str = HOURS, interval: Decimal | int | str = 100, *, name: str | None = None, grace: Decimal | int | str = 0
) -> Limit:
    """Return a limit of so many of the unit, called like it."""
    return Limit(name=name or unit, unit=unit, interval=Decimal(interval), grace=Decimal(grace))


def a_requirement(*limits: Limit, combine: Combine = Combine.FIRST) -> Requirement:
    """Return a requirement of these limits; of 100 flight hours when there are none."""
    return Requirement(limits=limits or (a_limit(),), combine=combine)


def a_program(
    *limits: Limit,
    org_id: OrgId,
    id: ProgramId | None = None,
    name: str | None = None,
    model: str | None = None,
    applies_to: AppliesTo = AppliesTo.LISTED,
    required_parts: tuple[RequiredPart, ...] = (),
    checklist: tuple[str, ...] = (),
    revision: int = 1,
    spreading: bool = False,
    archived_at: datetime | None = None,
    at: datetime = NOON,
) -> Program:
    """Return a program of these limits, of 100 flight hours when there are none; with a `model` it applies to that."""
    id = id or ProgramId(FRESH_IDS.new())
    return Program(
        id=id,
        org_id=org_id,
        name=name or f"Inspection {number_of(id)}",
        terms=ProgramTerms(
            requirement=a_requirement(*limits),
            applicability=Applicability(AppliesTo.MODEL if model else applies_to, model),
            required_parts=required_parts,
            checklist=checklist,
        ),
        revision=revision,
        spreading=spreading,
        archived_at=archived_at,
        created_at=at,
        updated_at=at,
    )


def a_link(
    aircraft: Aircraft,
    program: Program,
    *,
    id: LinkId | None = None,
    counted_from: date = TODAY,
    generation: Generation = Generation.OPEN,
    wake_on: date | None = None,
    ended_at: datetime | None = None,
    at: datetime = NOON,
) -> Link:
    """Return the program on the aircraft, counting from a day on which the aircraft had the totals that it has."""
    baseline = Baseline(on=counted_from, readings=aircraft.totals)
    standing = standing_from(program.requirement, baseline)
    return Link(
        id=id or LinkId(FRESH_IDS.new()),
        org_id=aircraft.org_id,
        aircraft_id=aircraft.id,
        program_id=program.id,
        counts_from=CountsFrom.LAST_COMPLETED,
        baseline=baseline,
        baseline_note="taken from the logbook",
        standing=standing,
        due=due_points(program.requirement, standing),
        generation=generation,
        wake_on=wake_on,
        revision=program.revision,
        ended_at=ended_at,
        end_reason="sold" if ended_at else None,
        created_at=at,
        updated_at=at,
    )


def a_task(
    aircraft: Aircraft,
    link: Link | None = None,
    *,
    id: TaskId | None = None,
    title: str = "100 hour inspection",
    kind: str = "inspection",
    priority: Priority = Priority.ROUTINE,
    status: TaskStatus = TaskStatus.SCHEDULED,
    due: tuple[DuePoint, ...] | None = None,
    announced: DueStatus = DueStatus.OK,
    assignee: UserId | None = None,
    next_change_on: date | None = None,
    required_parts: tuple[RequiredPart, ...] = (),
    checklist: tuple[str, ...] = (),
    completed_on: date | None = None,
    voided_at: datetime | None = None,
    at: datetime = NOON,
) -> Task:
    """Return a task of the link, or unplanned work without one; `completed_on` makes it a completed one."""
    return Task(
        id=id or TaskId(FRESH_IDS.new()),
        org_id=aircraft.org_id,
        aircraft_id=aircraft.id,
        program_id=link.program_id if link else None,
        link_id=link.id if link else None,
        work=Work(
            title=title,
            kind=kind,
            priority=priority,
            required_parts=required_parts,
            checklist=tuple(ChecklistItem(title=item) for item in checklist),
        ),
        status=TaskStatus.COMPLETED if completed_on else status,
        due=(link.due if link else ()) if due is None else due,
        announced=announced,
        next_change_on=next_change_on,
        assignee=assignee,
        started_at=at if completed_on or status is TaskStatus.IN_PROGRESS else None,
        completion=_completion(aircraft, completed_on, at) if completed_on else None,
        cancel_reason="not needed" if status is TaskStatus.CANCELLED else None,
        voiding=Voiding(voided_at=voided_at, voided_by="Jo Doe", reason="wrong aircraft") if voided_at else None,
        created_at=at,
        updated_at=at,
    )


def a_note(task: Task, text: str = "found corrosion", *, id: TaskNoteId | None = None) -> TaskNote:
    """Return a note on the task, written by no user."""
    return TaskNote(
        id=id or TaskNoteId(FRESH_IDS.new()),
        org_id=task.org_id,
        task_id=task.id,
        text=text,
        written_by="Jo Doe",
        user_id=None,
        created_at=NOON,
    )


def some_labour(task: Task, *, hours: Decimal = Decimal("1.5"), on: date = TODAY) -> Labour:
    """Return so many hours worked on the task on that day, by no user."""
    return Labour(
        id=LabourId(FRESH_IDS.new()),
        org_id=task.org_id,
        task_id=task.id,
        user_id=None,
        hours=hours,
        worked_on=on,
        note=None,
        recorded_by="Jo Doe",
        created_at=NOON,
    )


def a_dependency(task: Task, depends_on: Task, kind: DependencyKind = DependencyKind.FINISH_TO_START) -> Dependency:
    """Return the task's waiting for the other."""
    return Dependency(
        id=DependencyId(FRESH_IDS.new()),
        org_id=task.org_id,
        task_id=task.id,
        depends_on=depends_on.id,
        kind=kind,
        created_at=NOON,
        updated_at=NOON,
    )


def _completion(aircraft: Aircraft, completed_on: date, at: datetime) -> Completion:
    return Completion(
        completed_on=completed_on,
        completed_at=at,
        completed_by="Jo Doe",
        completed_by_user=None,
        readings=aircraft.totals,
        position=aircraft.head.last_position,
    )


def three_limits() -> tuple[Limit, Limit, Limit]:
    """Return limits in hours, cycles and days."""
    return a_limit(HOURS, "250.5"), a_limit(CYCLES, 150), a_limit(DAYS, 365)
