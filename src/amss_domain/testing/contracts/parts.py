"""The laws of part definitions."""

from collections.abc import Collection, Mapping

from attrs import evolve
from hypothesis import strategies as st

from amss_domain.inventory.part import Part
from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import a_part
from amss_domain.testing.contracts.kept import Way, picking, picking_values
from amss_domain.testing.contracts.keyed import ArchivedLaws, archived
from amss_domain.testing.contracts.paged import PagedLaws
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

    async def test_archived_parts_are_not_listed(self, ours: Tenant) -> None:
        """`page` leaves archived parts out, and fills its pages none the less."""
        first, gone, last = await self.some_kept(ours, 3)
        await ours.change(gone, archived(gone))

        async with ours.open() as uow:
            assert await uow.parts.page(PageRequest(limit=2)) == Page((first, last), None)
