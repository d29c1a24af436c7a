"""A real mail server, in a process of its own, that takes what it is sent and can be told to refuse."""

import json
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

_SERVER: Final = Path(__file__).with_name("mail_server.py")
_PATIENCE_S: Final = 20.0


class MailServer:
    """The server; `port` is where it listens, on the loopback interface."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    @property
    def url(self) -> str:
        """The URL that settings would name it by."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def next(self) -> dict[str, Any]:
        """Return the next message that was taken: envelope and content."""
        return _line(self.process)

    def stop(self) -> None:
        """End it, as a machine does that is switched off."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start_server() -> Iterator[Callable[..., MailServer]]:
    """Starts a server, at a port of its choice unless one is given."""
    started: list[MailServer] = []

    def start(port: int = 0) -> MailServer:
        arguments = [sys.executable, str(_SERVER), str(port)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, bufsize=0)
        server = MailServer(process, _line(process)["port"])
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
        if server.process.stdout is not None:
            server.process.stdout.close()


@pytest.fixture
def server(start_server: Callable[..., MailServer]) -> MailServer:
    """A server that runs."""
    return start_server()


def _line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _PATIENCE_S)
    assert ready, "the mail server says nothing"
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found
