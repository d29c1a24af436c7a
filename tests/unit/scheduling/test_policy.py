"""What the policy presets make of a limit."""

from decimal import Decimal
from typing import TypeAlias

import pytest

from amss_domain.scheduling.limit import Beyond, Limit
from amss_domain.scheduling.policy import PRESETS, Given, apply_preset, preset_named
from amss_domain.shared.errors import InvalidInput

D = Decimal
Numbers: TypeAlias = tuple[Decimal, Decimal, Decimal, Beyond]
ACTUAL, DUE = Beyond.ACTUAL, Beyond.DUE


def numbers(preset: str, unit: str, given: Given = Given()) -> Numbers:  # noqa: B008
    limit = apply_preset(preset, Limit(name="l", unit=unit, interval=D(100)), given)
    return limit.early, limit.late, limit.grace, limit.beyond


@pytest.mark.parametrize(
    ("preset", "unit", "expected"),
    [
        ("faa_100h", "hours", (D(0), D(10), D(10), DUE)),
        ("faa_100h", "cycles", (D(0), D(0), D(0), ACTUAL)),
        ("faa_100h", "days", (D(0), D(0), D(0), ACTUAL)),
        ("faa_calendar", "calendar_months", (D(0), D(0), D(0), ACTUAL)),
        ("easa_part_ml", "hours", (D(0), D(0), D(10), ACTUAL)),
        ("easa_part_ml", "months", (D(0), D(0), D(1), ACTUAL)),
        ("easa_part_ml", "calendar_months", (D(0), D(0), D(1), ACTUAL)),
        ("easa_part_ml", "days", (D(0), D(0), D(0), ACTUAL)),
        ("easa_part_ml", "cycles", (D(0), D(0), D(0), ACTUAL)),
        ("easa_part_m_variation", "hours", (D(0), D(0), D(0), ACTUAL)),
        ("oem_window", "hours", (D(0), D(0), D(0), ACTUAL)),
        ("no_tolerance", "hours", (D(0), D(0), D(0), ACTUAL)),
    ],
)
def test_preset_alone(preset: str, unit: str, expected: Numbers) -> None:
    """A preset's numbers apply in its units; elsewhere there is no tolerance."""
    assert numbers(preset, unit) == expected


@pytest.mark.parametrize(
    ("preset", "unit", "given", "expected"),
    [
        ("faa_100h", "hours", Given(late=D(5)), (D(0), D(5), D(10), DUE)),
        ("faa_100h", "hours", Given(beyond=ACTUAL, grace=D(0)), (D(0), D(10), D(0), ACTUAL)),
        ("faa_100h", "cycles", Given(late=D(5), beyond=DUE), (D(0), D(5), D(0), DUE)),
        ("easa_part_ml", "days", Given(grace=D(30)), (D(0), D(0), D(30), ACTUAL)),
        ("easa_part_m_variation", "hours", Given(late=D(7)), (D(0), D(7), D(7), ACTUAL)),
        ("easa_part_m_variation", "days", Given(grace=D(7)), (D(0), D(7), D(7), ACTUAL)),
        ("easa_part_m_variation", "days", Given(early=D(3), grace=D(7)), (D(3), D(7), D(7), ACTUAL)),
        ("easa_part_m_variation", "days", Given(late=D(3), grace=D(7)), (D(0), D(3), D(7), ACTUAL)),
        ("oem_window", "hours", Given(early=D(10)), (D(10), D(10), D(10), ACTUAL)),
        ("oem_window", "hours", Given(late=D(10)), (D(10), D(10), D(10), ACTUAL)),
        ("oem_window", "hours", Given(grace=D(10)), (D(10), D(10), D(10), ACTUAL)),
        ("oem_window", "hours", Given(early=D(20), late=D(10)), (D(20), D(10), D(10), ACTUAL)),
        ("oem_window", "hours", Given(early=D(20), grace=D(5)), (D(20), D(5), D(5), ACTUAL)),
        ("oem_window", "hours", Given(late=D(10), grace=D(0)), (D(10), D(10), D(0), ACTUAL)),
        ("no_tolerance", "hours", Given(grace=D(1)), (D(0), D(0), D(1), ACTUAL)),
    ],
)
def test_given_on_top(preset: str, unit: str, given: Given, expected: Numbers) -> None:
    """What is stated stands above the preset; one number of a window or variation stands for those not stated."""
    assert numbers(preset, unit, given) == expected


def test_numbers_of_the_limit_itself_give_way() -> None:
    """The preset and what is given decide; what the limit had before does not."""
    limit = Limit(name="l", unit="hours", interval=D(100), early=D(7), late=D(7), grace=D(7), beyond=DUE, warn=D(9))

    changed = apply_preset("no_tolerance", limit)

    assert changed == Limit(name="l", unit="hours", interval=D(100), warn=D(9))


def test_unknown_preset() -> None:
    """An unknown name is refused with the names there are."""
    with pytest.raises(InvalidInput) as refusal:
        preset_named("faa_200h")

    [violation] = refusal.value.violations
    assert (violation.code, violation.subject) == ("unknown_preset", "preset")
    assert all(name in violation.message for name in PRESETS)


def test_every_preset_cites_its_source() -> None:
    """Each preset is kept under its name with a title and a citation."""
    for name, preset in PRESETS.items():
        assert preset_named(name) is preset
        assert preset.name == name
        assert preset.title
        assert preset.citation
