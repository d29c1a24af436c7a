"""What the laws of every port have in common: the fixtures, the time they are given, and what a refusal is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import ClassVar, Final, TypeVar

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, settings

from amss_domain.shared.errors import AmssError
from amss_domain.testing.backend import Backend, Capabilities, Work
from amss_domain.testing.tenant import Changeable, Tenant, Thing, a_tenant, add, save

T = TypeVar("T")

PATIENCE_S: Final = 20.0
"""How long whatever must end may take."""

MOMENT_S: Final = 0.05
"""How long whatever must wait is watched doing so."""

some_examples: Final[settings] = settings(
    max_examples=20,
    deadline=None,
    # The object that failed is shown beside what was read back; simplifying it would take hundreds of units of work.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    # The backend stays open from example to example; what is kept is fresh in each.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow],
)
"""How often a law is tried with other values."""


class Contract:
    """Laws that every backend keeps; a subclass, its module or a conftest gives the fixture `backend`.

    `backend` returns or yields a started `Backend`. A fixture `capabilities` may return a `Capabilities` that declares
    what the backend does not do.
    """

    pytestmark: ClassVar[pytest.MarkDecorator] = pytest.mark.asyncio

    @pytest.fixture
    def can(self, request: pytest.FixtureRequest) -> Capabilities:
        """What the backend declares, everything unless it says otherwise."""
        try:
            declared: object = request.getfixturevalue("capabilities")
        except pytest.FixtureLookupError:
            return Capabilities()
        assert isinstance(declared, Capabilities)
        return declared

    @pytest_asyncio.fixture
    async def ours(self, backend: Backend) -> Tenant:
        """One organization."""
        return await a_tenant(backend)

    @pytest_asyncio.fixture
    async def theirs(self, backend: Backend) -> Tenant:
        """Another organization, which is nobody else's business."""
        return await a_tenant(backend, actor="cli:jane")


@asynccontextmanager
async def meanwhile(work: Coroutine[object, object, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Do `work` at the same time; given up at the end if it has not come to its own."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE_S)


async def assert_waits(task: asyncio.Task[T]) -> None:
    """Fail if the task comes to its end while it should wait."""
    done, _ = await asyncio.wait([task], timeout=MOMENT_S)
    assert done == set(), f"it should have waited, and came to {task.exception() or task.result()}"


async def outrun(tenant: Tenant, first: Callable[[Work], None], second: Callable[[Work], None]) -> AmssError:
    """Return the error with which the second of two units of work is refused, which change things and then commit."""

    async def attempt() -> None:
        async with tenant.open() as winner, tenant.open() as loser:
            first(winner)
            second(loser)
            await ending(winner.commit())
            await ending(loser.commit())

    with pytest.raises(AmssError) as raised:
        await attempt()
    return raised.value


async def ending(work: Awaitable[T]) -> T:
    """Return what `work` comes to; fail if it hangs."""
    async with asyncio.timeout(PATIENCE_S):
        return await work


async def refused(
    tenant: Tenant, *, adding: Thing | None = None, saving: tuple[Changeable, Changeable] | None = None
) -> AmssError:
    """Return the error with which a unit of work that adds or saves (now, was) this is refused, whenever that is."""

    async def attempt() -> None:
        async with tenant.open() as uow:
            if adding is not None:
                add(uow, adding)
            if saving is not None:
                save(uow, saving[0], was=saving[1])
            await uow.commit()

    with pytest.raises(AmssError) as raised:
        await attempt()
    return raised.value
