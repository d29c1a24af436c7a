"""Telling a story on the terminal: chapters, sentences and facts; or nothing, for programs that only want the end."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from amss_entrypoints.cli import output

_WIDTH = 100
_INDENT = 3


class Narrator:
    """Tells what happens, in plain words; a quiet one keeps it to itself."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._chapter = 0

    def title(self, text: str) -> None:
        """Begin the story."""
        self._print(Text(text, style="bold underline"))

    def chapter(self, text: str) -> None:
        """Begin the next chapter."""
        self._chapter += 1
        self.heading(f"{self._chapter}  {text}")

    def heading(self, text: str) -> None:
        """Begin what comes after the story."""
        self._print(Text(f"\n{text}", style="bold cyan"))

    def say(self, text: str) -> None:
        """Say something."""
        self._set_out([("", Text(text))])

    def facts(self, lines: Iterable[str], *, style: str = "") -> None:
        """Set out facts, one a line."""
        self._set_out([("- ", Text(line, style=style)) for line in lines])

    def commands(self, commands: Iterable[tuple[str, str]]) -> None:
        """Name commands to try, each with what it does."""
        for command, what in commands:
            self._set_out([("", Text(command, style="green")), ("    ", Text(what))])

    def _set_out(self, lines: Iterable[tuple[str, Text]]) -> None:
        for bullet, text in lines:
            if output.console().is_terminal:
                # A grid lets a long text hang below its own beginning.
                grid = Table.grid()
                grid.add_row(" " * _INDENT + bullet, text)
                self._print(grid)
            else:
                self._print(Text(" " * _INDENT + bullet).append_text(text))

    def _print(self, what: RenderableType) -> None:
        if not self.quiet:
            out = output.console()
            out.print(what, width=min(out.width, _WIDTH) if out.is_terminal else None)
