"""The laws of who may use a unit of work at all."""

import pytest
from attrs import evolve

from amss_domain.shared.actor import Actor, ActorKind, system_actor
from amss_domain.shared.errors import ActorInactive
from amss_domain.testing.builders import a_part, a_user, an_actor
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant


class ActorsContract(Contract):
    """Who has been deactivated can do nothing any more, whatever was found out about them before."""

    async def test_who_has_no_access_reads_nothing(self, ours: Tenant) -> None:
        """The first thing that a deactivated user does is refused (`ActorInactive`)."""
        user = a_user(org_id=ours.id, active=False)
        await ours.keep(user)

        async def look() -> None:
            async with _as(ours, an_actor(user)).open() as uow:
                await uow.organizations.current()

        with pytest.raises(ActorInactive) as raised:
            await look()
        assert raised.value.actor_id == str(user.id)

    async def test_who_has_no_access_commits_nothing(self, ours: Tenant) -> None:
        """What a deactivated user adds is refused, also when nothing was read before, and nothing is left of it."""
        user = a_user(org_id=ours.id, active=False)
        await ours.keep(user)
        part = a_part(org_id=ours.id)

        with pytest.raises(ActorInactive):
            await _as(ours, an_actor(user)).keep(part, events=[part.created()])

        assert await _left(ours) == (0, 0)

    async def test_who_loses_access_meanwhile_commits_nothing(self, ours: Tenant) -> None:
        """A unit of work that began while its user had access is not committed after that has gone."""
        user, part = a_user(org_id=ours.id), a_part(org_id=ours.id)
        await ours.keep(user)

        async def outlive() -> None:
            async with _as(ours, an_actor(user)).open() as uow:
                await uow.organizations.current()
                await ours.change(user, user.deactivated(at=NOON)[0])
                uow.parts.add(part)
                uow.record(part.created())
                await uow.commit()

        with pytest.raises(ActorInactive):
            await outlive()

        assert await _left(ours) == (0, 0)

    async def test_who_gets_access_back_goes_on(self, ours: Tenant) -> None:
        """A user who was deactivated and is active again reads and commits as before."""
        user, part = a_user(org_id=ours.id), a_part(org_id=ours.id)
        await ours.keep(user)
        gone, _ = user.deactivated(at=NOON)
        await ours.change(user, gone)
        await ours.change(gone, evolve(gone, active=True, version=3))

        await _as(ours, an_actor(user)).keep(part, events=[part.created()])

        assert await _left(ours) == (1, 1)

    async def test_users_may_give_up_their_own_access(self, ours: Tenant) -> None:
        """What a unit of work itself takes away does not stop it, whether it reads in between or not."""
        users = [a_user(org_id=ours.id), a_user(org_id=ours.id)]
        await ours.keep(*users)

        for user, reads in zip(users, (False, True), strict=True):
            gone, event = user.deactivated(at=NOON)
            async with _as(ours, an_actor(user)).open() as uow:
                assert await uow.users.get(user.id) == user
                uow.users.save(gone, was=user)
                uow.record(event)
                if reads:
                    assert await uow.users.get(user.id) == gone
                await uow.commit()

            async with ours.open() as uow:
                assert await uow.users.get(user.id) == gone

    async def test_others_are_let_through(self, ours: Tenant, theirs: Tenant) -> None:
        """Whoever is no deactivated user of this very organization is not looked at."""
        foreign = a_user(org_id=theirs.id, active=False)
        gone = a_user(org_id=ours.id, active=False)
        await theirs.keep(foreign)
        await ours.keep(gone)
        actors = [
            evolve(an_actor(foreign), org_id=ours.id),
            an_actor(a_user(org_id=ours.id)),
            evolve(an_actor(gone), kind=ActorKind.API_KEY),
            system_actor(ours.id, str(gone.id)),
            evolve(an_actor(gone), id="somebody"),
        ]

        for number, actor in enumerate(actors, start=1):
            part = a_part(org_id=ours.id)
            await _as(ours, actor).keep(part, events=[part.created()])

            assert await _left(ours) == (number, number)


def _as(tenant: Tenant, actor: Actor) -> Tenant:
    return evolve(tenant, actor=actor)


async def _left(tenant: Tenant) -> tuple[int, int]:
    """Return how many entries and messages there are."""
    return len(await tenant.entries()), len(await tenant.messages())
