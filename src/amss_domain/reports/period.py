"""The days that a report is about, and shares as percentages."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from amss_domain.shared.violation import Violation

_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(2999, 12, 31)
_TENTH: Final = Decimal("0.1")


def violations_of_period(since: date, until: date, *, longest_days: int) -> tuple[Violation, ...]:
    """Return what is wrong with a period of days, both of which belong to it."""
    found = [
        Violation("out_of_range", f"a report is about days from {_FIRST} to {_LAST}", name)
        for name, day in (("since", since), ("until", until))
        if not _FIRST <= day <= _LAST
    ]
    if until < since:
        found.append(Violation("period_ends_before_it_begins", f"{until} is before {since}", "until"))
    elif (until - since).days >= longest_days:
        found.append(Violation("period_too_long", f"a period has up to {longest_days} days", "until"))
    return tuple(found)


def beginning_of(day: date, time_zone: str) -> datetime:
    """Return the instant at which the day begins in the organization's time zone (an IANA name)."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def days_from(first: date, count: int) -> tuple[date, ...]:
    """Return so many days from the first on."""
    return tuple(first + timedelta(days=number) for number in range(count))


def percentage(part: int, whole: int) -> Decimal | None:
    """Return the share in percent with one decimal, rounded down: 100.0 is all of them. None of nothing."""
    if not whole:
        return None
    return (Decimal(100 * part) / whole).quantize(_TENTH, ROUND_DOWN)
