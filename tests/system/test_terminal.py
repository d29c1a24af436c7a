"""What a person at a terminal sees, as opposed to a program behind a pipe."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import amss_entrypoints

SOURCES = Path(amss_entrypoints.__file__).parents[1]
COMMAND = [sys.executable, "-m", "amss_entrypoints.cli.main"]


def on_terminal(*arguments: str, columns: int) -> list[str]:
    """Return the lines that a command writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "COLUMNS": str(columns), "TERM": "xterm"}
    process = subprocess.Popen([*COMMAND, *arguments], env=environment, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    written = bytearray()
    while True:
        try:
            chunk = os.read(ours, 65_536)
        except OSError:
            # On Linux this is how the other end's closing shows.
            break
        if not chunk:
            break
        written += chunk
    os.close(ours)
    assert process.wait() == 0
    return written.decode().splitlines()


def visible(line: str) -> str:
    """Return a line without the sequences that colour it."""
    text, rest = "", line
    while "\x1b[" in rest:
        before, _, rest = rest.partition("\x1b[")
        text += before
        rest = rest.partition("m")[2]
    return text + rest


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_a_table_keeps_to_the_terminal(columns: int) -> None:
    """No line is wider than there is room, and the head is ruled off."""
    lines = on_terminal("template", "usage", "--explain", columns=columns)

    assert max(len(visible(line)) for line in lines) <= columns
    assert any("─" in line for line in lines)


def test_through_a_pipe_a_row_is_a_line() -> None:
    """Without rules and colours, however long it is."""
    done = subprocess.run(
        [*COMMAND, "template", "usage", "--explain"],
        env={**os.environ, "PYTHONPATH": str(SOURCES), "COLUMNS": "40"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(done.stdout.splitlines()) == 8
    assert "\x1b" not in done.stdout
    assert "─" not in done.stdout
