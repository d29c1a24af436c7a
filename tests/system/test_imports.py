"""Imports by real processes: killed in the middle, interrupted, and given files that are wrong."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

import amss_entrypoints

ROWS = 6_000
SOURCES = Path(amss_entrypoints.__file__).parents[1]

Amss = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]
Eventually = Callable[[Callable[[], bool]], bool]


class Server(Protocol):
    """The module's embedded server."""

    def dsn(self, role: str) -> str: ...


@pytest.fixture(scope="module")
def aircraft(server: Server, ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The registrations of forty aircraft that were taken in."""
    registrations = [f"D-{number:03}" for number in range(40)]
    table = tmp_path_factory.mktemp("tables") / "aircraft.csv"
    table.write_text("registration,as_of\n" + "".join(f"{one},2020-01-01\n" for one in registrations), encoding="utf-8")
    ask("import", table, "--kind", "aircraft")
    return registrations


@pytest.fixture
def counted(server: Server, aircraft: list[str]) -> Callable[[str], int]:
    """Tell how many entries with names that begin so are committed."""

    def count(prefix: str) -> int:
        with psycopg.connect(server.dsn("amss_owner")) as connection:
            query = "SELECT count(*) FROM usage_entries WHERE starts_with(external_id, %s)"
            (number,) = connection.execute(query, (prefix,)).fetchone() or (0,)
            return int(number)

    return count


def flights(folder: Path, name: str, aircraft: list[str]) -> Path:
    """Write a table of flights of 0.25 h, each with a name of its own, and return its path."""
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("registration,occurred_on,hours,cycles,external_id\n")
        for number in range(ROWS):
            registration, day = aircraft[number % len(aircraft)], 1 + number // 1000
            file.write(f"{registration},2021-01-{day:02},0.25,1,{name}-{number}\n")
    return path


def test_killed_in_the_middle_and_started_again_every_row_counts_once(
    start: Start,
    ask: Ask,
    aircraft: list[str],
    counted: Callable[[str], int],
    eventually: Eventually,
    tmp_path: Path,
) -> None:
    """`kill -9` loses what was not committed and nothing else; the next run adds exactly that."""
    table = flights(tmp_path, "killed", aircraft)
    before = sum(Decimal(str(one["current_hours"])) for one in ask("aircraft"))
    process = start("import", table, "--kind", "usage")
    assert eventually(lambda: counted("killed-") > 0)

    process.kill()
    process.wait()
    left = counted("killed-")
    again = ask("import", table, "--kind", "usage")

    assert 0 < left < ROWS
    assert (again["unchanged"], again["created"], again["rejected"]) == (left, ROWS - left, 0)
    assert sum(Decimal(str(one["current_hours"])) for one in ask("aircraft")) - before == ROWS * Decimal("0.25")


def test_an_interrupted_import_says_so_and_keeps_what_was_done(
    start: Start, aircraft: list[str], counted: Callable[[str], int], eventually: Eventually, tmp_path: Path
) -> None:
    """Ctrl-C ends with 130 and one line; rows that were committed stay."""
    process = start("import", flights(tmp_path, "stopped", aircraft), "--kind", "usage")
    assert eventually(lambda: counted("stopped-") > 0)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert err.strip() == "amss: interrupted; what was not finished was not saved"
    assert 0 < counted("stopped-") < ROWS


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        pytest.param("usage", b"registration,hours\nD-001,1\n", ["(occurred_on)"], id="a missing column"),
        pytest.param(
            "usage", b"registration,occurred_on,hours\nD-001,2021-05-01,x\n", ["row 2, hours"], id="a bad number"
        ),
        pytest.param(
            "usage",
            b"registration,occurred_on,hours\nD-999,2021-05-41,-1\n",
            ["row 2, registration", "row 2, occurred_on", "row 2, hours"],
            id="wrong in every cell",
        ),
        pytest.param("aircraft", "registration,model\nD-X,Å\n".encode("latin-1"), ["row 2, model"], id="not UTF-8"),
        pytest.param("aircraft", b"registration,model\nD-X\nD-Y,A,B\n", ["row 2", "row 3"], id="ragged rows"),
        pytest.param("aircraft", b"", ["empty_file"], id="empty"),
        pytest.param("aircraft", b"registration\nD-X\0Y\n", ["row 2"], id="a NUL byte"),
        pytest.param("aircraft", b'registration\n"D-X\n', ["row 2"], id="a quote not closed"),
    ],
)
def test_a_wrong_file_gives_its_reasons_by_row_and_column(
    amss: Amss, aircraft: list[str], tmp_path: Path, kind: str, content: bytes, said: list[str]
) -> None:
    """A non-zero exit code, every reason, and never a traceback."""
    path = tmp_path / "a wrong file.csv"
    path.write_bytes(content)

    answer = amss("import", path, "--kind", kind)

    assert answer.returncode == 1
    assert [where for where in said if where not in answer.stdout + answer.stderr] == []


def test_a_reader_that_goes_away_is_no_fault(home: Path, aircraft: list[str]) -> None:
    """`amss audit --all | head` ends quietly."""
    python = shlex.quote(sys.executable)
    command = f"{python} -m amss_entrypoints.cli.main audit --all --json | head -n 1; echo ${{PIPESTATUS[0]}}"

    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(SOURCES), "AMSS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "141"
