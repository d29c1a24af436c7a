"""A receiver of webhooks that costs little itself, in a process of its own: it notes when what came, and no more.

What comes for `/hang/...` is answered after half a minute, for `/fail/...` with 500, and for all else with 200.
"""

import asyncio
import multiprocessing
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from attrs import define, field, frozen

HANGS_S = 30.0
READY_S = 30.0

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
_SUBJECT = b'"task_id":"'
_ID_LENGTH = 36


@frozen
class Arrival:
    """A request: the reading of `time.monotonic` when it was there, where to, and the id of the task it tells of."""

    at: float
    path: str
    task_id: str


@define(eq=False)
class _Protocol(asyncio.Protocol):
    """One connection, on which requests come one after the other."""

    arrivals: list[Arrival]
    _transport: asyncio.Transport | None = field(init=False, default=None)
    _received: bytearray = field(init=False, factory=bytearray)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once all of a request is there."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end])
        if len(self._received) < end + 4 + _length(head):
            return
        path = head.split(b" ", 2)[1]
        place = self._received.find(_SUBJECT, end) + len(_SUBJECT)
        subject = self._received[place : place + _ID_LENGTH]
        self.arrivals.append(Arrival(time.monotonic(), path.decode(), subject.decode()))
        self._received.clear()
        if path.startswith(b"/hang/"):
            asyncio.get_running_loop().call_later(HANGS_S, self._answer, _OK)
        else:
            self._answer(_FAILED if path.startswith(b"/fail/") else _OK)

    def _answer(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length: ")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def _receive(asked: Connection) -> None:
    """Receive until the other end of the pipe is closed; whatever comes through it is answered with the arrivals."""
    loop, arrivals, ending = asyncio.get_running_loop(), list[Arrival](), asyncio.Event()

    def answer() -> None:
        try:
            asked.recv()
        except EOFError:
            loop.remove_reader(asked.fileno())
            ending.set()
            return
        asked.send([(one.at, one.path, one.task_id) for one in arrivals])
        arrivals.clear()

    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        server = await loop.create_server(lambda: _Protocol(arrivals), sock=listening)
        loop.add_reader(asked.fileno(), answer)
        asked.send(listening.getsockname()[1])
        await ending.wait()
        server.close()


def _main(asked: Connection) -> None:
    asyncio.run(_receive(asked))


@frozen
class Receiver:
    """A running receiver: where it is, and what it has noted."""

    base: str
    _asks: Connection

    def take(self) -> list[Arrival]:
        """Return what arrived since this was called last."""
        self._asks.send(None)
        return [Arrival(*one) for one in self._asks.recv()]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Yield a receiver on this machine."""
    context = multiprocessing.get_context("spawn")
    asks, asked = context.Pipe()
    process = context.Process(target=_main, args=(asked,), daemon=True)
    process.start()
    asked.close()
    try:
        if not asks.poll(READY_S):
            raise TimeoutError("the receiver does not begin")
        yield Receiver(f"http://127.0.0.1:{asks.recv()}", asks)
    finally:
        asks.close()
        process.join(READY_S)
