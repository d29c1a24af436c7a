"""CSV files as tables: what is read, and every way in which one cannot be."""

import csv
import os
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amss_adapters.csv.table import LONGEST_ROW, CsvTable
from amss_domain.imports.errors import UnreadableFile
from amss_domain.imports.model import SourceRow, UnreadableRow

HEADER = b"registration,model\n"

patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A path that nothing is at yet."""
    return tmp_path / "fleet of 2026.csv"


def read(file: Path, content: bytes) -> list[SourceRow | UnreadableRow]:
    """Write the content and return the rows that are read of it."""
    file.write_bytes(content)
    with CsvTable(file) as table:
        return list(table.rows())


def found(file: Path, content: bytes) -> list[tuple[int, str]]:
    """Return the number of each row and its cells joined, or the code of the reason against it."""
    return [
        (row.number, row.violations[0].code if isinstance(row, UnreadableRow) else "|".join(row.cells.values()))
        for row in read(file, content)
    ]


def reason(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the code and the message of the only reason why the file is unreadable."""
    with CsvTable(path) as table, pytest.raises(UnreadableFile) as raised:
        table.columns()
    (violation,) = raised.value.violations
    return violation.code, violation.message


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False])
def test_rows_are_read_by_column(file: Path, mark: bytes, newline: bytes, last: bool) -> None:
    """With and without a byte order mark, whatever ends a line, and whether the last one ends."""
    lines = ["Registration, model ", "CS-TNA,A320", '"N,1","Avião ""X"""'.encode().decode()]
    content = mark + newline.join(line.encode() for line in lines) + (newline if last else b"")

    assert read(file, content) == [
        SourceRow(2, {"registration": "CS-TNA", "model": "A320"}),
        SourceRow(3, {"registration": "N,1", "model": 'Avião "X"'}),
    ]


def test_blank_rows_are_counted_and_left_out(file: Path) -> None:
    """Rows keep the number that a spreadsheet shows, below blank rows and cells of several lines."""
    assert found(file, b'registration,model\n\nN1,A\n,\n   \nN2,"B\nC"\nN3,D\n') == [
        (3, "N1|A"),
        (6, "N2|B\nC"),
        (7, "N3|D"),
    ]


def test_ragged_rows_are_told_and_the_next_is_read(file: Path) -> None:
    """Too few and too many cells, with what was read of them."""
    rows = read(file, HEADER + b"N1\nN2,A,B\nN3,C\n")

    assert [row.cells for row in rows] == [
        {"registration": "N1"},
        {"registration": "N2", "model": "A"},
        {"registration": "N3", "model": "C"},
    ]
    assert [[one.message for one in row.violations] for row in rows if isinstance(row, UnreadableRow)] == [
        ["1 cells where the header has 2; an empty cell needs its comma too"],
        ["3 cells where the header has 2; put quotes around a cell that holds a comma"],
    ]


def test_a_cell_that_is_not_utf8_is_left_to_the_rules(file: Path) -> None:
    """Latin-1 in one cell harms neither the others nor the next row."""
    assert found(file, HEADER + "N1,Société\nN2,B\n".encode("latin-1")) == [(2, "N1|Soci\udce9t\udce9"), (3, "N2|B")]


def test_nul_is_left_to_the_rules(file: Path) -> None:
    """A NUL in one cell harms neither the others nor the next row."""
    assert found(file, HEADER + b"N1,A\0\nN2,B\n") == [(2, "N1|A\0"), (3, "N2|B")]


def test_misplaced_quotes_are_told_and_the_next_row_is_read(file: Path) -> None:
    """A quote within quotes that is not doubled."""
    assert found(file, HEADER + b'N1,"A" B\nN2,B\n') == [(2, "misplaced_quote"), (3, "N2|B")]


def test_a_quote_that_is_never_closed_is_told_with_the_lines_it_swallowed(file: Path) -> None:
    """Nothing below it is taken for rows."""
    (row, broken) = read(file, HEADER + b'N1,A\nN2,"B\nN3,C\nN4,D\n')

    assert (row.number, broken.number) == (2, 3)
    assert isinstance(broken, UnreadableRow)
    assert [(one.code, one.message) for one in broken.violations] == [
        ("quote_not_closed", "lines 3 to 5: the quote that opens a cell is never closed")
    ]


def test_a_quote_that_swallows_too_much_gives_up_and_reads_on(file: Path) -> None:
    """The rows it swallowed are told by their lines; those after it keep their numbers."""
    swallowed = b"N2,B\n" * 40_000
    rows = read(file, HEADER + b'N1,"A\n' + swallowed)

    broken, *rest = rows
    assert isinstance(broken, UnreadableRow)
    assert broken.violations[0].code == "row_too_long"
    first, last = (int(word) for word in broken.violations[0].message.split(":")[0].split()[1::2])
    assert (first, rest[0].number, rest[-1].number) == (2, last + 1, 40_002)


def test_a_row_longer_than_memory_is_told_without_being_held(file: Path) -> None:
    """64 MiB in one cell cost no more than a few; the row after it is read."""
    with file.open("wb") as sparse:
        sparse.write(HEADER + b"N1,")
        sparse.seek(64 * 1024 * 1024, os.SEEK_CUR)
        sparse.write(b"\nN2,B\n")

    tracemalloc.start()
    try:
        with CsvTable(file) as table:
            rows = list(table.rows())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [row.number for row in rows] == [2, 3]
    assert rows[1] == SourceRow(3, {"registration": "N2", "model": "B"})
    assert isinstance(rows[0], UnreadableRow)
    assert rows[0].violations[0].message == "line 2: the row is too long to be one; is the end of the line missing?"
    assert peak < 16 * LONGEST_ROW


def test_a_big_file_is_read_as_it_is_worked_through(file: Path) -> None:
    """What is held does not grow with the rows, and what was read so far is known."""
    file.write_bytes(HEADER + b"N12345,A320-214\n" * 50_000)

    tracemalloc.start()
    try:
        with CsvTable(file) as table:
            counted, half = 0, 0.0
            for _ in table.rows():
                counted += 1
                if counted == 25_000:
                    half = table.read_bytes / table.size_bytes
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert counted == 50_000
    assert half == pytest.approx(0.5, abs=0.05)
    assert peak < 1_000_000


def test_the_header_may_be_read_first_and_rows_once(file: Path) -> None:
    """Asking for the columns takes no rows away; rows that were yielded are not again."""
    file.write_bytes(HEADER + b"N1,A\n")

    with CsvTable(file) as table:
        assert table.columns() == ("registration", "model")
        assert len(list(table.rows())) == 1
        assert list(table.rows()) == []
        assert table.columns() == ("registration", "model")


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "empty_file", "is empty"),
        (b"\xef\xbb\xbf", "empty_file", "is empty"),
        (b"\n\n , \n", "empty_file", "is empty"),
        ("registration\nN1\n".encode("utf-16"), "not_csv", "is UTF-16"),
        ("registration\nN1\n".encode("utf-16-be"), "not_csv", "NUL characters"),
        (b"\x00\x00\xfe\xff" + "registration".encode("utf-32-be"), "not_csv", "is UTF-32"),
        (b"PK\x03\x04 and so on", "not_csv", "is a workbook or an archive"),
        (b"\x1f\x8b\x08", "not_csv", "is compressed"),
        (b"%PDF-1.7", "not_csv", "is a PDF document"),
        ("registração,model\n".encode("latin-1"), "not_utf8", "row 1: the name"),
        (b'registration,"model\nN1,A\n', "quote_not_closed", "lines 1 to 2"),
        (b"x" * (LONGEST_ROW + 5), "row_too_long", "line 1"),
    ],
)
def test_files_that_are_no_tables(file: Path, content: bytes, code: str, says: str) -> None:
    """Each is a reason against the file, in words that say what to do."""
    file.write_bytes(content)

    found_code, message = reason(file)

    assert found_code == code
    assert says in message


def test_files_that_are_not_there(file: Path) -> None:
    """A missing file, a folder, a name that can't be one."""
    assert reason(file) == ("file_not_found", f"there is no file {file}")
    assert reason(file.parent) == ("is_a_directory", f"{file.parent} is a folder; name a file in it")
    assert reason(f"{file}/below") == ("file_not_found", f"there is no file {file}/below")
    assert reason("a\0b")[0] == "not_readable"
    assert reason("x" * 5000)[0] == "not_readable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_files_that_may_not_be_read(file: Path) -> None:
    """Permissions are a reason of their own."""
    file.write_bytes(HEADER)
    file.chmod(0)

    assert reason(file) == ("not_permitted", f"{file} may not be read; change its permissions")


@patiently
@given(content=st.binary(max_size=300) | st.text(alphabet='ab,"\n\r\0é;', max_size=200).map(str.encode))
def test_whatever_a_file_holds_there_is_an_answer(tmp_path: Path, content: bytes) -> None:
    """Rows, rows with reasons, or a reason against the file; numbers only grow; nothing else happens."""
    file = tmp_path / "any.csv"
    for whole in (content, HEADER + content):
        try:
            rows = read(file, whole)
        except UnreadableFile:
            continue
        numbers = [row.number for row in rows]
        assert numbers == sorted(set(numbers))
        assert all(row.violations for row in rows if isinstance(row, UnreadableRow))


@patiently
@given(
    content=st.lists(st.sampled_from([b"N1,a", b"\n", b'"', b",", b"\r\n", b'"x\ny"', b" "])).map(b"".join),
    data=st.data(),
)
async def test_going_on_behind_any_row_gives_the_rows_behind_it(
    tmp_path: Path, content: bytes, data: st.DataObject
) -> None:
    """Whatever comes before is passed over, in portions of any size, and shown to who wants to see it."""
    rows = read(file := tmp_path / "any.csv", HEADER + content)
    until = data.draw(st.sampled_from([1, *(row.number for row in rows)]))
    most = data.draw(st.integers(1, 5))
    seen: list[SourceRow] = []

    with CsvTable(file) as table:
        while await table.skip(until, most=most, see=seen.append):
            pass
        rest = list(table.rows())

    assert rest == [row for row in rows if row.number > until]
    assert seen == [row for row in rows if row.number <= until and isinstance(row, SourceRow)]


async def test_what_is_passed_over_holds_nobody_up(file: Path) -> None:
    """It is read in a thread; a table that has become shorter ends."""
    file.write_bytes(HEADER + b"N1,A320\n" * 3)
    threads: set[int] = set()

    with CsvTable(file) as table:
        again = await table.skip(100, most=50, see=lambda _: threads.add(threading.get_ident()))

    assert not again
    assert threads
    assert threading.get_ident() not in threads


@patiently
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=20),
            st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20),
        ).filter(lambda cells: any(cell.strip() for cell in cells))
    )
)
def test_what_is_written_is_read_back(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    """Any text that can be stored comes back as it went in, quotes, commas and line ends included."""
    file = tmp_path / "any.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("registration", "model"), *rows])

    with CsvTable(file) as table:
        read_back = [tuple(row.cells.values()) for row in table.rows()]

    assert read_back == rows
