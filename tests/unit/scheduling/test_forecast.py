"""When planned use passes a limit, and what the average use is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amss_domain.fleet.ledger import EntryKind, LedgerEntry
from amss_domain.scheduling.forecast import Utilisation, average_utilisation
from amss_domain.shared.ids import UsageEntryId

D = Decimal
START = date(2025, 1, 30)

# A busy machine is slow, not wrong.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def by_month(**rates: str) -> Utilisation:
    """Planned hours a day for the months named, none in the others."""
    names = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    return Utilisation(per_day={"hours": tuple(D(rates.get(name, "0")) for name in names)})


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [
        ("-0.01", START),
        ("0", START),
        ("2.99", START),
        ("3", date(2025, 1, 31)),
        ("5.99", date(2025, 1, 31)),
        ("6", date(2025, 2, 1)),
        ("90", date(2025, 3, 1)),
        ("1094.99", date(2026, 1, 29)),
        ("1095", date(2026, 1, 30)),
    ],
)
def test_constant_use(remaining: str, expected: date) -> None:
    """The first day whose use takes the meter past the limit; at the limit it is not past."""
    use = Utilisation.constant({"hours": D(3)})

    assert use.passes("hours", D(remaining), as_of=START) == expected


@pytest.mark.parametrize(
    ("use", "remaining", "expected"),
    [
        (by_month(jan="1", feb="2", mar="3"), "58", date(2025, 3, 1)),
        (by_month(jan="1", feb="2", mar="3"), "57.99", date(2025, 2, 28)),
        (by_month(mar="0.5"), "0", date(2025, 3, 1)),
        (by_month(mar="0.5"), "15.5", date(2026, 3, 1)),
        (by_month(jan="1"), "1.99", date(2025, 1, 31)),
        (by_month(jan="1"), "2", date(2026, 1, 1)),
        (by_month(feb="1"), "84", date(2028, 2, 1)),
        (by_month(feb="1"), "112.5", date(2028, 2, 29)),
        (by_month(feb="1"), "113", date(2029, 2, 1)),
    ],
)
def test_use_by_month(use: Utilisation, remaining: str, expected: date) -> None:
    """Each day is used at its month's rate, leap days at February's."""
    assert use.passes("hours", D(remaining), as_of=START) == expected


def test_never_passed() -> None:
    """Without use, or with so little that the calendar ends first, a limit ahead is never passed."""
    assert by_month().passes("hours", D(0), as_of=START) is None
    assert by_month(feb="0.01").passes("hours", D(99_999_999), as_of=START) is None
    assert by_month(dec="1").passes("hours", D(31), as_of=date(9999, 12, 1)) is None
    assert by_month(dec="1").passes("hours", D("30.99"), as_of=date(9999, 12, 1)) == date(9999, 12, 31)


def test_already_passed() -> None:
    """A limit already behind is passed on the day asked about, used or not."""
    assert by_month().passes("hours", D("-0.01"), as_of=START) == START


def test_meter_without_planned_use() -> None:
    """A meter that nothing is planned for has no projected date to ask for."""
    with pytest.raises(KeyError):
        by_month().passes("cycles", D(1), as_of=START)


rates = st.lists(st.integers(0, 300).map(lambda hundredths: D(hundredths).scaleb(-2)), min_size=12, max_size=12)


def day_by_day(per_day: Sequence[Decimal], remaining: Decimal, as_of: date) -> date | None:
    """The slow way: spend each day's use; None when nothing is passed before 2045."""
    day = as_of
    while day.year < 2045:
        remaining -= per_day[day.month - 1]
        if remaining < 0:
            return day
        day += timedelta(days=1)
    return None


@patiently
@given(rates, st.integers(0, 200_000), st.dates(date(2019, 1, 1), date(2029, 12, 31)))
def test_day_by_day(per_day: list[Decimal], hundredths: int, as_of: date) -> None:
    """Months and years at once give the day that counting day by day gives."""
    remaining = D(hundredths).scaleb(-2)

    projected = Utilisation(per_day={"hours": tuple(per_day)}).passes("hours", remaining, as_of=as_of)

    expected = day_by_day(per_day, remaining, as_of)
    assert projected == expected or (expected is None and (projected is None or projected.year >= 2045))


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2022, 2023, 2024, 2025])
def test_years_at_once(year: int, month: int) -> None:
    """Whole years are skipped rightly from any month, before and after a leap day."""
    per_day = [D(number % 5) / 4 for number in range(3, 15)]
    use = Utilisation(per_day={"hours": tuple(per_day)})
    as_of = date(year, month, 1)

    for remaining in range(1450, 1900, 50):
        assert use.passes("hours", D(remaining), as_of=as_of) == day_by_day(per_day, D(remaining), as_of)


@pytest.mark.parametrize("per_day", [(D(1),) * 11, (D(1),) * 13, (D(-1),) * 12, (D("NaN"),) * 12])
def test_unusable_plan(per_day: tuple[Decimal, ...]) -> None:
    """A plan has twelve amounts of at least zero."""
    with pytest.raises(ValueError, match="hours is twelve amounts"):
        Utilisation(per_day={"hours": per_day})


def an_entry(on: date, deltas: Mapping[str, str], kind: EntryKind = EntryKind.DELTA) -> LedgerEntry:
    return LedgerEntry(
        id=UsageEntryId(UUID(int=1)),
        position=1,
        occurred_on=on,
        recorded_at=datetime(2025, 1, 1, tzinfo=UTC),
        kind=kind,
        deltas={meter: D(delta) for meter, delta in deltas.items()},
    )


FLOWN = (
    an_entry(date(2025, 3, 1), {"hours": "1000", "cycles": "400"}, EntryKind.OPENING),
    an_entry(date(2025, 3, 1), {"hours": "6", "cycles": "2"}),
    an_entry(date(2025, 3, 10), {"hours": "4"}),
    an_entry(date(2025, 3, 11), {"hours": "2", "cycles": "1"}),
    an_entry(date(2025, 3, 20), {"hours": "5", "cycles": "4"}),
    an_entry(date(2025, 3, 21), {"hours": "8"}),
)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (1, {"hours": D(5), "cycles": D(4)}),
        (10, {"hours": D("0.7"), "cycles": D("0.5")}),
        (11, {"hours": D(1), "cycles": D(5) / D(11)}),
        (20, {"hours": D("0.85"), "cycles": D("0.35")}),
        (365, {"hours": D("0.85"), "cycles": D("0.35")}),
    ],
)
def test_average(days: int, expected: dict[str, Decimal]) -> None:
    """The average counts the last days up to and including the one asked about, from the opening at most."""
    use = average_utilisation(FLOWN, days=days, as_of=date(2025, 3, 20))

    assert use == Utilisation.constant(expected)


def test_average_without_an_opening() -> None:
    """Without an opening all the days asked for are divided by."""
    use = average_utilisation(FLOWN[1:], days=40, as_of=date(2025, 3, 20))

    assert use == Utilisation.constant({"hours": D(17) / 40, "cycles": D(7) / 40})


def test_average_is_never_negative() -> None:
    """A correction larger than the use of the days leaves no use, not less than none."""
    entries = [an_entry(date(2025, 3, 19), {"hours": "-3"}, EntryKind.CORRECTION)]

    assert average_utilisation(entries, days=10, as_of=date(2025, 3, 20)) == Utilisation.constant({"hours": D(0)})


def test_average_of_no_days() -> None:
    """An average over no day is refused."""
    with pytest.raises(ValueError, match="at least one day"):
        average_utilisation(FLOWN, days=0, as_of=date(2025, 3, 20))
