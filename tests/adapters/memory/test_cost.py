"""What a unit of work costs, counted in calls rather than timed."""

import gc
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import date

from attrs import evolve

from amss_adapters.memory import MemoryBackend, MemoryUnitOfWork
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.link import Generation
from amss_domain.shared.actor import system_actor
from amss_domain.testing.builders import an_aircraft, an_organization
from amss_domain.testing.scheduling_builders import a_link, a_program
from amss_domain.testing.stand_ins import NOON, CountingIds, ManualClock

TODAY = date(2026, 3, 2)


async def calls_of(work: Awaitable[object]) -> int:
    """Return how many functions, Python's and C's, are called until the work is done."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        await work
    finally:
        sys.setprofile(None)
    return calls


async def a_fleet_of(size: int) -> Callable[[], MemoryUnitOfWork]:
    """Return what opens units of work of an organization with so many aircraft, each on one program and waiting."""
    backend = MemoryBackend(clock=ManualClock(), ids=CountingIds())
    organization = an_organization()
    program = a_program(org_id=organization.id)
    async with backend.open_uow(organization.id, system_actor(organization.id, "worker")) as uow:
        uow.organizations.add(organization)
        uow.programs.add(program)
        for number in range(size):
            aircraft = an_aircraft(org_id=organization.id, registration=f"N{number}")
            uow.fleet.add(aircraft)
            uow.record(aircraft.created())
            link = a_link(aircraft, program)
            uow.links.add(link.generating(Generation.WAITING, wake_on=date(2026, 3, 3), at=NOON))
        await uow.commit()
    return lambda: backend.open_uow(organization.id, system_actor(organization.id, "worker"))


async def change_one(open_uow: Callable[[], MemoryUnitOfWork]) -> None:
    """Load an aircraft in the middle of the fleet, change it, put another beside it and commit."""
    async with open_uow() as uow:
        (aircraft,) = (await uow.fleet.by_registrations(["N7"], for_update=True)).values()
        changed, event = aircraft.described(evolve(aircraft.particulars, manufacturer="Airbus"), at=NOON)
        uow.fleet.save(changed, was=aircraft)
        uow.record(event)
        added: Aircraft = an_aircraft(org_id=uow.org_id)
        uow.fleet.add(added)
        uow.record(added.created())
        await uow.commit()


async def test_a_change_costs_what_it_changes() -> None:
    """Opening, loading, changing and committing take as many calls in a fleet of 1,000 as in one of 10."""
    small, large = await a_fleet_of(10), await a_fleet_of(1_000)
    # What a process works out once and keeps, such as the fields of a class, is no cost of either.
    await change_one(await a_fleet_of(10))

    assert await calls_of(change_one(large)) == await calls_of(change_one(small))


async def test_a_pass_with_nothing_due_costs_nothing_of_the_fleet() -> None:
    """`to_generate` takes as many calls with 1,000 links that wait for later as with 10."""

    async def nothing_due(open_uow: Callable[[], MemoryUnitOfWork]) -> None:
        async with open_uow() as uow:
            assert await uow.links.to_generate(TODAY, limit=100) == ()

    small, large = await a_fleet_of(10), await a_fleet_of(1_000)

    assert await calls_of(nothing_due(large)) == await calls_of(nothing_due(small))


async def test_a_unit_of_work_is_gone_when_it_is_left() -> None:
    """Nothing of a unit of work waits for the garbage collector."""
    fleet = await a_fleet_of(10)
    gc.collect()
    gc.disable()
    try:
        await change_one(fleet)
        left = gc.collect()
    finally:
        gc.enable()

    assert left == 0


def test_importing_it_needs_no_more_than_the_core_install() -> None:
    """Of what is not in the standard library, only what the core install brings comes with the memory backend."""
    listing = (
        "import sys; before = set(sys.modules); import amss_adapters.memory; "
        "added = {name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names; "
        "print(*sorted(name for name in added if not name.startswith('_sysconfigdata')))"
    )

    listed = subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True, text=True)

    core = ["amss_adapters", "amss_domain", "attr", "attrs", "cattr", "cattrs", "typing_extensions"]
    assert set(listed.stdout.split()) <= set(core)
