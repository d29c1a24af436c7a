"""The laws of maintenance programs."""

from collections.abc import Collection, Mapping

from attrs import evolve
from hypothesis import strategies as st

from amss_domain.inventory.part import Part
from amss_domain.scheduling.program import AppliesTo, Program, RequiredPart
from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing import scheduling_values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import a_part
from amss_domain.testing.contracts.kept import Way, picking, picking_values
from amss_domain.testing.contracts.keyed import ArchivedLaws, archived
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.scheduling_builders import a_program, three_limits
from amss_domain.testing.tenant import Tenant, Thing, all_of


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
            "page": picking(lambda uow, _: all_of(uow.programs.page)),
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
        return await uow.programs.page(request)

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

    async def test_archived_programs_are_not_listed(self, ours: Tenant) -> None:
        """`page` leaves archived programs out, and fills its pages none the less."""
        first, gone, last = await self.some_kept(ours, 3)
        await ours.change(gone, archived(gone))

        async with ours.open() as uow:
            assert await uow.programs.page(PageRequest(limit=2)) == Page((first, last), None)
