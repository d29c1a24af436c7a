"""Run by its path in a bare interpreter: the parent of one server, which ends it when its last owner has gone.

Owners hold a shared lock on `owners.lock`; the supervisor tries for the exclusive one, which it gets when nobody owns
the server any more, however they went. It keeps that lock until the server has stopped, so a new owner waits for the
end and then starts afresh. `supervisor.lock` is held while a supervisor lives, `server.lock` (inherited) while any
process of the server does. The spec comes as JSON on standard input; the server writes where standard error goes, which
must be a file opened to append. Stands alone (standard library only), so it needs neither site-packages nor PYTHONPATH.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import TypedDict

if sys.platform != "win32":
    import fcntl

OWNERS_LOCK = "owners.lock"
SUPERVISOR_LOCK = "supervisor.lock"
SERVER_LOCK = "server.lock"
STATE = "runtime.json"
SERVER_PID = "server.pid"

STOPPED, FAILED, ANOTHER_SUPERVISES = 0, 1, 3

_POLL_S = 0.2
_LOG_CHECK_S = 1.0
_LOCK_WAIT_S = 5.0
_REMAINS_WAIT_S = 30.0
_EARLY_S = 1.0
_EARLY_DEATHS_BEFORE_GIVING_UP = 5


class Spec(TypedDict):
    """What to run and how to end it.

    `launch` is completed with this process's pid and `plan`; `stop_signals` are (signal, seconds to wait) and end with
    SIGKILL; `state` is published for owners that join; `scratch` folders go when the server has gone.
    """

    folder: str
    launch: list[str]
    plan: str
    stop_signals: list[tuple[int, float]]
    state: dict[str, str | int]
    scratch: list[str]
    log: str
    log_limit_bytes: int


class Supervisor:
    """Starts the server, starts it again when it was killed, stops it for the last owner."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._owners = _open_lock(self._in_folder(OWNERS_LOCK))
        self._server: subprocess.Popen[bytes] | None = None
        self._asked_to_end = False
        self._log_checked_at = 0.0
        self._wakes, wake = os.pipe()
        os.set_blocking(self._wakes, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        # Handlers rather than SIG_IGN, which the server would inherit. Ctrl-C is the owners' affair.
        signal.signal(signal.SIGCHLD, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGHUP, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)

    def run(self) -> int:
        """Return whether the server was `STOPPED` or `FAILED`, or `ANOTHER_SUPERVISES`."""
        mine = _open_lock(self._in_folder(SUPERVISOR_LOCK))
        if not _lock_within(mine, _LOCK_WAIT_S):
            return ANOTHER_SUPERVISES
        try:
            self._publish()
            return self._watch()
        finally:
            self._stop()
            self._clear_up()
            # First this, then the owners' lock: who waits for that one must not find a supervisor that is leaving.
            os.close(mine)
            os.close(self._owners)

    def _watch(self) -> int:
        early_deaths = 0
        while self._spawn():
            started_at = time.monotonic()
            ended_with = self._wait()
            if ended_with is None:
                return STOPPED
            early_deaths = early_deaths + 1 if time.monotonic() - started_at < _EARLY_S else 0
            if ended_with >= 0 or early_deaths >= _EARLY_DEATHS_BEFORE_GIVING_UP:
                return FAILED if ended_with else STOPPED
            _say(f"the server was killed by signal {-ended_with}; starting it again")
        return FAILED

    def _wait(self) -> int | None:
        """Return the server's exit code if it ended by itself, None if it is to be stopped."""
        while (ended_with := self._server.poll() if self._server else FAILED) is None:
            if self._asked_to_end or _try_lock(self._owners):
                return None
            self._bound_log()
            self._pause()
        return ended_with

    def _spawn(self) -> bool:
        """Start the server once nothing of an earlier one is left; return whether that came to be."""
        alive = _open_lock(self._in_folder(SERVER_LOCK))
        try:
            if not _lock_within(alive, _REMAINS_WAIT_S):
                _say("processes of the previous server do not end")
                return False
            self._server = subprocess.Popen(
                [*self._spec["launch"], str(os.getpid()), self._spec["plan"]],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                stderr=sys.stderr,
                pass_fds=(alive,),
            )
        finally:
            os.close(alive)
        # A reused pid would be in another session; see ownership.py.
        _replace(self._in_folder(SERVER_PID), f"{self._server.pid} {os.getsid(0)}\n")
        return True

    def _stop(self) -> None:
        """Stop the server if it runs, and wait until nothing of it is left."""
        if self._server is None or self._server.poll() is not None:
            return
        for number, patience_s in self._spec["stop_signals"]:
            self._server.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(patience_s)
                break
            _say(f"the server did not end within {patience_s:g} s of signal {number}")
        else:
            self._server.kill()
            self._server.wait()
        remains = _open_lock(self._in_folder(SERVER_LOCK))
        _lock_within(remains, _LOCK_WAIT_S)
        os.close(remains)

    def _publish(self) -> None:
        state = {**self._spec["state"], "supervisor": os.getpid(), "scratch": self._spec["scratch"]}
        _replace(self._in_folder(STATE), json.dumps(state))

    def _clear_up(self) -> None:
        for folder in self._spec["scratch"]:
            shutil.rmtree(folder, ignore_errors=True)
        for name in (STATE, SERVER_PID):
            with contextlib.suppress(OSError):
                os.unlink(self._in_folder(name))

    def _pause(self) -> None:
        select.select([self._wakes], [], [], _POLL_S)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakes, 4096)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            self._asked_to_end = True

    def _bound_log(self) -> None:
        """Keep the newest log and one older; lines written during the copy are lost."""
        now = time.monotonic()
        if now - self._log_checked_at < _LOG_CHECK_S:
            return
        self._log_checked_at = now
        descriptor = sys.stderr.fileno()
        if os.fstat(descriptor).st_size > self._spec["log_limit_bytes"]:
            with contextlib.suppress(OSError):
                shutil.copyfile(self._spec["log"], self._spec["log"] + ".1")
            os.ftruncate(descriptor, 0)

    def _in_folder(self, name: str) -> str:
        return os.path.join(self._spec["folder"], name)


def _open_lock(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_within(descriptor: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not _try_lock(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _replace(path: str, text: str) -> None:
    fresh = f"{path}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(fresh, path)


def _say(message: str) -> None:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    sys.stderr.write(f"{stamp} UTC [supervisor {os.getpid()}] {message}\n")
    sys.stderr.flush()


def main() -> int:
    """Supervise what standard input says, or nothing if the owner died before it had said so."""
    told = sys.stdin.read()
    return Supervisor(json.loads(told)).run() if told.endswith("}") else FAILED


if __name__ == "__main__":
    raise SystemExit(main())
