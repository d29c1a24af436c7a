"""Lines of CSV are what a spreadsheet can open without being told what to do by them."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amss_adapters.csv.lines import csv_line


class Colour(Enum):
    """Something that has values."""

    RED = "red"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (True, "true"),
        (-7, "-7"),
        (Decimal("99.50"), "99.50"),
        (date(2026, 3, 2), "2026-03-02"),
        (datetime(2026, 3, 2, 12, tzinfo=UTC), "2026-03-02T12:00:00+00:00"),
        (Colour.RED, "red"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("a, b", '"a, b"'),
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", '"\'\r=1"'),
        ("nul\0", "nul\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_cell_is_written_as_it_reads(cell: object, text: str) -> None:
    """Values have one form each, and what would run as a formula begins with an apostrophe."""
    assert csv_line([cell, "end"]) == f"{text},end\r\n"


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_a_line_is_read_back_with_its_cells(cells: list[str]) -> None:
    """Whatever the texts are, there are as many cells, none of which a spreadsheet would run."""
    (read,) = csv.reader([csv_line(cells)])

    assert len(read) == len(cells)
    assert [cell for cell in read if cell[:1] in ("=", "@", "\t", "\r")] == []
