"""Faults to order: ports that fail when they are called for the n-th time."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Generic, ParamSpec, TypeVar, cast

from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, UnitOfWork

A = ParamSpec("A")
P = TypeVar("P")
R = TypeVar("R")
W = TypeVar("W", bound=UnitOfWork)


class FailsOnCall:
    """Let the n-th call, counted over all that it was put around, fail with `error`; n counts from 1, and 0 lets none.

    The call that fails has no effect. `calls` is how many there have been, the failed one too.
    """

    def __init__(self, n: int, *, error: Exception | None = None) -> None:
        self.n: Final = n
        self.error: Final[Exception] = error or Unavailable("the backend", f"call {n} was made to fail")
        self.calls: int = 0

    def around(self, port: P) -> P:
        """Return the port with its calls counted."""
        return cast(P, _Counted(port, self))

    def opening(self, open_uow: OpenUnitOfWork[W]) -> OpenUnitOfWork[W]:
        """Return what opens units of work whose calls are counted, with those of their repositories."""

        def opened(org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> W:
            return cast(W, _CountedWork(open_uow(org_id, actor, idempotency=idempotency), self))

        return opened

    def count(self) -> None:
        """Count one call, or fail."""
        self.calls += 1
        if self.calls == self.n:
            raise self.error


class _Counted(Generic[P]):
    """Something whose every call is counted before it is made."""

    def __init__(self, real: P, faults: FailsOnCall) -> None:
        self._real = real
        self._faults = faults

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._real, name)
        return _counted(found, self._faults) if callable(found) else found


class _CountedWork(_Counted[W]):
    """A unit of work whose every call is counted, entering it and those of its repositories too."""

    def __getattr__(self, name: str) -> object:
        found: object = super().__getattr__(name)
        # What a unit of work has is a repository, or a fact: its organization, its actor.
        return found if callable(found) or name in ("org_id", "actor") else _Counted(found, self._faults)

    async def __aenter__(self) -> "_CountedWork[W]":
        self._faults.count()
        await self._real.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self._real.__aexit__(kind, error, trace)


def _counted(call: Callable[A, R], faults: FailsOnCall) -> Callable[A, R]:
    def counted(*args: A.args, **named: A.kwargs) -> R:
        faults.count()
        return call(*args, **named)

    return counted
