"""One connection: batches of any size, failures in their midst, and a server that does not answer."""

import asyncio
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import psycopg
import pytest
import pytest_asyncio
import uvloop

from amss_adapters.postgres.statements import Statement
from amss_adapters.postgres.wire import Call, ConnectionLost, StatementFailed, Wire


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


@pytest_asyncio.fixture
async def wire(database: Database) -> AsyncIterator[Wire]:
    """A connection by itself, which expects an answer within a tenth of a second."""
    connection = await psycopg.AsyncConnection.connect(database.dsn("amss_app"))
    wire = Wire(connection, prepare=True, answer_timeout_s=0.1)
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


# PostgreSQL docs 55.7: AuthenticationOk and ReadyForQuery, and a NoticeResponse.
_WELCOME = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
_NOTICE = b"N\0\0\0\x11SWARNING\0Mx\0\0"


@contextmanager
def dying_server(when: threading.Event) -> Iterator[str]:
    """Yield a conninfo of a server that takes a connection, and when told says a word and dies with unread requests."""

    def serve() -> None:
        taken, _ = listening.accept()
        with taken:
            taken.recv(4096)
            taken.sendall(_WELCOME)
            when.wait()
            taken.sendall(_NOTICE)

    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/.s.PGSQL.5432")
        listening.listen()
        serving = threading.Thread(target=serve)
        serving.start()
        yield f"host={folder} port=5432 user=nobody dbname=none"
        when.set()
        serving.join()


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_server_that_dies_is_noticed_at_once(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Also when it said something before: uvloop tells of a socket that failed once, and not once more for its end."""

    async def run() -> None:
        connection = await psycopg.AsyncConnection.connect(conninfo)
        wire = Wire(connection, prepare=True, answer_timeout_s=600.0)
        batch = asyncio.ensure_future(wire.run([asking("SELECT 1")]))
        await asyncio.sleep(0)
        dies.set()

        with pytest.raises(ConnectionLost):
            await batch
        assert wire.closed

    dies = threading.Event()
    with dying_server(dies) as conninfo, asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(asyncio.wait_for(run(), 20))
