"""`amss worker` on a server of one's own: it works until it is asked to end, and says what keeps it from working."""

import json
import signal
import socket
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import pytest

from amss_adapters.embedded import RunningPostgres
from amss_entrypoints.container import new_secrets_key

Start = Callable[..., subprocess.Popen[str]]
Amss = Callable[..., subprocess.CompletedProcess[str]]
Eventually = Callable[[Callable[[], bool]], bool]

_DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def settings(server: RunningPostgres) -> dict[str, str]:
    """What a worker needs."""
    return {
        "DB_URL": server.dsn("amss_app"),
        "DB_WORKER_URL": server.dsn("amss_worker"),
        "SECRETS_KEY": new_secrets_key(),
    }


def a_free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def asked(port: int, path: str) -> tuple[int, str]:
    """Return the status and the text that the worker answers with; 0 while it does not listen."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_DEADLINE_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def logged(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log."""
    return [json.loads(line) for line in text.splitlines()]


def test_it_works_until_it_is_asked_to_end(
    start: Start, ask: Callable[..., Any], settings: dict[str, str], eventually: Eventually
) -> None:
    """What was committed is passed on, whoever asks hears how it is, and SIGTERM ends it in order."""
    ask("aircraft")
    port = a_free_port()
    process = start("worker", **settings, METRICS_ADDR=f"127.0.0.1:{port}", PROMETHEUS_ENABLED="true")

    assert eventually(lambda: asked(port, "/ready")[0] == 200)
    assert asked(port, "/health") == (200, '{"status": "ok"}')
    assert eventually(lambda: 'amss_job_done_total{job="fan-out"}' in asked(port, "/metrics")[1])
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=_DEADLINE_S)

    assert (process.returncode, out) == (0, "")
    lines = logged(err)
    assert [one["event"] for one in (lines[0], lines[-1])] == ["worker works", "worker ended"]
    assert [one for one in lines if one["level"] in ("warning", "error")] == []


def test_it_can_do_what_there_is_and_end(amss: Amss, settings: dict[str, str]) -> None:
    """All jobs or those named, as a cron job has it."""
    assert amss("worker", "--once", **settings).returncode == 0
    assert amss("worker", "--once", "--only", "generate-tasks", "--only", "announce-due", **settings).returncode == 0


def test_everything_that_is_missing_is_told_at_once(amss: Amss) -> None:
    """With what to do, and the exit code of wrong settings."""
    answer = amss("worker")

    assert answer.returncode == 2
    for expected in ("missing_setting (DB_URL)", "missing_setting (SECRETS_KEY)", "amss keys generate"):
        assert expected in answer.stderr


def test_what_is_wrong_is_told(amss: Amss, settings: dict[str, str]) -> None:
    """A key that is none, a mail server that is none, and a job that there is not."""
    wrong = amss("worker", **{**settings, "SECRETS_KEY": "c2hvcnQ=", "SMTP_URL": "smtp://h?tls=maybe"})
    unknown = amss("worker", "--only", "make-coffee", **settings)

    assert wrong.returncode == 2
    assert "invalid_setting (SECRETS_KEY)" in wrong.stderr
    assert "invalid_setting (SMTP_URL)" in wrong.stderr
    assert unknown.returncode == 2
    assert "there is no job make-coffee" in unknown.stderr


def test_a_role_that_sees_no_queues_is_no_workers(amss: Amss, settings: dict[str, str]) -> None:
    """It would find nothing to do, and nobody would know why."""
    answer = amss("worker", **{**settings, "DB_WORKER_URL": settings["DB_URL"]})

    assert answer.returncode == 2
    assert "sees no queues" in answer.stderr


def test_production_refuses_a_role_that_sees_everything(
    amss: Amss, settings: dict[str, str], server: RunningPostgres
) -> None:
    """A superuser, and the owner of the tables."""
    for role, reason in (("amss_admin", "is a superuser"), ("amss_owner", "owns")):
        answer = amss("worker", **{**settings, "DB_WORKER_URL": server.dsn(role), "APP_ENV": "production"})

        assert answer.returncode == 2
        assert f"the role {role} of DB_WORKER_URL {reason}" in answer.stderr
