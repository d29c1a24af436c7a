"""Why something is due when it is: entries, rule, arithmetic and citation, in words a planner can read."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal

from attrs import frozen

from amss_domain.fleet.ledger import EntryKind, Ledger
from amss_domain.scheduling.due import Assessment, DueStatus, LimitAssessment, assess, dates_decide
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Combine, Limit, Requirement, Since
from amss_domain.scheduling.standing import (
    Accomplishment,
    Anchor,
    Baseline,
    DuePoint,
    LimitStanding,
    Rule,
    Settlement,
    Standing,
    after,
    baseline_in_force,
    effective,
    points_in_force,
    settle,
    standing_from,
)
from amss_domain.shared.units import CALENDAR_MONTHS, CYCLES, DAYS, HOURS, MONTHS, Readings

_STATUS = {
    DueStatus.OK: "ok",
    DueStatus.DUE_SOON: "due soon",
    DueStatus.DUE: "due, and any more would pass it",
    DueStatus.IN_TOLERANCE: "past due, within grace",
    DueStatus.OVERDUE: "overdue",
    DueStatus.UNKNOWN: "unknown, which is never treated as fine",
}


@frozen(kw_only=True)
class _Facts:
    """What happened up to the day asked about, each fact at its effective point."""

    requirement: Requirement
    baseline: Baseline | None
    written_baseline: Baseline | None
    points: tuple[Accomplishment, ...]
    written_points: tuple[Accomplishment, ...]
    before_last: Standing
    standing: Standing
    ledger: Ledger
    totals: Readings
    as_of: date
    known_at: datetime | None
    manufactured_on: date | None


def explain(
    requirement: Requirement,
    baseline: Baseline | None,
    accomplishments: Iterable[Accomplishment],
    ledger: Ledger,
    *,
    as_of: date,
    known_at: datetime | None = None,
    utilisation: Utilisation | None = None,
    manufactured_on: date | None = None,
    origin: str | None = None,
    citation: str | None = None,
) -> tuple[str, ...]:
    """Return, line by line, how the due points, the status and the driver come about.

    `as_of` and `known_at` are as for `assess_history`. `origin` says where the baseline is known from, `citation` where
    the policy comes from (`14 CFR 91.409(b)`).
    """
    facts = _facts(
        requirement,
        baseline,
        accomplishments,
        ledger,
        as_of=as_of,
        known_at=known_at,
        manufactured_on=manufactured_on,
    )
    assessment = assess(
        requirement,
        facts.standing,
        totals=facts.totals,
        as_of=as_of,
        utilisation=utilisation,
        manufactured_on=manufactured_on,
    )
    lines = [
        *_on_ledger(facts),
        *_on_baseline(facts, origin),
        *_on_last_accomplishment(facts),
        *(line for one in assessment.limits for line in _on_limit(facts, one)),
        *_on_ended(facts),
        _on_the_whole(requirement, assessment, utilisation),
    ]
    return (*lines, f"Source: {citation}.") if citation else tuple(lines)


def _facts(
    requirement: Requirement,
    baseline: Baseline | None,
    accomplishments: Iterable[Accomplishment],
    ledger: Ledger,
    *,
    as_of: date,
    known_at: datetime | None,
    manufactured_on: date | None,
) -> _Facts:
    in_force = baseline_in_force(baseline, ledger, as_of=as_of, known_at=known_at)
    written = points_in_force(accomplishments, None, as_of=as_of, known_at=known_at)
    points = tuple(effective(point, ledger, known_at=known_at) for point in written)
    before_last = standing = standing_from(requirement, in_force)
    for point in points:
        before_last = standing
        standing = after(requirement, standing, point, manufactured_on=manufactured_on)
    return _Facts(
        requirement=requirement,
        baseline=in_force,
        written_baseline=baseline,
        points=points,
        written_points=written,
        before_last=before_last,
        standing=standing,
        ledger=ledger,
        totals=ledger.totals(as_of=as_of, known_at=known_at),
        as_of=as_of,
        known_at=known_at,
        manufactured_on=manufactured_on,
    )


def _on_ledger(facts: _Facts) -> Iterator[str]:
    known = f", as known at {facts.known_at.isoformat()}" if facts.known_at else ""
    entries = facts.ledger.known(as_of=facts.as_of, known_at=facts.known_at)
    totals = {meter: facts.totals[meter] for meter in facts.requirement.meters if meter in facts.totals}
    if totals:
        count = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
        yield f"Ledger on {facts.as_of}{known}: {_amounts(totals)}, the sum of {count}."
    for entry in entries:
        if entry.kind is EntryKind.CORRECTION and not entry.deltas.keys().isdisjoint(facts.requirement.meters):
            yield (
                f"Entry {entry.corrects_position} of {entry.occurred_on} was corrected by {_amounts(entry.deltas)}: "
                f"{entry.reason}."
            )


def _on_baseline(facts: _Facts, origin: str | None) -> Iterator[str]:
    baseline, note = facts.baseline, f" ({origin})" if origin else ""
    if baseline is None:
        if not facts.points:
            yield f"There is no baseline{note}: nothing says when this was last done, so no due point is known."
        return
    what = "Last known accomplishment" if baseline.accomplished else "Counted from"
    where = ", ".join(part for part in (str(baseline.on or ""), _amounts(baseline.readings)) if part)
    yield f"{what}: {where}{note}."
    written = facts.written_baseline
    if written is not None and written.readings != baseline.readings:
        yield f"It was written as {_amounts(written.readings)}; corrections recorded since moved it."
    if baseline.anchor_on or baseline.anchor_readings:
        parts = (str(baseline.anchor_on or ""), _amounts(baseline.anchor_readings))
        yield f"The next interval counts from {', '.join(part for part in parts if part)} instead, as stated."


def _on_last_accomplishment(facts: _Facts) -> Iterator[str]:
    if not facts.points:
        return
    last = facts.points[-1]
    times = f", the {len(facts.points)}. time on record" if len(facts.points) > 1 else ""
    yield f"Last done on {last.on} at {_amounts(last.readings) or 'no reading'}{times}."
    if last.readings != facts.written_points[-1].readings:
        yield f"It was written as {_amounts(facts.written_points[-1].readings)}; corrections recorded since moved it."
    for settlement in settle(facts.requirement, facts.before_last, last, manufactured_on=facts.manufactured_on):
        limit = facts.requirement.by_name[settlement.due.limit]
        yield f"{limit.name}: {_on_rule(limit, settlement, last)}."
        over = facts.standing.breaches.get(limit.name)
        if over is not None:
            amount = _count(over, DAYS if limit.counts_days else limit.unit)
            yield f"{limit.name}: done {amount} past due and grace, which is a breach."


def _on_rule(limit: Limit, settlement: Settlement, done: Accomplishment) -> str:
    due = _where(settlement.due)
    if limit.counts_days:
        actual = str(done.on)
    elif limit.unit in done.readings:
        actual = _number(done.readings[limit.unit])
    else:
        return f"was due at {due} and done without a reading of {limit.unit}, so counting starts nowhere"
    if settlement.rule is Rule.FIRST_KNOWN:
        return f"no due point was known; counting starts at {actual}"
    told = f"was due at {due} and done at {actual}"
    match settlement.rule:
        case Rule.EARLY:
            return f"{told}, {_beyond(limit.early, limit)}before it: counts from {actual}"
        case Rule.LATE:
            return f"{told}, {_beyond(limit.late, limit)}after it: counts from {actual}"
        case Rule.LATE_KEPT:
            return f"{told}, {_beyond(limit.late, limit)}after it: counts from {due}, so the excess is included"
        case _:
            window = (
                f", inside the window of {_number(limit.early)} before to {_count(limit.late, limit.unit)} after it"
            )
            return f"{told}{'' if due == actual else window}: {due} is kept"


def _beyond(amount: Decimal, limit: Limit) -> str:
    return f"more than {_count(amount, limit.unit)} " if amount else ""


def _on_limit(facts: _Facts, one: LimitAssessment) -> Iterator[str]:
    limit = facts.requirement.by_name[one.point.limit]
    counted = next(standing for standing in facts.standing.limits if standing.name == limit.name)
    if not one.point.known:
        missing = "manufacture date" if _runs_since_new(limit, counted) else "baseline"
        yield f"{limit.name}: no due point, since there is no {missing} for {limit.unit}."
        return
    yield f"{limit.name}: due at {_where(one.point)} = {_arithmetic(facts, limit, counted, one.point)}."
    if one.remaining is None:
        yield f"{limit.name}: the ledger has no {limit.unit}, so what remains is {_STATUS[one.status]}."
        return
    left = _count(abs(one.remaining), DAYS if limit.counts_days else limit.unit)
    past = "past due" if one.remaining < 0 else "left"
    yield f"{limit.name}: {left} {past}: {_STATUS[one.status]}{_margin(facts.requirement, limit, one)}."
    if one.point.at is not None:
        face = facts.ledger.face_of(one.point.at, limit.unit, as_of=facts.as_of, known_at=facts.known_at)
        if face != one.point.at:
            yield f"{limit.name}: the meter was replaced; its face will show {_number(face)} then."
    if _was_kept_into_the_past(facts, one):
        yield f"{limit.name}: the due point was kept and the overrun exceeds the interval, so it was past due at once."
    if one.projected is not None and not limit.counts_days:
        yield f"{limit.name}: planned use passes it on {one.projected}."


def _arithmetic(facts: _Facts, limit: Limit, counted: LimitStanding, point: DuePoint) -> str:
    span = _count(point.span, limit.unit)
    what = "interval" if counted.threshold_spent or not limit.threshold else "threshold"
    if not _runs_since_new(limit, counted):
        start, day = _start(counted.anchor), counted.anchor.day if counted.anchor else None
    elif facts.manufactured_on is not None and limit.counts_days:
        start, day = f"{facts.manufactured_on} (manufacture)", facts.manufactured_on.day
    else:
        start, day = "0 (new)", None
    tail = ""
    if limit.unit == CALENDAR_MONTHS:
        tail = ", to the end of the month"
    elif limit.unit == MONTHS:
        tail = f", to day {day} of the month or its end"
    return f"{start} + {what} of {span}{tail}"


def _runs_since_new(limit: Limit, counted: LimitStanding) -> bool:
    return limit.threshold is not None and not counted.threshold_spent and limit.threshold.since is Since.NEW


def _was_kept_into_the_past(facts: _Facts, one: LimitAssessment) -> bool:
    if not facts.points:
        return False
    last = facts.points[-1]
    if one.point.on is not None:
        return one.point.on < last.on
    return one.point.at is not None and one.point.at < last.readings.get(one.point.unit, one.point.at)


def _margin(requirement: Requirement, limit: Limit, one: LimitAssessment) -> str:
    if one.status in (DueStatus.IN_TOLERANCE, DueStatus.OVERDUE):
        return f" (grace {_count(limit.grace, limit.unit)})"
    if one.status is not DueStatus.DUE_SOON or one.span is None:
        return ""
    unit = DAYS if limit.counts_days else limit.unit
    if limit.warn is not None:
        return f" (within {_count(limit.warn, unit)})"
    return f" (within {_number(requirement.warn_percent)} % of {_count(one.span, unit)})"


def _on_ended(facts: _Facts) -> Iterator[str]:
    for standing in facts.standing.limits:
        if standing.ended:
            yield f"{standing.name}: done once, which was all it asked for; nothing more falls due."


def _on_the_whole(requirement: Requirement, assessment: Assessment, utilisation: Utilisation | None) -> str:
    if assessment.driver is None:
        return "Nothing more falls due."
    status = assessment.status.value.replace("_", " ")
    if len(assessment.limits) == 1:
        return f"The requirement is {status}."
    which = "first" if requirement.combine is Combine.FIRST else "last"
    whole = f"Whichever comes {which} of {len(assessment.limits)} limits"
    alike = [one for one in assessment.limits if one.status is assessment.status]
    if len(alike) == 1 or assessment.status is DueStatus.UNKNOWN:
        return f"{whole}: {status}, because of {assessment.driver}."
    measure = "projected date" if dates_decide(assessment.limits, utilisation) else "what remains"
    return f"{whole}: {status}; {assessment.driver} decides, by {measure}."


def _where(point: DuePoint) -> str:
    return "an unknown point" if not point.known else str(point.on) if point.at is None else _number(point.at)


def _start(anchor: Anchor | None) -> str:
    if anchor is None:
        return "an unknown point"
    return str(anchor.on) if anchor.at is None else _number(anchor.at)


def _amounts(readings: Readings) -> str:
    # In an order of its own, since a backend need not keep a mapping's.
    meters = sorted(readings, key=lambda meter: (meter != HOURS, meter != CYCLES, meter))
    return ", ".join(_count(readings[meter], meter) for meter in meters)


def _count(amount: Decimal, unit: str) -> str:
    words = unit.replace("_", " ")
    return f"{_number(amount)} {words.removesuffix('s') if abs(amount) == 1 else words}"


def _number(amount: Decimal) -> str:
    return format(amount.normalize(), "f")
