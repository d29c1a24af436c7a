"""A CSV file as a table to import, read as it is worked through."""

import asyncio
import csv
import io
import os
from collections.abc import Callable, Iterator
from itertools import islice
from types import TracebackType
from typing import Self, cast

from amss_domain.imports.batch import MOST_COLUMNS
from amss_domain.imports.errors import UnreadableFile
from amss_domain.imports.model import SourceRow, UnreadableRow
from amss_domain.imports.rules.header import too_many_columns
from amss_domain.shared.violation import Violation

LONGEST_ROW = 1_000_000
"""How many characters a row has at most: what is longer is skipped without being held."""

_SKIP = 65_536
_FORMATS = (
    (b"\xff\xfe", "is UTF-16"),
    (b"\xfe\xff", "is UTF-16"),
    (b"\x00\x00\xfe\xff", "is UTF-32"),
    (b"PK\x03\x04", "is a workbook or an archive"),
    (b"\xd0\xcf\x11\xe0", "is a workbook"),
    (b"\x1f\x8b", "is compressed"),
    (b"%PDF", "is a PDF document"),
)


class CsvTable:
    """A UTF-8 CSV file (RFC 4180, with or without a byte order mark) with a header; `ports.RowSource`.

    Bytes that are not UTF-8 stay in the cells as lone surrogates (PEP 383), where the rules find them. Rows are
    numbered as a spreadsheet numbers them, the header being row 1; blank rows are counted and left out. In what is said
    of the file it is called `called`, or by its path. Used as a context manager, it closes the file at the end.
    """

    def __init__(self, path: str | os.PathLike[str], called: str | None = None) -> None:
        self._path = os.fspath(path)
        self._called = called or self._path
        self._file: io.BufferedReader | None = None
        self._records: Iterator[list[str] | UnreadableRow] = iter(())
        self._lines: _Lines | None = None
        self._row = 0
        self._ended = False
        self._columns: tuple[str, ...] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; rows not read yet are gone."""
        self._records = iter(())
        if self._lines is not None:
            self._lines.close()

    @property
    def size_bytes(self) -> int:
        """How big the file is; 0 when it is not open or nobody can tell, as of a pipe."""
        return os.fstat(self._file.fileno()).st_size if self._file is not None and not self._file.closed else 0

    @property
    def read_bytes(self) -> int:
        """How much of it was read so far; 0 when it is not open or nobody can tell, as of a pipe."""
        if self._file is None or self._file.closed or not self._file.seekable():
            return 0
        return self._file.tell()

    def columns(self) -> tuple[str, ...]:
        """Return the names in the header. Raises `UnreadableFile`."""
        if self._columns is None:
            try:
                self._columns = self._header()
            except BaseException:
                self.close()
                raise
        return self._columns

    def rows(self) -> Iterator[SourceRow | UnreadableRow]:
        """Yield every row below the header that was not yielded yet. Raises `UnreadableFile`."""
        header = self.columns()
        for record in self._records:
            if isinstance(record, UnreadableRow):
                yield record
            elif any(cell.strip() for cell in record):
                cells = dict(zip(header, record, strict=False))
                if len(record) == len(header):
                    yield SourceRow(self._row, cells)
                else:
                    yield UnreadableRow(self._row, (_ragged(len(record), len(header)),), cells)
        self.close()

    async def skip(self, until: int, /, *, most: int, see: Callable[[SourceRow], object] | None = None) -> bool:
        """Read past rows up to a number, `most` of them, in a thread. Raises `UnreadableFile`."""
        header = self.columns()
        return await asyncio.to_thread(self._skip, header, until, most, see)

    def _skip(self, header: tuple[str, ...], until: int, most: int, see: Callable[[SourceRow], object] | None) -> bool:
        for record in islice(self._records, most) if self._row < until else ():
            if (
                see is not None
                and isinstance(record, list)
                and len(record) == len(header)
                and any(map(str.strip, record))
            ):
                see(SourceRow(self._row, dict(zip(header, record, strict=True))))
            if self._row >= until:
                return False
        return self._row < until and not self._ended

    def _header(self) -> tuple[str, ...]:
        self._file = self._open()
        start = self._peeked(self._file)
        for magic, what in _FORMATS:
            if start.startswith(magic):
                self._file.close()
                raise _unreadable("not_csv", f"{self._called} {what}; save the table as CSV in UTF-8")
        text = io.TextIOWrapper(self._file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._lines = _Lines(text)
        self._records = self._read(self._lines)
        for record in self._records:
            if isinstance(record, UnreadableRow):
                raise UnreadableFile(record.violations)
            if len(record) > MOST_COLUMNS:
                raise UnreadableFile([too_many_columns(len(record))])
            if any(cell.strip() for cell in record):
                return tuple(_named(name, self._called) for name in record)
        raise _unreadable("empty_file", f"{self._called} is empty; it needs a header and rows below it")

    def _open(self) -> io.BufferedReader:
        try:
            return open(self._path, "rb")
        except FileNotFoundError:
            raise _unreadable("file_not_found", f"there is no file {self._called}") from None
        except IsADirectoryError:
            raise _unreadable("is_a_directory", f"{self._called} is a folder; name a file in it") from None
        except PermissionError:
            raise _unreadable("not_permitted", f"{self._called} may not be read; change its permissions") from None
        except (OSError, ValueError) as error:
            raise self._stuck(error) from error

    def _peeked(self, file: io.BufferedReader) -> bytes:
        try:
            return file.peek(4)
        except OSError as error:
            file.close()
            raise self._stuck(error) from error

    def _read(self, lines: "_Lines") -> Iterator[list[str] | UnreadableRow]:
        """Yield every record, blank ones too; after one that cannot be read, go on with the next line."""
        reader = csv.reader(lines, strict=True)
        while True:
            lines.start()
            self._row += 1
            try:
                record = next(reader)
            except StopIteration:
                self._ended = True
                return
            except (csv.Error, _TooLong) as error:
                yield UnreadableRow(self._row, (_broken(error, lines),))
                # Where a quote was not closed, each line it swallowed was a row.
                self._row += max(0, lines.number - lines.first)
            except OSError as error:
                raise self._stuck(error) from error
            else:
                yield record

    def _stuck(self, error: OSError | ValueError) -> UnreadableFile:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return _unreadable("not_readable", f"{self._called!r} cannot be read: {why}")


class CsvText(CsvTable):
    """What a UTF-8 CSV file would hold, read like one."""

    def __init__(self, content: bytes, called: str) -> None:
        super().__init__("", called)
        self._content = content

    def _open(self) -> io.BufferedReader:
        # What is in memory is read as what is on disk.
        return io.BufferedReader(cast(io.RawIOBase, io.BytesIO(self._content)))


class _TooLong(Exception):
    """A row has more than `LONGEST_ROW` characters."""


class _Lines:
    """The lines of a text, one by one, for a reader that may take several for one row."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._taken = 0
        self.number = 0
        self.first = 1

    def start(self) -> None:
        """Begin a row."""
        self._taken = 0
        self.first = self.number + 1

    def close(self) -> None:
        """Close the text and the file below it."""
        self._text.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1 - self._taken)
        if not line:
            raise StopIteration
        self.number += 1
        self._taken += len(line)
        if self._taken > LONGEST_ROW:
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(_SKIP)
            raise _TooLong
        return line


def _named(name: str, path: str) -> str:
    if "\0" in name:
        raise _unreadable("not_csv", f"{path} is no text in UTF-8: its header holds NUL characters; save it as UTF-8")
    if not name.isascii() and any("\ud800" <= character <= "\udfff" for character in name):
        shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        raise _unreadable("not_utf8", f"row 1: the name {shown!r} holds bytes that are not UTF-8; save {path} as UTF-8")
    return name.strip().lower()


def _ragged(cells: int, columns: int) -> Violation:
    how = "put quotes around a cell that holds a comma" if cells > columns else "an empty cell needs its comma too"
    return Violation("ragged_row", f"{cells} cells where the header has {columns}; {how}")


def _broken(error: Exception, lines: _Lines) -> Violation:
    first, last = lines.first, max(lines.first, lines.number)
    where = f"line {first}" if first == last else f"lines {first} to {last}"
    if isinstance(error, _TooLong) or "field limit" in str(error):
        hint = "is a quote not closed?" if last > first else "is the end of the line missing?"
        return Violation("row_too_long", f"{where}: the row is too long to be one; {hint}")
    if "unexpected end" in str(error):
        return Violation("quote_not_closed", f"{where}: the quote that opens a cell is never closed")
    return Violation("misplaced_quote", f"{where}: a quote inside a cell; write it twice, in a cell inside quotes")


def _unreadable(code: str, message: str) -> UnreadableFile:
    return UnreadableFile([Violation(code, message)])
