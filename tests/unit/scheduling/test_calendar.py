"""Days, months and calendar months counted from a date."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amss_domain.scheduling.calendar import days_in, moved

# A busy machine is slow, not wrong.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("year", "month", "days"),
    [(2023, 2, 28), (2024, 2, 29), (1900, 2, 28), (2000, 2, 29), (2025, 1, 31), (2025, 11, 30)],
)
def test_days_in(year: int, month: int, days: int) -> None:
    """A month has its days, February by the leap year."""
    assert days_in(year, month) == days


@pytest.mark.parametrize(
    ("day", "amount", "unit", "expected"),
    [
        (date(2024, 2, 1), 30, "days", date(2024, 3, 2)),
        (date(2024, 3, 2), -30, "days", date(2024, 2, 1)),
        (date(2024, 8, 31), 6, "months", date(2025, 2, 28)),
        (date(2023, 8, 31), 6, "months", date(2024, 2, 29)),
        (date(2025, 12, 15), 1, "months", date(2026, 1, 15)),
        (date(2025, 1, 15), -1, "months", date(2024, 12, 15)),
        (date(2025, 3, 31), -1, "months", date(2025, 2, 28)),
        (date(2025, 3, 31), 0, "months", date(2025, 3, 31)),
        (date(2025, 7, 12), 12, "calendar_months", date(2026, 7, 31)),
        (date(2024, 1, 31), 1, "calendar_months", date(2024, 2, 29)),
        (date(2025, 7, 31), -1, "calendar_months", date(2025, 6, 30)),
        (date(2025, 7, 31), 0, "calendar_months", date(2025, 7, 31)),
        (date(2024, 2, 29), 12, "calendar_months", date(2025, 2, 28)),
    ],
)
def test_moved(day: date, amount: int, unit: str, expected: date) -> None:
    """Each unit goes where its definition says, forwards and back."""
    assert moved(day, amount, unit) == expected


@pytest.mark.parametrize(
    ("months", "expected"), [(1, date(2025, 3, 31)), (2, date(2025, 4, 30)), (12, date(2026, 2, 28))]
)
def test_moved_to_a_kept_day(months: int, expected: date) -> None:
    """A day of the month kept from earlier is gone back to, as far as the month has it."""
    assert moved(date(2025, 2, 28), months, "months", day_of_month=31) == expected


def test_first_and_last_year() -> None:
    """The first and the last year of the calendar are reached like any other."""
    assert moved(date(9998, 12, 15), 2, "months") == date(9999, 2, 15)
    assert moved(date(2, 1, 15), -2, "months") == date(1, 11, 15)


@pytest.mark.parametrize("unit", ["days", "months", "calendar_months"])
def test_ends_of_the_calendar(unit: str) -> None:
    """Beyond the first and last date there is, it stops there."""
    assert moved(date(9999, 12, 1), 73_000, unit) == date.max
    assert moved(date(1, 1, 31), -73_000, unit) == date.min


@patiently
@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(-600, 600), st.integers(0, 24))
def test_later_by_more(day: date, amount: int, more: int) -> None:
    """Going further never leads earlier, and months keep the day or end their month."""
    for unit in ("days", "months", "calendar_months"):
        assert moved(day, amount, unit) <= moved(day, amount + more, unit)
    by_months = moved(day, amount, "months")
    assert by_months.day == min(day.day, days_in(by_months.year, by_months.month))
