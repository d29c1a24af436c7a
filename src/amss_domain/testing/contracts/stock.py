"""The laws of stock and its movements."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import ANY_STOCK, StockFilter
from amss_domain.inventory.stock import Movement, Place, Stock
from amss_domain.scheduling.task import Task
from amss_domain.shared.errors import AlreadyExists, AmssError, InvariantBroken
from amss_domain.shared.ids import StockId
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import a_movement, a_part, an_aircraft, some_stock
from amss_domain.testing.contracts.contract import Contract, outrun, refused, some_examples
from amss_domain.testing.contracts.kept import Way, picking
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.scheduling_builders import a_task
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY
from amss_domain.testing.tenant import Tenant, Thing, all_of


class StockRowsContract(PagedLaws[Stock]):
    """The laws of `StockRows` that concern the rows."""

    def needed(self, tenant: Tenant, /) -> tuple[Part]:
        return (a_part(org_id=tenant.id),)

    def one(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> Stock:
        return some_stock(_part(needed), 10, reserved=3)

    def any_of(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[Stock]:
        return values.stock_rows(_part(needed))

    def changed(self, kept: Stock, other: Stock) -> Stock:
        return evolve(
            kept,
            quantity_on_hand=other.quantity_on_hand,
            quantity_reserved=other.quantity_reserved,
            updated_at=other.updated_at,
        )

    def ways(self) -> Mapping[str, Way[Stock]]:
        return {
            "get": lambda uow, one: uow.stock.get(one.id),
            "get_many": picking(lambda uow, one: uow.stock.get_many([one.id])),
            "of_parts": picking(lambda uow, one: uow.stock.of_parts([one.part_id])),
            "page": picking(lambda uow, _: all_of(uow.stock.page)),
        }

    def holding(self) -> Mapping[str, Way[Stock]]:
        return {
            "of_parts for_update": picking(lambda uow, one: uow.stock.of_parts([one.part_id], for_update=True)),
        }

    async def page(self, uow: Work, request: PageRequest) -> Page[Stock]:
        return await uow.stock.page(request)

    async def test_the_rows_of_parts_come_in_the_order_of_their_ids(self, ours: Tenant) -> None:
        """`of_parts` returns every row of the parts by id, empty and quarantined ones too, and no others."""
        bolt, nut, washer = (a_part(org_id=ours.id) for _ in range(3))
        rows = [some_stock(bolt, 0), some_stock(nut, quarantined=True), some_stock(bolt, expiry_date=TODAY)]
        await ours.keep(bolt, nut, washer, rows[2], some_stock(washer), rows[1], rows[0])

        async with ours.open() as uow:
            assert await uow.stock.of_parts([nut.id, a_part(org_id=ours.id).id, bolt.id]) == tuple(rows)
            assert await uow.stock.of_parts([nut.id, bolt.id], for_update=True) == tuple(rows)
            assert await uow.stock.of_parts([]) == ()

    async def test_many_come_in_the_order_of_their_ids(self, ours: Tenant) -> None:
        """`get_many` returns each once by id; unknown ids are left out."""
        first, second = await self.some_kept(ours, 2)

        async with ours.open() as uow:
            assert await uow.stock.get_many([second.id, StockId(FRESH_IDS.new()), first.id, second.id]) == (
                first,
                second,
            )
            assert await uow.stock.get_many([]) == ()

    async def test_a_page_has_only_what_matches(self, ours: Tenant, theirs: Tenant) -> None:
        """`page` lists the rows that match every part of the filter, and pages through them in every order."""
        bolt, nut = a_part(org_id=ours.id), a_part(org_id=ours.id)
        day = timedelta(days=1)
        old = some_stock(bolt, place=Place(location="A"), expiry_date=TODAY - day)
        here = some_stock(bolt, place=Place(location="B"), expiry_date=TODAY)
        aside = some_stock(bolt, place=Place(location="A", lot="7"), quarantined=True)
        other = some_stock(nut, place=Place(location="A"), expiry_date=TODAY, quarantined=True)
        nowhere = some_stock(nut, place=Place())
        await ours.keep(bolt, nut, old, here, aside, other, nowhere)
        foreign = a_part(org_id=theirs.id)
        await theirs.keep(foreign, some_stock(foreign, place=Place(location="A"), quarantined=True))
        expected = {
            ANY_STOCK: (old, here, aside, other, nowhere),
            StockFilter(part_id=bolt.id): (old, here, aside),
            StockFilter(part_id=foreign.id): (),
            StockFilter(location="A"): (old, aside, other),
            StockFilter(location="a"): (),
            StockFilter(quarantined=True): (aside, other),
            StockFilter(quarantined=False): (old, here, nowhere),
            StockFilter(expiring_before=TODAY): (old,),
            StockFilter(expiring_before=TODAY + day): (old, here, other),
            StockFilter(expiring_before=date.min): (),
            StockFilter(location="A", quarantined=True): (aside, other),
            StockFilter(location="A", expiring_before=TODAY + day): (old, other),
            StockFilter(part_id=bolt.id, location="A", quarantined=False): (old,),
            StockFilter(part_id=nut.id, expiring_before=TODAY + day): (other,),
            StockFilter(quarantined=True, expiring_before=TODAY + day): (other,),
        }

        for filter, rows in expected.items():
            assert await self._everything(ours, OLDEST_FIRST, filter) == rows
            assert await self._everything(ours, NEWEST_FIRST, filter) == rows[::-1]
            by_expiry = tuple(sorted(rows, key=lambda row: (row.expiry_date or date.max, row.id)))
            assert await self._everything(ours, Order("expiry_date"), filter) == by_expiry
            assert await self._everything(ours, Order("expiry_date", descending=True), filter) == by_expiry[::-1]

    async def test_what_never_expires_comes_after_all_that_does(self, ours: Tenant) -> None:
        """By `expiry_date` rows of one day come by id, the last day there is before none at all."""
        part = a_part(org_id=ours.id)
        days = (None, date.max, TODAY, date.min, TODAY, None)
        rows = [some_stock(part, expiry_date=day) for day in days]
        await ours.keep(part, *rows)
        by_expiry = tuple(rows[place] for place in (3, 2, 4, 1, 0, 5))

        assert await self._everything(ours, Order("expiry_date"), ANY_STOCK) == by_expiry
        assert await self._everything(ours, Order("expiry_date", descending=True), ANY_STOCK) == by_expiry[::-1]

    async def test_pages_by_expiry_start_after_a_row(self, ours: Tenant) -> None:
        """After a row that is not there nothing comes by `expiry_date`; other orders are a ValueError."""
        await self.some_kept(ours, 2)

        async with ours.open() as uow:
            after_none = PageRequest(order=Order("expiry_date"), after=FRESH_IDS.new())
            assert await uow.stock.page(after_none) == Page((), None)
            with pytest.raises(ValueError, match="order"):
                await uow.stock.page(PageRequest(order=Order("quantity_on_hand")))

    @pytest.mark.parametrize(
        "place",
        [
            pytest.param(Place(), id="nowhere in particular"),
            pytest.param(Place(location="A1"), id="location"),
            pytest.param(Place(location="A1", lot="7", serial_number="0815"), id="lot and serial number"),
        ],
    )
    async def test_a_part_has_one_row_for_each_place(self, ours: Tenant, place: Place) -> None:
        """A second row of the part in the same place is refused (`AlreadyExists`); another part's is not."""
        bolt, nut = a_part(org_id=ours.id), a_part(org_id=ours.id)
        row, other = some_stock(bolt, place=place), some_stock(nut, place=place)
        await ours.keep(bolt, nut, row, other)

        error = await refused(ours, adding=some_stock(bolt, place=place))

        assert isinstance(error, AlreadyExists)
        async with ours.open() as uow:
            assert await uow.stock.of_parts([bolt.id, nut.id]) == (row, other)

    async def test_of_two_who_take_a_place_the_first_to_commit_wins(self, ours: Tenant) -> None:
        """A place is refused also when another takes it after `add` was called."""
        part = a_part(org_id=ours.id)
        first, second = (some_stock(part, place=Place(lot="7")) for _ in range(2))
        await ours.keep(part)

        error = await outrun(ours, lambda uow: uow.stock.add(first), lambda uow: uow.stock.add(second))

        assert isinstance(error, AlreadyExists)
        async with ours.open() as uow:
            assert await uow.stock.of_parts([part.id]) == (first,)

    async def test_places_that_differ_are_different_places(self, ours: Tenant) -> None:
        """Rows whose places differ in anything stand side by side, also where nothing is not the empty text."""
        part = a_part(org_id=ours.id)
        places = [Place(), Place(location=""), Place(location="A1"), Place(lot="A1"), Place(serial_number="A1")]
        rows = [some_stock(part, place=place) for place in places]
        await ours.keep(part, *rows)

        async with ours.open() as uow:
            assert await uow.stock.of_parts([part.id]) == tuple(rows)

    @pytest.mark.parametrize(("on_hand", "reserved"), [(10, 11), (0, 1), (10, -1), (-1, -1), (-1, 0)])
    async def test_a_row_that_breaks_the_invariant_is_refused(self, ours: Tenant, on_hand: int, reserved: int) -> None:
        """`quantity_reserved` below 0 or above `quantity_on_hand` is refused (`InvariantBroken`), added or saved."""
        part = a_part(org_id=ours.id)
        row = some_stock(part)
        await ours.keep(part, row)
        broken = evolve(row, quantity_on_hand=on_hand, quantity_reserved=reserved, version=2)

        added = await refused(ours, adding=some_stock(part, on_hand, reserved=reserved))
        saved = await refused(ours, saving=(broken, row))

        assert isinstance(added, InvariantBroken)
        assert isinstance(saved, InvariantBroken)
        assert await self.found(ours, row) == self.everywhere(row)

    async def test_stock_is_of_a_part_of_the_organization(
        self, ours: Tenant, theirs: Tenant, can: Capabilities
    ) -> None:
        """A row of an unknown or foreign part is refused."""
        can.need_references()
        foreign = a_part(org_id=theirs.id)
        await theirs.keep(foreign)

        for part in (a_part(org_id=ours.id), evolve(foreign, org_id=ours.id)):
            assert isinstance(await refused(ours, adding=some_stock(part)), AmssError)

        async with ours.open() as uow:
            assert await uow.stock.of_parts([foreign.id]) == ()

    @staticmethod
    async def _everything(tenant: Tenant, order: Order, filter: StockFilter) -> tuple[Stock, ...]:
        """Return all that is listed, which is the same whatever the limit."""
        async with tenant.open() as uow:
            alone, *others = [
                await all_of(lambda request: uow.stock.page(evolve(request, order=order), filter=filter), limit=limit)
                for limit in (1, 2, 200)
            ]
        assert others == [alone, alone]
        return alone


class MovementsContract(Contract):
    """The laws of `StockRows` that concern movements."""

    @some_examples
    @given(data=st.data())
    async def test_movements_are_read_back_equal(self, ours: Tenant, data: st.DataObject) -> None:
        """Every field of a movement comes back as it went in."""
        row, task = await _a_row(ours)
        movement = data.draw(values.movements(row, task.id))
        await ours.keep(movement)

        async with ours.open() as uow:
            assert await uow.stock.movements(row.id) == (movement,)

    async def test_movements_come_oldest_first(self, ours: Tenant) -> None:
        """`movements` returns those of the row alone, oldest first, those of one instant in the order of their ids."""
        row, _ = await _a_row(ours)
        other, _ = await _a_row(ours)
        # Ids say nothing of time where an older one is recorded late.
        third, first, second = (a_movement(row, 5, at=NOON + timedelta(seconds=seconds)) for seconds in (1, 0, 0))
        await ours.keep(third)
        await ours.keep(first, a_movement(other), second)

        async with ours.open() as uow:
            assert await uow.stock.movements(row.id) == (first, second, third)

    @pytest.mark.parametrize("limit", [1, 2, 200])
    async def test_movements_come_in_pages(self, ours: Tenant, limit: int) -> None:
        """`page_of_movements` lists those of the row alone by when they occurred and id, the newest first on demand."""
        row, _ = await _a_row(ours)
        other, _ = await _a_row(ours)
        third, first, second = (a_movement(row, 5, at=NOON + timedelta(seconds=seconds)) for seconds in (1, 0, 0))
        await ours.keep(third, first, a_movement(other), second)

        assert await self._listed(ours, row, None, limit) == (first, second, third)
        assert await self._listed(ours, row, OLDEST_FIRST, limit) == (first, second, third)
        assert await self._listed(ours, row, NEWEST_FIRST, limit) == (third, second, first)

    async def test_a_page_of_movements_starts_after_one_of_them(self, ours: Tenant) -> None:
        """After a movement that is not there nothing comes; there is no order but that of time."""
        row, _ = await _a_row(ours)
        await ours.keep(a_movement(row))

        async with ours.open() as uow:
            assert await uow.stock.page_of_movements(row.id, PageRequest(after=FRESH_IDS.new())) == Page((), None)
            with pytest.raises(ValueError, match="order"):
                await uow.stock.page_of_movements(row.id, PageRequest(order=Order("quantity")))

    async def test_movements_wait_for_the_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` moves nothing; until then the unit of work alone sees what it moved."""
        row, _ = await _a_row(ours)
        movement = a_movement(row)
        async with ours.open() as uow:
            uow.stock.move(movement)
            assert await uow.stock.movements(row.id) == (movement,)
            async with ours.open() as another:
                assert await another.stock.movements(row.id) == ()

        async with ours.open() as uow:
            assert await uow.stock.movements(row.id) == ()

    async def test_movements_are_nobody_elses(self, ours: Tenant, theirs: Tenant) -> None:
        """Movements of a foreign row are not seen, and none are added to it."""
        row, _ = await _a_row(theirs)
        movement = a_movement(row)
        await theirs.keep(movement)

        await refused(ours, adding=a_movement(row))
        await refused(ours, adding=evolve(a_movement(row), org_id=ours.id))

        async with ours.open() as uow:
            assert await uow.stock.movements(row.id) == ()
            assert await uow.stock.page_of_movements(row.id, PageRequest()) == Page((), None)
        async with theirs.open() as uow:
            assert await uow.stock.movements(row.id) == (movement,)

    @staticmethod
    async def _listed(tenant: Tenant, row: Stock, order: Order | None, limit: int) -> tuple[Movement, ...]:
        async with tenant.open() as uow:
            return await all_of(
                lambda request: uow.stock.page_of_movements(row.id, evolve(request, order=order)), limit=limit
            )


def _part(needed: tuple[Thing, ...]) -> Part:
    (part,) = (thing for thing in needed if isinstance(thing, Part))
    return part


async def _a_row(tenant: Tenant) -> tuple[Stock, Task]:
    part, aircraft = a_part(org_id=tenant.id), an_aircraft(org_id=tenant.id)
    row, task = some_stock(part, 10), a_task(aircraft)
    await tenant.keep(part, row, aircraft, task)
    return row, task
