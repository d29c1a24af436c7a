"""Receiving, allocating and adjusting stock."""

import asyncio
from datetime import timedelta

import pytest

from amss_domain.inventory.errors import InsufficientParts
from amss_domain.inventory.stock import Place
from amss_domain.scheduling.task import Work
from amss_domain.shared.errors import InvalidInput, Refused
from amss_domain.shared.page import PageRequest
from amss_domain.testing.workshop import Workshop


async def test_what_expires_first_is_taken_first_and_expired_stock_never(workshop: Workshop) -> None:
    """Of three lots the expired one is passed over, the one that expires next is emptied before the other."""
    part = await workshop.part()
    today = workshop.clock.now().date()
    for lot, days in (("late", 90), ("gone", -1), ("soon", 0)):
        await workshop.receive_stock(
            workshop.actor,
            part.id,
            2,
            reason="delivery",
            place=Place(lot=lot),
            expiry_date=today + timedelta(days=days),
        )
    aircraft = await workshop.aircraft()
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Seal"))

    await workshop.reserve_parts(workshop.actor, task.id, {part.id: 3})

    rows = (await workshop.list_stock(workshop.actor, PageRequest())).items
    assert {row.place.lot: row.quantity_reserved for row, _ in rows} == {"late": 1, "gone": 0, "soon": 2}


async def test_all_or_nothing_over_several_parts(workshop: Workshop) -> None:
    """One part short of two: both shortages would be named, and nothing of the other is held."""
    filters = await workshop.part("FILTER", quantity=5)
    plugs = await workshop.part("PLUG", quantity=1)
    aircraft = await workshop.aircraft()
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Service"))

    with pytest.raises(InsufficientParts) as short:
        await workshop.reserve_parts(workshop.actor, task.id, {filters.id: 2, plugs.id: 4})

    rows = (await workshop.list_stock(workshop.actor, PageRequest())).items
    assert [one.part_number for one in short.value.shortages] == ["PLUG"]
    assert {0} == {row.quantity_reserved for row, _ in rows}


async def test_reservations_of_many_tasks_at_once_never_oversell(workshop: Workshop) -> None:
    """Twenty tasks ask for two each of twenty-five: twelve get theirs, one is left over."""
    part = await workshop.part(quantity=25)
    aircraft = await workshop.aircraft()
    tasks = [await workshop.plan_task(workshop.actor, aircraft.id, Work(title=f"Job {n}")) for n in range(20)]

    results = await asyncio.gather(
        *(workshop.reserve_parts(workshop.actor, task.id, {part.id: 2}) for task in tasks), return_exceptions=True
    )

    assert sum(not isinstance(result, BaseException) for result in results) == 12
    assert sum(isinstance(result, InsufficientParts) for result in results) == 8
    ((row, _),) = (await workshop.list_stock(workshop.actor, PageRequest())).items
    assert row.available_quantity == 1


async def test_an_adjustment_needs_a_reason_and_respects_reservations(workshop: Workshop) -> None:
    """Taking away what is reserved, without saying why, is refused for both reasons."""
    part = await workshop.part(quantity=3)
    aircraft = await workshop.aircraft()
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Job"))
    await workshop.reserve_parts(workshop.actor, task.id, {part.id: 2})
    ((row, _),) = (await workshop.list_stock(workshop.actor, PageRequest())).items

    with pytest.raises(Refused) as refused:
        await workshop.adjust_stock(workshop.actor, row.id, difference=-2, reason=" ")

    assert [violation.code for violation in refused.value.violations] == ["reason_missing", "below_reserved"]


async def test_movements_sum_to_the_quantity(workshop: Workshop) -> None:
    """Received, adjusted and consumed quantities add up to what is on hand."""
    part = await workshop.part(quantity=9)
    ((row, _),) = (await workshop.list_stock(workshop.actor, PageRequest())).items
    await workshop.adjust_stock(workshop.actor, row.id, difference=-1, reason="counted")
    await workshop.receive_stock(workshop.actor, part.id, 4, reason="delivery")

    async with workshop.tenant.open() as uow:
        movements = await uow.stock.movements(row.id)
        (after,) = await uow.stock.of_parts([part.id])

    assert [movement.quantity for movement in movements] == [9, -1, 4]
    assert after.quantity_on_hand == 12


@pytest.mark.parametrize("quantity", [-1, 10**12])
async def test_quantities_out_of_range_are_refused(workshop: Workshop, quantity: int) -> None:
    """A received quantity is from 0 to a billion."""
    part = await workshop.part()

    with pytest.raises(InvalidInput, match="quantity"):
        await workshop.receive_stock(workshop.actor, part.id, quantity, reason="delivery")


async def test_one_place_keeps_one_expiry_date(workshop: Workshop) -> None:
    """Stock that expires on another day goes to another lot."""
    part = await workshop.part(quantity=1)

    with pytest.raises(Refused, match="another lot"):
        await workshop.receive_stock(
            workshop.actor, part.id, 1, reason="delivery", expiry_date=workshop.clock.now().date()
        )
