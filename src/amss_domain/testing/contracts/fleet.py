"""The laws of the fleet."""

from collections.abc import Collection, Mapping

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.contracts.kept import Way, picking, picking_values
from amss_domain.testing.contracts.keyed import ArchivedLaws
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant, Thing, all_of


class FleetContract(ArchivedLaws[Aircraft], PagedLaws[Aircraft]):
    """The laws of `Fleet`."""

    def one(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> Aircraft:
        return an_aircraft(org_id=tenant.id, hours="1500.5", cycles=812)

    def any_of(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> st.SearchStrategy[Aircraft]:
        return values.aircraft(tenant.id)

    def changed(self, kept: Aircraft, other: Aircraft) -> Aircraft:
        return evolve(kept, particulars=other.particulars, head=other.head, updated_at=other.updated_at)

    def ways(self) -> Mapping[str, Way[Aircraft]]:
        return {
            "get": lambda uow, one: uow.fleet.get(one.id),
            "get_many": picking(lambda uow, one: uow.fleet.get_many([one.id])),
            "by_registrations": picking_values(lambda uow, one: uow.fleet.by_registrations([one.registration])),
            "page": picking(lambda uow, _: all_of(uow.fleet.page)),
        }

    def holding(self) -> Mapping[str, Way[Aircraft]]:
        return {
            "get_for_update": lambda uow, one: uow.fleet.get_for_update(one.id),
            "get_many_for_update": picking(lambda uow, one: uow.fleet.get_many_for_update([one.id])),
            "by_registrations for_update": picking_values(
                lambda uow, one: uow.fleet.by_registrations([one.registration], for_update=True)
            ),
        }

    def keyed(self, tenant: Tenant, key: str) -> Aircraft:
        return an_aircraft(org_id=tenant.id, registration=key)

    async def by_keys(self, uow: Work, keys: Collection[str]) -> dict[str, Aircraft]:
        return await uow.fleet.by_registrations(keys)

    async def page(self, uow: Work, request: PageRequest) -> Page[Aircraft]:
        return await uow.fleet.page(request)

    async def test_many_come_in_the_order_of_their_ids(self, ours: Tenant) -> None:
        """`get_many` and `get_many_for_update` return each once by id, archived ones too; unknown ids are left out."""
        aircraft = (*await self.some_kept(ours, 3), an_aircraft(org_id=ours.id, archived_at=NOON))
        await ours.keep(aircraft[3])
        absent = an_aircraft(org_id=ours.id)
        asked = [aircraft[3].id, absent.id, aircraft[1].id, aircraft[0].id, aircraft[1].id]

        async with ours.open() as uow:
            assert await uow.fleet.get_many(asked) == (aircraft[0], aircraft[1], aircraft[3])
            assert await uow.fleet.get_many_for_update(asked) == (aircraft[0], aircraft[1], aircraft[3])
            assert await uow.fleet.get_many([]) == await uow.fleet.get_many_for_update([]) == ()

    async def test_archived_aircraft_are_not_listed(self, ours: Tenant) -> None:
        """`page` leaves archived aircraft out, and fills its pages none the less."""
        first, gone, last = await self.some_kept(ours, 3)
        await ours.change(gone, evolve(gone, archived_at=NOON, version=2))

        async with ours.open() as uow:
            assert await uow.fleet.page(PageRequest(limit=2)) == Page((first, last), None)

    async def test_a_page_of_a_model_has_no_other(self, ours: Tenant) -> None:
        """`page` with a model lists the aircraft of that model alone, whatever its case, and pages through them."""
        airbuses = [an_aircraft(org_id=ours.id, model="A320-214") for _ in range(3)]
        others = [an_aircraft(org_id=ours.id, model=model) for model in ("A320-214neo", "737-800", None)]
        await ours.keep(airbuses[0], others[0], airbuses[1], others[1], others[2], airbuses[2])

        async with ours.open() as uow:
            listed = await all_of(lambda request: uow.fleet.page(request, model="a320-214"), limit=1)
            none = await uow.fleet.page(PageRequest(), model="ATR 72")

        assert listed == tuple(airbuses)
        assert none == Page((), None)

    @pytest.mark.parametrize("registration", ["N123 45", "9H-AEI.2", "D-ABCD-" + "X" * 43])
    async def test_a_refused_registration_leaves_nothing_of_its_unit_of_work(
        self, ours: Tenant, registration: str
    ) -> None:
        """A registration that is taken refuses all that was to be kept with it."""
        await ours.keep(self.keyed(ours, registration))
        other = an_aircraft(org_id=ours.id)

        with pytest.raises(AlreadyExists):
            await ours.keep(other, self.keyed(ours, registration.lower()))

        assert await self.found(ours, other) == self.everywhere(None)
