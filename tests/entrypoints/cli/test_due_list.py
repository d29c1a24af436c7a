"""`amss due-list`: what is due, for people and for programs."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Amss = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("fleet")


def test_items_have_the_documented_keys(ask: Ask) -> None:
    """Numbers are numbers, days are ISO texts, and the trace is always there."""
    (task,) = ask("tasks", "--registration", "D-ONE")

    (item,) = ask("due-list", "--registration", "d-one", "--as-of", "2026-02-10")

    assert item == {
        "registration": "D-ONE",
        "program": "100 h",
        "task_id": task["task_id"],
        "task_status": "scheduled",
        "due_status": "ok",
        "driver": "hours",
        "due": {"hours": 1050.5},
        "remaining": {"hours": 50.5},
        "projected": {},
        "trace": [
            "Ledger on 2026-02-10: 1000 hours, the sum of 1 entry.",
            "Last known accomplishment: 2026-01-15, 950.5 hours (the last accomplishment imported).",
            "hours: due at 1050.5 = 950.5 + interval of 100 hours.",
            "hours: 50.5 hours left: ok.",
            "The requirement is ok.",
            "Source: 14 CFR 91.409(b).",
        ],
    }


def test_one_array_holds_all_items(amss: Amss) -> None:
    """The array is a document however many items there are; one item stands on one line."""
    answer = amss("due-list", "--json")

    assert [item["registration"] for item in json.loads(answer.stdout)] == ["D-ONE", "D-TWO"]
    assert len(answer.stdout.splitlines()) == 4


def test_the_most_pressing_comes_first_for_people(amss: Amss, ask: Ask) -> None:
    """A row through a pipe is one line, whatever its length."""
    ask("usage", "record", "D-TWO", "--hours", "45", "--on", "2026-02-20", "--reason", "ferry flights")

    lines = amss("due-list").stdout.splitlines()

    assert [line.split()[0] for line in lines] == ["aircraft", "D-TWO", "D-ONE"]
    assert "due soon" in lines[1]
    assert "4.5 hours" in lines[1]


def test_an_old_list_can_be_told_again(ask: Ask) -> None:
    """`--known-at` answers with what the ledger then held."""
    ask("usage", "record", "D-ONE", "--hours", "10", "--on", "2026-02-20")

    told = [
        ask("due-list", "--registration", "D-ONE", "--known-at", moment)[0]["remaining"]
        for moment in ("2026-03-02T11:59:59Z", "2026-03-02T13:30:00+02:00", "2026-03-02T12:00:00")
    ]

    # Everything was recorded at noon in UTC, which an instant without an offset is taken for.
    assert told == [{}, {}, {"hours": 40.5}]


def test_explain_tells_why(amss: Amss) -> None:
    """Every item is followed by its trace, in words."""
    answer = amss("due-list", "--explain", "--registration", "D-ONE")

    assert answer.stdout.splitlines()[0] == "D-ONE  100 h"
    assert "  hours: due at 1050.5 = 950.5 + interval of 100 hours." in answer.stdout


def test_an_unknown_aircraft_is_refused(amss: Amss) -> None:
    """A mistyped registration is not an empty list."""
    answer = amss("due-list", "--registration", "D-TEN")

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "amss: there is no aircraft D-TEN in this organization\n"


@pytest.mark.parametrize(
    "arguments", [("--as-of", "yesterday"), ("--as-of", "2026-02-30"), ("--known-at", "noon")], ids=str
)
def test_what_is_no_time_is_refused(amss: Amss, arguments: tuple[str, ...]) -> None:
    """The message shows how to write it."""
    answer = amss("due-list", *arguments, COLUMNS="200")

    assert answer.returncode == 2
    assert "write it as 2026-03-02" in answer.stderr


def test_an_empty_fleet_is_told_apart_from_silence(amss: Amss) -> None:
    """Nothing on standard output, and a hint beside it."""
    answer = amss("due-list", "--org", "empty")

    assert (answer.returncode, answer.stdout) == (0, "")
    assert "amss import" in answer.stderr
    assert amss("due-list", "--org", "empty", "--json").stdout == "[]\n"
