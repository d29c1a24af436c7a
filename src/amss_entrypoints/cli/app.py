"""The commands of `amss`, each loaded only when it is called, so that help and mistakes are answered at once."""

import importlib
import logging
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from amss_entrypoints.cli.exit_codes import ExitCode

COMMANDS: Final[Mapping[str, str]] = {
    "up": "Try everything at once: API, worker, database and a demo fleet on this machine.",
    "demo": "Take a made-up fleet through a whole maintenance cycle, step by step.",
    "import": "Take in a table of aircraft, parts, programs, links or usage.",
    "template": "Print the header of a table to fill in, or what its columns mean.",
    "due-list": "Show what is due on the fleet, when, and why.",
    "tasks": "List tasks.",
    "task": "Work on one task: start it, reserve parts, complete it and so on.",
    "usage": "Record, correct and show what aircraft flew.",
    "aircraft": "List the fleet.",
    "stock": "List, receive and adjust stock.",
    "audit": "Show who did what, and when.",
    "generate": "Make the tasks that are to appear, and announce what passing days made due.",
    "serve": "Serve the HTTP API.",
    "worker": "Do the work that waits: webhooks, imports, tasks, alerts and mail.",
    "jobs": "Show what the worker's jobs did last, and how much waits for them.",
    "retention": "Remove what is no longer needed, or say what that would be.",
    "dead-letters": "List events that could not be passed on, and send them on their way again.",
    "openapi": "Print the OpenAPI document of the HTTP API.",
    "seed": "Put the demo fleet and its people in, for trying out the API.",
    "admin": "Make the first administrator.",
    "keys": "Make the keys that an installation needs.",
    "migrate": "Bring the database's schema up to date, take it back, or show where it stands.",
    "doctor": "Check settings, server and database, and say what to do.",
    "version": "Show the version.",
}
"""Each command with its line of help, in the order in which help lists them."""


class LazyGroup(TyperGroup):
    """Commands that are imported when they are called; their names and lines of help are known before."""

    _listing = False

    # typer names no public type for the context that a group is given.
    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help from the lines that are known, without importing a command."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, imported now unless help only lists it; None when there is none."""
        known = super().get_command(ctx, cmd_name)
        if known is None or self._listing:
            return known
        module = importlib.import_module(f"amss_entrypoints.cli.{module_of(cmd_name)}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


def module_of(command: str) -> str:
    """Return the name of the module that holds a command."""
    return {"import": "import_file"}.get(command, command.replace("-", "_"))


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Aircraft maintenance scheduling: what is due on which aircraft, why, and what happens next.",
    epilog="Without DB_URL everything is kept by an embedded PostgreSQL in your data folder. "
    "`amss demo` shows what this is about.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        importlib.import_module("amss_entrypoints.cli.version").version()
        raise typer.Exit


@app.callback()
def _amss(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Have commands, even if there were only one."""


def _named() -> None:
    """Stand for a command in lists."""


for _name, _help in COMMANDS.items():
    app.command(_name, help=_help)(_named)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; nothing gets past it as an exception."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that lacks a character shows a question mark rather than failing.
            stream.reconfigure(errors="replace")
    try:
        app(arguments, prog_name="amss")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK if end.code is None else ExitCode.UNEXPECTED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return ExitCode.OK
