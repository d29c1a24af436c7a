"""Run as a process of its own: owns an embedded server, does what standard input says, answers in JSON lines."""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import psycopg

from amss_adapters.embedded import EmbeddedPostgres, EmbeddedServerError, RunningPostgres


def main() -> None:
    """Read the request from the first argument: the home, keyword arguments, and how to go about it."""
    request = json.loads(sys.argv[1])
    if request.get("uid"):
        os.setgroups([])
        os.setgid(request["uid"])
        os.setuid(request["uid"])
    os.umask(request.get("umask", 0o022))
    try:
        running = EmbeddedPostgres(Path(request["home"]), start_timeout_s=40.0, **request["arguments"]).start()
    except EmbeddedServerError as error:
        answer(error=error.code, message=str(error))
        return
    interrupted: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: interrupted.append(number))
    answer(dsn=running.dsn("amss_admin"))
    for line in sys.stdin:
        obey(line.strip(), running, interrupted)


def obey(command: str, running: RunningPostgres, interrupted: list[int]) -> None:
    """Do one command: a word, or an SQL query."""
    if command == "stop":
        running.stop()
        answer(children=has_children())
    elif command == "stop in a fork":
        child = os.fork()
        if child == 0:
            running.stop()
            os._exit(0)
        answer(ended=os.waitpid(child, 0)[1])
    elif command == "interrupted":
        answer(interrupted=interrupted)
    else:
        with psycopg.connect(running.dsn("amss_admin")) as connection:
            row = connection.execute(command).fetchone()
        answer(row=row)


def has_children() -> bool:
    """Return whether this process has children, dead ones included."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
        return True
    return False


def answer(**values: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
