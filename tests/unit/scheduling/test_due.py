"""How near the due points are, what the requirement makes of them, which limit decides, and when days change that."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TypedDict, Unpack
from uuid import UUID

import pytest
from attrs import evolve

from amss_domain.fleet.ledger import EntryKind, Ledger, LedgerEntry
from amss_domain.scheduling.due import (
    Assessment,
    DuePoint,
    DueStatus,
    LimitAssessment,
    assess,
    assess_history,
    assess_points,
    due_points,
    next_change_on,
)
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Combine, Limit, Requirement, Since, Threshold
from amss_domain.scheduling.standing import Accomplishment, Baseline, standing_from
from amss_domain.shared.ids import UsageEntryId

D = Decimal
TODAY = date(2025, 6, 1)


class Changed(TypedDict, total=False):
    """The fields of a limit that a test may set."""

    interval: Decimal
    threshold: Threshold
    grace: Decimal
    warn: Decimal | None


def on_meter(name: str, unit: str = "hours", **changed: Unpack[Changed]) -> Limit:
    return evolve(Limit(name=name, unit=unit, interval=D(100)), **changed)


def on_days(name: str = "days", **changed: Unpack[Changed]) -> Limit:
    return on_meter(name, "days", **changed)


def answer(
    limits: tuple[Limit, ...],
    left: Mapping[str, str | int | None],
    *,
    combine: Combine = Combine.FIRST,
    use: Utilisation | None = None,
    warn_percent: int = 10,
) -> Assessment:
    """The assessment when `left` remains of each limit named; None leaves its due point unknown."""
    points = []
    totals = {limit.unit: D(0) for limit in limits}
    for limit in limits:
        if limit.name not in left:
            continue
        amount = left[limit.name]
        at = on = None
        if amount is not None and limit.counts_days:
            on = TODAY + timedelta(days=int(amount))
        elif amount is not None:
            at = D(amount)
        assert limit.interval is not None
        points.append(DuePoint(limit=limit.name, unit=limit.unit, span=limit.interval, at=at, on=on))
    requirement = Requirement(limits=limits, combine=combine, warn_percent=D(warn_percent))
    return assess_points(requirement, points, totals=totals, as_of=TODAY, utilisation=use)


# One limit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "status"),
    [
        ("100", DueStatus.OK),
        ("10.01", DueStatus.OK),
        ("10", DueStatus.DUE_SOON),
        ("0.01", DueStatus.DUE_SOON),
        ("0", DueStatus.DUE),
        ("-0.01", DueStatus.IN_TOLERANCE),
        ("-5", DueStatus.IN_TOLERANCE),
        ("-5.01", DueStatus.OVERDUE),
        (None, DueStatus.UNKNOWN),
    ],
)
def test_status_of_a_meter(left: str | None, status: DueStatus) -> None:
    """Each status has its stretch, its near end included; at the limit is due and not overdue."""
    assessment = answer((on_meter("hours", grace=D(5)),), {"hours": left})

    assert assessment.status is status
    assert assessment.driver == "hours"


@pytest.mark.parametrize(
    ("left", "status"),
    [
        (11, DueStatus.OK),
        (10, DueStatus.DUE_SOON),
        (1, DueStatus.DUE_SOON),
        (0, DueStatus.DUE),
        (-1, DueStatus.IN_TOLERANCE),
        (-5, DueStatus.IN_TOLERANCE),
        (-6, DueStatus.OVERDUE),
        (None, DueStatus.UNKNOWN),
    ],
)
def test_status_of_days(left: int | None, status: DueStatus) -> None:
    """Days are judged as meters are: the due day itself is due, the next is past it."""
    assert answer((on_days(grace=D(5)),), {"days": left}).status is status


def test_status_without_grace() -> None:
    """Without grace, past due is overdue at once."""
    assert answer((on_meter("hours"),), {"hours": "-0.01"}).status is DueStatus.OVERDUE
    assert answer((on_days(),), {"days": -1}).status is DueStatus.OVERDUE


@pytest.mark.parametrize(
    ("warn", "percent", "left", "status"),
    [
        (None, 0, "0.01", DueStatus.OK),
        (None, 25, "25", DueStatus.DUE_SOON),
        (None, 25, "25.01", DueStatus.OK),
        (None, 100, "100", DueStatus.DUE_SOON),
        (D(30), 10, "30", DueStatus.DUE_SOON),
        (D(30), 10, "30.01", DueStatus.OK),
        (D(0), 10, "0.01", DueStatus.OK),
        (D(0), 10, "0", DueStatus.DUE),
    ],
)
def test_warning_window_of_a_meter(warn: Decimal | None, percent: int, left: str, status: DueStatus) -> None:
    """The limit's own window stands above the requirement's percentage of the interval."""
    assert answer((on_meter("hours", warn=warn),), {"hours": left}, warn_percent=percent).status is status


@pytest.mark.parametrize(
    ("unit", "interval", "due", "window"),
    [
        ("months", 6, date(2025, 8, 28), 18),  # 181 days from 28 February
        ("months", 6, date(2025, 2, 28), 18),  # 184 days from 28 August
        ("calendar_months", 1, date(2025, 2, 28), 2),  # 28 days from 31 January
        ("calendar_months", 1, date(2025, 3, 31), 3),  # 31 days from 28 February
        ("days", 95, date(2025, 3, 31), 9),
    ],
)
def test_warning_window_of_dates(unit: str, interval: int, due: date, window: int) -> None:
    """A tenth of the days from due less interval to due, and no day sooner."""
    requirement = Requirement(limits=(Limit(name="l", unit=unit, interval=D(interval)),))
    points = [DuePoint(limit="l", unit=unit, span=D(interval), on=due)]
    first_day = due - timedelta(days=window)

    statuses = [
        assess_points(requirement, points, totals={}, as_of=day).status
        for day in (first_day - timedelta(days=1), first_day)
    ]

    assert statuses == [DueStatus.OK, DueStatus.DUE_SOON]
    assert next_change_on(requirement, points, first_day - timedelta(days=1)) == first_day


def test_grace_in_months() -> None:
    """A month of grace runs to the same day of the next month or its end, calendar months to the month's end."""

    def lawful_until(unit: str, due: date) -> date:
        limit = Limit(name="l", unit=unit, interval=D(12), grace=D(1))
        points = [DuePoint(limit="l", unit=unit, span=D(12), on=due)]
        requirement = Requirement(limits=(limit,))
        days = [due + timedelta(days=number) for number in range(1, 70)]
        statuses = [assess_points(requirement, points, totals={}, as_of=day).status for day in days]
        return days[statuses.index(DueStatus.OVERDUE) - 1]

    assert lawful_until("months", date(2025, 1, 31)) == date(2025, 2, 28)
    assert lawful_until("months", date(2025, 3, 15)) == date(2025, 4, 15)
    assert lawful_until("calendar_months", date(2025, 1, 31)) == date(2025, 2, 28)
    assert lawful_until("calendar_months", date(2025, 2, 28)) == date(2025, 3, 31)


def test_numbers_of_an_assessment() -> None:
    """Due, remaining, fraction and projected date of each limit are told by its name."""
    limits = (on_meter("hours"), on_days(), on_meter("cycles", "cycles"))

    assessment = answer(
        limits, {"hours": "25", "days": -10, "cycles": None}, use=Utilisation.constant({"hours": D(10)})
    )

    assert assessment.due == {"hours": D(25), "days": TODAY - timedelta(days=10)}
    assert assessment.remaining == {"hours": D(25), "days": D(-10)}
    assert [one.fraction for one in assessment.limits] == [D("0.25"), D("-0.1"), None]
    assert assessment.projected == {"hours": date(2025, 6, 3), "days": TODAY - timedelta(days=10)}


def test_meter_without_a_total() -> None:
    """A meter that has counted nothing known is unknown, though its due point is not."""
    requirement = Requirement(limits=(on_meter("l", "landings"),))
    point = DuePoint(limit="l", unit="landings", span=D(100), at=D(500))

    assessment = assess_points(requirement, [point], totals={"hours": D(3)}, as_of=TODAY)

    assert assessment.limits == (LimitAssessment(point=point, status=DueStatus.UNKNOWN),)
    assert assessment.due == {"l": D(500)}
    assert assessment.remaining == {}


def test_points_of_limits_no_longer_required() -> None:
    """A stored point of a limit that was taken away since is left out."""
    requirement = Requirement(limits=(on_meter("hours"),))
    points = [
        DuePoint(limit="gone", unit="cycles", span=D(5), at=D(0)),
        DuePoint(limit="hours", unit="hours", span=D(100), at=D(50)),
    ]

    assessment = assess_points(requirement, points, totals={"hours": D(0), "cycles": D(9)}, as_of=TODAY)

    assert (assessment.driver, assessment.status) == ("hours", DueStatus.OK)


# The whole requirement -----------------------------------------------------------------------------------------

PLENTY, SOON, AT, PAST, FAR = 50, 5, 0, -5, -50
STATES = {PLENTY: "ok", SOON: "due_soon", AT: "due", PAST: "in_tolerance", FAR: "overdue", None: "unknown"}


@pytest.mark.parametrize(
    ("one", "other", "first", "last"),
    [
        (PLENTY, PLENTY, "ok", "ok"),
        (PLENTY, SOON, "due_soon", "ok"),
        (SOON, AT, "due", "due_soon"),
        (AT, PAST, "in_tolerance", "due"),
        (PAST, FAR, "overdue", "in_tolerance"),
        (FAR, FAR, "overdue", "overdue"),
        (FAR, PLENTY, "overdue", "ok"),
        (None, PLENTY, "unknown", "unknown"),
        (None, SOON, "unknown", "unknown"),
        (None, AT, "due", "unknown"),
        (None, PAST, "in_tolerance", "unknown"),
        (None, FAR, "overdue", "unknown"),
        (None, None, "unknown", "unknown"),
    ],
)
def test_combined_status(one: int | None, other: int | None, first: str, last: str) -> None:
    """First takes the worst, last the best; unknown makes the whole unknown unless first is due or worse anyway."""
    limits = (on_meter("one", grace=D(10)), on_meter("other", "cycles", grace=D(10)))

    for left in ({"one": one, "other": other}, {"one": other, "other": one}):
        assert answer(limits, left).status.value == first
        assert answer(limits, left, combine=Combine.LAST).status.value == last


def test_ended_limits_take_no_part() -> None:
    """A limit without a point has ended; when all have, nothing is due and nothing decides."""
    limits = (on_meter("one"), on_meter("other", "cycles"))

    assert answer(limits, {"other": PLENTY}, combine=Combine.LAST).driver == "other"
    for combine in Combine:
        assert answer(limits, {}, combine=combine) == Assessment(limits=(), status=DueStatus.OK, driver=None)


def test_severity_grows() -> None:
    """Statuses are ordered from ok to overdue; unknown stands below all."""
    ordered = sorted(DueStatus, key=lambda status: status.severity)

    assert [status.value for status in ordered] == ["unknown", "ok", "due_soon", "due", "in_tolerance", "overdue"]
    statuses: type[Enum] = DueStatus
    assert statuses("due_soon") is DueStatus.DUE_SOON


@pytest.mark.parametrize(
    ("left", "first", "last"),
    [
        ({"a": 50, "b": 60}, "a", "b"),
        ({"a": 60, "b": 50}, "b", "a"),
        ({"a": 50, "b": 50}, "a", "a"),
        ({"a": 50, "b": 60, "c": 55}, "a", "b"),
        ({"a": 70, "b": 60, "c": 65}, "b", "a"),
        ({"a": -20, "b": 60, "c": -30}, "c", "b"),
        ({"a": 60, "b": 70, "c": 60}, "a", "b"),
        ({"a": None, "b": 60, "c": None}, "a", "a"),
        ({"a": None, "b": -60, "c": 3}, "b", "a"),
        ({"b": 60, "c": 50}, "c", "b"),
    ],
)
def test_driver_on_one_scale(left: Mapping[str, int | None], first: str, last: str) -> None:
    """The least remaining decides under first, the most under last, among those with the combined status."""
    limits = (on_meter("a"), on_meter("b"), on_meter("c", "cycles"))

    assert answer(limits, left).driver == first
    assert answer(limits, left, combine=Combine.LAST).driver == last


def test_driver_on_one_unit_is_by_what_remains() -> None:
    """On one unit what remains counts and not the fraction; units are compared by their nearest limit's fraction."""
    limits = (
        on_meter("long", interval=D(1000)),
        on_meter("short", interval=D(100)),
        on_meter("cycles", "cycles", interval=D(100)),
    )

    within_hours = answer(limits[:2], {"long": 150, "short": 90}, warn_percent=0)
    between_units = answer(limits, {"long": 150, "short": 160, "cycles": 20}, warn_percent=0)
    past_each_other = answer(limits, {"long": 150, "short": 90, "cycles": 20}, warn_percent=0)

    assert within_hours.driver == "short"
    assert between_units.driver == "long"
    assert past_each_other.driver == "cycles"


def test_driver_ties_between_units_go_by_order() -> None:
    """Of equal fractions the one listed first decides, also when its unit was named by a limit before it."""
    limits = (on_meter("far"), on_meter("cycles", "cycles"), on_meter("near"))

    for combine, left in (
        (Combine.FIRST, {"far": 90, "cycles": 50, "near": 50}),
        (Combine.LAST, {"far": 30, "cycles": 50, "near": 50}),
    ):
        assert answer(limits, left, combine=combine).driver == "cycles"


@pytest.mark.parametrize(
    ("per_day", "first", "last"),
    [
        ({}, "cycles", "hours"),
        ({"hours": 10}, "cycles", "hours"),
        ({"hours": 30, "cycles": 1}, "hours", "cycles"),
        ({"hours": 30, "cycles": 0}, "hours", "cycles"),
        ({"hours": 0, "cycles": 30}, "cycles", "hours"),
        ({"hours": 0, "cycles": 0}, "hours", "hours"),
    ],
)
def test_driver_by_projected_date(per_day: Mapping[str, int], first: str, last: str) -> None:
    """With planned use for every meter the dates decide; what is never reached comes last of all."""
    limits = (on_meter("hours"), on_meter("cycles", "cycles"))
    use = Utilisation.constant({meter: D(amount) for meter, amount in per_day.items()})

    drivers = [answer(limits, {"hours": 90, "cycles": 40}, use=use, combine=combine).driver for combine in Combine]

    assert drivers == [first, last]


def test_driver_by_projected_and_due_dates() -> None:
    """Due dates stand among projected ones as they are."""
    limits = (on_meter("hours"), on_days("sooner"), on_days("later"))
    use = Utilisation.constant({"hours": D(2)})
    left = {"hours": 80, "sooner": 39, "later": 41}

    drivers = [answer(limits, left, use=use, combine=combine).driver for combine in Combine]

    assert drivers == ["sooner", "later"]


def test_driver_among_dates_alone() -> None:
    """Due dates need no planned use: the earliest decides, whatever its fraction."""
    limits = (on_days("short", interval=D(10)), on_days("long", interval=D(1000)))
    months = Limit(name="months", unit="months", interval=D(60))

    assert answer((*limits, months), {"short": 9, "long": 40, "months": 30}, warn_percent=0).driver == "short"


# From a standing, and from a history ---------------------------------------------------------------------------


def test_assess_equals_its_stored_points() -> None:
    """Assessing a standing is assessing its due points."""
    requirement = Requirement(
        limits=(on_meter("hours"), on_days(threshold=Threshold(value=D(300), since=Since.NEW))),
    )
    standing = standing_from(requirement, Baseline(on=TODAY, readings={"hours": D(7)}, accomplished=False))
    totals = {"hours": D(50)}
    built = date(2025, 1, 1)

    whole = assess(requirement, standing, manufactured_on=built, totals=totals, as_of=TODAY)
    points = due_points(requirement, standing, manufactured_on=built)
    stored = assess_points(requirement, points, totals=totals, as_of=TODAY)

    assert whole == stored
    assert whole.due == {"hours": D(107), "days": date(2025, 10, 28)}


def test_history_tells_each_day_and_instant() -> None:
    """A history gives the state on a day, as known now or as it was known then."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    ledger = Ledger(
        LedgerEntry(
            id=UsageEntryId(UUID(int=number)),
            position=number,
            occurred_on=date(2025, number, 1),
            recorded_at=start + timedelta(days=number),
            kind=EntryKind.DELTA,
            deltas={"hours": D(40)},
        )
        for number in (1, 2, 3)
    )
    requirement = Requirement(limits=(on_meter("hours"), on_days(threshold=Threshold(value=D(59)))))
    baseline = Baseline(on=date(2025, 1, 1), readings={"hours": D(0)}, accomplished=False)
    completion = Accomplishment(
        on=date(2025, 2, 1), readings={"hours": D(80)}, position=2, recorded_at=start + timedelta(days=9)
    )

    def told(as_of: date, known_at: datetime | None = None) -> tuple[dict[str, Decimal | date], DueStatus]:
        history = (requirement, baseline, [completion], ledger)
        one = assess_history(*history, as_of=as_of, manufactured_on=date(2025, 1, 1), known_at=known_at)
        return {**one.due, **one.remaining}, one.status

    assert told(date(2025, 3, 1)) == ({"hours": D(60), "days": D(72)}, DueStatus.OK)
    assert told(date(2025, 1, 31)) == ({"hours": D(60), "days": D(29)}, DueStatus.OK)
    assert told(date(2025, 3, 1), known_at=start + timedelta(days=8)) == (
        {"hours": D(-20), "days": D(0)},
        DueStatus.OVERDUE,
    )
    use = Utilisation.constant({"hours": D(1)})
    assessment = assess_history(requirement, baseline, [completion], ledger, as_of=date(2025, 3, 1), utilisation=use)
    assert assessment.projected["hours"] == date(2025, 4, 30)


# When days alone change the status -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2025, 1, 1), date(2025, 5, 22)),
        (date(2025, 5, 21), date(2025, 5, 22)),
        (date(2025, 5, 22), date(2025, 6, 1)),
        (date(2025, 6, 1), date(2025, 6, 2)),
        (date(2025, 6, 2), date(2025, 6, 7)),
        (date(2025, 6, 6), date(2025, 6, 7)),
        (date(2025, 6, 7), None),
    ],
)
def test_next_change(as_of: date, expected: date | None) -> None:
    """Due soon, due, past due and past grace each begin on their day, and then nothing changes any more."""
    limit = on_days(grace=D(5))
    points = [DuePoint(limit="days", unit="days", span=D(100), on=TODAY)]

    assert next_change_on(Requirement(limits=(limit,)), points, as_of) == expected


def test_next_change_is_the_earliest() -> None:
    """Of several dates the next one counts; meters, unknown points and limits taken away since have none."""
    requirement = Requirement(limits=(on_days("a"), on_days("b", warn=D(0)), on_meter("hours"), on_days("unknown")))
    points = [
        DuePoint(limit="a", unit="days", span=D(100), on=date(2025, 9, 1)),
        DuePoint(limit="b", unit="days", span=D(100), on=date(2025, 7, 1)),
        DuePoint(limit="hours", unit="hours", span=D(100), at=D(5)),
        DuePoint(limit="unknown", unit="days", span=D(100)),
        DuePoint(limit="gone", unit="days", span=D(100), on=date(2025, 6, 15)),
    ]

    assert next_change_on(requirement, points, TODAY) == date(2025, 7, 1)
    assert next_change_on(requirement, points[2:], TODAY) is None
