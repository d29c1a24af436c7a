"""Meters and calendar units, and the exact numbers counted in them."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeAlias

Meter: TypeAlias = str
"""A meter's name: `hours`, `cycles`, or another such as `landings` or `apu_hours`."""

Readings: TypeAlias = Mapping[Meter, Decimal]
"""An amount for each meter named: totals or differences."""

HOURS: Meter = "hours"
CYCLES: Meter = "cycles"

DAYS = "days"
MONTHS = "months"
CALENDAR_MONTHS = "calendar_months"
CALENDAR_UNITS = frozenset({DAYS, MONTHS, CALENDAR_MONTHS})

HUNDREDTH = Decimal("0.01")
LARGEST = Decimal(99_999_999)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HOURS_MINUTES = re.compile(r"([+-]?)(\d{1,8}):([0-5]\d)")


def is_calendar(unit: str) -> bool:
    """Tell whether the unit counts days or months rather than a meter."""
    return unit in CALENDAR_UNITS


def is_meter_name(name: str) -> bool:
    """Tell whether `name` may name a meter: up to 40 lower case letters, digits and underscores; no calendar unit."""
    return _NAME.fullmatch(name) is not None and name not in CALENDAR_UNITS


def counts_hours(meter: Meter) -> bool:
    """Tell whether the meter counts hours, in hundredths; every other meter counts whole events."""
    return meter == HOURS or meter.endswith("_hours")


def parse_amount(text: str, meter: Meter) -> Decimal:
    """Return the exact amount that `text` writes: a decimal number, or `H:MM` where the meter counts hours.

    Hours are kept in hundredths: `H:MM` is rounded half up, more than two decimals are refused. Other meters take whole
    numbers. Raises ValueError with a message for people.
    """
    text = text.strip()
    if counts_hours(meter) and (clock := _HOURS_MINUTES.fullmatch(text)):
        sign, hours, minutes = clock.groups()
        exact = Decimal(hours) + Decimal(minutes) / 60
        return (-exact if sign == "-" else exact).quantize(HUNDREDTH, ROUND_HALF_UP)
    try:
        number = Decimal(text)
    except InvalidOperation:
        form = "a number such as 12.5 or 12:30" if counts_hours(meter) else "a whole number"
        raise ValueError(f"{text!r} is not {form}") from None
    return exact_amount(number, meter)


def exact_amount(number: Decimal, meter: Meter) -> Decimal:
    """Return `number` as the meter counts: hundredths for hours, whole otherwise.

    Raises ValueError when it is finer than that, not finite, or beyond 99,999,999.
    """
    if not number.is_finite() or abs(number) > LARGEST:
        raise ValueError(f"{number} is out of range; at most {LARGEST} either way")
    step = HUNDREDTH if counts_hours(meter) else Decimal(1)
    exact = number.quantize(step)
    if exact != number:
        finest = "two decimals" if counts_hours(meter) else "whole numbers"
        raise ValueError(f"{number} is finer than {meter} are counted; use {finest}")
    return exact
