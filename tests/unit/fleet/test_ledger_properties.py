"""Laws of the ledger that hold whatever is entered, in whatever order."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from amss_domain.shared.errors import Refused
from amss_domain.shared.ids import UsageEntryId

FIRST_DAY = date(2025, 1, 1)
TODAY = date(2026, 1, 1)
START = datetime(2025, 1, 1, tzinfo=UTC)
METERS = ("hours", "cycles")

Action: TypeAlias = (
    tuple[Literal["delta"], date, dict[str, Decimal]]
    | tuple[Literal["reading"], date, dict[str, Decimal]]
    | tuple[Literal["correct"], int, dict[str, Decimal]]
    | tuple[Literal["swap"], date, Decimal]
)

# A busy machine is slow, not wrong.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

hours = st.integers(0, 3000).map(lambda hundredths: Decimal(hundredths).scaleb(-2))
cycles = st.integers(0, 20).map(Decimal)
amounts = st.fixed_dictionaries({}, optional={"hours": hours, "cycles": cycles}).filter(bool)
days = st.integers(0, 60).map(lambda number: FIRST_DAY + timedelta(days=number))
actions = st.lists(
    st.one_of(
        st.tuples(st.just("delta"), days, amounts),
        st.tuples(st.just("reading"), days, amounts),
        st.tuples(st.just("correct"), st.integers(1, 30), amounts),
        st.tuples(st.just("swap"), days, hours),
    ),
    max_size=14,
)


def moment(number: int) -> datetime:
    return START + timedelta(minutes=number)


def usage(number: int, on: date, given_amounts: dict[str, Decimal]) -> NewUsage:
    new_id = UsageEntryId(UUID(int=number))
    return NewUsage(id=new_id, occurred_on=on, recorded_at=moment(number), amounts=given_amounts, confirmed=True)


def decide(ledger: Ledger, action: Action) -> Decision:
    number = ledger.last_position + 1
    new_id, at = UsageEntryId(UUID(int=number)), moment(number)
    match action:
        case ("delta", on, deltas):
            return enter_deltas(ledger.head, usage(number, on, deltas), today=TODAY)
        case ("reading", on, added):
            totals_on = ledger.totals(as_of=on)
            faces = {meter: ledger.face(meter, as_of=on) + more for meter, more in added.items()}
            return enter_reading(ledger.head, usage(number, on, faces), today=TODAY, totals_on=totals_on)
        case ("correct", position, right):
            target = ledger.entries[(position - 1) % len(ledger.entries)]
            new = NewCorrection(id=new_id, corrects=target.id, recorded_at=at, reason="misread", deltas=right)
            return correct(ledger, new)
        case ("swap", on, starts_at):
            meter = NewMeter(
                id=new_id,
                occurred_on=max(on, ledger.head.latest_on or on),
                recorded_at=at,
                meter="hours",
                face_at_removal=ledger.face("hours") + Decimal("0.5"),
                face_at_start=starts_at,
            )
            return replace_meter(ledger, meter, today=TODAY)


def told(story: list[Action]) -> Ledger:
    """The ledger after every action of the story that was not refused."""
    opening, _ = enter_opening(
        Ledger().head, usage(1, FIRST_DAY, {"hours": Decimal(1000), "cycles": Decimal(500)}), today=TODAY
    )
    ledger = Ledger([opening])
    for action in story:
        try:
            entry, _ = decide(ledger, action)
        except Refused:
            continue
        ledger = ledger.with_entry(entry)
    return ledger


@patiently
@given(actions)
def test_head_stands_for_the_ledger(story: list[Action]) -> None:
    """Folding the entries one by one gives what the whole ledger says: totals, faces, positions and days."""
    ledger = told(story)

    head = ledger.head

    assert head.totals == ledger.totals()
    assert {meter: head.face(meter) for meter in METERS} == {meter: ledger.face(meter) for meter in METERS}
    assert head.last_position == ledger.last_position
    assert head.latest_reading_on == ledger.latest_reading_on
    assert head.latest_on == max(entry.occurred_on for entry in ledger.entries)


@patiently
@given(actions)
def test_faces_and_totals_convert_both_ways(story: list[Action]) -> None:
    """A face read off and a total counted are the same fact."""
    ledger = told(story)

    for meter in METERS:
        total = ledger.totals()[meter] + 100
        assert ledger.total_of(ledger.face_of(total, meter), meter) == total
        assert ledger.head.total_of(ledger.face_of(total, meter), meter) == total


@patiently
@given(actions, st.integers(0, 15))
def test_known_at_is_the_ledger_as_it_stood(story: list[Action], position: int) -> None:
    """What was known at an instant is exactly what the ledger said then, for every day asked about."""
    ledger = told(story)
    then = Ledger(ledger.entries[:position])
    known_at = moment(position)

    for as_of in (None, FIRST_DAY, FIRST_DAY + timedelta(days=30)):
        assert ledger.totals(as_of=as_of, known_at=known_at) == then.totals(as_of=as_of)
        assert ledger.face("hours", as_of=as_of, known_at=known_at) == then.face("hours", as_of=as_of)


@patiently
@given(actions, st.integers(0, 20), amounts)
def test_correct_then_revert(story: list[Action], number: int, wrong: dict[str, Decimal]) -> None:
    """Correcting an entry and putting it back restores every total, face and shift."""
    ledger = told(story)
    target = ledger.entries[number % len(ledger.entries)]
    place = target.place
    right = {
        meter: sum(
            (entry.deltas.get(meter, Decimal(0)) for entry in ledger.entries if entry.place == place), Decimal(0)
        )
        for meter in wrong
    }

    try:
        corrected = ledger.with_entry(decide(ledger, ("correct", target.position, wrong))[0])
        reverted = corrected.with_entry(decide(corrected, ("correct", target.position, right))[0])
    except Refused:
        # Totals can't fall below zero, and an entry already corrected below zero can't be stated again.
        return

    assert reverted.totals() == ledger.totals()
    assert [reverted.face(meter) for meter in METERS] == [ledger.face(meter) for meter in METERS]
    assert _without_zeros(reverted.shift(0)) == _without_zeros(ledger.shift(0))
    for position in range(1, ledger.last_position + 1):
        assert _without_zeros(reverted.shift(position)) == _without_zeros(ledger.shift(position))


@patiently
@given(actions)
def test_totals_only_grow_but_for_corrections(story: list[Action]) -> None:
    """No entry but a correction makes a total smaller."""
    ledger = told(story)

    growing = [entry for entry in ledger.entries if entry.kind is not EntryKind.CORRECTION]

    assert all(delta >= 0 for entry in growing for delta in entry.deltas.values())
    assert all(total >= 0 for total in ledger.totals().values())


@patiently
@given(st.lists(st.tuples(days, amounts), min_size=2, max_size=8), st.data())
def test_order_of_deltas(flights: list[tuple[date, dict[str, Decimal]]], data: st.DataObject) -> None:
    """Deltas imported in another order give the same totals on every day."""
    shuffled = data.draw(st.permutations(flights))

    one, other = (told([("delta", on, deltas) for on, deltas in order]) for order in (flights, shuffled))

    for number in range(0, 61, 5):
        as_of = FIRST_DAY + timedelta(days=number)
        assert one.totals(as_of=as_of) == other.totals(as_of=as_of)
    assert one.totals() == other.totals()


def _without_zeros(readings: dict[str, Decimal]) -> dict[str, Decimal]:
    return {meter: amount for meter, amount in readings.items() if amount}


def test_the_stories_reach_every_kind() -> None:
    """The generated actions are entered, not all refused."""
    story: list[Action] = [
        ("delta", FIRST_DAY, {"hours": Decimal(2)}),
        ("reading", FIRST_DAY + timedelta(days=3), {"hours": Decimal(1)}),
        ("swap", FIRST_DAY + timedelta(days=5), Decimal(7)),
        ("correct", 2, {"hours": Decimal(1)}),
    ]

    entries: tuple[LedgerEntry, ...] = told(story).entries

    assert {entry.kind for entry in entries} == set(EntryKind)
