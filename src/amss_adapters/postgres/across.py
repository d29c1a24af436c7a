"""Statements that are about no organization in particular: those of the directory, and of the worker's queues."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from amss_adapters.postgres.codec import Row
from amss_adapters.postgres.errors import Kind, Subject, loss, refusal
from amss_adapters.postgres.pool import DATABASE, Pool
from amss_adapters.postgres.session import rows_of
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call, ConnectionLost, StatementFailed, Wire
from amss_domain.shared.errors import StaleVersion, Unavailable

T = TypeVar("T")

_SQL: Final = statements("session")
_BEGIN: Final = Call(_SQL["begin"])
_COMMIT: Final = Call(_SQL["commit"])

BY_INDEX: Final = Call(_SQL["by_index"])
"""What a batch about a large queue begins with.

A queue is empty at one moment and full at the next: plans that go by how much there was would read all of it.
"""

# Two that change many rows at once may come to wait for each other; one of them then starts over.
_TRIES: Final = 3


class Across:
    """Runs statements for no organization, each batch a transaction by itself.

    What the server gave up because others were in its way is tried again, so a batch has to be one that may be.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def rows(self, kind: Kind[Any], call: Call, /) -> list[Row]:
        """Return the rows of one statement about things of the kind."""
        (rows,) = await self.run(kind, (call,))
        return rows

    async def run(self, kind: Kind[Any], calls: Sequence[Call], /) -> list[list[Row]]:
        """Return the rows of each of the statements, which change everything or nothing."""

        async def at_once(wire: Wire) -> list[list[Row]]:
            return [rows_of(result) for result in await wire.run(calls, keep=len(calls))]

        return await self._tried(kind, at_once)

    async def in_two_steps(
        self, kind: Kind[Any], calls: Sequence[Call], then: Callable[[list[list[Row]]], Sequence[Call]], /
    ) -> None:
        """Run the statements, and in the same transaction those that `then` makes of their rows."""

        async def one_after_the_other(wire: Wire) -> None:
            results = await wire.run((_BEGIN, *calls), keep=len(calls))
            await wire.run((*then([rows_of(result) for result in results]), _COMMIT))

        await self._tried(kind, one_after_the_other)

    async def _tried(self, kind: Kind[Any], work: Callable[[Wire], Awaitable[T]]) -> T:
        for _ in range(1, _TRIES):
            try:
                return await self._with_a_wire(kind, work)
            except StaleVersion:
                continue
        try:
            return await self._with_a_wire(kind, work)
        except StaleVersion as lost:
            raise Unavailable(DATABASE, "others were in the way each time; try again") from lost

    async def _with_a_wire(self, kind: Kind[Any], work: Callable[[Wire], Awaitable[T]]) -> T:
        wire = await self._pool.acquire()
        try:
            return await work(wire)
        except StatementFailed as failed:
            raise refusal(failed.result, Subject(kind, "of the queue")) from None
        except ConnectionLost as lost:
            raise loss(lost) from None
        finally:
            self._pool.release(wire)
