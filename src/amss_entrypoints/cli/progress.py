"""Showing how far long work is, where somebody watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from amss_entrypoints.cli import output

Advance = Callable[[int, str], None]


@contextmanager
def progress(what: str, *, total: int | None = None) -> Iterator[Advance]:
    """Show how far long work is, on standard error and only if that is a terminal.

    Yields a function to be called with how much of `total` is done and what to call the work now.
    """
    if not sys.stderr.isatty():
        yield _unseen
        return
    described = TextColumn("{task.description}")
    columns = (SpinnerColumn(), described, BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    # What is printed meanwhile goes above the bar, unless it goes to a file.
    shared = sys.stdout.isatty()
    with Progress(*columns, console=output.messages(), transient=True, redirect_stdout=shared) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, what: bar.update(task, completed=done, description=what)


def _unseen(done: int, what: str, /) -> None:
    """Show nothing."""
