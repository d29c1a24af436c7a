"""The laws of reservations."""

from collections.abc import Mapping

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.inventory.ports import ANY_RESERVATION, ReservationFilter
from amss_domain.inventory.stock import Reservation, ReservationStatus, Stock
from amss_domain.scheduling.task import Task
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import TaskId
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import a_part, a_reservation, an_aircraft, some_stock
from amss_domain.testing.contracts.contract import refused
from amss_domain.testing.contracts.kept import Way, newer, picking
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.scheduling_builders import a_task
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant, Thing, all_of


class ReservationsContract(PagedLaws[Reservation]):
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
        return {
            "reservation": lambda uow, one: uow.stock.reservation(one.id),
            "reservations": picking(lambda uow, one: uow.stock.reservations(one.task_id)),
            "page_of_reservations": picking(lambda uow, _: all_of(uow.stock.page_of_reservations)),
        }

    async def page(self, uow: Work, request: PageRequest) -> Page[Reservation]:
        return await uow.stock.page_of_reservations(request)

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

    async def test_a_page_has_only_what_matches(self, ours: Tenant) -> None:
        """`page_of_reservations` lists those that match every part of the filter by id, or the last first."""
        needed, others = self.needed(ours), self.needed(ours)
        row, task = _row_and_task(needed)
        other_row, other_task = _row_and_task(others)
        held, used, released, elsewhere, swapped = (
            a_reservation(row, task.id),
            a_reservation(row, task.id).settled(1, at=NOON),
            a_reservation(other_row, task.id).settled(0, at=NOON),
            a_reservation(other_row, other_task.id),
            a_reservation(row, other_task.id).settled(1, at=NOON),
        )
        await ours.keep(*needed, *others, held, used, released, elsewhere, swapped)
        reserved, consumed, ended = ReservationStatus
        expected = {
            ANY_RESERVATION: (held, used, released, elsewhere, swapped),
            ReservationFilter(task_id=task.id): (held, used, released),
            ReservationFilter(part_id=row.part_id): (held, used, swapped),
            ReservationFilter(statuses=(consumed,)): (used, swapped),
            ReservationFilter(statuses=(reserved, reserved)): (held, elsewhere),
            ReservationFilter(statuses=(ended, reserved)): (held, released, elsewhere),
            ReservationFilter(task_id=task.id, statuses=(reserved, ended)): (held, released),
            ReservationFilter(task_id=task.id, part_id=row.part_id): (held, used),
            ReservationFilter(task_id=other_task.id, part_id=row.part_id, statuses=(reserved,)): (),
            ReservationFilter(part_id=row.part_id, statuses=(consumed,)): (used, swapped),
            ReservationFilter(part_id=a_part(org_id=ours.id).id): (),
        }

        for filter, reservations in expected.items():
            for limit in (1, 2, 200):
                assert await self._listed_in(ours, OLDEST_FIRST, filter, limit) == reservations
                assert await self._listed_in(ours, NEWEST_FIRST, filter, limit) == reservations[::-1]

    async def test_the_reservations_of_no_task_are_not_found(self, ours: Tenant, theirs: Tenant) -> None:
        """A filter that names an unknown or foreign task is `NotFound`; a task without any has an empty page."""
        needed, foreign = self.needed(ours), self.needed(theirs)
        await ours.keep(*needed)
        await theirs.keep(*foreign)
        _, mine = _row_and_task(needed)
        _, other = _row_and_task(foreign)

        for task_id in (other.id, TaskId(FRESH_IDS.new())):
            async with ours.open() as uow:
                with pytest.raises(NotFound) as missing:
                    await uow.stock.page_of_reservations(PageRequest(), filter=ReservationFilter(task_id=task_id))
            assert (missing.value.kind, missing.value.identity) == ("task", str(task_id))
        async with ours.open() as uow:
            page = await uow.stock.page_of_reservations(PageRequest(), filter=ReservationFilter(task_id=mine.id))
        assert page == Page((), None)

    async def test_there_is_no_order_by_quantity(self, ours: Tenant) -> None:
        """An order that the port does not name is a ValueError."""
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="order"):
                await uow.stock.page_of_reservations(PageRequest(order=Order("quantity")))

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

    @staticmethod
    async def _listed_in(
        tenant: Tenant, order: Order, filter: ReservationFilter, limit: int
    ) -> tuple[Reservation, ...]:
        async with tenant.open() as uow:
            return await all_of(
                lambda request: uow.stock.page_of_reservations(evolve(request, order=order), filter=filter),
                limit=limit,
            )


def _row_and_task(needed: tuple[Thing, ...]) -> tuple[Stock, Task]:
    (row,) = (thing for thing in needed if isinstance(thing, Stock))
    (task,) = (thing for thing in needed if isinstance(thing, Task))
    return row, task
