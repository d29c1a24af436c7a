"""The command line over the memory backend: commands run in this process and share one database."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from attrs import define, field, frozen
from typer.testing import CliRunner

from amss_adapters.memory import MemoryBackend
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_entrypoints.cli.app import app
from amss_entrypoints.container import Container
from amss_entrypoints.settings import Settings

NOTHING_SET = {"DB_URL": None, "DB_MIGRATION_URL": None, "APP_ENV": None, "AMSS_HOME": None, "LOG_LEVEL": None}


@define
class MemoryDatabase:
    """Stands where an embedded server's database would; lives as long as the test."""

    clock: ManualClock
    ids: CountingIds = field(factory=CountingIds)
    is_embedded: bool = True
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
        yield container


@frozen
class Answer:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    def json(self) -> object:
        """Return the document on standard output."""
        return json.loads(self.out)

    def error(self) -> object:
        """Return the document on standard error."""
        return json.loads(self.err)["error"]


@define
class Amss:
    """The command, to be called with its arguments."""

    database: MemoryDatabase
    runner: CliRunner = field(factory=CliRunner)

    def __call__(self, *arguments: str | Path, **environment: str) -> Answer:
        """Run it and return its answer; what it raises is raised here, because it should not."""
        result = self.runner.invoke(
            app,
            [str(one) for one in arguments],
            obj=self._open,
            env={**NOTHING_SET, **environment},
            catch_exceptions=False,
            prog_name="amss",
        )
        return Answer(result.exit_code, result.stdout, result.stderr)

    def ok(self, *arguments: str | Path) -> str:
        """Run it, expect success, and return what it wrote."""
        answer = self(*arguments)
        assert answer.code == 0, answer.out + answer.err
        return answer.out

    def json(self, *arguments: str | Path) -> object:
        """Run it with `--json`, expect success, and return the document."""
        return json.loads(self.ok(*arguments, "--json"))

    @contextmanager
    def _open(self, settings: Settings) -> Iterator[MemoryDatabase]:
        yield self.database


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
    """The command on that database."""
    return Amss(database)


@pytest.fixture
def table(tmp_path: Path) -> "WriteTable":
    """Write a CSV table from lines."""
    return WriteTable(tmp_path)


@frozen
class WriteTable:
    """Writes tables into a folder."""

    folder: Path

    def __call__(self, name: str, *lines: str) -> Path:
        """Return the path of a table with these lines."""
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def rows(self, name: str, header: str, rows: Sequence[str]) -> Path:
        """Return the path of a table with a header and rows."""
        return self(name, header, *rows)
