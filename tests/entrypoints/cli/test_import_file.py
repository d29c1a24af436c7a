"""`amss import`: what it prints, what it writes, and how it ends."""

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Amss = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Any]
Table = Callable[..., Path]

WRONG = (
    "registration,current_hours,as_of",
    "D-ONE,12.50,2026-01-01",
    "D-TWO,x,2026-01-01",
    ",3,2026-13-01",
    "D-FOUR,1",
)


def test_counts_are_printed_and_tasks_are_made(amss: Amss, table: Table) -> None:
    """An import says what became of the rows, and which tasks there are for that reason."""
    amss("import", table("a.csv", "registration", "D-ONE", "D-TWO"), "--kind", "aircraft")
    programs = table("p.csv", "name,interval_days,applies_to", "Weekly,7,all")

    answer = amss("import", programs, "--kind", "programs")

    assert answer.returncode == 0
    assert answer.stdout == (
        "1 rows of programs: 1 created, 0 updated, 0 unchanged, 0 rejected.\n"
        "2 tasks made, 2 aircraft linked to programs that cover them.\n"
    )


def test_a_table_given_again_changes_nothing(fleet: None, ask: Ask, table: Table, tmp_path: Path) -> None:
    """Every row is recognised, and no further task is made."""
    again = [
        ask("import", tmp_path / f"{kind}.csv", "--kind", kind) for kind in ("aircraft", "programs", "program-links")
    ]

    assert [(one["created"], one["updated"], one["unchanged"]) for one in again] == [(0, 0, 2), (0, 0, 1), (0, 0, 2)]
    assert [one["generated"]["tasks"] for one in again] == [0, 0, 0]
    assert len(ask("tasks")) == 2


def test_every_rejected_row_is_printed_with_row_column_and_reason(amss: Amss, table: Table) -> None:
    """Whoever has to correct the table is told where, and the rest of it is taken in."""
    answer = amss("import", table("a.csv", *WRONG), "--kind", "aircraft")

    assert answer.returncode == 1
    assert answer.stdout.splitlines()[:-1] == [
        "row 3, current_hours: rejected: 'x' is not a number such as 12.5 or 12:30 (not_a_number)",
        "row 4, registration: rejected: every row needs its registration (value_missing)",
        "row 4, as_of: rejected: there is no day 2026-13-01 in the calendar (not_a_date)",
        "row 5: rejected: 2 cells where the header has 3; an empty cell needs its comma too (ragged_row)",
        "4 rows of aircraft: 1 created, 0 updated, 0 unchanged, 3 rejected.",
    ]


def test_a_program_is_given_the_same_in_json(amss: Amss, table: Table) -> None:
    """Rows, columns, codes and counts are there under documented keys."""
    answer = amss("import", table("a.csv", *WRONG), "--kind", "aircraft", "--json")

    document = json.loads(answer.stdout)
    assert answer.returncode == 1
    assert {name: document[name] for name in ("kind", "dry_run", "rows", "created", "rejected")} == {
        "kind": "aircraft",
        "dry_run": False,
        "rows": 4,
        "created": 1,
        "rejected": 3,
    }
    assert [(row["row"], [one["column"] for one in row["reasons"]]) for row in document["rejections"]] == [
        (3, ["current_hours"]),
        (4, ["registration", "as_of"]),
        (5, [None]),
    ]


def test_rejected_rows_are_written_to_a_file(amss: Amss, table: Table, tmp_path: Path) -> None:
    """The file holds the rows as they were, and why each was rejected."""
    target = tmp_path / "rejected.csv"

    answer = amss("import", table("a.csv", *WRONG), "--kind", "aircraft", "--errors", target)

    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["current_hours"] for row in rows] == ["x", "3", "1"]
    assert str(target) in answer.stdout


def test_the_file_of_rejected_rows_put_right_is_imported_as_it_is(amss: Amss, table: Table, tmp_path: Path) -> None:
    """Its own two columns are passed over, also when a row of it is rejected again."""
    target, again = tmp_path / "rejected.csv", tmp_path / "again.csv"
    wrong = table("a.csv", "registration,current_hours", "D-ONE,x", "D-TWO,y")
    amss("import", wrong, "--kind", "aircraft", "--errors", target)
    target.write_text(target.read_text(encoding="utf-8").replace("D-ONE,x", "D-ONE,12.5"), encoding="utf-8")

    answer = amss("import", target, "--kind", "aircraft", "--errors", again)

    assert "1 created, 0 updated, 0 unchanged, 1 rejected" in answer.stdout
    header = again.read_text(encoding="utf-8").splitlines()[0]
    assert header == "registration,current_hours,rejected_row,rejected_because"


def test_without_a_rejected_row_no_file_is_written(amss: Amss, table: Table, tmp_path: Path) -> None:
    """An empty file would say that something was wrong."""
    answer = amss(
        "import", table("a.csv", "registration", "D-ONE"), "--kind", "aircraft", "--errors", tmp_path / "r.csv"
    )

    assert answer.returncode == 0
    assert not (tmp_path / "r.csv").exists()


def test_a_dry_run_changes_nothing(amss: Amss, ask: Ask, table: Table) -> None:
    """It says what would be, and then nothing is."""
    answer = amss("import", table("a.csv", *WRONG), "--kind", "aircraft", "--dry-run")

    assert answer.returncode == 1
    assert (
        "4 rows of aircraft: 1 would be created, 0 would be updated, 0 unchanged, 3 would be rejected." in answer.stdout
    )
    assert ask("aircraft") == []


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        pytest.param(b"", ["empty_file"], id="empty"),
        pytest.param(b"registration\n", ["no_rows"], id="no rows"),
        pytest.param(b"registratio,foo\nA,B\n", ["unknown_column", "unknown_column", "missing_column"], id="columns"),
        pytest.param("registration\nD-ÄÖ\n".encode("utf-16"), ["not_csv"], id="utf-16"),
        pytest.param(b"registration;model\nD-ONE;C172\n", ["unknown_column", "missing_column"], id="semicolons"),
        pytest.param(b"PK\x03\x04" + bytes(100), ["not_csv"], id="a workbook"),
    ],
)
def test_a_wrong_file_gives_every_reason(amss: Amss, tmp_path: Path, content: bytes, codes: list[str]) -> None:
    """Nothing is taken in, and the reasons come at once, one a line."""
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)

    text = amss("import", path, "--kind", "aircraft")
    document = amss("import", path, "--kind", "aircraft", "--json")

    assert (text.returncode, text.stdout) == (1, "")
    assert [line.split()[0].rstrip(":") for line in text.stderr.splitlines()[1:]] == codes
    error = json.loads(document.stderr)["error"]
    assert error["code"] == "unreadable_file"
    assert [one["code"] for one in error["violations"]] == codes


def test_a_file_that_is_not_there_is_said_so(amss: Amss, tmp_path: Path) -> None:
    """A slip in the name is no traceback."""
    answer = amss("import", tmp_path / "none.csv", "--kind", "usage")

    assert answer.returncode == 1
    assert f"file_not_found: there is no file {tmp_path / 'none.csv'}" in answer.stderr


def test_an_unknown_kind_is_refused_with_those_there_are(amss: Amss, table: Table) -> None:
    """The command line is wrong, and says how to put it right."""
    answer = amss("import", table("a.csv", "registration"), "--kind", "planes", COLUMNS="200")

    assert answer.returncode == 2
    assert all(kind in answer.stderr for kind in ("aircraft", "parts", "programs", "program-links", "usage"))


@pytest.mark.parametrize("target", ["nowhere/r.csv", "."], ids=["no such folder", "a folder"])
def test_a_place_for_errors_that_cannot_be_is_refused_first(
    amss: Amss, ask: Ask, table: Table, tmp_path: Path, target: str
) -> None:
    """Better before the import than in the middle of it."""
    answer = amss("import", table("a.csv", *WRONG), "--kind", "aircraft", "--errors", tmp_path / target)

    assert answer.returncode == 2
    assert ask("aircraft") == []


def test_usage_is_counted_once(fleet: None, amss: Amss, ask: Ask, table: Table) -> None:
    """Flights delivered twice are told apart from new ones, and odd ones are pointed out."""
    usage = table(
        "u.csv", "registration,occurred_on,hours", "D-ONE,2026-02-02,2:30", "D-ONE,2026-02-03,99", "ZZ,2026-02-03,1"
    )
    first = amss("import", usage, "--kind", "usage")
    second = amss("import", usage, "--kind", "usage")

    assert "row 3, hours: warning: " in first.stdout
    assert "row 4, registration: rejected: there is no aircraft ZZ" in first.stdout
    assert "3 rows of usage: 2 recorded, 0 counted already, 1 rejected, 1 with a warning." in first.stdout
    assert "3 rows of usage: 0 recorded, 2 counted already, 1 rejected." in second.stdout
    assert [one["current_hours"] for one in ask("aircraft")] == [1101.5, 200.5]


def test_a_template_is_a_table_without_rows(amss: Amss, table: Table) -> None:
    """What `amss template` prints has the columns that `amss import` takes."""
    template = amss("template", "program-links")

    answer = amss("import", table("t.csv", template.stdout.rstrip("\n")), "--kind", "program-links")

    assert "no_rows" in answer.stderr
    assert "registration" in amss("template", "program-links", "--explain").stdout
