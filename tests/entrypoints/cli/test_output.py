"""How values are written for people."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from amss_entrypoints.cli.output import amount, cell, words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (Decimal("30000.00"), "30,000"),
        (Decimal("0.10"), "0.1"),
        (Decimal("0.00"), "0"),
        (Decimal("-23.60"), "-23.6"),
        (20_000, "20,000"),
        (True, "yes"),
        (date(2026, 3, 2), "2026-03-02"),
        (datetime(2026, 3, 2, 9, 5, 7, 12, tzinfo=UTC), "2026-03-02 09:05:07"),
        ("D-ONE", "D-ONE"),
    ],
)
def test_values_are_exact_and_short(value: object, expected: str) -> None:
    """No digit is lost and none is there for nothing."""
    assert words(value) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (Decimal(1), "hours", "1 hour"),
        (Decimal("-2.5"), "hours", "-2.5 hours"),
        (Decimal(1), "calendar_months", "1 day"),
        (Decimal(12), "apu_hours", "12 apu hours"),
        (date(2026, 3, 2), "days", "2026-03-02"),
        (None, "hours", ""),
    ],
)
def test_amounts_have_their_unit(value: Decimal | date | None, unit: str, expected: str) -> None:
    """What remains of a calendar limit is counted in days."""
    assert amount(value, unit) == expected


def test_nothing_stored_steers_a_terminal() -> None:
    """Control characters that somebody put into a text show as such."""
    assert cell("a\x1b[31mred\nline\x07").plain == "a\ufffd[31mred line\ufffd"


def test_brackets_are_no_markup() -> None:
    """A title in brackets is shown as it is."""
    assert cell("[bold]AD[/bold]").plain == "[bold]AD[/bold]"
