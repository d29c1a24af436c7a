"""The rows that an import rejected, as a CSV file with the reasons, to be put right and imported again."""

import csv
import os
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO

from amss_domain.imports.model import REJECTED_BECAUSE, REJECTED_ROW, RowResult

_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.:][0-9]+)?")


class RejectedRows:
    """A UTF-8 CSV file of the rows given, with their columns, then their row numbers and reasons.

    The file is written anew, and only if there is a row to write. Cells that a spreadsheet would run as formulas are
    neutralised. Used as a context manager, it closes the file at the end.
    """

    def __init__(self, path: str | os.PathLike[str], columns: Sequence[str]) -> None:
        self._path = os.fspath(path)
        self._columns = tuple(name for name in columns if name not in (REJECTED_ROW, REJECTED_BECAUSE))
        self._file: TextIO | None = None
        self._write: csv.DictWriter[str] | None = None
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def add(self, result: RowResult) -> None:
        """Write a row with every reason against it. Raises OSError when the file can't be written."""
        reasons = [f"{one.subject}: {one.message}" if one.subject else one.message for one in result.violations]
        cells = {column: neutralised(readable(cell)) for column, cell in result.cells.items()}
        writer = self._write or self._start()
        writer.writerow(
            {**cells, REJECTED_ROW: str(result.number), REJECTED_BECAUSE: neutralised(readable("; ".join(reasons)))}
        )
        self.count += 1

    def _start(self) -> "csv.DictWriter[str]":
        self._file = self._open()
        self._write = csv.DictWriter(
            self._file, [*self._columns, REJECTED_ROW, REJECTED_BECAUSE], restval="", extrasaction="ignore"
        )
        self._write.writeheader()
        return self._write

    def _open(self) -> TextIO:
        return open(self._path, "w", encoding="utf-8", newline="")


def neutralised(text: str) -> str:
    """Return the text of a cell so that no spreadsheet runs it as a formula: an apostrophe in front where it might.

    Numbers stay as they are. (OWASP, "CSV Injection".)
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def readable(text: str) -> str:
    """Return the text with the replacement character for NUL and for bytes in it that were no UTF-8."""
    return _UNWRITABLE.sub("\ufffd", text)
