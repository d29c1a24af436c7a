"""One organization's conversation with the database: operations are collected and sent with the next read or commit."""

from collections.abc import Coroutine, Generator, Sequence
from contextlib import suppress
from enum import Enum
from itertools import repeat
from typing import Any, Final
from uuid import UUID

from attrs import frozen
from psycopg.pq.abc import PGresult

from amss_adapters.postgres.codec import Param, Params, Row, from_id, from_number
from amss_adapters.postgres.errors import DatabaseFault, Kind, Subject, loss, refusal
from amss_adapters.postgres.pool import Pool
from amss_adapters.postgres.statements import Statement, statements
from amss_adapters.postgres.wire import Call, ConnectionLost, StatementFailed, Wire
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.errors import ActorInactive, AmssError, BrokenReference
from amss_domain.shared.ids import OrgId

_SQL: Final = statements("session")
_BEGIN: Final = Call(_SQL["begin"])
_ENTER: Final = _SQL["enter"]
_REFUSE_INACTIVE: Final = _SQL["refuse_inactive"]
_COMMIT: Final = Call(_SQL["commit"])

# AM002 is ours, raised by amss_refuse_inactive.
_SESSION: Final = Kind[Actor]("unit of work", {"AM002": lambda actor: ActorInactive(actor.id)})


@frozen
class Patience:
    """How long the server lets a transaction wait for a lock, run one statement and stand idle, in seconds."""

    lock_s: float = 10.0
    statement_s: float = 30.0
    idle_s: float = 60.0

    @property
    def params(self) -> Params:
        """The three as the server takes them: milliseconds."""
        return tuple(from_number(round(seconds * 1000)) for seconds in (self.lock_s, self.statement_s, self.idle_s))


class _State(Enum):
    NEW = "open it with `async with` first"
    OPEN = "open"
    COMMITTED = "it was committed; open another"
    LEFT = "it was left; open another"


class _Read:
    """A read that is sent together with others: whoever awaits it gets its rows once they are there."""

    __slots__ = ("call", "kind", "rows")

    def __init__(self, call: Call, kind: Kind[Any]) -> None:
        self.call = call
        self.kind = kind
        self.rows: list[Row] = []

    def __await__(self) -> Generator["_Read", None, list[Row]]:
        yield self
        return self.rows


class Session:
    """Reads and changes in one transaction, opened when something is held or changed before the end.

    What only looks needs none: each statement sees what is committed by then, in a transaction as without one. Changes
    alone, in one batch, are one transaction by themselves.

    After a conflict nothing can be committed: whatever is tried raises it again.
    Raises RuntimeError when used before it was begun or after it ended.
    """

    def __init__(self, pool: Pool, org_id: OrgId, actor: Actor, patience: Params) -> None:
        self.org_id = org_id
        self.org = from_id(org_id)
        self._pool = pool
        self._user = _user_of(actor)
        self._enter = Call(_ENTER, (self.org, *patience, self._user))
        self._about_itself = Subject(_SESSION, "as a whole", actor)
        self._wire: Wire | None = None
        self._queued: list[Call] = []
        self._subjects: list[Subject[Any]] = []
        self._failure: AmssError | DatabaseFault | None = None
        self._state = _State.NEW
        self._busy = False
        self._in_transaction = False
        self._together = False

    def begin(self) -> None:
        """Make it usable. Raises RuntimeError the second time."""
        if self._state is not _State.NEW:
            raise RuntimeError("a unit of work is entered once; open another")
        self._state = _State.OPEN

    def require_usable(self) -> None:
        """Raise RuntimeError unless it is open, or the conflict that it met."""
        if self._failure is not None:
            raise self._failure
        if self._state is not _State.OPEN:
            raise RuntimeError(f"this unit of work cannot be used: {self._state.value}")
        if self._busy:
            raise RuntimeError("a unit of work does one thing at a time; await one call before the next")

    def require_own(self, org_id: OrgId, table: str) -> None:
        """Raise `BrokenReference` for what belongs to another organization; nothing can be committed then."""
        if org_id != self.org_id:
            self._failure = BrokenReference(f"{table}_org_id_fkey")
            raise self._failure

    def queue(self, statement: Statement, params: Params, subject: Subject[Any]) -> None:
        """Collect a change; a conflict shows with the next read or at commit."""
        self.require_usable()
        self._queued.append(Call(statement, params))
        self._subjects.append(subject)

    def queue_first(self, statement: Statement, params: Params, subject: Subject[Any]) -> None:
        """Collect a change to be made before those collected so far."""
        self.require_usable()
        self._queued.insert(0, Call(statement, params))
        self._subjects.insert(0, subject)

    async def read(self, statement: Statement, params: Params, kind: Kind[Any]) -> list[Row]:
        """Return the rows of a read, which sees the changes collected so far."""
        self.require_usable()
        read = _Read(Call(statement, params), kind)
        await self._answer((read,))
        return read.rows

    async def together(self, reads: Sequence[Coroutine[Any, Any, Any]]) -> tuple[Any, ...]:
        """Return what the reads come to, in their order; those that wait for the database at a time travel together.

        Raises what the first one raises that fails, and RuntimeError for what waits for anything else.
        """
        results: list[Any] = [None] * len(reads)
        going = dict(enumerate(reads))
        try:
            self.require_usable()
            while asked := self._asked(going, results):
                await self._answer(asked)
        finally:
            for read in going.values():
                read.close()
        return tuple(results)

    def _asked(self, going: dict[int, Coroutine[Any, Any, Any]], results: list[Any]) -> list[_Read]:
        """Let each go on to what it asks the database next; those that come to their end leave their results."""
        asked = []
        among_others, self._together = self._together, True
        try:
            for number, read in tuple(going.items()):
                try:
                    asked.append(read.send(None))
                except StopIteration as ended:
                    results[number] = ended.value
                    del going[number]
        finally:
            self._together = among_others
        if not all(isinstance(one, _Read) for one in asked):
            raise RuntimeError("only what is read through the unit of work can be awaited together")
        return asked

    async def _answer(self, reads: Sequence[_Read]) -> None:
        """Send the reads, after the changes collected so far; those that are awaited together, somebody else sends."""
        if self._together:
            for read in reads:
                await read
            return
        opening: Sequence[Call] = ()
        if not self._in_transaction:
            self._in_transaction = bool(self._queued) or not all(read.call.statement.only_looks for read in reads)
            opening = (_BEGIN, self._enter) if self._in_transaction else (self._enter,)
        self._subjects += (Subject(read.kind, "as read") for read in reads)
        calls = (*self._queued, *(read.call for read in reads))
        results = await self._send(opening, calls, (), keep=len(reads))
        for read, result in zip(reads, results, strict=True):
            read.rows = rows_of(result)

    async def commit(self) -> None:
        """Make all changes, or none; then it is over."""
        self.require_usable()
        if self._in_transaction:
            # Asked already when it was opened; the answer may be another by now.
            before = (Call(_REFUSE_INACTIVE, (self._user,)),) if self._user and self._queued else ()
            await self._send(before, self._queued, (_COMMIT,))
        elif self._queued:
            await self._send((self._enter,), self._queued, ())
        self._state = _State.COMMITTED
        self._let_go()

    def leave(self) -> None:
        """Forget what was not committed."""
        if self._state is not _State.COMMITTED:
            self._state = _State.LEFT
        self._failure = None
        self._let_go()

    async def _send(
        self, before: Sequence[Call], calls: Sequence[Call], after: Sequence[Call], *, keep: int = 0
    ) -> list[PGresult]:
        """Run the calls as one batch and forget what was collected; `subjects` are in step with `calls`."""
        subjects, self._queued, self._subjects = self._subjects, [], []
        self._busy = True
        try:
            if self._wire is None:
                self._wire = await self._pool.acquire()
            return await self._wire.run((*before, *calls, *after), keep=keep)
        except StatementFailed as failed:
            about = failed.index - len(before)
            subject = subjects[about] if 0 <= about < len(subjects) else self._about_itself
            self._failure = refusal(failed.result, subject)
        except ConnectionLost as lost:
            self._failure = loss(lost)
        except AmssError as unavailable:
            self._failure = unavailable
            raise
        except BaseException:
            # Cancelled while a batch is under way: it goes on, and what becomes of it is not known here.
            self._state = _State.LEFT
            raise
        finally:
            self._busy = False
        raise self._failure

    def _let_go(self) -> None:
        self._queued, self._subjects = [], []
        wire, self._wire = self._wire, None
        if wire is not None:
            self._pool.release(wire)


def _user_of(actor: Actor) -> Param:
    """Return the id of the user that the actor is; None for anybody else."""
    if actor.kind is ActorKind.USER:
        with suppress(ValueError):
            return from_id(UUID(actor.id))
    return None


def rows_of(result: PGresult) -> list[Row]:
    """Return the rows of a result."""
    columns = range(result.nfields)
    value = result.get_value
    return [tuple(map(value, repeat(row), columns)) for row in range(result.ntuples)]
