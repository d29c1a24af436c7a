"""How the server carries the statements out once the tables are large: by index, whatever the values are."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import psycopg
import pytest
from psycopg import pq, sql

from amss_adapters.postgres import delivery_pages
from amss_adapters.postgres.statements import ACROSS, FEATURES, Statement, statements
from amss_adapters.postgres.task_pages import PAGES

# 20 organizations of 100 aircraft with 5 programs each of 60, 3 tasks a link, and what goes with them.
_POPULATE = """
SET session_replication_role = replica;
CREATE FUNCTION uuid_of(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || number)::uuid $$;

INSERT INTO organizations (id, slug, name, policy, created_at, updated_at, version)
SELECT uuid_of('org', n), 'org-' || n, 'Org', '{}', now(), now(), 1 FROM generate_series(1, 1200) AS n;

INSERT INTO users (org_id, id, email, email_key, name, role, active, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('user', n), n || '@x', n || '@x', 'Jo',
    (ARRAY['viewer', 'planner', 'admin'])[1 + n / 20 % 3], n % 7 > 0, now(), now(), 1
FROM generate_series(1, 4000) AS n;

INSERT INTO sessions (org_id, id, user_id, expires_at, revoked_at, created_at, version)
SELECT uuid_of('org', n % 20), uuid_of('session', n), uuid_of('user', 1 + n % 4000), now(),
    CASE WHEN n % 10 > 0 THEN now() END, now(), 1
FROM generate_series(1, 8000) AS n;

INSERT INTO refresh_tokens (org_id, id, session_id, digest, created_at)
SELECT uuid_of('org', n % 20), uuid_of('token', n), uuid_of('session', 1 + n % 8000), 'x', now()
FROM generate_series(1, 16000) AS n;

INSERT INTO api_keys (org_id, id, name, prefix, permissions, created_by, digest, revoked_at, created_at, updated_at,
    version)
SELECT uuid_of('org', n % 20), uuid_of('key', n), 'key', 'amss', '[]', uuid_of('user', 1 + n % 400), 'x',
    CASE WHEN n % 10 > 0 THEN now() END, now(), now(), 1
FROM generate_series(1, 4000) AS n;

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

INSERT INTO tasks (org_id, id, aircraft_id, program_id, link_id, work, status, due, due_at_date, due_status,
    next_change_on, assigned_to, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('task', n), uuid_of('aircraft', 1 + n % 2000), uuid_of('program', 1 + n % 1200),
    uuid_of('link', 1 + n % 10000),
    jsonb_build_object('kind', 'kind ' || n % 9, 'priority', (ARRAY['routine', 'urgent', 'aog'])[1 + n % 3]),
    CASE n / 10000 WHEN 0 THEN 'scheduled' WHEN 1 THEN 'completed' ELSE 'cancelled' END, '[]',
    CASE WHEN n % 3 > 0 THEN date '2026-01-01' + (n % 900)::int END, (ARRAY['ok', 'due_soon', 'due'])[1 + n % 3],
    date '2026-01-01' + (n % 900)::int, CASE WHEN n / 20 % 10 > 0 THEN uuid_of('user', n % 2000) END, now(),
    now() + n * interval '1 minute', 1
FROM generate_series(0, 29999) AS n;

INSERT INTO task_notes (org_id, id, task_id, text, written_by, created_at)
SELECT uuid_of('org', n % 20), uuid_of('note', n), uuid_of('task', n % 30000), 'text', 'Jo', now()
FROM generate_series(1, 8000) AS n;

INSERT INTO task_labour (org_id, id, task_id, hours, worked_on, recorded_by, created_at)
SELECT uuid_of('org', n % 20), uuid_of('labour', n), uuid_of('task', n % 30000), 1.5, date '2026-01-01', 'Jo', now()
FROM generate_series(1, 8000) AS n;

INSERT INTO task_dependencies (org_id, id, task_id, depends_on_id, kind, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('dependency', n), uuid_of('task', n), uuid_of('task', n + 20), 'finish_to_start',
    now(), now(), 1
FROM generate_series(1, 8000) AS n;

INSERT INTO parts (org_id, id, part_number, part_number_key, unit_of_measure, minimum_stock, created_at, updated_at,
    version)
SELECT uuid_of('org', n % 20), uuid_of('part', n), 'N' || n, 'n' || n, 'each', 0, now(), now(), 1
FROM generate_series(1, 2000) AS n;

INSERT INTO inventory (org_id, id, part_id, location, lot, expiry_date, quarantined, quantity_on_hand,
    quantity_reserved, created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('stock', n), uuid_of('part', 1 + n % 2000), 'L' || n % 7, n,
    CASE WHEN n % 3 = 0 THEN date '2026-01-01' + (n % 900)::int END, n % 4 = 0, 9, 0, now(), now(), 1
FROM generate_series(1, 8000) AS n;

INSERT INTO inventory_movements (org_id, id, inventory_id, kind, quantity, reason, occurred_at)
SELECT uuid_of('org', n % 20), uuid_of('movement', n), uuid_of('stock', 1 + n % 4000), 'received', 9, 'r', now()
FROM generate_series(1, 8000) AS n;

INSERT INTO part_reservations (org_id, id, task_id, part_id, inventory_id, quantity, quantity_consumed, status,
    created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('reservation', n), uuid_of('task', n), uuid_of('part', 1 + n % 2000),
    uuid_of('stock', 1 + n % 4000), 1, 0, 'reserved', now(), now(), 1
FROM generate_series(1, 8000) AS n;

INSERT INTO audit_logs (org_id, id, actor_kind, actor_id, actor_name, resource_type, resource_id, action, version,
    changes, data, request_id, created_at)
SELECT uuid_of('org', n % 20), uuid_of('event', n), 'system', 'cli:' || n % 9, 'Jo',
    (ARRAY['task', 'part', 'aircraft'])[1 + n % 3], uuid_of('task', n % 3000), 'done ' || n % 7, 1, '[]', '{}',
    'request ' || n, now() + interval '100 days' - n * interval '20 minutes'
FROM generate_series(1, 60000) AS n;

INSERT INTO idempotency_keys (org_id, scope, key, fingerprint, answer, created_at)
SELECT uuid_of('org', n % 20), 'user ' || n % 50, 'key ' || n, ''::bytea, ''::bytea, now()
FROM generate_series(1, 20000) AS n;

INSERT INTO alerts (org_id, id, kind, severity, subject_type, subject_id, title, details, status, escalated_at,
    created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('alert', n), 'kind ' || n % 9, (ARRAY['info', 'warning', 'critical'])[1 + n % 3],
    'task', uuid_of('task', n / 4), 'title', '{}', CASE WHEN n % 4 > 0 THEN 'resolved' ELSE 'open' END,
    CASE WHEN n % 40 > 0 THEN now() END, now() - n * interval '1 minute', now(), 1
FROM generate_series(1, 20000) AS n;

INSERT INTO password_resets (org_id, id, user_id, mailed_at, used_at, created_at, version)
SELECT uuid_of('org', n % 20), uuid_of('reset', n), uuid_of('user', 1 + n % 4000),
    CASE WHEN n % 50 > 0 THEN now() END, CASE WHEN n % 30 > 0 THEN now() END, now() - n * interval '1 minute', 1
FROM generate_series(1, 8000) AS n;

INSERT INTO outbox (org_id, id, event_type, aggregate_id, version, payload, created_at, published_at)
SELECT uuid_of('org', n % 20), uuid_of('event', n), 'task.created', uuid_of('task', n), 1, '{}', now(),
    CASE WHEN n % 100 > 0 THEN now() END
FROM generate_series(1, 20000) AS n;

INSERT INTO imports (org_id, id, kind, dry_run, file_name, storage_key, bytes_total, requested_by, status, attempt,
    columns, last_row, bytes_done, created, updated, unchanged, rejected, warned, reasons, finished_at, created_at,
    updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('import', n), (ARRAY['aircraft', 'usage', 'parts'])[1 + n % 3], false, 'f', 'k',
    1, 'Jo', CASE WHEN n % 100 = 0 THEN 'queued' WHEN n % 30 = 0 THEN 'failed' ELSE 'completed' END, 1, '[]', 1, 1, 1,
    1, 1, 1, 1, '[]', CASE WHEN n % 100 > 0 THEN now() - n * interval '1 minute' END, now(), now(), 1
FROM generate_series(1, 8000) AS n;

INSERT INTO import_rows (org_id, import_id, attempt, first_number, last_number, effect, warned)
SELECT uuid_of('org', n % 20), uuid_of('import', n % 400), 1, n, n,
    (ARRAY['created', 'rejected', 'updated'])[1 + n % 3], n % 50 = 0
FROM generate_series(1, 40000) AS n;

INSERT INTO webhooks (org_id, id, url, events, description, ordered, secret, secret_hint, active, archived_at,
    created_at, updated_at, version)
SELECT uuid_of('org', n % 20), uuid_of('webhook', n), 'https://x', '{*}', '', false, 's', 's', true,
    CASE WHEN n % 10 > 0 THEN now() END, now(), now(), 1
FROM generate_series(1, 4000) AS n;

INSERT INTO webhook_health (org_id, webhook_id)
SELECT org_id, id FROM webhooks;

INSERT INTO webhook_deliveries (org_id, id, webhook_id, event_id, event_type, aggregate_id, version, seq, payload,
    occurred_at, status, attempts, next_attempt_at, created_at, finished_at, held)
SELECT uuid_of('org', n % 20), uuid_of('delivery', n), uuid_of('webhook', n % 400), uuid_of('event', n),
    'type ' || n % 30, uuid_of('task', n), 1, n, '{}', now(),
    CASE WHEN n % 50 = 0 THEN 'pending' WHEN n % 51 = 0 THEN 'failed' ELSE 'success' END, 1,
    CASE WHEN n % 50 = 0 THEN now() END, now(), CASE WHEN n % 50 > 0 THEN now() END, n % 500 = 0
FROM generate_series(1, 40000) AS n;

INSERT INTO webhook_attempts (org_id, delivery_id, number, at, duration_ms)
SELECT org_id, id, 1, now(), 9 FROM webhook_deliveries;

SET session_replication_role = DEFAULT;
ANALYZE;
"""

_ALL = [
    statement
    for feature in FEATURES
    # The inbox and letters are the worker's alone.
    if feature not in {"session", "inbox", "letters"} | ACROSS
    for statement in statements(feature).values()
    if "SELECT set_config" not in statement.text
] + [*PAGES.values(), *delivery_pages.ALL]


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
        (
            *("links", "link_to_generate_of_program"),
            {"idx_aircraft_programs_program_pending", "idx_aircraft_programs_waiting"},
        ),
        ("usage", "entry_corrections", {"idx_usage_entries_corrections"}),
        ("reports", "report_activity", {"idx_tasks_completed_on", "idx_part_reservations_reserved"}),
        ("reports", "report_punctuality", {"idx_tasks_completed_on", "idx_tasks_due_status"}),
        ("reports", "report_planned", {"idx_tasks_planned"}),
        ("reports", "report_due_dates", {"idx_tasks_due_date"}),
        ("reports", "low_part_oldest", {"idx_parts_thresholds", "idx_inventory_part"}),
        ("reports", "low_part_newest", {"idx_parts_thresholds", "idx_inventory_part"}),
        ("alerts", "alert_hold_unresolved", {"alerts_unresolved_key"}),
        ("alerts", "alert_raised_for", {"idx_alerts_subject"}),
        ("alerts", "alert_hold_unattended", {"idx_alerts_unattended"}),
        ("password_resets", "reset_hold_due", {"idx_password_resets_unmailed"}),
        ("password_resets", "reset_use_all", {"idx_password_resets_unused"}),
    ],
)
def test_what_is_due_is_found_without_what_is_not(
    feature: str, name: str, indexes: set[str], populated: psycopg.Connection
) -> None:
    """The index holds nothing but candidates, so the cost does not grow with history or with the fleet."""
    used = {node.get("Index Name") for node in nodes_of(plan_of(statements(feature)[name], populated))}

    assert indexes <= used


@pytest.mark.parametrize("descending", [False, True], ids=["", "descending"])
@pytest.mark.parametrize(
    ("by", "found_by", "index", "condition"),
    [
        ("created_at", "all", "tasks_pkey", "(id "),
        ("created_at", "assignee", "idx_tasks_assigned", "(id "),
        ("created_at", "unassigned", "idx_tasks_unassigned", "(id "),
        ("created_at", "aircraft", "idx_tasks_aircraft", "(id "),
        ("created_at", "program", "idx_tasks_program", "(id "),
        ("created_at", "kind", "idx_tasks_kind", "(id "),
        ("created_at", "priority", "idx_tasks_priority", "(id "),
        ("created_at", "status", "idx_tasks_org_status", "(id "),
        ("created_at", "due_status", "idx_tasks_due_status", "(id "),
        ("due_at_date", "status", "idx_tasks_status_due", "ROW(due_key, id)"),
        ("updated_at", "status", "idx_tasks_status_updated", "ROW(updated_at, id)"),
    ],
)
def test_pages_of_tasks_come_from_an_index_in_their_order(
    by: str, found_by: str, index: str, condition: str, descending: bool, populated: psycopg.Connection
) -> None:
    """The index is entered where the page starts, and nothing is sorted but the first tasks of each state."""
    plan = plan_of(PAGES[by, found_by, descending], populated)

    (scan,) = [node for node in nodes_of(plan) if node.get("Index Name") == index]
    assert condition in scan["Index Cond"]
    assert [node for node in sorted_before_a_limit(plan) if node.get("Index Name") == index] == []


@pytest.mark.parametrize("descending", [False, True], ids=["", "descending"])
@pytest.mark.parametrize("by", ["due_at_date", "updated_at"])
@pytest.mark.parametrize("found_by", ["assignee", "aircraft", "program"])
def test_tasks_of_a_narrow_filter_are_found_before_they_are_sorted(
    by: str, found_by: str, descending: bool, populated: psycopg.Connection
) -> None:
    """Of one assignee, aircraft or program there are few; no other task is looked at for another order."""
    nodes = nodes_of(plan_of(PAGES[by, found_by, descending], populated))

    conditions = [node["Index Cond"] for node in nodes if "Index Cond" in node]
    column = {"assignee": "assigned_to", "aircraft": "aircraft_id", "program": "program_id"}[found_by]
    assert any(f"({column} = " in condition for condition in conditions)


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize(
    ("of", "column"),
    [
        ("", "org_id"),
        ("_of_type", "resource_type"),
        ("_of_resource", "resource_id"),
        ("_of_action", "action"),
        ("_of_actor", "actor_id"),
        ("_of_request", "request_id"),
    ],
)
def test_the_audit_trail_is_read_from_an_index_of_every_partition(
    order: str, of: str, column: str, populated: psycopg.Connection
) -> None:
    """A page is found by its place in each month's index of what is asked for, and merged: nothing is sorted."""
    plan = plan_of(statements("audit")[f"entry_{order}{of}"], populated, {5: "-infinity", 6: "infinity"})
    nodes = list(nodes_of(plan))

    conditions = {node["Relation Name"]: node["Index Cond"] for node in nodes if "ROW(" in node.get("Index Cond", "")}
    assert len(conditions) == 5
    assert [one for one in conditions.values() if "ROW(created_at, id)" not in one] == []
    # In a partition of few entries any index will do.
    assert f"({column} = " in conditions["audit_logs_default"]
    assert {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"} == set()


def test_the_audit_trail_of_a_time_is_read_from_its_months(populated: psycopg.Connection) -> None:
    """Partitions that a time does not touch are left out when a page is read, and not when it is planned."""
    plan = plan_of(statements("audit")["entry_newest"], populated, {5: "2001-01-01", 6: "2001-02-01"})

    scanned = {node["Relation Name"] for node in nodes_of(plan) if "ROW(" in node.get("Index Cond", "")}
    assert scanned == {"audit_logs_default"}


@pytest.mark.parametrize("way", ["", "_last_first"])
@pytest.mark.parametrize(
    ("feature", "name", "index", "condition"),
    [
        ("fleet", "aircraft_page", "idx_aircraft_listed", "(id "),
        ("fleet", "aircraft_page_of_model", "idx_aircraft_listed_model", "(id "),
        ("fleet", "aircraft_page_by_registration", "idx_aircraft_registration", "ROW((registration_key)::text, id)"),
        (
            *("fleet", "aircraft_page_of_model_by_registration", "idx_aircraft_registration_model"),
            "ROW((registration_key)::text, id)",
        ),
        ("usage", "entry_page", "usage_entries_position_key", '("position" '),
    ],
)
def test_a_page_is_found_by_its_place_in_an_index(
    feature: str, name: str, index: str, condition: str, way: str, populated: psycopg.Connection
) -> None:
    """The index that has the order is entered where the page starts: nothing is sorted, nothing before it read."""
    nodes = list(nodes_of(plan_of(statements(feature)[f"{name}{way}"], populated)))

    (scan,) = [node for node in nodes if node.get("Index Name") == index]
    assert condition in scan["Index Cond"]
    assert "Filter" not in scan
    assert {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"} == set()


@pytest.mark.parametrize("way", ["", "_last_first"])
@pytest.mark.parametrize(
    ("feature", "name", "index", "condition"),
    [
        ("parts", "part_page", "idx_parts_listed", "(id "),
        ("parts", "part_page_by_number", "idx_parts_number", "ROW((part_number_key)::text, id)"),
        ("parts", "part_page_of_number", "idx_parts_number", "ROW((part_number_key)::text, id)"),
        ("stock_pages", "stock_page", "inventory_pkey", "(id "),
        ("stock_pages", "stock_page_quarantined", "idx_inventory_quarantined", "(id "),
        ("stock_pages", "stock_page_of_location", "idx_inventory_location", "(id "),
        ("stock_pages", "stock_page_of_part", "idx_inventory_part", "(id "),
        ("stock_pages", "stock_page_by_expiry", "idx_inventory_expiry", "ROW(expiry_key, id)"),
        ("stock_pages", "stock_page_quarantined_by_expiry", "idx_inventory_quarantined_expiry", "ROW(expiry_key, id)"),
        ("stock_pages", "stock_page_of_location_by_expiry", "idx_inventory_location_expiry", "ROW(expiry_key, id)"),
        ("alerts", "alert_page", "alerts_pkey", "(id "),
        ("alerts", "alert_page_of_kind", "idx_alerts_kind", "(id "),
        ("alerts", "alert_page_of_status", "idx_alerts_status", "(id "),
        ("alerts", "alert_page_of_severity", "idx_alerts_severity", "(id "),
        ("inventory", "movement_page", "idx_inventory_movements_inventory", "ROW(occurred_at, id)"),
        ("inventory", "reservation_page", "part_reservations_pkey", "(id "),
        ("inventory", "reservation_page_of_status", "idx_part_reservations_status", "(id "),
        ("inventory", "reservation_page_of_part", "idx_part_reservations_part", "(id "),
        ("inventory", "reservation_page_of_task", "idx_part_reservations_task", "(id "),
    ],
)
def test_stock_and_alerts_are_listed_from_an_index_in_their_order(
    feature: str, name: str, index: str, condition: str, way: str, populated: psycopg.Connection
) -> None:
    """A page of parts, stock, alerts, movements and reservations starts at its place in an index; nothing is sorted."""
    nodes = list(nodes_of(plan_of(statements(feature)[f"{name}{way}"], populated)))

    (scan,) = [node for node in nodes if node.get("Index Name") == index]
    assert condition in scan["Index Cond"]
    assert {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"} == set()


@pytest.mark.parametrize("way", ["", "_last_first"])
@pytest.mark.parametrize(
    ("feature", "name", "index", "condition"),
    [
        ("programs", "program_page", "idx_programs_listed", "(id "),
        ("programs", "program_page_of_kind", "idx_programs_kind", "(id "),
        ("programs", "program_page_of_name", "idx_programs_name", "(id "),
        ("programs", "program_page_by_name", "idx_programs_name", "ROW((name_key)::text, id)"),
        ("links", "link_page", "idx_aircraft_programs_listed", "(id "),
        ("links", "link_page_of_program", "idx_aircraft_programs_listed_program", "(id "),
        ("links", "link_page_of_aircraft", "idx_aircraft_programs_listed_aircraft", "(id "),
        ("tasks", "task_closed_of_aircraft", "idx_tasks_closed", "ROW(closed_at, id)"),
    ],
)
def test_programs_links_and_history_are_listed_from_an_index_in_their_order(
    feature: str, name: str, index: str, condition: str, way: str, populated: psycopg.Connection
) -> None:
    """A page of programs, links and closed tasks starts at its place in an index; nothing is sorted."""
    nodes = list(nodes_of(plan_of(statements(feature)[f"{name}{way}"], populated)))

    (scan,) = [node for node in nodes if node.get("Index Name") == index]
    assert condition in scan["Index Cond"]
    assert {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"} == set()


@pytest.mark.parametrize("way", ["", "_last_first"])
@pytest.mark.parametrize(
    ("feature", "name", "index", "condition"),
    [
        ("access", "user_page", "users_pkey", "(id "),
        ("access", "user_page_of_role", "idx_users_role", "(id "),
        ("access", "user_page_by_email", "idx_users_email", "ROW((email_key)::text, id)"),
        ("access", "user_page_of_role_by_email", "idx_users_role_email", "ROW((email_key)::text, id)"),
        ("api_keys", "api_key_page", "api_keys_pkey", "(id "),
        ("api_keys", "api_key_page_of_user", "idx_api_keys_created_by", "(id "),
    ],
)
def test_users_and_keys_are_listed_from_an_index_in_their_order(
    feature: str, name: str, index: str, condition: str, way: str, populated: psycopg.Connection
) -> None:
    """A page of users and API keys starts at its place in an index; nothing is sorted."""
    nodes = list(nodes_of(plan_of(statements(feature)[f"{name}{way}"], populated)))

    (scan,) = [node for node in nodes if node.get("Index Name") == index]
    assert condition in scan["Index Cond"]
    assert {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"} == set()


@pytest.mark.parametrize("descending", [False, True], ids=["", "descending"])
@pytest.mark.parametrize(
    ("found_by", "index"),
    [
        ("webhook_status", "idx_webhook_deliveries_webhook_status"),
        ("status", "idx_webhook_deliveries_status"),
        ("webhook", "idx_webhook_deliveries_webhook"),
        ("type", "idx_webhook_deliveries_type"),
        ("all", "webhook_deliveries_pkey"),
    ],
)
def test_deliveries_are_listed_and_sent_again_from_an_index_in_their_order(
    found_by: str, index: str, descending: bool, populated: psycopg.Connection
) -> None:
    """A page of deliveries starts at its place in an index; nothing is sorted, also when they are sent again."""
    nodes = list(nodes_of(plan_of(delivery_pages.PAGES[found_by, descending], populated)))
    again = plan_of(delivery_pages.SENDING_AGAIN[found_by], populated)

    (scan,) = [node for node in nodes if node.get("Index Name") == index]
    assert re.search(r"(\(|ROW\(.*)\bid\b", scan["Index Cond"])
    assert {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"} == set()
    assert index in [node.get("Index Name") for node in nodes_of(again)]
    assert {node["Node Type"] for node in nodes_of(again)} & {"Sort", "Incremental Sort"} == set()


@pytest.mark.parametrize(
    "statement",
    [
        delivery_pages.PAGES["event", False],
        delivery_pages.PAGES["event", True],
        delivery_pages.SENDING_AGAIN["event"],
    ],
    ids=lambda statement: statement.name,
)
def test_deliveries_of_an_event_are_found_by_it(statement: Statement, populated: psycopg.Connection) -> None:
    """There is one for each webhook at most, so these may be sorted; no others are looked at."""
    scans = [node for node in nodes_of(plan_of(statement, populated)) if "Index Name" in node]

    (scan,) = [node for node in scans if node["Index Name"] != "webhook_deliveries_pkey"]
    assert scan["Index Name"] == "webhook_deliveries_event_key"
    assert {"(event_id >= $5)", "(event_id <= $5)"} <= set(re.findall(r"\([a-z_]+ [<>]= \$5\)", scan["Index Cond"]))


def plan_of(
    statement: Statement, connection: psycopg.Connection, values: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """Return the server's plan; parameters are NULL but for the `values` by their numbers."""
    name = statement.prepared_as
    prepared = connection.pgconn.prepare(name, statement.sql)
    assert prepared.status == pq.ExecStatus.COMMAND_OK, prepared.get_error_message()
    count = connection.pgconn.describe_prepared(name).nparams
    given = [sql.Literal((values or {}).get(number)) for number in range(1, count + 1)]
    explain = sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE {}").format(sql.Identifier(name.decode()))
    if given:
        explain += sql.SQL("({})").format(sql.SQL(", ").join(given))
    ((document,),) = connection.execute(explain).fetchall()
    connection.execute(sql.SQL("DEALLOCATE {}").format(sql.Identifier(name.decode())))
    plan: dict[str, Any] = (json.loads(document) if isinstance(document, str) else document)[0]["Plan"]
    return plan


def sorted_before_a_limit(plan: dict[str, Any], *, within: bool = False) -> Iterator[dict[str, Any]]:
    """Go through the nodes whose rows are sorted before any of them is left out."""
    within = within or plan["Node Type"] in ("Sort", "Incremental Sort")
    if within:
        yield plan
    for child in plan.get("Plans", []):
        yield from sorted_before_a_limit(child, within=within and child["Node Type"] != "Limit")


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Go through the plan's nodes."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("import_page", "imports_pkey"),
        ("import_page_last_first", "imports_pkey"),
        ("import_page_of_kind", "idx_imports_kind"),
        ("import_page_of_kind_last_first", "idx_imports_kind"),
        ("import_page_in_status", "idx_imports_status"),
        ("import_page_in_status_last_first", "idx_imports_status"),
        ("import_page_of_kind_in_status", "idx_imports_kind_status"),
        ("import_page_of_kind_in_status_last_first", "idx_imports_kind_status"),
        ("import_rows_page", "import_rows_pkey"),
        ("import_rows_page_of_effect", "idx_import_rows_effect"),
        ("import_rows_page_warned", "idx_import_rows_warned"),
    ],
)
def test_imports_and_their_rows_are_listed_from_an_index_in_their_order(
    name: str, index: str, populated: psycopg.Connection
) -> None:
    """A page of them starts at its place in an index; nothing is sorted."""
    nodes = list(nodes_of(plan_of(statements("imports")[name], populated)))

    assert [node["Index Name"] for node in nodes if "Index Name" in node] == [index]
    assert {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"} == set()


@pytest.mark.parametrize(
    ("feature", "name"),
    [
        ("import_queue", "import_claim"),
        ("import_queue", "import_others_wait"),
        ("imports", "import_count_unfinished"),
    ],
)
def test_an_import_is_claimed_by_way_of_those_that_are_not_finished(
    feature: str, name: str, populated: psycopg.Connection
) -> None:
    """Those that are finished, which are nearly all of them, cost nothing."""
    nodes = list(nodes_of(plan_of(statements(feature)[name], populated)))

    assert "idx_imports_unfinished" in [node.get("Index Name") for node in nodes]
    assert [node for node in nodes if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "imports"] == []
