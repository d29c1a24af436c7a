"""A small pool of connections: bounded, first come first served, and never stuck on a dead one."""

import asyncio
from collections import deque
from typing import Any, Final

import psycopg

from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call, ConnectionLost, StatementFailed, Wire
from amss_domain.shared.errors import Unavailable

_SQL: Final = statements("session")
_SETTLE_FORMATS: Final = (Call(_SQL["settle_formats"]),)
_ROLLBACK: Final = (Call(_SQL["rollback"]),)

DATABASE: Final = "the database"
"""What is not available when nothing answers."""


class Pool:
    """Up to `max_size` connections, `min_size` of them opened at once and the others when needed.

    A connection that comes back busy, because whoever waited for it was cancelled, or in a transaction, is given out
    again only after its batch has ended and its transaction was rolled back. If that takes longer than `grace_s` the
    batch is interrupted and the connection ended.
    """

    def __init__(
        self,
        conninfo: bytes,
        *,
        min_size: int,
        max_size: int,
        wait_timeout_s: float,
        answer_timeout_s: float,
        grace_s: float,
        prepare: bool,
    ) -> None:
        if not 0 <= min_size <= max_size or max_size < 1:
            raise ValueError(f"a pool of {min_size} to {max_size} connections is none")
        self._conninfo = conninfo
        self._min_size = min_size
        self._max_size = max_size
        self._wait_timeout_s = wait_timeout_s
        self._answer_timeout_s = answer_timeout_s
        self._grace_s = grace_s
        self._prepare = prepare
        self._idle: deque[Wire] = deque()
        self._lent: set[Wire] = set()
        self._returning = 0
        self._opening = 0
        # Each gets a connection, or None: the right to open one.
        self._waiting: deque[asyncio.Future[Wire | None]] = deque()
        self._closed = False

    @property
    def size(self) -> int:
        """How many connections there are, those being opened included."""
        return len(self._idle) + len(self._lent) + self._opening

    async def start(self) -> None:
        """Open the first connections. Raises `Unavailable` when the server does not take them."""
        opened = [await self.acquire() for _ in range(self._min_size)]
        for wire in opened:
            self.release(wire)

    async def acquire(self) -> Wire:
        """Return a connection that nobody else uses; give it back with `release`. Raises `Unavailable`."""
        while self._idle:
            wire = self._idle.pop()
            if not wire.closed:
                self._lent.add(wire)
                return wire
        if self._closed:
            raise Unavailable(DATABASE, "its connections have been closed")
        # Who comes back in a moment is worth waiting for, by one each.
        if self.size < self._max_size and len(self._waiting) >= self._returning:
            self._opening += 1
            return await self._open()
        granted = await self._wait()
        return granted or await self._open()

    def release(self, wire: Wire) -> None:
        """Take a connection back, whatever state it is in."""
        if wire.closed or self._closed:
            self._discard(wire)
        elif wire.busy or wire.in_transaction:
            self._returning += 1
            self._clean(wire, self._loop().call_later(self._grace_s, self._lose_patience, wire))
        else:
            self._hand_on(wire)

    async def close(self) -> None:
        """End all connections, those in use too; nothing can be acquired any more."""
        self._closed = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(Unavailable(DATABASE, "its connections have been closed"))
        self._waiting.clear()
        for wire in (*self._idle, *self._lent):
            wire.close("the pool was closed")
        self._idle.clear()
        self._lent.clear()

    def _clean(self, wire: Wire, deadline: asyncio.TimerHandle) -> None:
        """Wait for the connection's batch, roll back what it left open, and hand it on."""
        if not wire.closed and (wire.busy or (wire.in_transaction and not wire.interrupted)):
            if not wire.busy:
                wire.send(_ROLLBACK)
            wire.when_quiet(lambda quiet: self._clean(quiet, deadline))
            return
        deadline.cancel()
        self._returning -= 1
        if wire.closed or wire.interrupted or self._closed:
            self._discard(wire)
        else:
            self._hand_on(wire)

    def _lose_patience(self, wire: Wire) -> None:
        wire.interrupt()
        self._loop().call_later(self._grace_s, wire.close, "it stayed busy after its use")

    def _hand_on(self, wire: Wire) -> None:
        waiting = self._next_waiting()
        if waiting is None:
            self._lent.discard(wire)
            self._idle.append(wire)
        else:
            self._lent.add(wire)
            waiting.set_result(wire)

    def _discard(self, wire: Wire) -> None:
        wire.close()
        self._lent.discard(wire)
        self._let_open()

    def _let_open(self) -> None:
        """Let whoever waits first open a connection in place of one that is gone."""
        if self.size < self._max_size and (waiting := self._next_waiting()) is not None:
            self._opening += 1
            waiting.set_result(None)

    def _next_waiting(self) -> asyncio.Future[Wire | None] | None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                return waiting
        return None

    async def _wait(self) -> Wire | None:
        turn: asyncio.Future[Wire | None] = self._loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._wait_timeout_s):
                return await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # The turn came in the same step of the loop: it goes to the next.
                self._give_up(turn.result())
            if isinstance(error, TimeoutError):
                busy = f"all {self._max_size} connections were busy for {self._wait_timeout_s:g} s"
                raise Unavailable(DATABASE, busy) from error
            raise

    def _give_up(self, granted: Wire | None) -> None:
        if granted is None:
            self._opening -= 1
            self._let_open()
        else:
            self.release(granted)

    async def _open(self) -> Wire:
        """Open a connection; the right to do so, counted in `_opening`, is used up whatever happens."""
        try:
            wire = await self._connected()
        except BaseException:
            self._opening -= 1
            self._let_open()
            raise
        self._opening -= 1
        if self._closed:
            wire.close()
            raise Unavailable(DATABASE, "its connections have been closed")
        self._lent.add(wire)
        return wire

    async def _connected(self) -> Wire:
        # Not PGconn.connect, in a thread or not: it holds up every thread of the process until the server has answered.
        connecting = asyncio.ensure_future(psycopg.AsyncConnection.connect(self._conninfo.decode()))
        try:
            connection = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_finish_unused)
            raise
        except psycopg.Error as error:
            raise Unavailable(DATABASE, "no connection could be opened") from error
        wire = Wire(connection, prepare=self._prepare, answer_timeout_s=self._answer_timeout_s)
        try:
            await wire.run(_SETTLE_FORMATS)
        except (ConnectionLost, StatementFailed) as error:
            wire.close()
            raise Unavailable(DATABASE, "a new connection was refused") from error
        except BaseException:
            wire.close()
            raise
        return wire

    @staticmethod
    def _loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()


def _finish_unused(connecting: "asyncio.Future[psycopg.AsyncConnection[Any]]") -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().pgconn.finish()
