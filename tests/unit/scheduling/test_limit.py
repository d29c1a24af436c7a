"""What makes a requirement valid."""

from decimal import Decimal
from typing import TypedDict, Unpack

import pytest
from attrs import evolve

from amss_domain.scheduling.limit import Limit, Requirement, Threshold, violations_of

D = Decimal
TEN = D(10)


class Changed(TypedDict, total=False):
    """The fields of a limit that a test may set."""

    name: str
    unit: str
    interval: Decimal | None
    threshold: Threshold | None
    early: Decimal
    late: Decimal
    grace: Decimal
    warn: Decimal | None


def a_limit(**changed: Unpack[Changed]) -> Limit:
    return evolve(Limit(name="hours", unit="hours", interval=D(100)), **changed)


def wrong(*limits: Limit, warn_percent: Decimal = TEN) -> list[tuple[str, str | None]]:
    """The codes and subjects of everything wrong with the requirement."""
    found = violations_of(Requirement(limits=limits, warn_percent=warn_percent))
    assert all(violation.message for violation in found)
    return [(violation.code, violation.subject) for violation in found]


@pytest.mark.parametrize(
    "limit",
    [
        a_limit(),
        a_limit(name="n"),
        a_limit(name="n" * 60),
        a_limit(interval=D("0.01")),
        a_limit(interval=D(99_999_999), warn=D("0.5")),
        a_limit(interval=None, threshold=Threshold(value=D(5))),
        a_limit(threshold=Threshold(value=D("24000.5"))),
        a_limit(early=D("99.99"), late=D(200), grace=D("0.5"), warn=D(0)),
        a_limit(unit="apu_hours", interval=D("0.25")),
        a_limit(unit="landings", interval=D(1)),
        a_limit(unit="days", interval=D(73_000)),
        a_limit(unit="months", interval=D(2_400), warn=D(90)),
        a_limit(unit="calendar_months", interval=D(12), grace=D(1)),
    ],
)
def test_valid(limit: Limit) -> None:
    """Nothing is wrong with a limit inside the bounds."""
    assert wrong(limit) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": ""}, [("invalid_limit_name", "limits/0/name")]),
        ({"name": "n" * 61}, [("invalid_limit_name", "limits/0/name")]),
        ({"unit": "Flight Hours"}, [("invalid_unit", "limits/0/unit")]),
        ({"interval": None}, [("no_interval", "limits/0/interval")]),
        ({"interval": D(0)}, [("invalid_interval", "limits/0/interval")]),
        ({"interval": D(-5)}, [("invalid_interval", "limits/0/interval")]),
        ({"interval": D("NaN")}, [("invalid_interval", "limits/0/interval")]),
        ({"interval": D("Infinity")}, [("invalid_interval", "limits/0/interval")]),
        ({"interval": D("0.005")}, [("invalid_interval", "limits/0/interval")]),
        ({"interval": D(100_000_000)}, [("invalid_interval", "limits/0/interval")]),
        ({"unit": "cycles", "interval": D("0.5")}, [("invalid_interval", "limits/0/interval")]),
        ({"unit": "days", "interval": D("1.5")}, [("invalid_interval", "limits/0/interval")]),
        ({"unit": "days", "interval": D(73_001)}, [("invalid_interval", "limits/0/interval")]),
        ({"unit": "months", "interval": D(2_401)}, [("invalid_interval", "limits/0/interval")]),
        ({"threshold": Threshold(value=D(0))}, [("invalid_threshold", "limits/0/threshold")]),
        ({"early": D(-1)}, [("invalid_early", "limits/0/early")]),
        ({"early": D(100)}, [("early_not_below_interval", "limits/0/early")]),
        ({"early": D(1), "interval": D(1)}, [("early_not_below_interval", "limits/0/early")]),
        ({"unit": "months", "grace": D(2_401)}, [("invalid_grace", "limits/0/grace")]),
        ({"early": D("NaN")}, [("invalid_early", "limits/0/early")]),
        ({"late": D("0.001")}, [("invalid_late", "limits/0/late")]),
        ({"grace": D(-1), "warn": D(-1)}, [("invalid_grace", "limits/0/grace"), ("invalid_warn", "limits/0/warn")]),
        ({"unit": "months", "warn": D("0.5")}, [("invalid_warn", "limits/0/warn")]),
    ],
)
def test_invalid(changed: Changed, expected: list[tuple[str, str]]) -> None:
    """Each fault of a limit is named where it is."""
    assert wrong(a_limit(**changed)) == expected


def test_all_faults_at_once() -> None:
    """Every fault of every limit is told, with the limit it is in."""
    found = wrong(a_limit(), a_limit(late=D(-1)), a_limit(name="other", interval=D(0)), warn_percent=D(101))

    assert found == [
        ("invalid_warn_percent", "warn_percent"),
        ("duplicate_limit_name", "limits/1/name"),
        ("invalid_late", "limits/1/late"),
        ("invalid_interval", "limits/2/interval"),
    ]


@pytest.mark.parametrize(("percent", "valid"), [("0", True), ("100", True), ("-0.1", False), ("NaN", False)])
def test_warn_percent(percent: str, valid: bool) -> None:
    """The warning percentage runs from 0 to 100, both included."""
    assert (wrong(a_limit(), warn_percent=D(percent)) == []) is valid


def test_no_limits() -> None:
    """A requirement without limits requires nothing."""
    assert wrong() == [("no_limits", "limits")]


def test_meters_and_limits_by_name() -> None:
    """The meters are those of its limits, each once; a limit is found by its name."""
    days, short, long = a_limit(name="d", unit="days"), a_limit(name="short"), a_limit(name="long")
    cycles = a_limit(name="c", unit="cycles")

    requirement = Requirement(limits=(days, short, cycles, long))

    assert requirement.meters == ("hours", "cycles")
    assert requirement.by_name == {"d": days, "short": short, "c": cycles, "long": long}
    assert [limit.counts_days for limit in requirement.limits] == [True, False, False, False]
