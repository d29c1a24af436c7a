"""Real processes of the `amss` command, on an embedded server under a folder with a space in its name."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import amss_entrypoints
from amss_adapters.embedded import EmbeddedPostgres, RunningPostgres
from amss_adapters.embedded.locks import is_held
from amss_entrypoints.container import open_database
from amss_entrypoints.settings import VARIABLES, Settings

SOURCES = Path(amss_entrypoints.__file__).parents[1]
COMMAND = [sys.executable, "-m", "amss_entrypoints.cli.main"]
_DEADLINE_S = 60.0

Start = Callable[..., subprocess.Popen[str]]
Amss = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database was made, migrated and stopped."""
    home = tmp_path_factory.mktemp("made") / "home"
    with open_database(Settings(home=home)):
        pass
    return home


@pytest.fixture(scope="module")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that does not exist yet; in the end nothing may run on it."""
    home = tmp_path_factory.mktemp("data of") / "my fleet"
    yield home
    assert _eventually(lambda: not _runs(home)), f"something still runs on {home}"


@pytest.fixture(scope="module")
def home(fresh_home: Path, made_home: Path) -> Path:
    """The data folder that the tests of a module share, with an empty database in it."""
    shutil.copytree(made_home, fresh_home)
    return fresh_home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[RunningPostgres]:
    """The module's embedded server, kept running so that commands join it instead of starting it."""
    with EmbeddedPostgres(home) as server:
        yield server


@pytest.fixture
def runs() -> Callable[[Path], bool]:
    """Tell whether a server or its supervisor runs on a data folder."""
    return _runs


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Tell whether something comes to hold before a generous deadline."""
    return _eventually


@pytest.fixture(scope="module")
def start(home: Path) -> Iterator[Start]:
    """Start the command on the module's data folder without waiting for it; what is left is killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def start_one(*arguments: object, **environment: str) -> subprocess.Popen[str]:
        inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        process = subprocess.Popen(
            [*COMMAND, *(str(one) for one in arguments)],
            env={**inherited, "PYTHONPATH": str(SOURCES), "AMSS_HOME": str(home), "COLUMNS": "200", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Not in the terminal's group, so that a signal reaches it alone.
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def amss(start: Start) -> Amss:
    """Run the command on the module's data folder and wait for its end."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        process = start(*arguments, **environment)
        out, err = process.communicate(timeout=_DEADLINE_S)
        assert "Traceback" not in out + err, out + err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


@pytest.fixture(scope="module")
def ask(amss: Amss) -> Callable[..., Any]:
    """Run the command with `--json`, expect success, and return the document."""

    def run(*arguments: object, **environment: str) -> Any:
        answer = amss(*arguments, "--json", **environment)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return json.loads(answer.stdout)

    return run


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
