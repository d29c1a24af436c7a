"""What all tests share: a PostgreSQL server, databases on it, a Valkey server, and a summary of which backends ran.

The server is, in this order: the one that AMSS_TEST_DB_URL names, by a superuser, for tests alone; one in a container
when AMSS_INTEGRATION=1 and a container engine runs; the embedded one. Likewise AMSS_TEST_REDIS_ADDR names a Valkey or
Redis server for tests alone. There is always one of each, so nothing is skipped.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from attrs import field, frozen
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo
from redis import Redis

from amss_adapters.embedded import EmbeddedPostgres, EmbeddedValkey
from amss_adapters.postgres.migrate import migrate_up
from amss_adapters.redis.connection import url_of

BACKENDS = pytest.StashKey[set[str]]()

ROLES = ("amss_owner", "amss_app", "amss_worker")
_PASSWORD = "for tests alone"


def pytest_configure(config: pytest.Config) -> None:
    """Start with no backend seen, and no property judged by how busy the machine is."""
    config.stash[BACKENDS] = set()
    settings.register_profile("patient", settings(deadline=None))
    settings.load_profile("patient")


@pytest.fixture(scope="session")
def announce_backend(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Names a backend for the summary, such as `PostgreSQL 18.1 (embedded)`; called by the fixture that starts it."""
    return pytestconfig.stash[BACKENDS].add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which backends ran, so that a missing one is seen."""
    if seen := config.stash[BACKENDS]:
        terminalreporter.write_line(f"backends: {', '.join(sorted(seen))}")


class Server(Protocol):
    """A PostgreSQL server with the roles amss_admin, amss_owner, amss_app and amss_worker."""

    def dsn(self, role: str, database: str = ..., /) -> str: ...


@frozen
class GivenServer:
    """A server that somebody else runs, reached as a superuser; the other roles are made on it."""

    admin: str

    def dsn(self, role: str, database: str = "postgres", /) -> str:
        """Return a conninfo for the role and the database."""
        if role == "amss_admin":
            return make_conninfo(self.admin, dbname=database)
        return make_conninfo(self.admin, dbname=database, user=role, password=_PASSWORD)

    def make_roles(self) -> None:
        """Make the roles that are missing and give all of them the password of the tests."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            for role in ROLES:
                name = sql.Identifier(role)
                if connection.execute("SELECT to_regrole(%s)", (role,)).fetchone() == (None,):
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(_PASSWORD)))


@frozen
class Database:
    """One database of the test server."""

    server: Server
    name: str

    def dsn(self, role: str = "amss_app") -> str:
        """Return a conninfo for one of the roles."""
        return self.server.dsn(role, self.name)


@frozen
class Databases:
    """Fresh databases on one server, dropped in the end; `migrated` ones are copies of one that was migrated once."""

    server: Server
    template: Database
    _made: list[str] = field(factory=list)
    _numbers: Iterator[int] = field(factory=count)

    def empty(self) -> Database:
        """Return a database without any schema."""
        return self._make("template1")

    def migrated(self) -> Database:
        """Return a database with the current schema."""
        return self._make(self.template.name)

    def drop_all(self) -> None:
        """Drop every database made here, and its connections."""
        for name in self._made:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            execute_as_admin(self.server, drop)

    def _make(self, template: str) -> Database:
        name = f"amss_test_{os.getpid()}_{next(self._numbers)}"
        self._made.append(name)
        create_database(self.server, name, template)
        return Database(self.server, name)


def create_database(server: Server, name: str, template: str) -> None:
    """Make a database that belongs to amss_owner."""
    create = sql.SQL("CREATE DATABASE {} OWNER amss_owner TEMPLATE {}")
    execute_as_admin(server, create.format(sql.Identifier(name), sql.Identifier(template)))


def execute_as_admin(server: Server, statement: sql.Composed) -> None:
    """Execute a statement that concerns the whole server."""
    with psycopg.connect(server.dsn("amss_admin", "postgres"), autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_server(
    tmp_path_factory: pytest.TempPathFactory, announce_backend: Callable[[str], None]
) -> Iterator[Server]:
    """The PostgreSQL server of this test run."""
    if given := os.environ.get("AMSS_TEST_DB_URL"):
        where, running = "AMSS_TEST_DB_URL", _given(given)
    elif os.environ.get("AMSS_INTEGRATION") == "1" and _containers_run():
        where, running = "container", _container()
    else:
        where, running = "embedded", _embedded(tmp_path_factory.mktemp("server"))
    with running as server:
        with psycopg.connect(server.dsn("amss_admin", "postgres")) as connection:
            version = connection.info.parameter_status("server_version")
        announce_backend(f"PostgreSQL {version} ({where})")
        yield server


@contextmanager
def _given(admin: str) -> Iterator[Server]:
    server = GivenServer(admin)
    server.make_roles()
    yield server


@contextmanager
def _container() -> Iterator[Server]:
    from testcontainers.postgres import PostgresContainer  # noqa: PLC0415  # only where containers run

    with PostgresContainer("postgres:15", driver=None) as container:
        server = GivenServer(container.get_connection_url())
        server.make_roles()
        yield server


@contextmanager
def _embedded(home: Path) -> Iterator[Server]:
    # Nothing here has to survive a power cut.
    with EmbeddedPostgres(home, settings={"fsync": "off"}) as server:
        yield server


def _containers_run() -> bool:
    engine = shutil.which("docker")
    return engine is not None and subprocess.run([engine, "info"], capture_output=True, check=False).returncode == 0


@frozen
class Valkey:
    """A Valkey or Redis server."""

    address: str


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory, announce_backend: Callable[[str], None]) -> Iterator[Valkey]:
    """The Valkey server of this test run; tests share it, so each keeps to keys of its own."""
    if given := os.environ.get("AMSS_TEST_REDIS_ADDR"):
        announce_backend(f"{_version_at(given)} (AMSS_TEST_REDIS_ADDR)")
        yield Valkey(given)
        return
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as running:
        announce_backend(f"{_version_at(running.address)} (embedded)")
        yield Valkey(running.address)


def _version_at(address: str) -> str:
    with Redis.from_url(url_of(address)) as client:
        about = client.info("server")
    if "valkey_version" in about:
        return f"Valkey {about['valkey_version']}"
    return f"Redis {about['redis_version']}"


@pytest.fixture(scope="session")
def databases(postgres_server: Server) -> Iterator[Databases]:
    """Makes fresh databases."""
    template = Database(postgres_server, f"amss_test_{os.getpid()}_template")
    databases = Databases(postgres_server, template, [template.name])
    try:
        create_database(postgres_server, template.name, "template1")
        migrate_up(template.dsn("amss_owner"))
        yield databases
    finally:
        databases.drop_all()


@pytest.fixture(scope="module")
def database(databases: Databases) -> Database:
    """A migrated database that the tests of a module share."""
    return databases.migrated()
