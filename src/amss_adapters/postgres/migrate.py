"""Bringing a database's schema up and down: plain SQL files, run by yoyo on one connection of ours.

What yoyo does otherwise and we do not: it locks by a row that a killed process leaves behind, and marks a migration as
applied in another transaction than the one that applies it. See docs/adr/0007.
"""

import glob
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import psycopg
from attrs import frozen
from psycopg import sql
from yoyo import read_migrations  # type: ignore[import-untyped]  # ships no types
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend  # type: ignore[import-untyped]  # ships no types
from yoyo.connections import parse_uri  # type: ignore[import-untyped]  # ships no types

from amss_domain.shared.errors import AmssError

# Any number will do that nobody else in the database uses: "AMSS".
_LOCK: Final = 0x414D5353
_TABLE: Final = "_yoyo_migration"


class MigrationFailed(AmssError):
    """The schema could not be brought to where it should be; every migration before is whole and stays."""

    code = "migration_failed"

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.what = what
        self.why = why


@frozen(kw_only=True)
class MigrationStatus:
    """One migration, and when it was applied here: None if it was not."""

    id: str
    applied_at: datetime | None


def migrations_folder() -> Path:
    """Return where the migrations are: in the installed package, or at the top of a checkout."""
    packaged = Path(str(files("amss_adapters"))) / "postgres" / "migrations"
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).resolve().parents[3] / "migrations"
    if checkout.is_dir():
        return checkout
    raise MigrationFailed("no migrations were found", f"neither {packaged} nor {checkout} is a folder")


def migrate_up(dsn: str, *, folder: Path | None = None, wait_s: float = 60.0) -> tuple[str, ...]:
    """Apply what is not applied yet, put privileges and audit partitions right, and return the ids applied, in order.

    `dsn` names the owner of the schema, and no pooler. Of several that start at once one does it and the others wait
    for it, up to `wait_s`. Raises `MigrationFailed`.
    """
    with _migrator(dsn, wait_s) as migrator:
        migrations = _migrations(folder)
        pending = migrator.to_apply(migrations)
        for migration in pending:
            migrator.apply_one(migration)
        for after in migrations.post_apply:
            migrator.apply_one(after, mark=False)
        return tuple(migration.id for migration in pending)


def migrate_down(dsn: str, *, steps: int = 1, folder: Path | None = None, wait_s: float = 60.0) -> tuple[str, ...]:
    """Take back the last `steps` migrations and the data in what they made, and return their ids, last first.

    Raises `MigrationFailed`.
    """
    with _migrator(dsn, wait_s) as migrator:
        applied = list(migrator.to_rollback(_migrations(folder)))[:steps]
        for migration in applied:
            migrator.rollback_one(migration)
        return tuple(migration.id for migration in applied)


def status(dsn: str, *, folder: Path | None = None) -> tuple[MigrationStatus, ...]:
    """Return every migration in order; changes nothing. Raises `MigrationFailed`."""
    with _connection(dsn) as connection:
        (there,) = connection.execute("SELECT to_regclass(%s)", (_TABLE,)).fetchone() or (None,)
        query = sql.SQL("SELECT migration_id, applied_at_utc FROM {}").format(sql.Identifier(_TABLE))
        applied = dict(connection.execute(query).fetchall()) if there else {}
    known = _migrations(folder)
    return tuple(MigrationStatus(id=one.id, applied_at=_in_utc(applied.get(one.id))) for one in known)


def _migrations(folder: Path | None) -> Any:
    return read_migrations(glob.escape(str(folder or migrations_folder())))


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


class _Migrator(PostgresqlPsycopgBackend):  # type: ignore[misc]  # ships no types
    """yoyo's backend on a given connection: one connection, one lock, one transaction for a migration and its mark."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._given = connection
        super().__init__(parse_uri("postgresql+psycopg://"), _TABLE)
        self.has_transactional_ddl = True

    def connect(self, dburi: object) -> psycopg.Connection[Any]:  # noqa: ARG002  # as yoyo calls it
        """Return the connection given."""
        return self._given

    @contextmanager
    def lock(self, timeout: float = 0) -> Iterator[None]:  # noqa: ARG002  # as yoyo calls it
        """Do nothing: the advisory lock is held, and goes with the connection."""
        yield

    def apply_one(self, migration: Any, force: bool = False, mark: bool = True) -> None:
        """Apply a migration and mark it, both or neither."""
        self.ensure_internal_schema_updated()
        with _failures(f"migration {migration.id} was not applied"), self.transaction():
            migration.process_steps(self, "apply", force=force)
            if mark:
                self.mark_one(migration, log=False)

    def rollback_one(self, migration: Any, force: bool = False) -> None:
        """Take a migration back and unmark it, both or neither."""
        self.ensure_internal_schema_updated()
        with _failures(f"migration {migration.id} was not taken back"), self.transaction():
            migration.process_steps(self, "rollback", force=force)
            self.unmark_one(migration, log=False)


@contextmanager
def _migrator(dsn: str, wait_s: float) -> Iterator[_Migrator]:
    with _connection(dsn) as connection:
        with _failures("others are migrating this database"):
            connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{round(wait_s * 1000)}ms",))
            connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute("RESET lock_timeout")
        yield _Migrator(connection)


@contextmanager
def _connection(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with _failures("the database cannot be reached"):
        connection = psycopg.connect(dsn, autocommit=True, application_name="amss migrate")
    with connection:
        # So that the server lets go of the lock soon after this process was killed, whatever it was executing.
        with suppress(psycopg.Error):
            connection.execute("SELECT set_config('client_connection_check_interval', '1s', false)")
        yield connection


@contextmanager
def _failures(what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        why = error.diag.message_primary or str(error).strip()
        raise MigrationFailed(what, why) from error
