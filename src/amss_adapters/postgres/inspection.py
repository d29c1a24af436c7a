"""Looking at a database from outside: its server, its clock, and what the role that connects may do."""

from datetime import datetime
from typing import Final

import psycopg
from attrs import frozen
from psycopg.rows import class_row

from amss_domain.shared.errors import Unavailable

_CONNECT_TIMEOUT_S: Final = 10

# The application writes these and changes none of them; has_table_privilege needs the table to exist.
_QUERY: Final = """
SELECT
    current_setting('server_version_num')::int AS server_version,
    current_setting('server_version') AS server_version_name,
    current_user AS role,
    role.rolsuper AS is_superuser,
    role.rolbypassrls AS bypasses_rls,
    clock_timestamp() AS clock,
    array(
        SELECT class.relname::text
        FROM pg_class AS class
        WHERE class.relnamespace = to_regnamespace(current_schema())
            AND class.relkind IN ('r', 'p')
            AND pg_has_role(current_user, class.relowner, 'USAGE')
        ORDER BY class.relname
    ) AS owned_tables,
    array(
        SELECT class.relname::text
        FROM pg_class AS class
        JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attname = 'org_id'
        WHERE class.relnamespace = to_regnamespace(current_schema())
            AND class.relkind IN ('r', 'p')
            AND NOT (class.relrowsecurity AND class.relforcerowsecurity)
        ORDER BY class.relname
    ) AS open_tables,
    CASE
        WHEN to_regclass('organizations') IS NULL THEN NULL
        ELSE has_table_privilege('organizations', 'SELECT')
    END AS may_read,
    CASE
        WHEN to_regclass('outbox') IS NULL THEN NULL
        ELSE role.rolsuper
            OR role.rolbypassrls
            OR EXISTS (
                SELECT
                FROM pg_class AS class
                WHERE class.oid = to_regclass('outbox') AND pg_has_role(current_user, class.relowner, 'USAGE')
            )
            OR EXISTS (
                SELECT
                FROM pg_policies AS policy, unnest(policy.roles) AS one
                WHERE policy.schemaname = current_schema()
                    AND policy.tablename = 'outbox'
                    AND policy.policyname = 'queue'
                    AND pg_has_role(current_user, one, 'USAGE')
            )
    END AS sees_queues
FROM pg_roles AS role
WHERE role.rolname = current_user
"""


@frozen(kw_only=True)
class Inspection:
    """What was found; `server_version` is PostgreSQL's number, such as 150004 for 15.4.

    `owned_tables` belong to the role, directly or by membership; `open_tables` belong to organizations and are not
    behind forced row-level security. `may_read` is None while there is no schema, and so is `sees_queues`: whether the
    queues of all organizations are open to the role.
    """

    server_version: int
    server_version_name: str
    role: str
    is_superuser: bool
    bypasses_rls: bool
    clock: datetime
    owned_tables: list[str]
    open_tables: list[str]
    may_read: bool | None
    sees_queues: bool | None = None


def inspect(dsn: str) -> Inspection:
    """Return what the database shows to the role of `dsn`. Raises `Unavailable`."""
    try:
        with psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S, application_name="amss doctor") as connection:
            found = connection.cursor(row_factory=class_row(Inspection)).execute(_QUERY).fetchone()
    except psycopg.Error as error:
        why = error.diag.message_primary or " ".join(str(error).split())
        raise Unavailable("the database", why) from error
    if found is None:
        raise Unavailable("the database", "it does not know the role that connected")
    return found
