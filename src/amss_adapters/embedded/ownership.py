"""A server shared by the processes that own it: the first starts it, the last one to go ends it.

The protocol, all of it by locks that die with their holder, is told in supervisor.py. Starting is serialized by
`start.lock`. Nothing here knows which server it is: that is the `Service`.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import attrs

from amss_adapters.embedded import launch, supervisor
from amss_adapters.embedded.errors import EmbeddedServerError, EmbeddedTimeout
from amss_adapters.embedded.locks import FileLock, is_held
from amss_adapters.embedded.run_as import RunAs, bare_python
from amss_adapters.embedded.scratch import remove_own

_POLL_S = 0.01
_LONGEST_POLL_S = 0.25
_REAP_S = 5.0
_LOG_LIMIT_BYTES = 8 * 2**20

# Supervisors that this process started, by folder: kept so that none stays behind as a zombie.
_supervisors: list[tuple[Path, subprocess.Popen[bytes]]] = []


@attrs.frozen(kw_only=True)
class ServerPlan:
    """How to run a server: `state` is what those who join need to know, `scratch` folders are removed at its end."""

    argv: Sequence[str]
    run_as: RunAs
    cwd: Path
    state: Mapping[str, str | int]
    scratch: Sequence[Path] = ()


class Service(Protocol):
    """What one kind of server adds to the lifecycle.

    - `stop_signals` are tried in turn, each with the seconds to wait for the end; SIGKILL follows.
    - `prepare` is called when no process of the server is left, by one owner at a time.
    - `is_ready` answers within seconds for whatever state was published last, also that of a dead server.
    - `explain` tells why the server ended at its start, from what it wrote to the log since.
    """

    @property
    def stop_signals(self) -> Sequence[tuple[int, float]]: ...

    def prepare(self, *, keep: tuple[int, ...]) -> ServerPlan: ...

    def is_ready(self, state: Mapping[str, object]) -> bool: ...

    def explain(self, log: Path, said: str) -> EmbeddedServerError: ...


@attrs.define
class Ownership:
    """One share in the server of `folder`, from `join` to `leave` or the end of the process."""

    folder: Path
    service: Service
    _owners: FileLock = attrs.field(init=False)
    _pid: int = attrs.field(init=False, factory=os.getpid)

    def __attrs_post_init__(self) -> None:
        self._owners = FileLock(self.folder / supervisor.OWNERS_LOCK)

    @property
    def log(self) -> Path:
        """The file with what server and supervisor say; one older file lies beside it."""
        return self.folder / "server.log"

    def join(self, timeout_s: float) -> Mapping[str, object]:
        """Return the state of a server that answers, started if need be.

        Raises what `Service` raises, or `EmbeddedTimeout`; then nothing is owned.
        """
        deadline = time.monotonic() + timeout_s
        starting = FileLock(self.folder / "start.lock")
        try:
            # Not had while a supervisor stops the server.
            if not self._owners.wait_shared(deadline) or not starting.wait_exclusive(deadline):
                raise EmbeddedTimeout("waiting for another process to start or stop the server", timeout_s, self.log)
            while True:
                state = self._join_or_start(deadline, keep=(starting.descriptor(),))
                if state is not None:
                    return state
                if time.monotonic() > deadline:
                    raise EmbeddedTimeout("starting the server", timeout_s, self.log)
        except BaseException:
            self._owners.release()
            raise
        finally:
            starting.release()

    def leave(self, timeout_s: float) -> None:
        """Give the share up, and return when the server has ended or somebody else owns it.

        In a process forked from the owner this changes nothing. Raises `EmbeddedTimeout`.
        """
        if os.getpid() != self._pid:
            self._owners.forget()
            return
        self._owners.release()
        deadline = time.monotonic() + timeout_s
        while self._is_supervised() and not self._is_owned():
            if time.monotonic() > deadline:
                raise EmbeddedTimeout("stopping the server", timeout_s, self.log)
            time.sleep(_POLL_S)
        self._end_remains(deadline)
        if not self._is_supervised():
            _reap(self.folder)

    def _join_or_start(self, deadline: float, *, keep: tuple[int, ...]) -> Mapping[str, object] | None:
        """Return the state once the server answers; None at the deadline or if a supervisor went meanwhile."""
        if self._is_supervised():
            return self._wait_ready(deadline, self._is_supervised)
        self._clear_remains(deadline)
        log_size = self.log.stat().st_size if self.log.exists() else 0
        process = self._spawn(self.service.prepare(keep=keep))
        state = self._wait_ready(deadline, lambda: process.poll() is None, only_from=process.pid)
        # Stopped or killed by somebody else it is worth another try; on a full disk Python has an exit code of its own.
        ended_with = process.poll()
        if state is None and ended_with and ended_with > 0 and ended_with != supervisor.ANOTHER_SUPERVISES:
            raise self.service.explain(self.log, self._said_since(log_size))
        return state

    def _wait_ready(
        self, deadline: float, lives: Callable[[], bool], *, only_from: int | None = None
    ) -> Mapping[str, object] | None:
        pause_s = _POLL_S
        while lives():
            state = self._state()
            if state and only_from in (None, state.get("supervisor")) and self.service.is_ready(state):
                return state
            if time.monotonic() > deadline:
                return None
            time.sleep(pause_s)
            # Every look is a line in the log while the server recovers from a crash.
            pause_s = min(pause_s * 1.1, _LONGEST_POLL_S)
        return None

    def _spawn(self, plan: ServerPlan) -> subprocess.Popen[bytes]:
        spec: supervisor.Spec = {
            "folder": str(self.folder),
            "launch": bare_python(launch.__file__),
            "plan": launch.encoded(plan.run_as.plan(plan.argv, plan.cwd, death_signal=self.service.stop_signals[0][0])),
            "stop_signals": list(self.service.stop_signals),
            "state": dict(plan.state),
            "scratch": [str(folder) for folder in plan.scratch],
            "log": str(self.log),
            "log_limit_bytes": _LOG_LIMIT_BYTES,
        }
        _reap(self.folder)
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # A session of its own: Ctrl-C in the terminal is for the owners, who may need the server to finish.
            process = subprocess.Popen(
                [*bare_python(supervisor.__file__), str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(log)
        _supervisors.append((self.folder, process))
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin as spec_pipe:
                spec_pipe.write(json.dumps(spec).encode())
        return process

    def _end_remains(self, deadline: float) -> None:
        """End a server whose supervisor was killed, if nobody owns it."""
        starting = FileLock(self.folder / "start.lock")
        if (self._is_alive() or self._state()) and starting.wait_exclusive(deadline):
            try:
                if not self._is_supervised() and not self._is_owned():
                    self._clear_remains(deadline)
            finally:
                starting.release()

    def _clear_remains(self, deadline: float) -> None:
        """Stop the server and remove the folders of a supervisor that was killed."""
        if self._is_alive():
            self._end(deadline)
        scratch = (self._state() or {}).get("scratch")
        for folder in scratch if isinstance(scratch, list) else ():
            remove_own(Path(folder))
        for name in (supervisor.STATE, supervisor.SERVER_PID):
            (self.folder / name).unlink(missing_ok=True)

    def _end(self, deadline: float) -> None:
        """Stop a server without supervisor; raises `EmbeddedTimeout` if something of it is left at the deadline.

        Its pid is believed only while the process is in the session its supervisor made: a reused pid is not.
        """
        steps = [*self.service.stop_signals, (int(signal.SIGKILL), 5.0)]
        for number, patience_s in steps:
            with contextlib.suppress(OSError, ValueError):
                pid, session = (self.folder / supervisor.SERVER_PID).read_text().split()
                if os.getsid(int(pid)) == int(session):
                    os.kill(int(pid), number)
            until = min(deadline, time.monotonic() + patience_s)
            while time.monotonic() < until:
                if not self._is_alive():
                    return
                time.sleep(_POLL_S)
        raise EmbeddedTimeout("stopping a server that was left behind", sum(step[1] for step in steps), self.log)

    def _is_supervised(self) -> bool:
        return is_held(self.folder / supervisor.SUPERVISOR_LOCK)

    def _is_alive(self) -> bool:
        return is_held(self.folder / supervisor.SERVER_LOCK)

    def _is_owned(self) -> bool:
        """Return whether somebody else owns the server now; to be called by who does not.

        Refused both ways, the supervisor is stopping it. Seen several times, because a look takes the lock as well.
        """
        return all(self._looks_owned() for _ in range(3))

    def _looks_owned(self) -> bool:
        look = FileLock(self._owners.path)
        try:
            return not look.try_exclusive() and look.try_shared()
        finally:
            look.release()

    def _state(self) -> Mapping[str, object] | None:
        try:
            state: dict[str, object] = json.loads((self.folder / supervisor.STATE).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return state

    def _said_since(self, position: int) -> str:
        with self.log.open("rb") as file:
            file.seek(position)
            return file.read().decode(errors="replace")


def _reap(left: Path) -> None:
    """Take note of the supervisors that have ended; that of the folder `left` is about to."""
    for folder, process in _supervisors:
        if folder == left:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_REAP_S)
    _supervisors[:] = [entry for entry in _supervisors if entry[1].poll() is None]
