"""What a pass of the generator costs when there is nothing to do, over few links and over many, and its first one.

Run it as `nox -s bench -- generator`, or `python -m tests.benchmarks.bench_generator`, with --json for machines. The
fleet is copied in the database from one aircraft, one program, one link and one task that were made as usual.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Final

import psycopg
from attrs import evolve, frozen
from psycopg import sql
from psycopg.conninfo import make_conninfo

from amss_adapters.embedded import EmbeddedPostgres
from amss_adapters.postgres.migrate import migrate_up
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import ProgramTerms
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.ids import OrgId
from amss_entrypoints.container import Container, PostgresDatabase
from amss_entrypoints.worker.jobs import jobs_over

PROGRAMS: Final = 20
FEW: Final = 10
MANY: Final = 10_000
FIRST: Final = 500
"""So many aircraft have the programs: for the passes with nothing to do, and for the first with everything."""

PASSES: Final = 300
JOBS: Final = ("generate-tasks", "announce-due")

# A link waits for its task to appear, or has it; what waits, and what tasks wait for, is spread over a year to come.
_WAITS: Final = "n % 2 = 0"
_DAY: Final = "current_date + 1 + (n * 7 % 365)::integer"
_CLONE: Final = """
INSERT INTO {table} ({columns})
SELECT {copied}
FROM generate_series({first}::bigint, {last}::bigint) AS n
CROSS JOIN {table} AS template
WHERE template.org_id = {organization} AND template.id = {template}
"""


@frozen(kw_only=True)
class Bench:
    """A database, and the organization, aircraft, program, link and task in it of which the others are copies."""

    admin_dsn: str
    database: PostgresDatabase
    actor: Actor
    templates: Mapping[str, object]

    def clone(self, table: str, first: int, last: int, **changes: str) -> float:
        """Copy the template so many times, with changes (SQL about the number `n`), and return the seconds it took."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            columns = connection.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = %s AND table_schema = 'public' AND is_generated = 'NEVER'",
                (table,),
            ).fetchall()
            # Written in this module, if not as one literal each.
            copied: list[sql.Composable] = [
                sql.SQL(changes[name]) if name in changes else sql.Identifier("template", name) for (name,) in columns
            ]
            statement = sql.SQL(_CLONE).format(
                table=sql.Identifier(table),
                columns=sql.SQL(", ").join(sql.Identifier(name) for (name,) in columns),
                copied=sql.SQL(", ").join(copied),
                first=sql.Literal(first),
                last=sql.Literal(last),
                organization=sql.Literal(self.actor.org_id),
                template=sql.Literal(self.templates[table]),
            )
            start = time.perf_counter()
            connection.execute(statement)
            return time.perf_counter() - start

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, who keeps no law."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.encode())

    def fleet(self, first: int, last: int) -> None:
        """Add aircraft of those numbers with all programs on them: half of the links wait, half have a task."""
        if first == 1:
            self.clone("programs", 1, PROGRAMS, id=_id("program"), name="'P ' || n", name_key="'p ' || n")
        self.clone("aircraft", first, last, id=_id("aircraft"), registration="'X-' || n", registration_key="'x' || n")
        links = (first - 1) * PROGRAMS + 1, last * PROGRAMS
        aircraft_id = _id("aircraft", f"((n - 1) / {PROGRAMS} + 1)")
        self.clone(
            "aircraft_programs",
            *links,
            id=_id("link"),
            aircraft_id=aircraft_id,
            program_id=_id("program", f"((n - 1) % {PROGRAMS} + 1)"),
            generation=f"CASE WHEN {_WAITS} THEN 'waiting' ELSE 'open' END",
            wake_on=f"CASE WHEN {_WAITS} THEN {_DAY} END",
        )
        self.clone("tasks", *links, id=_id("task"), link_id=_id("link"), aircraft_id=aircraft_id, next_change_on=_DAY)
        self.execute(
            "DELETE FROM tasks USING aircraft_programs AS link"
            " WHERE tasks.org_id = link.org_id AND tasks.link_id = link.id AND link.generation = 'waiting'",
            "VACUUM ANALYZE",
        )


def _id(kind: str, number: str = "n") -> str:
    return f"md5('{kind} ' || {number})::uuid"


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Yield a new database on an embedded server, which is dropped in the end."""
    name = f"amss_bench_{os.getpid()}"
    with EmbeddedPostgres(folder) as server:
        admin = server.dsn("amss_admin", "postgres")
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER amss_owner").format(sql.Identifier(name)))
        try:
            owner = make_conninfo(server.dsn("amss_owner", "postgres"), dbname=name)
            migrate_up(owner)
            worker = make_conninfo(server.dsn("amss_worker", "postgres"), dbname=name)
            database = PostgresDatabase(dsn=worker, owner_dsn=owner, is_embedded=False)
            actor, templates = asyncio.run(_settle(database))
            yield Bench(
                admin_dsn=make_conninfo(admin, dbname=name), database=database, actor=actor, templates=templates
            )
        finally:
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def _settle(database: PostgresDatabase) -> tuple[Actor, Mapping[str, object]]:
    async with database.services() as services:
        founder = system_actor(OrgId(services.ids().new()), "bench")
        organization = await services.create_organization()(founder, name="Bench")
        actor = evolve(founder, org_id=organization.id)
        aircraft = await services.add_aircraft()(actor, registration="D-0")
        limits = (
            Limit(name="days", unit="days", interval=Decimal(700)),
            Limit(name="hours", unit="hours", interval=Decimal(750)),
        )
        terms = ProgramTerms(requirement=Requirement(limits=limits))
        program = await services.write_program()(actor, name="P", terms=terms)
        linked = await services.link_aircraft()(actor, program.id, aircraft.id)
        await services.generate_due_tasks()(actor)
        assert linked.task is not None
        return actor, {
            "programs": program.id,
            "aircraft": aircraft.id,
            "aircraft_programs": linked.link.id,
            "tasks": linked.task.id,
        }


async def passes(bench: Bench) -> dict[str, float]:
    """Return the median milliseconds of a pass with nothing to do: of each job, and of each use case by itself."""
    async with bench.database.services() as services:
        jobs = {job.name: job.run for job in jobs_over(services, worker="bench") if job.name in JOBS}
        runs: dict[str, Callable[[], Awaitable[object]]] = {
            **{f"{name}, a pass of the job": run for name, run in jobs.items()},
            "GenerateDueTasks for one organization": lambda: _generated(services, bench.actor),
            "AnnounceDueChanges for one organization": lambda: services.announce_due_changes()(bench.actor),
        }
        return {name: await _median_ms(run) for name, run in runs.items()}


async def _generated(services: Container, actor: Actor) -> int:
    made = await services.generate_due_tasks()(actor)
    return made.linked + made.followed + made.tasks


async def _median_ms(run: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(PASSES):
        start = time.perf_counter()
        assert await run() == 0
        times.append((time.perf_counter() - start) * 1000)
    return median(times)


async def first_generation(bench: Bench) -> tuple[int, float]:
    """Return how many tasks one pass makes where none is yet, and the seconds that takes."""
    async with bench.database.services() as services:
        start = time.perf_counter()
        made = await services.generate_due_tasks()(bench.actor)
        return made.tasks, time.perf_counter() - start


def figure(name: str, value: float, reference: float) -> dict[str, float | str]:
    """What was measured beside what it is held against, and the one as a share of the other."""
    return {
        "name": name,
        "value": round(value, 2),
        "reference": round(reference, 2),
        "ratio": round(value / reference, 2),
    }


def figures(folder: Path) -> Iterator[dict[str, float | str]]:
    """Yield each figure as soon as it was measured."""
    with bench(folder) as made:
        made.fleet(1, FEW)
        over_few = asyncio.run(passes(made))
        made.fleet(FEW + 1, MANY)
        over_many = asyncio.run(passes(made))
        for name, value in over_many.items():
            links = f"{MANY * PROGRAMS:,} links against {FEW * PROGRAMS:,}"
            yield figure(f"{name} with nothing to do, ms, {links}", value, over_few[name])
        template = f"id <> '{made.templates['tasks']}'"
        made.execute(
            f"DELETE FROM tasks WHERE {template}",
            "UPDATE aircraft_programs SET generation = 'ended', wake_on = NULL WHERE generation = 'waiting'",
            "UPDATE aircraft_programs SET generation = 'pending', wake_on = NULL FROM generate_series(1,"
            f" {FIRST * PROGRAMS}) AS n WHERE id = {_id('link')}",
            "VACUUM ANALYZE",
        )
        tasks, seconds = asyncio.run(first_generation(made))
        assert tasks == FIRST * PROGRAMS
        made.execute(f"DELETE FROM tasks WHERE {template}", "VACUUM tasks")
        plainly = made.clone("tasks", 1, tasks, id=_id("task"), link_id=_id("link"))
        yield figure(f"first generation of {tasks:,} tasks, s, against one INSERT ... SELECT", seconds, plainly)


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="amss-bench-") as folder:
        for one in figures(Path(folder)):
            line = (
                json.dumps(one) if as_json else "{name}: {value} (reference {reference}, ratio {ratio})".format(**one)
            )
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
