"""The laws of part definitions."""

from collections.abc import Collection, Mapping

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import ANY_PART, PartFilter
from amss_domain.shared.page import NEWEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import a_part
from amss_domain.testing.contracts.kept import Way, picking, picking_values
from amss_domain.testing.contracts.keyed import ArchivedLaws, archived
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.tenant import Tenant, Thing, all_of


class PartsContract(ArchivedLaws[Part], PagedLaws[Part]):
    """The laws of `Parts`."""

    def one(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> Part:
        return a_part(org_id=tenant.id)

    def any_of(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> st.SearchStrategy[Part]:
        return values.parts(tenant.id)

    def changed(self, kept: Part, other: Part) -> Part:
        return evolve(kept, about=other.about, updated_at=other.updated_at)

    def ways(self) -> Mapping[str, Way[Part]]:
        return {
            "get": lambda uow, one: uow.parts.get(one.id),
            "get_many": picking(lambda uow, one: uow.parts.get_many([one.id])),
            "by_numbers": picking_values(lambda uow, one: uow.parts.by_numbers([one.part_number])),
            "page": picking(lambda uow, _: all_of(uow.parts.page)),
        }

    def holding(self) -> Mapping[str, Way[Part]]:
        return {
            "get_for_update": lambda uow, one: uow.parts.get_for_update(one.id),
            "by_numbers for_update": picking_values(
                lambda uow, one: uow.parts.by_numbers([one.part_number], for_update=True)
            ),
        }

    def keyed(self, tenant: Tenant, key: str) -> Part:
        return a_part(org_id=tenant.id, part_number=key)

    async def by_keys(self, uow: Work, keys: Collection[str]) -> dict[str, Part]:
        return await uow.parts.by_numbers(keys)

    def spellings(self) -> tuple[tuple[str, str, str], ...]:
        return (("MS20470-AD4", "ms20470-ad4", "MS20470-AD4"), ("Ölfilter Ж", "ölfilter ж", "ÖLFILTER Ж"))

    async def page(self, uow: Work, request: PageRequest) -> Page[Part]:
        return await uow.parts.page(request)

    async def test_many_come_in_the_order_of_their_ids(self, ours: Tenant) -> None:
        """`get_many` returns each once by id, archived ones too; unknown ids are left out."""
        first, second, third = await self.some_kept(ours, 3)
        gone = archived(third)
        await ours.change(third, gone)
        asked = [gone.id, a_part(org_id=ours.id).id, second.id, first.id, second.id]

        async with ours.open() as uow:
            assert await uow.parts.get_many(asked) == (first, second, gone)
            assert await uow.parts.get_many([]) == ()

    async def test_archived_parts_are_listed_apart(self, ours: Tenant) -> None:
        """`page` leaves archived parts out and fills its pages none the less; asked for them it has no others."""
        first, gone, last = await self.some_kept(ours, 3)
        await ours.change(gone, archived(gone))

        async with ours.open() as uow:
            assert await uow.parts.page(PageRequest(limit=2)) == Page((first, last), None)
            assert await uow.parts.page(PageRequest(), filter=PartFilter(archived=True)) == Page(
                (archived(gone),), None
            )

    async def test_a_page_has_only_what_matches(self, ours: Tenant, theirs: Tenant) -> None:
        """`page` finds parts by their whole number, whatever its case, and archived ones of that number by id."""
        kept = a_part(org_id=ours.id, part_number="MS-1")
        longer = a_part(org_id=ours.id, part_number="ms-10")
        gone = [a_part(org_id=ours.id, part_number=number) for number in ("ms-1", "MS-1")]
        for one in gone:
            await ours.keep(one)
            await ours.change(one, archived(one))
        await ours.keep(kept, longer)
        await theirs.keep(a_part(org_id=theirs.id, part_number="ms-1"))
        expected = {
            PartFilter(part_number="mS-1"): (kept,),
            PartFilter(part_number="ms-1", archived=True): tuple(map(archived, gone)),
            PartFilter(part_number="MS-10"): (longer,),
            PartFilter(part_number="MS-10", archived=True): (),
            PartFilter(part_number="ms"): (),
            PartFilter(part_number=""): (),
        }

        for filter, parts in expected.items():
            for by in ("created_at", "part_number"):
                assert await self._everything(ours, Order(by), filter) == parts
                assert await self._everything(ours, Order(by, descending=True), filter) == parts[::-1]

    async def test_parts_come_by_number(self, ours: Tenant) -> None:
        """`page` lists by `part_number` in lower case by code points, those of one number by id, or all backwards."""
        parts = {number: a_part(org_id=ours.id, part_number=number) for number in ("b", "ö", "A-1", "Z", "a-10", "a")}
        await ours.keep(*parts.values())
        by_number = tuple(parts[number] for number in ("a", "A-1", "a-10", "b", "Z", "ö"))

        assert await self._everything(ours, Order("part_number"), ANY_PART) == by_number
        assert await self._everything(ours, Order("part_number", descending=True), ANY_PART) == by_number[::-1]
        assert await self._everything(ours, NEWEST_FIRST, ANY_PART) == tuple(parts.values())[::-1]

    async def test_archived_parts_come_by_number_too(self, ours: Tenant) -> None:
        """Archived parts of one number come by their ids."""
        gone = [a_part(org_id=ours.id, part_number=number) for number in ("b", "a", "A", "a")]
        for one in gone:
            await ours.keep(one)
            await ours.change(one, archived(one))
        by_number = tuple(archived(gone[place]) for place in (1, 2, 3, 0))
        filter = PartFilter(archived=True)

        assert await self._everything(ours, Order("part_number"), filter) == by_number
        assert await self._everything(ours, Order("part_number", descending=True), filter) == by_number[::-1]

    async def test_pages_by_number_go_on_from_what_is_archived_meanwhile(self, ours: Tenant) -> None:
        """A page goes on from where the last part of the one before would be; from no part at all it has nothing."""
        parts = [a_part(org_id=ours.id, part_number=number) for number in "abcd"]
        await ours.keep(*parts)
        order = Order("part_number")
        async with ours.open() as uow:
            first = await uow.parts.page(PageRequest(order=order, limit=2))
        await ours.change(parts[1], archived(parts[1]))

        async with ours.open() as uow:
            rest = await uow.parts.page(PageRequest(order=order, limit=2, after=first.next_after))
            nothing = await uow.parts.page(PageRequest(order=order, after=FRESH_IDS.new()))

        assert first == Page(tuple(parts[:2]), parts[1].id)
        assert rest == Page(tuple(parts[2:]), None)
        assert nothing == Page((), None)

    async def test_there_is_no_order_by_price(self, ours: Tenant) -> None:
        """An order that the port does not name is a ValueError."""
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="order"):
                await uow.parts.page(PageRequest(order=Order("unit_price")))

    @staticmethod
    async def _everything(tenant: Tenant, order: Order, filter: PartFilter) -> tuple[Part, ...]:
        """Return all that is listed, which is the same whatever the limit."""
        async with tenant.open() as uow:
            alone, *others = [
                await all_of(lambda request: uow.parts.page(evolve(request, order=order), filter=filter), limit=limit)
                for limit in (1, 2, 200)
            ]
        assert others == [alone, alone]
        return alone
