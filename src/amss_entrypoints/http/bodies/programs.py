"""Maintenance programs as clients send and get them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from attrs import evolve, frozen
from msgspec import Meta

from amss_domain.scheduling.limit import Beyond, Combine, Requirement, Since, Threshold
from amss_domain.scheduling.limit import Limit as KeptLimit
from amss_domain.scheduling.policy import PRESETS, Given, apply_preset
from amss_domain.scheduling.program import (
    Applicability,
    AppliesTo,
    CountsFrom,
    Priority,
    ProgramTerms,
    simple_requirement,
)
from amss_domain.scheduling.program import Program as Kept
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.page import Page
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.bodies.aircraft import Label
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType, sent
from amss_entrypoints.http.bodies.tasks import Kind, PartQuantities, PartQuantity, required_of
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Amount, Instant, Name, Text

Unit = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9_]{0,49}$", description="A meter, or `days`, `months`, `calendar_months`.")
]
IntervalType = Annotated[str, Meta(pattern="^(hours|cycles|days)$")]
IntervalValue = Annotated[int, Meta(ge=1, le=1_000_000)]
Percent = Annotated[Decimal, Meta(extra_json_schema={"minimum": 0.01, "maximum": 100, "multipleOf": 0.01})]
Occurrences = Annotated[int, Meta(ge=1, le=1_000_000)]
Checklist = Annotated[tuple[Name, ...], Meta(max_length=200)]
Preset = Annotated[str, Meta(description="A policy preset.", extra_json_schema={"enum": list(PRESETS)})]


@frozen(kw_only=True)
class ThresholdBody:
    """How far the first occurrence lies from new, or from the baseline, in the limit's unit."""

    value: Amount
    since: Since = Since.NEW


@frozen(kw_only=True)
class NewLimit:
    """A limit in its own unit: how often, the window around the due point, and how far past it is still lawful.

    What is not given of `early`, `late`, `grace` and `beyond` is the preset's, and 0 and `actual` without one.
    """

    unit: Unit
    name: Label | None = None
    interval: Amount | None = None
    threshold: ThresholdBody | None = None
    early: Amount | None = None
    late: Amount | None = None
    grace: Amount | None = None
    beyond: Beyond | None = None
    warn: Amount | None = None


Limits = Annotated[tuple[NewLimit, ...], Meta(min_length=1, max_length=20)]


@frozen(kw_only=True)
class NewProgram:
    """A recurring requirement: an interval of one kind, or limits of any number and how they combine."""

    name: Name
    description: Text | None = None
    reference: Name | None = None
    kind: Kind = "inspection"
    mandatory: bool = True
    interval_type: IntervalType | None = None
    interval_value: IntervalValue | None = None
    limits: Limits | None = None
    combine: Combine = Combine.FIRST
    warn_percent: Percent = Decimal(10)
    preset: Preset | None = None
    applies_to: AppliesTo = AppliesTo.LISTED
    model: Label | None = None
    links_count_from: CountsFrom = CountsFrom.UNKNOWN
    horizon_percent: Percent | None = None
    last_occurrence: Occurrences | None = None
    priority: Priority = Priority.ROUTINE
    estimated_hours: Amount | None = None
    required_parts: PartQuantities = ()
    checklist: Checklist = ()
    deferrable: bool = True


@frozen(kw_only=True)
class ProgramChange:
    """What is to change of a program: what is not sent stays, null takes away. Its links and open tasks follow."""

    name: Name | UnsetType = NOT_SENT
    description: Text | UnsetType | None = NOT_SENT
    reference: Name | UnsetType | None = NOT_SENT
    kind: Kind | UnsetType = NOT_SENT
    mandatory: bool | UnsetType = NOT_SENT
    interval_type: IntervalType | UnsetType = NOT_SENT
    interval_value: IntervalValue | UnsetType = NOT_SENT
    limits: Limits | UnsetType = NOT_SENT
    combine: Combine | UnsetType = NOT_SENT
    warn_percent: Percent | UnsetType = NOT_SENT
    preset: Preset | UnsetType | None = NOT_SENT
    applies_to: AppliesTo | UnsetType = NOT_SENT
    model: Label | UnsetType | None = NOT_SENT
    links_count_from: CountsFrom | UnsetType = NOT_SENT
    horizon_percent: Percent | UnsetType | None = NOT_SENT
    last_occurrence: Occurrences | UnsetType | None = NOT_SENT
    priority: Priority | UnsetType = NOT_SENT
    estimated_hours: Amount | UnsetType | None = NOT_SENT
    required_parts: PartQuantities | UnsetType = NOT_SENT
    checklist: Checklist | UnsetType = NOT_SENT
    deferrable: bool | UnsetType = NOT_SENT


@frozen(kw_only=True)
class ProgramLimit:
    """A limit of a program, with its policy numbers in its own unit."""

    name: str
    unit: str
    interval: Decimal | None
    threshold: ThresholdBody | None
    early: Decimal
    late: Decimal
    grace: Decimal
    beyond: str
    warn: Decimal | None


@frozen(kw_only=True)
class Program:
    """A recurring requirement; `interval_type` and `interval_value` are there if it is one interval and nothing more.

    `spreading` says that links and open tasks have still to follow a change.
    """

    id: UUID
    name: str
    description: str | None
    reference: str | None
    kind: str
    mandatory: bool
    interval_type: str | None
    interval_value: int | None
    limits: tuple[ProgramLimit, ...]
    combine: str
    warn_percent: Decimal
    preset: str | None
    citation: str | None
    applies_to: str
    model: str | None
    links_count_from: str
    horizon_percent: Decimal | None
    last_occurrence: int | None
    priority: str
    estimated_hours: Decimal | None
    required_parts: tuple[PartQuantity, ...]
    checklist: tuple[str, ...]
    deferrable: bool
    revision: int
    spreading: bool
    archived_at: Instant | None
    created_at: Instant
    updated_at: Instant
    version: int


def terms_of(new: NewProgram) -> ProgramTerms:
    """Return what a new program requires. Raises `InvalidInput`."""
    requirement = _requirement(new.interval_type, new.interval_value, new.limits, new.preset)
    if requirement is None:
        message = "give interval_type and interval_value, or limits"
        raise InvalidInput([Violation("missing_member", message, "/limits")])
    return ProgramTerms(
        description=new.description,
        reference=new.reference,
        kind=new.kind,
        mandatory=new.mandatory,
        requirement=evolve(requirement, combine=new.combine, warn_percent=new.warn_percent),
        preset=new.preset,
        applicability=Applicability(new.applies_to, new.model),
        links_count_from=new.links_count_from,
        horizon_percent=new.horizon_percent,
        last_occurrence=new.last_occurrence,
        priority=new.priority,
        estimated_hours=new.estimated_hours,
        required_parts=required_of(new.required_parts),
        checklist=new.checklist,
        deferrable=new.deferrable,
    )


def changed_terms(change: ProgramChange, terms: ProgramTerms) -> ProgramTerms:
    """Return the terms with what was sent in place of what was. Raises `InvalidInput`."""
    plain = {name: getattr(change, name) for name in _PLAIN if not isinstance(getattr(change, name), UnsetType)}
    if not isinstance(change.required_parts, UnsetType):
        plain["required_parts"] = required_of(change.required_parts)
    if not isinstance(change.applies_to, UnsetType) or not isinstance(change.model, UnsetType):
        was = terms.applicability
        plain["applicability"] = Applicability(
            was.applies_to if isinstance(change.applies_to, UnsetType) else change.applies_to,
            was.model if isinstance(change.model, UnsetType) else change.model,
        )
    return evolve(terms, **plain, **_changed_requirement(change, terms))


def program_of(kept: Kept) -> Program:
    """Return the program as clients get it."""
    terms, simple = kept.terms, kept.simple_interval
    return Program(
        id=kept.id,
        name=kept.name,
        description=terms.description,
        reference=terms.reference,
        kind=terms.kind,
        mandatory=terms.mandatory,
        interval_type=None if simple is None else simple[0],
        interval_value=None if simple is None else simple[1],
        limits=tuple(map(_limit_of, terms.requirement.limits)),
        combine=terms.requirement.combine.value,
        warn_percent=terms.requirement.warn_percent,
        preset=terms.preset,
        citation=kept.citation,
        applies_to=terms.applicability.applies_to.value,
        model=terms.applicability.model,
        links_count_from=terms.links_count_from.value,
        horizon_percent=terms.horizon_percent,
        last_occurrence=terms.last_occurrence,
        priority=terms.priority.value,
        estimated_hours=terms.estimated_hours,
        required_parts=tuple(PartQuantity(part_id=one.part_id, quantity=one.quantity) for one in terms.required_parts),
        checklist=terms.checklist,
        deferrable=terms.deferrable,
        revision=kept.revision,
        spreading=kept.spreading,
        archived_at=kept.archived_at,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        version=kept.version,
    )


def one(kept: Kept) -> Answer:
    """Return the answer that shows a program."""
    return Answer(body=program_of(kept), version=kept.version)


def written(kept: Kept) -> Answer:
    """Return the answer that shows a new program."""
    return Answer(body=program_of(kept), version=kept.version, location=f"/api/v1/programs/{kept.id}")


def many(page: Page[Kept]) -> Answer:
    """Return the answer that lists programs."""
    return Answer(body=tuple(map(program_of, page.items)), next_after=page.next_after)


_PLAIN = (
    "description",
    "reference",
    "kind",
    "mandatory",
    "links_count_from",
    "horizon_percent",
    "last_occurrence",
    "priority",
    "estimated_hours",
    "checklist",
    "deferrable",
)


def _changed_requirement(change: ProgramChange, terms: ProgramTerms) -> dict[str, Any]:
    preset = terms.preset if isinstance(change.preset, UnsetType) else change.preset
    requirement = _requirement(sent(change.interval_type), sent(change.interval_value), sent(change.limits), preset)
    if requirement is None:
        if not isinstance(change.preset, UnsetType) and change.preset != terms.preset:
            message = "give the limits too: a preset decides their policy numbers"
            raise InvalidInput([Violation("missing_member", message, "/limits")])
        requirement = terms.requirement
    combine = terms.requirement.combine if isinstance(change.combine, UnsetType) else change.combine
    percent = terms.requirement.warn_percent if isinstance(change.warn_percent, UnsetType) else change.warn_percent
    return {"requirement": evolve(requirement, combine=combine, warn_percent=percent), "preset": preset}


def _requirement(
    interval_type: str | None, interval_value: int | None, limits: Sequence[NewLimit] | None, preset: str | None
) -> Requirement | None:
    if (interval_type is None) != (interval_value is None):
        missing = "interval_type" if interval_type is None else "interval_value"
        message = "interval_type and interval_value are given together"
        raise InvalidInput([Violation("missing_member", message, f"/{missing}")])
    if interval_type is not None and interval_value is not None:
        if limits is not None:
            message = "give interval_type and interval_value, or limits, and not both"
            raise InvalidInput([Violation("interval_or_limits", message, "/limits")])
        simple = simple_requirement(interval_type, interval_value)
        kept = [one if preset is None else apply_preset(preset, one) for one in simple.limits]
        return evolve(simple, limits=tuple(kept))
    if limits is None:
        return None
    return Requirement(limits=tuple(_kept_limit(one, number, limits, preset) for number, one in enumerate(limits)))


def _kept_limit(new: NewLimit, number: int, limits: Sequence[NewLimit], preset: str | None) -> KeptLimit:
    alone = sum(1 for one in limits if one.unit == new.unit) == 1
    limit = KeptLimit(
        name=new.name or (new.unit if alone else f"{new.unit}-{number + 1}"),
        unit=new.unit,
        interval=new.interval,
        threshold=None if new.threshold is None else Threshold(value=new.threshold.value, since=new.threshold.since),
        warn=new.warn,
    )
    given = Given(early=new.early, late=new.late, grace=new.grace, beyond=new.beyond)
    if preset is not None:
        return apply_preset(preset, limit, given)
    return evolve(
        limit,
        early=new.early or Decimal(0),
        late=new.late or Decimal(0),
        grace=new.grace or Decimal(0),
        beyond=new.beyond or Beyond.ACTUAL,
    )


def _limit_of(kept: KeptLimit) -> ProgramLimit:
    threshold = kept.threshold
    return ProgramLimit(
        name=kept.name,
        unit=kept.unit,
        interval=kept.interval,
        threshold=None if threshold is None else ThresholdBody(value=threshold.value, since=threshold.since),
        early=kept.early,
        late=kept.late,
        grace=kept.grace,
        beyond=kept.beyond.value,
        warn=kept.warn,
    )
