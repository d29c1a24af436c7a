"""Which columns a table of each kind may and must have."""

from collections.abc import Iterator, Sequence

from amss_domain.imports.model import COLUMNS, REJECTED_BECAUSE, REJECTED_ROW, ImportKind
from amss_domain.shared.violation import Violation


def violations_of_header(kind: ImportKind, names: Sequence[str]) -> tuple[Violation, ...]:
    """Return everything that is wrong with the header: unknown, missing, repeated and unnamed columns."""
    return (*_wrong_names(kind, names), *_missing(kind, names))


def _wrong_names(kind: ImportKind, names: Sequence[str]) -> Iterator[Violation]:
    known = [column.name for column in COLUMNS[kind]]
    seen: set[str] = set()
    for position, name in enumerate(names, start=1):
        if not name:
            message = f"column {position} has no name; name it or delete it, also where it looks empty"
            yield Violation("unnamed_column", message, f"column {position}")
        elif name in seen:
            yield Violation("duplicate_column", f"the column {name!r} stands there twice; delete one", name)
        elif name not in (*known, REJECTED_ROW, REJECTED_BECAUSE):
            message = f"there is no column {name!r} for {kind.value}; known are {', '.join(known)}{_hint(name)}"
            yield Violation("unknown_column", message, name)
        seen.add(name)


def _missing(kind: ImportKind, names: Sequence[str]) -> Iterator[Violation]:
    for column in COLUMNS[kind]:
        if column.required and column.name not in names:
            message = f"the column {column.name!r} is missing; every row of {kind.value} needs it"
            yield Violation("missing_column", message, column.name)


def _hint(name: str) -> str:
    for separator, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if separator in name:
            return f". The cells seem to be separated by {called}: save the table with commas"
    return ""
