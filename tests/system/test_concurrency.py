"""Several processes at once on one database: one open task per link at the end, always."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import amss_entrypoints

SOURCES = Path(amss_entrypoints.__file__).parents[1]
WORKER = Path(__file__).with_name("worker.py")

Ask = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]

AIRCRAFT = [f"D-{number:03}" for number in range(1, 9)]
PROGRAMS = ["Daily", "Weekly", "Monthly"]


@pytest.fixture(scope="module")
def work(home: Path) -> Callable[[int], subprocess.Popen[str]]:
    """Start a process that completes tasks and generates, for so many rounds."""

    def start(rounds: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(WORKER), str(rounds)],
            env={**os.environ, "PYTHONPATH": str(SOURCES), "AMSS_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.usefixtures("server")
def test_one_open_task_per_link_at_the_end(
    ask: Ask, start: Start, work: Callable[[int], subprocess.Popen[str]], tmp_path: Path
) -> None:
    """Two import programs and generate, then two complete tasks while two generate: nothing is made or done twice."""
    aircraft, programs = tmp_path / "aircraft.csv", tmp_path / "programs.csv"
    aircraft.write_text("\n".join(["registration", *AIRCRAFT]) + "\n", encoding="utf-8")
    rows = [f"{name},{days},all" for name, days in zip(PROGRAMS, (1, 7, 30), strict=True)]
    programs.write_text("\n".join(["name,interval_days,applies_to", *rows]) + "\n", encoding="utf-8")
    ask("import", aircraft, "--kind", "aircraft")

    imports = [start("import", programs, "--kind", "programs") for _ in range(2)]
    assert [process.wait(timeout=60) for process in imports] == [0, 0], [one.communicate() for one in imports]
    once = Counter((task["registration"], task["program"]) for task in ask("tasks"))
    workers = [work(2), work(2)]
    generators = [start("generate") for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in (*workers, *generators)]

    links = {(registration, program) for registration in AIRCRAFT for program in PROGRAMS}
    assert [process.returncode for process in (*workers, *generators)] == [0, 0, 0, 0], answers
    assert once == dict.fromkeys(links, 1)
    assert Counter((task["registration"], task["program"]) for task in ask("tasks")) == dict.fromkeys(links, 1)
    done = sum(int(out) for out, _ in answers[:2])
    assert len(ask("tasks", "--status", "completed")) == done >= len(links)
