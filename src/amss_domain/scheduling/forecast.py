"""When planned use takes a meter past its limit; separate from due, it never changes a due point."""

from calendar import leapdays
from collections.abc import Iterable, Mapping, Sequence
from datetime import MAXYEAR, date, timedelta
from decimal import Decimal
from itertools import count
from typing import Self

from attrs import field, frozen

from amss_domain.fleet.ledger import EntryKind, LedgerEntry
from amss_domain.scheduling.calendar import days_in
from amss_domain.shared.units import Meter, Readings

_ZERO = Decimal(0)
_LEAP_YEAR = 2024
_COMMON_YEAR = 2023


@frozen(kw_only=True)
class Utilisation:
    """Planned use: for each meter twelve amounts a day, January first, each at least 0."""

    per_day: Mapping[Meter, tuple[Decimal, ...]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for meter, amounts in self.per_day.items():
            if len(amounts) != 12 or not all(amount.is_finite() and amount >= 0 for amount in amounts):
                raise ValueError(f"planned use of {meter} is twelve amounts a day of at least 0, January first")

    @classmethod
    def constant(cls, per_day: Readings) -> Self:
        """Return the same use every day of the year."""
        return cls(per_day={meter: (amount,) * 12 for meter, amount in per_day.items()})

    def passes(self, meter: Meter, remaining: Decimal, *, as_of: date) -> date | None:
        """Return the first day whose planned use takes the meter past a limit `remaining` units away.

        The counters are those at the start of the `as_of` day, so that day's use counts; a limit already passed gives
        `as_of`. None when the limit is never passed. Raises KeyError for a meter without planned use.
        """
        return _passed_on(remaining, self.per_day[meter], as_of)

    def use(self, meter: Meter, *, start: date, end: date) -> Decimal:
        """Return the planned use from the `start` day up to, and not including, the `end` day.

        None is planned of a meter that is not named, nor when `end` is not after `start`.
        """
        per_day = self.per_day.get(meter)
        return _ZERO if per_day is None else _used_between(per_day, start, end)


def average_utilisation(entries: Iterable[LedgerEntry], *, days: int, as_of: date) -> Utilisation:
    """Return the average use a day over the last `days` days up to and including `as_of`, for every meter used in them.

    A ledger opened later than that is averaged from the day it was opened. Raises ValueError when `days` is below 1.
    """
    if days < 1:
        raise ValueError("an average needs at least one day")
    start = as_of - timedelta(days=days)
    used: dict[Meter, Decimal] = {}
    opened: date | None = None
    for entry in entries:
        if entry.kind is EntryKind.OPENING:
            opened = entry.occurred_on if opened is None else min(opened, entry.occurred_on)
        elif start < entry.occurred_on <= as_of:
            for meter, delta in entry.deltas.items():
                used[meter] = used.get(meter, _ZERO) + delta
    span = days if opened is None else max(1, min(days, (as_of - opened).days + 1))
    return Utilisation.constant({meter: max(_ZERO, amount / span) for meter, amount in used.items()})


def _passed_on(remaining: Decimal, per_day: Sequence[Decimal], start: date) -> date | None:
    if remaining < 0:
        return start
    day, days = start, days_in(start.year, start.month) - start.day + 1
    for month in count(1):
        rate = per_day[day.month - 1]
        use = rate * days
        if use > remaining:
            return day + timedelta(days=int(remaining // rate))
        remaining -= use
        if day.year == MAXYEAR and day.month == 12:
            break
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        if month == 12:
            years = _whole_years(remaining, per_day)
            if years is None or day.year + years > MAXYEAR:
                break
            remaining -= _use_over(years, day, per_day)
            day = day.replace(year=day.year + years)
        days = days_in(day.year, day.month)
    return None


def _used_between(per_day: Sequence[Decimal], day: date, end: date) -> Decimal:
    used = _ZERO
    while day < end:
        left_in_month = days_in(day.year, day.month) - day.day + 1
        days = min(left_in_month, (end - day).days)
        used += per_day[day.month - 1] * days
        day += timedelta(days=days)
    return used


def _whole_years(remaining: Decimal, per_day: Sequence[Decimal]) -> int | None:
    """Return a number of years that surely do not pass the limit; None when no year uses anything."""
    leap_year = sum((rate * days_in(_LEAP_YEAR, month) for month, rate in enumerate(per_day, 1)), _ZERO)
    return int(remaining // leap_year) if leap_year else None


def _use_over(years: int, day: date, per_day: Sequence[Decimal]) -> Decimal:
    """Return the planned use of the `years` years from the first of a month on."""
    common_year = sum((rate * days_in(_COMMON_YEAR, month) for month, rate in enumerate(per_day, 1)), _ZERO)
    first = day.year + (day.month > 2)
    return years * common_year + leapdays(first, first + years) * per_day[1]
