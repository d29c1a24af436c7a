"""The command as a whole: its help, its speed of answering, and its way of ending."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import amss_domain
from amss_entrypoints.cli import app as application
from amss_entrypoints.cli import main
from amss_entrypoints.cli.app import COMMANDS, app, module_of

SOURCES = Path(amss_domain.__file__).parents[1]
REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md"


def loaded_by(*arguments: str) -> list[str]:
    """Return the modules that a run of the command has loaded."""
    program = (
        "import sys\n"
        "from amss_entrypoints.cli.main import main\n"
        "try: main()\n"
        "finally: sys.stderr.write('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.splitlines()


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help(command: str) -> None:
    """`--help` works everywhere, and begins with what the list of commands says."""
    result = CliRunner().invoke(app, [command, "--help"], prog_name="amss")

    assert result.exit_code == 0, result.output
    assert f"Usage: amss {command}" in result.output
    assert "--help" in result.output


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_is_where_it_is_looked_for(command: str) -> None:
    """The list of commands and the modules agree."""
    module = importlib.import_module(f"amss_entrypoints.cli.{module_of(command)}")

    assert isinstance(module.app, typer.Typer)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []], ids=["--help", "-h", "nothing"])
def test_help_lists_every_command(arguments: list[str]) -> None:
    """Whoever does not know what to type is told."""
    result = CliRunner().invoke(app, arguments, prog_name="amss", env={"COLUMNS": "200"})

    assert [name for name in COMMANDS if f" {name} " not in result.output] == []


def test_help_loads_nothing_that_takes_time() -> None:
    """Help is there at once: no domain, no adapter, no driver."""
    loaded = loaded_by("--help")

    assert "amss_entrypoints.cli.app" in loaded
    assert [name for name in loaded if name.startswith(("amss_adapters", "amss_domain.scheduling", "psycopg"))] == []


def test_a_mistyped_command_is_answered_with_the_right_one() -> None:
    """A slip of the finger costs nothing but a look."""
    result = CliRunner().invoke(app, ["due-lst"], prog_name="amss")

    assert result.exit_code == 2
    assert "due-list" in result.output


@pytest.mark.parametrize("asked", ["version", "--version"])
def test_the_version_is_told(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reports a fault can say of what."""
    assert application.run([asked]) == 0
    assert capsys.readouterr().out.startswith("amss ")


def test_without_the_extra_the_command_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A core install has the script too, and no traceback."""
    monkeypatch.setitem(sys.modules, "typer", None)
    monkeypatch.delitem(sys.modules, "amss_entrypoints.cli.app")

    with pytest.raises(SystemExit) as ended:
        main.main(["version"])

    assert ended.value.code == 3
    assert capsys.readouterr().err == (
        "amss: the Python package typer is missing; install the command with: pip install 'amss[cli]'\n"
    )


def test_the_reference_describes_every_command() -> None:
    """No command is there that only its source knows of."""
    text = REFERENCE.read_text(encoding="utf-8")

    assert [name for name in COMMANDS if f"### `amss {name}" not in text] == []
