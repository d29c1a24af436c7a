"""Conflicts on the memory backend, what is left of them, and units of work used outside their time."""

import gc
from collections.abc import Awaitable, Callable

import pytest
from attrs import evolve

from amss_adapters.memory import MemoryBackend, MemoryUnitOfWork
from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.model import Organization
from amss_domain.audit.ports import AuditFilter
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import AlreadyExists, BrokenReference
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.builders import a_user, an_aircraft, an_organization
from amss_domain.testing.stand_ins import NOON


def opened(backend: MemoryBackend, org_id: OrgId) -> MemoryUnitOfWork:
    """Return a unit of work of the worker's."""
    return backend.open_uow(org_id, system_actor(org_id, "worker"))


async def test_a_conflict_lets_go_at_once_and_stays(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """After a conflict everything held is free, and whatever is tried raises the same conflict, commit included."""
    aircraft, other = pair
    async with opened(backend, ours.id) as uow:
        await uow.fleet.get_for_update(aircraft.id)
        with pytest.raises(AlreadyExists) as conflict:
            uow.fleet.add(an_aircraft(org_id=ours.id, registration=other.registration))

        async with opened(backend, ours.id) as another:
            await another.fleet.get_for_update(aircraft.id)

        for attempt in (lambda: uow.fleet.get(aircraft.id), uow.commit):
            with pytest.raises(AlreadyExists) as again:
                await attempt()
            assert again.value is conflict.value


async def test_a_key_is_free_for_the_rest_of_the_unit_of_work_that_gave_it_up(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """An archived aircraft's registration can be used in the same unit of work, and is then the new one's alone."""
    aircraft, _ = pair
    heir = an_aircraft(org_id=ours.id, registration=aircraft.registration)
    async with opened(backend, ours.id) as uow:
        uow.fleet.save(aircraft.archived(at=NOON)[0], was=aircraft)
        uow.fleet.add(heir)
        await uow.commit()

    async with opened(backend, ours.id) as uow:
        assert await uow.fleet.by_registrations([aircraft.registration]) == {aircraft.registration.lower(): heir}
        with pytest.raises(AlreadyExists):
            uow.fleet.add(an_aircraft(org_id=ours.id, registration=aircraft.registration.upper()))


async def test_keys_can_be_exchanged(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """Two aircraft that exchange registrations in one unit of work are found by their new ones."""
    one, other = pair
    aside = evolve(one, registration="CS-XXX", version=2)
    changed = evolve(other, registration=one.registration, version=2)
    back = evolve(one, registration=other.registration, version=3)
    async with opened(backend, ours.id) as uow:
        uow.fleet.save(aside, was=one)
        uow.fleet.save(changed, was=other)
        uow.fleet.save(back, was=aside)
        await uow.commit()

    async with opened(backend, ours.id) as uow:
        found = await uow.fleet.by_registrations([one.registration, other.registration, "CS-XXX"])
    assert found == {one.registration.lower(): changed, other.registration.lower(): back}


async def test_a_key_taken_meanwhile_refuses_the_commit(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """Two who take one key without seeing each other: the second to commit is refused, and leaves nothing."""
    mine = an_aircraft(org_id=ours.id, registration="CS-TNA")
    yours = an_aircraft(org_id=ours.id, registration="cs-tna")
    async with opened(backend, ours.id) as first, opened(backend, ours.id) as second:
        for uow, aircraft in ((first, mine), (second, yours)):
            uow.fleet.add(aircraft)
            uow.record(aircraft.created())
        await first.commit()
        with pytest.raises(AlreadyExists):
            await second.commit()

    async with opened(backend, ours.id) as uow:
        assert await uow.fleet.by_registrations(["CS-TNA"]) == {"cs-tna": mine}
        entries = await uow.audit.page(PageRequest(), filter=AuditFilter(resource_id=yours.id))
        assert (entries.items, len(await uow.outbox.unpublished(limit=9))) == ((), 1)


async def test_an_error_in_the_middle_changes_nothing(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """An exception that leaves the unit of work takes its changes with it and frees what it held."""
    aircraft, _ = pair

    async def change_and_fail() -> None:
        async with opened(backend, ours.id) as uow:
            held = await uow.fleet.get_for_update(aircraft.id)
            uow.fleet.save(held.archived(at=NOON)[0], was=held)
            raise KeyError

    with pytest.raises(KeyError):
        await change_and_fail()

    async with opened(backend, ours.id) as uow:
        assert await uow.fleet.get_for_update(aircraft.id) == aircraft


async def test_units_of_work_of_an_organization_to_be_meet_each_other(backend: MemoryBackend) -> None:
    """Of two that add one organization at once, the second to commit is refused; the first's is there."""
    organization = an_organization()
    async with opened(backend, organization.id) as first, opened(backend, organization.id) as second:
        first.organizations.add(organization)
        second.organizations.add(evolve(organization, slug="other"))
        first.record(organization.created())
        await first.commit()
        with pytest.raises(AlreadyExists):
            await second.commit()


async def test_what_is_committed_stays_when_nobody_uses_it(backend: MemoryBackend, ours: Organization) -> None:
    """What an organization has is there again after every unit of work is gone."""
    user = a_user(org_id=ours.id)
    async with opened(backend, ours.id) as uow:
        uow.users.add(user)
        await uow.commit()
    del uow
    gc.collect()

    async with opened(backend, ours.id) as uow:
        assert await uow.users.all() == (user,)


async def test_nothing_is_kept_for_an_organization_that_is_not_there(backend: MemoryBackend) -> None:
    """Nothing is added before its organization."""
    org_id = an_organization().id
    async with opened(backend, org_id) as uow:
        with pytest.raises(UnknownOrganization):
            await uow.organizations.current_for_update()
        with pytest.raises(BrokenReference):
            uow.fleet.add(an_aircraft(org_id=org_id))


async def _entered_twice(uow: MemoryUnitOfWork) -> None:
    await uow.__aenter__()
    await uow.__aenter__()


async def _never_entered(uow: MemoryUnitOfWork) -> None:
    await uow.users.all()


async def _committed_twice(uow: MemoryUnitOfWork) -> None:
    async with uow:
        await uow.commit()
        await uow.commit()


async def _recorded_too_early(uow: MemoryUnitOfWork) -> None:
    uow.record(an_aircraft(org_id=uow.org_id).created())


async def _recorded_after_the_commit(uow: MemoryUnitOfWork) -> None:
    async with uow:
        await uow.commit()
        uow.record(an_aircraft(org_id=uow.org_id).created())


async def _added_after_leaving(uow: MemoryUnitOfWork) -> None:
    async with uow:
        fleet = uow.fleet
    fleet.add(an_aircraft(org_id=uow.org_id))


async def _read_after_the_commit(uow: MemoryUnitOfWork) -> None:
    async with uow:
        await uow.commit()
        await uow.tasks.get_many([])


@pytest.mark.parametrize(
    ("misuse", "why"),
    [
        (_entered_twice, "entered once"),
        (_never_entered, "open it with `async with` first"),
        (_committed_twice, "it was committed"),
        (_recorded_too_early, "open it with `async with` first"),
        (_recorded_after_the_commit, "it was committed"),
        (_added_after_leaving, "it was left"),
        (_read_after_the_commit, "it was committed"),
    ],
)
async def test_misuse_is_told_clearly(
    backend: MemoryBackend, ours: Organization, misuse: Callable[[MemoryUnitOfWork], Awaitable[None]], why: str
) -> None:
    """A unit of work used outside its time raises RuntimeError saying why."""
    with pytest.raises(RuntimeError, match=why):
        await misuse(opened(backend, ours.id))
