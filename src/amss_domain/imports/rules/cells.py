"""Reading the cells of one row, with every reason against what they say."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from amss_domain.shared.units import Meter, counts_hours, parse_amount
from amss_domain.shared.violation import Violation

C = TypeVar("C", bound=Enum)

LINE = 255
"""How many characters a cell of one line has at most."""

PROSE = 4000
"""How many characters a cell of running text has at most."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_CLOCK = re.compile(r"[+-]?[0-9]+:[0-5][0-9]")
# Text decoded from bytes keeps those that are no UTF-8 as lone surrogates (PEP 383).
_UNDECODED = re.compile("[\ud800-\udfff]")
_SHOWN = 40


def text_in(cells: Mapping[str, str], column: str) -> str | None:
    """Return the text of the cell without the space around it; None when it is empty or the column is not there."""
    return cells.get(column, "").strip() or None


class CellReader:
    """Reads the cells of one row; what is wrong with them gathers in `violations`, one column after the other.

    Each reading returns None for an empty cell, a column that is not there and a cell that is wrong.
    """

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells
        self._found: list[Violation] = []

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every reason found so far; the subject of each is its column."""
        return tuple(self._found)

    def against(self, column: str, code: str, message: str) -> None:
        """Add a reason of the caller's."""
        self._found.append(Violation(code, message, column))

    def wrong(self, *columns: str) -> bool:
        """Tell whether there is a reason against one of these columns."""
        return any(violation.subject in columns for violation in self._found)

    def text(self, column: str, *, longest: int = LINE) -> str | None:
        """Read text of at most so many characters."""
        text = text_in(self._cells, column)
        if text is None:
            return None
        if "\0" in text:
            self.against(column, "nul_character", "the cell holds a NUL character; delete it")
        elif undecoded := _UNDECODED.search(text):
            self.against(column, "not_utf8", _not_utf8(text, undecoded.start()))
        elif len(text) > longest:
            self.against(column, "too_long", f"{len(text)} characters, at most {longest} fit")
        else:
            return text
        return None

    def required(self, column: str, *, longest: int = LINE) -> str:
        """Read text that has to be there; the empty text stands for what is missing or wrong."""
        if text_in(self._cells, column) is None:
            self.against(column, "value_missing", f"every row needs its {column}")
        return self.text(column, longest=longest) or ""

    def amount(self, column: str, unit: Meter) -> Decimal | None:
        """Read how many of a meter or a calendar unit, at least 0: hours as `12.5` or `12:30`, others whole."""
        text = self.text(column)
        if text is None:
            return None
        written = _NUMBER.fullmatch(text) or (counts_hours(unit) and _CLOCK.fullmatch(text))
        if not written:
            form = "a number such as 12.5 or 12:30" if counts_hours(unit) else "a whole number"
            hint = "; write the decimal point as a point" if "," in text else ""
            self.against(column, "not_a_number", f"{_shown(text)} is not {form}{hint}")
            return None
        try:
            amount = parse_amount(text, unit)
        except ValueError as error:
            self.against(column, "invalid_amount", str(error))
            return None
        return self._at_least_zero(column, amount)

    def decimal(self, column: str, *, places: int, largest: Decimal) -> Decimal | None:
        """Read a number from 0 to `largest` with at most so many decimals."""
        text = self.text(column)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):
            self.against(column, "not_a_number", f"{_shown(text)} is not a number such as 12.50")
            return None
        number = Decimal(text)
        if abs(number) > largest:
            self.against(column, "out_of_range", f"{_shown(text)} is out of range; from 0 to {largest}")
            return None
        step = Decimal(1).scaleb(-places)
        if number != number.quantize(step):
            self.against(column, "too_fine", f"{_shown(text)} has more than {places} decimals")
            return None
        return self._at_least_zero(column, number.quantize(step))

    def count(self, column: str, *, largest: int = 1_000_000_000) -> int | None:
        """Read a whole number from 0 to `largest`."""
        number = self.decimal(column, places=0, largest=Decimal(largest))
        return None if number is None else int(number)

    def day(self, column: str) -> date | None:
        """Read a date as `2013-01-31`, from 1900 on."""
        text = self.text(column)
        if text is None:
            return None
        if not _DATE.fullmatch(text):
            self.against(column, "not_a_date", f"{_shown(text)} is not a date such as 2013-01-31")
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.against(column, "not_a_date", f"there is no day {text} in the calendar")
            return None
        if day.year < 1900:
            self.against(column, "out_of_range", f"{text} is out of range; from 1900 on")
            return None
        return day

    def choice(self, column: str, kind: type[C]) -> C | None:
        """Read one of the values of an enumeration, whatever its case."""
        text = self.text(column)
        if text is None:
            return None
        try:
            return kind(text.lower())
        except ValueError:
            values = ", ".join(str(member.value) for member in kind)
            self.against(column, "unknown_value", f"{_shown(text)} is none of {values}")
            return None

    def _at_least_zero(self, column: str, number: Decimal) -> Decimal | None:
        if number < 0:
            self.against(column, "negative", f"{number} is below 0")
            return None
        return number


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _not_utf8(text: str, at: int) -> str:
    before = text[max(0, at - 10) : at]
    place = f"after {before!r}" if before else "at the start"
    byte = ord(text[at]) - 0xDC00
    what = f"the byte 0x{byte:02X}" if 0x80 <= byte <= 0xFF else "a character"
    return f"{what} {place} is not UTF-8; save the table as UTF-8"
