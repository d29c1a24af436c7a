"""Migrations: there and back, on data, two at once, killed in the middle, and what is said when they fail."""

import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import amss_adapters
from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.migrate import (
    MigrationFailed,
    migrate_down,
    migrate_up,
    migrations_folder,
    status,
)
from amss_domain.testing.builders import a_part, an_aircraft, some_stock
from amss_domain.testing.stand_ins import FRESH_IDS, ManualClock
from amss_domain.testing.tenant import a_tenant

_FOLDER = Path(__file__).parents[2] / "migrations"
_IDS = tuple(sorted(path.stem for path in _FOLDER.glob("[0-9]*.sql") if ".rollback" not in path.suffixes))
_SOURCES = Path(amss_adapters.__file__).parents[1]

# Everything the migrations make, as the server writes it.
_SNAPSHOT = """
SELECT format('%s.%s %s %s', relname, attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN 'NOT NULL' END)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p')
    AND relname NOT LIKE '\\_yoyo%'
UNION ALL
SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '\\_yoyo%'
UNION ALL
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '\\_yoyo%'
UNION ALL
SELECT format('%s %s %s %s %s %s', tablename, policyname, roles, cmd, qual, with_check) FROM pg_policies
UNION ALL
SELECT format('%s %s', relname, array(
    SELECT acl::text FROM unnest(coalesce(relacl, acldefault('r', relowner))) AS acl ORDER BY 1
))
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname NOT LIKE '\\_yoyo%'
UNION ALL
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT format('%s %s %s', pg_get_functiondef(oid), proacl, obj_description(oid)) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
"""


class Database(Protocol):
    """A database."""

    def dsn(self, role: str = ..., /) -> str: ...


class Databases(Protocol):
    """Makes databases."""

    def empty(self) -> Database: ...

    def migrated(self) -> Database: ...


@pytest.fixture
def empty(databases: Databases) -> Database:
    """A database without any schema."""
    return databases.empty()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations, to which a test may add."""
    return shutil.copytree(_FOLDER, tmp_path / "migrations [of a test]")


def rows(dsn: str, query: str, *params: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(query, params or None).fetchall()


def snapshot(database: Database) -> set[str]:
    """Return everything that migrations have made in the database."""
    return {line for (line,) in rows(database.dsn("amss_admin"), _SNAPSHOT)}


def test_up_down_up_ends_where_up_did(empty: Database) -> None:
    """Every migration's way back takes back all it made, one by one, and the way up makes it again."""
    dsn = empty.dsn("amss_owner")
    bare = snapshot(empty)
    assert migrate_up(dsn) == _IDS
    made = snapshot(empty)

    assert migrate_down(dsn, steps=len(_IDS)) == tuple(reversed(_IDS))
    assert snapshot(empty) == bare
    assert migrate_up(dsn) == _IDS
    assert snapshot(empty) == made

    for steps in range(1, len(_IDS) + 1):
        assert migrate_down(dsn, steps=steps) == tuple(reversed(_IDS[-steps:]))
        assert migrate_up(dsn) == _IDS[-steps:]
        assert snapshot(empty) == made


def test_up_again_changes_nothing(empty: Database) -> None:
    """What is applied is not applied twice."""
    dsn = empty.dsn("amss_owner")
    migrate_up(dsn)
    made = snapshot(empty)

    assert migrate_up(dsn) == ()
    assert snapshot(empty) == made


async def test_migrations_keep_the_data_of_others(databases: Databases) -> None:
    """On a database with data, the stock and all that came later can go and come back, and what others hold stays."""
    database = databases.migrated()
    async with PostgresBackend(database.dsn("amss_app"), clock=ManualClock(), ids=FRESH_IDS) as backend:
        tenant = await a_tenant(backend)
        aircraft, part = an_aircraft(org_id=tenant.id), a_part(org_id=tenant.id)
        await tenant.keep(aircraft, part, some_stock(part), events=[aircraft.created()])
        entries, messages = await tenant.entries(), await tenant.messages()

    assert migrate_up(database.dsn("amss_owner")) == ()
    migrate_down(database.dsn("amss_owner"), steps=len(_IDS) - _IDS.index("0005-inventory"))
    migrate_up(database.dsn("amss_owner"))

    async with PostgresBackend(database.dsn("amss_app"), clock=ManualClock(), ids=FRESH_IDS) as backend:
        async with backend.open_uow(tenant.id, tenant.actor) as uow:
            assert await uow.fleet.get(aircraft.id) == aircraft
            assert await uow.parts.by_numbers([part.part_number]) == {}
        again = await backend.directory.by_id(tenant.id)
        assert again == tenant.organization
        async with backend.open_uow(tenant.id, tenant.actor) as uow:
            assert await uow.outbox.unpublished(limit=9) == messages
    assert len(entries) == 1


def test_of_several_that_start_at_once_one_migrates(empty: Database) -> None:
    """The others wait for it and then find nothing to do."""
    applied: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate_up(empty.dsn("amss_owner")))) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(applied) == [(), (), (), _IDS]


def test_who_waits_too_long_for_another_migration_is_told(empty: Database) -> None:
    """The wait has an end."""
    dsn = empty.dsn("amss_owner")
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (0x414D5353,))
        with pytest.raises(MigrationFailed, match="others are migrating this database"):
            migrate_up(dsn, wait_s=0.05)

    assert migrate_up(dsn) == _IDS


def test_a_killed_migration_leaves_no_lock_and_nothing_half_made(empty: Database, folder: Path) -> None:
    """After kill -9 in the middle the next run takes over within seconds, without anybody's help."""
    dsn = empty.dsn("amss_owner")
    slow = folder / "0099-slow.sql"
    slow.write_text("CREATE TABLE half_made (id int);\n\nDO $$ BEGIN PERFORM pg_sleep(60); END $$;\n", encoding="utf-8")
    code = "import sys; from amss_adapters.postgres.migrate import *; migrate_up(sys.argv[1], folder=Path(sys.argv[2]))"
    victim = subprocess.Popen([sys.executable, "-c", code, dsn, str(folder)], env={"PYTHONPATH": str(_SOURCES)})
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    while rows(empty.dsn("amss_admin"), sleeping) != [(1,)]:
        assert victim.poll() is None

    victim.send_signal(signal.SIGKILL)
    victim.wait()
    slow.unlink()

    assert migrate_up(dsn, folder=folder, wait_s=20) == ()
    assert rows(dsn, "SELECT to_regclass('half_made')::text") == [(None,)]
    assert [one.id for one in status(dsn) if one.applied_at] == list(_IDS)


def test_a_migration_that_fails_is_taken_back_whole(empty: Database, folder: Path) -> None:
    """Those before it stay, it is named with the server's reason, and once it is put right it applies."""
    dsn = empty.dsn("amss_owner")
    bad = folder / "0099-bad.sql"
    bad.write_text("CREATE TABLE half_made (id int);\n\nSELECT nonsense;\n", encoding="utf-8")

    with pytest.raises(MigrationFailed, match=r'migration 0099-bad was not applied: column "nonsense" does not exist'):
        migrate_up(dsn, folder=folder)

    assert rows(dsn, "SELECT to_regclass('half_made')::text") == [(None,)]
    assert [one.id for one in status(dsn, folder=folder) if one.applied_at is None] == ["0099-bad"]
    bad.write_text("CREATE TABLE half_made (id int);\n", encoding="utf-8")
    assert migrate_up(dsn, folder=folder) == ("0099-bad",)


def test_a_migration_and_its_mark_are_one(empty: Database, folder: Path) -> None:
    """A migration that cannot be marked as applied is not applied either."""
    dsn = empty.dsn("amss_owner")
    refusing = "ALTER TABLE _yoyo_migration ADD CONSTRAINT refuse CHECK (migration_id <> '0099-unmarked');\n"
    (folder / "0099-unmarked.sql").write_text(refusing, encoding="utf-8")

    for _ in range(2):
        with pytest.raises(MigrationFailed, match="migration 0099-unmarked was not applied: new row for relation"):
            migrate_up(dsn, folder=folder)

    assert rows(dsn, "SELECT conname FROM pg_constraint WHERE conname = 'refuse'") == []


def test_the_state_is_told_without_changing_anything(empty: Database) -> None:
    """Before the first migration none is applied, and asking makes no table."""
    dsn = empty.dsn("amss_owner")

    assert [(one.id, one.applied_at) for one in status(dsn)] == [(id, None) for id in _IDS]
    assert rows(dsn, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]
    migrate_up(dsn)
    assert all(one.applied_at is not None for one in status(dsn))


@pytest.mark.parametrize("action", [migrate_up, migrate_down, status])
def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    empty: Database, action: Callable[[str], object]
) -> None:
    """What is wrong is said, and nothing secret."""
    dsn = make_conninfo(empty.dsn("amss_owner"), user="nobody_of_that_name", password="secret")

    with pytest.raises(MigrationFailed, match="the database cannot be reached") as raised:
        action(dsn)

    assert "secret" not in str(raised.value)


def test_migrations_are_numbered_and_have_a_way_back() -> None:
    """Their numbers have no gaps, each has its rollback beside it, and nothing else lies there."""
    numbers = [int(id.partition("-")[0]) for id in _IDS]
    expected = {f"{id}{ending}" for id in _IDS for ending in (".sql", ".rollback.sql")} | {"post-apply.sql"}

    assert numbers == list(range(1, len(_IDS) + 1))
    assert {path.name for path in _FOLDER.glob("*.sql")} == expected
    assert migrations_folder() == _FOLDER


def test_migrations_bring_no_data() -> None:
    """Demo data is the seed command's business."""
    for path in _FOLDER.glob("[0-9]*.sql"):
        outside_functions = re.sub(r"\$\$.*?\$\$", "", path.read_text(encoding="utf-8"), flags=re.S)
        assert not re.search(r"\b(INSERT|COPY)\b", outside_functions), path.name


def test_migrations_are_found_in_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel has them beside the modules; what is in neither place is said."""
    monkeypatch.setattr("amss_adapters.postgres.migrate.files", lambda _: tmp_path)
    packaged = tmp_path / "postgres" / "migrations"
    packaged.mkdir(parents=True)

    assert migrations_folder() == packaged


def test_squawk_finds_nothing() -> None:
    """No statement that would lock a table for long, on the way up; nor on the way back, but for dropping things."""
    squawk = Path(sys.executable).with_name("squawk")
    up = [str(path) for path in _FOLDER.glob("*.sql") if ".rollback" not in path.suffixes]
    down = [str(path) for path in _FOLDER.glob("*.rollback.sql")]
    common = [str(squawk), "--assume-in-transaction", "--pg-version", "15.0", "--reporter", "gcc"]

    for arguments in ([*common, *up], [*common, "--exclude", "ban-drop-table,ban-drop-function", *down]):
        said = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert (said.returncode, said.stdout) == (0, "")
