"""A real fleet: 45 aircraft of the A320 family on 25 September 2017, in `../shared/data`, outside this repository."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "a320-fleet-2017"
AS_OF = date(2017, 9, 25)
TOTALS = {"hours": Decimal(30_000), "cycles": Decimal(20_000)}

Ask = Callable[..., Any]


class Server(Protocol):
    """The module's embedded server."""

    def dsn(self, role: str) -> str: ...


pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the A320 fleet of ../shared/data is not on this machine")


@pytest.fixture(scope="module")
def imported(server: object, ask: Ask) -> list[Any]:
    """The reports of importing the fleet's three tables into an empty data folder."""
    return [
        ask("import", DATA / "import" / f"{kind}.csv", "--kind", kind)
        for kind in ("aircraft", "programs", "program-links")
    ]


def audited(server: Server) -> int:
    """Return how many entries the audit trail has."""
    with psycopg.connect(server.dsn("amss_owner")) as connection:
        (number,) = connection.execute("SELECT count(*) FROM audit_logs").fetchone() or (0,)
        return int(number)


def expected() -> dict[tuple[str, str], dict[str, Any]]:
    """Return what checks.csv implies for each aircraft and check.

    The interval counts from the last due point: what was used of the tolerance last time does not accrue.
    """
    with (DATA / "checks.csv").open(encoding="utf-8", newline="") as file:
        return {(row["tail"], f"{row['check']}-check"): _implied(row) for row in csv.DictReader(file)}


def _implied(row: dict[str, str]) -> dict[str, Any]:
    due: dict[str, Any] = {}
    remaining: dict[str, Decimal] = {}
    severities: dict[str, int] = {}
    shares: dict[str, Fraction] = {}
    for unit in ("days", "hours", "cycles"):
        if not row[f"interval_{unit}"]:
            continue
        interval = Decimal(row[f"interval_{unit}"])
        used = Decimal(row[f"tolerance_used_{unit}"] or 0)
        left = interval - Decimal(row[f"elapsed_{unit}"]) - used
        remaining[unit] = left
        due[unit] = (AS_OF + timedelta(days=int(left))).isoformat() if unit == "days" else TOTALS[unit] + left
        severities[unit] = _severity(left, interval, Decimal(row[f"tolerance_{unit}"]))
        shares[unit] = Fraction(left) / Fraction(interval)
    worst = max(severities.values())
    deciding = [unit for unit, severity in severities.items() if severity == worst]
    return {
        "due": due,
        "remaining": remaining,
        "due_status": ("ok", "due_soon", "due", "in_tolerance", "overdue")[worst],
        "driver": min(deciding, key=lambda unit: shares[unit]),
    }


def _severity(left: Decimal, interval: Decimal, grace: Decimal) -> int:
    if left < -grace:
        return 4
    if left < 0:
        return 3
    if left == 0:
        return 2
    return 1 if left * 10 <= interval else 0


def test_every_number_of_the_due_list_follows_from_the_facts(imported: list[Any], ask: Ask) -> None:
    """All 135 items, each with due points, remainders, status and driver as the fleet's own table implies."""
    items = ask("due-list", "--as-of", AS_OF.isoformat())

    found = {
        (item["registration"], item["program"]): {
            "due": item["due"],
            "remaining": item["remaining"],
            "due_status": item["due_status"],
            "driver": item["driver"],
        }
        for item in items
    }
    assert len(items) == 135
    assert found == {
        key: {
            **one,
            "due": {unit: value if unit == "days" else float(value) for unit, value in one["due"].items()},
            "remaining": {unit: float(value) for unit, value in one["remaining"].items()},
        }
        for key, one in expected().items()
    }


def test_every_item_says_why_and_has_its_task(imported: list[Any], ask: Ask) -> None:
    """Each has a trace of its own arithmetic, and there is exactly one open task for each."""
    items = ask("due-list", "--as-of", AS_OF.isoformat())
    tasks = ask("tasks", "--status", "open")

    assert imported[-1]["generated"]["tasks"] == 135
    assert sorted(item["task_id"] for item in items) == sorted(task["task_id"] for task in tasks)
    assert {item["task_status"] for item in items} == {"scheduled"}
    for item in items:
        for limit, due in item["due"].items():
            point = due if isinstance(due, str) else format(Decimal(str(due)).normalize(), "f")
            assert any(line.startswith(f"{limit}: due at {point} = ") for line in item["trace"]), item


def test_importing_again_changes_nothing(imported: list[Any], ask: Ask, server: Server) -> None:
    """Every row is recognised, no task is made, and the audit trail does not grow."""
    entries = audited(server)

    again = [
        ask("import", DATA / "import" / f"{kind}.csv", "--kind", kind)
        for kind in ("aircraft", "programs", "program-links")
    ]

    assert [(one["rows"], one["unchanged"], one["rejected"]) for one in again] == [
        (45, 45, 0),
        (3, 3, 0),
        (135, 135, 0),
    ]
    assert [one["generated"] for one in again] == [{"tasks": 0, "linked": 0, "followed": 0}] * 3
    assert audited(server) == entries
    assert len(ask("tasks")) == 135
