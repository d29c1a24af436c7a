"""What may be entered into a ledger, what it then says, and every reason against what may not."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

import pytest
from attrs import evolve

from amss_domain.fleet.ledger import EntryKind, Ledger, LedgerEntry
from amss_domain.fleet.recording import (
    Decision,
    NewCorrection,
    NewMeter,
    NewUsage,
    correct,
    enter_deltas,
    enter_opening,
    enter_reading,
    replace_meter,
)
from amss_domain.shared.errors import NotFound, Refused
from amss_domain.shared.ids import UsageEntryId

TODAY = date(2025, 6, 30)
START = datetime(2025, 1, 1, 12, tzinfo=UTC)


def an_id(number: int) -> UsageEntryId:
    return UsageEntryId(UUID(int=number))


def amounts(**written: str) -> dict[str, Decimal]:
    return {meter: Decimal(amount) for meter, amount in written.items()}


class More(TypedDict, total=False):
    """The fields of usage that a test may set."""

    source: str
    external_id: str
    reason: str | None
    confirmed: bool


class Stated(TypedDict, total=False):
    """What a correction may state."""

    totals: Mapping[str, Decimal]
    deltas: Mapping[str, Decimal]


class Changed(TypedDict, total=False):
    """The fields of a replacement that a test may change."""

    occurred_on: date
    meter: str
    face_at_removal: Decimal
    face_at_start: Decimal


def usage(number: int, on: date, given: Mapping[str, Decimal], **more: Unpack[More]) -> NewUsage:
    moment = START + timedelta(hours=number)
    return NewUsage(id=an_id(number), occurred_on=on, recorded_at=moment, amounts=given, **more)


def opened(**totals: str) -> Ledger:
    """A ledger opened on 1 January 2025."""
    entry, _ = enter_opening(Ledger().head, usage(1, date(2025, 1, 1), amounts(**totals)), today=TODAY)
    return Ledger([entry])


def flown(ledger: Ledger, on: date, **deltas: str) -> Ledger:
    number = ledger.last_position + 1
    entry, _ = enter_deltas(ledger.head, usage(number, on, amounts(**deltas), confirmed=True), today=TODAY)
    return ledger.with_entry(entry)


def read(ledger: Ledger, on: date, **faces: str) -> Ledger:
    number = ledger.last_position + 1
    entry, _ = enter_reading(ledger.head, usage(number, on, amounts(**faces)), today=TODAY)
    return ledger.with_entry(entry)


def swapped(ledger: Ledger, on: date, removed_at: str, starts_at: str) -> Ledger:
    new = NewMeter(
        id=an_id(ledger.last_position + 1),
        occurred_on=on,
        recorded_at=START,
        meter="hours",
        face_at_removal=Decimal(removed_at),
        face_at_start=Decimal(starts_at),
    )
    entry, _ = replace_meter(ledger, new, today=TODAY)
    return ledger.with_entry(entry)


def correction(number: int, corrects: int, reason: str = "misread", **stated: Unpack[Stated]) -> NewCorrection:
    moment = START + timedelta(hours=number)
    return NewCorrection(id=an_id(number), corrects=an_id(corrects), recorded_at=moment, reason=reason, **stated)


def corrected(ledger: Ledger, corrects: int, **totals: str) -> Ledger:
    entry, _ = correct(ledger, correction(ledger.last_position + 1, corrects, totals=amounts(**totals)))
    return ledger.with_entry(entry)


def codes(decide: Callable[[], Decision]) -> list[str]:
    """The codes of all reasons that the decision is refused for."""
    with pytest.raises(Refused) as refusal:
        decide()
    assert all(violation.message for violation in refusal.value.violations)
    return [violation.code for violation in refusal.value.violations]


def warned(decision: Decision) -> list[str]:
    return [warning.code for warning in decision[1]]


# Openings, deltas and readings -----------------------------------------------------------------------------------


def test_opening() -> None:
    """An opening gives the meters their totals and is an absolute reading."""
    entry, warnings = enter_opening(
        Ledger().head, usage(1, date(2025, 1, 1), amounts(hours="1000.5"), source="import"), today=TODAY
    )

    assert entry == LedgerEntry(
        id=an_id(1),
        position=1,
        occurred_on=date(2025, 1, 1),
        recorded_at=START + timedelta(hours=1),
        kind=EntryKind.OPENING,
        deltas=amounts(hours="1000.5"),
        faces=amounts(hours="1000.5"),
        source="import",
    )
    assert warnings == ()


def test_opening_of_a_counted_meter() -> None:
    """A meter that has counted already is not opened again; another one still may be."""
    ledger = opened(hours="1000")

    again = usage(2, date(2025, 1, 2), amounts(hours="1100"))
    other, _ = enter_opening(ledger.head, usage(2, date(2025, 1, 2), amounts(cycles="400")), today=TODAY)

    assert codes(lambda: enter_opening(ledger.head, again, today=TODAY)) == ["already_counted"]
    assert ledger.with_entry(other).totals() == amounts(hours="1000", cycles="400")


def test_deltas() -> None:
    """Deltas add to the totals."""
    ledger = opened(hours="1000", cycles="500")

    entry, warnings = enter_deltas(
        ledger.head, usage(2, date(2025, 1, 1), amounts(hours="2.25", cycles="1"), external_id="F1"), today=TODAY
    )

    assert (entry.kind, entry.position, entry.external_id) == (EntryKind.DELTA, 2, "F1")
    assert ledger.with_entry(entry).totals() == amounts(hours="1002.25", cycles="501")
    assert warnings == ()


def test_reading() -> None:
    """A reading adds what is missing up to it, and keeps what was read."""
    ledger = opened(hours="1000", cycles="500")

    entry, warnings = enter_reading(ledger.head, usage(2, date(2025, 2, 1), amounts(hours="1024.75")), today=TODAY)

    assert entry.kind is EntryKind.READING
    assert entry.deltas == amounts(hours="24.75")
    assert entry.faces == amounts(hours="1024.75")
    assert ledger.with_entry(entry).totals() == amounts(hours="1024.75", cycles="500")
    assert warnings == ()


def test_reading_of_the_same_total() -> None:
    """Reading what is known already is no fault and adds nothing."""
    ledger = opened(hours="1000")

    entry, _ = enter_reading(ledger.head, usage(2, date(2025, 2, 1), amounts(hours="1000")), today=TODAY)

    assert entry.deltas == amounts(hours="0")


def test_reading_behind_the_total() -> None:
    """Totals only grow: a reading behind one is refused, for each meter."""
    ledger = opened(hours="1000", cycles="500")
    behind = usage(2, date(2025, 2, 1), amounts(hours="999.99", cycles="499"))

    assert codes(lambda: enter_reading(ledger.head, behind, today=TODAY)) == ["reading_behind_total"] * 2


def test_reading_between_deltas() -> None:
    """A reading of a day before later deltas is measured against the totals of its day."""
    ledger = flown(flown(opened(hours="1000"), date(2025, 2, 1), hours="10"), date(2025, 3, 1), hours="5")
    reading = usage(4, date(2025, 2, 15), amounts(hours="1012"))

    entry, _ = enter_reading(ledger.head, reading, today=TODAY, totals_on=ledger.totals(as_of=reading.occurred_on))

    assert entry.deltas == amounts(hours="2")
    assert ledger.with_entry(entry).totals() == amounts(hours="1017")
    with pytest.raises(ValueError, match="needs the totals of that day"):
        enter_reading(ledger.head, reading, today=TODAY)


def test_reading_before_a_later_reading() -> None:
    """A reading of a day before the latest one says nothing new: the later one covers it."""
    ledger = read(opened(hours="1000"), date(2025, 3, 1), hours="1020")
    reading = usage(3, date(2025, 2, 15), amounts(hours="1012"))

    assert codes(lambda: enter_reading(ledger.head, reading, today=TODAY)) == ["covered_by_reading"]


@pytest.mark.parametrize(
    ("on", "confirmed", "refused"),
    [
        (date(2025, 2, 28), False, True),
        (date(2025, 2, 28), True, False),
        (date(2025, 3, 1), False, False),
        (date(2025, 3, 2), False, False),
    ],
)
def test_delta_covered_by_a_reading(on: date, confirmed: bool, refused: bool) -> None:
    """A delta dated before the latest absolute reading counts only when confirmed; one of the same day counts."""
    ledger = read(opened(hours="1000"), date(2025, 3, 1), hours="1020")
    delta = usage(3, on, amounts(hours="2"), confirmed=confirmed)

    if refused:
        assert codes(lambda: enter_deltas(ledger.head, delta, today=TODAY)) == ["covered_by_reading"]
    else:
        entry, _ = enter_deltas(ledger.head, delta, today=TODAY)
        assert ledger.with_entry(entry).totals() == amounts(hours="1022")


def test_delta_on_the_day_of_the_opening() -> None:
    """The opening counts at the start of its day: flights of that day come on top, those before are covered."""
    ledger = opened(hours="1000")
    on_the_day = usage(2, date(2025, 1, 1), amounts(hours="3"))
    day_before = usage(2, date(2024, 12, 31), amounts(hours="3"))

    entry, _ = enter_deltas(ledger.head, on_the_day, today=TODAY)

    assert ledger.with_entry(entry).totals() == amounts(hours="1003")
    assert codes(lambda: enter_deltas(ledger.head, day_before, today=TODAY)) == ["covered_by_reading"]


@pytest.mark.parametrize("enter", [enter_opening, enter_deltas, enter_reading])
@pytest.mark.parametrize(
    ("on", "given", "expected"),
    [
        (TODAY, {}, ["no_amounts"]),
        (TODAY + timedelta(days=1), amounts(hours="1"), ["occurs_in_future"]),
        (TODAY, amounts(hours="-1"), ["invalid_amount"]),
        (TODAY, amounts(hours="1.005"), ["invalid_amount"]),
        (TODAY, amounts(hours="NaN"), ["invalid_amount"]),
        (TODAY, amounts(cycles="1.5"), ["invalid_amount"]),
        (TODAY, amounts(days="1"), ["invalid_amount"]),
        (TODAY + timedelta(days=1), amounts(hours="-1", cycles="0.1"), ["invalid_amount"] * 2 + ["occurs_in_future"]),
    ],
)
def test_malformed_usage(
    enter: Callable[..., Decision], on: date, given: Mapping[str, Decimal], expected: list[str]
) -> None:
    """Amounts that no meter counts and days to come are refused, with every reason at once."""
    head = Ledger().head

    assert codes(lambda: enter(head, usage(1, on, given), today=TODAY)) == expected


# External ids ----------------------------------------------------------------------------------------------------


def test_known_delta_counts_once() -> None:
    """The same usage under the same external id is the entry there is already, zero amounts or not."""
    ledger = flown(opened(hours="1000"), date(2025, 2, 1), hours="2.5")
    known = ledger.entries[-1]

    again = enter_deltas(
        ledger.head, usage(9, date(2025, 2, 1), amounts(hours="2.5", cycles="0")), today=TODAY, known=known
    )

    assert again == (known, ())


def test_known_reading_counts_once() -> None:
    """The same reading under the same external id is the entry there is already, though it would add nothing now."""
    ledger = read(opened(hours="1000"), date(2025, 2, 1), hours="1002.5")
    known = ledger.entries[-1]

    again = enter_reading(ledger.head, usage(9, date(2025, 2, 1), amounts(hours="1002.5")), today=TODAY, known=known)

    assert again == (known, ())


@pytest.mark.parametrize(
    ("enter", "on", "given"),
    [
        (enter_deltas, date(2025, 2, 1), amounts(hours="2.6")),
        (enter_deltas, date(2025, 2, 1), amounts(hours="2.5", cycles="1")),
        (enter_deltas, date(2025, 2, 2), amounts(hours="2.5")),
        (enter_reading, date(2025, 2, 1), amounts(hours="2.5")),
    ],
)
def test_external_id_reused(enter: Callable[..., Decision], on: date, given: Mapping[str, Decimal]) -> None:
    """Other values, another day or another kind under a known external id are refused, not counted."""
    ledger = flown(opened(hours="1000"), date(2025, 2, 1), hours="2.5")
    again = usage(9, on, given, external_id="F1")

    assert codes(lambda: enter(ledger.head, again, today=TODAY, known=ledger.entries[-1])) == ["external_id_reused"]


# Implausible entries ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_later", "hours", "implausible"),
    [
        (0, "24", False),
        (0, "24.01", True),
        (1, "48", False),
        (1, "48.01", True),
        (9, "240", False),
        (9, "240.01", True),
    ],
)
def test_more_than_a_day_holds_since_the_opening(days_later: int, hours: str, implausible: bool) -> None:
    """From the start of the opening's day to the end of a flight's, each calendar day has 24 hours."""
    ledger = opened(hours="1000")
    day = date(2025, 1, 1) + timedelta(days=days_later)

    delta = enter_deltas(ledger.head, usage(2, day, amounts(hours=hours)), today=TODAY)
    reading = enter_reading(ledger.head, usage(2, day, amounts(hours=str(1000 + Decimal(hours)))), today=TODAY)

    assert warned(delta) == warned(reading) == ["implausible_reading"] * implausible


@pytest.mark.parametrize(
    ("on", "hours", "implausible"),
    [
        (date(2025, 1, 10), "19", False),
        (date(2025, 1, 10), "19.01", True),
        (date(2025, 1, 11), "24", False),
        (date(2025, 1, 11), "24.01", True),
        (date(2025, 1, 12), "48", False),
        (date(2025, 1, 12), "48.01", True),
    ],
)
def test_more_than_a_day_holds_since_the_last_entry(on: date, hours: str, implausible: bool) -> None:
    """Entries of one day add up; an entry of a later day has the days since the last one."""
    ledger = flown(flown(opened(hours="1000"), date(2025, 1, 9), hours="1"), date(2025, 1, 10), hours="5")

    decision = enter_deltas(ledger.head, usage(4, on, amounts(hours=hours)), today=TODAY)

    assert warned(decision) == ["implausible_reading"] * implausible


def test_reading_after_weeks_then_a_flight_that_day() -> None:
    """A flight on the day of a reading that spans weeks is not held against the reading's hours."""
    ledger = read(opened(hours="1000"), date(2025, 2, 1), hours="1300")

    decision = enter_deltas(ledger.head, usage(3, date(2025, 2, 1), amounts(hours="8")), today=TODAY)

    assert warned(decision) == []


@pytest.mark.parametrize(
    ("on", "hours", "implausible"),
    [
        (date(2025, 1, 5), "120", False),
        (date(2025, 1, 5), "120.01", True),
        (date(2025, 1, 1), "24", False),
        (date(2025, 1, 1), "24.01", True),
        (date(2024, 12, 1), "500", False),
    ],
)
def test_out_of_order_delta(on: date, hours: str, implausible: bool) -> None:
    """A forgotten flight is held against the days since the latest absolute reading; before it, nothing is known."""
    ledger = flown(opened(hours="1000"), date(2025, 3, 1), hours="2")

    decision = enter_deltas(ledger.head, usage(3, on, amounts(hours=hours), confirmed=True), today=TODAY)

    assert warned(decision) == ["implausible_reading"] * implausible


def test_only_hours_have_days() -> None:
    """Cycles and landings are bound by no hours of the day; other meters of hours are."""
    ledger = opened(hours="1000", cycles="500", apu_hours="300")
    given = amounts(cycles="500", landings="500", apu_hours="30")

    decision = enter_deltas(ledger.head, usage(2, date(2025, 1, 1), given), today=TODAY)

    assert [warning.subject for warning in decision[1]] == ["apu_hours"]


def test_first_usage_without_an_opening() -> None:
    """Where nothing came before, nothing is implausible."""
    head = Ledger().head

    first, _ = enter_deltas(head, usage(1, date(2025, 1, 1), amounts(hours="400")), today=TODAY)
    second = enter_deltas(head.after(first), usage(2, date(2025, 1, 1), amounts(hours="10")), today=TODAY)

    assert warned(second) == []


@pytest.mark.parametrize(("reason", "refused"), [(None, True), ("", True), ("ferry flights entered as one", False)])
def test_implausible_refused_by_policy(reason: str | None, refused: bool) -> None:
    """Where implausible entries are refused, a reason admits them, still with the warning."""
    ledger = opened(hours="1000")
    delta = usage(2, date(2025, 1, 1), amounts(hours="25"), reason=reason)
    reading = usage(2, date(2025, 1, 1), amounts(hours="1025"), reason=reason)

    for enter, given in ((enter_deltas, delta), (enter_reading, reading)):
        if refused:
            assert codes(lambda: enter(ledger.head, given, today=TODAY, refuse_implausible=True)) == [  # noqa: B023
                "implausible_reading"
            ]
        else:
            decision = enter(ledger.head, given, today=TODAY, refuse_implausible=True)
            assert (warned(decision), decision[0].reason) == (["implausible_reading"], reason)


def test_all_reasons_at_once() -> None:
    """A covered and implausible delta is refused for both."""
    ledger = flown(read(opened(hours="1000"), date(2025, 3, 1), hours="1020"), date(2025, 3, 5), hours="3")
    delta = usage(4, date(2025, 3, 5), amounts(hours="2000"))
    covered = usage(4, date(2025, 2, 1), amounts(hours="2000"))

    assert codes(lambda: enter_deltas(ledger.head, delta, today=TODAY, refuse_implausible=True)) == [
        "implausible_reading"
    ]
    assert codes(lambda: enter_deltas(ledger.head, covered, today=TODAY)) == ["covered_by_reading"]


# Corrections -----------------------------------------------------------------------------------------------------


def test_correction() -> None:
    """A correction states what the total after the entry should have been; the difference moves all later totals."""
    ledger = flown(flown(opened(hours="1000"), date(2025, 2, 1), hours="5"), date(2025, 2, 3), hours="3")

    entry, warnings = correct(ledger, correction(4, 2, reason="block time", totals=amounts(hours="1004")))

    assert entry == LedgerEntry(
        id=an_id(4),
        position=4,
        occurred_on=date(2025, 2, 1),
        recorded_at=START + timedelta(hours=4),
        kind=EntryKind.CORRECTION,
        deltas=amounts(hours="-1"),
        corrects=an_id(2),
        corrects_position=2,
        reason="block time",
    )
    assert warnings == ()
    assert ledger.with_entry(entry).totals() == amounts(hours="1007")


def test_correction_of_what_was_added() -> None:
    """A correction may state what the entry should have added instead; both are measured from what is known now."""
    ledger = corrected(flown(opened(hours="1000"), date(2025, 2, 1), hours="5", cycles="2"), 2, hours="1004")

    entry, _ = correct(ledger, correction(4, 2, deltas=amounts(hours="4.5", cycles="3", landings="1")))

    assert entry.deltas == amounts(hours="0.5", cycles="1", landings="1")


def test_correcting_a_correction() -> None:
    """Correcting a correction corrects the original entry again."""
    ledger = corrected(flown(opened(hours="1000"), date(2025, 2, 1), hours="5"), 2, hours="1004")

    entry, _ = correct(ledger, correction(4, 3, totals=amounts(hours="1005")))

    assert (entry.corrects, entry.corrects_position) == (an_id(2), 2)
    assert ledger.with_entry(entry).totals() == amounts(hours="1005")


def test_correction_counts_corrections_of_earlier_entries() -> None:
    """The total after an entry is meant as now known, with what was corrected before it."""
    ledger = flown(flown(opened(hours="1000"), date(2025, 2, 1), hours="5"), date(2025, 2, 3), hours="3")
    ledger = corrected(ledger, 2, hours="1004")

    ledger = corrected(ledger, 3, hours="1006.5")

    assert ledger.entries[-1].deltas == amounts(hours="-0.5")
    assert ledger.totals() == amounts(hours="1006.5")


def test_correction_before_a_replacement_is_in_the_old_face() -> None:
    """An entry counted on a meter taken off since is corrected to what that meter showed."""
    ledger = read(opened(hours="1000"), date(2025, 2, 1), hours="1010")
    ledger = read(swapped(ledger, date(2025, 2, 5), "1010", "20"), date(2025, 2, 9), hours="25")

    ledger = corrected(ledger, 2, hours="1008")

    assert ledger.totals() == amounts(hours="1013")
    assert ledger.face("hours") == Decimal(25)


def test_correction_after_a_replacement_is_in_the_new_face() -> None:
    """An entry counted on the new meter is corrected to what the new meter showed."""
    ledger = read(swapped(opened(hours="1000"), date(2025, 2, 5), "1000", "20"), date(2025, 2, 9), hours="25")

    ledger = corrected(ledger, 3, hours="24")

    assert ledger.totals() == amounts(hours="1004")
    assert ledger.face("hours") == Decimal(24)


def test_correction_before_a_reading() -> None:
    """A reading replaces no meter: a correction of an earlier entry moves the face with the total."""
    ledger = read(flown(opened(hours="1000"), date(2025, 2, 1), hours="5"), date(2025, 2, 3), hours="1008")

    ledger = corrected(ledger, 2, hours="1004")

    assert ledger.totals() == amounts(hours="1007")
    assert ledger.face("hours") == ledger.head.face("hours") == Decimal(1007)


def test_correction_of_a_replacement() -> None:
    """A replacement is corrected to what the old meter showed when it was taken off."""
    ledger = read(swapped(opened(hours="1000"), date(2025, 2, 5), "1003", "20"), date(2025, 2, 9), hours="25")

    ledger = corrected(ledger, 2, hours="1002")

    assert ledger.totals() == amounts(hours="1007")
    assert ledger.face("hours") == Decimal(25)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (correction(3, 2, totals={}), ["no_amounts"]),
        (correction(3, 2, reason="  ", totals=amounts(hours="1001")), ["reason_missing"]),
        (correction(3, 2, totals=amounts(hours="-1")), ["invalid_amount"]),
        (correction(3, 2, totals=amounts(hours="1"), deltas=amounts(hours="1")), ["stated_twice"]),
        (correction(3, 2, reason="", deltas=amounts(hours="0.001")), ["invalid_amount", "reason_missing"]),
    ],
)
def test_malformed_correction(new: NewCorrection, expected: list[str]) -> None:
    """A correction needs amounts that a meter counts, each given once, and a reason."""
    ledger = flown(opened(hours="1000"), date(2025, 2, 1), hours="5")

    assert codes(lambda: correct(ledger, new)) == expected


def test_correction_below_zero() -> None:
    """No correction takes a total below zero."""
    ledger = flown(opened(hours="3"), date(2025, 2, 1), hours="5")
    too_far = correction(3, 1, totals=amounts(hours="0"))
    ledger_after = ledger.with_entry(correct(ledger, too_far)[0])

    assert ledger_after.totals() == amounts(hours="5")
    ledger = corrected(flown(opened(hours="3"), date(2025, 2, 1), hours="5"), 2, hours="0")
    assert ledger.totals() == amounts(hours="0")
    assert codes(lambda: correct(ledger, correction(4, 1, totals=amounts(hours="2")))) == ["negative_total"]


def test_correction_of_an_unknown_entry() -> None:
    """Only an entry of the ledger can be corrected."""
    with pytest.raises(NotFound):
        correct(opened(hours="3"), correction(3, 7, totals=amounts(hours="1")))


@pytest.mark.parametrize(
    ("corrects", "total", "implausible"),
    [(2, "1024", False), (2, "1024.01", True), (3, "1029", False), (3, "1029.01", True), (1, "5000", False)],
)
def test_implausible_correction(corrects: int, total: str, implausible: bool) -> None:
    """A correction that puts more into a day than it holds is accepted with a warning; an opening may be anything."""
    ledger = flown(flown(opened(hours="1000"), date(2025, 1, 1), hours="5"), date(2025, 1, 2), hours="5")

    decision = correct(ledger, correction(4, corrects, totals=amounts(hours=total)))

    assert warned(decision) == ["implausible_reading"] * implausible


@pytest.mark.parametrize(("total", "implausible"), [("1048", False), ("1048.01", True)])
def test_implausible_correction_since_the_opening(total: str, implausible: bool) -> None:
    """The opening's own day counts in full for a corrected flight of the day after."""
    ledger = flown(opened(hours="1000"), date(2025, 1, 2), hours="5")

    decision = correct(ledger, correction(3, 2, totals=amounts(hours=total)))

    assert warned(decision) == ["implausible_reading"] * implausible


# Meter replacement -----------------------------------------------------------------------------------------------


def test_replacement() -> None:
    """What the old face had run ahead of the total is added, and readings are faces of the new meter from then on."""
    ledger = swapped(opened(hours="1000", cycles="500"), date(2025, 2, 1), "1003.5", "10")

    after = read(ledger, date(2025, 2, 5), hours="14", cycles="502")

    assert ledger.totals() == amounts(hours="1003.5", cycles="500")
    assert ledger.entries[-1].faces == amounts(hours="10")
    assert after.totals() == amounts(hours="1007.5", cycles="502")


def test_replacement_of_a_replacement() -> None:
    """The face at removal is that of the meter in use."""
    ledger = swapped(opened(hours="1000"), date(2025, 2, 1), "1000", "10")

    ledger = swapped(ledger, date(2025, 2, 2), "12", "0")

    assert ledger.totals() == amounts(hours="1002")
    assert ledger.face("hours") == 0


def test_forgotten_flight_before_a_replacement() -> None:
    """The face at removal covers earlier days as a reading does."""
    ledger = swapped(opened(hours="1000"), date(2025, 2, 1), "1000", "10")
    forgotten = usage(3, date(2025, 1, 31), amounts(hours="2"))

    assert codes(lambda: enter_deltas(ledger.head, forgotten, today=TODAY)) == ["covered_by_reading"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"face_at_removal": Decimal(1004)}, ["reading_behind_total"]),
        ({"occurred_on": date(2025, 1, 31)}, ["usage_after_replacement"]),
        ({"occurred_on": TODAY + timedelta(days=1)}, ["occurs_in_future"]),
        ({"face_at_start": Decimal(-1)}, ["invalid_amount"]),
        ({"meter": "days"}, ["invalid_amount"]),
        (
            {"occurred_on": date(2025, 1, 31), "face_at_removal": Decimal(1)},
            ["usage_after_replacement", "reading_behind_total"],
        ),
    ],
)
def test_refused_replacement(change: Changed, expected: list[str]) -> None:
    """A replacement before later entries, or behind the total, is refused with every reason."""
    ledger = flown(opened(hours="1000"), date(2025, 2, 1), hours="5")
    sound = NewMeter(
        id=an_id(3),
        occurred_on=date(2025, 2, 1),
        recorded_at=START,
        meter="hours",
        face_at_removal=Decimal(1005),
    )

    assert codes(lambda: replace_meter(ledger, evolve(sound, **change), today=TODAY)) == expected


@pytest.mark.parametrize(("refuse", "reason"), [(False, None), (True, "three weeks of ferry flights"), (True, None)])
def test_implausible_replacement(refuse: bool, reason: str | None) -> None:
    """A face at removal far ahead is doubted as a reading is."""
    ledger = opened(hours="1000")
    new = NewMeter(
        id=an_id(2),
        occurred_on=date(2025, 1, 1),
        recorded_at=START,
        meter="hours",
        face_at_removal=Decimal("1024.01"),
        reason=reason,
    )

    if refuse and not reason:
        assert codes(lambda: replace_meter(ledger, new, today=TODAY, refuse_implausible=True)) == [
            "implausible_reading"
        ]
    else:
        assert warned(replace_meter(ledger, new, today=TODAY, refuse_implausible=refuse)) == ["implausible_reading"]
        assert warned(replace_meter(ledger, new, today=TODAY)) == ["implausible_reading"]
