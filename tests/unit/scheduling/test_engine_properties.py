"""What the engine holds for all requirements and histories."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from attrs import evolve, field, frozen
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from amss_domain.fleet.ledger import Ledger
from amss_domain.fleet.recording import NewCorrection, NewUsage, correct, enter_deltas, enter_opening
from amss_domain.scheduling.due import (
    Assessment,
    DuePoint,
    DueStatus,
    assess,
    assess_history,
    assess_points,
    due_points,
    next_change_on,
)
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Since, Threshold, violations_of
from amss_domain.scheduling.standing import (
    Accomplishment,
    Baseline,
    Standing,
    after,
    effective,
    replay,
    settle,
    standing_from,
)
from amss_domain.scheduling.trace import explain
from amss_domain.shared.ids import UsageEntryId
from amss_domain.shared.units import is_calendar

D = Decimal
OPENED_ON = date(2025, 1, 1)
BUILT_ON = date(2019, 10, 31)
TODAY = date(2030, 1, 1)
START = datetime(2025, 1, 1, tzinfo=UTC)
UNITS = ("hours", "cycles", "days", "months", "calendar_months")
LONGEST = {"hours": 400, "cycles": 300, "days": 90, "months": 6, "calendar_months": 6}

Flight: TypeAlias = tuple[int, dict[str, Decimal]]
Rates: TypeAlias = tuple[Decimal, ...]

# A busy machine is slow, not wrong.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


# Requirements and histories ------------------------------------------------------------------------------------


@st.composite
def limits(draw: st.DrawFn, unit: str | None = None, beyond: Beyond | None = None) -> Limit:
    unit = unit or draw(st.sampled_from(UNITS))
    interval = draw(st.integers(1, LONGEST[unit]))
    threshold = draw(st.none() | st.tuples(st.integers(1, 2 * LONGEST[unit]), st.sampled_from(Since)))
    tolerances = st.integers(0, max(1, LONGEST[unit] // 10)).map(D)
    repeats = threshold is None or draw(st.booleans())
    return Limit(
        name=unit,
        unit=unit,
        interval=D(interval) if repeats else None,
        threshold=Threshold(value=D(threshold[0]), since=threshold[1]) if threshold else None,
        early=min(draw(tolerances), D(interval - 1)),
        late=draw(tolerances),
        grace=draw(tolerances),
        beyond=beyond or draw(st.sampled_from(Beyond)),
        warn=draw(st.none() | tolerances),
    )


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    of_limits = draw(st.lists(limits(), min_size=1, max_size=4))
    named = tuple(evolve(limit, name=f"{limit.unit}-{number}") for number, limit in enumerate(of_limits))
    return Requirement(limits=named, combine=draw(st.sampled_from(Combine)), warn_percent=D(draw(st.integers(0, 30))))


@frozen(kw_only=True)
class History:
    """A ledger and what was done, as it was recorded step by step."""

    ledger: Ledger
    baseline: Baseline | None
    done: tuple[Accomplishment, ...] = ()
    day: date = OPENED_ON
    moments: list[datetime] = field(factory=list)


hours = st.integers(0, 2400).map(lambda hundredths: D(hundredths).scaleb(-2))
flights = st.fixed_dictionaries({"hours": hours, "cycles": st.integers(0, 9).map(D)})
steps = st.lists(
    st.tuples(st.sampled_from(("fly", "fly", "complete", "correct")), st.integers(0, 40), flights), max_size=12
)
baselines = st.none() | st.builds(
    Baseline,
    on=st.just(OPENED_ON),
    readings=st.just({"hours": D(1000), "cycles": D(400)}),
    position=st.just(1),
    accomplished=st.booleans(),
)


def an_id(ledger: Ledger) -> UsageEntryId:
    return UsageEntryId(UUID(int=ledger.last_position + 1))


def entered(ledger: Ledger, on: date, amounts: dict[str, Decimal], moment: datetime) -> Ledger:
    usage = NewUsage(id=an_id(ledger), occurred_on=on, recorded_at=moment, amounts=amounts)
    enter = enter_deltas if ledger.entries else enter_opening
    return ledger.with_entry(enter(ledger.head, usage, today=TODAY)[0])


def restated(ledger: Ledger, position: int, deltas: dict[str, Decimal], moment: datetime) -> Ledger:
    corrects = ledger.entries[position - 1].id
    new = NewCorrection(id=an_id(ledger), corrects=corrects, recorded_at=moment, reason="misread", deltas=deltas)
    return ledger.with_entry(correct(ledger, new)[0])


def unfolded(baseline: Baseline | None, story: list[tuple[str, int, dict[str, Decimal]]]) -> Iterator[History]:
    """The history after each step of the story, the first one being the opening alone."""
    ledger = entered(Ledger(), OPENED_ON, {"hours": D(1000), "cycles": D(400)}, START)
    history = History(ledger=ledger, baseline=baseline, moments=[START])
    yield history
    for number, (kind, amount, flight) in enumerate(story, 1):
        moment = START + timedelta(minutes=number)
        ledger, done, day = history.ledger, history.done, history.day
        if kind == "fly":
            day += timedelta(days=amount)
            ledger = entered(ledger, day, flight, moment)
        elif kind == "complete":
            readings, position = ledger.totals(), ledger.last_position
            done = (*done, Accomplishment(on=day, readings=readings, position=position, recorded_at=moment))
        elif len(ledger.entries) > 1:
            ledger = restated(ledger, 2 + amount % (len(ledger.entries) - 1), flight, moment)
        history = History(ledger=ledger, baseline=baseline, done=done, day=day, moments=[*history.moments, moment])
        yield history


histories = st.builds(lambda baseline, story: list(unfolded(baseline, story)), baselines, steps)


def told(
    requirement: Requirement,
    history: History,
    as_of: date | None = None,
    *,
    known_at: datetime | None = None,
    utilisation: Utilisation | None = None,
) -> Assessment:
    return assess_history(
        requirement,
        history.baseline,
        history.done,
        history.ledger,
        as_of=as_of or history.day,
        known_at=known_at,
        utilisation=utilisation,
        manufactured_on=BUILT_ON,
    )


def place(point: DuePoint) -> Decimal:
    """Where the point lies on its own scale: the meter's total, or the number of the day."""
    if point.on is not None:
        return D(point.on.toordinal())
    assert point.at is not None
    return point.at


def first_span(limit: Limit) -> Decimal:
    """The interval, or the threshold of a limit that asks once."""
    if limit.interval is not None:
        return limit.interval
    assert limit.threshold is not None
    return limit.threshold.value


# Laws ----------------------------------------------------------------------------------------------------------


@patiently
@given(requirements())
def test_the_requirements_are_valid(requirement: Requirement) -> None:
    """What these laws are tried on would be accepted as a program."""
    assert violations_of(requirement) == ()


@patiently
@given(requirements(), histories)
def test_next_due_after_a_completion(requirement: Requirement, unfolding: list[History]) -> None:
    """Next due is never before the completion that caused it, except where a kept due point was overrun by more than
    the interval: then it is past due at once, and the trace says so.
    """
    history = unfolding[-1]
    assume(history.done)
    last = effective(history.done[-1], history.ledger)
    before = replay(requirement, history.baseline, history.done[:-1], history.ledger, manufactured_on=BUILT_ON)
    settled = {one.due.limit: one for one in settle(requirement, before, last, manufactured_on=BUILT_ON)}
    standing = after(requirement, before, last, manufactured_on=BUILT_ON)

    lines = explain(
        requirement, history.baseline, history.done, history.ledger, as_of=history.day, manufactured_on=BUILT_ON
    )
    at_once = {line.partition(":")[0] for line in lines if "past due at once" in line}

    for point in due_points(requirement, standing, manufactured_on=BUILT_ON):
        done = D(last.on.toordinal()) if is_calendar(point.unit) else last.readings[point.unit]
        due, met = place(point), settled[point.limit].due
        if due < done:
            assert settled[point.limit].rule.value in ("kept", "late_kept")
            assert due > place(met)
        assert (point.limit in at_once) == (due < done)


@patiently
@given(requirements(), baselines, st.lists(st.tuples(st.integers(0, 60), flights), max_size=8), st.data())
def test_import_order(
    requirement: Requirement, baseline: Baseline | None, deltas: list[Flight], data: st.DataObject
) -> None:
    """Delta entries imported in another order give the same answer on every day."""

    def imported(order: list[Flight]) -> History:
        ledger = entered(Ledger(), OPENED_ON, {"hours": D(1000), "cycles": D(400)}, START)
        for number, flight in order:
            ledger = entered(ledger, OPENED_ON + timedelta(days=number), flight, START)
        return History(ledger=ledger, baseline=baseline)

    one, other = imported(deltas), imported(data.draw(st.permutations(deltas)))

    for number in (0, 7, 30, 60, 200):
        as_of = OPENED_ON + timedelta(days=number)
        assert told(requirement, one, as_of) == told(requirement, other, as_of)


@patiently
@given(requirements(), histories, st.integers(0, 20), flights)
def test_correct_then_revert(
    requirement: Requirement, unfolding: list[History], number: int, wrong: dict[str, Decimal]
) -> None:
    """Correcting any entry and putting it back restores every due point, breach and status, on every day."""
    history = unfolding[-1]
    ledger = history.ledger
    entry = ledger.entries[number % len(ledger.entries)]
    right = {
        meter: sum((one.deltas.get(meter, D(0)) for one in ledger.entries if one.place == entry.place), D(0))
        for meter in wrong
    }
    moment = START + timedelta(days=1)

    corrected = restated(ledger, entry.position, wrong, moment)
    reverted = evolve(history, ledger=restated(corrected, entry.position, right, moment))

    for number_of_days in (0, 10, 100):
        as_of = OPENED_ON + timedelta(days=number_of_days)
        assert told(requirement, reverted, as_of) == told(requirement, history, as_of)
    assert _replayed(requirement, reverted) == _replayed(requirement, history)


@patiently
@given(requirements(), histories, st.integers(0, 12))
def test_known_at(requirement: Requirement, unfolding: list[History], number: int) -> None:
    """A report for what was known at an instant is exactly the report made then, for every day asked about."""
    then = unfolding[number % len(unfolding)]
    known_at = then.moments[-1]

    for number_of_days in (0, 30, 400):
        as_of = OPENED_ON + timedelta(days=number_of_days)
        assert told(requirement, unfolding[-1], as_of, known_at=known_at) == told(requirement, then, as_of)


@patiently
@given(requirements(), histories)
def test_completions_one_by_one(requirement: Requirement, unfolding: list[History]) -> None:
    """Carrying the standing from completion to completion gives what the whole history gives."""
    history = unfolding[-1]

    standing = standing_from(requirement, history.baseline)
    for point in history.done:
        moved = effective(point, history.ledger)
        standing = after(requirement, standing, moved, manufactured_on=BUILT_ON)

    assert standing == _replayed(requirement, history)


def _replayed(requirement: Requirement, history: History) -> Standing:
    return replay(requirement, history.baseline, history.done, history.ledger, manufactured_on=BUILT_ON)


@patiently
@given(requirements(), histories, st.integers(0, 30), st.integers(0, 30), flights)
def test_status_never_improves_by_use(
    requirement: Requirement, unfolding: list[History], days: int, more_days: int, flown: dict[str, Decimal]
) -> None:
    """With nothing done, more use and more days never make a status better; unknown ones stay unknown until due."""
    history = unfolding[-1]
    standing = _replayed(requirement, history)
    totals = history.ledger.totals()
    later = {meter: total + flown[meter] for meter, total in totals.items()}
    day = history.day + timedelta(days=days)

    one = assess(requirement, standing, totals=totals, as_of=day, manufactured_on=BUILT_ON)
    other = assess(requirement, standing, totals=later, as_of=day + timedelta(days=more_days), manufactured_on=BUILT_ON)

    if DueStatus.UNKNOWN not in (one.status, other.status):
        assert other.status.severity >= one.status.severity
    for limit, the_same in zip(one.limits, other.limits, strict=True):
        assert the_same.status.severity >= limit.status.severity
        assert (the_same.status is DueStatus.UNKNOWN) == (limit.status is DueStatus.UNKNOWN)


@patiently
@given(requirements(), histories)
def test_the_driver_has_the_combined_status(requirement: Requirement, unfolding: list[History]) -> None:
    """What decides is a limit of the combined status; under first no limit is worse, under last none better."""
    assessment = told(requirement, unfolding[-1])

    statuses = {one.point.limit: one.status for one in assessment.limits}
    if not statuses:
        assert (assessment.driver, assessment.status) == (None, DueStatus.OK)
        return
    assert assessment.driver is not None
    assert statuses[assessment.driver] is assessment.status
    known = [status.severity for status in statuses.values() if status is not DueStatus.UNKNOWN]
    if assessment.status is not DueStatus.UNKNOWN:
        assert assessment.status.severity == (max if requirement.combine is Combine.FIRST else min)(known)


rates = st.lists(st.integers(0, 20).map(D), min_size=12, max_size=12).map(tuple)


@patiently
@given(requirements(), histories, rates, rates)
def test_projected_dates(
    requirement: Requirement, unfolding: list[History], hours_a_day: Rates, cycles_a_day: Rates
) -> None:
    """On projected dates, whichever comes first is no later than each limit, and whichever comes last no earlier."""
    use = Utilisation(per_day={"hours": hours_a_day, "cycles": cycles_a_day})
    dates = {}
    for combine in Combine:
        assessment = told(evolve(requirement, combine=combine), unfolding[-1], utilisation=use)
        # A limit of another status than the whole does not decide, whatever its date.
        alike = [one for one in assessment.limits if one.status is assessment.status is not DueStatus.UNKNOWN]
        assume(alike)
        assert assessment.driver is not None
        dates[combine] = {one.point.limit: one.projected or date.max for one in alike}, assessment.driver

    each, driver = dates[Combine.FIRST]
    assert all(each[driver] <= one for one in each.values())
    each, driver = dates[Combine.LAST]
    assert all(each[driver] >= one for one in each.values())


@patiently
@given(limits(beyond=Beyond.DUE), st.lists(st.integers(0, 60), min_size=1, max_size=10))
def test_windows_do_not_stretch_intervals(limit: Limit, waits: list[int]) -> None:
    """Under beyond due, n completions never put the next due point past the first one by more than n intervals."""
    interval = limit.interval
    if interval is None:
        reject()
    limit = evolve(limit, threshold=None)
    requirement = Requirement(limits=(limit,))
    standing = standing_from(requirement, Baseline(on=OPENED_ON, readings={limit.unit: D(0)}))
    day, total = OPENED_ON, D(0)
    first = due_points(requirement, standing)[0]
    unhurried = standing

    for wait in waits:
        day, total = day + timedelta(days=wait), total + wait * 7
        point = Accomplishment(on=day, readings={limit.unit: total}, position=0, recorded_at=START)
        standing = after(requirement, standing, point)
        # The same work always done exactly when due.
        due = due_points(requirement, unhurried)[0]
        exact = Accomplishment(
            on=due.on or OPENED_ON, readings={limit.unit: due.at or D(0)}, position=0, recorded_at=START
        )
        unhurried = after(requirement, unhurried, exact)

    reached, bound = due_points(requirement, standing)[0], due_points(requirement, unhurried)[0]
    assert place(reached) <= place(bound)
    if first.at is not None:
        assert place(reached) <= first.at + len(waits) * interval


@patiently
@given(requirements(), st.lists(st.integers(-20, 60), min_size=4, max_size=4), st.integers(0, 30))
def test_next_change_on(requirement: Requirement, offsets: list[int], days: int) -> None:
    """Until the day named, days alone change no limit's status, and on that day they change one."""
    points = [
        DuePoint(
            limit=limit.name,
            unit=limit.unit,
            span=first_span(limit),
            at=None if limit.counts_days else D(offset),
            on=OPENED_ON + timedelta(days=offset) if limit.counts_days else None,
        )
        for limit, offset in zip(requirement.limits, offsets, strict=False)
    ]
    as_of = OPENED_ON + timedelta(days=days)

    def statuses(day: date) -> list[DueStatus]:
        answer = assess_points(requirement, points, totals={"hours": D(0), "cycles": D(0)}, as_of=day)
        return [one.status for one in answer.limits]

    turning = next_change_on(requirement, points, as_of)

    for number in range(1, 400):
        day = as_of + timedelta(days=number)
        if day == turning:
            assert statuses(day) != statuses(as_of)
            break
        assert statuses(day) == statuses(as_of)


@patiently
@given(requirements(), histories)
def test_the_trace_names_every_due_point(requirement: Requirement, unfolding: list[History]) -> None:
    """The trace of any history says where each limit falls due, and what the whole comes to."""
    history = unfolding[-1]
    assessment = told(requirement, history)

    lines = explain(
        requirement, history.baseline, history.done, history.ledger, as_of=history.day, manufactured_on=BUILT_ON
    )

    for name, due in assessment.due.items():
        written = due.isoformat() if isinstance(due, date) else format(due.normalize(), "f")
        assert any(line.startswith(f"{name}: due at {written} = ") for line in lines)
    assert assessment.status.value.replace("_", " ") in lines[-1] or assessment.driver is None
