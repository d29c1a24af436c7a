"""Units of work on the memory backend that wait for each other."""

import asyncio
from asyncio import create_task, sleep
from collections.abc import Coroutine

import pytest
from attrs import evolve

from amss_adapters.memory import MemoryBackend, MemoryUnitOfWork
from amss_domain.access.model import Organization
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import NotFound, StaleVersion
from amss_domain.shared.ids import OrgId
from amss_domain.testing.builders import an_organization
from amss_domain.testing.scheduling_builders import a_link, a_program, a_task
from amss_domain.testing.stand_ins import NOON


def opened(backend: MemoryBackend, org_id: OrgId) -> MemoryUnitOfWork:
    """Return a unit of work of the worker's."""
    return backend.open_uow(org_id, system_actor(org_id, "worker"))


async def started(work: Coroutine[object, object, None]) -> asyncio.Task[None]:
    """Return the task of some work that has gone on until it waits."""
    task = create_task(work)
    for _ in range(5):
        await sleep(0)
    return task


def newer(aircraft: Aircraft) -> Aircraft:
    """Return the aircraft after some change."""
    return aircraft.described(evolve(aircraft.particulars, manufacturer="Airbus"), at=NOON)[0]


async def version_of(backend: MemoryBackend, aircraft: Aircraft) -> int:
    """Return the committed version."""
    async with opened(backend, aircraft.org_id) as uow:
        return (await uow.fleet.get(aircraft.id)).version


async def test_saving_what_another_holds_waits_in_commit(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """A save without holding waits for the holder in `commit`, and goes through when that changed nothing."""
    aircraft, _ = pair

    async def save() -> None:
        async with opened(backend, ours.id) as uow:
            uow.fleet.save(newer(aircraft), was=aircraft)
            await uow.commit()

    async with opened(backend, ours.id) as holding:
        await holding.fleet.get_for_update(aircraft.id)
        saving = await started(save())
        assert (saving.done(), await version_of(backend, aircraft)) == (False, 1)

    await saving
    assert await version_of(backend, aircraft) == 2


async def test_who_holds_it_wins_over_who_does_not(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """A save without holding that waited for a change in `commit` is stale, and its other changes are not made."""
    aircraft, other = pair

    async def save() -> None:
        async with opened(backend, ours.id) as uow:
            uow.fleet.save(newer(other), was=other)
            uow.fleet.save(newer(aircraft), was=aircraft)
            await uow.commit()

    async with opened(backend, ours.id) as holding:
        held = await holding.fleet.get_for_update(aircraft.id)
        saving = await started(save())
        holding.fleet.save(newer(held), was=held)
        await holding.commit()

    with pytest.raises(StaleVersion):
        await saving
    assert [await version_of(backend, one) for one in pair] == [2, 1]


async def test_one_of_a_circle_is_stale_and_the_other_goes_on(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """Two that hold what the other wants do not hang: one gets `StaleVersion`, the other what it waits for."""

    async def hold(first: Aircraft, then: Aircraft) -> None:
        async with opened(backend, ours.id) as uow:
            await uow.fleet.get_for_update(first.id)
            await sleep(0)
            found = await uow.fleet.get_for_update(then.id)
            uow.fleet.save(newer(found), was=found)
            await uow.commit()

    one, other = pair
    ends = await asyncio.gather(hold(one, other), hold(other, one), return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "StaleVersion"]
    assert sorted([await version_of(backend, aircraft) for aircraft in pair]) == [1, 2]


async def test_a_circle_through_commits_is_broken_too(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """Two that save in `commit` what the other holds do not hang either."""

    async def change(held: Aircraft, saved: Aircraft) -> None:
        async with opened(backend, ours.id) as uow:
            await uow.fleet.get_for_update(held.id)
            uow.fleet.save(newer(saved), was=saved)
            await sleep(0)
            await uow.commit()

    one, other = pair
    ends = await asyncio.gather(change(one, other), change(other, one), return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "StaleVersion"]


async def test_a_cancelled_waiter_holds_nobody_up(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """Who is cancelled while waiting leaves with everything it held, and changes nothing."""
    one, other = pair

    async def change_both() -> None:
        async with opened(backend, ours.id) as uow:
            found = await uow.fleet.get_for_update(one.id)
            uow.fleet.save(newer(found), was=found)
            await uow.fleet.get_for_update(other.id)
            await uow.commit()

    async with opened(backend, ours.id) as holding:
        await holding.fleet.get_for_update(other.id)
        waiting = await started(change_both())
        waiting.cancel()
        await asyncio.wait([waiting])

        async with opened(backend, ours.id) as another:
            assert await another.fleet.get_many_for_update([one.id]) == (one,)

    assert waiting.cancelled()


async def test_a_commit_cancelled_while_waiting_changes_nothing(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """A commit that is cancelled while it waits for a holder has done nothing, and is not tried again."""
    one, other = pair
    async with opened(backend, ours.id) as holding, opened(backend, ours.id) as uow:
        await holding.fleet.get_for_update(other.id)
        uow.fleet.save(newer(one), was=one)
        uow.fleet.save(newer(other), was=other)
        commit = await started(uow.commit())

        commit.cancel()
        await asyncio.wait([commit])

        with pytest.raises(RuntimeError, match="its commit has begun"):
            await uow.commit()
    assert [await version_of(backend, aircraft) for aircraft in pair] == [1, 1]


async def test_leaving_frees_who_waits_and_who_was_left_waiting(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """A unit of work left while a call of its own still waits does not get the object later and keep it for ever."""
    aircraft, _ = pair
    async with opened(backend, ours.id) as holding:
        await holding.fleet.get_for_update(aircraft.id)
        async with opened(backend, ours.id) as left:
            forgotten = create_task(left.fleet.get_for_update(aircraft.id))
            await sleep(0)

    with pytest.raises(RuntimeError, match="ended while it still waited"):
        await forgotten
    async with opened(backend, ours.id) as another:
        assert await another.fleet.get_for_update(aircraft.id) == aircraft


async def test_what_no_longer_matches_after_waiting_is_left_out(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """`by_registrations` that waited for an aircraft to be archived does not return it, as in PostgreSQL."""
    aircraft, _ = pair
    found: list[dict[str, Aircraft]] = []

    async def find() -> None:
        async with opened(backend, ours.id) as uow:
            found.append(await uow.fleet.by_registrations([aircraft.registration], for_update=True))

    async with opened(backend, ours.id) as holding:
        held = await holding.fleet.get_for_update(aircraft.id)
        finding = await started(find())
        holding.fleet.save(held.archived(at=NOON)[0], was=held)
        await holding.commit()
    await finding

    assert found == [{}]


async def test_tasks_completed_meanwhile_are_no_longer_open(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """Open tasks that were waited for and are cancelled by then are left out, as in PostgreSQL."""
    program = a_program(org_id=ours.id)
    link = a_link(pair[0], program)
    task = a_task(pair[0], link)
    async with opened(backend, ours.id) as uow:
        uow.programs.add(program)
        uow.links.add(link)
        uow.tasks.add(task)
        await uow.commit()
    found: list[tuple[Task, ...]] = []

    async def find_by_aircraft() -> None:
        async with opened(backend, ours.id) as uow:
            found.append(await uow.tasks.open_of_aircraft([task.aircraft_id], for_update=True))

    async def find_by_link() -> None:
        async with opened(backend, ours.id) as uow:
            found.append(await uow.tasks.open_of_links([link.id], for_update=True))

    async with opened(backend, ours.id) as holding:
        held = await holding.tasks.get_for_update(task.id)
        finding = [await started(find_by_aircraft()), await started(find_by_link())]
        holding.tasks.save(held.cancelled(reason="not needed", replaced_by=None, at=NOON)[0], was=held)
        await holding.commit()
    await asyncio.gather(*finding)

    assert found == [(), ()]


async def test_what_belongs_to_another_organization_cannot_be_held(
    backend: MemoryBackend, ours: Organization, pair: tuple[Aircraft, Aircraft]
) -> None:
    """Holding a foreign id finds nothing and keeps nobody waiting."""
    theirs = an_organization()
    async with opened(backend, theirs.id) as uow:
        uow.organizations.add(theirs)
        await uow.commit()

    async with opened(backend, theirs.id) as foreign, opened(backend, ours.id) as own:
        with pytest.raises(NotFound):
            await foreign.fleet.get_for_update(pair[0].id)
        assert await foreign.fleet.get_many_for_update([one.id for one in pair]) == ()
        assert await own.fleet.get_many_for_update([one.id for one in pair]) == pair
