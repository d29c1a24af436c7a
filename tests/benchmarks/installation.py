"""What is measured: PostgreSQL, Valkey, a fleet with tasks in a database of its own, and serving processes."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_network
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.request import urlopen
from uuid import UUID, uuid4

import psycopg
from attrs import evolve, frozen
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.benchmarks.load import Address

from amss_adapters.embedded import EmbeddedPostgres, EmbeddedValkey
from amss_adapters.postgres.migrate import migrate_up
from amss_domain.access.credentials import Claims
from amss_domain.access.model import Policy, Role
from amss_domain.fleet.use_cases.add_aircraft import AddAircraft
from amss_domain.scheduling.task import Work as TaskWork
from amss_domain.scheduling.use_cases.plan_task import PlanTask
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.ids import AircraftId, OrgId
from amss_domain.shared.units import CYCLES, HOURS
from amss_entrypoints.container import Container, Work, new_key_pair, new_secrets_key, open_api
from amss_entrypoints.settings import Settings, environment_with

AIRCRAFT: Final = range(1, 1_001)
TASKS: Final = range(1_000_001, 1_005_001)
"""The numbers that the ids of what is there at first are made of."""

_ROLES: Final = ("amss_owner", "amss_app", "amss_worker")
_TICKS_S: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
# What is empty is left as autovacuum leaves it: not analyzed, or the planner would believe that it stays empty.
_FILLED: Final = """
    SELECT relname
    FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
_NO_LIMIT: Final = Policy(rate_limit_per_minute=1_000_000)
_READY_S: Final = 60.0


@frozen(kw_only=True)
class Installation:
    """A database with a fleet, and who may work in it; `postmaster` is None where its processes cannot be seen."""

    settings: Settings
    version: str
    organization: UUID
    user: UUID
    token: str
    postmaster: int | None


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Yield an installation on the servers of AMSS_TEST_DB_URL and AMSS_TEST_REDIS_ADDR, else on embedded ones.

    The database is a new one, and dropped in the end.
    """
    with ExitStack() as running:
        admin = os.environ.get("AMSS_TEST_DB_URL")
        if admin is None:
            server = running.enter_context(EmbeddedPostgres(folder))
            roles = {role: server.dsn(role, "postgres") for role in ("amss_admin", *_ROLES)}
        else:
            roles = {"amss_admin": admin, **_given_roles(admin)}
        redis_addr = os.environ.get("AMSS_TEST_REDIS_ADDR")
        if redis_addr is None:
            redis_addr = running.enter_context(EmbeddedValkey(folder)).address
        name = f"amss_bench_{os.getpid()}"
        with psycopg.connect(roles["amss_admin"], autocommit=True) as connection:
            database = sql.Identifier(name)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER amss_owner").format(database))
            running.callback(_drop, roles["amss_admin"], name)
            version = connection.info.parameter_status("server_version") or ""
            postmaster = _postmaster(connection)
        migrate_up(make_conninfo(roles["amss_owner"], dbname=name))
        settings = Settings(
            db_url=_url_of(make_conninfo(roles["amss_app"], dbname=name)),
            db_worker_url=_url_of(make_conninfo(roles["amss_worker"], dbname=name)),
            secrets_key=new_secrets_key(),
            webhook_allowed_networks=(ip_network("127.0.0.0/8"),),
            redis_addr=redis_addr,
            jwt_private_key_pem=new_key_pair().private_pem,
            access_token_ttl=timedelta(hours=12),
        )
        organization, user, token = asyncio.run(_settle(settings))
        with psycopg.connect(make_conninfo(roles["amss_admin"], dbname=name), autocommit=True) as connection:
            for (table,) in connection.execute(_FILLED).fetchall():
                connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(str(table))))
        yield Installation(
            settings=settings,
            version=version,
            organization=organization,
            user=user,
            token=token,
            postmaster=postmaster,
        )


def _given_roles(admin: str) -> dict[str, str]:
    password = secrets.token_urlsafe(16)
    with psycopg.connect(admin, autocommit=True) as connection:
        for role in _ROLES:
            name = sql.Identifier(role)
            if connection.execute("SELECT to_regrole(%s)", (role,)).fetchone() == (None,):
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password)))
    return {role: make_conninfo(admin, user=role, password=password) for role in _ROLES}


def _url_of(conninfo: str) -> str:
    """Return the conninfo as the URL that settings take, with everything in its query."""
    parts = conninfo_to_dict(conninfo)
    return "postgresql:///?" + "&".join(f"{name}={_quoted(str(value))}" for name, value in parts.items())


def _quoted(text: str) -> str:
    return "".join(
        one if one.isascii() and one.isalnum() else "".join(f"%{b:02X}" for b in one.encode()) for one in text
    )


def _drop(admin: str, name: str) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _postmaster(connection: psycopg.Connection[tuple[object, ...]]) -> int | None:
    """Return the id of the server's first process, if it runs on this machine."""
    row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    pid = int(str(row[0]).splitlines()[0]) if row else 0
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    return pid if b"postgres" in command else None


@frozen
class _From:
    """Makes one id that is given, and then new ones."""

    ids: Iterator[UUID]

    def new(self) -> UUID:
        """Return the next id."""
        return next(self.ids)


def _starting_with(*first: UUID) -> _From:
    return _From(chain(first, iter(uuid4, None)))


async def _settle(settings: Settings) -> tuple[UUID, UUID, str]:
    """Make an organization with a planner, a fleet and tasks; return the first two and the planner's token."""
    async with open_api(settings) as services:
        founder = system_actor(OrgId(services.ids().new()), "bench")
        organization = await services.create_organization()(founder, name="Bench", policy=_NO_LIMIT)
        actor = evolve(founder, org_id=organization.id)
        user = await services.create_user()(actor, email="planner@example.com", role=Role.PLANNER)
        await _fill(services, actor)
        claims = Claims(
            user_id=user.id,
            org_id=organization.id,
            role=user.role,
            name=user.name,
            email=user.email,
            session_id=services.ids().new(),
        )
        return organization.id, user.id, services.access_tokens().issue(claims).text


async def _fill(services: Container, actor: Actor) -> None:
    open_uow, clock = services.open_uow(), services.clock()
    for number in AIRCRAFT:
        add = AddAircraft[Work](open_uow, clock, _starting_with(uuid4(), UUID(int=number)), services.follow_up())
        totals = {HOURS: Decimal(1000 + number), CYCLES: Decimal(900 + number)}
        await add(actor, registration=f"D-{number:05}", totals=totals)
    for number in TASKS:
        plan = PlanTask(open_uow, clock, _starting_with(UUID(int=number)))
        aircraft = AircraftId(UUID(int=AIRCRAFT[number % len(AIRCRAFT)]))
        work = TaskWork(title="Replace the left main tyre", description="Worn to the first groove.")
        await plan(actor, aircraft, work, due={HOURS: Decimal(2500)})


@contextmanager
def serving(settings: Settings, *, processes: int, log: Path) -> Iterator[tuple[Address, Sequence[int]]]:
    """Yield where so many processes serve together, and their ids; they write their log as in production."""
    with ExitStack() as running:
        listening = running.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        output = running.enter_context(log.open("wb"))
        command = (sys.executable, "-P", "-m", "amss_entrypoints.http", "--fd", str(listening.fileno()))
        started = []
        for _ in range(processes):
            process = subprocess.Popen(
                command,
                env=environment_with(settings),
                pass_fds=(listening.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            running.callback(process.wait)
            running.callback(process.terminate)
            started.append(process.pid)
        address: Address = listening.getsockname()
        with urlopen(f"http://{address[0]}:{address[1]}/ready", timeout=_READY_S):
            yield address, started


@contextmanager
def working(settings: Settings, *, log: Path) -> Iterator[int]:
    """Yield the id of a worker process that does all jobs."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            (sys.executable, "-P", "-m", "amss_entrypoints.worker"),
            env=environment_with(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def cpu_s(pids: Sequence[int]) -> float | None:
    """Return the seconds that processes have been on a processor, together; None where it cannot be seen."""
    try:
        return sum(sum(_ticks(pid)[:2]) for pid in pids) / _TICKS_S
    except OSError:
        return None


def cpu_with_children_s(pid: int | None) -> float | None:
    """Return the same for a process, its children, and those that have ended."""
    if pid is None:
        return None
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return None
    ticks = sum(_ticks(pid))
    for child in children:
        try:
            ticks += sum(_ticks(int(child)))
        except OSError:
            # It ended meanwhile: the next reading has it among those.
            continue
    return ticks / _TICKS_S


def _ticks(pid: int) -> tuple[int, int, int, int]:
    """Return what a process used in user and kernel mode, and its ended children (proc(5), /proc/pid/stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    user, system, ended_user, ended_system = map(int, fields[11:15])
    return user, system, ended_user, ended_system


def settle_down(seconds: float = 1.0) -> None:
    """Let what was begun come to its end."""
    time.sleep(seconds)
