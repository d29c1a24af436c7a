"""The pool: how many connections there are, who gets one, and what happens to those that come back in a bad state."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias

import pytest
import pytest_asyncio
from psycopg.conninfo import make_conninfo

from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.pool import Pool
from amss_adapters.postgres.statements import Statement
from amss_adapters.postgres.wire import Call, Wire
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.builders import a_part
from amss_domain.testing.stand_ins import FRESH_IDS, ManualClock
from amss_domain.testing.tenant import a_tenant

_PATIENCE_S = 20.0

Opening: TypeAlias = Callable[..., AbstractAsyncContextManager[PostgresBackend]]
Pools: TypeAlias = Callable[..., Pool]


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


@pytest_asyncio.fixture
async def pools(database: Database) -> AsyncIterator[Pools]:
    """Makes pools of one connection, unless told otherwise, and closes them."""
    made: list[Pool] = []

    def pools(**settings: Any) -> Pool:
        options = {
            "conninfo": database.dsn("amss_app").encode(),
            "min_size": 0,
            "max_size": 1,
            "wait_timeout_s": _PATIENCE_S,
            "answer_timeout_s": _PATIENCE_S,
            "grace_s": 0.05,
            "prepare": True,
            **settings,
        }
        made.append(Pool(**options))
        return made[-1]

    yield pools
    for pool in made:
        await pool.close()


def asking(query: str) -> Call:
    """Return the call of a query that has no name."""
    return Call(Statement("test", query, "Asks.", query))


async def answer(wire: Wire) -> bytes | None:
    """Return what the server says to a simple question."""
    (result,) = await wire.run([asking("SELECT 42")], keep=1)
    return result.get_value(0, 0)


async def test_the_first_connections_are_opened_at_once(pools: Pools) -> None:
    """A server that takes none shows when the pool starts."""
    pool = pools(min_size=2, max_size=3)

    await pool.start()

    assert pool.size == 2


async def test_a_turn_that_came_too_late_goes_to_the_next(pools: Pools) -> None:
    """Who is cancelled in the very step in which the connection was handed over takes nobody's turn."""
    pool = pools()
    wire = await pool.acquire()
    unlucky = asyncio.ensure_future(pool.acquire())
    await asyncio.sleep(0)

    pool.release(wire)
    unlucky.cancel()
    await asyncio.wait([unlucky])

    async with asyncio.timeout(_PATIENCE_S):
        assert await pool.acquire() is wire


async def test_a_right_to_open_that_came_too_late_goes_to_the_next(pools: Pools) -> None:
    """The same, where there was no connection to hand over but the right to open one."""
    pool = pools()
    wire = await pool.acquire()
    unlucky = asyncio.ensure_future(pool.acquire())
    await asyncio.sleep(0)

    wire.close()
    pool.release(wire)
    unlucky.cancel()
    await asyncio.wait([unlucky])

    async with asyncio.timeout(_PATIENCE_S):
        assert await answer(await pool.acquire()) == b"42"
    assert pool.size == 1


async def test_a_dead_connection_makes_room_for_who_waits(pools: Pools) -> None:
    """Whoever waits first opens another in its place."""
    pool = pools()
    wire = await pool.acquire()
    waiting = asyncio.ensure_future(pool.acquire())
    await asyncio.sleep(0)

    wire.close()
    pool.release(wire)

    async with asyncio.timeout(_PATIENCE_S):
        assert await answer(await waiting) == b"42"
    assert pool.size == 1


async def test_attempts_that_failed_take_no_room(pools: Pools) -> None:
    """Everybody is told what is wrong at once, those who waited too, and nobody that the pool is busy."""
    pool = pools(conninfo=b"host=/nowhere")

    ended = await asyncio.gather(*(pool.acquire() for _ in range(5)), return_exceptions=True)

    assert [str(end) for end in ended] == ["the database is not available: no connection could be opened"] * 5
    assert pool.size == 0


async def test_a_server_that_never_answers_holds_up_nobody_else(pools: Pools) -> None:
    """While a connection is being opened the process goes on with everything else."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pool = pools(conninfo=f"host=127.0.0.1 port={silent.getsockname()[1]} connect_timeout=60".encode())
        opening = asyncio.ensure_future(pool.acquire())

        async with asyncio.timeout(_PATIENCE_S):
            taken, _ = await asyncio.to_thread(silent.accept)
        assert not opening.done()

        opening.cancel()
        await asyncio.wait([opening])
        taken.close()
    assert pool.size == 0


async def test_cancelled_while_opening_takes_no_room(pools: Pools) -> None:
    """A connection that nobody waits for any more is ended when it is there."""
    pool = pools()
    opening = asyncio.ensure_future(pool.acquire())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])

    async with asyncio.timeout(_PATIENCE_S):
        assert await answer(await pool.acquire()) == b"42"
    assert pool.size == 1


async def test_a_busy_connection_comes_back_when_it_is_done(pools: Pools) -> None:
    """Results still to come are waited for, and an open transaction is rolled back, before it is used again."""
    pool = pools(grace_s=_PATIENCE_S)
    wire = await pool.acquire()
    abandoned = asyncio.ensure_future(wire.run([asking("BEGIN"), asking("SELECT pg_sleep(0.05)")]))
    await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.wait([abandoned])

    pool.release(wire)
    again = await pool.acquire()

    assert again is wire
    assert not again.in_transaction
    assert await answer(again) == b"42"


async def test_a_connection_that_stays_busy_is_ended(pools: Pools) -> None:
    """The server is asked to stop, so that it holds nothing any longer, and another connection takes its place."""
    pool = pools()
    wire = await pool.acquire()
    pid = (await wire.run([asking("SELECT pg_backend_pid()")], keep=1))[0].get_value(0, 0)
    abandoned = asyncio.ensure_future(wire.run([asking("SELECT pg_sleep(60)")]))
    await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.wait([abandoned])

    pool.release(wire)
    async with asyncio.timeout(_PATIENCE_S / 2):
        again = await pool.acquire()
        assert again is not wire
        assert wire.closed
        alive = asking(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {(pid or b'').decode()}")
        while (await again.run([alive], keep=1))[0].get_value(0, 0) != b"0":
            pass


async def test_who_waits_too_long_for_a_connection_is_told(backend_of: Opening) -> None:
    """The wait for a connection has an end; those who gave up, or were cancelled, take nobody's turn."""
    async with backend_of(max_connections=1, wait_timeout_s=0.05) as backend:
        tenant = await a_tenant(backend)
        async with tenant.open() as holder:
            await holder.organizations.current()
            with pytest.raises(Unavailable, match=r"all 1 connections were busy for 0\.05 s"):
                await tenant.keep(a_part(org_id=tenant.id))
            given_up = asyncio.ensure_future(tenant.keep(a_part(org_id=tenant.id)))
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.wait([given_up])

        await tenant.keep(a_part(org_id=tenant.id))


async def test_a_server_that_is_not_there_is_unavailable(database: Database) -> None:
    """What is wrong is named without the password; nothing hangs."""
    unknown = {"user": "nobody_of_that_name", "password": "secret"}
    for wrong in ({"port": "1"}, unknown, {"dbname": "nowhere"}, {"host": "/nowhere", "password": "secret"}):
        dsn = make_conninfo(database.dsn("amss_app"), **wrong)
        with pytest.raises(Unavailable) as raised:
            async with PostgresBackend(dsn, clock=ManualClock(), ids=FRESH_IDS):
                pass
        assert "secret" not in f"{raised.value}{raised.value.__cause__}"


def test_a_pool_without_connections_is_refused(backend_of: Opening) -> None:
    """It could never serve anybody."""
    with pytest.raises(ValueError, match="a pool of 0 to 0 connections is none"):
        backend_of(max_connections=0)
