"""Slow clients and the end of a process: who is waited for, for how long, and who is answered to the last."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from tests.faults.raw import Connection, Lost, Refused

from amss_entrypoints.http import reading, server
from amss_entrypoints.http.middleware.failures import failures
from amss_entrypoints.http.middleware.overload import overload
from amss_entrypoints.http.middleware.requests import requests
from amss_entrypoints.http.places import Places
from amss_entrypoints.http.problems import RequestRejected
from amss_entrypoints.http.reading import raw_body
from amss_entrypoints.http.server import serving

_DEADLINE_S = 20.0
_PLACES = 2

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
async def deadline() -> AsyncIterator[None]:
    """Nothing here takes long."""
    async with asyncio.timeout(_DEADLINE_S):
        yield


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """Serve a handler with room for two requests at a time, and yield where."""
    app = web.Application(middlewares=[requests, failures, overload(_PLACES)])
    app.router.add_route("*", "/", handler)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with serving(app, [listening]):
            yield url


async def reads(request: web.Request) -> web.Response:
    """Answer with the length of the body."""
    return web.Response(text=str(len(await raw_body(request))))


def begun(connection: Connection, *, length: int = 10) -> None:
    """Send a request without the end of its body."""
    connection.writer.write(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\nhalf".encode())


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is told so, and its connection ends."""
    monkeypatch.setattr(reading, "BODY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(server, "LISTENS_S", 0.05)
    async with served(reads) as url:
        connection = await Connection.to(url)
        begun(connection)

        status, body = await connection.answer()

        assert (status, b"request_timeout" in body) == (408, True)
        assert connection.said_to_close
        assert await connection.ended_within(_DEADLINE_S) is not None
        connection.close()


async def test_headers_that_do_not_come_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily they trickle in."""
    monkeypatch.setattr(server, "KEEPALIVE_S", 0.1)
    async with served(reads) as url:
        connection = await Connection.to(url)
        connection.writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")

        assert await connection.ended_within(_DEADLINE_S) is not None
        connection.close()


async def test_slow_bodies_take_no_place() -> None:
    """More of them than there are places, and others are served all the same; then they are, too."""
    async with served(reads) as url:
        slow = [await Connection.to(url) for _ in range(_PLACES * 3)]
        for connection in slow:
            begun(connection)
            other = await Connection.to(url)
            assert await other.ask("POST", "/", b"whole") == (200, b"5")
            other.close()

        for connection in slow:
            connection.writer.write(b"whole!")
            assert await connection.answer() == (200, b"10")
            connection.close()


def test_those_who_wait_are_not_without_number() -> None:
    """Each has the beginning of a body in memory."""
    places = Places(1)

    def one_more() -> None:
        with places.taken(), places.left():
            one_more()

    with pytest.raises(RequestRejected, match="more to do"):
        one_more()
    with places.taken(), pytest.raises(RequestRejected, match="more to do"), places.taken():
        pytest.fail("there is one place")


async def test_a_request_that_was_on_its_way_is_answered() -> None:
    """On a connection that was idle when the end came; the answer says that it is the last."""
    ending, ended = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with served(reads) as url:
            where.set_result(url)
            await ending.wait()
        ended.set()

    where: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve())
    kept = await Connection.to(await where)
    assert await kept.ask("POST", "/", b"first") == (200, b"5")
    fresh = await Connection.to(await where)

    ending.set()
    await asyncio.sleep(0)
    assert await kept.ask("POST", "/", b"later!") == (200, b"6")
    assert await fresh.ask("POST", "/", b"latest!") == (200, b"7")

    assert kept.said_to_close
    assert fresh.said_to_close
    # Both have ended, so nobody is waited for any more.
    async with asyncio.timeout(server.LINGER_S):
        await ended.wait()
    with pytest.raises(Refused):
        await Connection.to(await where)
    await task
    kept.close()
    fresh.close()


async def test_an_idle_connection_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept for a moment, and then ended."""
    monkeypatch.setattr(server, "LINGER_S", 0.05)

    async with served(reads) as url:
        idle = await Connection.to(url)
        assert await idle.ask("POST", "/", b"first") == (200, b"5")

    assert await idle.ended_within(_DEADLINE_S) is not None
    idle.close()


async def test_what_has_begun_is_answered_after_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request under way is waited for."""
    monkeypatch.setattr(server, "LINGER_S", 0.01)
    reached, goes_on = asyncio.Event(), asyncio.Event()

    async def takes_long(_: web.Request) -> web.Response:
        reached.set()
        await goes_on.wait()
        return web.Response(text="done")

    async with served(takes_long) as url:
        connection = await Connection.to(url)
        connection.send("GET", "/")
        await reached.wait()
        asyncio.get_running_loop().call_later(0.1, goes_on.set)

    assert await connection.answer() == (200, b"done")
    with pytest.raises(Lost):
        await connection.answer()
    connection.close()
