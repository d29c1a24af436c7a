"""The file of rejected rows: their cells, their reasons, and nothing that a spreadsheet would run."""

import csv
from pathlib import Path

import pytest

from amss_adapters.csv.rejected import RejectedRows, neutralised
from amss_adapters.csv.table import CsvTable
from amss_domain.imports.model import Effect, RowResult
from amss_domain.shared.violation import Violation

COLUMNS = ("registration", "model")


def rejected(number: int, cells: dict[str, str], *violations: Violation) -> RowResult:
    """Return a rejected row."""
    return RowResult(number, cells, Effect.REJECTED, violations)


def test_rows_are_written_with_number_and_reasons(tmp_path: Path) -> None:
    """The original columns come first, so that the file can be put right and taken in again without the last two."""
    file = tmp_path / "rejected.csv"
    with RejectedRows(file, COLUMNS) as rows:
        rows.add(
            rejected(
                7,
                {"registration": "N,1", "model": 'A "320"\nneo'},
                Violation("too_long", "too long", "model"),
                Violation("ragged_row", "3 cells where the header has 2"),
            )
        )
        rows.add(rejected(9, {"registration": "N2"}, Violation("ragged_row", "1 cells")))

    with CsvTable(file) as table:
        assert table.columns() == ("registration", "model", "rejected_row", "rejected_because")
        assert [tuple(row.cells.values()) for row in table.rows()] == [
            ("N,1", 'A "320"\nneo', "7", "model: too long; 3 cells where the header has 2"),
            ("N2", "", "9", "1 cells"),
        ]
    assert rows.count == 2


def test_no_file_without_a_row(tmp_path: Path) -> None:
    """An import without rejections leaves nothing behind."""
    with RejectedRows(tmp_path / "rejected.csv", COLUMNS) as rows:
        pass

    assert (rows.count, list(tmp_path.iterdir())) == (0, [])


def test_what_is_no_text_is_replaced(tmp_path: Path) -> None:
    """Bytes that were no UTF-8 and NUL characters come out as the replacement character, in UTF-8."""
    file = tmp_path / "rejected.csv"
    with RejectedRows(file, COLUMNS) as rows:
        rows.add(rejected(2, {"registration": "Soci\udce9t\ud800", "model": "a\0b"}, Violation("x", "x")))

    assert file.read_bytes().decode("utf-8").splitlines()[1] == "Soci\ufffdt\ufffd,a\ufffdb,2,x"


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+SUM(A1)", "-cmd", "@x", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://x")', "-1+1", "+1;2", "--1"],
)
def test_formulas_are_neutralised(cell: str) -> None:
    """What a spreadsheet might run stands behind an apostrophe."""
    assert neutralised(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "N123", "12.5", "-12.5", "+1", "-1:30", "A=B", "2013-01-01", "C-FABC"])
def test_all_else_stays_as_it_is(cell: str) -> None:
    """Text and numbers, negative ones too, are not touched."""
    assert neutralised(cell) == cell


def test_cells_and_reasons_are_neutralised_in_the_file(tmp_path: Path) -> None:
    """A cell that is a formula is one in neither place."""
    file = tmp_path / "rejected.csv"
    with RejectedRows(file, ("registration",)) as rows:
        rows.add(rejected(2, {"registration": "=1"}, Violation("x", "=1 is no registration")))

    with file.open(encoding="utf-8", newline="") as text:
        assert list(csv.reader(text))[1] == ["'=1", "2", "'=1 is no registration"]
