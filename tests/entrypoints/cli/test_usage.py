"""`amss usage`, `amss aircraft` and `amss stock`: what is entered, and what is shown."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Amss = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("fleet")


def test_usage_is_entered_exactly(ask: Ask) -> None:
    """Hours and minutes become hundredths, once."""
    answer = ask("usage", "record", "D-ONE", "--hours", "1:20", "--cycles", "1", "--meter", "landings=3")

    assert answer["aircraft"]["totals"] == {"hours": 1001.33, "cycles": 901, "landings": 3}
    assert answer["entry"]["deltas"] == {"hours": 1.33, "cycles": 1, "landings": 3}
    assert (answer["counted_already"], answer["warnings"]) == (False, [])


def test_a_name_counts_once(amss: Amss, ask: Ask) -> None:
    """The same flight sent again changes nothing and is said to be known."""
    flight = ("usage", "record", "D-ONE", "--hours", "2", "--external-id", "F1")
    ask(*flight)

    assert ask(*flight)["counted_already"] is True
    assert "F1 was counted already; nothing changed." in amss(*flight).stdout


def test_a_correction_moves_the_total(ask: Ask, amss: Amss) -> None:
    """The wrong entry stays; another says what it should have said."""
    entry = ask("usage", "record", "D-ONE", "--hours", "20")["entry"]["entry_id"]

    corrected = ask("usage", "correct", "D-ONE", entry, "--hours", "2", "--reason", "a zero too many")

    assert corrected["aircraft"]["totals"]["hours"] == 1002
    assert [one["kind"] for one in ask("usage", "show", "D-ONE")["entries"]] == ["opening", "delta", "correction"]
    assert "correction of 2" in amss("usage", "show", "D-ONE").stdout


def test_a_replaced_meter_starts_anew_while_the_total_runs_on(ask: Ask) -> None:
    """What the new one reads is counted from its own start."""
    ask("usage", "replace-meter", "D-ONE", "--removed-at", "hours=1000", "--starts-at", "3.5")

    answer = ask("usage", "record", "D-ONE", "--totals", "--hours", "5.5")

    assert answer["aircraft"]["totals"]["hours"] == 1002


def test_what_seems_implausible_is_entered_with_a_warning(amss: Amss) -> None:
    """On standard error, so that it is seen beside any output."""
    answer = amss("usage", "record", "D-ONE", "--hours", "999")

    assert answer.returncode == 0
    assert "warning: implausible_reading (hours): " in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("record", "D-ONE"), 1, "no_amounts", id="nothing flown"),
        pytest.param(("record", "D-ONE", "--hours", "-1"), 1, "invalid_amount", id="flown backwards"),
        pytest.param(("record", "D-ONE", "--hours", "1", "--on", "2027-01-01"), 1, "occurs_in_future", id="future"),
        pytest.param(("record", "D-ONE", "--cycles", "1.5"), 2, "whole number", id="half a cycle"),
        pytest.param(("record", "D-ONE", "--hours", "1", "--meter", "hours=2"), 2, "given twice", id="twice"),
        pytest.param(("record", "D-ONE", "--meter", "=2"), 2, "METER=AMOUNT", id="no meter"),
        pytest.param(("record", "D-TEN", "--hours", "1"), 1, "there is no aircraft D-TEN", id="no such aircraft"),
        pytest.param(("correct", "D-ONE", "7", "--hours", "1", "--reason", "x"), 2, "ENTRY", id="no id"),
    ],
)
def test_what_cannot_be_meant_is_refused(amss: Amss, arguments: tuple[str, ...], code: int, said: str) -> None:
    """The exit code tells a wrong command line from what a rule refuses."""
    answer = amss("usage", *arguments, COLUMNS="200")

    assert (answer.returncode, answer.stdout) == (code, "")
    assert said in answer.stderr


def test_the_fleet_is_listed(amss: Amss, ask: Ask) -> None:
    """With totals as numbers, and as people read them."""
    assert [(one["registration"], one["current_hours"]) for one in ask("aircraft", "--model", "c172")] == [
        ("D-ONE", 1000),
        ("D-TWO", 200.5),
    ]
    assert "1,000" in amss("aircraft").stdout


def test_stock_is_received_and_adjusted(ask: Ask) -> None:
    """Each place is a row of its own, and a difference needs a reason."""
    received = ask("stock", "receive", "oil", "4", "--reason", "delivered", "--lot", "L3", "--expires", "2028-01-01")

    adjusted = ask("stock", "adjust", received["stock_id"], "--by", "-1", "--reason", "spilled")

    assert (received["quantity_on_hand"], adjusted["quantity_on_hand"]) == (4, 3)
    assert sorted((row["lot"], row["available_quantity"]) for row in ask("stock")) == [("L1", 2), ("L2", 10), ("L3", 3)]


def test_stock_is_listed_for_people(amss: Amss) -> None:
    """One line for each row."""
    lines = amss("stock").stdout.splitlines()

    assert [line.split()[0] for line in lines] == ["part", "OIL", "OIL"]


def test_stock_that_is_not_there_cannot_be_taken(amss: Amss, ask: Ask) -> None:
    """A row never falls below what is reserved of it."""
    row = ask("stock")[0]["stock_id"]

    answer = amss("stock", "adjust", row, "--by", "-3", "--reason", "gone")

    assert answer.returncode == 1
    assert "below_reserved" in answer.stderr


def test_the_audit_trail_tells_who_and_why(amss: Amss, ask: Ask) -> None:
    """Newest first, with the fields before and after and the run that it belongs to."""
    ask("usage", "record", "D-ONE", "--hours", "1", "--reason", "check flight")

    (entry,) = ask("audit", "--resource", "aircraft", "--limit", "1")

    assert (entry["resource"], entry["action"], entry["reason"]) == ("aircraft", "usage_recorded", "check flight")
    assert entry["actor"]["kind"] == "system"
    assert entry["actor"]["id"].startswith("cli:")
    assert entry["request_id"] is not None
    assert "check flight" in amss("audit", "--limit", "1").stdout
    assert len(ask("audit", "--all")) > len(ask("audit", "--limit", "5")) == 5


def test_generating_again_makes_nothing(ask: Ask) -> None:
    """It may run at any time."""
    assert ask("generate") == {"linked": 0, "followed": 0, "tasks": 0, "announced": 0}
