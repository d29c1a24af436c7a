"""What each limit counts from, where it falls due, and how an accomplishment moves it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from attrs import evolve, field, frozen

from amss_domain.fleet.ledger import Ledger
from amss_domain.scheduling.calendar import moved
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Since
from amss_domain.shared.ids import TaskId
from amss_domain.shared.units import MONTHS, Readings

_ZERO = Decimal(0)


@frozen(kw_only=True)
class Baseline:
    """Where counting starts: the last accomplishment known (`accomplished`), or a point chosen.

    `readings` are totals as written when the ledger stood at `position`; 0 for those from before the ledger, which no
    correction moves. `anchor_on` and `anchor_readings` say where the next interval counts from when that is not the
    point itself, as after a tolerance that must not accrue. `recorded_at` is when it became known; None: it always was.
    """

    on: date | None
    readings: Readings = field(factory=dict)
    position: int = 0
    accomplished: bool = True
    anchor_on: date | None = None
    anchor_readings: Readings = field(factory=dict)
    recorded_at: datetime | None = None


@frozen(kw_only=True)
class Accomplishment:
    """One time the work was done: the day, and the totals as written when the ledger stood at `position`.

    One that was voided does not count from `voided_at` on.
    """

    on: date
    readings: Readings
    position: int
    recorded_at: datetime
    task_id: TaskId | None = None
    voided_at: datetime | None = None


@frozen(kw_only=True)
class Anchor:
    """Where a limit counts from: a meter's total `at`, or the date `on`.

    `day` is the day of the month that later due dates go back to: 31 January, 28 February, 31 March.
    """

    at: Decimal | None = None
    on: date | None = None
    day: int | None = None


@frozen(kw_only=True)
class LimitStanding:
    """One limit's anchor, None while unknown; whether its threshold is spent; whether it has ended for good."""

    name: str
    anchor: Anchor | None = None
    threshold_spent: bool = False
    ended: bool = False


@frozen(kw_only=True)
class Standing:
    """What every limit of a requirement counts from, in the requirement's order.

    `based` is false until there is a baseline or an accomplishment. `breaches` says by how much the last accomplishment
    was past due + grace, for each limit that was: in the meter's unit, or in days.
    """

    limits: tuple[LimitStanding, ...]
    based: bool = False
    breaches: Mapping[str, Decimal] = field(factory=dict)


@frozen(kw_only=True)
class DuePoint:
    """Where one limit falls due: at the meter's total `at`, on the date `on`, or neither while that is unknown.

    `span` is the interval or threshold in force, in the limit's unit.
    """

    limit: str
    unit: str
    span: Decimal
    at: Decimal | None = None
    on: date | None = None

    @property
    def known(self) -> bool:
        """Whether it says where."""
        return self.at is not None or self.on is not None


class Rule(Enum):
    """Which rule gave a limit its new anchor when the work was done."""

    FIRST_KNOWN = "first_known"
    KEPT = "kept"
    EARLY = "early"
    LATE = "late"
    LATE_KEPT = "late_kept"


@frozen(kw_only=True)
class Settlement:
    """What one accomplishment did to one limit: the due point it met, the rule, and where the limit stands then.

    `over` is by how much it was past due + grace: in the meter's unit, or in days; None when it was not.
    """

    due: DuePoint
    rule: Rule
    standing: LimitStanding
    over: Decimal | None = None


def standing_from(requirement: Requirement, baseline: Baseline | None) -> Standing:
    """Return where counting starts; every limit is unknown without a baseline."""
    if baseline is None:
        return Standing(limits=tuple(LimitStanding(name=limit.name) for limit in requirement.limits))
    return Standing(limits=tuple(_first_standing(limit, baseline) for limit in requirement.limits), based=True)


def due_points(
    requirement: Requirement, standing: Standing, *, manufactured_on: date | None = None
) -> tuple[DuePoint, ...]:
    """Return where each limit that has not ended falls due, in the order listed: anchor + interval or threshold.

    A calendar threshold since new counts from `manufactured_on` and is unknown without it. Raises ValueError when the
    standing is not one of this requirement.
    """
    points = []
    for limit, counted in zip(requirement.limits, standing.limits, strict=True):
        if not counted.ended:
            anchor = counted.anchor
            if limit.threshold is not None:
                anchor = _counts_from(limit, counted, standing.based, manufactured_on)
            points.append(_due(limit, counted, anchor))
    return tuple(points)


def settle(
    requirement: Requirement, standing: Standing, point: Accomplishment, *, manufactured_on: date | None = None
) -> tuple[Settlement, ...]:
    """Return what doing the work at the effective `point` does to each limit that has not ended, each on its own.

    From D - early to D + late, both included, the new anchor is the due point D; earlier it is the point itself; later
    the point too, or D where `beyond` says so (14 CFR 91.409(b)).
    """
    return tuple(
        _settled(limit, counted, _counts_from(limit, counted, standing.based, manufactured_on), point)
        for limit, counted in zip(requirement.limits, standing.limits, strict=True)
        if not counted.ended
    )


def after(
    requirement: Requirement, standing: Standing, point: Accomplishment, *, manufactured_on: date | None = None
) -> Standing:
    """Return the standing after the work was done at the effective `point`.

    Under `first` each limit past due + grace is a breach; under `last` they are only when all of them are, since what
    is not overdue is not unlawful.
    """
    settled = {
        settlement.standing.name: settlement
        for settlement in settle(requirement, standing, point, manufactured_on=manufactured_on)
    }
    over = {name: settlement.over for name, settlement in settled.items() if settlement.over is not None}
    if requirement.combine is Combine.LAST and len(over) < len(settled):
        over = {}
    limits = tuple(
        settled[counted.name].standing if counted.name in settled else counted for counted in standing.limits
    )
    return Standing(limits=limits, based=True, breaches=over)


def replay(
    requirement: Requirement,
    baseline: Baseline | None,
    accomplishments: Iterable[Accomplishment],
    ledger: Ledger | None,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    manufactured_on: date | None = None,
) -> Standing:
    """Return the standing after the baseline and every accomplishment, each at its effective point.

    `as_of` leaves out what was done later than that day, `known_at` what was recorded later than that instant.
    """
    standing = standing_from(requirement, baseline_in_force(baseline, ledger, as_of=as_of, known_at=known_at))
    for point in points_in_force(accomplishments, ledger, as_of=as_of, known_at=known_at):
        standing = after(requirement, standing, point, manufactured_on=manufactured_on)
    return standing


def baseline_in_force(
    baseline: Baseline | None, ledger: Ledger | None, *, as_of: date | None = None, known_at: datetime | None = None
) -> Baseline | None:
    """Return the baseline with the corrections recorded after it; None when it was not yet there."""
    if baseline is None or _is_later(baseline.on, as_of):
        return None
    if known_at is not None and baseline.recorded_at is not None and baseline.recorded_at > known_at:
        return None
    shift = ledger.shift(baseline.position, on=baseline.on, known_at=known_at) if ledger else {}
    if not shift:
        return baseline
    return evolve(
        baseline,
        readings=_shifted(baseline.readings, shift),
        anchor_readings=_shifted(baseline.anchor_readings, shift),
    )


def points_in_force(
    accomplishments: Iterable[Accomplishment],
    ledger: Ledger | None,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> tuple[Accomplishment, ...]:
    """Return the accomplishments that count, each at its effective point, in the order they were done."""
    counting = [
        one
        for one in accomplishments
        if not _is_later(one.on, as_of)
        and (known_at is None or one.recorded_at <= known_at)
        and (one.voided_at is None or (known_at is not None and one.voided_at > known_at))
    ]
    counting.sort(key=lambda one: (one.on, one.recorded_at))
    return tuple(effective(one, ledger, known_at=known_at) for one in counting)


def effective(point: Accomplishment, ledger: Ledger | None, *, known_at: datetime | None = None) -> Accomplishment:
    """Return the accomplishment with the corrections recorded after it added to its readings."""
    shift = ledger.shift(point.position, on=point.on, known_at=known_at) if ledger else {}
    return evolve(point, readings=_shifted(point.readings, shift)) if shift else point


def _is_later(day: date | None, as_of: date | None) -> bool:
    return day is not None and as_of is not None and day > as_of


def _shifted(readings: Readings, shift: Readings) -> Readings:
    return {meter: reading + shift.get(meter, _ZERO) for meter, reading in readings.items()}


def _first_standing(limit: Limit, baseline: Baseline) -> LimitStanding:
    if limit.counts_days:
        start = baseline.anchor_on or baseline.on
        anchor = None if start is None else _anchor_on(limit, start)
    else:
        total = baseline.anchor_readings.get(limit.unit, baseline.readings.get(limit.unit))
        anchor = None if total is None else Anchor(at=total)
    return LimitStanding(
        name=limit.name,
        anchor=anchor,
        threshold_spent=baseline.accomplished,
        ended=baseline.accomplished and limit.interval is None,
    )


def _anchor_on(limit: Limit, day: date, day_of_month: int | None = None) -> Anchor:
    return Anchor(on=day, day=(day_of_month or day.day) if limit.unit == MONTHS else None)


def _counts_from(limit: Limit, counted: LimitStanding, based: bool, manufactured_on: date | None) -> Anchor | None:
    """Return what the limit counts from now: zero or manufacture under a threshold since new, else its anchor."""
    if limit.threshold is None or counted.threshold_spent or limit.threshold.since is Since.BASELINE or not based:
        return counted.anchor
    if not limit.counts_days:
        return Anchor(at=_ZERO)
    return None if manufactured_on is None else _anchor_on(limit, manufactured_on)


def _due(limit: Limit, counted: LimitStanding, anchor: Anchor | None) -> DuePoint:
    span = limit.interval if limit.threshold is None or counted.threshold_spent else limit.threshold.value
    if span is None or counted.name != limit.name:
        raise ValueError(f"the standing of {counted.name!r} is not one of the limit {limit.name!r}")
    at = on = None
    if anchor is not None:
        if anchor.at is not None:
            at = anchor.at + span
        elif anchor.on is not None:
            on = moved(anchor.on, int(span), limit.unit, day_of_month=anchor.day)
    return DuePoint(limit=limit.name, unit=limit.unit, span=span, at=at, on=on)


def _settled(limit: Limit, counted: LimitStanding, anchor: Anchor | None, point: Accomplishment) -> Settlement:
    due = _due(limit, counted, anchor)
    if due.on is not None:
        rule, over = _rule_on(limit, due.on, point.on)
    elif due.at is not None and limit.unit in point.readings:
        rule, over = _rule_at(limit, due.at, point.readings[limit.unit])
    else:
        rule, over = Rule.FIRST_KNOWN, None
    standing = LimitStanding(
        name=limit.name,
        anchor=_kept(limit, anchor, due) if rule in (Rule.KEPT, Rule.LATE_KEPT) else _actual(limit, point),
        threshold_spent=True,
        ended=limit.interval is None,
    )
    return Settlement(due=due, rule=rule, standing=standing, over=over)


def _rule_at(limit: Limit, due: Decimal, done: Decimal) -> tuple[Rule, Decimal | None]:
    over = done - (due + limit.grace)
    return _rule(limit, done < due - limit.early, done > due + limit.late), over if over > 0 else None


def _rule_on(limit: Limit, due: date, done: date) -> tuple[Rule, Decimal | None]:
    opens, closes, lawful = (moved(due, int(amount), limit.unit) for amount in (-limit.early, limit.late, limit.grace))
    over = (done - lawful).days
    return _rule(limit, done < opens, done > closes), Decimal(over) if over > 0 else None


def _rule(limit: Limit, too_early: bool, too_late: bool) -> Rule:
    if too_early:
        return Rule.EARLY
    if too_late:
        return Rule.LATE_KEPT if limit.beyond is Beyond.DUE else Rule.LATE
    return Rule.KEPT


def _kept(limit: Limit, anchor: Anchor | None, due: DuePoint) -> Anchor:
    if due.on is None:
        return Anchor(at=due.at)
    return _anchor_on(limit, due.on, anchor.day if anchor else None)


def _actual(limit: Limit, point: Accomplishment) -> Anchor | None:
    if limit.counts_days:
        return _anchor_on(limit, point.on)
    done = point.readings.get(limit.unit)
    return None if done is None else Anchor(at=done)
