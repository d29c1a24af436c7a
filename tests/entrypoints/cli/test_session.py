"""Settings, organizations and failures: what every command does before and after its own work."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import typer

from amss_domain.shared.errors import AlreadyExists
from amss_entrypoints.cli.exit_codes import ExitCode
from amss_entrypoints.cli.failures import answered

Amss = Callable[..., subprocess.CompletedProcess[str]]
Ask = Callable[..., Any]


def test_the_organization_is_made_on_first_use(amss: Amss, ask: Ask) -> None:
    """On an embedded server nobody has to set anything up."""
    assert ask("aircraft") == []
    assert ask("audit", "--resource", "organization")[0]["data"]["slug"] == "demo-org"


def test_organizations_are_kept_apart(ask: Ask, fleet: None) -> None:
    """What belongs to one is not there for another."""
    assert ask("aircraft", "--org", "other") == []
    assert len(ask("aircraft")) == 2


def test_on_a_server_of_ones_own_an_organization_has_to_be_chosen(amss: Amss) -> None:
    """Nothing is assumed where it could be wrong."""
    answer = amss("aircraft", DB_URL="postgresql://app@localhost/amss")

    assert answer.returncode == 2
    assert "missing_setting (--org)" in answer.stderr


def test_on_a_server_of_ones_own_nothing_is_made_by_itself(database: Any, amss: Amss) -> None:
    """A mistyped slug makes no organization."""
    database.is_embedded = False

    answer = amss("aircraft", "--org", "typo")

    assert (answer.returncode, answer.stderr) == (1, "amss: there is no organization typo\n")


def test_a_slug_that_is_none_is_refused(amss: Amss) -> None:
    """The rule says what a slug looks like."""
    answer = amss("aircraft", "--org", "Not a slug")

    assert answer.returncode == 1
    assert "invalid_slug" in answer.stderr


def test_wrong_settings_are_told_all_at_once(amss: Amss) -> None:
    """One line for each, and the exit code of a wrong command line."""
    answer = amss("aircraft", DB_URL="mysql://h/d", APP_ENV="live")

    assert answer.returncode == 2
    assert [line.split()[1] for line in answer.stderr.splitlines()[1:]] == ["(DB_URL):", "(APP_ENV):"]


def test_two_places_for_the_data_contradict(amss: Amss) -> None:
    """Which one was meant cannot be known."""
    answer = amss("aircraft", "--org", "x", "--data", "/tmp", "--json", DB_URL="postgresql://h/d")

    assert answer.returncode == 2
    assert json.loads(answer.stderr)["error"]["violations"][0]["code"] == "contradicting_settings"


def ended(error: BaseException, *, as_json: bool = False, debug: bool = False) -> int:
    """Return the exit code of a command that meets the error."""
    with pytest.raises(typer.Exit) as caught, answered(as_json=as_json, debug=debug):
        raise error
    return caught.value.exit_code


def test_a_known_failure_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The message says what to do, and nothing else is in the way."""
    assert ended(AlreadyExists("part", "OIL")) == ExitCode.REFUSED
    assert capsys.readouterr().err == (
        "amss: a part with the key 'OIL' exists already; choose another or change that one\n"
    )


def test_a_fault_shows_no_traceback_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """It is owned up to, and says how to see more."""
    assert ended(KeyError("shelf")) == ExitCode.UNEXPECTED
    said = capsys.readouterr().err
    assert said.startswith("amss: something unexpected went wrong, which is a fault in AMSS (KeyError: 'shelf')")
    assert "Traceback" not in said

    assert ended(KeyError("shelf"), debug=True) == ExitCode.UNEXPECTED
    assert "Traceback" in capsys.readouterr().err


def test_a_fault_is_json_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever parses the answer can go on parsing."""
    ended(RuntimeError("boom"), as_json=True)

    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], error["violations"]) == ("unexpected", [])


def test_an_interruption_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit code that shells expect."""
    assert ended(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "\namss: interrupted; what was not finished was not saved\n"
