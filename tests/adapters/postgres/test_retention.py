"""Removing what no organization needs any more: the audit trail by month, and what finding the rest costs."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from attrs import evolve

from amss_adapters.files import FileAuditArchive
from amss_adapters.memory.import_storage import MemoryImportStorage
from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.across import BY_INDEX
from amss_domain.alerts.alert import AlertStatus
from amss_domain.retention.model import KEPT, AuditMonth, Remains, Removal
from amss_domain.retention.use_cases import NO_ARCHIVE, RemoveExpired
from amss_domain.shared.errors import InvariantBroken, Unavailable
from amss_domain.testing.builders import a_session, a_user, an_alert
from amss_domain.testing.stand_ins import NOON, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant

_MONTH = date(2015, 3, 1)
_LATE = datetime(2026, 1, 1, tzinfo=UTC)
_OLD_ENOUGH = timedelta(days=4_000)


class Looking(Protocol):
    """Asks the database behind the backend's back."""

    def __call__(self, query: str, *params: object, role: str = ...) -> list[tuple[Any, ...]]: ...


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


@pytest_asyncio.fixture
async def worker(
    backend_of: Callable[..., AbstractAsyncContextManager[PostgresBackend]],
) -> AsyncIterator[PostgresBackend]:
    """A backend of the worker's role."""
    async with backend_of("amss_worker") as backend:
        yield backend


@pytest.fixture
def entries(look: Looking) -> Iterator[list[UUID]]:
    """The ids of 2,500 entries of a month long past, of several organizations, in a partition of their own."""
    look("DROP TABLE IF EXISTS audit_logs_2015_03")
    look("SELECT amss_make_audit_partition(%s)", _MONTH, role="amss_owner")
    rows = look(
        """
        INSERT INTO audit_logs (org_id, id, actor_kind, actor_id, actor_name, resource_type, resource_id, action,
            version, changes, data, reason, created_at)
        SELECT md5('org' || n %% 3)::uuid, md5('entry' || n)::uuid, 'system', 'worker', 'worker', 'task',
            md5('task' || n)::uuid, 'created', 1, '[]', '{}', E'because:\\n ü "' || n, %s::timestamptz
        FROM generate_series(1, 2500) AS n RETURNING id
        """,
        datetime(2015, 3, 31, 23, 59, tzinfo=UTC),
    )
    yield [id for (id,) in rows]
    look("DROP TABLE IF EXISTS audit_logs_2015_03")


async def test_the_worker_cannot_ask_for_what_has_to_be_kept(worker: PostgresBackend) -> None:
    """Whatever moment it names, what is younger than its time is not among what goes."""
    ours = await a_tenant(worker)
    user = a_user(org_id=ours.id)
    await ours.keep(user)
    now = datetime.now(UTC)

    async def goes(what: Remains) -> int:
        before = datetime(2999, 1, 1, tzinfo=UTC)
        return await worker.expired_records.purge(what, before=before, limit=1_000_000, dry_run=True)

    kinds = (Remains.SESSIONS, Remains.ALERTS)
    at_first = [await goes(what) for what in kinds]
    for missing in (timedelta(hours=1), -timedelta(hours=1)):
        resolved_at = now - KEPT[Remains.ALERTS] + missing
        await ours.keep(
            a_session(user, at=now - KEPT[Remains.SESSIONS] + missing, lasting=timedelta(0)),
            evolve(an_alert(org_id=ours.id), status=AlertStatus.RESOLVED, resolved_at=resolved_at),
        )

    assert [await goes(what) for what in kinds] == [count + 1 for count in at_first]


@pytest.fixture
def remove(worker: PostgresBackend, tmp_path: Path) -> RemoveExpired:
    """Everything that removes, with a place for the audit trail."""
    clock = ManualClock(_LATE)
    return RemoveExpired(
        outbox=worker.outbox_queue,
        deliveries=worker.delivery_queue,
        records=worker.expired_records,
        imports=worker.finished_imports,
        storage=MemoryImportStorage(clock, lambda _, name: pytest.fail(name)),
        months=worker.audit_months,
        archive=FileAuditArchive(tmp_path / "archive"),
        clock=clock,
    )


async def test_a_month_goes_once_it_is_in_the_archive(
    remove: RemoveExpired, entries: list[UUID], look: Looking, tmp_path: Path
) -> None:
    """Each of its entries is a line of the file; the partition is gone, and with a second pass nothing goes."""
    would = _audit(await remove(dry_run=True))
    there = look("SELECT count(*) FROM audit_logs_2015_03")

    went = _audit(await remove())
    again = _audit(await remove())

    lines = _unpacked(tmp_path / "archive" / "audit-2015-03.ndjson.gz").splitlines()
    assert (would.count, went.count, again.count) == (2_500, 2_500, 0)
    assert there == [(2_500,)]
    assert sorted(UUID(json.loads(line)["id"]) for line in lines) == sorted(entries)
    assert json.loads(lines[0])["reason"].startswith('because:\n ü "')
    assert look("SELECT to_regclass('audit_logs_2015_03')") == [(None,)]


@pytest.mark.usefixtures("entries")
async def test_without_an_archive_nothing_is_dropped(remove: RemoveExpired, look: Looking) -> None:
    """Neither a pass nor a dry run counts an entry, and both say how many are kept and why."""
    without = evolve(remove, archive=None)

    removals = [_audit(await without(dry_run=dry_run)) for dry_run in (True, False)]

    assert [one.count for one in removals] == [0, 0]
    assert {one.note for one in removals} == {f"{NO_ARCHIVE} (2,500 in 1 months)"}
    assert look("SELECT count(*) FROM audit_logs_2015_03") == [(2_500,)]


@pytest.mark.usefixtures("entries")
async def test_nothing_is_dropped_when_the_archive_fails(remove: RemoveExpired, look: Looking, tmp_path: Path) -> None:
    """Where the archive is no folder that can be written to, the month stays."""
    (tmp_path / "archive").write_text("a file", encoding="utf-8")

    with pytest.raises(Unavailable):
        await remove()

    assert look("SELECT count(*) FROM audit_logs_2015_03") == [(2_500,)]


@pytest.mark.usefixtures("entries")
async def test_the_longest_retention_of_any_organization_counts(worker: PostgresBackend, look: Looking) -> None:
    """While one organization keeps its trail for so long, the month is neither past nor given nor dropped."""
    ours = await a_tenant(worker)
    days = (datetime.now(UTC).date() - _MONTH).days
    keeping = evolve(ours.organization.policy, audit_retention_days=days)
    kept, _ = ours.organization.with_policy(keeping, at=NOON)
    assert await worker.audit_months.past(at=_LATE) == (AuditMonth(month=_MONTH, entries=2_500),)

    await ours.change(ours.organization, kept)

    assert await worker.audit_months.past(at=datetime.now(UTC) + _OLD_ENOUGH) == ()
    with pytest.raises(InvariantBroken):
        await anext(aiter(worker.audit_months.lines(_MONTH)))
    with pytest.raises(InvariantBroken):
        await worker.audit_months.drop(_MONTH, entries=2_500)
    await _forget(ours, look)


@pytest.mark.usefixtures("entries")
async def test_a_month_with_more_than_was_exported_stays(worker: PostgresBackend, look: Looking) -> None:
    """Another number of entries than was exported is refused; a month that is not there was dropped already."""
    with pytest.raises(InvariantBroken):
        await worker.audit_months.drop(_MONTH, entries=2_499)

    assert look("SELECT count(*) FROM audit_logs_2015_03") == [(2_500,)]
    assert await worker.audit_months.drop(date(2014, 1, 1), entries=0) is False


@pytest.mark.parametrize(
    ("what", "table"),
    [
        (Remains.IDEMPOTENCY_KEYS, "idempotency_keys"),
        (Remains.SESSIONS, "sessions"),
        (Remains.PASSWORD_RESETS, "password_resets"),
        (Remains.ALERTS, "alerts"),
    ],
)
@pytest.mark.parametrize("counting", [True, False])
def test_what_expired_is_found_by_index(populated: Database, what: Remains, table: str, *, counting: bool) -> None:
    """Of a large table of which little has expired, none is read from end to end, and no more rows than go."""
    with psycopg.connect(populated.dsn("amss_owner")) as connection:
        # What the backend's batch begins with.
        connection.execute(BY_INDEX.statement.sql)
        ((count,),) = connection.execute(
            "SELECT amss_purge(%s, %s, 1000, %s)", (what.value, NOON - timedelta(days=700), counting)
        ).fetchall()
        scans = connection.execute(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND relname IN (%s, 'refresh_tokens')",
            (table,),
        ).fetchall()
        ((read,),) = connection.execute(
            "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = %s", (table,)
        ).fetchall()
        connection.rollback()

    assert count == 100
    assert scans == []
    assert read <= 3 * count


@pytest.fixture(scope="module")
def populated(database: Database) -> Iterator[Database]:
    """A database with 20,000 records of each kind, of which 100 have expired."""
    clock = "%s::timestamptz - CASE WHEN n <= 100 THEN interval '800 days' ELSE interval '1 day' END"
    statements = {
        "idempotency_keys": "(org_id, scope, key, fingerprint, answer, created_at)"
        f" SELECT md5('x')::uuid, 's', n, '', '', {clock}",
        "sessions": "(org_id, id, user_id, expires_at, created_at, version)"
        f" SELECT md5('x')::uuid, md5('s' || n)::uuid, md5('u')::uuid, {clock}, now(), 1",
        "refresh_tokens": "(org_id, id, session_id, digest, created_at)"
        " SELECT md5('x')::uuid, md5('t' || n)::uuid, md5('s' || n)::uuid, '', %s",
        "password_resets": "(org_id, id, user_id, created_at, version)"
        f" SELECT md5('x')::uuid, md5('r' || n)::uuid, md5('u')::uuid, {clock}, 1",
        "alerts": "(org_id, id, kind, severity, subject_type, subject_id, title, details, status, resolved_at,"
        " created_at, updated_at, version) SELECT md5('x')::uuid, md5('a' || n)::uuid, 'overdue', 'critical', 'task',"
        f" md5('t')::uuid, 'T', '{{}}', 'resolved', {clock}, now(), now(), 1",
    }
    with psycopg.connect(database.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        for table, rows in statements.items():
            admin.execute(f"INSERT INTO {table} {rows} FROM generate_series(1, 20000) AS n".encode(), (NOON,))
        admin.execute("VACUUM ANALYZE")
        yield database
        for table in statements:
            admin.execute(f"DELETE FROM {table} WHERE org_id = md5('x')::uuid".encode())


def _audit(removals: tuple[Removal, ...]) -> Removal:
    (found,) = [one for one in removals if one.what is Remains.AUDIT_ENTRIES]
    return found


def _unpacked(path: Path) -> str:
    import gzip  # noqa: PLC0415 - for this alone

    return gzip.decompress(path.read_bytes()).decode()


async def _forget(tenant: Tenant, look: Looking) -> None:
    look("UPDATE organizations SET policy = policy || '{\"audit_retention_days\": 1096}' WHERE id = %s", tenant.id)
