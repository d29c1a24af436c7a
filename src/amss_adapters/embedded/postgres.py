"""PostgreSQL from the binaries of a package, started for its first owner and stopped after its last."""

import contextlib
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs
import psycopg
from psycopg import sql

from amss_adapters.embedded.binaries import Installation, installation_for
from amss_adapters.embedded.cluster import ADMIN, DATABASE, OWNER, ROLES, Cluster, give
from amss_adapters.embedded.endpoint import Endpoint, loopback_endpoint, socket_endpoint
from amss_adapters.embedded.errors import (
    EmbeddedAccountUnusable,
    EmbeddedDataIncomplete,
    EmbeddedDiskFull,
    EmbeddedPlatformUnsupported,
    EmbeddedServerError,
    EmbeddedStartFailed,
)
from amss_adapters.embedded.home import account_name, folder_errors, free_bytes, service_folder
from amss_adapters.embedded.ownership import Ownership, ServerPlan
from amss_adapters.embedded.run_as import Kind, RunAs, may_execute, server_identity
from amss_adapters.embedded.scratch import Scratch

_PORT = 5432
_CONNECT_TIMEOUT_S = 5
_LOG_TAIL_LINES = 20
_NEARLY_NOTHING_BYTES = 8 * 2**20


@attrs.frozen
class RunningPostgres:
    """One owner's share in a running server; `stop` gives it up, as does the end of the process."""

    log: Path
    _endpoint: Endpoint
    _passwords: Mapping[str, str]
    _ownership: Ownership

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """Return a libpq URL for one of the roles amss_admin, amss_owner, amss_app, amss_worker.

        It holds the role's password. Raises `ValueError` for another role.
        """
        if role not in self._passwords:
            raise ValueError(f"there is no role {role!r}; there are {', '.join(ROLES)}")
        return self._endpoint.dsn(role, self._passwords[role], database)

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Create a database owned by amss_owner, a copy of `template`, to which nobody may be connected."""
        self._administer(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
            )
        )

    def drop_database(self, name: str) -> None:
        """Drop a database and its connections, if it exists."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self, timeout_s: float = 90.0) -> None:
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

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn(ADMIN, "postgres"), autocommit=True) as connection:
            connection.execute(statement)


@attrs.define
class EmbeddedPostgres:
    """The PostgreSQL server whose data lies in `home/postgres`; every process with the same `home` shares it.

    `settings` are server settings that only count if this owner is the one that starts the server.
    """

    home: Path
    settings: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    start_timeout_s: float = attrs.field(default=120.0, kw_only=True)
    _only_identity: Kind | None = attrs.field(default=None, kw_only=True, alias="_only_identity")
    _sockets: bool = attrs.field(default=True, kw_only=True, alias="_sockets")
    _entered: list[RunningPostgres] = attrs.field(init=False, factory=list)

    def start(self) -> RunningPostgres:
        """Return a share in the server, which is made and started if need be. Raises `EmbeddedServerError`."""
        if sys.platform == "win32":
            raise EmbeddedPlatformUnsupported("Windows")
        folder = service_folder(self.home, "postgres")
        service = _PostgresService(folder, self.settings, self._only_identity, self._sockets)
        ownership = Ownership(folder, service)
        with folder_errors(self.home):
            state = ownership.join(self.start_timeout_s)
        return RunningPostgres(ownership.log, Endpoint.from_state(state), service.cluster.passwords(), ownership)

    def __enter__(self) -> RunningPostgres:
        running = self.start()
        self._entered.append(running)
        return running

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.pop().stop()


@attrs.frozen
class _PostgresService:
    """What PostgreSQL adds to the lifecycle of `ownership.py`."""

    folder: Path
    settings: Mapping[str, str]
    only_identity: Kind | None
    sockets: bool

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.folder / "data")

    @property
    def stop_signals(self) -> Sequence[tuple[int, float]]:
        """Fast shutdown, then immediate shutdown (PostgreSQL docs 18.5)."""
        return ((int(signal.SIGINT), 60.0), (int(signal.SIGQUIT), 10.0))

    def prepare(self, *, keep: tuple[int, ...]) -> ServerPlan:
        """Make the cluster if there is none and choose identity, programs and endpoint."""
        self.cluster.clear_unfinished()
        installation = installation_for(self.cluster.data)
        run_as = server_identity(
            installation.program("postgres"), data_owner=self.cluster.owner_uid(), only=self.only_identity
        )
        with contextlib.ExitStack() as undo:
            scratch = Scratch(for_others=run_as.kind != "self")
            undo.callback(scratch.remove)
            installation = self._within_reach(installation, run_as, scratch)
            if self.cluster.exists():
                self.cluster.passwords()
                give(self.cluster.data, run_as)
            else:
                self.cluster.create(installation, run_as, keep=keep)
            self.cluster.clear_stale_pid()
            endpoint = self._endpoint(run_as, scratch)
            undo.pop_all()
        return self._plan(installation, run_as, endpoint, scratch)

    def is_ready(self, state: Mapping[str, object]) -> bool:
        """Return whether a connection succeeds. Raises `EmbeddedDataIncomplete` if it needs another password."""
        try:
            dsn = Endpoint.from_state(state).dsn(ADMIN, self.cluster.passwords()[ADMIN], DATABASE)
        except (LookupError, ValueError):
            return False
        try:
            psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedDataIncomplete(self.cluster.data, "its passwords are not those of the server") from error
            # Too many clients: it serves.
            return "too many clients" in str(error)
        return True

    def explain(self, log: Path, said: str) -> EmbeddedServerError:
        """Return why the server ended at its start."""
        full = "No space left on device" in said or "Disk quota exceeded" in said
        if full or free_bytes(self.folder) < _NEARLY_NOTHING_BYTES:
            return EmbeddedDiskFull(self.folder, free_bytes(self.folder))
        return EmbeddedStartFailed("starting PostgreSQL", log, "\n".join(said.splitlines()[-_LOG_TAIL_LINES:]))

    def _within_reach(self, installation: Installation, run_as: RunAs, scratch: Scratch) -> Installation:
        """Return programs that `run_as` may execute: copies, where the package lies in a folder closed to it."""
        if run_as.kind == "self" or may_execute(run_as, installation.program("postgres")):
            return installation
        copy = installation.copied_to(scratch.subfolder("programs", 0o755))
        if not may_execute(run_as, copy.program("postgres")):
            reason = f"{copy.program('postgres')} cannot be executed by {account_name(run_as.uid)}"
            raise EmbeddedAccountUnusable(account_name(0), [reason])
        return copy

    def _endpoint(self, run_as: RunAs, scratch: Scratch) -> Endpoint:
        name = f".s.PGSQL.{_PORT}"
        endpoint = None
        if self.sockets and run_as.kind != "drop":
            run = self.folder / "run"
            run.mkdir(mode=0o700, exist_ok=True)
            endpoint = socket_endpoint(run, name, _PORT)
        if self.sockets and endpoint is None:
            sockets = scratch.subfolder("s", 0o700)
            endpoint = socket_endpoint(sockets, name, _PORT)
            give(sockets, run_as)
        return endpoint or loopback_endpoint()

    def _plan(self, installation: Installation, run_as: RunAs, endpoint: Endpoint, scratch: Scratch) -> ServerPlan:
        data = self.cluster.data
        run = self.folder / "run"
        # Relative to the data folder, where the server works: also from an identity that may not walk down to it.
        sockets = "../run" if endpoint.host == str(run) else '"' + endpoint.host.replace('"', '""') + '"'
        settings = {
            **self.settings,
            "listen_addresses": "" if endpoint.is_socket() else endpoint.host,
            "port": str(endpoint.port),
            "unix_socket_directories": sockets if endpoint.is_socket() else "",
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
            "log_destination": "stderr",
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return ServerPlan(
            argv=[str(installation.program("postgres")), "-D", run_as.path_from_cwd(data), *flags],
            run_as=run_as,
            cwd=data,
            state={"host": endpoint.host, "port": endpoint.port},
            scratch=[run, *scratch.made],
        )
