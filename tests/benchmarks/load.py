"""A client for HTTP/1.1 that costs little itself: keeps a server busy, or sends requests whatever becomes of them."""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from statistics import quantiles

from attrs import define, field, frozen

Address = tuple[str, int]

_ANSWER_S = 30.0


@define
class Outcome:
    """What came back within so many `seconds`; times are in milliseconds, from when a request was due to be sent."""

    seconds: float = 0.0
    done_ms: list[float] = field(factory=list)
    shed_ms: list[float] = field(factory=list)

    @property
    def rate(self) -> float:
        """Requests a second that had their effect."""
        return len(self.done_ms) / self.seconds

    @property
    def count(self) -> int:
        """How many were answered."""
        return len(self.done_ms) + len(self.shed_ms)

    def take(self, head: bytes, due: float) -> None:
        """Count an answer. Raises RuntimeError for one that is neither a success nor a refusal to do so much."""
        took_ms = (time.perf_counter() - due) * 1000
        status = head[9:12]
        if status.startswith(b"2"):
            self.done_ms.append(took_ms)
        elif status == b"503" and b"retry-after" in head.lower():
            self.shed_ms.append(took_ms)
        else:
            raise RuntimeError(f"the server answered {head.decode(errors='replace')}")


def percentile(times_ms: list[float], percent: int) -> float | None:
    """Return the time within which so many percent of them lie; None when there are too few to tell."""
    return quantiles(times_ms, n=100)[percent - 1] if len(times_ms) >= 100 else None


@define(eq=False)
class _Connection:
    """A connection that waits for one answer at a time."""

    socket: socket.socket
    due: float = 0.0
    received: bytearray = field(factory=bytearray)

    def ask(self, request: bytes, due: float) -> None:
        self.due = due
        self.received.clear()
        self.socket.sendall(request)

    def answer(self) -> bytes | None:
        """Return the head of the answer once all of it is there. Raises ConnectionError when it ends before."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server closed a connection")
        self.received += chunk
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.received[:end])
        return head if len(self.received) >= end + 4 + _length(head) else None


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"Content-Length: ")
    return int(rest.partition(b"\r\n")[0]) if found else 0


@frozen
class Client:
    """Sends the requests of one kind, each made by `request` from the next of the `numbers`."""

    address: Address
    request: Callable[[int], bytes]
    numbers: Iterator[int]

    def keep_busy(self, *, connections: int, seconds: float) -> Outcome:
        """Have so many connections ask again as soon as they are answered."""
        outcome = Outcome()
        with selectors.DefaultSelector() as ready:
            for _ in range(connections):
                one = self._connect()
                ready.register(one.socket, selectors.EVENT_READ, one)
                self._ask(one, time.perf_counter())
            began = time.perf_counter()
            while (now := time.perf_counter()) < began + seconds:
                for one, head in _answered(ready, began + seconds - now):
                    outcome.take(head, one.due)
                    self._ask(one, time.perf_counter())
            outcome.seconds = time.perf_counter() - began
            _let_end(ready)
        return outcome

    def send_at(self, rate: float, *, connections: int, seconds: float) -> Outcome:
        """Send so many requests a second at random instants, over at most so many connections.

        One that finds no connection free waits, and that counts as part of its time.
        """
        outcome = Outcome()
        chance = Random(7)
        # Waits to the microsecond; the other selectors round up to a millisecond.
        with selectors.SelectSelector() as ready:
            free = deque(self._connect() for _ in range(connections))
            for one in free:
                ready.register(one.socket, selectors.EVENT_READ, one)
            began = time.perf_counter()
            due = began
            waiting: deque[float] = deque()
            while (now := time.perf_counter()) < began + seconds:
                while due <= now:
                    waiting.append(due)
                    due += chance.expovariate(rate)
                while waiting and free:
                    self._ask(free.popleft(), waiting.popleft())
                for one, head in _answered(ready, max(0.0, due - time.perf_counter())):
                    outcome.take(head, one.due)
                    free.append(one)
            outcome.seconds = time.perf_counter() - began
            _let_end(ready)
        return outcome

    def once(self) -> None:
        """Send one request and wait until it had its effect."""
        outcome = Outcome()
        one = self._connect()
        self._ask(one, time.perf_counter())
        while (head := one.answer()) is None:
            continue
        outcome.take(head, one.due)
        one.socket.close()
        if outcome.shed_ms:
            raise RuntimeError("the server refused to do even one")

    def _ask(self, one: _Connection, due: float) -> None:
        one.ask(self.request(next(self.numbers)), due)

    def _connect(self) -> _Connection:
        connected = socket.create_connection(self.address, timeout=_ANSWER_S)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Connection(connected)


def _answered(ready: selectors.BaseSelector, wait_s: float) -> Iterator[tuple[_Connection, bytes]]:
    """Go through the connections whose answer is there, with its head."""
    for key, _ in ready.select(max(0.0, wait_s)):
        one: _Connection = key.data
        head = one.answer()
        if head is not None:
            yield one, head


def _let_end(ready: selectors.BaseSelector) -> None:
    """Close every connection; what they still wait for is not counted."""
    for key in tuple(ready.get_map().values()):
        key.data.socket.close()
