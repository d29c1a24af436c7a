"""Maintenance programs: recurring requirements and the aircraft they apply to."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self

from attrs import evolve, frozen

from amss_domain.scheduling.events import ProgramArchived, ProgramCreated, ProgramUpdated
from amss_domain.scheduling.limit import Beyond, Limit, Requirement, violations_of
from amss_domain.scheduling.policy import NO_TOLERANCE, PRESETS
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.events import Change, changes_between
from amss_domain.shared.ids import OrgId, PartId, ProgramId, TaskId
from amss_domain.shared.units import CYCLES, DAYS, HOURS, LARGEST
from amss_domain.shared.violation import Violation

_SIMPLE_UNITS = (HOURS, CYCLES, DAYS)
_MOST_NAMED = 20
_MOST_OCCURRENCES = 1_000_000


class AppliesTo(Enum):
    """Which aircraft a program is linked to by itself."""

    LISTED = "listed"
    MODEL = "model"
    ALL = "all"


class CountsFrom(Enum):
    """What a link counts from."""

    LAST_COMPLETED = "last_completed"
    NOW = "now"
    NEW = "new"
    UNKNOWN = "unknown"


class Priority(Enum):
    """How pressing a task is; `aog`: the aircraft is on the ground until it is done."""

    ROUTINE = "routine"
    URGENT = "urgent"
    AOG = "aog"


@frozen
class RequiredPart:
    """So many of a part that the work needs."""

    part_id: PartId
    quantity: int


@frozen
class Applicability:
    """The aircraft a program applies to: those linked one by one, all of a model, or all."""

    applies_to: AppliesTo = AppliesTo.LISTED
    model: str | None = None

    def covers(self, model: str | None) -> bool:
        """Tell whether an aircraft of the model is linked by itself; models are compared whatever their case."""
        match self.applies_to:
            case AppliesTo.ALL:
                return True
            case AppliesTo.MODEL:
                return model is not None and self.model is not None and model.casefold() == self.model.casefold()
            case AppliesTo.LISTED:
                return False


@frozen(kw_only=True)
class ProgramTerms:
    """What a program requires, of which aircraft, and what its tasks are made with.

    `preset` names the policy preset its limits were made with, for its citation. `links_count_from` is what links
    without a baseline count from. A task appears once at most `horizon_percent` of a limit's interval remains; at once
    when that is None. After `last_occurrence` completions no further task appears.
    `deferrable` says whether a task may be put off beyond its limits; under the preset `no_tolerance` none may.
    """

    description: str | None = None
    reference: str | None = None
    kind: str = "inspection"
    mandatory: bool = True
    requirement: Requirement
    preset: str | None = None
    applicability: Applicability = Applicability()
    links_count_from: CountsFrom = CountsFrom.UNKNOWN
    horizon_percent: Decimal | None = None
    last_occurrence: int | None = None
    priority: Priority = Priority.ROUTINE
    estimated_hours: Decimal | None = None
    required_parts: tuple[RequiredPart, ...] = ()
    checklist: tuple[str, ...] = ()
    deferrable: bool = True


@frozen(kw_only=True)
class Program:
    """One recurring requirement; `name` is unique in the organization whatever its case.

    `revision` grows with every change that its links must follow, and `spreading` is true until all have; that is
    bookkeeping and does not change the version.
    """

    id: ProgramId
    org_id: OrgId
    name: str
    terms: ProgramTerms
    revision: int = 1
    spreading: bool = True
    archived_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def requirement(self) -> Requirement:
        """The limits and how they combine."""
        return self.terms.requirement

    @property
    def may_be_deferred(self) -> bool:
        """Whether its tasks may be put off beyond their limits."""
        return self.terms.deferrable and self.terms.preset != NO_TOLERANCE

    @property
    def citation(self) -> str | None:
        """Where the preset's rules come from."""
        return PRESETS[self.terms.preset].citation if self.terms.preset else None

    @property
    def simple_interval(self) -> tuple[str, int] | None:
        """The unit and interval of a program of one limit in hours, cycles or days with default policy, else None."""
        if len(self.requirement.limits) != 1:
            return None
        limit = self.requirement.limits[0]
        if limit.interval is None or limit.interval != int(limit.interval) or not _is_plain(limit):
            return None
        return limit.unit, int(limit.interval)

    def created(self) -> ProgramCreated:
        """Announce that it was written."""
        return ProgramCreated(
            aggregate_id=self.id,
            version=self.version,
            occurred_at=self.created_at,
            changes=changes_between(None, self.terms),
            name=self.name,
        )

    def rewritten(self, terms: ProgramTerms, *, name: str | None = None, at: datetime) -> tuple[Self, ProgramUpdated]:
        """Return the program with other terms, and another `name` if one is given.

        Its links follow when they are worked through; a change that no due point depends on they need not follow.
        """
        follows = _decisive(terms) != _decisive(self.terms)
        changed = evolve(
            self,
            name=self.name if name is None else name,
            terms=terms,
            revision=self.revision + int(follows),
            spreading=self.spreading or follows,
            updated_at=at,
            version=self.version + 1,
        )
        renamed = () if changed.name == self.name else (Change("name", self.name, changed.name),)
        return changed, ProgramUpdated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=(*renamed, *changes_between(self.terms, terms)),
            name=changed.name,
        )

    def spread(self) -> Self:
        """Return the program with all its links following it."""
        return evolve(self, spreading=False)

    def archived(self, *, at: datetime) -> tuple[Self, ProgramArchived]:
        """Return the program put away; its name is free again."""
        changed = evolve(self, archived_at=at, spreading=False, updated_at=at, version=self.version + 1)
        return changed, ProgramArchived(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            name=self.name,
        )


def violations_of_program(name: str, terms: ProgramTerms) -> tuple[Violation, ...]:
    """Return everything that is wrong with a program."""
    found = list(violations_of(terms.requirement))
    if not 1 <= len(name.strip()) <= 255:
        found.append(Violation("invalid_name", "a name has 1 to 255 characters", "name"))
    if terms.preset is not None and terms.preset not in PRESETS:
        known = ", ".join(PRESETS)
        found.append(Violation("unknown_preset", f"there is no preset {terms.preset!r}; known are {known}", "preset"))
    if (terms.applicability.applies_to is AppliesTo.MODEL) != bool(terms.applicability.model):
        found.append(Violation("model_missing", "name the model that the program applies to", "applies_to"))
    if terms.horizon_percent == 0 or (terms.horizon_percent is not None and not _is_within(terms.horizon_percent, 100)):
        found.append(
            Violation("invalid_horizon", "a horizon is more than 0 and at most 100 percent", "horizon_percent")
        )
    if not 1 <= len(terms.kind.strip()) <= 100:
        found.append(Violation("invalid_kind", "a kind has 1 to 100 characters", "kind"))
    if terms.last_occurrence is not None and not 1 <= terms.last_occurrence <= _MOST_OCCURRENCES:
        message = f"a last occurrence is at least 1 and at most {_MOST_OCCURRENCES}"
        found.append(Violation("invalid_last_occurrence", message, "last_occurrence"))
    if terms.estimated_hours is not None and not _is_within(terms.estimated_hours, LARGEST):
        message = f"estimated hours are at least 0 and at most {LARGEST}"
        found.append(Violation("invalid_estimated_hours", message, "estimated_hours"))
    if any(part.quantity < 1 for part in terms.required_parts):
        found.append(Violation("invalid_quantity", "a required quantity is at least 1", "required_parts"))
    return tuple(found)


def simple_requirement(interval_type: str, interval_value: int | Decimal) -> Requirement:
    """Return the requirement of one limit with default policy: so many `hours`, `cycles` or `days`.

    Raises `InvalidInput` for any other unit; whether the number will do, `violations_of_program` says.
    """
    if interval_type not in _SIMPLE_UNITS:
        known = ", ".join(_SIMPLE_UNITS)
        message = f"{interval_type!r} is no type of interval; choose one of {known}, or state limits"
        raise InvalidInput([Violation("invalid_interval_type", message, "interval_type")])
    limit = Limit(name=interval_type, unit=interval_type, interval=Decimal(interval_value))
    return Requirement(limits=(limit,))


def blockers_to_rewrite(program: Program) -> tuple[Violation, ...]:
    """Return what stands against changing the program, archiving it or putting it on an aircraft."""
    if program.archived_at is None:
        return ()
    return (Violation("program_archived", f"the program {program.name} is archived and stays so", "program"),)


def blockers_to_archive(program: Program, open_tasks: Sequence[TaskId]) -> tuple[Violation, ...]:
    """Return what stands against archiving the program: each of its open tasks, the first twenty by name."""
    message = "the task is open; complete it, or end the program's link with the aircraft"
    named = (Violation("task_open", message, str(task_id)) for task_id in open_tasks[:_MOST_NAMED])
    return (*blockers_to_rewrite(program), *named)


def _is_within(amount: Decimal, largest: Decimal | int) -> bool:
    return amount.is_finite() and 0 <= amount <= largest


def _decisive(terms: ProgramTerms) -> tuple[object, ...]:
    """Return what links have to follow: where they fall due, whether a task is to appear, and which there are."""
    return terms.requirement, terms.applicability, terms.horizon_percent, terms.last_occurrence


def _is_plain(limit: Limit) -> bool:
    return (
        limit.unit in _SIMPLE_UNITS
        and limit.threshold is None
        and limit.early == limit.late == limit.grace == 0
        and limit.beyond is Beyond.ACTUAL
        and limit.warn is None
    )
