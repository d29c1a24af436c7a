"""The trace says in a planner's words what the engine has worked out."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

from attrs import evolve

from amss_domain.fleet.ledger import EntryKind, Ledger, LedgerEntry
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Since, Threshold
from amss_domain.scheduling.standing import Accomplishment, Baseline
from amss_domain.scheduling.trace import explain
from amss_domain.shared.ids import UsageEntryId

D = Decimal
NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
JANUARY, FEBRUARY, MARCH = date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)


class More(TypedDict, total=False):
    """The fields of an entry that only some kinds have."""

    corrects: UsageEntryId
    corrects_position: int
    reason: str
    faces: Mapping[str, Decimal]


def an_entry(position: int, on: date, kind: EntryKind, deltas: Mapping[str, str], **more: Unpack[More]) -> LedgerEntry:
    return LedgerEntry(
        id=UsageEntryId(UUID(int=position)),
        position=position,
        occurred_on=on,
        recorded_at=NOON + timedelta(hours=position),
        kind=kind,
        deltas={meter: D(delta) for meter, delta in deltas.items()},
        **more,
    )


OPENED = an_entry(1, JANUARY, EntryKind.OPENING, {"hours": "1000", "cycles": "500"})
FLOWN = an_entry(2, FEBRUARY, EntryKind.DELTA, {"hours": "105.2", "cycles": "1"})
CORRECTED = an_entry(
    3, FEBRUARY, EntryKind.CORRECTION, {"hours": "-1"}, corrects=FLOWN.id, corrects_position=2, reason="block time"
)
LEDGER = Ledger([OPENED, FLOWN])

HOURS = Limit(name="hours", unit="hours", interval=D(100))
KNOWN = Baseline(on=JANUARY, readings={"hours": D(1000)}, position=1)


def required(*limits: Limit, combine: Combine = Combine.FIRST) -> Requirement:
    return Requirement(limits=limits or (HOURS,), combine=combine)


def done(on: date, position: int = 2, **readings: str) -> Accomplishment:
    totals = {meter: D(reading) for meter, reading in readings.items()}
    return Accomplishment(on=on, readings=totals, position=position, recorded_at=NOON + timedelta(hours=position))


def test_from_a_known_accomplishment() -> None:
    """A trace goes from the ledger and the baseline by the arithmetic to the status, and cites its source."""
    lines = explain(required(), KNOWN, [], LEDGER, as_of=JANUARY, origin="logbook page 7", citation="14 CFR 91.409(b)")

    assert lines == (
        "Ledger on 2025-01-01: 1000 hours, the sum of 1 entry.",
        "Last known accomplishment: 2025-01-01, 1000 hours (logbook page 7).",
        "hours: due at 1100 = 1000 + interval of 100 hours.",
        "hours: 100 hours left: ok.",
        "The requirement is ok.",
        "Source: 14 CFR 91.409(b).",
    )


def test_after_late_work() -> None:
    """Late work is told with the rule that gave the new anchor, and by how much it was a breach."""
    lines = explain(required(), KNOWN, [done(FEBRUARY, hours="1105.2")], LEDGER, as_of=FEBRUARY)

    assert lines == (
        "Ledger on 2025-02-01: 1105.2 hours, the sum of 2 entries.",
        "Last known accomplishment: 2025-01-01, 1000 hours.",
        "Last done on 2025-02-01 at 1105.2 hours.",
        "hours: was due at 1100 and done at 1105.2, after it: counts from 1105.2.",
        "hours: done 5.2 hours past due and grace, which is a breach.",
        "hours: due at 1205.2 = 1105.2 + interval of 100 hours.",
        "hours: 100 hours left: ok.",
        "The requirement is ok.",
    )


def on_rule(limit: Limit, point: Accomplishment) -> list[str]:
    lines = explain(required(limit), KNOWN, [point], LEDGER, as_of=MARCH)
    return [line for line in lines if "was due at" in line or "no due point was known" in line]


def test_each_rule() -> None:
    """Each rule of windows is told with the window and what counts from now on."""
    window = Limit(name="h", unit="hours", interval=D(100), early=D(10), late=D(1))
    kept = Limit(name="h", unit="hours", interval=D(100), late=D(1), beyond=Beyond.DUE)
    monthly = Limit(name="m", unit="months", interval=D(1), early=D(1), late=D(2))

    assert on_rule(HOURS, done(FEBRUARY, hours="1080")) == [
        "hours: was due at 1100 and done at 1080, before it: counts from 1080."
    ]
    assert on_rule(HOURS, done(FEBRUARY, hours="1100")) == ["hours: was due at 1100 and done at 1100: 1100 is kept."]
    assert on_rule(window, done(FEBRUARY, hours="1089")) == [
        "h: was due at 1100 and done at 1089, more than 10 hours before it: counts from 1089."
    ]
    assert on_rule(window, done(FEBRUARY, hours="1100.5")) == [
        "h: was due at 1100 and done at 1100.5, inside the window of 10 before to 1 hour after it: 1100 is kept."
    ]
    assert on_rule(window, done(FEBRUARY, hours="1102")) == [
        "h: was due at 1100 and done at 1102, more than 1 hour after it: counts from 1102."
    ]
    assert on_rule(kept, done(FEBRUARY, hours="1102")) == [
        "h: was due at 1100 and done at 1102, more than 1 hour after it: counts from 1100, so the excess is included."
    ]
    assert on_rule(monthly, done(date(2025, 2, 20))) == [
        "m: was due at 2025-02-01 and done at 2025-02-20, inside the window of 1 before to 2 months after it: "
        "2025-02-01 is kept."
    ]
    assert on_rule(HOURS, done(FEBRUARY)) == [
        "hours: was due at 1100 and done without a reading of hours, so counting starts nowhere."
    ]


def test_nothing_known() -> None:
    """Without a baseline the trace says what is missing, and that unknown is not fine."""
    lines = explain(required(), None, [], LEDGER, as_of=JANUARY, origin="imported without one")

    assert lines[1:] == (
        "There is no baseline (imported without one): nothing says when this was last done, so no due point is known.",
        "hours: no due point, since there is no baseline for hours.",
        "The requirement is unknown.",
    )


def test_first_completion_after_nothing_known() -> None:
    """What was done first is where counting starts, and the missing baseline is no matter any more."""
    lines = explain(required(), None, [done(FEBRUARY, hours="1105.2")], LEDGER, as_of=FEBRUARY)

    assert lines[1:3] == (
        "Last done on 2025-02-01 at 1105.2 hours.",
        "hours: no due point was known; counting starts at 1105.2.",
    )


def test_corrections_are_told() -> None:
    """Corrections are listed with their reasons, and what they moved is told as written and as it stands."""
    ledger = LEDGER.with_entry(CORRECTED)
    baseline = Baseline(on=FEBRUARY, readings={"hours": D("1105.2")}, position=2)

    from_baseline = explain(required(), baseline, [], ledger, as_of=FEBRUARY)
    from_completion = explain(required(), KNOWN, [done(FEBRUARY, hours="1105.2")], ledger, as_of=FEBRUARY)
    known_before = explain(required(), baseline, [], ledger, as_of=FEBRUARY, known_at=FLOWN.recorded_at)

    assert from_baseline[:4] == (
        "Ledger on 2025-02-01: 1104.2 hours, the sum of 3 entries.",
        "Entry 2 of 2025-02-01 was corrected by -1 hour: block time.",
        "Last known accomplishment: 2025-02-01, 1104.2 hours.",
        "It was written as 1105.2 hours; corrections recorded since moved it.",
    )
    assert from_completion[3:5] == (
        "Last done on 2025-02-01 at 1104.2 hours.",
        "It was written as 1105.2 hours; corrections recorded since moved it.",
    )
    cycles = Limit(name="cycles", unit="cycles", interval=D(10))
    assert not any("corrected" in line for line in explain(required(cycles), KNOWN, [], ledger, as_of=FEBRUARY))
    assert known_before[:2] == (
        "Ledger on 2025-02-01, as known at 2025-01-01T14:00:00+00:00: 1105.2 hours, the sum of 2 entries.",
        "Last known accomplishment: 2025-02-01, 1105.2 hours.",
    )


def test_the_order_of_a_mapping_does_not_show() -> None:
    """Hours come first, then cycles, then the other meters by name, however a backend returned them."""
    readings = {"landings": D(3), "cycles": D(2), "apu_hours": D(4), "hours": D(1)}

    trace = explain(required(), Baseline(on=FEBRUARY, readings=readings), [], LEDGER, as_of=FEBRUARY)

    assert any("1 hour, 2 cycles, 4 apu hours, 3 landings" in line for line in trace)


def test_stated_anchor() -> None:
    """Where the next interval was stated to count from something else, the trace says so."""
    limits = (HOURS, Limit(name="days", unit="days", interval=D(30)))
    baseline = Baseline(
        on=FEBRUARY,
        readings={"hours": D(1000)},
        anchor_on=date(2025, 1, 20),
        anchor_readings={"hours": D(990)},
    )

    lines = explain(required(*limits), baseline, [], LEDGER, as_of=FEBRUARY)

    assert lines[2] == "The next interval counts from 2025-01-20, 990 hours instead, as stated."
    assert lines[3] == "hours: due at 1090 = 990 + interval of 100 hours."
    assert "days: due at 2025-02-19 = 2025-01-20 + interval of 30 days." in lines
    day_alone = explain(required(*limits), evolve(baseline, anchor_readings={}), [], LEDGER, as_of=FEBRUARY)
    assert day_alone[2] == "The next interval counts from 2025-01-20 instead, as stated."


def test_arithmetic_of_each_unit() -> None:
    """The arithmetic names the unit's rule: to a day of the month, to the end of one, since new, since manufacture."""
    limits = (
        Limit(name="m", unit="months", interval=D(1)),
        Limit(name="c", unit="calendar_months", interval=D(12)),
        Limit(name="new", unit="cycles", threshold=Threshold(value=D(24_000))),
        Limit(name="since", unit="cycles", threshold=Threshold(value=D(600), since=Since.BASELINE)),
        Limit(name="built", unit="months", threshold=Threshold(value=D(72))),
    )
    baseline = Baseline(on=date(2025, 1, 31), readings={"cycles": D(500)}, accomplished=False)

    def due_lines(manufactured_on: date | None = None) -> list[str]:
        lines = explain(required(*limits), baseline, [], LEDGER, as_of=FEBRUARY, manufactured_on=manufactured_on)
        assert lines[1] == "Counted from: 2025-01-31, 500 cycles."
        return [line for line in lines if ": due at" in line or "no due point" in line]

    assert due_lines(manufactured_on=date(2020, 5, 30)) == [
        "m: due at 2025-02-28 = 2025-01-31 + interval of 1 month, to day 31 of the month or its end.",
        "c: due at 2026-01-31 = 2025-01-31 + interval of 12 calendar months, to the end of the month.",
        "new: due at 24000 = 0 (new) + threshold of 24000 cycles.",
        "since: due at 1100 = 500 + threshold of 600 cycles.",
        "built: due at 2026-05-30 = 2020-05-30 (manufacture) + threshold of 72 months, "
        "to day 30 of the month or its end.",
    ]
    assert due_lines()[-1] == "built: no due point, since there is no manufacture date for months."


def test_status_of_each_kind() -> None:
    """What is left is told with the status and the margin that made it so."""

    def status_line(start: str, grace: Decimal = HOURS.grace, warn: Decimal | None = None) -> str:
        limit = Limit(name="h", unit="hours", interval=D(100), grace=grace, warn=warn)
        lines = explain(required(limit), Baseline(on=None, readings={"hours": D(start)}), [], LEDGER, as_of=FEBRUARY)
        assert lines[1] == f"Last known accomplishment: {start} hours."
        return lines[3]

    assert status_line("1015.2") == "h: 10 hours left: due soon (within 10 % of 100 hours)."
    assert status_line("1006.2", warn=D(1)) == "h: 1 hour left: due soon (within 1 hour)."
    assert status_line("1005.2") == "h: 0 hours left: due, and any more would pass it."
    assert status_line("1000.2", grace=D(5)) == "h: 5 hours past due: past due, within grace (grace 5 hours)."
    assert status_line("1000") == "h: 5.2 hours past due: overdue (grace 0 hours)."


def test_days_left() -> None:
    """Calendar limits are told in days whatever their unit, their grace in the unit."""
    limit = Limit(name="m", unit="months", interval=D(1), grace=D(1), warn=D(9))

    def status_line(as_of: date) -> str:
        return explain(required(limit), Baseline(on=JANUARY), [], Ledger(), as_of=as_of)[2]

    assert status_line(date(2025, 1, 31)) == "m: 1 day left: due soon (within 9 days)."
    assert status_line(date(2025, 2, 2)) == "m: 1 day past due: past due, within grace (grace 1 month)."


def test_kept_into_the_past() -> None:
    """A due point kept while the overrun exceeds the interval is past due at once, and the trace says so."""
    limit = Limit(name="h", unit="hours", interval=D(50), beyond=Beyond.DUE)
    said = "h: the due point was kept and the overrun exceeds the interval, so it was past due at once."

    over = explain(required(limit), KNOWN, [done(FEBRUARY, hours="1105.2")], LEDGER, as_of=FEBRUARY)
    exactly = explain(required(limit), KNOWN, [done(FEBRUARY, hours="1100")], LEDGER, as_of=FEBRUARY)

    assert said in over
    assert said not in exactly


def test_kept_into_the_past_by_date() -> None:
    """A due date kept is past due at once only when the next one lies before the day of the work."""
    limit = Limit(name="d", unit="days", interval=D(10), beyond=Beyond.DUE)

    def at_once(on: date) -> bool:
        lines = explain(required(limit), Baseline(on=JANUARY), [done(on)], Ledger(), as_of=on)
        return any("past due at once" in line for line in lines)

    assert not at_once(date(2025, 1, 21))
    assert at_once(date(2025, 1, 22))


def test_replaced_meter() -> None:
    """After a replacement the trace says what the new meter's face will show."""
    swap = an_entry(3, FEBRUARY, EntryKind.METER_REPLACEMENT, {"hours": "0"}, faces={"hours": D(10)})

    lines = explain(required(), KNOWN, [], LEDGER.with_entry(swap), as_of=FEBRUARY)

    assert "hours: the meter was replaced; its face will show 4.8 then." in lines
    assert not any("replaced" in line for line in explain(required(), KNOWN, [], LEDGER, as_of=FEBRUARY))


def test_one_time_limit_done() -> None:
    """A limit that asked once is told as done, and a requirement of only such limits has nothing more due."""
    once = Limit(name="once", unit="hours", threshold=Threshold(value=D(2000)))

    lines = explain(required(once), KNOWN, [], LEDGER, as_of=FEBRUARY)

    assert lines[2:] == (
        "once: done once, which was all it asked for; nothing more falls due.",
        "Nothing more falls due.",
    )


def test_several_limits() -> None:
    """With several limits the last line says how they combine, which one decides and by what."""
    cycles = Limit(name="cycles", unit="cycles", interval=D(1000))
    baseline = Baseline(on=JANUARY, readings={"hours": D(1080), "cycles": D(500)})
    facts: tuple[Baseline, list[Accomplishment], Ledger] = (baseline, [], LEDGER)
    plan = Utilisation.constant({"hours": D(1), "cycles": D(100)})
    half = Utilisation.constant({"hours": D(1)})

    first = explain(required(HOURS, cycles), *facts, as_of=FEBRUARY)
    last = explain(required(HOURS, cycles, combine=Combine.LAST), *facts, as_of=FEBRUARY)
    planned = explain(required(HOURS, cycles), *facts, as_of=FEBRUARY, utilisation=plan)
    half_planned = explain(required(HOURS, cycles), *facts, as_of=FEBRUARY, utilisation=half)

    assert first[-1] == "Whichever comes first of 2 limits: ok; hours decides, by what remains."
    assert last[-1] == "Whichever comes last of 2 limits: ok; cycles decides, by what remains."
    assert planned[-1] == "Whichever comes first of 2 limits: ok; cycles decides, by projected date."
    assert "cycles: planned use passes it on 2025-02-10." in planned
    assert half_planned[-1] == "Whichever comes first of 2 limits: ok; hours decides, by what remains."


def test_the_only_limit_of_its_status() -> None:
    """Where one limit alone makes the status, or nothing is known of it, the last line names it as the cause."""
    cycles = Limit(name="cycles", unit="cycles", interval=D(1))
    known = Baseline(on=JANUARY, readings={"hours": D(1080), "cycles": D(500)})
    partly = Baseline(on=JANUARY, readings={"hours": D(1080)})

    overdue = explain(required(HOURS, cycles), known, [], LEDGER, as_of=FEBRUARY)
    unknown = explain(required(HOURS, cycles), partly, [], LEDGER, as_of=FEBRUARY)

    landings = Limit(name="landings", unit="cycles", interval=D(1))
    two_of_three = explain(required(HOURS, cycles, landings), known, [], LEDGER, as_of=FEBRUARY)

    assert overdue[-1] == "Whichever comes first of 2 limits: due, because of cycles."
    assert two_of_three[-1] == "Whichever comes first of 3 limits: due; cycles decides, by what remains."
    assert unknown[-1] == "Whichever comes first of 2 limits: unknown, because of cycles."


def test_dates_decide_by_themselves() -> None:
    """Dates among themselves decide as dates, without a plan and without a projection of their own."""
    days = Limit(name="days", unit="days", interval=D(90))
    months = Limit(name="months", unit="months", interval=D(12))

    lines = explain(required(days, months), Baseline(on=JANUARY), [], Ledger(), as_of=JANUARY)

    assert lines[-1] == "Whichever comes first of 2 limits: ok; days decides, by projected date."
    assert not any("planned use" in line for line in lines)


def test_second_completion() -> None:
    """A later completion is told against the due point that the one before it gave."""
    points = [done(FEBRUARY, hours="1050"), done(MARCH, hours="1105.2")]

    lines = explain(required(), KNOWN, points, LEDGER, as_of=MARCH)

    assert lines[2:4] == (
        "Last done on 2025-03-01 at 1105.2 hours, the 2. time on record.",
        "hours: was due at 1150 and done at 1105.2, before it: counts from 1105.2.",
    )


def test_meter_never_counted() -> None:
    """A meter that the ledger does not know leaves what remains unknown."""
    landings = Limit(name="landings", unit="landings", interval=D(10))

    lines = explain(required(landings), Baseline(on=JANUARY, readings={"landings": D(5)}), [], LEDGER, as_of=FEBRUARY)

    assert "landings: the ledger has no landings, so what remains is unknown, which is never treated as fine." in lines
