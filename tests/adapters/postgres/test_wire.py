"""One connection: batches of any size, failures in their midst, and a server that does not answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest
import pytest_asyncio
from psycopg import pq

from amss_adapters.postgres.statements import Statement
from amss_adapters.postgres.wire import Call, ConnectionLost, StatementFailed, Wire


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


@pytest_asyncio.fixture
async def wire(database: Database) -> AsyncIterator[Wire]:
    """A connection by itself, which expects an answer within a tenth of a second."""
    pgconn = await asyncio.to_thread(pq.PGconn.connect, database.dsn("amss_app").encode())
    wire = Wire(pgconn, prepare=True, answer_timeout_s=0.1)
    yield wire
    wire.close()


def asking(query: str, *params: bytes) -> Call:
    """Return the call of a query that has no name."""
    return Call(Statement("test", f"query {query}", "Asks.", query), params)


async def test_megabytes_go_both_ways_at_once(wire: Wire) -> None:
    """Neither side waits for the other to read when more is sent than all buffers hold."""
    large = b"x" * 1_000_000
    calls = [asking("SELECT $1::text", large)] * 12

    results = await wire.run(calls, keep=12)

    assert [result.get_value(0, 0) for result in results] == [large] * 12


async def test_only_what_is_asked_for_is_kept(wire: Wire) -> None:
    """The results of the last calls come back, those of the others are dropped as they arrive."""
    results = await wire.run([asking("SELECT $1::int", str(number).encode()) for number in range(500)], keep=2)

    assert [result.get_value(0, 0) for result in results] == [b"498", b"499"]


async def test_a_server_that_does_not_answer_is_given_up(wire: Wire) -> None:
    """The connection ends, and so does the waiting."""
    with pytest.raises(ConnectionLost, match="did not answer in time"):
        await wire.run([asking("SELECT pg_sleep(30)")])

    assert wire.closed
    with pytest.raises(ConnectionLost):
        await wire.run([asking("SELECT 1")])


async def test_a_slow_batch_that_moves_on_is_not_given_up(wire: Wire) -> None:
    """What counts is the time without any answer, not that of the batch."""
    large = asking("SELECT repeat('x', 20000), pg_sleep(0.04)")

    results = await wire.run([large] * 8, keep=1)

    assert len(results) == 1


async def test_the_statement_that_failed_is_told(wire: Wire) -> None:
    """Its place in the batch counts calls alone, whether they were prepared before or not."""
    one, zero = asking("SELECT 1"), asking("SELECT 1 / $1::int", b"0")
    for calls, index in (([one, zero, one], 1), ([zero, one], 0), ([one, one, asking("SELECT nonsense")], 2)):
        with pytest.raises(StatementFailed) as raised:
            await wire.run(calls)
        assert raised.value.index == index

    assert not wire.in_transaction


async def test_one_batch_at_a_time(wire: Wire) -> None:
    """A second batch while one is under way is refused and does not disturb it."""
    first = asyncio.ensure_future(wire.run([asking("SELECT 7")], keep=1))
    await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="one thing at a time"):
        await wire.run([asking("SELECT 8")])

    assert (await first)[0].get_value(0, 0) == b"7"
