"""`amss task` and `amss tasks`: work from the plan to the record, and every reason why not."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from amss_domain.access.model import Role
from amss_domain.access.use_cases.users import CreateUser
from amss_domain.shared.actor import system_actor
from amss_domain.testing.credentials import CheapHasher

Amss = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("fleet")

TASK = "D-ONE:100 h"


@pytest.fixture
def tess(database: Any, fleet: None) -> str:
    """A technician of the organization; her id."""

    async def create() -> str:
        organization = await database.backend.directory.by_slug("demo-org")
        create_user = CreateUser(database.backend.open_uow, database.clock, database.ids, CheapHasher())
        by = system_actor(organization.id, "test")
        user = await create_user(by, email="tess@example.org", name="Tess", role=Role.TECHNICIAN)
        return str(user.id)

    return asyncio.run(create())


def test_a_task_goes_from_the_plan_to_the_next_one(ask: Ask) -> None:
    """Started, parts reserved, completed: the record stands and the next occurrence is there."""
    ask("usage", "record", "D-ONE", "--hours", "45", "--on", "2026-02-20", "--reason", "busy")

    reserved = ask("task", "reserve-parts", TASK, "--part", "OIL=3")
    completed = ask("task", "complete", TASK, "--hours", "1046.5", "--used", "oil=2", "--notes", "fine")

    assert reserved["task"]["task_status"] == "in_progress"
    assert [(one["part_number"], one["quantity"], one["status"]) for one in reserved["reservations"]] == [
        ("OIL", 2, "reserved"),
        ("OIL", 1, "reserved"),
    ]
    done, following = completed["task"], completed["next_task"]
    assert (done["task_status"], done["completion"]["readings"]["hours"]) == ("completed", 1046.5)
    assert done["completion"]["completed_by"].startswith("cli:")
    assert (following["task_status"], following["due"]) == ("scheduled", {"hours": 1146.5})
    assert [row["quantity_on_hand"] for row in ask("stock")] == [0, 10]


def test_a_task_may_be_named_by_its_id(ask: Ask) -> None:
    """What lists show can be given to every command."""
    task_id = ask("tasks", "--registration", "D-ONE")[0]["task_id"]

    assert ask("task", "start", task_id)["task"]["task_status"] == "in_progress"
    assert ask("task", "show", task_id)["task"]["version"] == 2


def test_every_reason_against_is_told_one_a_line(amss: Amss) -> None:
    """Nothing has to be tried twice to learn the second reason."""
    answer = amss("task", "complete", TASK, "--hours", "999", "--on", "2026-03-03")

    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        "amss: refused, for 3 reasons:",
        "  task_not_in_progress (status): the task is scheduled; start it first",
        "  completed_in_future (completed_on): 2026-03-03 is still to come",
        "  reading_behind_ledger (hours): 999.00 hours is behind the ledger, which has 1000.00 on 2026-03-03; "
        "correct one of them",
    ]


def test_every_reason_against_is_told_in_json(amss: Amss) -> None:
    """Programs get codes and subjects, on standard error; standard output stays empty."""
    answer = amss("task", "reserve-parts", TASK, "--part", "OIL=99", "--json")

    error = json.loads(answer.stderr)["error"]
    assert (answer.returncode, answer.stdout) == (1, "")
    assert error["code"] == "insufficient_parts"
    assert [(one["code"], one["message"]) for one in error["violations"]] == [
        ("insufficient_parts", "part OIL: 99 requested, 12 available")
    ]


def test_a_cancelled_task_is_replaced(ask: Ask) -> None:
    """Cancelling satisfies nothing."""
    cancelled = ask("task", "cancel", TASK, "--reason", "hangar closed")

    assert cancelled["task"]["task_status"] == "cancelled"
    assert cancelled["next_task"]["due"] == cancelled["task"]["due"]
    assert [one["task_status"] for one in ask("tasks", "--registration", "D-ONE", "--status", "all")] == [
        "cancelled",
        "scheduled",
    ]


def test_a_void_completion_stays_and_shows(amss: Amss, ask: Ask) -> None:
    """The task remains completed, marked, and its due point is open again."""
    task_id = ask("task", "start", TASK)["task"]["task_id"]
    ask("task", "complete", task_id)

    voided = ask("task", "void", task_id, "--reason", "wrong aircraft")

    assert voided["task"]["voiding"]["reason"] == "wrong aircraft"
    assert ask("tasks", "--registration", "D-ONE")[0]["due"] == {"hours": 1050.5}
    assert "voided because" in amss("task", "show", task_id).stdout


def test_a_task_is_given_to_somebody(tess: str, ask: Ask) -> None:
    """People are named by their e-mail addresses, whatever the case."""
    assigned = ask("task", "assign", TASK, "--to", "Tess@Example.org")

    assert assigned["task"]["assignee"] == tess
    assert [one["registration"] for one in ask("tasks", "--assignee", "tess@example.org")] == ["D-ONE"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("start", "nonsense"), 1, "invalid_task", id="neither id nor name"),
        pytest.param(("start", "D-TEN:100 h"), 1, "there is no aircraft D-TEN", id="unknown aircraft"),
        pytest.param(("start", "D-ONE:200 h"), 1, "there is no program 200 h", id="unknown program"),
        pytest.param(("start", "01890000-0000-7000-8000-000000000000"), 1, "there is no task", id="unknown id"),
        pytest.param(("start", TASK, "--to", "x@y"), 1, "there is no user x@y", id="unknown person"),
        pytest.param(("reserve-parts", TASK, "--part", "GREASE=1"), 1, "there is no part GREASE", id="unknown part"),
        pytest.param(("reserve-parts", TASK, "--part", "OIL"), 2, "PART=QUANTITY", id="no quantity"),
        pytest.param(("reserve-parts", TASK, "--part", "OIL=two"), 2, "no whole number", id="no number"),
        pytest.param(("reserve-parts", TASK, "--part", "OIL=-1"), 2, "no whole number", id="negative"),
        pytest.param(("complete", TASK, "--hours", "x"), 2, "not a number", id="no reading"),
        pytest.param(("complete", TASK, "--used", "OIL=1", "--nothing-used"), 2, "either", id="used and not used"),
        pytest.param(("check", TASK, "1", "--passed"), 1, "no_such_item", id="no such check"),
        pytest.param(("cancel", TASK), 2, "--reason", id="no reason"),
        pytest.param(("cancel", TASK, "--reason", " "), 1, "reason_missing", id="a blank reason"),
    ],
)
def test_what_cannot_be_meant_is_refused(amss: Amss, arguments: tuple[str, ...], code: int, said: str) -> None:
    """The exit code tells a wrong command line from what a rule refuses."""
    answer = amss("task", *arguments, COLUMNS="200")

    assert (answer.returncode, answer.stdout) == (code, "")
    assert said in answer.stderr


def test_tasks_are_selected(ask: Ask) -> None:
    """By state, aircraft and program."""
    ask("task", "start", TASK)

    assert [one["registration"] for one in ask("tasks", "--status", "in_progress")] == ["D-ONE"]
    assert [one["registration"] for one in ask("tasks", "--status", "scheduled")] == ["D-TWO"]
    assert len(ask("tasks", "--program", "100 H")) == 2
    assert ask("tasks", "--status", "completed") == []
