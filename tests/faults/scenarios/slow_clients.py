"""Clients that send a byte now and then: they are given up in time, and nobody else notices them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from attrs import define, field
from tests.faults.client import Client, connected
from tests.faults.installation import Installation
from tests.faults.raw import Connection, Lost

# What AMSS waits for a body and for what comes before it, and how long it then still listens.
_BODY_S, _HEADERS_S, _LISTENS_S = 15.0, 30.0, 5.0
_LATE_S = 8.0
_BYTE_EVERY_S = 0.5
_APART_S = 0.02


@define
class _Others:
    """Clients like any other, and the time that each of their requests took."""

    client: Client
    ended: bool = False
    took_s: list[float] = field(factory=list)

    async def run(self) -> None:
        """Send requests until told to end; every one succeeds."""
        while not self.ended:
            began = time.monotonic()
            answer = await self.client.once("GET", "/parts?limit=5")
            self.took_s.append(time.monotonic() - began)
            assert answer.status == 200, answer
            await asyncio.sleep(0.05)


async def slow_clients(installation: Installation, *, headers: int, bodies: int, watch_s: float | None = None) -> str:
    """Have so many clients trickle headers, and so many bodies, until they are given up; return the figures.

    With `watch_s` only what becomes of the others is looked at, for so long.
    """
    serving = installation.serving(processes=1)
    async with connected(serving) as client:
        others = _Others(client)
        running = [asyncio.create_task(others.run()) for _ in range(4)]
        before = await _after(3, others)
        others.took_s.clear()
        # One after the other: all in one instant they would be an overload, and be shed.
        slow_headers = [_trickle_headers(client.url, after_s=_APART_S * number) for number in range(headers)]
        slow_bodies = [_trickle_body(client, after_s=_APART_S * number) for number in range(bodies)]
        trickling = asyncio.gather(*slow_headers, *slow_bodies)
        if watch_s is None:
            given_up = await trickling
        else:
            await asyncio.sleep(watch_s)
            trickling.cancel()
            with suppress(asyncio.CancelledError):
                await trickling
            given_up = [0.0] * (headers + bodies)
        during = sorted(others.took_s)
        others.ended = True
        await asyncio.gather(*running)
        seen = dict(client.seen)
    assert max(given_up[:headers]) < _HEADERS_S + _LATE_S
    assert max(given_up[headers:]) < _BODY_S + _LISTENS_S + _LATE_S
    assert set(seen) == {"200 ok"}, seen
    assert during[len(during) * 95 // 100] < before + 1.0
    # How busy the machine is shows in warnings; a fault of the server would be an error.
    assert serving.events('"level": "error"') == 0, serving.said()[-3000:]
    return (
        f"{headers} slow headers given up after {max(given_up[:headers]):.1f} s, {bodies} slow bodies after "
        f"{max(given_up[headers:]):.1f} s; 95 % of {len(during)} others within "
        f"{during[len(during) * 95 // 100]:.3f} s (before: {before:.3f} s)"
    )


async def _after(seconds: float, others: _Others) -> float:
    await asyncio.sleep(seconds)
    took = sorted(others.took_s)
    return took[len(took) * 95 // 100]


async def _trickle_headers(url: str, *, after_s: float) -> float:
    """Return after how many seconds the connection was ended."""
    await asyncio.sleep(after_s)
    async with _trickling(url, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") as connection:
        ended = await connection.ended_within(_HEADERS_S + 2 * _LATE_S)
    assert ended is not None
    return ended


async def _trickle_body(client: Client, *, after_s: float) -> float:
    """Return after how many seconds the connection was ended; before that it is said why."""
    await asyncio.sleep(after_s)
    began = time.monotonic()
    path = "auth/login" if round(after_s / _APART_S) % 4 == 0 else "parts"
    lines = (
        f"POST /api/v1/{path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {client.token}",
        "Content-Type: application/json",
        "Content-Length: 1000",
    )
    async with _trickling(client.url, "\r\n".join([*lines, "", '{"part_number": "'])) as connection:
        try:
            status, body = await connection.answer()
        except Lost as lost:
            raise AssertionError(f"ended without a word after {time.monotonic() - began:.1f} s") from lost
        assert (status, json.loads(body)["code"]) == (408, "request_timeout")
        assert connection.said_to_close
        assert time.monotonic() - began < _BODY_S + _LATE_S
        assert await connection.ended_within(_LISTENS_S + _LATE_S) is not None
    return time.monotonic() - began


@asynccontextmanager
async def _trickling(url: str, beginning: str) -> AsyncIterator[Connection]:
    """Yield a connection on which something begins and goes on byte by byte."""
    connection = await Connection.to(url)
    connection.writer.write(beginning.encode())
    trickling = asyncio.create_task(_trickle(connection))
    try:
        yield connection
    finally:
        trickling.cancel()
        connection.close()


async def _trickle(connection: Connection) -> None:
    with suppress(OSError):
        while True:
            await asyncio.sleep(_BYTE_EVERY_S)
            connection.writer.write(b"x")
            await connection.writer.drain()
