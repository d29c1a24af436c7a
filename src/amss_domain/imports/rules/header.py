"""Which columns a table of each kind may and must have."""

from collections.abc import Iterator, Sequence
from typing import Final

from amss_domain.imports.batch import MOST_COLUMNS
from amss_domain.imports.model import COLUMNS, REJECTED_BECAUSE, REJECTED_ROW, ImportKind
from amss_domain.shared.violation import Violation

_SHOWN: Final = 100


def violations_of_header(kind: ImportKind, names: Sequence[str]) -> tuple[Violation, ...]:
    """Return everything that is wrong with the header: unknown, missing, repeated and unnamed columns.

    One that has too many is not looked at any further.
    """
    if len(names) > MOST_COLUMNS:
        return (too_many_columns(len(names)),)
    return (*_wrong_names(kind, names), *_missing(kind, names))


def too_many_columns(count: int) -> Violation:
    """Return the reason that the header has so many columns."""
    message = f"there are {count:,} columns, at most {MOST_COLUMNS} can be; is the first row the header?"
    return Violation("too_many_columns", message)


def _wrong_names(kind: ImportKind, names: Sequence[str]) -> Iterator[Violation]:
    known = [column.name for column in COLUMNS[kind]]
    seen: set[str] = set()
    for position, name in enumerate(names, start=1):
        if not name:
            message = f"column {position} has no name; name it or delete it, also where it looks empty"
            yield Violation("unnamed_column", message, f"column {position}")
        elif name in seen:
            yield Violation("duplicate_column", f"the column {_shown(name)} stands there twice; delete one", name)
        elif name not in (*known, REJECTED_ROW, REJECTED_BECAUSE):
            message = f"there is no column {_shown(name)} for {kind.value}; known are {', '.join(known)}{_hint(name)}"
            yield Violation("unknown_column", message, name)
        seen.add(name)


def _missing(kind: ImportKind, names: Sequence[str]) -> Iterator[Violation]:
    for column in COLUMNS[kind]:
        if column.required and column.name not in names:
            message = f"the column {column.name!r} is missing; every row of {kind.value} needs it"
            yield Violation("missing_column", message, column.name)


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")


def _hint(name: str) -> str:
    for separator, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if separator in name:
            return f". The cells seem to be separated by {called}: save the table with commas"
    return ""
