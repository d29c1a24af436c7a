"""The laws of finding organizations in which there is something to do, across all of them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias
from uuid import UUID

from attrs import evolve

from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.task import TaskStatus
from amss_domain.shared.ids import OrgId
from amss_domain.testing.backend import Backend
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.scheduling_builders import a_link, a_program, a_task
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant

# On the two sides of the line at which a day begins.
_WEST, _EAST = "Pacific/Pago_Pago", "Pacific/Kiritimati"
_MIDNIGHT = datetime(2031, 5, 17, tzinfo=UTC)
_DAY = _MIDNIGHT.date()
_LATER = _MIDNIGHT + timedelta(days=2)

_Found: TypeAlias = Callable[[datetime], Awaitable[list[OrgId]]]


class _Find(Protocol):
    async def __call__(self, *, at: datetime, limit: int, after: OrgId | None = None) -> tuple[OrgId, ...]: ...


class WorkQueueContract(Contract):
    """The laws of `WorkQueue`."""

    async def test_organizations_with_pending_links_have_something_to_generate(
        self, backend: Backend, ours: Tenant, theirs: Tenant
    ) -> None:
        """`to_generate` finds an organization by a link that nothing was made for yet, and until something was."""
        link = await _keep_link(ours, Generation.PENDING)
        await _keep_link(theirs, Generation.OPEN)
        find = _among(backend.work_queue.to_generate, ours, theirs)

        assert await find(NOON) == [ours.id]
        await ours.change(link, link.generating(Generation.OPEN, at=NOON))
        assert await find(NOON) == []

    async def test_organizations_with_spreading_programs_have_something_to_generate(
        self, backend: Backend, ours: Tenant, theirs: Tenant
    ) -> None:
        """`to_generate` finds an organization by a program that links still have to follow."""
        program = a_program(org_id=ours.id, spreading=True)
        await ours.keep(program)
        await theirs.keep(a_program(org_id=theirs.id))
        find = _among(backend.work_queue.to_generate, ours, theirs)

        assert await find(NOON) == [ours.id]
        await ours.change(program, program.spread())
        assert await find(NOON) == []

    async def test_links_of_aircraft_that_left_are_nothing_to_generate(
        self, backend: Backend, ours: Tenant, theirs: Tenant
    ) -> None:
        """`to_generate` passes over links of archived aircraft, whatever they wait for."""
        for tenant, generation in ((ours, Generation.PENDING), (theirs, Generation.WAITING)):
            left, _ = an_aircraft(org_id=tenant.id).archived(at=NOON)
            program = a_program(org_id=tenant.id)
            await tenant.keep(left, program, a_link(left, program, generation=generation, wake_on=_DAY))

        assert await _among(backend.work_queue.to_generate, ours, theirs)(_LATER) == []

    async def test_links_wake_on_the_day_that_it_is_in_their_organization(
        self, backend: Backend, ours: Tenant, theirs: Tenant
    ) -> None:
        """`to_generate` finds an organization from the beginning of the day there, and not a moment earlier."""
        await _move(ours, _WEST)
        await _move(theirs, _EAST)
        for tenant in (ours, theirs):
            await _keep_link(tenant, Generation.WAITING)

        await _assert_day_begins(_among(backend.work_queue.to_generate, ours, theirs), west=ours, east=theirs)

    async def test_due_statuses_change_on_the_day_that_it_is_in_their_organization(
        self, backend: Backend, ours: Tenant, theirs: Tenant
    ) -> None:
        """`to_announce` finds an organization from the beginning of the day there, and not a moment earlier."""
        await _move(ours, _WEST)
        await _move(theirs, _EAST)
        for tenant in (ours, theirs):
            await _keep_task(tenant)

        await _assert_day_begins(_among(backend.work_queue.to_announce, ours, theirs), west=ours, east=theirs)

    async def test_only_open_tasks_have_something_to_announce(
        self, backend: Backend, ours: Tenant, theirs: Tenant
    ) -> None:
        """`to_announce` passes over tasks that are closed, and over those that change no more."""
        aircraft, other = an_aircraft(org_id=ours.id), an_aircraft(org_id=theirs.id)
        await ours.keep(aircraft, a_task(aircraft, status=TaskStatus.CANCELLED, next_change_on=_DAY))
        await theirs.keep(other, a_task(other))

        assert await _among(backend.work_queue.to_announce, ours, theirs)(_LATER) == []

    async def test_organizations_are_found_page_by_page(self, backend: Backend, ours: Tenant, theirs: Tenant) -> None:
        """Both return up to `limit` after one, by id."""
        for tenant in (ours, theirs):
            await _keep_task(tenant)
            await _keep_link(tenant, Generation.PENDING)
        first, second = sorted((ours.id, theirs.id))

        for find in (backend.work_queue.to_generate, backend.work_queue.to_announce):
            assert await find(at=_LATER, limit=1, after=OrgId(UUID(int=first.int - 1))) == (first,)
            assert first not in await find(at=_LATER, limit=2, after=first)
            assert [one for one in await _all(find, _LATER) if one in (first, second)] == [first, second]
            assert await find(at=_LATER, limit=1, after=OrgId(UUID(int=2**128 - 1))) == ()


async def _keep_link(tenant: Tenant, generation: Generation) -> Link:
    aircraft, program = an_aircraft(org_id=tenant.id), a_program(org_id=tenant.id)
    wake_on = _DAY if generation is Generation.WAITING else None
    link = a_link(aircraft, program, generation=generation, wake_on=wake_on)
    await tenant.keep(aircraft, program, link)
    return link


async def _keep_task(tenant: Tenant) -> None:
    aircraft = an_aircraft(org_id=tenant.id)
    await tenant.keep(aircraft, a_task(aircraft, next_change_on=_DAY))


async def _move(tenant: Tenant, time_zone: str) -> None:
    was = tenant.organization
    moved, _ = was.with_policy(evolve(was.policy, time_zone=time_zone), at=NOON)
    await tenant.change(was, moved)


async def _assert_day_begins(find: _Found, *, west: Tenant, east: Tenant) -> None:
    # The day begins 14 hours before it does in Greenwich on Kiritimati, and 11 hours after that in Pago Pago.
    for hours, expected in ((-14, [east.id]), (11, sorted((east.id, west.id)))):
        begins = _MIDNIGHT + timedelta(hours=hours)
        assert await find(begins) == expected
        assert await find(begins - timedelta(microseconds=1)) == ([] if hours < 0 else [east.id])


def _among(find: _Find, *tenants: Tenant) -> _Found:
    """Return what finds those of the tenants that are found, by id."""
    known = {tenant.id for tenant in tenants}

    async def found(at: datetime) -> list[OrgId]:
        return [org_id for org_id in await _all(find, at) if org_id in known]

    return found


async def _all(find: _Find, at: datetime) -> list[OrgId]:
    everyone: list[OrgId] = []
    while page := await find(at=at, limit=50, after=everyone[-1] if everyone else None):
        everyone += page
    return everyone
