"""The one door through which anything is read or changed, opened for one organization."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeAlias, TypeVar, overload

from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import StaleVersion
from amss_domain.shared.events import Event
from amss_domain.shared.idempotency import Answers, Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.shared.outbox import Outbox

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")
W_co = TypeVar("W_co", bound="UnitOfWork", covariant=True)


Reading: TypeAlias = Coroutine[object, object, T]
"""A read that has been called for and is not awaited yet."""


class Together:
    """Awaits several reads of one unit of work as one, and gives what they come to in their order.

    What each finds and holds is what it would if they were awaited in turn; where they have a way to go they travel
    together. Raises what the first one raises that fails; the others may then not have been made.
    """

    __slots__ = ("_run",)

    def __init__(self, run: Callable[[Sequence[Reading[object]]], Awaitable[tuple[object, ...]]]) -> None:
        self._run = run

    @overload
    async def __call__(self, one: Reading[T1], two: Reading[T2], /) -> tuple[T1, T2]: ...

    @overload
    async def __call__(self, one: Reading[T1], two: Reading[T2], three: Reading[T3], /) -> tuple[T1, T2, T3]: ...

    @overload
    async def __call__(
        self, one: Reading[T1], two: Reading[T2], three: Reading[T3], four: Reading[T4], /
    ) -> tuple[T1, T2, T3, T4]: ...

    @overload
    async def __call__(
        self, one: Reading[T1], two: Reading[T2], three: Reading[T3], four: Reading[T4], five: Reading[T5], /
    ) -> tuple[T1, T2, T3, T4, T5]: ...

    async def __call__(self, *reads: Reading[object]) -> tuple[object, ...]:
        """Await the reads."""
        return await self._run(reads)


async def in_turn(reads: Sequence[Reading[object]]) -> tuple[object, ...]:
    """Await one read after another: how they are together where none has a way to go."""
    try:
        return tuple([await read for read in reads])
    finally:
        # What comes after one that failed is not awaited, and is not to be missed.
        for read in reads:
            read.close()


class UnitOfWork(Protocol):
    """Read and change one organization's objects, all or nothing.

    - Nothing of another organization can be read, changed or referred to through it.
    - Leaving without `commit` changes nothing.
    - Its own uncommitted changes are visible to its reads; to nobody else's.
    - `together` awaits several reads as one; each finds and holds what it would if they were awaited in turn.
    - `commit` writes the business rows, one audit entry for each recorded event and one outbox message for each public
      one, in one transaction; it may be called once.
    - One opened with an `Idempotency` keeps, in that transaction, what its `answer` makes of the `result` given to
      `commit`; when something was committed under the key before, nothing is saved (`KeyTaken`).
    - A user who has been deactivated can neither read nor commit anything (`ActorInactive`), whatever was found out
      about that user before.
    - `add` and `save` of its repositories may report a conflict (`AlreadyExists`, `StaleVersion`, `BrokenReference`,
      `InvariantBroken`) at once, at a later read, or at `commit`; after one, nothing can be committed.
    - `get_for_update` waits for whoever else holds the object; objects are locked in the order aircraft, link, task,
      stock, each by id, so that nobody waits in a circle.
    """

    @property
    def org_id(self) -> OrgId: ...

    @property
    def actor(self) -> Actor: ...

    @property
    def together(self) -> Together: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def answers(self) -> Answers: ...

    def record(self, event: Event, /) -> None: ...

    async def commit(self, result: object = None, /) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class OpenUnitOfWork(Protocol[W_co]):
    """Open a unit of work for one organization and actor; used as `async with open_uow(org_id, actor) as uow:`.

    With `idempotency` it has its effect at most once. A use case never gives it: whoever runs the use case for a client
    hands it an opener that does.
    """

    def __call__(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> W_co: ...


async def on_fresh_data(attempt: Callable[[], Awaitable[T]], *, attempts: int = 3) -> T:
    """Run `attempt`, again on fresh data when it met a stale version, `attempts` times in all.

    Raises the last `StaleVersion` when every attempt met one.
    """
    for _ in range(attempts - 1):
        try:
            return await attempt()
        except StaleVersion:
            continue
    return await attempt()
