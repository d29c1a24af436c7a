"""The ledger: sums, days past, what was known when, faces of meters, and the head that stands for it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from amss_domain.fleet.ledger import EntryKind, LastDay, Ledger, LedgerEntry, LedgerHead, MeterFace
from amss_domain.shared.ids import UsageEntryId

START = datetime(2025, 1, 1, 12, tzinfo=UTC)


def an_entry(
    position: int,
    on: date,
    deltas: Mapping[str, str],
    kind: EntryKind = EntryKind.DELTA,
    *,
    faces: Mapping[str, str] | None = None,
    corrects: int | None = None,
) -> LedgerEntry:
    """An entry recorded `position` hours after the start."""
    return LedgerEntry(
        id=UsageEntryId(UUID(int=position)),
        position=position,
        occurred_on=on,
        recorded_at=START + timedelta(hours=position),
        kind=kind,
        deltas={meter: Decimal(delta) for meter, delta in deltas.items()},
        faces={meter: Decimal(face) for meter, face in (faces or {}).items()},
        corrects=None if corrects is None else UsageEntryId(UUID(int=corrects)),
        corrects_position=corrects,
    )


OPENED = an_entry(1, date(2025, 1, 1), {"hours": "1000", "cycles": "500"}, EntryKind.OPENING)
FLOWN = an_entry(2, date(2025, 1, 5), {"hours": "2.5", "cycles": "1"})
FLOWN_LATER = an_entry(3, date(2025, 1, 7), {"hours": "1.25", "cycles": "2"})
CORRECTED = an_entry(4, date(2025, 1, 5), {"hours": "-0.5"}, EntryKind.CORRECTION, corrects=2)


def test_totals() -> None:
    """Totals are the sums of all entries, whatever order they are given in."""
    ledger = Ledger([CORRECTED, FLOWN_LATER, FLOWN, OPENED])

    totals = ledger.totals()

    assert totals == {"hours": Decimal("1003.25"), "cycles": Decimal(503)}


def test_totals_of_nothing() -> None:
    """A ledger without entries names no meter."""
    ledger = Ledger()

    assert ledger.totals() == {}
    assert ledger.last_position == 0
    assert ledger.latest_reading_on is None
    assert ledger.head == LedgerHead()
    assert ledger.face("hours") == 0


@pytest.mark.parametrize(
    ("as_of", "hours"),
    [
        (date(2024, 12, 31), None),
        (date(2025, 1, 1), "1000"),
        (date(2025, 1, 4), "1000"),
        (date(2025, 1, 5), "1002"),
        (date(2025, 1, 7), "1003.25"),
        (date(2025, 1, 8), "1003.25"),
    ],
)
def test_totals_as_of(as_of: date, hours: str | None) -> None:
    """A past day has the entries up to and including it, and the corrections of those."""
    ledger = Ledger([OPENED, FLOWN, FLOWN_LATER, CORRECTED])

    total = ledger.totals(as_of=as_of).get("hours")

    assert total == (None if hours is None else Decimal(hours))


@pytest.mark.parametrize(
    ("known_at", "hours"),
    [
        (START, None),
        (OPENED.recorded_at, "1000"),
        (FLOWN.recorded_at, "1002.5"),
        (FLOWN_LATER.recorded_at, "1003.75"),
        (CORRECTED.recorded_at - timedelta(microseconds=1), "1003.75"),
        (CORRECTED.recorded_at, "1003.25"),
    ],
)
def test_totals_known_at(known_at: datetime, hours: str | None) -> None:
    """What was known at an instant are the entries recorded up to and including it."""
    ledger = Ledger([OPENED, FLOWN, FLOWN_LATER, CORRECTED])

    total = ledger.totals(known_at=known_at).get("hours")

    assert total == (None if hours is None else Decimal(hours))


def test_totals_of_a_day_as_known_at_an_instant() -> None:
    """Day and instant limit the entries together."""
    ledger = Ledger([OPENED, FLOWN, FLOWN_LATER, CORRECTED])

    totals = ledger.totals(as_of=date(2025, 1, 6), known_at=FLOWN_LATER.recorded_at)

    assert totals == {"hours": Decimal("1002.5"), "cycles": Decimal(501)}


@pytest.mark.parametrize(
    ("position", "shift"),
    [
        (0, {}),
        (1, {}),
        (2, {"hours": Decimal("-0.5")}),
        (3, {"hours": Decimal("-0.5")}),
        (4, {}),
    ],
)
def test_shift(position: int, shift: Mapping[str, Decimal]) -> None:
    """Only corrections recorded later of entries recorded up to there move what was written there."""
    ledger = Ledger([OPENED, FLOWN, FLOWN_LATER, CORRECTED])

    assert ledger.shift(position) == shift


def test_shift_known_at() -> None:
    """A correction that was not recorded yet moves nothing."""
    ledger = Ledger([OPENED, FLOWN, FLOWN_LATER, CORRECTED])

    assert ledger.shift(3, known_at=FLOWN_LATER.recorded_at) == {}


def test_latest_reading_on() -> None:
    """Openings, readings and replacements state a total; deltas and corrections do not."""
    reading = an_entry(3, date(2025, 1, 3), {"hours": "1"}, EntryKind.READING)
    replacement = an_entry(5, date(2025, 1, 9), {"hours": "0"}, EntryKind.METER_REPLACEMENT, faces={"hours": "0"})

    assert Ledger([OPENED, FLOWN]).latest_reading_on == date(2025, 1, 1)
    assert Ledger([OPENED, FLOWN, reading, CORRECTED]).latest_reading_on == date(2025, 1, 3)
    assert Ledger([OPENED, FLOWN, reading, CORRECTED, replacement]).latest_reading_on == date(2025, 1, 9)


def test_entry_by_id() -> None:
    """An entry is found by its id; one of another ledger is not."""
    ledger = Ledger([OPENED, FLOWN])

    assert ledger.entry(FLOWN.id) == FLOWN
    assert ledger.entry(CORRECTED.id) is None


SWAPPED = an_entry(3, date(2025, 1, 6), {"hours": "0.5"}, EntryKind.METER_REPLACEMENT, faces={"hours": "10"})
FLOWN_ON_NEW = an_entry(4, date(2025, 1, 6), {"hours": "4"})


def test_face_after_a_replacement() -> None:
    """The face counts from the new meter's start while the total runs on."""
    ledger = Ledger([OPENED, FLOWN, SWAPPED, FLOWN_ON_NEW])

    assert ledger.totals()["hours"] == Decimal(1007)
    assert ledger.face("hours") == Decimal(14)
    assert ledger.face_of(Decimal(1100), "hours") == Decimal(107)
    assert ledger.total_of(Decimal(107), "hours") == Decimal(1100)


def test_face_before_a_replacement() -> None:
    """On a day, or at an instant, before the replacement the old meter showed the total."""
    ledger = Ledger([OPENED, FLOWN, SWAPPED, FLOWN_ON_NEW])

    assert ledger.face("hours", as_of=date(2025, 1, 5)) == Decimal("1002.5")
    assert ledger.face("hours", known_at=FLOWN.recorded_at) == Decimal("1002.5")
    assert ledger.face_of(Decimal(1100), "hours", as_of=date(2025, 1, 5)) == Decimal(1100)
    assert ledger.face("cycles") == Decimal(501)


@pytest.mark.parametrize(
    ("entry", "total", "face"),
    [
        pytest.param(
            an_entry(5, date(2025, 1, 5), {"hours": "-1"}, EntryKind.CORRECTION, corrects=2), "1006", "14", id="before"
        ),
        pytest.param(
            an_entry(5, date(2025, 1, 6), {"hours": "-1"}, EntryKind.CORRECTION, corrects=3), "1006", "14", id="itself"
        ),
        pytest.param(
            an_entry(5, date(2025, 1, 6), {"hours": "-1"}, EntryKind.CORRECTION, corrects=4), "1006", "13", id="after"
        ),
        pytest.param(an_entry(5, date(2025, 1, 4), {"hours": "2"}), "1009", "14", id="forgotten-flight-before"),
        pytest.param(an_entry(5, date(2025, 1, 6), {"hours": "2"}), "1009", "16", id="flight-after"),
    ],
)
def test_what_moves_the_face(entry: LedgerEntry, total: str, face: str) -> None:
    """What was counted on the meter taken off moves the total alone; what is counted on the new one moves both."""
    ledger = Ledger([OPENED, FLOWN, SWAPPED, FLOWN_ON_NEW, entry])

    assert ledger.totals()["hours"] == Decimal(total)
    assert ledger.face("hours") == Decimal(face)
    assert ledger.head.face("hours") == Decimal(face)


def test_offset_at() -> None:
    """Each entry was counted on the meter of its time: the replacement itself still on the old one."""
    ledger = Ledger([OPENED, FLOWN, SWAPPED, FLOWN_ON_NEW])

    offsets = [ledger.offset_at(position, "hours") for position in (1, 2, 3, 4)]

    assert offsets == [0, 0, 0, Decimal(993)]


def test_head() -> None:
    """The head knows the totals, the last day and use, the latest reading and the meter in use."""
    head = Ledger([OPENED, FLOWN, SWAPPED, FLOWN_ON_NEW]).head

    assert head == LedgerHead(
        totals={"hours": Decimal(1007), "cycles": Decimal(501)},
        last_position=4,
        latest_on=date(2025, 1, 6),
        latest_reading_on=date(2025, 1, 6),
        faces={"hours": MeterFace(offset=Decimal(993), since=date(2025, 1, 6), position=3)},
        last_days={"hours": LastDay(on=date(2025, 1, 6), used=Decimal("4.5"), since=date(2025, 1, 5))},
    )


@pytest.mark.parametrize(
    ("entries", "last_day"),
    [
        pytest.param(
            [OPENED], LastDay(on=date(2024, 12, 31), used=Decimal(0)), id="opening-is-the-end-of-the-day-before"
        ),
        pytest.param([FLOWN], LastDay(on=date(2025, 1, 5), used=Decimal("2.5")), id="first-use-has-no-day-before"),
        pytest.param(
            [OPENED, FLOWN, an_entry(3, date(2025, 1, 5), {"hours": "3"})],
            LastDay(on=date(2025, 1, 5), used=Decimal("5.5"), since=date(2024, 12, 31)),
            id="same-day-adds-up",
        ),
        pytest.param(
            [OPENED, FLOWN, CORRECTED],
            LastDay(on=date(2025, 1, 5), used=Decimal(2), since=date(2024, 12, 31)),
            id="correction-of-the-day",
        ),
        pytest.param(
            [OPENED, FLOWN, FLOWN_LATER, CORRECTED],
            LastDay(on=date(2025, 1, 7), used=Decimal("1.25"), since=date(2025, 1, 5)),
            id="correction-of-an-earlier-day",
        ),
        pytest.param(
            [OPENED, FLOWN_LATER, an_entry(4, date(2025, 1, 5), {"hours": "3"})],
            LastDay(on=date(2025, 1, 7), used=Decimal("1.25"), since=date(2024, 12, 31)),
            id="out-of-order",
        ),
        pytest.param(
            [OPENED, FLOWN, an_entry(3, date(2025, 1, 9), {"cycles": "3"})],
            LastDay(on=date(2025, 1, 5), used=Decimal("2.5"), since=date(2024, 12, 31)),
            id="other-meter",
        ),
    ],
)
def test_last_day(entries: list[LedgerEntry], last_day: LastDay) -> None:
    """The head keeps how much was used on the last day of use, and since when."""
    assert Ledger(entries).head.last_days == {"hours": last_day}


def test_latest_on_is_the_latest_day() -> None:
    """An entry recorded late does not set the latest day back."""
    head = Ledger([OPENED, FLOWN_LATER, an_entry(4, date(2025, 1, 5), {"hours": "3"})]).head

    assert head.latest_on == date(2025, 1, 7)
