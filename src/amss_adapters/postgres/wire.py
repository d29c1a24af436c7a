"""One connection on psycopg's low-level layer: batches of statements in pipeline mode, one Sync each.

A batch is driven by the event loop's callbacks and by nobody else, so whoever waits for it may be cancelled at any
point: it goes on to its end, and until then the connection is busy.
"""

import asyncio
import select
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import psycopg
from attrs import frozen
from psycopg import pq
from psycopg.pq.abc import PGcancel, PGresult

from amss_adapters.postgres.codec import Params
from amss_adapters.postgres.statements import Statement

# Statements handed to libpq before waiting for the socket to take them: bounds what is buffered.
_CHUNK: Final = 128

_ROWS: Final = int(pq.ExecStatus.TUPLES_OK)
_DONE: Final = int(pq.ExecStatus.COMMAND_OK)
_SYNC: Final = int(pq.ExecStatus.PIPELINE_SYNC)
_ABORTED: Final = int(pq.ExecStatus.PIPELINE_ABORTED)
_BAD: Final = pq.ConnStatus.BAD
_GONE: Final = select.POLLERR | select.POLLHUP
_IDLE: Final = pq.TransactionStatus.IDLE


@frozen(eq=False)
class Call:
    """A statement and its parameters."""

    statement: Statement
    params: Params = ()


class StatementFailed(Exception):
    """The server refused the statement at `index` of a batch; what came before it in the batch is undone with it."""

    def __init__(self, index: int, result: PGresult) -> None:
        super().__init__(f"statement {index} of the batch failed")
        self.index = index
        self.result = result


class ConnectionLost(Exception):
    """The connection ended before the batch did; whether a commit in it took effect is unknown."""


class _Batch:
    """What is still to be sent and to come back for one list of calls."""

    __slots__ = (
        *("answer", "calls", "expected", "failure", "keep_from"),
        *("moving", "preparing", "results", "sent", "synced", "timer"),
    )

    def __init__(self, calls: Sequence[Call], keep: int, answer: asyncio.Future[list[PGresult]] | None) -> None:
        self.calls = calls
        self.keep_from = len(calls) - keep
        self.answer = answer
        self.sent = 0
        self.synced = False
        self.moving = True
        # In the order of what was sent: a call's index, the name of a statement being prepared, None for the Sync.
        self.expected: deque[int | bytes | None] = deque()
        self.preparing: set[bytes] = set()
        self.results: list[PGresult] = []
        self.failure: StatementFailed | None = None
        self.timer: asyncio.TimerHandle | None = None


class Wire:
    """A connection of the running event loop, which runs one batch at a time.

    With `prepare` every statement is prepared when first used; without, as old versions of pgbouncer need it, never.
    A batch for which nothing comes back for longer than `answer_timeout_s` ends the connection.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any], *, prepare: bool, answer_timeout_s: float) -> None:
        # Kept, although nothing is asked of it any more: it would take its end for a leak.
        self._connection = connection
        pgconn = self._pgconn = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._prepare = prepare
        self._answer_timeout_s = answer_timeout_s
        self._prepared: set[bytes] = set()
        self._batch: _Batch | None = None
        self._writing = False
        self._socket = pgconn.socket
        self._polling = select.poll()
        self._polling.register(self._socket, select.POLLIN)
        self._when_quiet: Callable[[Wire], None] | None = None
        self.closed = False
        self.interrupted = False
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._on_readable)

    @property
    def busy(self) -> bool:
        """Whether a batch is under way."""
        return self._batch is not None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open or failed; meaningless while busy."""
        return not self.closed and self._pgconn.transaction_status != _IDLE

    async def run(self, calls: Sequence[Call], *, keep: int = 0) -> list[PGresult]:
        """Run the calls as one batch and return the results of the last `keep` of them.

        Outside a transaction the batch is one: all or nothing. Raises `StatementFailed`, `ConnectionLost`.
        """
        answer: asyncio.Future[list[PGresult]] = self._loop.create_future()
        self._begin(_Batch(calls, keep, answer))
        return await answer

    def send(self, calls: Sequence[Call]) -> None:
        """Start a batch whose outcome nobody waits for."""
        self._begin(_Batch(calls, 0, None))

    def when_quiet(self, then: Callable[["Wire"], None]) -> None:
        """Call `then` once when no batch is under way any more, or the connection has ended."""
        self._when_quiet = then

    def interrupt(self) -> None:
        """Ask the server to give up the batch under way; the connection is of no further use, whatever comes of it.

        The request travels by itself and might hit a later batch.
        """
        self.interrupted = True
        self._loop.run_in_executor(None, _cancel, self._pgconn.get_cancel())

    def close(self, why: str = "it was closed") -> None:
        """End the connection; a batch under way fails with `ConnectionLost`. Twice is once."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        self._pgconn.finish()
        batch, self._batch = self._batch, None
        if batch is not None:
            self._finish(batch, batch.failure or ConnectionLost(why))
        self._tell_quiet()

    def _begin(self, batch: _Batch) -> None:
        if self._batch is not None:
            raise RuntimeError("a unit of work does one thing at a time; await one call before the next")
        if self.closed:
            self._finish(batch, ConnectionLost("it was closed before"))
            return
        self._batch = batch
        self._watch(batch)
        self._pump()

    def _watch(self, batch: _Batch) -> None:
        """End the connection when nothing came back for as long as the server may take."""
        if not batch.moving:
            self.close("the server did not answer in time")
            return
        batch.moving = False
        batch.timer = self._loop.call_later(self._answer_timeout_s, self._watch, batch)

    def _pump(self) -> None:
        """Hand over what the socket takes; go on when it takes more."""
        batch = self._batch
        if batch is None:
            return
        try:
            blocked = self._pgconn.flush()
            while not blocked and not batch.synced:
                self._hand_over(batch)
                blocked = self._pgconn.flush()
        except psycopg.OperationalError as error:
            self._lost(error)
            return
        if bool(blocked) is not self._writing:
            self._writing = bool(blocked)
            if blocked:
                self._loop.add_writer(self._socket, self._pump)
            else:
                self._loop.remove_writer(self._socket)

    def _hand_over(self, batch: _Batch) -> None:
        pgconn = self._pgconn
        start = batch.sent
        # After a failure the server skips everything up to the Sync: the rest need not be sent.
        end = start if batch.failure else min(start + _CHUNK, len(batch.calls))
        for index, call in enumerate(islice(batch.calls, start, end), start):
            statement = call.statement
            name = statement.prepared_as
            if not self._prepare:
                pgconn.send_query_params(statement.sql, call.params)
            else:
                if name not in self._prepared and name not in batch.preparing:
                    pgconn.send_prepare(name, statement.sql)
                    batch.preparing.add(name)
                    batch.expected.append(name)
                pgconn.send_query_prepared(name, call.params)
            batch.expected.append(index)
        batch.sent = end
        if batch.failure or end == len(batch.calls):
            pgconn.pipeline_sync()
            batch.expected.append(None)
            batch.synced = True

    def _on_readable(self) -> None:
        batch = self._batch
        try:
            self._pgconn.consume_input()
            self._take_results()
            # uvloop tells once of a socket that failed and never again: what is left there is read at once.
            while (batch is None or self._batch is batch) and self._failed():
                self._pgconn.consume_input()
                self._take_results()
        except psycopg.OperationalError as error:
            self._lost(error)
            return
        if self._writing:
            self._pump()

    def _failed(self) -> bool:
        """Tell whether the other side is gone, whatever it sent before; asked only when no batch came to its end."""
        return not self.closed and any(events & _GONE for _, events in self._polling.poll(0))

    def _take_results(self) -> None:
        pgconn = self._pgconn
        empty = 0
        while (batch := self._batch) is not None and batch.expected and not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                # One None ends each statement's results; a second means that libpq waits for nothing.
                empty += 1
                if empty > 1:
                    raise psycopg.OperationalError("the connection lost count of its results")
                continue
            empty = 0
            self._take(batch, result)
        if self._batch is None and not self.closed and pgconn.status == _BAD:
            raise psycopg.OperationalError("the server closed the connection")

    def _take(self, batch: _Batch, result: PGresult) -> None:
        batch.moving = True
        what = batch.expected.popleft()
        status = result.status
        if what is None:
            if status != _SYNC:
                raise psycopg.OperationalError("the connection lost count of its results")
            self._batch = None
            self._finish(batch, batch.failure)
            self._tell_quiet()
        elif status in (_ROWS, _DONE):
            if isinstance(what, bytes):
                # Only what the server acknowledged exists there: after an error the later ones do not.
                self._prepared.add(what)
            elif what >= batch.keep_from:
                batch.results.append(result)
        elif status != _ABORTED and batch.failure is None:
            index = what if isinstance(what, int) else self._next_call(batch)
            batch.failure = StatementFailed(index, result)

    @staticmethod
    def _next_call(batch: _Batch) -> int:
        return next((what for what in batch.expected if isinstance(what, int)), 0)

    def _finish(self, batch: _Batch, failure: Exception | None) -> None:
        if batch.timer is not None:
            batch.timer.cancel()
        if batch.answer is None or batch.answer.done():
            return
        if failure is None:
            batch.answer.set_result(batch.results)
        else:
            batch.answer.set_exception(failure)

    def _lost(self, error: psycopg.OperationalError) -> None:
        self.close(str(error).strip() or "the connection was lost")

    def _tell_quiet(self) -> None:
        then, self._when_quiet = self._when_quiet, None
        if then is not None:
            then(self)


def _cancel(request: PGcancel) -> None:
    # Whether it arrived shows in the batch.
    with suppress(psycopg.OperationalError):
        request.cancel()
