"""Hypothesis strategies for programs, links and tasks: any value that can be kept, the awkward ones too."""

from decimal import Decimal

from attrs import evolve
from hypothesis import strategies as st

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.deferral import Deferral
from amss_domain.scheduling.dependency import Dependency, DependencyKind
from amss_domain.scheduling.due import DuePoint, DueStatus
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Since, Threshold
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.policy import PRESETS
from amss_domain.scheduling.program import (
    Applicability,
    AppliesTo,
    CountsFrom,
    Priority,
    Program,
    ProgramTerms,
    RequiredPart,
)
from amss_domain.scheduling.standing import Accomplishment, Anchor, Baseline, LimitStanding, Standing
from amss_domain.scheduling.task import ChecklistItem, Completion, Task, TaskStatus, Voiding, Work
from amss_domain.shared.ids import DependencyId, LabourId, OrgId, PartId, TaskId, TaskNoteId, UserId
from amss_domain.shared.units import CALENDAR_UNITS, is_calendar
from amss_domain.testing.scheduling_builders import a_link, a_program, a_task
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.values import counts, days, hours, instants, meters, optional_texts, readings, texts, versions


def units() -> st.SearchStrategy[str]:
    """Units of limits: meters and the calendar's."""
    return meters() | st.sampled_from(sorted(CALENDAR_UNITS))


@st.composite
def limits(draw: st.DrawFn, name: str) -> Limit:
    """Limits with and without thresholds and policy numbers."""
    unit = draw(units())
    amounts = st.integers(1, 2_400).map(Decimal) if is_calendar(unit) else hours("0.01")
    optional = st.just(Decimal(0)) | amounts
    threshold = draw(st.none() | st.builds(Threshold, value=amounts, since=st.sampled_from(Since)))
    return Limit(
        name=name,
        unit=unit,
        interval=draw(amounts if threshold is None else st.none() | amounts),
        threshold=threshold,
        early=draw(optional),
        late=draw(optional),
        grace=draw(optional),
        beyond=draw(st.sampled_from(Beyond)),
        warn=draw(st.none() | optional),
    )


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    """Requirements of one to three limits."""
    names = draw(st.lists(texts(1, 20), min_size=1, max_size=3, unique=True))
    return Requirement(
        limits=tuple(draw(limits(name)) for name in names),
        combine=draw(st.sampled_from(Combine)),
        warn_percent=draw(hours(highest="100")),
    )


def terms(part_id: PartId) -> st.SearchStrategy[ProgramTerms]:
    """Terms of programs that need the part or none."""
    return st.builds(
        ProgramTerms,
        description=optional_texts(),
        reference=optional_texts(),
        kind=texts(1, 20),
        mandatory=st.booleans(),
        requirement=requirements(),
        preset=st.none() | st.sampled_from(sorted(PRESETS)),
        applicability=st.just(Applicability())
        | st.just(Applicability(AppliesTo.ALL))
        | st.builds(Applicability, st.just(AppliesTo.MODEL), texts(1, 30)),
        links_count_from=st.sampled_from(CountsFrom),
        horizon_percent=st.none() | hours("0.01", "100"),
        last_occurrence=st.none() | counts(1),
        priority=st.sampled_from(Priority),
        estimated_hours=st.none() | hours(),
        required_parts=st.lists(st.builds(RequiredPart, st.just(part_id), counts(1)), max_size=2).map(tuple),
        checklist=st.lists(texts(1), max_size=3).map(tuple),
        deferrable=st.booleans(),
    )


@st.composite
def programs(draw: st.DrawFn, org_id: OrgId, part_id: PartId) -> Program:
    """Programs of the organization, not archived."""
    program = a_program(org_id=org_id)
    return evolve(
        program,
        name=f"{draw(texts(max_size=30))} {program.name}".strip(),
        terms=draw(terms(part_id)),
        revision=draw(versions()),
        spreading=draw(st.booleans()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


def baselines() -> st.SearchStrategy[Baseline]:
    """Baselines known and chosen, with anchors of their own and without."""
    return st.builds(
        Baseline,
        on=st.none() | days(),
        readings=readings(),
        position=counts(),
        accomplished=st.booleans(),
        anchor_on=st.none() | days(),
        anchor_readings=readings(),
        recorded_at=st.none() | instants(),
    )


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """Standings of up to three limits."""
    anchors = st.none() | st.builds(Anchor, at=hours()) | st.builds(Anchor, on=days(), day=st.none() | counts(1, 31))
    names = draw(st.lists(texts(1, 20), max_size=3, unique=True))
    return Standing(
        limits=tuple(
            LimitStanding(
                name=name, anchor=draw(anchors), threshold_spent=draw(st.booleans()), ended=draw(st.booleans())
            )
            for name in names
        ),
        based=draw(st.booleans()),
        breaches=draw(st.dictionaries(texts(1, 20), hours(), max_size=2)),
    )


def due() -> st.SearchStrategy[tuple[DuePoint, ...]]:
    """Due points: totals, dates and unknown ones."""
    limit, calendar = texts(1, 20), st.sampled_from(sorted(CALENDAR_UNITS))
    at = st.builds(DuePoint, limit=limit, unit=meters(), span=hours(), at=hours(highest="199999999.98"))
    on = st.builds(DuePoint, limit=limit, unit=calendar, span=counts(1, 2_400).map(Decimal), on=days())
    unknown = st.builds(DuePoint, limit=limit, unit=units(), span=hours())
    return st.lists(at | on | unknown, max_size=3).map(tuple)


@st.composite
def links(draw: st.DrawFn, aircraft: Aircraft, program: Program) -> Link:
    """Links of the program to the aircraft in every state."""
    ended_at = draw(st.none() | instants())
    accomplishments = st.builds(
        Accomplishment,
        on=days(),
        readings=readings(),
        position=counts(),
        recorded_at=instants(),
        task_id=st.none() | st.builds(lambda: TaskId(FRESH_IDS.new())),
        voided_at=st.none() | instants(),
    )
    return evolve(
        a_link(aircraft, program),
        counts_from=draw(st.sampled_from(CountsFrom)),
        baseline=draw(st.none() | baselines()),
        baseline_note=draw(texts()),
        standing=draw(standings()),
        last_done=draw(st.none() | accomplishments),
        completions=draw(counts()),
        due=draw(due()),
        generation=draw(st.sampled_from(Generation)),
        wake_on=draw(st.none() | days()),
        revision=draw(versions()),
        ended_at=ended_at,
        end_reason=None if ended_at is None else draw(texts()),
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


@st.composite
def works(draw: st.DrawFn, part_id: PartId) -> Work:
    """Work of every priority, with checklists in every state."""
    items = st.builds(
        ChecklistItem,
        title=texts(1),
        passed=st.none() | st.booleans(),
        checked_by=optional_texts(),
        checked_at=st.none() | instants(),
    )
    return Work(
        title=draw(texts(1)),
        description=draw(optional_texts()),
        kind=draw(texts(1, 20)),
        priority=draw(st.sampled_from(Priority)),
        planned_start=draw(st.none() | instants()),
        planned_end=draw(st.none() | instants()),
        estimated_hours=draw(st.none() | hours()),
        required_parts=tuple(draw(st.lists(st.builds(RequiredPart, st.just(part_id), counts(1)), max_size=2))),
        checklist=tuple(draw(st.lists(items, max_size=3))),
        notes=draw(optional_texts()),
    )


def completions(part_id: PartId, user_id: UserId) -> st.SearchStrategy[Completion]:
    """Records of work done, with and without parts, notes and breaches."""
    return st.builds(
        Completion,
        completed_on=days(),
        completed_at=instants(),
        completed_by=texts(1),
        completed_by_user=st.sampled_from([None, user_id]),
        readings=readings(),
        position=counts(),
        notes=optional_texts(),
        parts_used=st.dictionaries(st.just(part_id), counts(1), max_size=1),
        breaches=st.dictionaries(texts(1, 20), hours(), max_size=2),
    )


def deferrals() -> st.SearchStrategy[Deferral]:
    """Deferrals to totals and dates, with and without a reference."""
    return st.builds(
        Deferral,
        deferred_at=instants(),
        deferred_by=texts(1),
        authority=texts(1),
        reference=optional_texts(),
        reason=texts(1),
        due=due(),
    )


@st.composite
def tasks(draw: st.DrawFn, aircraft: Aircraft, link: Link, part_id: PartId, user_id: UserId) -> Task:
    """Tasks of the aircraft in every state, of the link or unplanned."""
    status = draw(st.sampled_from(TaskStatus))
    put_off = status is TaskStatus.DEFERRED or draw(st.booleans())
    done = draw(completions(part_id, user_id)) if status is TaskStatus.COMPLETED else None
    voidings = st.none() | st.builds(Voiding, voided_at=instants(), voided_by=texts(1), reason=texts(1))
    return evolve(
        a_task(aircraft, draw(st.sampled_from([None, link]))),
        work=draw(works(part_id)),
        status=status,
        due=draw(due()),
        driver=draw(optional_texts(1, 20)),
        announced=draw(st.sampled_from(DueStatus)),
        next_change_on=draw(st.none() | days()) if status.is_open else None,
        assignee=draw(st.sampled_from([None, user_id])),
        deferral=draw(deferrals()) if put_off else None,
        started_at=draw(st.none() | instants()),
        completion=done,
        cancel_reason=draw(optional_texts()) if status is TaskStatus.CANCELLED else None,
        voiding=draw(voidings) if done else None,
        created_at=draw(instants()),
        updated_at=draw(instants()),
        version=draw(versions()),
    )


def notes(task: Task, user_id: UserId) -> st.SearchStrategy[TaskNote]:
    """Notes on the task, written by the user or by none."""
    return st.builds(
        TaskNote,
        id=st.builds(lambda: TaskNoteId(FRESH_IDS.new())),
        org_id=st.just(task.org_id),
        task_id=st.just(task.id),
        text=texts(1),
        written_by=texts(1),
        user_id=st.sampled_from([None, user_id]),
        created_at=instants(),
    )


def labour(task: Task, user_id: UserId) -> st.SearchStrategy[Labour]:
    """Hours worked on the task, by the user or by none."""
    return st.builds(
        Labour,
        id=st.builds(lambda: LabourId(FRESH_IDS.new())),
        org_id=st.just(task.org_id),
        task_id=st.just(task.id),
        user_id=st.sampled_from([None, user_id]),
        hours=hours("0.01", "24"),
        worked_on=days(),
        note=optional_texts(),
        recorded_by=texts(1),
        created_at=instants(),
    )


def dependencies(task: Task, depends_on: Task) -> st.SearchStrategy[Dependency]:
    """Dependencies of the task on the other, removed and not."""
    return st.builds(
        Dependency,
        id=st.builds(lambda: DependencyId(FRESH_IDS.new())),
        org_id=st.just(task.org_id),
        task_id=st.just(task.id),
        depends_on=st.just(depends_on.id),
        kind=st.sampled_from(DependencyKind),
        removed_at=st.none() | instants(),
        created_at=instants(),
        updated_at=instants(),
        version=versions(),
    )
