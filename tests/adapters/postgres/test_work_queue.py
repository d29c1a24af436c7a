"""What finding organizations costs: leaps from one to the next, however many links and tasks each of them has."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5
from typing import Any, Protocol
from uuid import UUID

import psycopg
import pytest

# It is the next day in the east by then, and in none of the organizations.
_AT = datetime(2031, 5, 17, 20, tzinfo=UTC)

_POPULATE = """
SET session_replication_role = replica;
INSERT INTO organizations (id, slug, name, policy, created_at, updated_at, version)
SELECT md5('wq' || n)::uuid, 'wq-' || n, 'N', '{}', now(), now(), 1 FROM generate_series(1, 3) AS n;
INSERT INTO aircraft_programs (org_id, id, aircraft_id, program_id, counts_from, baseline_note, standing, completions,
    due, generation, wake_on, revision, created_at, updated_at, version)
SELECT md5('wq' || 1 + n % 3)::uuid, md5('wql' || n)::uuid, md5('wqa' || n)::uuid, md5('wqp')::uuid, 'now', '', '{}', 0,
    '{}', 'waiting', '2031-05-18', 1, now(), now(), 1
FROM generate_series(1, 20000) AS n;
INSERT INTO tasks (org_id, id, aircraft_id, work, status, due, due_status, next_change_on, created_at, updated_at,
    version)
SELECT org_id, id, aircraft_id, '{}', 'scheduled', '{}', 'ok', wake_on, now(), now(), 1
FROM aircraft_programs WHERE program_id = md5('wqp')::uuid;
ANALYZE aircraft_programs, tasks, organizations;
"""
_FORGET = """
SET session_replication_role = replica;
DELETE FROM tasks WHERE org_id IN (SELECT id FROM organizations WHERE slug LIKE 'wq-%');
DELETE FROM aircraft_programs WHERE org_id IN (SELECT id FROM organizations WHERE slug LIKE 'wq-%');
DELETE FROM organizations WHERE slug LIKE 'wq-%';
"""


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


@pytest.fixture(scope="module")
def waiting(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database where 20,000 links and tasks of three organizations wait for tomorrow."""
    with psycopg.connect(database.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute(_POPULATE)
        with psycopg.connect(database.dsn("amss_owner")) as connection:
            yield connection
        admin.execute(_FORGET)


@pytest.mark.parametrize(
    ("function", "table"),
    [("amss_organizations_to_generate", "aircraft_programs"), ("amss_organizations_to_announce", "tasks")],
)
def test_what_waits_for_tomorrow_costs_a_leap_for_each_organization(
    waiting: psycopg.Connection[Any], function: str, table: str
) -> None:
    """Nothing is found, nothing read from end to end, and of 20,000 rows a handful is looked at."""
    found = waiting.execute(f"SELECT {function}(%s, NULL, 100)".encode(), (_AT,)).fetchall()
    ((scans, leaps, fetched),) = waiting.execute(
        "SELECT seq_scan, idx_scan, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = %s", (table,)
    ).fetchall()
    waiting.rollback()

    assert [id for (id,) in found if id in _ours()] == []
    assert scans == 0
    assert leaps <= 10
    assert fetched <= 10


def _ours() -> set[UUID]:
    return {UUID(md5(f"wq{n}".encode(), usedforsecurity=False).hexdigest()) for n in (1, 2, 3)}
