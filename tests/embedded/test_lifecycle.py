"""The lifecycle that any embedded server shares, shown with a server that only waits."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs
import pytest

from amss_adapters.embedded import EmbeddedServerError, EmbeddedStartFailed, EmbeddedTimeout, ownership
from amss_adapters.embedded.locks import FileLock, is_held
from amss_adapters.embedded.ownership import Ownership, ServerPlan
from amss_adapters.embedded.run_as import RunAs

Eventually = Callable[[Callable[[], bool]], bool]

WAITS = "import os, signal; open('ready', 'w').write(str(os.getpid())); [signal.pause() for _ in iter(int, 1)]"


@attrs.frozen
class Waiting:
    """A server that takes no note of the first stop signal, nor of the death of its parent."""

    folder: Path
    code: str = WAITS
    stop_signals: Sequence[tuple[int, float]] = ((signal.SIGWINCH, 0.1), (signal.SIGTERM, 10.0))

    def prepare(self, *, keep: tuple[int, ...]) -> ServerPlan:
        """Forget the server before."""
        (self.folder / "ready").unlink(missing_ok=True)
        run_as = RunAs("self", os.geteuid(), os.getegid())
        return ServerPlan(argv=[sys.executable, "-c", self.code], run_as=run_as, cwd=self.folder, state={"port": 1})

    def is_ready(self, state: Mapping[str, object]) -> bool:
        """It says so in a file."""
        return self.pid() > 0

    def explain(self, log: Path, said: str) -> EmbeddedServerError:
        """Quote it."""
        return EmbeddedStartFailed("waiting", log, said)

    def pid(self) -> int:
        """Return the server's pid, 0 before it is ready."""
        ready = self.folder / "ready"
        return int(ready.read_text() or 0) if ready.exists() else 0


@pytest.fixture
def server(tmp_path: Path, eventually: Eventually) -> Iterator[Waiting]:
    """A server that is not started yet; at the end nothing of it may be left."""
    yield Waiting(tmp_path)
    assert eventually(lambda: not is_held(tmp_path / "server.lock") and not is_held(tmp_path / "supervisor.lock"))


def kill_supervisor(share: Ownership, state: Mapping[str, object], eventually: Eventually) -> None:
    """Kill it and wait until that shows."""
    os.kill(int(str(state["supervisor"])), signal.SIGKILL)
    assert eventually(lambda: not is_held(share.folder / "supervisor.lock"))


def test_a_server_without_supervisor_is_ended_by_the_next_owner(server: Waiting, eventually: Eventually) -> None:
    """Where no one tells the server of its parent's death, the next owner ends it and starts its own."""
    first, second = Ownership(server.folder, server), Ownership(server.folder, server)
    state = first.join(20.0)
    left_behind = server.pid()
    kill_supervisor(first, state, eventually)
    assert is_held(server.folder / "server.lock")

    second.join(20.0)

    assert server.pid() not in (0, left_behind)
    first.leave(20.0)
    second.leave(20.0)


def test_a_server_without_supervisor_is_ended_by_its_last_owner(server: Waiting, eventually: Eventually) -> None:
    """Leaving ends what is left, unless somebody else owns it."""
    first, second = Ownership(server.folder, server), Ownership(server.folder, server)
    state = first.join(20.0)
    second.join(20.0)
    kill_supervisor(first, state, eventually)

    first.leave(20.0)
    assert is_held(server.folder / "server.lock")
    second.leave(20.0)

    assert not is_held(server.folder / "server.lock")


def test_a_stranger_with_the_servers_pid_is_not_signalled(server: Waiting) -> None:
    """A pid that returned as another program's is in another session."""
    remains = FileLock(server.folder / "server.lock")
    assert remains.try_exclusive()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        (server.folder / "server.pid").write_text(f"{stranger.pid} 1\n")

        with pytest.raises(EmbeddedTimeout, match="stopping a server that was left behind"):
            Ownership(server.folder, server).join(0.3)

        assert stranger.poll() is None
        stranger.kill()
    remains.release()


def test_a_server_that_ignores_every_signal_is_killed(server: Waiting) -> None:
    """The last step is SIGKILL."""
    stubborn = attrs.evolve(server, stop_signals=((signal.SIGWINCH, 0.1),))
    share = Ownership(server.folder, stubborn)
    share.join(20.0)

    share.leave(20.0)

    assert "did not end within 0.1 s of signal" in share.log.read_text()
    assert not is_held(server.folder / "server.lock")


def test_the_system_shutting_down_ends_the_server_in_order(server: Waiting, eventually: Eventually) -> None:
    """SIGTERM to the supervisor stops the server although it has an owner."""
    share = Ownership(server.folder, server)
    state = share.join(20.0)

    os.kill(int(str(state["supervisor"])), signal.SIGTERM)

    assert eventually(lambda: not is_held(server.folder / "supervisor.lock"))
    assert not is_held(server.folder / "server.lock")
    share.leave(20.0)


def test_a_server_that_crashes_again_and_again_is_given_up(server: Waiting) -> None:
    """The owner gets what it wrote, from this start only."""
    crashing = attrs.evolve(server, code="import os; os.write(2, b'crashed'); os.kill(os.getpid(), 9)")
    share = Ownership(server.folder, crashing)
    share.log.write_text("from long ago\n")

    with pytest.raises(EmbeddedStartFailed) as caught:
        share.join(20.0)

    assert caught.value.log_tail.count("crashed") == 5
    assert "long ago" not in caught.value.log_tail
    assert share.log.read_text().startswith("from long ago")


def test_the_log_is_bounded(server: Waiting, eventually: Eventually, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its limit the log moves to one older file and begins anew."""
    monkeypatch.setattr(ownership, "_LOG_LIMIT_BYTES", 1000)
    talking = attrs.evolve(server, code=f"import os; os.write(2, b'x' * 2000); {WAITS}")
    share = Ownership(server.folder, talking)

    share.join(20.0)

    older = share.log.with_name("server.log.1")
    assert eventually(lambda: share.log.stat().st_size == 0)
    assert older.read_text() == "x" * 2000
    share.leave(20.0)


def test_an_owner_in_the_same_process_is_an_owner_too(server: Waiting) -> None:
    """Shares count, not processes; giving one up twice takes nothing from the other."""
    first, second = Ownership(server.folder, server), Ownership(server.folder, server)
    first.join(20.0)
    second.join(20.0)

    first.leave(20.0)
    first.leave(20.0)

    assert is_held(server.folder / "server.lock")
    second.leave(20.0)
    assert not is_held(server.folder / "server.lock")
