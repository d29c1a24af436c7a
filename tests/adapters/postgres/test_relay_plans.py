"""What the relay's statements cost once the outbox is large: they look into an index that holds what waits alone."""

import json
from collections.abc import Iterator
from typing import Any, Final, Protocol

import psycopg
import pytest
from psycopg import pq, sql

from amss_adapters.postgres.statements import Statement, statements

# A day's messages of 200 organizations, nearly all of them told; what waits, waits at the end.
_POPULATE = """
SET session_replication_role = replica;
CREATE FUNCTION uuid_of(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || number)::uuid $$;

INSERT INTO outbox (org_id, id, event_type, aggregate_id, version, payload, created_at, published_at, fanned_out_at)
SELECT uuid_of('org', n % 200), uuid_of('event', n), 'task.created', uuid_of('task', n % 5000), 1, '{}', now(),
    CASE WHEN n <= 59000 THEN now() END, CASE WHEN n <= 58000 THEN now() - interval '1 day' + n * interval '1 s' END
FROM generate_series(1, 60000) AS n;

INSERT INTO inbox (org_id, event_id, follower, seq, created_at)
SELECT org_id, id, 'follower ' || seq % 10, seq, created_at FROM outbox WHERE seq > 50000;

INSERT INTO letters (org_id, id, recipient, name, subject, body, tries, due_at, created_at)
SELECT md5('org' || n % 20)::uuid, 'letter ' || n, 'jo@example.org', 'Jo', 'Hello', 'Hello', 0,
    now() + (n - 200) * interval '1 minute', now()
FROM generate_series(1, 20000) AS n;

INSERT INTO dead_letters (org_id, event_id, reader_group, event_type, aggregate_id, version, seq, occurred_at, reason,
    times, failed_at, replayed_at)
SELECT org_id, id, 'amss', event_type, aggregate_id, version, seq, created_at, 'no', 5, created_at,
    CASE WHEN seq % 10 > 0 THEN now() END
FROM outbox WHERE seq <= 8000;

INSERT INTO job_leases (name, holder, token, expires_at)
SELECT 'lease ' || n, 'worker', n, now() FROM generate_series(1, 20000) AS n;

INSERT INTO job_runs (job, worker, started_at, finished_at, done)
SELECT 'job ' || n % 12, 'worker ' || n, now(), now(), 1 FROM generate_series(1, 3000) AS n;

SET session_replication_role = DEFAULT;
"""

_ACROSS = [
    statement
    for feature in ("outbox_queue", "leases", "dead_letters", "inbox", "inboxes", "letters", "job_log")
    for statement in statements(feature).values()
    # It returns the whole of a small table.
    if statement.name != "run_list"
]


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


class Databases(Protocol):
    """Makes databases."""

    def migrated(self) -> Database: ...


@pytest.fixture(scope="module")
def populated(database: Database) -> Database:
    """A database with large queues."""
    with psycopg.connect(database.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute(_POPULATE)
        admin.execute("VACUUM ANALYZE")
    return database


@pytest.fixture(params=["amss_worker", "amss_owner"])
def connection(request: pytest.FixtureRequest, populated: Database) -> Iterator[psycopg.Connection]:
    """A connection of a role that may use the queues; whatever it changes is forgotten."""
    with psycopg.connect(populated.dsn(request.param)) as connection:
        # What a statement that is used often gets: a plan that knows none of the values.
        connection.execute("SET plan_cache_mode = force_generic_plan")
        yield connection
        connection.rollback()


def plan_of(statement: Statement, connection: psycopg.Connection, *values: object, run: bool = False) -> dict[str, Any]:
    """Return the server's plan, with what it came to if it is `run`; parameters are NULL unless all are given."""
    prepared = connection.pgconn.prepare(b"planned", statement.sql)
    assert prepared.status == pq.ExecStatus.COMMAND_OK, prepared.get_error_message()
    count = connection.pgconn.describe_prepared(b"planned").nparams
    given = sql.SQL(", ").join(map(sql.Literal, values or [None] * count))
    options = sql.SQL("ANALYZE, BUFFERS, FORMAT JSON" if run else "FORMAT JSON")
    execute = sql.SQL("planned({})").format(given) if count else sql.SQL("planned")
    ((document,),) = connection.execute(sql.SQL("EXPLAIN ({}) EXECUTE {}").format(options, execute)).fetchall()
    connection.execute("DEALLOCATE planned")
    plan: dict[str, Any] = (json.loads(document) if isinstance(document, str) else document)[0]["Plan"]
    return plan


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Go through all nodes of a plan."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


def pages_of(plan: dict[str, Any]) -> int:
    """Return how many pages were looked at."""
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


@pytest.mark.parametrize("statement", _ACROSS, ids=lambda statement: statement.prepared_as.decode())
def test_no_queue_is_read_from_end_to_end(statement: Statement, connection: psycopg.Connection) -> None:
    """No plan has a sequential scan, neither the worker's nor the owner's, who meets a policy."""
    scans = [
        node["Relation Name"] for node in nodes_of(plan_of(statement, connection)) if "Seq Scan" in node["Node Type"]
    ]

    assert scans == []


_FOUND_BY: Final = {
    "notice_unpublished": {"idx_outbox_unpublished"},
    "notice_mark_published": {"outbox_pkey", "job_leases_pkey"},
    "notice_publish_again": {"idx_outbox_published", "outbox_pkey"},
    "notice_not_fanned_out": {"idx_outbox_waiting"},
    "notice_backlog": {"idx_outbox_unpublished"},
    "notice_unfanned": {"idx_outbox_waiting"},
    "notice_count_spent": {"idx_outbox_fanned_out", "inbox_pkey", "idx_dead_letters_event"},
    "notice_purge": {"idx_outbox_fanned_out", "inbox_pkey", "idx_dead_letters_event", "outbox_pkey"},
}
"""The indexes of the statements about messages."""


@pytest.mark.parametrize(
    ("feature", "name", "indexes"),
    [
        *(("outbox_queue", name, indexes) for name, indexes in _FOUND_BY.items()),
        ("dead_letters", "dead_letter_list", {"idx_dead_letters_failed"}),
        ("dead_letters", "dead_letter_list_of", {"idx_dead_letters_org_failed"}),
        ("dead_letters", "dead_letter_replay", {"idx_dead_letters_event", "outbox_pkey"}),
        ("inbox", "inbox_take", {"idx_inbox_waiting", "outbox_pkey"}),
        ("inbox", "inbox_put_off", {"inbox_pkey", "outbox_pkey"}),
        ("inboxes", "inbox_waiting", {"idx_inbox_waiting"}),
        ("inboxes", "inbox_backlog", {"idx_inbox_waiting", "outbox_pkey"}),
    ],
)
def test_what_waits_is_found_without_what_does_not(
    feature: str, name: str, indexes: set[str], connection: psycopg.Connection
) -> None:
    """Each looks into the index that holds nothing but candidates, and into no other."""
    used = {
        node["Index Name"] for node in nodes_of(plan_of(statements(feature)[name], connection)) if "Index Name" in node
    }

    assert used == indexes


@pytest.fixture(scope="module")
def unknown(databases: Databases) -> Database:
    """A database of which the planner knows nothing, since nothing was ever in it."""
    return databases.migrated()


@pytest.mark.parametrize("name", _FOUND_BY)
def test_a_plan_made_while_nothing_waited_holds_when_much_does(name: str, unknown: Database) -> None:
    """It has the same indexes as that of a large outbox: one of what waits, or one entered by what is looked for."""
    with psycopg.connect(unknown.dsn("amss_worker")) as connection:
        connection.execute(statements("session")["by_index"].text)
        nodes = list(nodes_of(plan_of(statements("outbox_queue")[name], connection)))

    # Two indexes hold what waits and nothing else; to count it, either will do.
    entered = {
        node["Index Name"].replace("_aggregate", ""): "Index Cond" in node for node in nodes if "Index Name" in node
    }
    only_what_waits = {"idx_outbox_unpublished", "idx_outbox_waiting"}
    assert set(entered) == _FOUND_BY[name]
    assert {index for index, by_what_is_looked_for in entered.items() if not by_what_is_looked_for} <= only_what_waits
    assert {node["Node Type"] for node in nodes} & {"Seq Scan", "Sort", "Merge Join"} == set()


@pytest.mark.parametrize(
    ("feature", "name", "values", "index"),
    [
        ("outbox_queue", "notice_unpublished", (list(range(16)), 200), "idx_outbox_unpublished"),
        ("outbox_queue", "notice_not_fanned_out", (200,), "idx_outbox_waiting"),
    ],
)
def test_a_batch_comes_from_the_index_in_its_order(
    feature: str, name: str, values: tuple[object, ...], index: str, connection: psycopg.Connection
) -> None:
    """It is entered at its beginning, nothing is sorted, and no more rows are looked at than are returned."""
    nodes = list(nodes_of(plan_of(statements(feature)[name], connection, *values, run=True)))

    (scan,) = [node for node in nodes if node.get("Index Name") == index]
    assert scan["Actual Rows"] <= 200
    assert {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"} == set()


def test_two_hundred_messages_are_marked_by_their_keys(connection: psycopg.Connection) -> None:
    """Each is found by one look into the primary key, in the order given; the leases are looked at once."""
    rows = connection.execute(
        "SELECT org_id, id FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 200"
    ).fetchall()
    values = ([org for org, _ in rows], [id for _, id in rows], ["lease 1", "lease 2"], [1, 2], "2026-03-02", 2)

    nodes = list(nodes_of(plan_of(statements("outbox_queue")["notice_mark_published"], connection, *values, run=True)))

    loops = {node["Index Name"]: node["Actual Loops"] for node in nodes if "Index Name" in node}
    assert loops == {"outbox_pkey": 200, "job_leases_pkey": 2}


@pytest.mark.parametrize("statement", statements("letter_queue").values(), ids=lambda statement: statement.name)
def test_letters_are_found_by_index(statement: Statement, connection: psycopg.Connection) -> None:
    """Those that are due as well as one that is known; however many wait."""
    connection.execute(statements("session")["by_index"].text)
    nodes = list(nodes_of(plan_of(statement, connection)))

    assert [node["Relation Name"] for node in nodes if "Seq Scan" in node["Node Type"]] == []
    assert {node["Index Name"] for node in nodes if "Index Name" in node} <= {
        "letters_pkey",
        "idx_letters_due",
        "idx_letters_created",
    }


@pytest.mark.parametrize(
    ("feature", "name", "values"),
    [
        ("outbox_queue", "notice_unpublished", (list(range(16)), 200)),
        ("outbox_queue", "notice_not_fanned_out", (200,)),
        ("outbox_queue", "notice_publish_again", ("2026-03-02", 200)),
        ("outbox_queue", "notice_backlog", ()),
        ("outbox_queue", "notice_unfanned", ()),
        ("inboxes", "inbox_waiting", ("nobody", None, [], 200)),
        ("inboxes", "inbox_backlog", ("nobody", None)),
    ],
)
def test_asking_when_nothing_waits_costs_next_to_nothing(
    feature: str, name: str, values: tuple[object, ...], populated: Database
) -> None:
    """However much was there before: a look into one index, of a few pages."""
    with psycopg.connect(populated.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute("UPDATE outbox SET published_at = now(), fanned_out_at = now() WHERE fanned_out_at IS NULL")
        admin.execute("VACUUM outbox")
    with psycopg.connect(populated.dsn("amss_worker")) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        plan_of(statements(feature)[name], connection, *values, run=True)

        assert pages_of(plan_of(statements(feature)[name], connection, *values, run=True)) <= 5
