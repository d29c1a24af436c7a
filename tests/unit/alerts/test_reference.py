"""The reference of alerts and mail says what the code does."""

import re
from pathlib import Path

from amss_domain.alerts.alert import SEVERITIES
from amss_domain.alerts.followers import FOLLOWERS, MAIL
from amss_domain.alerts.rules import DEFAULT_POLICY

_REFERENCE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "alerts.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[list[str]]:
    (section,) = [one for one in re.split(r"^## ", _REFERENCE, flags=re.MULTILINE) if one.startswith(f"{heading}\n")]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_every_kind_is_listed_with_its_severity() -> None:
    """Each kind of alert has its line, in the order of the code."""
    listed = [(row[0], row[1]) for row in _rows("Alerts")]

    assert listed == [(kind.value, severity.value) for kind, severity in SEVERITIES.items()]


def test_every_letter_is_listed() -> None:
    """Each event that people are written to about has its line."""
    assert {row[0] for row in _rows("Mail")} - FOLLOWERS[MAIL] == {"POST /api/v1/auth/password/forgot"}
    assert {row[0] for row in _rows("Mail")} > FOLLOWERS[MAIL]


def test_the_times_are_those_of_the_policy() -> None:
    """When alerts are escalated, and how long before stock expires one is raised."""
    hours = [
        policy.total_seconds() / 3600
        for policy in (DEFAULT_POLICY.escalate_after, DEFAULT_POLICY.escalate_overdue_after)
    ]

    assert "open for {:g} hours, for {:g} if it is of an overdue task".format(*hours) in _REFERENCE
    assert f"within {DEFAULT_POLICY.expiry_warning_days} days" in _REFERENCE
