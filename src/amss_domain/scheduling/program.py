"""Maintenance programs: recurring requirements and the aircraft they apply to."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Self

from attrs import evolve, frozen

from amss_domain.scheduling.events import ProgramArchived, ProgramCreated, ProgramUpdated
from amss_domain.scheduling.limit import Beyond, Limit, Requirement, violations_of
from amss_domain.scheduling.policy import PRESETS
from amss_domain.shared.events import changes_between
from amss_domain.shared.ids import OrgId, PartId, ProgramId
from amss_domain.shared.units import CYCLES, DAYS, HOURS
from amss_domain.shared.violation import Violation


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


@frozen(kw_only=True)
class Program:
    """One recurring requirement; `name` is unique in the organization whatever its case.

    `revision` grows with every change that its links must follow, and `spreading` is true until all have.
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

    def rewritten(self, terms: ProgramTerms, *, at: datetime) -> tuple[Self, ProgramUpdated]:
        """Return the program with other terms; its links follow when they are worked through."""
        changed = evolve(
            self, terms=terms, revision=self.revision + 1, spreading=True, updated_at=at, version=self.version + 1
        )
        return changed, ProgramUpdated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self.terms, terms),
            name=self.name,
        )

    def spread(self) -> Self:
        """Return the program with all its links following it."""
        return evolve(self, spreading=False, version=self.version + 1)

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
    if terms.horizon_percent is not None and not 0 < terms.horizon_percent <= 100:
        found.append(
            Violation("invalid_horizon", "a horizon is more than 0 and at most 100 percent", "horizon_percent")
        )
    if terms.last_occurrence is not None and terms.last_occurrence < 1:
        found.append(Violation("invalid_last_occurrence", "a last occurrence is at least 1", "last_occurrence"))
    if any(part.quantity < 1 for part in terms.required_parts):
        found.append(Violation("invalid_quantity", "a required quantity is at least 1", "required_parts"))
    return tuple(found)


def _is_plain(limit: Limit) -> bool:
    return (
        limit.unit in (HOURS, CYCLES, DAYS)
        and limit.threshold is None
        and limit.early == limit.late == limit.grace == 0
        and limit.beyond is Beyond.ACTUAL
        and limit.warn is None
    )
