"""The first command of the README: `amss demo`, twice in a row, on an empty data folder."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Amss = Callable[..., subprocess.CompletedProcess[str]]
Runs = Callable[[Path], bool]


@pytest.fixture(scope="module")
def home(fresh_home: Path) -> Path:
    """A data folder that does not exist yet."""
    return fresh_home


def test_the_demo_works_twice_in_a_row(amss: Amss, home: Path, runs: Runs) -> None:
    """From nothing to the end of the story; then it is there already, and nothing is left running."""
    first = amss("demo")
    second = amss("demo")

    assert (first.returncode, first.stderr) == (0, "")
    assert "6  The next occurrence is there" in first.stdout
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout.startswith("AMSS demo: already there\n")
    assert (home / "postgres" / "data").is_dir()
    assert not runs(home)
