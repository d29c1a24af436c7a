"""The laws of stock, its movements and its reservations."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Place, Reservation, Stock
from amss_domain.scheduling.task import Task
from amss_domain.shared.errors import AlreadyExists, AmssError, InvariantBroken
from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import a_movement, a_part, a_reservation, an_aircraft, some_stock
from amss_domain.testing.contracts.contract import Contract, outrun, refused, some_examples
from amss_domain.testing.contracts.kept import KeptLaws, Way, newer, picking
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.scheduling_builders import a_task
from amss_domain.testing.stand_ins import NOON, TODAY
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
        async with theirs.open() as uow:
            assert await uow.stock.movements(row.id) == (movement,)


class ReservationsContract(KeptLaws[Reservation]):
    """The laws of `StockRows` that concern reservations."""

    def needed(self, tenant: Tenant, /) -> tuple[Thing, ...]:
        part, aircraft = a_part(org_id=tenant.id), an_aircraft(org_id=tenant.id)
        return part, some_stock(part), aircraft, a_task(aircraft)

    def one(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> Reservation:
        row, task = _row_and_task(needed)
        return a_reservation(row, task.id, 2)

    def any_of(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[Reservation]:
        row, task = _row_and_task(needed)
        return values.reservations(row, task.id)

    def changed(self, kept: Reservation, other: Reservation) -> Reservation:
        return evolve(
            kept,
            quantity_consumed=min(kept.quantity, other.quantity_consumed),
            status=other.status,
            updated_at=other.updated_at,
        )

    def ways(self) -> Mapping[str, Way[Reservation]]:
        return {"reservations": picking(lambda uow, one: uow.stock.reservations(one.task_id))}

    async def test_a_task_has_its_reservations_whatever_became_of_them(self, ours: Tenant) -> None:
        """`reservations` returns those of the task alone, by id, consumed and released ones too."""
        needed = self.needed(ours)
        row, task = _row_and_task(needed)
        others = self.needed(ours)
        open_one, used, released = (a_reservation(row, task.id, 2) for _ in range(3))
        await ours.keep(*needed, *others, released, used, self.one(ours, others), open_one)
        ended = used.settled(1, at=NOON), released.settled(0, at=NOON)
        await ours.change(used, ended[0])
        await ours.change(released, ended[1])

        async with ours.open() as uow:
            assert await uow.stock.reservations(task.id) == (open_one, *ended)

    async def test_a_foreign_row_cannot_be_reserved(self, ours: Tenant, theirs: Tenant, can: Capabilities) -> None:
        """A reservation that points to a foreign row, part or task is refused."""
        can.need_references()
        needed, foreign = self.needed(ours), self.needed(theirs)
        await ours.keep(*needed)
        await theirs.keep(*foreign)
        mine, other = self.one(ours, needed), self.one(theirs, foreign)

        for pointing in (
            evolve(mine, stock_id=other.stock_id),
            evolve(mine, part_id=other.part_id, stock_id=other.stock_id),
            evolve(mine, task_id=other.task_id),
        ):
            await refused(ours, adding=pointing)

        async with ours.open() as uow:
            assert await uow.stock.reservations(mine.task_id) == await uow.stock.reservations(other.task_id) == ()

    async def test_a_reservation_may_be_settled_with_its_row(self, ours: Tenant) -> None:
        """One unit of work saves a row again and again and settles its reservations, as completing a task does."""
        needed = self.needed(ours)
        row, task = _row_and_task(needed)
        first, second = a_reservation(row, task.id, 2), a_reservation(row, task.id, 3)
        reserved = newer(evolve(row, quantity_reserved=5))
        await ours.keep(*needed, first, second)
        await ours.change(row, reserved)

        async with ours.open() as uow:
            once = reserved.moved(on_hand=-2, reserved=-2, at=NOON)
            twice = once.moved(reserved=-3, at=NOON)
            uow.stock.save(once, was=reserved)
            uow.stock.save_reservation(first.settled(2, at=NOON), was=first)
            uow.stock.save(twice, was=once)
            uow.stock.save_reservation(second.settled(0, at=NOON), was=second)
            await uow.commit()

        async with ours.open() as uow:
            assert await uow.stock.get(row.id) == twice
            assert await uow.stock.reservations(task.id) == (first.settled(2, at=NOON), second.settled(0, at=NOON))


def _part(needed: tuple[Thing, ...]) -> Part:
    (part,) = (thing for thing in needed if isinstance(thing, Part))
    return part


def _row_and_task(needed: tuple[Thing, ...]) -> tuple[Stock, Task]:
    (row,) = (thing for thing in needed if isinstance(thing, Stock))
    (task,) = (thing for thing in needed if isinstance(thing, Task))
    return row, task


async def _a_row(tenant: Tenant) -> tuple[Stock, Task]:
    part, aircraft = a_part(org_id=tenant.id), an_aircraft(org_id=tenant.id)
    row, task = some_stock(part, 10), a_task(aircraft)
    await tenant.keep(part, row, aircraft, task)
    return row, task
