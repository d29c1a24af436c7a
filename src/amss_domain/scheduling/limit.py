"""Requirements: the limits of one recurring piece of work, their policy numbers, and how they combine."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import cached_property

from attrs import frozen

from amss_domain.shared.units import (
    CALENDAR_UNITS,
    DAYS,
    Meter,
    exact_amount,
    is_calendar,
    is_meter_name,
)
from amss_domain.shared.violation import Violation

_ZERO = Decimal(0)
_HUNDRED = Decimal(100)

# Longer than any aircraft serves; keeps every date that is ever computed inside the calendar.
_LONGEST_DAYS = Decimal(73_000)
_LONGEST_MONTHS = Decimal(2_400)


class Beyond(Enum):
    """Where the next interval counts from when the work was done later than the window allows."""

    ACTUAL = "actual"
    DUE = "due"


class Since(Enum):
    """Where a threshold counts from: zero or manufacture, or the baseline."""

    NEW = "new"
    BASELINE = "baseline"


class Combine(Enum):
    """Which of several limits makes the work due: the first that is reached, or the last."""

    FIRST = "first"
    LAST = "last"


@frozen(kw_only=True)
class Threshold:
    """How far the first occurrence lies from where `since` says, in the limit's unit."""

    value: Decimal
    since: Since = Since.NEW


@frozen(kw_only=True)
class Limit:
    """One limit of a requirement, in its own `unit`: a meter or `days`, `months`, `calendar_months`.

    `interval` repeats; `threshold` governs the first time only. `early` and `late` bound, inclusively, the window
    around the due point in which that is kept; `beyond` says what counts after it; `grace` is how far past due is still
    lawful. `warn` is the size of the due-soon window, for calendar units in days; None takes the requirement's percent.
    """

    name: str
    unit: str
    interval: Decimal | None = None
    threshold: Threshold | None = None
    early: Decimal = _ZERO
    late: Decimal = _ZERO
    grace: Decimal = _ZERO
    beyond: Beyond = Beyond.ACTUAL
    warn: Decimal | None = None

    @property
    def counts_days(self) -> bool:
        """Whether it counts on the calendar rather than on a meter."""
        return is_calendar(self.unit)


@frozen(kw_only=True)
class Requirement:
    """When one piece of work has to be done: its limits and how they combine.

    `warn_percent` sizes the due-soon window of limits without their own: a percentage of the span in force.
    """

    limits: tuple[Limit, ...]
    combine: Combine = Combine.FIRST
    warn_percent: Decimal = Decimal(10)

    @property
    def meters(self) -> tuple[Meter, ...]:
        """The meters that its limits count, in the order listed."""
        return tuple(dict.fromkeys(limit.unit for limit in self.limits if not limit.counts_days))

    @cached_property
    def by_name(self) -> Mapping[str, Limit]:
        """Its limits by their names."""
        return {limit.name: limit for limit in self.limits}


def violations_of(requirement: Requirement) -> tuple[Violation, ...]:
    """Return everything that is wrong with the requirement; subjects are paths such as `limits/0/interval`."""
    found = list(_wrong_as_a_whole(requirement))
    for index, limit in enumerate(requirement.limits):
        path = f"limits/{index}"
        found += _wrong_name(limit, path)
        found += _wrong_spans(limit, path)
        found += _wrong_policy(limit, path)
    return tuple(found)


def _wrong_as_a_whole(requirement: Requirement) -> Iterator[Violation]:
    if not requirement.limits:
        yield Violation("no_limits", "a requirement needs at least one limit", "limits")
    if not (requirement.warn_percent.is_finite() and 0 <= requirement.warn_percent <= _HUNDRED):
        yield Violation("invalid_warn_percent", "warn_percent is a percentage from 0 to 100", "warn_percent")
    seen: set[str] = set()
    for index, limit in enumerate(requirement.limits):
        if limit.name in seen:
            message = f"two limits are called {limit.name!r}; give each its own name"
            yield Violation("duplicate_limit_name", message, f"limits/{index}/name")
        seen.add(limit.name)


def _wrong_name(limit: Limit, path: str) -> Iterator[Violation]:
    if not 1 <= len(limit.name) <= 60:
        yield Violation("invalid_limit_name", "a limit's name has 1 to 60 characters", f"{path}/name")
    if limit.unit not in CALENDAR_UNITS and not is_meter_name(limit.unit):
        message = f"{limit.unit!r} is neither a meter's name nor days, months or calendar_months"
        yield Violation("invalid_unit", message, f"{path}/unit")


def _wrong_spans(limit: Limit, path: str) -> Iterator[Violation]:
    if limit.interval is None and limit.threshold is None:
        message = "a limit needs an interval, a threshold, or both"
        yield Violation("no_interval", message, f"{path}/interval")
    spans = {"interval": limit.interval, "threshold": limit.threshold.value if limit.threshold else None}
    for name, span in spans.items():
        if span is None:
            continue
        if not (span.is_finite() and span > 0):
            yield Violation(f"invalid_{name}", f"the {name} is more than 0", f"{path}/{name}")
        elif reason := _not_countable(span, limit.unit):
            yield Violation(f"invalid_{name}", f"the {name}: {reason}", f"{path}/{name}")


def _wrong_policy(limit: Limit, path: str) -> Iterator[Violation]:
    numbers = {"early": limit.early, "late": limit.late, "grace": limit.grace, "warn": limit.warn}
    for name, number in numbers.items():
        if number is None:
            continue
        unit = DAYS if name == "warn" and limit.counts_days else limit.unit
        if not (number.is_finite() and number >= 0):
            yield Violation(f"invalid_{name}", f"{name} is at least 0", f"{path}/{name}")
        elif reason := _not_countable(number, unit):
            yield Violation(f"invalid_{name}", f"{name}: {reason}", f"{path}/{name}")
    if limit.interval is not None and _both_finite(limit.early, limit.interval) and limit.early >= limit.interval > 0:
        message = f"the window opens {limit.early} early, which is not less than the interval of {limit.interval}"
        yield Violation("early_not_below_interval", message, f"{path}/early")


def _both_finite(one: Decimal, other: Decimal) -> bool:
    return one.is_finite() and other.is_finite()


def _not_countable(number: Decimal, unit: str) -> str | None:
    """Return why the unit can't count `number`; None when it can."""
    if unit in CALENDAR_UNITS:
        longest = _LONGEST_DAYS if unit == DAYS else _LONGEST_MONTHS
        if number != number.to_integral_value():
            return f"{number} is not a whole number of {unit}"
        return f"{number} is out of range; at most {longest} {unit}" if number > longest else None
    try:
        exact_amount(number, unit)
    except ValueError as error:
        return str(error)
    return None
