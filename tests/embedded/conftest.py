"""Homes for embedded servers, and owners that are processes of their own."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

import amss_adapters
from amss_adapters.embedded import EmbeddedPostgres
from amss_adapters.embedded.locks import is_held

_SOURCES = Path(amss_adapters.__file__).parents[1]
_DEADLINE_S = 20.0
_NAMELESS = 12345


class Owner:
    """A process that owns the server of a home, or tried to; `first` is what it said about that."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.first = self._answer()

    def ask(self, command: str) -> dict[str, object]:
        """Return the answer to a command of owner.py."""
        assert "error" not in self.first, self.first["message"]
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """Kill the process, if it still runs, and wait for it."""
        self.process.kill()
        self.process.communicate()

    def _answer(self) -> dict[str, object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the owner ended without an answer"
        answer: dict[str, object] = json.loads(line)
        return answer


StartOwner = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start_owner(used_homes: list[Path]) -> Iterator[StartOwner]:
    """Start an owner without waiting for what it says; all are killed at the end of the test."""
    started: list[subprocess.Popen[str]] = []

    def start(
        home: Path,
        *,
        command: tuple[str, ...] = (sys.executable,),
        path: tuple[str, ...] = (),
        uid: int = 0,
        umask: int = 0o022,
        **arguments: object,
    ) -> subprocess.Popen[str]:
        # No machine fails in these tests, only processes: what they wrote is safe in memory.
        arguments = {"settings": {"fsync": "off"}, **arguments}
        request = {"home": str(home), "uid": uid, "umask": umask, "arguments": arguments}
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, str(_SOURCES), *_inherited_path()])}
        process = subprocess.Popen(
            [*command, str(Path(__file__).with_name("owner.py")), json.dumps(request)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    # Before the check of the homes, which was set up earlier.
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def own(start_owner: StartOwner) -> Callable[..., Owner]:
    """Start an owner and wait for what it says first."""
    return lambda home, **how: Owner(start_owner(home, **how))


@pytest.fixture
def as_owner() -> Callable[[subprocess.Popen[str]], Owner]:
    """Wait for what a started owner says first."""
    return Owner


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose database was made and stopped."""
    home = tmp_path_factory.mktemp("made") / "home"
    with EmbeddedPostgres(home):
        pass
    yield home
    _remove_data(home)


@pytest.fixture
def used_homes() -> Iterator[list[Path]]:
    """Homes on which nothing may run when all owners of the test have gone."""
    homes: list[Path] = []
    yield homes
    assert _eventually(lambda: not any(_runs(home) for home in homes)), f"something still runs on {homes}"


@pytest.fixture
def home(made_home: Path, used_homes: list[Path]) -> Path:
    """A home with a database, stopped; tests share it, so they leave it in order."""
    (made_home / "postgres" / "server.log").unlink(missing_ok=True)
    used_homes.append(made_home)
    return made_home


@pytest.fixture
def own_home(made_home: Path, tmp_path: Path, used_homes: list[Path]) -> Iterator[Path]:
    """A home with a database, stopped, to do with as one likes."""
    home = tmp_path / "own"
    shutil.copytree(made_home, home)
    used_homes.append(home)
    yield home
    _remove_data(home)


@pytest.fixture
def bare_home(made_home: Path, tmp_path: Path, used_homes: list[Path]) -> Path:
    """A home with no more of its database than is looked at before a server is started."""
    home = tmp_path / "bare"
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    for name in ("PG_VERSION", "amss_passwords.json"):
        shutil.copy(made_home / "postgres" / "data" / name, data)
    used_homes.append(home)
    return home


@pytest.fixture
def fresh_home(tmp_path: Path, used_homes: list[Path]) -> Iterator[Path]:
    """A home that does not exist yet."""
    home = tmp_path / "fresh"
    used_homes.append(home)
    yield home
    _remove_data(home)


@pytest.fixture
def runs() -> Callable[[Path], bool]:
    """Tell whether any process of a home's server or its supervisor lives."""
    return _runs


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Tell whether something comes to hold before a generous deadline."""
    return _eventually


@pytest.fixture(scope="module")
def python_for_all() -> dict[str, tuple[str, ...]]:
    """An interpreter and a search path that every account can use."""
    packages = [str(Path(module.__file__).parents[1]) for module in (psycopg, amss_adapters) if module.__file__]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        tried = subprocess.run(
            ["/bin/sh", "-c", 'exec "$0" -c "import amss_adapters.embedded"', candidate],
            env={"PYTHONPATH": os.pathsep.join(packages)},
            user=_NAMELESS,
            group=_NAMELESS,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            return {"command": (candidate,), "path": tuple(packages)}
    pytest.skip(f"no {version} and packages that other accounts may read")


def _inherited_path() -> list[str]:
    return [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]


def _remove_data(home: Path) -> None:
    """Keep the log alone: pytest leaves its folders in place, and each database takes 40 MB."""
    shutil.rmtree(home / "postgres" / "data", ignore_errors=True)


def _runs(home: Path) -> bool:
    folder = home / "postgres"
    return folder.is_dir() and (is_held(folder / "server.lock") or is_held(folder / "supervisor.lock"))


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _DEADLINE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
