"""The API over PostgreSQL with both walls between organizations, with either of them taken down, and with none."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from functools import cache
from typing import Any, Final, Protocol

import psycopg
import pytest
from attrs import evolve
from dependency_injector import providers
from psycopg import sql
from tests.entrypoints.http.world import START, World, a_container, settled

from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.statements import Statement
from amss_adapters.security import BcryptPasswords, SigningKey
from amss_domain.testing.stand_ins import ManualClock

# What names the organization where rows are looked for, as the statements have it; `id` is that of organizations alone.
_PREDICATE: Final = re.compile(r"(?:\w+\.)?\b(?:org_)?id = \$1(?!\d)")
_OF_THE_DIRECTORY: Final = "id = nullif(current_setting('amss.org_id', true), '')::uuid"


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


class Walls(Enum):
    """What stands between organizations: the predicates of the statements, and row-level security."""

    BOTH = "both walls"
    PREDICATES = "predicates alone"
    POLICIES = "row-level security alone"
    NONE = "no wall"

    @property
    def role(self) -> str:
        """The role to connect as; row-level security does not bind a superuser."""
        return "amss_app" if self in (Walls.BOTH, Walls.POLICIES) else "amss_admin"

    @property
    def has_predicates(self) -> bool:
        """Tell whether the statements are as they are shipped."""
        return self in (Walls.BOTH, Walls.PREDICATES)


@cache
def without_predicates(text: str) -> str:
    """Return a statement that finds rows of every organization; what it inserts keeps its own."""
    # Still naming the parameter, so that the server knows its type.
    return _PREDICATE.sub("$1::uuid IS NOT NULL", text).replace(_OF_THE_DIRECTORY, "true")


@asynccontextmanager
async def walled(
    database: Database, walls: Walls, *, key: SigningKey, passwords: BcryptPasswords
) -> AsyncIterator[World]:
    """Yield a world in the database whose API has these walls alone; what is settled and looked at has both."""
    clock = ManualClock(START)
    shipped, working, served = (a_container(clock, key=key, passwords=passwords) for _ in range(3))
    with pytest.MonkeyPatch.context() as patch:
        async with (
            PostgresBackend(database.dsn("amss_app"), clock=clock, ids=shipped.ids()) as backend,
            PostgresBackend(database.dsn("amss_worker"), clock=clock, ids=working.ids()) as worker,
        ):
            shipped.backend.override(providers.Object(backend))
            working.backend.override(providers.Object(worker))
            working.import_storage.override(providers.Object(shipped.import_storage()))
            world = await settled(shipped, clock, worker=working)
            if not walls.has_predicates:
                # The connections of the other backend prepare what they need only now.
                rewritten = property(lambda statement: without_predicates(statement.text).encode())
                patch.setattr(Statement, "sql", rewritten)
            async with PostgresBackend(database.dsn(walls.role), clock=clock, ids=served.ids()) as other:
                served.backend.override(providers.Object(other))
                yield evolve(world, services=served)


def rows_of(database: Database, org_id: object) -> dict[str, list[str]]:
    """Return every row that the database keeps of the organization, by table, secrets and all."""
    found: dict[str, list[str]] = {}
    with psycopg.connect(database.dsn("amss_admin"), autocommit=True) as connection:
        for table, column in connection.execute(_TABLES).fetchall():
            query = sql.SQL("SELECT to_jsonb(one)::text FROM {} AS one WHERE {} = %s ORDER BY 1").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            found[table] = [row for (row,) in connection.execute(query, (org_id,)).fetchall()]
    return found


def look(database: Database, role: str, text: str, *params: Any, org_id: object = None) -> list[tuple[Any, ...]]:
    """Return the rows of a statement of ours, asked by a role that works for the organization, or for none."""
    with psycopg.connect(database.dsn(role), autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
        connection.execute("SELECT set_config('amss.org_id', $1, false)", (str(org_id or ""),))
        return connection.execute(text.encode(), params).fetchall()


_TABLES: Final = """
    SELECT relname, CASE relname WHEN 'organizations' THEN 'id' ELSE 'org_id' END
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND has_table_privilege('amss_app', oid, 'SELECT')
        AND relkind IN ('r', 'p')
        -- What is told of jobs is of no organization.
        AND relname <> 'job_runs'
    ORDER BY relname
"""
