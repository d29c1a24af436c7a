"""The laws of the fleet."""

from collections.abc import Collection, Mapping

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ports import AircraftFilter
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.page import Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.contracts.contract import refused
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
            listed = await all_of(
                lambda request: uow.fleet.page(request, filter=AircraftFilter(model="a320-214")), limit=1
            )
            none = await uow.fleet.page(PageRequest(), filter=AircraftFilter(model="ATR 72"))

        assert listed == tuple(airbuses)
        assert none == Page((), None)

    @pytest.mark.parametrize("limit", [1, 2, 200])
    @pytest.mark.parametrize("model", [None, "a320-214"])
    async def test_pages_come_in_the_order_asked_for(
        self, ours: Tenant, theirs: Tenant, model: str | None, limit: int
    ) -> None:
        """`page` lists by registration in lower case by code point, or by id, either way round, of one model or all."""
        named = ["D-ABCD", "9H-AEI", "cs-tfb", "CS TFA", "CS-TFA", "CS.TFA", "N1"]
        fleet = [an_aircraft(org_id=ours.id, registration=name) for name in named]
        others = [an_aircraft(org_id=ours.id, registration="CS-TFA.2", model="737-800")]
        await ours.keep(*fleet, *others, an_aircraft(org_id=ours.id, registration="CS-AAA", archived_at=NOON))
        await theirs.keep(an_aircraft(org_id=theirs.id, registration="CS-TFA"))
        asked = AircraftFilter(model=model)
        by_id = fleet if model else [*fleet, *others]

        expected = {
            Order("created_at"): [one.registration for one in by_id],
            Order("registration"): sorted((one.registration for one in by_id), key=str.lower),
        }
        for order, registrations in expected.items():
            assert await _listed(ours, asked, order, limit) == registrations
            assert await _listed(ours, asked, evolve(order, descending=True), limit) == registrations[::-1]

    async def test_a_page_has_only_what_matches(self, ours: Tenant) -> None:
        """`page` returns what matches every part of the filter, in every order; archived aircraft only if asked for."""
        for registration, model, archived_at in [
            ("CS-TFA", "A320", NOON),
            ("cs-tfa", "B737", NOON),
            ("CS-TFA", "A320", None),
            ("CS-TFB", "A320", None),
            ("CS-TFC", None, None),
        ]:
            await ours.keep(
                an_aircraft(org_id=ours.id, registration=registration, model=model, archived_at=archived_at)
            )

        matching = {
            AircraftFilter(): ["CS-TFA", "CS-TFB", "CS-TFC"],
            AircraftFilter(model="a320"): ["CS-TFA", "CS-TFB"],
            AircraftFilter(registration="cs-tfb"): ["CS-TFB"],
            AircraftFilter(registration="CS-TF"): [],
            AircraftFilter(registration="CS-TFB", model="B737"): [],
            AircraftFilter(registration="CS-TFC", model="A320"): [],
            AircraftFilter(archived=True): ["CS-TFA", "cs-tfa"],
            AircraftFilter(archived=True, model="B737"): ["cs-tfa"],
            AircraftFilter(archived=True, registration="Cs-Tfa"): ["CS-TFA", "cs-tfa"],
            AircraftFilter(archived=True, registration="CS-TFA", model="b737"): ["cs-tfa"],
            AircraftFilter(archived=True, registration="CS-TFB"): [],
        }
        for filter, registrations in matching.items():
            for order in (Order("created_at"), Order("registration")):
                assert await _listed(ours, filter, order, 1) == registrations
                assert await _listed(ours, filter, evolve(order, descending=True), 1) == registrations[::-1]

    async def test_pages_by_registration_stay_in_step(self, ours: Tenant) -> None:
        """A page goes on after the registration that the last one ended with; nothing comes after an unknown id."""
        first, third = (an_aircraft(org_id=ours.id, registration=name) for name in ("N1", "N3"))
        await ours.keep(third, first)
        await ours.keep(an_aircraft(org_id=ours.id, registration="N0"), an_aircraft(org_id=ours.id, registration="N2"))

        async with ours.open() as uow:
            rest = await uow.fleet.page(PageRequest(order=Order("registration"), after=first.id))
            before = await uow.fleet.page(PageRequest(order=Order("registration", descending=True), after=first.id))
            unknown = an_aircraft(org_id=ours.id).id
            nothing = [
                await uow.fleet.page(PageRequest(order=Order("registration", descending), after=unknown))
                for descending in (False, True)
            ]

        assert [one.registration for one in rest.items] == ["N2", "N3"]
        assert [one.registration for one in before.items] == ["N0"]
        assert nothing == [Page((), None)] * 2

    async def test_an_aircraft_moves_in_the_list_with_its_registration(self, ours: Tenant) -> None:
        """A new registration gives an aircraft another place, also on pages of the unit of work that gave it."""
        one, other = (an_aircraft(org_id=ours.id, registration=name) for name in ("N1", "N2"))
        await ours.keep(one, other)
        renamed = evolve(one, registration="n3", version=2)

        async with ours.open() as uow:
            uow.fleet.save(renamed, was=one)
            own = await uow.fleet.page(PageRequest(order=Order("registration")))
            await uow.commit()

        assert own.items == (other, renamed)
        assert await _listed(ours, AircraftFilter(), Order("registration"), 1) == ["N2", "n3"]
        assert await self.by_keys_of(ours, ["N1", "N3"]) == {"n3": renamed}

    async def test_a_registration_in_use_is_not_given_again(self, ours: Tenant) -> None:
        """`save` refuses a registration that another unarchived aircraft has, whatever its case."""
        one, other = (an_aircraft(org_id=ours.id, registration=name) for name in ("N1", "CS-TFA"))
        await ours.keep(one, other)

        error = await refused(ours, saving=(evolve(one, registration="cs-tfa", version=2), one))

        assert isinstance(error, AlreadyExists)
        assert await self.by_keys_of(ours, ["N1", "CS-TFA"]) == {"n1": one, "cs-tfa": other}

    async def test_there_is_no_order_but_those(self, ours: Tenant) -> None:
        """`page` raises ValueError for an order that it does not have."""
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="order"):
                await uow.fleet.page(PageRequest(order=Order("model")))

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

    async def by_keys_of(self, tenant: Tenant, keys: Collection[str]) -> dict[str, Aircraft]:
        """Return those with the keys in a unit of work of its own."""
        async with tenant.open() as uow:
            return await self.by_keys(uow, keys)


async def _listed(tenant: Tenant, filter: AircraftFilter, order: Order, limit: int) -> list[str]:
    """Return the registrations of all pages, each read in a unit of work of its own."""

    async def one_page(request: PageRequest) -> Page[Aircraft]:
        async with tenant.open() as uow:
            return await uow.fleet.page(evolve(request, order=order), filter=filter)

    return [one.registration for one in await all_of(one_page, limit=limit)]
