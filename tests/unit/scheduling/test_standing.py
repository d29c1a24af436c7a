"""What each limit counts from, where it falls due, and what an accomplishment makes of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

import pytest
from attrs import evolve

from amss_domain.fleet.ledger import EntryKind, Ledger, LedgerEntry
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Since, Threshold
from amss_domain.scheduling.standing import (
    Accomplishment,
    Anchor,
    Baseline,
    DuePoint,
    LimitStanding,
    Rule,
    Standing,
    after,
    due_points,
    effective,
    replay,
    settle,
    standing_from,
)
from amss_domain.shared.ids import UsageEntryId

D = Decimal
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


class Changed(TypedDict, total=False):
    """The fields of a limit that a test may set."""

    name: str
    interval: Decimal | None
    threshold: Threshold | None
    early: Decimal
    late: Decimal
    grace: Decimal
    beyond: Beyond


def hours(**changed: Unpack[Changed]) -> Limit:
    return evolve(Limit(name="hours", unit="hours", interval=D(100)), **changed)


def months(of_interval: int = 12, **changed: Unpack[Changed]) -> Limit:
    return evolve(Limit(name="months", unit="months", interval=D(of_interval)), **changed)


def required(*limits: Limit, combine: Combine = Combine.FIRST) -> Requirement:
    return Requirement(limits=limits, combine=combine)


def done(on: date, position: int = 0, moment: int = 0, **readings: int | str) -> Accomplishment:
    at = NOON + timedelta(minutes=moment)
    return Accomplishment(on=on, readings={m: D(r) for m, r in readings.items()}, position=position, recorded_at=at)


def places(points: tuple[DuePoint, ...]) -> dict[str, Decimal | date | None]:
    return {point.limit: point.on or point.at for point in points}


DAY = date(2025, 3, 1)


# Where counting starts -------------------------------------------------------------------------------------------


def test_without_a_baseline() -> None:
    """Without a baseline no limit has an anchor, not even one that counts since new."""
    requirement = required(hours(), hours(name="new", threshold=Threshold(value=D(500))), months())

    standing = standing_from(requirement, None)

    assert standing == Standing(
        limits=tuple(LimitStanding(name=name) for name in ("hours", "new", "months")), based=False
    )
    assert due_points(requirement, standing) == (
        DuePoint(limit="hours", unit="hours", span=D(100)),
        DuePoint(limit="new", unit="hours", span=D(500)),
        DuePoint(limit="months", unit="months", span=D(12)),
    )
    assert [point.known for point in due_points(requirement, standing)] == [False] * 3


def test_from_an_accomplishment() -> None:
    """Each limit counts from the baseline in its own unit; months remember the day of the month."""
    requirement = required(hours(), months(), Limit(name="days", unit="days", interval=D(30)))

    standing = standing_from(requirement, Baseline(on=date(2025, 1, 31), readings={"hours": D(1500)}))

    assert standing == Standing(
        limits=(
            LimitStanding(name="hours", anchor=Anchor(at=D(1500)), threshold_spent=True),
            LimitStanding(name="months", anchor=Anchor(on=date(2025, 1, 31), day=31), threshold_spent=True),
            LimitStanding(name="days", anchor=Anchor(on=date(2025, 1, 31)), threshold_spent=True),
        ),
        based=True,
    )
    assert due_points(requirement, standing) == (
        DuePoint(limit="hours", unit="hours", span=D(100), at=D(1600)),
        DuePoint(limit="months", unit="months", span=D(12), on=date(2026, 1, 31)),
        DuePoint(limit="days", unit="days", span=D(30), on=date(2025, 3, 2)),
    )


def test_baseline_in_part() -> None:
    """A baseline without a date, or without a meter, leaves just those limits unknown."""
    requirement = required(hours(), Limit(name="cycles", unit="cycles", interval=D(50)), months())

    standing = standing_from(requirement, Baseline(on=None, readings={"cycles": D(10)}))

    assert places(due_points(requirement, standing)) == {"hours": None, "cycles": D(60), "months": None}


def test_stated_anchors() -> None:
    """The next interval counts from the anchors stated, where they are, and from the accomplishment elsewhere."""
    requirement = required(hours(), Limit(name="cycles", unit="cycles", interval=D(50)), months(1))
    baseline = Baseline(
        on=date(2025, 2, 10),
        readings={"hours": D(110), "cycles": D(40)},
        anchor_on=date(2025, 1, 31),
        anchor_readings={"hours": D(100)},
    )

    points = due_points(requirement, standing_from(requirement, baseline))

    assert places(points) == {"hours": D(200), "cycles": D(90), "months": date(2025, 2, 28)}
    assert [point.known for point in points] == [True] * 3


@pytest.mark.parametrize(
    ("threshold", "accomplished", "manufactured_on", "expected"),
    [
        (Threshold(value=D(6), since=Since.BASELINE), False, None, date(2025, 8, 28)),
        (Threshold(value=D(6), since=Since.NEW), False, date(2024, 10, 31), date(2025, 4, 30)),
        (Threshold(value=D(6), since=Since.NEW), False, None, None),
        (Threshold(value=D(6), since=Since.NEW), True, date(2024, 10, 31), date(2026, 2, 28)),
        (None, False, date(2024, 10, 31), date(2026, 2, 28)),
    ],
)
def test_calendar_threshold(
    threshold: Threshold | None, accomplished: bool, manufactured_on: date | None, expected: date | None
) -> None:
    """A threshold in months counts from the baseline or from manufacture, until an accomplishment has spent it."""
    requirement = required(months(12, threshold=threshold))
    standing = standing_from(requirement, Baseline(on=date(2025, 2, 28), accomplished=accomplished))

    points = due_points(requirement, standing, manufactured_on=manufactured_on)

    assert places(points) == {"months": expected}


@pytest.mark.parametrize(
    ("threshold", "accomplished", "expected"),
    [
        (Threshold(value=D(500), since=Since.NEW), False, D(500)),
        (Threshold(value=D(500), since=Since.BASELINE), False, D(1500)),
        (Threshold(value=D(500), since=Since.NEW), True, D(1100)),
        (None, False, D(1100)),
    ],
)
def test_meter_threshold(threshold: Threshold | None, accomplished: bool, expected: Decimal) -> None:
    """A threshold on a meter counts from zero or from the baseline, until an accomplishment has spent it."""
    requirement = required(hours(threshold=threshold))
    baseline = Baseline(on=DAY, readings={"hours": D(1000)}, accomplished=accomplished)

    assert places(due_points(requirement, standing_from(requirement, baseline))) == {"hours": expected}


def test_one_time_limit_known_to_be_done() -> None:
    """A limit that asks once ends with an accomplishment known from before."""
    once = hours(interval=None, threshold=Threshold(value=D(500)))
    requirement = required(once, months())

    standing = standing_from(requirement, Baseline(on=DAY, readings={"hours": D(400)}))

    assert standing.limits[0].ended
    assert places(due_points(requirement, standing)) == {"months": date(2026, 3, 1)}


@pytest.mark.parametrize(
    "standing",
    [
        Standing(limits=()),
        Standing(limits=(LimitStanding(name="cycles"),)),
        Standing(limits=(LimitStanding(name="hours", threshold_spent=True),)),
    ],
)
def test_standing_of_another_requirement(standing: Standing) -> None:
    """A standing that was worked out for other limits is not used silently."""
    requirement = required(hours(interval=None, threshold=Threshold(value=D(5))))

    with pytest.raises(ValueError, match=r"standing|zip"):
        due_points(requirement, standing)


# What an accomplishment does -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "beyond", "rule", "anchor", "over"),
    [
        ("989.99", Beyond.ACTUAL, Rule.EARLY, "989.99", None),
        ("990", Beyond.ACTUAL, Rule.KEPT, "1000", None),
        ("1000", Beyond.ACTUAL, Rule.KEPT, "1000", None),
        ("1005", Beyond.ACTUAL, Rule.KEPT, "1000", None),
        ("1005.01", Beyond.ACTUAL, Rule.LATE, "1005.01", None),
        ("1020", Beyond.ACTUAL, Rule.LATE, "1020", None),
        ("1020.01", Beyond.ACTUAL, Rule.LATE, "1020.01", "0.01"),
        ("989.99", Beyond.DUE, Rule.EARLY, "989.99", None),
        ("1005", Beyond.DUE, Rule.KEPT, "1000", None),
        ("1005.01", Beyond.DUE, Rule.LATE_KEPT, "1000", None),
        ("1300", Beyond.DUE, Rule.LATE_KEPT, "1000", "280"),
    ],
)
def test_settling_a_meter(reading: str, beyond: Beyond, rule: Rule, anchor: str, over: str | None) -> None:
    """Window and grace include their ends; between them the due point is kept, elsewhere the policy decides."""
    requirement = required(hours(early=D(10), late=D(5), grace=D(20), beyond=beyond))
    standing = standing_from(requirement, Baseline(on=None, readings={"hours": D(900)}))

    [settlement] = settle(requirement, standing, done(DAY, hours=reading))

    assert settlement.due.at == D(1000)
    assert settlement.rule is rule
    assert settlement.standing == LimitStanding(name="hours", anchor=Anchor(at=D(anchor)), threshold_spent=True)
    assert settlement.over == (None if over is None else D(over))


@pytest.mark.parametrize(
    ("unit", "on", "rule", "anchor", "over"),
    [
        ("months", date(2025, 4, 29), Rule.EARLY, Anchor(on=date(2025, 4, 29), day=29), None),
        ("months", date(2025, 4, 30), Rule.KEPT, Anchor(on=date(2025, 5, 31), day=31), None),
        ("months", date(2025, 6, 30), Rule.KEPT, Anchor(on=date(2025, 5, 31), day=31), None),
        ("months", date(2025, 7, 1), Rule.LATE, Anchor(on=date(2025, 7, 1), day=1), None),
        ("months", date(2025, 7, 31), Rule.LATE, Anchor(on=date(2025, 7, 31), day=31), None),
        ("months", date(2025, 8, 1), Rule.LATE, Anchor(on=date(2025, 8, 1), day=1), 1),
        ("calendar_months", date(2025, 4, 29), Rule.EARLY, Anchor(on=date(2025, 4, 29)), None),
        ("calendar_months", date(2025, 4, 30), Rule.KEPT, Anchor(on=date(2025, 5, 31)), None),
        ("calendar_months", date(2025, 6, 30), Rule.KEPT, Anchor(on=date(2025, 5, 31)), None),
        ("calendar_months", date(2025, 8, 3), Rule.LATE, Anchor(on=date(2025, 8, 3)), 3),
        ("days", date(2025, 2, 8), Rule.EARLY, Anchor(on=date(2025, 2, 8)), None),
        ("days", date(2025, 2, 9), Rule.KEPT, Anchor(on=date(2025, 2, 10)), None),
        ("days", date(2025, 2, 11), Rule.KEPT, Anchor(on=date(2025, 2, 10)), None),
        ("days", date(2025, 2, 12), Rule.LATE, Anchor(on=date(2025, 2, 12)), None),
        ("days", date(2025, 2, 14), Rule.LATE, Anchor(on=date(2025, 2, 14)), 2),
    ],
)
def test_settling_dates(unit: str, on: date, rule: Rule, anchor: Anchor, over: int | None) -> None:
    """On calendar limits window and grace move in the limit's unit, and a breach counts days."""
    interval = D(10) if unit == "days" else D(4)
    limit = Limit(name="l", unit=unit, interval=interval, early=D(1), late=D(1), grace=D(2))
    requirement = required(limit)
    standing = standing_from(requirement, Baseline(on=date(2025, 1, 31)))

    [settlement] = settle(requirement, standing, done(on))

    assert (settlement.rule, settlement.standing.anchor) == (rule, anchor)
    assert settlement.over == (None if over is None else D(over))


def test_first_known_accomplishment() -> None:
    """Where nothing was known, the accomplishment is what counting starts from, and spends the threshold."""
    requirement = required(hours(threshold=Threshold(value=D(5000))), months())
    unknown = standing_from(requirement, None)

    standing = after(requirement, unknown, done(date(2025, 1, 31), hours=42))

    assert [settlement.rule for settlement in settle(requirement, unknown, done(DAY, hours=42))] == [
        Rule.FIRST_KNOWN
    ] * 2
    assert standing.based
    assert standing.breaches == {}
    assert places(due_points(requirement, standing)) == {"hours": D(142), "months": date(2026, 1, 31)}


def test_accomplishment_without_a_reading() -> None:
    """Done without a reading of its meter, a limit is unknown from then on."""
    requirement = required(hours())
    standing = standing_from(requirement, Baseline(on=DAY, readings={"hours": D(900)}))

    standing = after(requirement, standing, done(DAY))

    assert places(due_points(requirement, standing)) == {"hours": None}


def test_settling_a_threshold_since_manufacture() -> None:
    """The due point that an accomplishment is measured against may lie months after manufacture."""
    requirement = required(months(12, threshold=Threshold(value=D(24)), late=D(1)))
    standing = standing_from(requirement, Baseline(on=date(2025, 1, 1), accomplished=False))

    kept = after(requirement, standing, done(date(2025, 6, 20)), manufactured_on=date(2023, 5, 31))
    unknown = after(requirement, standing, done(date(2025, 6, 20)))

    assert kept.limits[0].anchor == Anchor(on=date(2025, 5, 31), day=31)
    assert unknown.limits[0].anchor == Anchor(on=date(2025, 6, 20), day=20)


def test_one_time_limit_ends() -> None:
    """Done once, a limit without an interval takes no further part, and the others go on."""
    requirement = required(hours(name="once", interval=None, threshold=Threshold(value=D(50))), hours())
    standing = standing_from(requirement, Baseline(on=DAY, readings={"hours": D(0)}, accomplished=False))

    first = after(requirement, standing, done(DAY, hours=60))
    second = after(requirement, first, done(DAY, hours=170))

    assert first.breaches == {"once": D(10)}
    assert places(due_points(requirement, first)) == {"hours": D(160)}
    assert second.limits[0] == first.limits[0]
    assert second.breaches == {"hours": D(10)}


@pytest.mark.parametrize(
    ("combine", "reading", "on", "expected"),
    [
        (Combine.FIRST, 120, date(2025, 2, 1), {"hours": D(20)}),
        (Combine.FIRST, 120, date(2025, 4, 2), {"hours": D(20), "days": D(2)}),
        (Combine.FIRST, 100, date(2025, 3, 31), {}),
        (Combine.LAST, 120, date(2025, 2, 1), {}),
        (Combine.LAST, 100, date(2025, 4, 2), {}),
        (Combine.LAST, 120, date(2025, 4, 2), {"hours": D(20), "days": D(2)}),
    ],
)
def test_breaches(combine: Combine, reading: int, on: date, expected: Mapping[str, Decimal]) -> None:
    """Under first each limit past its grace is a breach, under last only when all of them are."""
    requirement = required(hours(), Limit(name="days", unit="days", interval=D(90)), combine=combine)
    standing = standing_from(requirement, Baseline(on=date(2024, 12, 31), readings={"hours": D(0)}))

    assert after(requirement, standing, done(on, hours=reading)).breaches == expected


def test_breach_under_last_beside_an_unknown_limit() -> None:
    """Under last nothing is known to be a breach while a limit has no due point."""
    requirement = required(hours(), Limit(name="days", unit="days", interval=D(90)), combine=Combine.LAST)
    standing = standing_from(requirement, Baseline(on=None, readings={"hours": D(0)}))

    assert after(requirement, standing, done(DAY, hours=500)).breaches == {}


# Replaying a history ---------------------------------------------------------------------------------------------


def flights(*deltas: str) -> Ledger:
    """One flight a day from 1 January 2025, recorded by the minute."""
    return Ledger(
        LedgerEntry(
            id=UsageEntryId(UUID(int=number)),
            position=number,
            occurred_on=date(2025, 1, number),
            recorded_at=NOON + timedelta(minutes=number),
            kind=EntryKind.DELTA,
            deltas={"hours": D(delta)},
        )
        for number, delta in enumerate(deltas, 1)
    )


def correction(position: int, of: int, delta: str) -> LedgerEntry:
    return LedgerEntry(
        id=UsageEntryId(UUID(int=position)),
        position=position,
        occurred_on=date(2025, 1, of),
        recorded_at=NOON + timedelta(minutes=position),
        kind=EntryKind.CORRECTION,
        deltas={"hours": D(delta)},
        corrects=UsageEntryId(UUID(int=of)),
        corrects_position=of,
        reason="misread",
    )


LEDGER = Ledger(
    [
        *flights("10", "10", "10").entries,
        correction(4, 2, "-1"),
        correction(5, 3, "-2"),
        correction(6, 1, "0.5"),
    ]
)


def test_effective_point() -> None:
    """Corrections recorded after an accomplishment, of entries recorded before it, move its readings."""
    moved = effective(done(DAY, position=2, hours=20, cycles=3), LEDGER)
    unmoved = done(DAY, position=6, hours=27)

    assert moved.readings == {"hours": D("19.5"), "cycles": D(3)}
    assert effective(unmoved, LEDGER) is unmoved
    assert effective(unmoved, None) is unmoved


def test_replay_uses_effective_points() -> None:
    """Baseline, stated anchors and accomplishments all stand at their effective points."""
    requirement = required(hours())
    baseline = Baseline(on=date(2025, 1, 2), readings={"hours": D(20)}, position=2)
    anchored = Baseline(on=date(2025, 1, 2), readings={"hours": D(20)}, position=2, anchor_readings={"hours": D(15)})
    second = done(date(2025, 1, 3), position=3, hours=30)

    def due(start: Baseline | None, *points: Accomplishment) -> Decimal | date | None:
        return places(due_points(requirement, replay(requirement, start, points, LEDGER)))["hours"]

    assert due(baseline) == D("119.5")
    assert due(anchored) == D("114.5")
    assert due(baseline, second) == D("127.5")
    assert due(Baseline(on=date(2025, 1, 2), readings={"hours": D(20)})) == D(120)


@pytest.mark.parametrize(
    ("as_of", "known_at", "expected"),
    [
        (None, None, D(230)),
        (date(2025, 2, 9), None, D(180)),
        (date(2025, 2, 10), None, D(230)),
        (date(2025, 1, 9), None, D(150)),
        (date(2025, 1, 8), None, None),
        (None, NOON + timedelta(minutes=40), D(230)),
        (None, NOON + timedelta(minutes=30), D(230)),
        (None, NOON + timedelta(minutes=29), D(180)),
        (None, NOON + timedelta(minutes=9), D(150)),
        (None, NOON + timedelta(minutes=5), D(150)),
        (None, NOON + timedelta(minutes=4), None),
    ],
)
def test_replay_of_the_past(as_of: date | None, known_at: datetime | None, expected: Decimal | None) -> None:
    """A past day leaves out what was done later, a past instant what was recorded later."""
    requirement = required(hours())
    baseline = Baseline(on=date(2025, 1, 9), readings={"hours": D(50)}, recorded_at=NOON + timedelta(minutes=5))
    points = (done(date(2025, 2, 10), moment=30, hours=130), done(date(2025, 2, 1), moment=10, hours=80))

    standing = replay(requirement, baseline, points, None, as_of=as_of, known_at=known_at)

    assert places(due_points(requirement, standing)) == {"hours": expected}


def test_replay_in_the_order_done() -> None:
    """The accomplishment done last counts, whenever it was recorded; those of one day as recorded."""
    requirement = required(hours())
    late_report = (done(date(2025, 2, 10), moment=1, hours=130), done(date(2025, 2, 1), moment=2, hours=80))
    same_day = (done(date(2025, 2, 1), moment=2, hours=85), done(date(2025, 2, 1), moment=1, hours=80))

    assert replay(requirement, None, late_report, None).limits[0].anchor == Anchor(at=D(130))
    assert replay(requirement, None, same_day, None).limits[0].anchor == Anchor(at=D(85))


def test_voided_accomplishment() -> None:
    """One voided counts no more, except in reports of what was known before."""
    requirement = required(hours())
    kept, wrong = done(date(2025, 2, 1), moment=1, hours=80), done(date(2025, 3, 1), moment=2, hours=150)
    voided = Accomplishment(
        on=wrong.on,
        readings=wrong.readings,
        position=0,
        recorded_at=wrong.recorded_at,
        voided_at=NOON + timedelta(minutes=9),
    )

    def anchor(known_at: datetime | None) -> Anchor | None:
        return replay(requirement, None, (kept, voided), None, known_at=known_at).limits[0].anchor

    assert anchor(None) == Anchor(at=D(80))
    assert anchor(NOON + timedelta(minutes=9)) == Anchor(at=D(80))
    assert anchor(NOON + timedelta(minutes=8)) == Anchor(at=D(150))


def test_replay_since_manufacture() -> None:
    """A replay measures a first accomplishment against the threshold since manufacture."""
    requirement = required(months(12, threshold=Threshold(value=D(24)), late=D(1)))
    baseline = Baseline(on=date(2025, 1, 1), accomplished=False)

    standing = replay(requirement, baseline, [done(date(2025, 6, 20))], None, manufactured_on=date(2023, 5, 31))

    assert standing.limits[0].anchor == Anchor(on=date(2025, 5, 31), day=31)
