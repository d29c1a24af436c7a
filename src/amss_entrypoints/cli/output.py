"""How results are written: tables for people, JSON for programs."""

import json
import sys
from collections.abc import AsyncIterable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from attrs import frozen
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from amss_domain.shared.plain import JsonValue, plain
from amss_domain.shared.units import CALENDAR_UNITS

# Through a pipe a row stays one line, whatever its length: programs such as grep and awk read lines.
_PIPE_WIDTH = 100_000

# Narrower than this, a folded text is no longer read.
_MIN_FOLDED = 14

_STYLES = {
    "ok": "green",
    "due_soon": "yellow",
    "due": "bold yellow",
    "in_tolerance": "bold dark_orange",
    "overdue": "bold red",
    "unknown": "magenta",
    "completed": "green",
    "in_progress": "cyan",
    "deferred": "yellow",
    "cancelled": "dim",
    "created": "green",
    "problem": "bold red",
    "warning": "yellow",
}


@frozen
class Column:
    """A column of a table.

    Numbers stand to the right. Where a terminal is too narrow, `spare` columns are left out, and what `folds` is broken
    over lines.
    """

    title: str
    number: bool = False
    folds: bool = False
    spare: bool = False


def console() -> Console:
    """Return where results go: as wide as the terminal, or as wide as they are."""
    watched = sys.stdout.isatty()
    return Console(width=None if watched else _PIPE_WIDTH, highlight=False, soft_wrap=not watched)


def messages() -> Console:
    """Return where everything goes that is not the result."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def write_json(value: object) -> None:
    """Write one JSON document to standard output."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


async def write_json_array(items: AsyncIterable[JsonValue]) -> int:
    """Write a JSON array to standard output as the items come, one a line; return how many there were."""
    count = 0
    sys.stdout.write("[")
    async for item in items:
        sys.stdout.write("\n  " if count == 0 else ",\n  ")
        sys.stdout.write(json.dumps(item, ensure_ascii=False))
        count += 1
    sys.stdout.write("\n]\n" if count else "]\n")
    return count


def write_table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
    """Write a table: ruled on a terminal, bare columns through a pipe."""
    out = console()
    cells = [[cell(value) for value in row] for row in rows]
    kept = list(range(len(columns)))
    while out.is_terminal and _is_too_wide(out, _table(columns, cells, kept)):
        spare = [number for number in kept if columns[number].spare]
        if not spare:
            break
        kept.remove(spare[-1])
    table = _table(columns, cells, kept)
    if len(kept) < len(columns):
        left_out = ", ".join(column.title for number, column in enumerate(columns) if number not in kept)
        table.caption = f"left out for lack of room: {left_out}"
    out.print(table)


def _is_too_wide(out: Console, table: Table) -> bool:
    return out.measure(table, options=out.options.update(width=_PIPE_WIDTH)).maximum > out.width


def _table(columns: Sequence[Column], rows: Iterable[Sequence[Text]], kept: Sequence[int]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD if sys.stdout.isatty() else None,
        header_style="bold",
        caption_justify="left",
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for column in (columns[number] for number in kept):
        justify: JustifyMethod = "right" if column.number else "left"
        table.add_column(
            column.title,
            justify=justify,
            no_wrap=not column.folds,
            overflow="fold",
            min_width=_MIN_FOLDED if column.folds else None,
        )
    for row in rows:
        table.add_row(*(row[number] for number in kept))
    return table


def cell(value: object) -> Text:
    """Return a value as it stands in a table, without being taken for markup; statuses have a colour."""
    text = printable(words(value))
    return Text(text.replace("_", " ") if text in _STYLES else text, style=_STYLES.get(text, ""))


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: white space as spaces, other control characters replaced."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else " " if one.isspace() else "\ufffd" for one in text)


def words(value: object) -> str:
    """Return a value as people read it: numbers exact and without trailing zeros, instants to the second in UTC."""
    match value:
        case None:
            return ""
        case Decimal():
            return format(value.normalize(), ",f") if value else "0"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def amount(value: Decimal | date | None, unit: str) -> str:
    """Return an amount of a meter or of days with its unit, or the date itself."""
    if value is None or isinstance(value, date):
        return words(value)
    name = "days" if unit in CALENDAR_UNITS else unit.replace("_", " ")
    return f"{words(value)} {name.removesuffix('s') if abs(value) == 1 else name}"
