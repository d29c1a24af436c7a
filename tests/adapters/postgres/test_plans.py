"""How the server carries the statements out once the tables are large: by index, whatever the values are."""

import json
from collections.abc import Iterator
from typing import Any, Protocol

import psycopg
import pytest
from psycopg import pq, sql

from amss_adapters.postgres.statements import FEATURES, Statement, statements

# 20 organizations of 100 aircraft with 5 programs each of 60, 3 tasks a link, and what goes with them.
_POPULATE = """
SET session_replication_role = replica;
CREATE FUNCTION uuid_of(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || number)::uuid $$;

INSERT INTO organizations (id, slug, name, policy, created_at, updated_at, version)
SELECT uuid_of('org', n), 'org-' || n, 'Org', '{}', now(), now(), 1 FROM generate_series(1, 1200) AS n;

INSERT INTO users (org_id, id, email, email_key, name, role, active, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('user', n), n || '@x', n || '@x', 'Jo', 'viewer', true, now(), now(), 1
FROM generate_series(1, 2000) AS n;

INSERT INTO aircraft (org_id, id, registration, registration_key, model, model_key, utilisation, current_hours,
    current_cycles, head, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('aircraft', n), 'R' || n, 'r' || n, 'M' || n % 7, 'm' || n % 7, '{}', 0, 0, '{}',
    now(), now(), 1
FROM generate_series(1, 2000) AS n;

INSERT INTO usage_entries (org_id, id, aircraft_id, position, occurred_on, recorded_at, kind, deltas, faces, source,
    external_id)
SELECT uuid_of('org', n % 20), uuid_of('entry', n), uuid_of('aircraft', 1 + n % 2000), 1 + n / 2000,
    date '2020-01-01' + (n / 2000)::int, now(), CASE WHEN n % 50 = 0 THEN 'correction' ELSE 'delta' END,
    '{"hours": "1.5"}', '{}', 'import', 'flight ' || n
FROM generate_series(1, 20000) AS n;

INSERT INTO programs (org_id, id, name, name_key, kind, mandatory, requirement, applies_to, model_key, links_count_from,
    priority, required_parts, checklist, revision, spreading, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('program', n), 'P' || n, 'p' || n, 'inspection', true, '{}',
    (ARRAY['listed', 'model', 'all'])[1 + n % 3], 'm' || n % 7, 'unknown', 'routine', '[]', '[]', 1, n % 40 = 0, now(),
    now(), 1
FROM generate_series(1, 1200) AS n;

INSERT INTO aircraft_programs (org_id, id, aircraft_id, program_id, counts_from, baseline_note, standing, completions,
    due, generation, wake_on, revision, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('link', n), uuid_of('aircraft', 1 + n % 2000), uuid_of('program', 1 + n % 1200),
    'unknown', '', '{}', 0, '[]',
    CASE n % 50 WHEN 0 THEN 'pending' WHEN 1 THEN 'waiting' ELSE 'open' END,
    CASE n % 50 WHEN 1 THEN date '2026-01-01' + (n % 900)::int END, 1, now(), now(), 1
FROM generate_series(1, 10000) AS n ON CONFLICT DO NOTHING;

INSERT INTO tasks (org_id, id, aircraft_id, program_id, link_id, work, status, due, due_status, next_change_on,
    assigned_to, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('task', n), uuid_of('aircraft', 1 + n % 2000), uuid_of('program', 1 + n % 1200),
    uuid_of('link', 1 + n % 10000), '{}',
    CASE n / 10000 WHEN 0 THEN 'scheduled' WHEN 1 THEN 'completed' ELSE 'cancelled' END, '[]', 'ok',
    date '2026-01-01' + (n % 900)::int, CASE n % 20 WHEN 0 THEN uuid_of('user', n % 2000) END, now(), now(), 1
FROM generate_series(0, 29999) AS n;

INSERT INTO parts (org_id, id, part_number, part_number_key, unit_of_measure, minimum_stock, created_at, updated_at,
    version)
SELECT uuid_of('org', n % 20), uuid_of('part', n), 'N' || n, 'n' || n, 'each', 0, now(), now(), 1
FROM generate_series(1, 2000) AS n;

INSERT INTO inventory (org_id, id, part_id, location, quarantined, quantity_on_hand, quantity_reserved, created_at,
    updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('stock', n), uuid_of('part', 1 + n % 2000), 'L' || n, false, 9, 0, now(),
    now(), 1
FROM generate_series(1, 4000) AS n;

INSERT INTO inventory_movements (org_id, id, inventory_id, kind, quantity, reason, occurred_at)
SELECT uuid_of('org', n % 20), uuid_of('movement', n), uuid_of('stock', 1 + n % 4000), 'received', 9, 'r', now()
FROM generate_series(1, 8000) AS n;

INSERT INTO part_reservations (org_id, id, task_id, part_id, inventory_id, quantity, quantity_consumed, status,
    created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('reservation', n), uuid_of('task', n), uuid_of('part', 1 + n % 2000),
    uuid_of('stock', 1 + n % 4000), 1, 0, 'reserved', now(), now(), 1
FROM generate_series(1, 8000) AS n;

INSERT INTO audit_logs (org_id, id, actor_kind, actor_id, actor_name, resource_type, resource_id, action, version,
    changes, data, created_at)
SELECT uuid_of('org', n % 20), uuid_of('event', n), 'system', 'worker', 'worker', 'task', uuid_of('task', n % 30000),
    'created', 1, '[]', '{}', now() - n * interval '1 hour'
FROM generate_series(1, 20000) AS n;

INSERT INTO outbox (org_id, id, event_type, aggregate_id, version, payload, created_at, published_at)
SELECT uuid_of('org', n % 20), uuid_of('event', n), 'task.created', uuid_of('task', n), 1, '{}', now(),
    CASE WHEN n % 100 > 0 THEN now() END
FROM generate_series(1, 20000) AS n;

SET session_replication_role = DEFAULT;
ANALYZE;
"""

_ALL = [
    statement
    for feature in FEATURES
    if feature != "session"
    for statement in statements(feature).values()
    if "SELECT set_config" not in statement.text
]


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


@pytest.fixture(scope="module")
def populated(database: Database) -> Iterator[psycopg.Connection]:
    """A connection of the application's role to a database with large tables, at work for one organization."""
    with psycopg.connect(database.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute(_POPULATE)
        org_id = admin.execute("SELECT uuid_of('org', 1)::text").fetchone()
    with psycopg.connect(database.dsn("amss_app"), autocommit=True) as connection:
        connection.execute("SELECT set_config('amss.org_id', %s, false)", org_id)
        # What a statement that is used often gets: a plan that knows none of the values.
        connection.execute("SET plan_cache_mode = force_generic_plan")
        yield connection


@pytest.mark.parametrize("statement", _ALL, ids=lambda statement: statement.prepared_as.decode())
def test_no_statement_reads_a_large_table_from_end_to_end(statement: Statement, populated: psycopg.Connection) -> None:
    """Its plan, made without knowing the values, has no sequential scan, for small tables neither."""
    scans = [node for node in nodes_of(plan_of(statement, populated)) if node["Node Type"] == "Seq Scan"]

    assert [node["Relation Name"] for node in scans] == []


@pytest.mark.parametrize(
    ("feature", "name", "indexes"),
    [
        ("tasks", "task_changing", {"idx_tasks_next_change"}),
        ("tasks", "task_completions", {"idx_tasks_completions"}),
        ("tasks", "task_open_of_aircraft", {"idx_tasks_aircraft_open"}),
        ("tasks", "task_open_of_links", {"tasks_open_link_key"}),
        ("links", "link_to_generate", {"idx_aircraft_programs_pending", "idx_aircraft_programs_waiting"}),
        ("usage", "entry_corrections", {"idx_usage_entries_corrections"}),
    ],
)
def test_what_is_due_is_found_without_what_is_not(
    feature: str, name: str, indexes: set[str], populated: psycopg.Connection
) -> None:
    """The index holds nothing but candidates, so the cost does not grow with history or with the fleet."""
    used = {node.get("Index Name") for node in nodes_of(plan_of(statements(feature)[name], populated))}

    assert indexes <= used


@pytest.mark.parametrize("name", ["task_page", "task_page_of_status", "task_page_of_assignee", "task_page_of_aircraft"])
def test_pages_come_from_an_index_in_their_order(name: str, populated: psycopg.Connection) -> None:
    """A page costs what it holds: nothing is sorted, at whatever depth."""
    types = {node["Node Type"] for node in nodes_of(plan_of(statements("tasks")[name], populated))}

    assert types & {"Sort", "Incremental Sort"} == set()


def plan_of(statement: Statement, connection: psycopg.Connection) -> dict[str, Any]:
    """Return the server's plan."""
    name = statement.prepared_as
    prepared = connection.pgconn.prepare(name, statement.sql)
    assert prepared.status == pq.ExecStatus.COMMAND_OK, prepared.get_error_message()
    count = connection.pgconn.describe_prepared(name).nparams
    given = f"({', '.join(['NULL'] * count)})" if count else ""
    explain = sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE {}").format(sql.Identifier(name.decode()))
    ((document,),) = connection.execute(explain + sql.SQL(given)).fetchall()
    connection.execute(sql.SQL("DEALLOCATE {}").format(sql.Identifier(name.decode())))
    plan: dict[str, Any] = (json.loads(document) if isinstance(document, str) else document)[0]["Plan"]
    return plan


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Go through the plan's nodes."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)
