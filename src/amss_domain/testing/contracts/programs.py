"""The laws of maintenance programs."""

from collections.abc import Collection, Mapping
from typing import Final

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.inventory.part import Part
from amss_domain.scheduling.ports import ProgramFilter
from amss_domain.scheduling.program import AppliesTo, Program, RequiredPart
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import scheduling_values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import a_part
from amss_domain.testing.contracts.kept import Way, picking, picking_values
from amss_domain.testing.contracts.keyed import ArchivedLaws, archived
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.scheduling_builders import a_program, three_limits
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.tenant import Tenant, Thing, all_of

_BY_NAME: Final = Order("name")


class ProgramsContract(ArchivedLaws[Program], PagedLaws[Program]):
    """The laws of `Programs`."""

    def needed(self, tenant: Tenant, /) -> tuple[Part]:
        return (a_part(org_id=tenant.id),)

    def one(self, tenant: Tenant, needed: tuple[Thing, ...], /) -> Program:
        parts = tuple(RequiredPart(part.id, 2) for part in needed if isinstance(part, Part))
        return a_program(*three_limits(), org_id=tenant.id, model="A320-214", required_parts=parts, spreading=True)

    def any_of(self, tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[Program]:
        (part,) = (thing for thing in needed if isinstance(thing, Part))
        return scheduling_values.programs(tenant.id, part.id)

    def changed(self, kept: Program, other: Program) -> Program:
        return evolve(
            kept, terms=other.terms, revision=other.revision, spreading=other.spreading, updated_at=other.updated_at
        )

    def ways(self) -> Mapping[str, Way[Program]]:
        return {
            "get": lambda uow, one: uow.programs.get(one.id),
            "get_many": picking(lambda uow, one: uow.programs.get_many([one.id])),
            "by_names": picking_values(lambda uow, one: uow.programs.by_names([one.name])),
            "covering": picking(lambda uow, _: uow.programs.covering("A320-214")),
            "page": picking(lambda uow, _: all_of(lambda request: uow.programs.page(request, filter=ProgramFilter()))),
        }

    def holding(self) -> Mapping[str, Way[Program]]:
        return {
            "get_for_update": lambda uow, one: uow.programs.get_for_update(one.id),
            "by_names for_update": picking_values(lambda uow, one: uow.programs.by_names([one.name], for_update=True)),
        }

    def keyed(self, tenant: Tenant, key: str) -> Program:
        return a_program(org_id=tenant.id, name=key)

    async def by_keys(self, uow: Work, keys: Collection[str]) -> dict[str, Program]:
        return await uow.programs.by_names(keys)

    def spellings(self) -> tuple[tuple[str, str, str], ...]:
        return (("A-Check", "a-check", "A-CHECK"), ("Große Prüfung Ж", "große prüfung ж", "GROßE PRÜFUNG Ж"))

    async def page(self, uow: Work, request: PageRequest) -> Page[Program]:
        return await uow.programs.page(request, filter=ProgramFilter())

    async def test_many_come_in_the_order_of_their_ids(self, ours: Tenant) -> None:
        """`get_many` returns each once by id, archived ones too; unknown ids are left out."""
        first, second, third = await self.some_kept(ours, 3)
        gone = archived(third)
        await ours.change(third, gone)
        asked = [gone.id, a_program(org_id=ours.id).id, second.id, first.id, second.id]

        async with ours.open() as uow:
            assert await uow.programs.get_many(asked) == (first, second, gone)
            assert await uow.programs.get_many([]) == ()

    async def test_programs_cover_their_models(self, ours: Tenant, theirs: Tenant) -> None:
        """`covering` returns the unarchived programs of the model, whatever its case, and those of all, by id."""
        everything = a_program(org_id=ours.id, applies_to=AppliesTo.ALL)
        airbus = a_program(org_id=ours.id, model="A320-214")
        boeing = a_program(org_id=ours.id, model="737-800")
        listed = a_program(org_id=ours.id)
        gone = archived(airbus_too := a_program(org_id=ours.id, model="A320-214"))
        await ours.keep(boeing, listed, airbus_too, airbus, everything)
        await ours.change(airbus_too, gone)
        await theirs.keep(a_program(org_id=theirs.id, model="A320-214"))

        async with ours.open() as uow:
            assert await uow.programs.covering("a320-214") == (everything, airbus)
            assert await uow.programs.covering("737-800") == (everything, boeing)
            assert await uow.programs.covering("A320") == (everything,)
            assert await uow.programs.covering(None) == (everything,)

    async def test_spreading_programs_are_found(self, ours: Tenant, theirs: Tenant) -> None:
        """`spreading` returns the ids of the programs that links have to follow, by id, until they do."""
        first, second, done = (a_program(org_id=ours.id, spreading=spreading) for spreading in (True, True, False))
        await ours.keep(second, done, first)
        await theirs.keep(a_program(org_id=theirs.id, spreading=True))
        async with ours.open() as uow:
            assert await uow.programs.spreading() == (first.id, second.id)

        await ours.change(first, first.spread())

        async with ours.open() as uow:
            assert await uow.programs.spreading() == (second.id,)

    async def test_archived_programs_are_listed_apart(self, ours: Tenant) -> None:
        """`page` has the programs in force and fills its pages with them; archived ones only when asked for them."""
        first, gone, last = await self.some_kept(ours, 3)
        away = archived(gone)
        await ours.change(gone, away)

        async with ours.open() as uow:
            assert await uow.programs.page(PageRequest(limit=2), filter=ProgramFilter()) == Page((first, last), None)
            assert await uow.programs.page(PageRequest(limit=2), filter=ProgramFilter(archived=True)) == Page((away,))

    async def test_programs_are_found_by_kind_and_name(self, ours: Tenant, theirs: Tenant) -> None:
        """`page` has the programs of the kind, the name whatever its case, or both; in both orders, page after page."""
        inspections = [a_program(org_id=ours.id, name=name) for name in ("Beta", "alpha", "Gamma")]
        overhaul = _of_kind(a_program(org_id=ours.id, name="Alpha Overhaul"), "overhaul")
        gone = a_program(org_id=ours.id, name="Delta")
        again = a_program(org_id=ours.id, name="delta")
        await ours.keep(*inspections, overhaul, gone)
        await ours.change(gone, archived(gone))
        await ours.keep(again)
        await theirs.keep(a_program(org_id=theirs.id, name="alpha"))
        beta, alpha, gamma = inspections

        for order, expected in ((OLDEST_FIRST, (beta, alpha, gamma, again)), (_BY_NAME, (alpha, beta, again, gamma))):
            of_kind = ProgramFilter(kind="inspection")
            assert await _listed(ours, order, of_kind, limit=1) == expected
            assert await _listed(ours, _reversed(order), of_kind, limit=3) == expected[::-1]
            assert await _listed(ours, order, ProgramFilter(kind="overhaul")) == (overhaul,)
            assert await _listed(ours, order, ProgramFilter(kind="over")) == ()
            assert await _listed(ours, order, ProgramFilter(name="ALPHA")) == (alpha,)
            assert await _listed(ours, order, ProgramFilter(name="Delta", kind="inspection")) == (again,)
            assert await _listed(ours, order, ProgramFilter(name="alpha", kind="overhaul")) == ()
            assert await _listed(ours, order, ProgramFilter(name="alph")) == ()
            assert await _listed(ours, order, ProgramFilter(name="DELTA", archived=True)) == (archived(gone),)

    @pytest.mark.parametrize("limit", [1, 2, 200])
    async def test_programs_come_by_name(self, ours: Tenant, limit: int) -> None:
        """Ordered by `name`, pages have everything once, in lower case by code point, either way round."""
        names = ["b-check", "A-Check", "ä-Check", "\U0001f6e9 Check", "a-check 2", "B", "Ä"]
        kept = [a_program(org_id=ours.id, name=name) for name in names]
        await ours.keep(*kept)

        by_name = tuple(sorted(kept, key=lambda program: program.name.lower()))
        assert await _listed(ours, _BY_NAME, ProgramFilter(), limit=limit) == by_name
        assert await _listed(ours, _reversed(_BY_NAME), ProgramFilter(), limit=limit) == by_name[::-1]

    async def test_equal_names_come_in_the_order_of_their_ids(self, ours: Tenant) -> None:
        """Archived programs of one name come by id, the same way round as the names."""
        kept = []
        for _ in range(3):
            program = a_program(org_id=ours.id, name="A-Check")
            await ours.keep(program)
            await ours.change(program, archived(program))
            kept.append(archived(program))

        for filter in (ProgramFilter(archived=True), ProgramFilter(name="a-check", archived=True)):
            assert await _listed(ours, _BY_NAME, filter, limit=1) == tuple(kept)
            assert await _listed(ours, _reversed(_BY_NAME), filter, limit=1) == tuple(reversed(kept))

    async def test_programs_come_the_last_first(self, ours: Tenant) -> None:
        """In descending order, pages go from the greatest id to the least, and start after ids that are not there."""
        before = await self.some_kept(ours, 2)
        gap = FRESH_IDS.new()
        behind = await self.some_kept(ours, 2)

        assert await _listed(ours, NEWEST_FIRST, ProgramFilter(), limit=1) == (*before, *behind)[::-1]
        async with ours.open() as uow:
            rest = await uow.programs.page(PageRequest(order=NEWEST_FIRST, after=gap), filter=ProgramFilter())
        assert rest == Page(before[::-1], None)

    async def test_by_name_nothing_comes_after_an_unknown_program(self, ours: Tenant) -> None:
        """A page by name that starts after a program that does not exist is empty."""
        await self.some_kept(ours, 2)

        for order in (_BY_NAME, _reversed(_BY_NAME)):
            async with ours.open() as uow:
                request = PageRequest(order=order, after=FRESH_IDS.new())
                assert await uow.programs.page(request, filter=ProgramFilter()) == Page((), None)

    async def test_there_is_no_other_order(self, ours: Tenant) -> None:
        """An order that the port does not name is refused with ValueError."""
        for filter in (ProgramFilter(), ProgramFilter(name="A-Check")):
            async with ours.open() as uow:
                with pytest.raises(ValueError, match="priority"):
                    await uow.programs.page(PageRequest(order=Order("priority")), filter=filter)


async def _listed(tenant: Tenant, order: Order, filter: ProgramFilter, *, limit: int = 200) -> tuple[Program, ...]:
    """Return everything that matches, in that order, read `limit` at a time."""

    async def one_page(request: PageRequest) -> Page[Program]:
        async with tenant.open() as uow:
            return await uow.programs.page(evolve(request, order=order), filter=filter)

    return await all_of(one_page, limit=limit)


def _reversed(order: Order) -> Order:
    return evolve(order, descending=True)


def _of_kind(program: Program, kind: str) -> Program:
    return evolve(program, terms=evolve(program.terms, kind=kind))
