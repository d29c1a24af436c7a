"""The laws of the links between aircraft and programs."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.link import Generation, Link
from amss_domain.scheduling.ports import LinkFilter, LinkKey
from amss_domain.scheduling.program import Program
from amss_domain.shared.errors import AlreadyExists, AmssError
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import scheduling_values
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.contracts.contract import outrun, refused
from amss_domain.testing.contracts.kept import HeldLaws, Way, picking
from amss_domain.testing.contracts.keyed import archived
from amss_domain.testing.scheduling_builders import a_link, a_program, three_limits
from amss_domain.testing.stand_ins import NOON, TODAY
from amss_domain.testing.tenant import Tenant, Thing, all_of

TOMORROW = TODAY + timedelta(days=1)


class LinksContract(HeldLaws[Link]):
    """The laws of `Links`."""

    def needed(self, tenant: Tenant, /) -> tuple[Thing, ...]:
        return an_aircraft(org_id=tenant.id, hours=1500), a_program(*three_limits(), org_id=tenant.id, revision=2)

    def one(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> Link:
        aircraft, program = aircraft_and_program(needed)
        return evolve(a_link(aircraft, program, generation=Generation.PENDING), revision=1)

    def any_of(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[Link]:
        return scheduling_values.links(*aircraft_and_program(needed))

    def changed(self, kept: Link, other: Link) -> Link:
        return evolve(other, id=kept.id, created_at=kept.created_at)

    def ways(self) -> Mapping[str, Way[Link]]:
        return {
            "get": lambda uow, one: uow.links.get(one.id),
            "of_aircraft": picking(lambda uow, one: uow.links.of_aircraft([one.aircraft_id])),
            "page": picking(_among_all),
        }

    def holding(self) -> Mapping[str, Way[Link]]:
        return {
            "get_for_update": lambda uow, one: uow.links.get_for_update(one.id),
            "get_many_for_update": picking(lambda uow, one: uow.links.get_many_for_update([one.id])),
            "of_aircraft for_update": picking(
                lambda uow, one: uow.links.of_aircraft([one.aircraft_id], for_update=True)
            ),
        }

    async def test_many_are_held_in_the_order_of_their_ids(self, ours: Tenant) -> None:
        """`get_many_for_update` returns each once by id, ended ones too; unknown ids are left out."""
        first, second = await self.kept(ours), await self.kept(ours)
        ended, _ = second.ended(reason="sold", at=NOON)
        await ours.change(second, ended)
        aircraft, program = aircraft_and_program(self.needed(ours))
        asked = [second.id, a_link(aircraft, program).id, first.id, second.id]

        async with ours.open() as uow:
            assert await uow.links.get_many_for_update(asked) == (first, ended)
            assert await uow.links.get_many_for_update([]) == ()

    async def test_aircraft_have_all_their_links(self, ours: Tenant) -> None:
        """`of_aircraft` returns the links of the aircraft by id, ended ones too, and none of another aircraft."""
        programs = [a_program(org_id=ours.id) for _ in range(3)]
        one, two, other = (an_aircraft(org_id=ours.id) for _ in range(3))
        links = [
            a_link(two, programs[0]),
            a_link(one, programs[0], ended_at=NOON, generation=Generation.ENDED),
            a_link(one, programs[1]),
        ]
        await ours.keep(*programs, one, two, other, links[2], a_link(other, programs[0]), links[1], links[0])

        async with ours.open() as uow:
            assert await uow.links.of_aircraft([one.id, two.id]) == tuple(links)
            assert await uow.links.of_aircraft([two.id, one.id], for_update=True) == tuple(links)
            assert await uow.links.of_aircraft([one.id, an_aircraft(org_id=ours.id).id]) == tuple(links[1:])
            assert await uow.links.of_aircraft([]) == ()

    async def test_an_aircraft_and_a_program_have_one_link(self, ours: Tenant) -> None:
        """A second link of the pair is refused (`AlreadyExists`), also when the first has ended."""
        needed = self.needed(ours)
        link = self.one(ours, needed)
        await ours.keep(*needed, link)
        assert isinstance(await refused(ours, adding=self.one(ours, needed)), AlreadyExists)

        ended, _ = link.ended(reason="sold", at=NOON)
        await ours.change(link, ended)

        assert isinstance(await refused(ours, adding=self.one(ours, needed)), AlreadyExists)
        assert await self.found(ours, link) == self.everywhere(ended)

    async def test_of_two_who_link_a_pair_the_first_to_commit_wins(self, ours: Tenant) -> None:
        """A link is refused also when another one of the pair comes after `add` was called."""
        needed = self.needed(ours)
        first, second = self.one(ours, needed), self.one(ours, needed)
        await ours.keep(*needed)

        error = await outrun(ours, lambda uow: uow.links.add(first), lambda uow: uow.links.add(second))

        assert isinstance(error, AlreadyExists)
        assert await self.found(ours, first) == self.everywhere(first)
        assert await self.found(ours, second) == self.everywhere(None)

    async def test_links_that_wait_for_a_task_are_found(self, ours: Tenant, theirs: Tenant) -> None:
        """`to_generate` returns pending links, and waiting ones from their day on, of aircraft in the fleet."""
        program = a_program(org_id=ours.id)
        aircraft = [an_aircraft(org_id=ours.id) for _ in range(7)]
        states = [
            (Generation.PENDING, None),
            (Generation.WAITING, TODAY),
            (Generation.WAITING, TOMORROW),
            (Generation.WAITING, None),
            (Generation.OPEN, TODAY),
            (Generation.ENDED, TODAY),
            (Generation.PENDING, None),
        ]
        links = [
            a_link(one, program, generation=generation, wake_on=wake_on)
            for one, (generation, wake_on) in zip(aircraft, states, strict=True)
        ]
        await ours.keep(program, *aircraft, *links)
        await ours.change(aircraft[6], archived(aircraft[6]))
        await theirs.keep(*(needed := self.needed(theirs)), self.one(theirs, needed))

        async with ours.open() as uow:
            assert await uow.links.to_generate(TODAY - timedelta(days=1), limit=9) == (_key(links[0]),)
            assert await uow.links.to_generate(TODAY, limit=9) == (_key(links[0]), _key(links[1]))
            assert await uow.links.to_generate(TOMORROW, limit=9) == tuple(map(_key, links[:3]))

    async def test_links_that_wait_come_by_aircraft_then_link(self, ours: Tenant) -> None:
        """`to_generate` and `behind` order by aircraft, then link, and return at most `limit`."""
        one, two = an_aircraft(org_id=ours.id), an_aircraft(org_id=ours.id)
        programs = [a_program(org_id=ours.id) for _ in range(2)]
        last, first, second = (
            a_link(aircraft, program, generation=Generation.PENDING)
            for aircraft, program in ((two, programs[0]), (one, programs[0]), (one, programs[1]))
        )
        await ours.keep(one, two, *programs, second, first, last)

        async with ours.open() as uow:
            assert await uow.links.to_generate(TODAY, limit=9) == (_key(first), _key(second), _key(last))
            assert await uow.links.to_generate(TODAY, limit=2) == (_key(first), _key(second))
            assert await uow.links.behind(programs[0].id, revision=2, limit=9) == (_key(first), _key(last))
            assert await uow.links.behind(programs[0].id, revision=2, limit=1) == (_key(first),)

    async def test_links_behind_their_program_are_found(self, ours: Tenant) -> None:
        """`behind` returns the active links of the program with a lower revision, and no others."""
        program, other = a_program(org_id=ours.id), a_program(org_id=ours.id)
        aircraft = [an_aircraft(org_id=ours.id) for _ in range(4)]
        links = [
            evolve(a_link(aircraft[0], program), revision=2),
            evolve(a_link(aircraft[1], program), revision=3),
            evolve(a_link(aircraft[2], program, ended_at=NOON, generation=Generation.ENDED), revision=1),
            evolve(a_link(aircraft[3], program), revision=1),
            a_link(aircraft[0], other),
        ]
        await ours.keep(program, other, *aircraft, *links)

        async with ours.open() as uow:
            assert await uow.links.behind(program.id, revision=3, limit=9) == (_key(links[0]), _key(links[3]))
            assert await uow.links.behind(program.id, revision=2, limit=9) == (_key(links[3]),)
            assert await uow.links.behind(program.id, revision=1, limit=9) == ()

    async def test_aircraft_without_a_link_are_found(self, ours: Tenant, theirs: Tenant) -> None:
        """`unlinked` returns the fleet's aircraft that have no link with the program, not even an ended one, by id."""
        program, other = a_program(org_id=ours.id), a_program(org_id=ours.id)
        linked, ended, gone = (an_aircraft(org_id=ours.id) for _ in range(3))
        airbus, boeing = an_aircraft(org_id=ours.id, model="A320-214"), an_aircraft(org_id=ours.id, model="737-800")
        unknown = an_aircraft(org_id=ours.id, model=None)
        await ours.keep(program, other, unknown, boeing, airbus, linked, ended, gone)
        await ours.keep(a_link(linked, program), a_link(ended, program, ended_at=NOON), a_link(airbus, other))
        await ours.change(gone, archived(gone))
        await theirs.keep(an_aircraft(org_id=theirs.id))

        async with ours.open() as uow:
            assert await uow.links.unlinked(program.id, model=None, limit=9) == (airbus, boeing, unknown)
            assert await uow.links.unlinked(program.id, model=None, limit=2) == (airbus, boeing)
            assert await uow.links.unlinked(program.id, model="a320-214", limit=9) == (airbus,)
            assert await uow.links.unlinked(program.id, model="A320", limit=9) == ()

    async def test_links_that_wait_are_found_by_program(self, ours: Tenant) -> None:
        """`to_generate` of a program returns that one's pending and waking links alone, in the same order."""
        program, other = a_program(org_id=ours.id), a_program(org_id=ours.id)
        one, two, three = (an_aircraft(org_id=ours.id) for _ in range(3))
        links = [
            a_link(one, program, generation=Generation.WAITING, wake_on=TODAY),
            a_link(two, program, generation=Generation.PENDING),
            a_link(three, program, generation=Generation.WAITING, wake_on=TOMORROW),
        ]
        others = [a_link(aircraft, other, generation=Generation.PENDING) for aircraft in (one, two)]
        await ours.keep(program, other, one, two, three, *others, *links)

        async with ours.open() as uow:
            found = await uow.links.to_generate(TODAY, limit=9, program_id=program.id)
            assert found == (_key(links[0]), _key(links[1]))
            assert await uow.links.to_generate(TODAY, limit=1, program_id=program.id) == (_key(links[0]),)
            assert await uow.links.to_generate(TODAY, limit=9, program_id=other.id) == tuple(map(_key, others))

    async def test_links_are_listed_by_program_and_aircraft(self, ours: Tenant, theirs: Tenant) -> None:
        """`page` has the active links, of the program, of the aircraft or of both, by id either way round."""
        programs = [a_program(org_id=ours.id) for _ in range(2)]
        fleet = [an_aircraft(org_id=ours.id) for _ in range(3)]
        links = [a_link(aircraft, program) for program in programs for aircraft in fleet]
        await ours.keep(*programs, *fleet, *reversed(links))
        await theirs.keep(*(needed := self.needed(theirs)), self.one(theirs, needed))
        first, _, last, *others = links

        for filter, expected in (
            (LinkFilter(), links),
            (LinkFilter(program_id=programs[0].id), links[:3]),
            (LinkFilter(aircraft_id=fleet[1].id), [links[1], links[4]]),
            (LinkFilter(program_id=programs[1].id, aircraft_id=fleet[0].id), others[:1]),
            (LinkFilter(program_id=a_program(org_id=ours.id).id), []),
        ):
            assert await _listed(ours, OLDEST_FIRST, filter, limit=2) == tuple(expected)
            assert await _listed(ours, NEWEST_FIRST, filter, limit=1) == tuple(reversed(expected))
        async with ours.open() as uow:
            page = await uow.links.page(PageRequest(after=first.id, limit=2), filter=LinkFilter())
            with pytest.raises(ValueError, match="name"):
                await uow.links.page(PageRequest(order=Order("name")), filter=LinkFilter())
        assert page == Page((links[1], last), last.id)

    async def test_ended_links_are_listed_apart(self, ours: Tenant) -> None:
        """`page` leaves out the links that ended, and returns them alone when asked for them."""
        program = a_program(org_id=ours.id)
        one, two = an_aircraft(org_id=ours.id), an_aircraft(org_id=ours.id)
        active, was = a_link(one, program), a_link(two, program)
        await ours.keep(program, one, two, active, was)
        ended, _ = was.ended(reason="sold", at=NOON)
        await ours.change(was, ended)

        for program_id in (None, program.id):
            assert await _listed(ours, OLDEST_FIRST, LinkFilter(program_id=program_id)) == (active,)
            assert await _listed(ours, OLDEST_FIRST, LinkFilter(program_id=program_id, ended=True)) == (ended,)
        assert await _listed(ours, OLDEST_FIRST, LinkFilter(aircraft_id=two.id)) == ()
        assert await _listed(ours, NEWEST_FIRST, LinkFilter(aircraft_id=two.id, ended=True)) == (ended,)

    async def test_finding_work_sees_the_changes_of_its_own_unit_of_work(self, ours: Tenant) -> None:
        """`to_generate`, `behind` and `unlinked` see what was added and saved before the commit."""
        needed = self.needed(ours)
        aircraft, program = aircraft_and_program(needed)
        link = self.one(ours, needed)
        await ours.keep(*needed)

        async with ours.open() as uow:
            assert await uow.links.unlinked(program.id, model=None, limit=9) == (aircraft,)
            uow.links.add(link)
            assert await uow.links.unlinked(program.id, model=None, limit=9) == ()
            assert await uow.links.to_generate(TODAY, limit=9) == (_key(link),)
            assert await uow.links.behind(program.id, revision=2, limit=9) == (_key(link),)
            opened = link.generating(Generation.OPEN, at=NOON)
            uow.links.save(opened, was=link)
            uow.links.save(opened.following(2, at=NOON), was=opened)
            assert await uow.links.to_generate(TODAY, limit=9) == ()
            assert await uow.links.behind(program.id, revision=2, limit=9) == ()

    async def test_a_link_is_between_the_organizations_own(
        self, ours: Tenant, theirs: Tenant, can: Capabilities
    ) -> None:
        """A link of an unknown or foreign aircraft or program is refused."""
        can.need_references()
        needed, foreign = self.needed(ours), self.needed(theirs)
        await ours.keep(*needed)
        await theirs.keep(*foreign)
        mine, other, absent = (self.one(ours, each) for each in (needed, foreign, self.needed(ours)))

        for pointing in (
            evolve(mine, aircraft_id=other.aircraft_id),
            evolve(mine, program_id=other.program_id),
            evolve(mine, aircraft_id=absent.aircraft_id),
            evolve(mine, program_id=absent.program_id),
        ):
            assert isinstance(await refused(ours, adding=pointing), AmssError)

        assert await self.found(ours, mine) == self.everywhere(None)


def aircraft_and_program(needed: tuple[Thing, ...]) -> tuple[Aircraft, Program]:
    """Return the aircraft and the program among what is needed."""
    (aircraft,) = (thing for thing in needed if isinstance(thing, Aircraft))
    (program,) = (thing for thing in needed if isinstance(thing, Program))
    return aircraft, program


def _key(link: Link) -> LinkKey:
    return LinkKey(link.id, link.aircraft_id)


async def _among_all(uow: Work, link: Link) -> tuple[Link, ...]:
    """Return all links of the link's program, active and ended."""
    active, ended = LinkFilter(program_id=link.program_id), LinkFilter(program_id=link.program_id, ended=True)
    return (
        *await all_of(lambda request: uow.links.page(request, filter=active)),
        *await all_of(lambda request: uow.links.page(request, filter=ended)),
    )


async def _listed(tenant: Tenant, order: Order, filter: LinkFilter, *, limit: int = 200) -> tuple[Link, ...]:
    """Return everything that matches, in that order, read `limit` at a time."""

    async def one_page(request: PageRequest) -> Page[Link]:
        async with tenant.open() as uow:
            return await uow.links.page(evolve(request, order=order), filter=filter)

    return await all_of(one_page, limit=limit)
