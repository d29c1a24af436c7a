"""The laws of reads that are awaited together."""

import pytest

from amss_domain.access.model import Organization
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import PartId
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import a_part, an_aircraft, some_stock
from amss_domain.testing.contracts.contract import Contract, assert_waits, ending, meanwhile
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.tenant import Tenant


class TogetherContract(Contract):
    """The laws of `UnitOfWork.together`: what it awaits comes to what it would in turn."""

    async def test_each_finds_what_it_would_alone(self, ours: Tenant) -> None:
        """The results come in the order of the reads, whatever they are of and whether they find anything."""
        part, stocked, aircraft = a_part(org_id=ours.id), a_part(org_id=ours.id), an_aircraft(org_id=ours.id)
        stock = some_stock(stocked)
        await ours.keep(part, stocked, aircraft, stock)

        async with ours.open() as uow:
            found = await uow.together(
                uow.stock.of_parts([stocked.id]),
                uow.fleet.get(aircraft.id),
                uow.parts.get_many([]),
                uow.organizations.current(),
                uow.parts.get_many({part.id, stocked.id}),
            )

        assert found[:3] == ((stock,), aircraft, ())
        assert found[3] == ours.organization
        assert set(found[4]) == {part, stocked}

    async def test_what_reads_twice_is_awaited_too(self, ours: Tenant) -> None:
        """A read may go on to another one, together with others again."""
        part, other = a_part(org_id=ours.id), a_part(org_id=ours.id)
        await ours.keep(part, other)

        async def twice(uow: Work) -> tuple[object, ...]:
            first = await uow.parts.get(part.id)
            return first, *await uow.together(uow.parts.get(other.id), uow.parts.get(part.id))

        async with ours.open() as uow:
            organization, found = await uow.together(_current(uow), twice(uow))

        assert (organization, found) == (ours.organization, (part, other, part))

    async def test_they_see_what_is_not_committed_yet(self, ours: Tenant) -> None:
        """Each sees the unit of work's own changes; the commit that follows keeps them."""
        part = a_part(org_id=ours.id)

        async with ours.open() as uow:
            uow.parts.add(part)
            found = await uow.together(uow.parts.get(part.id), uow.parts.get_many([part.id]))
            await uow.commit()

        assert found == (part, (part,))
        async with ours.open() as uow:
            assert await uow.parts.get(part.id) == part

    async def test_one_that_fails_fails_them_all(self, ours: Tenant) -> None:
        """Its error is the one that is raised; the unit of work goes on."""
        part, unknown = a_part(org_id=ours.id), PartId(FRESH_IDS.new())
        await ours.keep(part)

        async with ours.open() as uow:
            with pytest.raises(NotFound) as raised:
                await uow.together(uow.organizations.current(), uow.parts.get(unknown), uow.parts.get(part.id))

            assert await uow.parts.get(part.id) == part
        assert (raised.value.kind, raised.value.identity) == ("part", str(unknown))

    async def test_what_is_held_together_is_held(self, ours: Tenant, can: Capabilities) -> None:
        """Others wait for what one of the reads holds, until the end."""
        can.need_holding()
        part = a_part(org_id=ours.id)
        await ours.keep(part)

        async def hold() -> object:
            async with ours.open() as another:
                return (await another.together(_current(another), another.parts.get_for_update(part.id)))[1]

        async with ours.open() as uow:
            assert await uow.together(_current(uow), uow.parts.get_for_update(part.id)) == (ours.organization, part)
            async with meanwhile(hold()) as waiting:
                await assert_waits(waiting)
                await uow.commit()

                assert await ending(waiting) == part

    async def test_nothing_is_read_after_the_end(self, ours: Tenant) -> None:
        """A unit of work that is over reads nothing together either."""
        part = a_part(org_id=ours.id)
        await ours.keep(part)
        async with ours.open() as uow:
            await uow.commit()

            with pytest.raises(RuntimeError, match="unit of work"):
                await uow.together(uow.organizations.current(), uow.parts.get(part.id))


async def _current(uow: Work) -> Organization:
    return await uow.organizations.current()
