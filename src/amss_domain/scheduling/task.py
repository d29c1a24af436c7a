"""A task: one piece of maintenance work on one aircraft, from scheduled to completed or cancelled."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Self, TypedDict

from attrs import evolve, field, frozen

from amss_domain.scheduling.deferral import Deferral
from amss_domain.scheduling.due import Assessment, DuePoint, DueStatus
from amss_domain.scheduling.events import (
    DueStatusChanged,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskDeferred,
    TaskDue,
    TaskDueCleared,
    TaskDueSoon,
    TaskInTolerance,
    TaskOverdue,
    TaskRescheduled,
    TaskStarted,
    TaskUpdated,
    TaskVoided,
)
from amss_domain.scheduling.link import due_values
from amss_domain.scheduling.program import Priority, RequiredPart
from amss_domain.shared.events import Change, changes_between
from amss_domain.shared.ids import AircraftId, LinkId, OrgId, PartId, ProgramId, TaskId, UserId
from amss_domain.shared.plain import JsonValue, plain
from amss_domain.shared.units import Readings


class TaskStatus(Enum):
    """The state of a task."""

    SCHEDULED = "scheduled"
    DEFERRED = "deferred"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Tell whether the work is still to be done."""
        return self.is_waiting or self is TaskStatus.IN_PROGRESS

    @property
    def is_waiting(self) -> bool:
        """Tell whether the work is still to be begun."""
        return self in (TaskStatus.SCHEDULED, TaskStatus.DEFERRED)


@frozen(kw_only=True)
class ChecklistItem:
    """One thing to check before the task may be completed; `passed` is None until somebody said."""

    title: str
    passed: bool | None = None
    checked_by: str | None = None
    checked_at: datetime | None = None


@frozen(kw_only=True)
class Completion:
    """The record of a task done: on which day, at which totals as written, by whom, and with which parts.

    `position` is the last ledger entry before it: a later correction of one of those moves the effective point.
    `breaches` says by how much each limit was overrun beyond its grace.
    """

    completed_on: date
    completed_at: datetime
    completed_by: str
    completed_by_user: UserId | None
    readings: Readings
    position: int
    notes: str | None = None
    parts_used: Mapping[PartId, int] = field(factory=dict)
    breaches: Mapping[str, Decimal] = field(factory=dict)


@frozen(kw_only=True)
class Voiding:
    """The record that a completion does not count: when, by whom and why."""

    voided_at: datetime
    voided_by: str
    reason: str


@frozen(kw_only=True)
class Work:
    """What is to be done: title, priority, planned window, parts and checklist."""

    title: str
    description: str | None = None
    kind: str = "inspection"
    priority: Priority = Priority.ROUTINE
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    estimated_hours: Decimal | None = None
    required_parts: tuple[RequiredPart, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    notes: str | None = None


class _Named(TypedDict):
    aggregate_id: TaskId
    aircraft_id: AircraftId
    program_id: ProgramId | None
    title: str


class _Facts(TypedDict):
    version: int
    occurred_at: datetime
    changes: tuple[Change, ...]


_ANNOUNCEMENTS: Mapping[DueStatus, type[DueStatusChanged]] = {
    DueStatus.DUE_SOON: TaskDueSoon,
    DueStatus.DUE: TaskDue,
    DueStatus.IN_TOLERANCE: TaskInTolerance,
    DueStatus.OVERDUE: TaskOverdue,
}


@frozen(kw_only=True)
class Task:
    """One piece of work; the next occurrence of a link, or unplanned work without one.

    `due` are the due points it was made with, and `due_in_force` those it is judged by. `announced` is the due status
    last announced, `driver` the limit that decided then, and `next_change_on` the day on which passing days alone
    change it; these three are derived and do not change the version. `replaces` is the cancelled or voided task in
    whose place it stands.
    """

    id: TaskId
    org_id: OrgId
    aircraft_id: AircraftId
    program_id: ProgramId | None = None
    link_id: LinkId | None = None
    work: Work
    status: TaskStatus = TaskStatus.SCHEDULED
    due: tuple[DuePoint, ...] = ()
    driver: str | None = None
    announced: DueStatus = DueStatus.OK
    next_change_on: date | None = None
    assignee: UserId | None = None
    deferral: Deferral | None = None
    started_at: datetime | None = None
    completion: Completion | None = None
    cancel_reason: str | None = None
    voiding: Voiding | None = None
    replaces: TaskId | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def closed_at(self) -> datetime | None:
        """When it was recorded as done, or cancelled; None while it is open."""
        if self.completion is not None:
            return self.completion.completed_at
        return self.updated_at if self.status is TaskStatus.CANCELLED else None

    @property
    def counts(self) -> bool:
        """Tell whether it is a completion that satisfies its requirement."""
        return self.completion is not None and self.voiding is None

    @property
    def due_in_force(self) -> tuple[DuePoint, ...]:
        """The points by which it is to be done, where it was put off the later ones."""
        return self.due if self.deferral is None else self.deferral.in_force(self.due)

    @property
    def due_on(self) -> date | None:
        """The earliest date by which it is to be done; None where no limit counts days."""
        return min((point.on for point in self.due_in_force if point.on is not None), default=None)

    def created(self) -> TaskCreated:
        """Announce that it exists."""
        return TaskCreated(
            **self._named,
            version=self.version,
            occurred_at=self.created_at,
            changes=changes_between(None, self),
            due=self._due_plain,
        )

    def assigned(self, assignee: UserId, *, at: datetime) -> tuple[Self, TaskAssigned]:
        """Return the task given to somebody."""
        changed = self._next(evolve(self, assignee=assignee), at)
        return changed, TaskAssigned(**changed._named, **_facts(self, changed), assignee=assignee)

    def started(self, *, assignee: UserId | None, at: datetime) -> tuple[Self, TaskStarted]:
        """Return the task in progress, with its assignee if anybody has it."""
        changed = self._next(evolve(self, status=TaskStatus.IN_PROGRESS, assignee=assignee, started_at=at), at)
        return changed, TaskStarted(**changed._named, **_facts(self, changed), assignee=assignee)

    def working_on(self, work: Work, *, at: datetime) -> tuple[Self, TaskUpdated]:
        """Return the task with other particulars of what is to be done."""
        changed = self._next(evolve(self, work=work), at)
        return changed, TaskUpdated(**changed._named, **_facts(self, changed))

    def rescheduled(
        self, start: datetime | None, end: datetime | None, *, reason: str, pushed_by: TaskId | None, at: datetime
    ) -> tuple[Self, TaskRescheduled]:
        """Return the task with another planned window; `pushed_by` is the task whose move it follows, if it does."""
        changed = self._next(evolve(self, work=evolve(self.work, planned_start=start, planned_end=end)), at)
        return changed, TaskRescheduled(
            **changed._named,
            **_facts(self, changed),
            reason=reason,
            planned_start=start,
            planned_end=end,
            pushed_by=pushed_by,
        )

    def deferred(self, deferral: Deferral) -> tuple[Self, TaskDeferred]:
        """Return the task put off."""
        changed = evolve(self, status=TaskStatus.DEFERRED, deferral=deferral)
        changed = self._next(changed, deferral.deferred_at)
        return changed, TaskDeferred(
            **changed._named,
            **_facts(self, changed),
            reason=deferral.reason,
            authority=deferral.authority,
            reference=deferral.reference,
            due=changed._due_plain,
        )

    def checked(self, number: int, *, passed: bool, by: str, at: datetime) -> tuple[Self, TaskUpdated]:
        """Return the task with one checklist item (from 0) passed or failed."""
        items = list(self.work.checklist)
        items[number] = evolve(items[number], passed=passed, checked_by=by, checked_at=at)
        changed = self._next(evolve(self, work=evolve(self.work, checklist=tuple(items))), at)
        return changed, TaskUpdated(**changed._named, **_facts(self, changed))

    def completed(self, completion: Completion) -> tuple[Self, TaskCompleted]:
        """Return the task done."""
        at = completion.completed_at
        changed = self._next(evolve(self, status=TaskStatus.COMPLETED, completion=completion, next_change_on=None), at)
        return changed, TaskCompleted(
            **changed._named,
            **_facts(self, changed),
            completed_on=completion.completed_on,
            readings=completion.readings,
            parts_used=completion.parts_used,
            breaches=completion.breaches,
        )

    def cancelled(self, *, reason: str, replaced_by: TaskId | None, at: datetime) -> tuple[Self, TaskCancelled]:
        """Return the task cancelled."""
        changed = self._next(evolve(self, status=TaskStatus.CANCELLED, cancel_reason=reason, next_change_on=None), at)
        return changed, TaskCancelled(**changed._named, **_facts(self, changed), reason=reason, replaced_by=replaced_by)

    def voided(self, voiding: Voiding) -> tuple[Self, TaskVoided]:
        """Return the completed task as one that does not count."""
        changed = self._next(evolve(self, voiding=voiding), voiding.voided_at)
        return changed, TaskVoided(**changed._named, **_facts(self, changed), reason=voiding.reason)

    def falling_due(self, due: tuple[DuePoint, ...], *, reason: str, at: datetime) -> tuple[Self, TaskUpdated]:
        """Return the task with other due points."""
        changed = self._next(evolve(self, due=due), at)
        return changed, TaskUpdated(**changed._named, **_facts(self, changed), reason=reason)

    def announcing(
        self, assessment: Assessment, *, next_change_on: date | None, at: datetime
    ) -> tuple[Self, DueStatusChanged | None]:
        """Return the task with its due status as assessed, and the announcement if that is news."""
        changed = evolve(self, announced=assessment.status, driver=assessment.driver, next_change_on=next_change_on)
        if assessment.status is self.announced:
            return changed, None
        kind = _ANNOUNCEMENTS.get(assessment.status, TaskDueCleared)
        return changed, kind(
            **self._named,
            version=self.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            driver=assessment.driver,
            due=self._due_plain,
            remaining=assessment.remaining,
        )

    @property
    def _named(self) -> _Named:
        return {
            "aggregate_id": self.id,
            "aircraft_id": self.aircraft_id,
            "program_id": self.program_id,
            "title": self.work.title,
        }

    @property
    def _due_plain(self) -> dict[str, JsonValue]:
        return {limit: plain(value) for limit, value in due_values(self.due_in_force).items()}

    def _next(self, changed: Self, at: datetime) -> Self:
        return evolve(changed, updated_at=at, version=self.version + 1)


def _facts(before: Task, after: Task) -> _Facts:
    return {"version": after.version, "occurred_at": after.updated_at, "changes": changes_between(before, after)}
