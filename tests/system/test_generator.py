"""Four processes at once run the generator ten times each: one open task per link, whatever came before."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import amss_entrypoints
from amss_adapters.embedded import RunningPostgres

SOURCES = Path(amss_entrypoints.__file__).parents[1]
GENERATOR = Path(__file__).with_name("generator.py")
PROCESSES, TIMES = 4, 10

Ask = Callable[..., Any]

AIRCRAFT = [f"D-{number:03}" for number in range(1, 11)]
PROGRAMS = ["Daily", "Weekly", "Monthly"]
LINKS = {(registration, program) for registration in AIRCRAFT for program in PROGRAMS}


@pytest.fixture(scope="module")
def fleet(server: RunningPostgres, ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ten aircraft with three programs, each link with its open task; where the superuser finds the database."""
    folder = tmp_path_factory.mktemp("tables")
    aircraft, programs = folder / "aircraft.csv", folder / "programs.csv"
    aircraft.write_text("\n".join(["registration", *AIRCRAFT]) + "\n", encoding="utf-8")
    rows = [f"{name},{days},all" for name, days in zip(PROGRAMS, (1, 7, 30), strict=True)]
    programs.write_text("\n".join(["name,interval_days,applies_to", *rows]) + "\n", encoding="utf-8")
    ask("import", aircraft, "--kind", "aircraft")
    ask("import", programs, "--kind", "programs")
    return server.dsn("amss_admin")


@pytest.fixture
def generated(home: Path) -> Callable[[], list[tuple[int, int]]]:
    """Run the processes, and return how many tasks each of them completed and made."""

    def run() -> list[tuple[int, int]]:
        started = [
            subprocess.Popen(
                [sys.executable, str(GENERATOR), str(TIMES)],
                env={**os.environ, "PYTHONPATH": str(SOURCES), "AMSS_HOME": str(home)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        answers = [process.communicate(timeout=120) for process in started]
        assert [process.returncode for process in started] == [0] * PROCESSES, answers
        return [(int(completed), int(made)) for completed, made in (out.split() for out, _ in answers)]

    return run


def test_a_completed_task_has_one_successor(
    fleet: str, generated: Callable[[], list[tuple[int, int]]], ask: Ask
) -> None:
    """Every task is completed, by whoever comes first, and the generator finds its successor there already."""
    before = Counter((task["registration"], task["program"]) for task in ask("tasks"))

    answers = generated()

    assert before == dict.fromkeys(LINKS, 1)
    assert sum(completed for completed, _ in answers) == len(ask("tasks", "--status", "completed")) >= len(LINKS)
    assert Counter((task["registration"], task["program"]) for task in ask("tasks")) == dict.fromkeys(LINKS, 1)
    assert _open_tasks_of_links(fleet) == [1] * len(LINKS)


def test_links_without_a_task_get_one(fleet: str, generated: Callable[[], list[tuple[int, int]]], ask: Ask) -> None:
    """Where all links wait for a task and all processes make them at once, each link gets one, and each once."""
    with psycopg.connect(fleet, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM tasks")
        admin.execute("UPDATE aircraft_programs SET generation = 'pending'")

    answers = generated()

    assert sum(made for _, made in answers) == len(LINKS)
    assert Counter((task["registration"], task["program"]) for task in ask("tasks")) == dict.fromkeys(LINKS, 1)
    assert _open_tasks_of_links(fleet) == [1] * len(LINKS)


def _open_tasks_of_links(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT count(tasks.id) FROM aircraft_programs AS link LEFT JOIN tasks ON tasks.link_id = link.id"
            " AND tasks.status IN ('scheduled', 'deferred', 'in_progress') GROUP BY link.id"
        ).fetchall()
    return [count for (count,) in rows]
