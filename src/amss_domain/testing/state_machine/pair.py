"""Two backends that are given the same commands, and how their answers are compared."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from amss_domain.access.model import Role, User
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.errors import AmssError, Refused
from amss_domain.shared.ids import AircraftId, PartId, ProgramId
from amss_domain.testing.backend import Backend, Work
from amss_domain.testing.builders import a_user, an_actor, an_organization
from amss_domain.testing.snapshot import snapshot
from amss_domain.testing.stand_ins import CountingIds, ManualClock, a_fresh_block
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.workshop import Workshop

T = TypeVar("T")

WORKER: Final = "worker"
ROLES: Final = tuple(role for role in Role if role is not Role.SYSTEM_ADMIN)
ACTORS: Final = st.sampled_from([WORKER] * 9 + [role.value for role in ROLES])
"""Who acts: most often somebody who may do everything."""

NUMBERS: Final = st.integers(0, 99)
"""Which of those there are: the same one for the same number."""

REASONS: Final = st.sampled_from(["typing error"] * 5 + [" "])
"""Why something is done: most often for a reason."""


@frozen
class Answer(Generic[T]):
    """What a command came to: a result, or the code of the error with every reason that the domain gave."""

    result: T | None = None
    refusal: tuple[object, ...] = ()


class Pair(RuleBasedStateMachine):
    """Two organizations, alike in everything, each at work on a backend of its own."""

    def __init__(self, left: Backend, right: Backend, runner: asyncio.Runner) -> None:
        super().__init__()
        self.runner: Final[asyncio.Runner] = runner
        self.clock: Final[ManualClock] = ManualClock()
        organization = an_organization()
        users = [a_user(org_id=organization.id, role=role, email=f"{role.value}@example.org") for role in ROLES]
        self.users: Final[list[User]] = users
        self.actors: dict[str, Actor] = {user.role.value: an_actor(user) for user in users}
        self.actors[WORKER] = system_actor(organization.id, WORKER)
        self.aircraft: list[AircraftId] = []
        self.parts: list[PartId] = []
        self.programs: list[ProgramId] = []
        self.shops: list[Workshop] = []
        block = a_fresh_block()
        for backend in (left, right):
            tenant = Tenant(backend, organization, self.actors[WORKER])
            runner.run(tenant.keep(organization, *users))
            self.shops.append(Workshop(tenant, clock=self.clock, ids=CountingIds(block)))

    def ask(self, command: Callable[[Workshop], Awaitable[T]]) -> T | None:
        """Give both the command; fail unless they answer alike. Return the result, None for a refusal."""
        left, right = (self.runner.run(_answer(command, shop)) for shop in self.shops)
        assert left == right
        return left.result

    def look(self, at: Callable[[Work], Awaitable[T]]) -> T:
        """Return what the left one's ports say."""
        return self.runner.run(_read(self.shops[0].tenant, at))

    def teardown(self) -> None:
        """Compare everything that both have come to."""
        left, right = (self.runner.run(snapshot(shop.tenant)) for shop in self.shops)
        assert left == right


def pick(among: Sequence[T], number: int) -> T:
    """Return one of them, the same for the same number."""
    return among[number % len(among)]


async def _answer(command: Callable[[Workshop], Awaitable[T]], shop: Workshop) -> Answer[T]:
    try:
        return Answer(result=await command(shop))
    except Refused as refused:
        return Answer(refusal=(refused.code, *refused.violations))
    except AmssError as error:
        return Answer(refusal=(error.code,))


async def _read(tenant: Tenant, at: Callable[[Work], Awaitable[T]]) -> T:
    async with tenant.open() as uow:
        return await at(uow)
