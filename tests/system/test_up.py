"""`amss up` for somebody who has nothing: it comes up, lets in, goes on where it was, and leaves nothing behind."""

import json
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from amss_adapters.embedded.locks import is_held

Start = Callable[..., subprocess.Popen[str]]

_ADDRESS = {"HTTP_ADDR": "127.0.0.1:0"}
_DEADLINE_S = 90.0


def said(process: subprocess.Popen[str]) -> Any:
    """Return the JSON document that the command writes when it is ready."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            return json.loads(text)
    pytest.fail(f"it ended with {process.wait()}: {process.stderr.read() if process.stderr else ''}")


def ended(process: subprocess.Popen[str], number: int) -> int:
    """Send the signal and return the exit code."""
    process.send_signal(number)
    process.communicate(timeout=_DEADLINE_S)
    return process.returncode


def asked(url: str, method: str = "GET", body: object = None, token: str | None = None) -> tuple[int, Any]:
    """Return the status and the document that the API answers with."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_DEADLINE_S)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, parts.path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    document = json.loads(response.read() or b"null")
    connection.close()
    return response.status, document


def login(up: Any, email: str) -> str:
    """Return an access token of one of the demo's people."""
    body = {"org_id": up["organization"], "email": email, "password": up["password"]}
    status, document = asked(f"{up['api']}/auth/login", "POST", body)
    assert status == 200, document
    token: str = document["access_token"]
    return token


@pytest.fixture(scope="module")
def running(start: Start, home: Path) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A running `amss up`, and what it said when it was ready."""
    process = start("up", "--json", **_ADDRESS)
    yield process, said(process)
    assert ended(process, signal.SIGINT) == 0


def valkey_runs(home: Path) -> bool:
    """Tell whether a Valkey or its supervisor runs on the data folder."""
    folder = home / "valkey"
    return folder.is_dir() and (is_held(folder / "server.lock") or is_held(folder / "supervisor.lock"))


def test_everybody_of_the_demo_can_log_in(running: tuple[subprocess.Popen[str], Any]) -> None:
    """With what the command says, and each sees who they are."""
    _, up = running

    for person in up["people"]:
        status, me = asked(f"{up['api']}/auth/me", token=login(up, person["email"]))
        assert (status, me["user"]["email"]) == (200, person["email"])


def test_it_listens_on_this_machine_alone(running: tuple[subprocess.Popen[str], Any]) -> None:
    """And answers where it says."""
    _, up = running

    assert up["url"].startswith("http://127.0.0.1:")
    assert asked(up["health"])[0] == 200


def test_the_fleet_is_there(running: tuple[subprocess.Popen[str], Any]) -> None:
    """There is something to look at."""
    _, up = running

    status, page = asked(f"{up['api']}/aircraft", token=login(up, "viewer@demo.local"))

    assert status == 200
    assert len(page["items"]) == 6


def test_a_worker_runs_beside_it(
    running: tuple[subprocess.Popen[str], Any], ask: Callable[..., Any], eventually: Callable[..., bool]
) -> None:
    """What was committed is passed on, and ends as an alert where it calls for one."""
    _, up = running
    token = login(up, "planner@demo.local")

    def alerts() -> list[Any]:
        status, page = asked(f"{up['api']}/alerts", token=token)
        assert status == 200, page
        items: list[Any] = page["items"]
        return items

    assert eventually(lambda: bool(alerts()))
    assert ask("dead-letters", "list")["items"] == []


def test_a_second_one_says_where_the_first_is(running: tuple[subprocess.Popen[str], Any], start: Start) -> None:
    """It does not wait, and the first goes on."""
    process, up = running

    out, err = start("up", **_ADDRESS).communicate(timeout=_DEADLINE_S)

    assert out == ""
    assert f"is up already for the data folder {up['data']} at {up['url']} (process {process.pid})" in err
    assert asked(up["health"])[0] == 200


def test_a_taken_port_is_told(running: tuple[subprocess.Popen[str], Any], start: Start, tmp_path: Path) -> None:
    """On another data folder too, before anything is made there."""
    _, up = running
    port = urlsplit(up["url"]).port

    other = start("up", "--data", str(tmp_path / "other"), HTTP_ADDR=f"127.0.0.1:{port}")
    _, err = other.communicate(timeout=_DEADLINE_S)

    assert other.returncode == 3
    assert f"port {port} is taken by" in err
    assert not (tmp_path / "other" / "postgres").exists()


def test_other_commands_work_on_it(running: tuple[subprocess.Popen[str], Any], ask: Callable[..., Any]) -> None:
    """They share its server."""
    assert len(ask("aircraft")) == 6


def test_no_secret_is_in_a_list_of_processes(running: tuple[subprocess.Popen[str], Any]) -> None:
    """Settings go by the environment."""
    process, _ = running
    ask = ["ps", "-A", "-ww", "-o", "ppid=", "-o", "args="]
    listed = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
    mine = [line for line in listed.splitlines() if line.split()[0] == str(process.pid)]

    assert any("amss_entrypoints.http" in line for line in mine)
    assert any("amss_entrypoints.worker" in line for line in mine)
    assert not any("PRIVATE KEY" in line or "postgresql://" in line for line in mine)


def test_it_goes_on_where_it_was(
    start: Start, made_home: Path, tmp_path: Path, runs: Callable[[Path], bool], eventually: Callable[..., bool]
) -> None:
    """Ctrl-C leaves nothing running; the next time data and key are those of before."""
    home = tmp_path / "home of up"
    first = start("up", "--json", "--data", str(home), **_ADDRESS)
    up = said(first)
    token = login(up, "admin@demo.local")
    assert up["already_there"] is False

    assert ended(first, signal.SIGINT) == 0
    assert not runs(home)
    assert not valkey_runs(home)
    with pytest.raises(ConnectionError):
        asked(up["health"])

    second = start("up", "--json", "--data", str(home), "--processes", "2", **_ADDRESS)
    again = said(second)
    assert again["already_there"] is True
    assert asked(f"{again['api']}/auth/me", token=token)[0] == 200
    second.kill()
    second.wait()
    assert eventually(lambda: not runs(home) and not valkey_runs(home))
    assert eventually(lambda: _is_closed(again["health"]))


def test_the_line_to_try_works_as_it_is_printed(start: Start, tmp_path: Path) -> None:
    """Copied into a shell, it logs in; asked to end by SIGTERM it ends as it should."""
    process = start("up", "--data", str(tmp_path / "home"), **_ADDRESS)
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if "Ctrl-C" in line:
            break
    (line,) = [one.strip() for one in told if one.strip().startswith("curl")]
    words = shlex.split(line)
    headers = dict([words[words.index("-H") + 1].split(": ")])
    parts = urlsplit(words[2])

    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_DEADLINE_S)
    connection.request("POST", parts.path, words[words.index("-d") + 1], headers)
    response = connection.getresponse()

    assert response.status == 200
    assert "access_token" in json.loads(response.read())
    connection.close()
    assert ended(process, signal.SIGTERM) == 0


def test_ctrl_c_on_the_way_up_leaves_nothing(
    start: Start, tmp_path: Path, runs: Callable[[Path], bool], eventually: Callable[..., bool]
) -> None:
    """Whenever it comes."""
    home = tmp_path / "home"
    process = start("up", "--data", str(home), **_ADDRESS)
    assert eventually(lambda: runs(home))

    assert ended(process, signal.SIGINT) in (0, 130)
    assert eventually(lambda: not runs(home) and not valkey_runs(home))


def _is_closed(url: str) -> bool:
    try:
        asked(url)
    except OSError:
        return True
    time.sleep(0.02)
    return False
