"""The command line over the memory backend: commands run in this process and share one database."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from typer.testing import CliRunner

from amss_adapters.memory import MemoryBackend
from amss_adapters.security import BcryptPasswords
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_entrypoints.cli.app import app
from amss_entrypoints.container import Container
from amss_entrypoints.settings import VARIABLES, Settings

NOTHING_SET = dict.fromkeys(VARIABLES)

TABLES = {
    "aircraft": (
        "registration,model,current_hours,current_cycles,as_of",
        "D-ONE,C172,1000.00,900,2026-02-01",
        "D-TWO,C172,200.50,180,2026-02-01",
    ),
    "parts": (
        "part_number,description,location,quantity,lot,expiry_date,reorder_point",
        "OIL,Oil,Store,2,L1,2026-04-01,3",
        "OIL,Oil,Store,10,L2,2027-04-01,3",
    ),
    "programs": ("name,interval_hours,preset", "100 h,100,faa_100h"),
    "program-links": (
        "registration,program,last_completed_date,last_completed_hours",
        "D-ONE,100 h,2026-01-15,950.50",
        "D-TWO,100 h,2026-01-20,150.00",
    ),
}
"""A small fleet: D-ONE has 50.5 hours left to its 100 h, D-TWO 49.5."""

Amss = Callable[..., subprocess.CompletedProcess[str]]


@define
class MemoryDatabase:
    """Stands where an embedded server's database would; lives as long as the test."""

    clock: ManualClock
    ids: CountingIds = field(factory=CountingIds)
    is_embedded: bool = True
    passwords: BcryptPasswords = field(factory=lambda: BcryptPasswords(cost=4))
    backend: MemoryBackend = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.backend = MemoryBackend(clock=self.clock, ids=self.ids)

    @asynccontextmanager
    async def services(self) -> AsyncIterator[Container]:
        """Yield every use case over it."""
        container = Container()
        container.backend.override(self.backend)
        container.clock.override(self.clock)
        container.ids.override(self.ids)
        container.password_hasher.override(self.passwords)
        yield container


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still at noon of 2 March 2026 until told to go on."""
    return ManualClock()


@pytest.fixture
def database(clock: ManualClock) -> MemoryDatabase:
    """An empty database."""
    return MemoryDatabase(clock)


@pytest.fixture
def amss(database: MemoryDatabase) -> Amss:
    """Run the command on that database, with the given variables set; what it raises is raised here.

    What is `typed` stands on its standard input, which is no terminal.
    """

    @contextmanager
    def opened(settings: Settings) -> Iterator[MemoryDatabase]:
        yield database

    def run(
        *arguments: object, typed: str | bytes | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        given = [str(one) for one in arguments]
        result = CliRunner().invoke(
            app,
            given,
            input=typed,
            obj=opened,
            env={**NOTHING_SET, **environment},
            catch_exceptions=False,
            prog_name="amss",
        )
        return subprocess.CompletedProcess(given, result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def ask(amss: Amss) -> Callable[..., Any]:
    """Run the command with `--json`, expect success, and return the document."""

    def run(*arguments: object, typed: str | bytes | None = None, **environment: str) -> Any:
        answer = amss(*arguments, "--json", typed=typed, **environment)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return json.loads(answer.stdout)

    return run


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Write a table of the given name from lines, and return its path."""

    def write(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def fleet(ask: Callable[..., Any], table: Callable[..., Path]) -> None:
    """Have the small fleet taken in."""
    for kind, lines in TABLES.items():
        ask("import", table(f"{kind}.csv", *lines), "--kind", kind)


@pytest.fixture
def run_async() -> Callable[..., Any]:
    """Run a coroutine to its end, in a test that runs commands, each of which has an event loop of its own."""
    return asyncio.run
