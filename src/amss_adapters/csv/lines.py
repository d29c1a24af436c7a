"""Lines of CSV for what is handed out: reports and exports."""

import csv
from collections.abc import Iterable
from datetime import date
from enum import Enum
from io import StringIO

from amss_adapters.csv.rejected import neutralised, readable


def csv_line(cells: Iterable[object]) -> str:
    """Return one line of a CSV file with its end (RFC 4180), whatever is in the cells.

    None is an empty cell, days and instants are ISO 8601, enumerations their values. What a spreadsheet would run as a
    formula is neutralised.
    """
    line = StringIO(newline="")
    csv.writer(line).writerow([neutralised(readable(_text_of(cell))) for cell in cells])
    return line.getvalue()


def _text_of(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell.value) if isinstance(cell, Enum) else str(cell)
