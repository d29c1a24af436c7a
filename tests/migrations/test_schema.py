"""What holds for the whole schema: walls around every tenant table, who may do what, and the audit trail as it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeAlias

import psycopg
import pytest

# What belongs to the installation and to no organization.
_NOBODYS = ("job_leases", "job_runs")

# Where the worker reaches across organizations.
_QUEUES = (
    *("dead_letters", "imports", "inbox", "letters", "outbox", "webhook_attempts", "webhook_claims"),
    *("webhook_deliveries", "webhook_health", "webhooks"),
)

# What a role may do where that is not to read, add and change rows.
_MAY: dict[str, dict[str, str]] = {
    "amss_app": {
        **dict.fromkeys(("dead_letters", "inbox", "job_leases", "letters", "webhook_claims"), ""),
        **dict.fromkeys(("job_runs", "webhook_attempts"), "SELECT"),
        **dict.fromkeys(("import_rows", "outbox"), "SELECT INSERT"),
    },
    "amss_worker": {
        **dict.fromkeys(
            ("dead_letters", "inbox", "job_runs", "letters", "outbox", "webhook_claims", "webhook_deliveries"),
            "SELECT INSERT UPDATE DELETE",
        ),
        "import_rows": "SELECT INSERT",
        "webhook_attempts": "SELECT INSERT DELETE",
    },
}

_TENANT_COLUMN = "CASE relname WHEN 'organizations' THEN 'id' ELSE 'org_id' END"


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


Asking: TypeAlias = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def ask(database: Database) -> Asking:
    """Returns the rows of a query; asks as the owner unless told otherwise."""

    def ask(query: str, *params: object, role: str = "amss_owner") -> list[tuple[Any, ...]]:
        with psycopg.connect(database.dsn(role), autocommit=True) as connection:
            cursor = connection.execute(query, params)
            return cursor.fetchall() if cursor.description else []

    return ask


@pytest.fixture
def tables(ask: Asking) -> list[str]:
    """Every table of organizations, but for those of the migration tool."""
    query = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname NOT LIKE '\\_yoyo%%'
        ORDER BY relname
    """
    return [name for (name,) in ask(query) if name not in _NOBODYS]


def test_every_table_belongs_to_an_organization_and_has_its_wall(ask: Asking, tables: list[str]) -> None:
    """Row-level security is on and forced, also on partitions, with the same two policies everywhere."""
    mine = "( SELECT (NULLIF(current_setting('amss.org_id'::text, true), ''::text))::uuid AS \"nullif\")"
    walls = {
        name: (forced, policies)
        for name, forced, policies in ask(
            f"""
            SELECT relname, relrowsecurity AND relforcerowsecurity, array(
                SELECT ARRAY[policyname::text, permissive, roles::text, cmd, qual, with_check]
                FROM pg_policies WHERE tablename = relname AND policyname <> 'queue' ORDER BY policyname
            )
            FROM pg_class
            JOIN pg_attribute ON attrelid = pg_class.oid AND attname = {_TENANT_COLUMN}
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            """
        )
    }

    assert sorted(walls) == tables
    for table in tables:
        column = "id" if table == "organizations" else "org_id"
        own, free = f"({column} = {mine})", f"({mine} IS NULL)"
        assert walls[table] == (
            True,
            [
                ["owner", "PERMISSIVE", "{amss_owner}", "ALL", free, free],
                ["tenant", "PERMISSIVE", "{public}", "ALL", own, own],
            ],
        ), table


def test_only_queues_are_open_to_the_worker(ask: Asking) -> None:
    """The worker sees the queues of all organizations and nothing else of them."""
    policies = ask(
        "SELECT tablename, policyname, roles::text FROM pg_policies WHERE policyname NOT IN ('owner', 'tenant')"
        " ORDER BY tablename"
    )

    assert policies == [(table, "queue", "{amss_worker}") for table in _QUEUES]


def test_every_key_and_reference_holds_the_organization(ask: Asking, tables: list[str]) -> None:
    """Primary keys and references between tenant tables begin with it, unique keys contain it."""
    query = """
        SELECT conrelid::regclass::text, conname, contype, confrelid::regclass::text, array(
            SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place
        ), array(
            SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute ON attrelid = confrelid AND attnum = number ORDER BY place
        )
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')
            AND conrelid::regclass::text = ANY (%s) AND conrelid::regclass::text <> 'organizations'
    """
    for table, name, kind, target, columns, targets in ask(query, tables):
        assert columns[0] == "org_id", (table, name)
        if kind == "f":
            assert targets[0] == ("id" if target == "organizations" else "org_id"), (table, name)
            assert len(columns) == (1 if target == "organizations" else 2), (table, name)
    uniques = """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE indexdef LIKE 'CREATE UNIQUE%%' AND tablename = ANY (%s)
    """
    for table, name, definition in ask(uniques, [table for table in tables if table != "organizations"]):
        assert "(org_id, " in definition, (table, name)


def test_constraints_have_names_of_their_own(ask: Asking, tables: list[str]) -> None:
    """No name is the server's choice, since names become errors."""
    query = """
        SELECT conrelid::regclass::text, conname FROM pg_constraint
        WHERE conrelid::regclass::text = ANY (%s) AND contype IN ('c', 'f', 'u') AND conname ~ '(key|check|fkey)[0-9]+$'
    """

    assert ask(query, tables) == []


def test_no_check_depends_on_the_day(ask: Asking) -> None:
    """What was right once stays right, so that a backup can always be restored."""
    assert (
        ask("SELECT conname FROM pg_constraint WHERE contype = 'c' AND pg_get_constraintdef(oid) ~* 'now\\(|current_'")
        == []
    )


def test_no_extension_is_needed(ask: Asking) -> None:
    """The schema works where none can be installed."""
    assert ask("SELECT extname FROM pg_extension") == [("plpgsql",)]


@pytest.mark.parametrize("role", ["amss_app", "amss_worker"])
def test_roles_may_do_what_they_need_and_no_more(ask: Asking, tables: list[str], role: str) -> None:
    """Ledgers are only added to, queues are the worker's to empty, partitions are out of reach, nothing is owned."""
    query = """
        SELECT relname, array(
            SELECT privilege
            FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
            WHERE has_table_privilege(%s, oid, privilege)
        )
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    """
    may: dict[str, list[str]] = dict(ask(query, role))

    appended = {"usage_entries", "inventory_movements", "task_notes", "task_labour", "audit_logs"}
    for table, privileges in may.items():
        if table.startswith(("audit_logs_", "_yoyo")):
            assert privileges == [], table
        elif table in appended:
            assert privileges == ["SELECT", "INSERT"], table
        else:
            assert " ".join(privileges) == _MAY[role].get(table, "SELECT INSERT UPDATE"), table
    power = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s"
    assert ask(power, role) == [(False, False, False, False)]
    assert ask("SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", role) == [(0,)]
    assert set(may) >= set(tables)


def test_nobody_else_may_do_anything(ask: Asking) -> None:
    """What a function may do for its owner it does for the roles alone."""
    query = """
        SELECT proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef
            AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)
    """

    assert ask(query) == []


_LEAPING = [
    "search_path=public, pg_temp",
    "plan_cache_mode=force_generic_plan",
    *(f"enable_{way}=off" for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin")),
    "jit=off",
]


def test_what_runs_as_the_owner_cannot_be_fooled(ask: Asking) -> None:
    """Its names are looked up in the schema first and among the caller's temporary tables last."""
    query = """
        SELECT proname::text, proconfig FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY proname
    """

    assert ask(query) == [
        ("amss_audit_entries", ["search_path=public, pg_temp"]),
        ("amss_audit_lines", ["search_path=public, pg_temp"]),
        ("amss_audit_months_past", ["search_path=public, pg_temp"]),
        ("amss_drop_audit_partition", ["search_path=public, pg_temp", "lock_timeout=2s"]),
        ("amss_make_audit_partition", ["search_path=public, pg_temp"]),
        ("amss_organization_id", ["search_path=public, pg_temp"]),
        ("amss_organization_ids", ["search_path=public, pg_temp"]),
        ("amss_organization_page", ["search_path=public, pg_temp"]),
        ("amss_organizations_to_announce", _LEAPING),
        ("amss_organizations_to_escalate", ["search_path=public, pg_temp"]),
        ("amss_organizations_to_generate", _LEAPING),
        ("amss_organizations_to_mail_resets", ["search_path=public, pg_temp"]),
        ("amss_purge", ["search_path=public, pg_temp", "enable_hashjoin=off", "enable_mergejoin=off"]),
        ("amss_purge_import_rows", ["search_path=public, pg_temp", "enable_hashjoin=off", "enable_mergejoin=off"]),
        ("amss_webhook_attempts", ["search_path=public, pg_temp"]),
    ]


@pytest.mark.parametrize(
    ("role", "functions"),
    [
        ("amss_app", {"amss_organization_id", "amss_organization_ids", "amss_organization_page"}),
        (
            "amss_worker",
            {
                "amss_audit_entries",
                "amss_audit_lines",
                "amss_audit_months_past",
                "amss_drop_audit_partition",
                "amss_make_audit_partition",
                "amss_organization_id",
                "amss_organization_ids",
                "amss_organization_page",
                "amss_organizations_to_announce",
                "amss_organizations_to_escalate",
                "amss_organizations_to_generate",
                "amss_organizations_to_mail_resets",
                "amss_purge",
                "amss_purge_import_rows",
                "amss_webhook_attempts",
            },
        ),
    ],
)
def test_roles_may_call_what_they_need(ask: Asking, role: str, functions: set[str]) -> None:
    """Of the functions that act for their owner."""
    query = """
        SELECT proname::text FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef AND has_function_privilege(%s, oid, 'EXECUTE')
    """

    assert {name for (name,) in ask(query, role)} == functions


@pytest.fixture
def entry(ask: Asking) -> datetime:
    """When an audit entry was made, long before any partition of its own, in the database of this module."""
    at = datetime(2020, 5, 17, 12, tzinfo=UTC)
    ask(
        """
        INSERT INTO audit_logs (org_id, id, actor_kind, actor_id, actor_name, resource_type, resource_id, action,
            version, changes, data, created_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'system', 'worker', 'worker', 'task', gen_random_uuid(), 'created',
            1, '[]', '{}', moment
        FROM unnest(ARRAY[%s::timestamptz, now()]) AS moment
        """,
        at,
    )
    return at


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("role", ["amss_app", "amss_worker", "amss_owner", "amss_admin"])
@pytest.mark.parametrize("table", ["audit_logs", "audit_logs_default"])
@pytest.mark.parametrize("change", ["UPDATE {} SET reason = 'other'", "DELETE FROM {}", "TRUNCATE {}"])
def test_nobody_changes_the_audit_trail(ask: Asking, role: str, table: str, change: str) -> None:
    """Roles lack the privilege; whoever has it, even the superuser, meets the trigger."""
    refusals = (psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)

    with pytest.raises(refusals) as raised:
        ask(change.format(table), role=role)

    assert isinstance(raised.value, refusals[0 if role in ("amss_app", "amss_worker") else 1])


def test_partitions_are_made_ahead_and_take_what_is_theirs(ask: Asking, entry: datetime) -> None:
    """This month's and the next three's are there; one made late gets its entries from the default partition."""
    names = "SELECT relid::text FROM pg_partition_tree('audit_logs') WHERE isleaf ORDER BY 1"
    (first,) = ask("SELECT to_char(now() AT TIME ZONE 'UTC', '\"audit_logs_\"YYYY_MM')")[0]
    assert len(ask(names)) == 5
    assert (first,) in ask(names)
    where = "SELECT DISTINCT tableoid::regclass::text FROM audit_logs WHERE created_at = %s"
    assert ask(where, entry) == [("audit_logs_default",)]
    count = ask("SELECT count(*) FROM audit_logs")

    assert ask("SELECT amss_make_audit_partition(%s)", entry.date(), role="amss_worker") == [(True,)]
    assert ask("SELECT amss_make_audit_partition(%s)", entry.date()) == [(False,)]

    assert ask(where, entry) == [("audit_logs_2020_05",)]
    assert ask("SELECT count(*) FROM audit_logs") == count
    for change in ("DELETE FROM audit_logs_2020_05", "TRUNCATE audit_logs_2020_05", "DELETE FROM audit_logs_default"):
        if "default" not in change or ask("SELECT count(*) FROM audit_logs_default") != [(0,)]:
            with pytest.raises(psycopg.errors.RestrictViolation):
                ask(change)
    assert ask("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = 'audit_logs_2020_05'") == [
        (True,)
    ]
