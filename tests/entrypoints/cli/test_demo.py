"""`amss demo`: the story is told once, shows how things stand afterwards, and always works."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amss_domain.testing.stand_ins import ManualClock
from amss_entrypoints.cli.demo_tables import tables_on

Amss = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Any]


def test_the_story_has_all_its_steps(amss: Amss) -> None:
    """From the fleet to the next occurrence, in plain words."""
    answer = amss("demo")

    assert (answer.returncode, answer.stderr) == (0, "")
    headings = [line for line in answer.stdout.splitlines() if line[0:1].isdigit() and line[1:3] == "  "]
    assert headings == [
        "1  A fleet is taken in",
        "2  What is due",
        "3  DM-CAA flies",
        "4  Parts are reserved, all or none",
        "5  The work is done",
        "6  The next occurrence is there",
        "7  Who did what",
    ]
    assert "What to try next" in answer.stdout


def test_the_second_run_changes_nothing(amss: Amss, ask: Ask) -> None:
    """It says that it is already there, and shows the state."""
    amss("demo")
    entries = len(ask("audit", "--all"))

    again = amss("demo")

    assert again.stdout.startswith("AMSS demo: already there\n")
    assert "completed on 2026-03-02 by Tess Technician at 3,480.8 hours" in again.stdout
    assert len(ask("audit", "--all")) == entries


@pytest.mark.parametrize(
    "today",
    [
        datetime(2026, 3, 31, 12, 0, tzinfo=UTC),
        datetime(2026, 8, 31, 12, 0, tzinfo=UTC),
        datetime(2027, 1, 1, 0, 0, tzinfo=UTC),
        datetime(2028, 2, 29, 23, 59, tzinfo=UTC),
        datetime(2029, 12, 31, 12, 0, tzinfo=UTC),
    ],
    ids=lambda day: day.date().isoformat(),
)
def test_the_story_works_whatever_day_it_is(clock: ManualClock, ask: Ask, today: datetime) -> None:
    """What is said about the fleet is so on every day."""
    clock.advance(today - clock.now())

    told = ask("demo")

    status = {(one["registration"], one["program"]): one["due_status"] for one in told["due_list"]}
    assert status == {
        ("DM-CAA", "100-hour inspection"): "ok",
        ("DM-CAA", "Annual inspection"): "ok",
        ("DM-CAA", "Altimeter and transponder test"): "ok",
        ("DM-CAB", "100-hour inspection"): "ok",
        ("DM-CAB", "Annual inspection"): "due_soon",
        ("DM-CAB", "Altimeter and transponder test"): "ok",
        ("DM-DIA", "DA42 inspection"): "ok",
        ("DM-DIA", "AD fuel hoses"): "overdue",
        ("DM-DIB", "DA42 inspection"): "in_tolerance",
        ("DM-DIB", "AD fuel hoses"): "ok",
        ("DM-ATA", "ATR A-check"): "due_soon",
        ("DM-ATA", "Landing gear overhaul"): "ok",
        ("DM-ATA", "Propeller blade inspection"): "ok",
        ("DM-ATB", "ATR A-check"): "ok",
        ("DM-ATB", "Landing gear overhaul"): "ok",
        ("DM-ATB", "Propeller blade inspection"): "unknown",
    }
    trail = [one["action"] for one in reversed(ask("audit", "--id", told["task_id"]))]
    assert trail == ["created", "due_soon", "assigned", "started", "updated", "updated", "updated", "completed"]


def test_the_parts_of_the_story_are_taken_as_it_says(ask: Ask) -> None:
    """What expired stays, what expires first goes first, what was not used is back, low stock is announced once."""
    ask("demo")

    stock = {(row["part_number"], row["lot"]): row["quantity_on_hand"] for row in ask("stock")}
    oil = [stock["OIL-W100", lot] for lot in ("L-0311", "L-0502", "L-0718")]
    assert (oil, stock["GASKET-201", "G-09"]) == ([5, 0, 23], 2)
    assert [one["data"]["part_number"] for one in ask("audit", "--action", "low_stock")] == ["GASKET-201"]


def test_an_interrupted_run_is_taken_up_where_it_ended(
    amss: Amss, ask: Ask, clock: ManualClock, tmp_path: Path
) -> None:
    """Half a fleet is made whole, on the days it began with."""
    for kind, text in list(tables_on(clock.now().date()).items())[:2]:
        table = tmp_path / f"{kind.value}.csv"
        table.write_text(text, encoding="utf-8")
        ask("import", table, "--kind", kind.value)
    clock.advance(timedelta(days=3))

    told = ask("demo")

    assert told["already_there"] is False
    assert len(told["due_list"]) == 16
    assert len(ask("aircraft")) == 6


def test_a_fleet_of_ones_own_is_left_alone(amss: Amss, ask: Ask, fleet: None) -> None:
    """Nothing made up is mixed into it, and the message says where to go instead."""
    answer = amss("demo")

    assert answer.returncode == 1
    assert "amss demo --org try-out" in answer.stderr
    assert len(ask("aircraft")) == 2
    assert ask("demo", "--org", "try-out")["organization"] == "try-out"


def test_production_has_no_demo(amss: Amss) -> None:
    """Nothing is opened, let alone changed."""
    answer = amss("demo", APP_ENV="production")

    assert answer.returncode == 2
    assert "not_in_production" in answer.stderr


def test_the_tables_can_be_looked_at(amss: Amss, ask: Ask, tmp_path: Path) -> None:
    """What the demo imports is what anybody could import."""
    ask("demo", "--tables", tmp_path / "tables")

    written = sorted(path.name for path in (tmp_path / "tables").iterdir())
    assert written == ["aircraft.csv", "parts.csv", "program-links.csv", "programs.csv", "usage.csv"]


def test_there_is_somebody_for_every_role(ask: Ask) -> None:
    """Whoever tries the roles finds a user for each."""
    ask("demo")

    users = {one["data"]["email"]: one["data"]["role"] for one in ask("audit", "--resource", "user")}
    assert users == {
        "admin@demo.local": "admin",
        "planner@demo.local": "planner",
        "technician@demo.local": "technician",
        "compliance@demo.local": "compliance_officer",
        "viewer@demo.local": "viewer",
        "sysadmin@demo.local": "system_admin",
    }


def test_the_next_occurrence_can_be_worked_on_by_hand(amss: Amss, ask: Ask) -> None:
    """What the story did, its reader can do with the commands: items of the checklist count from 1."""
    ask("demo")
    task = ask("task", "start", "DM-CAA:100-hour inspection")["task"]["task_id"]

    checked = ask("task", "check", task, "1", "--passed")["task"]["checklist"]
    failed = ask("task", "check", task, "3", "--failed")["task"]["checklist"]

    assert [item["passed"] for item in checked] == [True, None, None]
    assert [item["passed"] for item in failed] == [True, None, False]
    assert "check 3" in amss("task", "show", task).stdout
