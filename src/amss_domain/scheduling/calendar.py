"""Days, months and calendar months counted from a date."""

from calendar import isleap
from datetime import date, timedelta

from amss_domain.shared.units import CALENDAR_MONTHS, DAYS

_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def days_in(year: int, month: int) -> int:
    """Return how many days the month has; months count from 1."""
    return 29 if month == 2 and isleap(year) else _LENGTHS[month - 1]


def moved(day: date, amount: int, unit: str, *, day_of_month: int | None = None) -> date:
    """Return the date `amount` units after `day`, or before it when negative.

    `days` add days. `months` go to `day_of_month` (that of `day` when None), clamped to the month's end.
    `calendar_months` go to the last day of the month. Stops at the first and the last date there is.
    """
    if unit == DAYS:
        try:
            return day + timedelta(days=amount)
        except OverflowError:
            return date.max if amount > 0 else date.min
    year, index = divmod(day.year * 12 + day.month - 1 + amount, 12)
    if year > date.max.year:
        return date.max
    if year < date.min.year:
        return date.min
    last = days_in(year, index + 1)
    if unit == CALENDAR_MONTHS:
        return date(year, index + 1, last)
    return date(year, index + 1, min(day_of_month or day.day, last))
