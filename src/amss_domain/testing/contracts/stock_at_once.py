"""The laws of stock that many move, reserve and release at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import pytest

from amss_domain.inventory.errors import InsufficientParts
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Place, Reservation, ReservationStatus, Stock
from amss_domain.inventory.stockkeeping import Moment, reserve_for, settle
from amss_domain.inventory.use_cases.adjust_stock import AdjustStock, QuarantineStock
from amss_domain.inventory.use_cases.define_part import ArchivePart
from amss_domain.inventory.use_cases.receive_stock import ReceiveStock
from amss_domain.inventory.use_cases.release_reservation import ReleaseReservation
from amss_domain.inventory.use_cases.transfer_stock import TransferStock
from amss_domain.scheduling.task import Task
from amss_domain.shared.errors import AmssError, Refused, StaleVersion
from amss_domain.shared.ids import PartId, ReservationId, StockId
from amss_domain.shared.unit_of_work import on_fresh_data
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import a_movement, a_part, a_reservation, an_aircraft, some_stock
from amss_domain.testing.contracts.contract import Contract, ending
from amss_domain.testing.scheduling_builders import a_task
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY, ManualClock
from amss_domain.testing.tenant import Tenant

T = TypeVar("T")

_WHEN = Moment(at=NOON, on=TODAY)
_CLOCK = ManualClock()


class StockAtOnceContract(Contract):
    """Nothing is lost, doubled or oversold, and nobody waits for ever, however many move stock at once."""

    async def test_transfers_back_and_forth_lose_nothing(self, ours: Tenant, can: Capabilities) -> None:
        """Of transfers between places in both directions each is made or refused as a whole; all that was is there."""
        can.need_holding()
        part = a_part(org_id=ours.id)
        rows = [some_stock(part, 6, place=Place(location=name)) for name in "AB"]
        await ours.keep(part, *rows, *(a_movement(row, 6) for row in rows))
        ways = [(rows[0], "B"), (rows[1], "A"), (rows[0], "C"), (rows[1], "C")] * 6

        outcomes = await _all_at_once([_transfer(ours, row.id, 1 + n % 3, to) for n, (row, to) in enumerate(ways)])

        assert {type(outcome) for outcome in outcomes} == {tuple, Refused}
        assert {_code(one) for one in outcomes if isinstance(one, Refused)} == {"above_available"}
        kept = await _rows(ours, part)
        assert sorted(row.place.location or "" for row in kept) == ["A", "B", "C"]
        assert sum(row.quantity_on_hand for row in kept) == 12
        await _assert_explained(ours, kept)

    async def test_transfers_to_a_new_place_meet_there(self, ours: Tenant, can: Capabilities) -> None:
        """Of many who carry stock to a place where nothing lies one opens the row, and the others add to it."""
        can.need_holding()
        part = a_part(org_id=ours.id)
        row = some_stock(part, 8, place=Place(location="A"))
        await ours.keep(part, row, a_movement(row, 8))

        outcomes = await _all_at_once([_transfer(ours, row.id, 1, "B") for _ in range(8)])

        assert Counter(map(type, outcomes)) == {tuple: 8}
        kept = await _rows(ours, part)
        assert {one.place.location: one.quantity_on_hand for one in kept} == {"A": 0, "B": 8}
        await _assert_explained(ours, kept)

    async def test_a_reservation_is_released_once(self, ours: Tenant, can: Capabilities) -> None:
        """Of many who release a reservation one does, and the others are told that it has ended."""
        can.need_holding()
        part, (task,) = a_part(org_id=ours.id), await _tasks(ours, 1)
        row = some_stock(part, 5, reserved=4)
        held = a_reservation(row, task.id, 3)
        await ours.keep(part, row, held)

        outcomes = await _all_at_once([_release(ours, held.id) for _ in range(8)])

        assert Counter(map(type, outcomes)) == {Reservation: 1, Refused: 7}
        assert {_code(one) for one in outcomes if isinstance(one, Refused)} == {"reservation_ended"}
        (kept,) = await _rows(ours, part)
        assert (kept.quantity_on_hand, kept.quantity_reserved) == (5, 1)

    async def test_what_was_released_meanwhile_is_not_used_up(self, ours: Tenant) -> None:
        """Who settles a reservation that another released after it was read meets `StaleVersion`, and uses nothing."""
        part, (task,) = a_part(org_id=ours.id), await _tasks(ours, 1)
        row = some_stock(part, 5, reserved=3)
        held = a_reservation(row, task.id, 3)
        await ours.keep(part, row, held)

        async with ours.open() as uow:
            read = await uow.stock.reservations(task.id)
            released = await _release(ours, held.id)
            with pytest.raises(StaleVersion):
                await _use_up(uow, read, {part.id: 3})

        assert released.status is ReservationStatus.RELEASED
        (kept,) = await _rows(ours, part)
        assert (kept.quantity_on_hand, kept.quantity_reserved) == (5, 0)

    async def test_everything_at_once_keeps_the_sums(self, ours: Tenant, can: Capabilities) -> None:
        """Many tasks reserve, release and complete while stock is carried, counted, received and set aside."""
        can.need_holding()
        parts, tasks = [a_part(org_id=ours.id) for _ in range(2)], await _tasks(ours, 16)
        rows = [some_stock(part, 9, place=Place(location=name)) for part in parts for name in "AB"]
        await ours.keep(*parts, *rows, *(a_movement(row, 9) for row in rows))

        outcomes = await _all_at_once(
            [
                *(_work_on(ours, task, parts[:: 1 if n % 2 else -1], n) for n, task in enumerate(tasks)),
                *(_transfer(ours, row.id, 2, "BA"[n % 2]) for n, row in enumerate(rows * 2)),
                *(_adjust(ours, row.id, -1) for row in rows),
                *(_receive(ours, part, 2) for part in parts * 2),
                *(_set_aside(ours, row.id) for row in rows[:2]),
            ]
        )

        allowed = {type(None), tuple, Stock, InsufficientParts, Refused}
        assert {type(outcome) for outcome in outcomes} <= allowed
        kept = [row for part in parts for row in await _rows(ours, part)]
        async with ours.open() as uow:
            held = [one for task in tasks for one in await uow.stock.reservations(task.id)]
        for row in kept:
            mine = [one for one in held if one.stock_id == row.id and one.status is ReservationStatus.RESERVED]
            assert 0 <= row.quantity_reserved <= row.quantity_on_hand
            assert row.quantity_reserved == sum(one.quantity for one in mine)
        await _assert_explained(ours, kept)

    async def test_nothing_is_received_of_a_part_that_is_archived(self, ours: Tenant, can: Capabilities) -> None:
        """Of one who archives a part and one who receives the first of it either the one or the other succeeds."""
        can.need_holding()
        parts = [a_part(org_id=ours.id) for _ in range(8)]
        await ours.keep(*parts)
        archive = ArchivePart(ours.backend.open_uow, _CLOCK)

        outcomes = await _all_at_once(
            [work for part in parts for work in (archive(ours.actor, part.id), _receive(ours, part, 1))]
        )

        assert Counter(map(type, outcomes))[Refused] == 8
        for part in parts:
            async with ours.open() as uow:
                now = await uow.parts.get(part.id)
            assert (now.archived_at is None) == bool(await _rows(ours, part))


async def _all_at_once(work: Sequence[Awaitable[T]]) -> list[T | AmssError]:
    """Return what each comes to, its error if it is refused; fail when anything hangs or goes wrong otherwise."""
    outcomes = await ending(asyncio.gather(*work, return_exceptions=True))
    told: list[T | AmssError] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, AmssError):
            raise outcome
        told.append(outcome)
    return told


async def _assert_explained(tenant: Tenant, rows: Sequence[Stock]) -> None:
    """Fail unless the movements of each row sum to what is on hand."""
    async with tenant.open() as uow:
        for row in rows:
            moved = sum(movement.quantity for movement in await uow.stock.movements(row.id))
            assert moved == row.quantity_on_hand


async def _rows(tenant: Tenant, part: Part) -> tuple[Stock, ...]:
    async with tenant.open() as uow:
        return await uow.stock.of_parts([part.id])


async def _tasks(tenant: Tenant, count: int) -> list[Task]:
    aircraft = an_aircraft(org_id=tenant.id)
    tasks = [a_task(aircraft) for _ in range(count)]
    await tenant.keep(aircraft, *tasks)
    return tasks


def _code(refusal: Refused) -> str:
    (violation,) = refusal.violations
    return violation.code


async def _transfer(tenant: Tenant, stock_id: StockId, quantity: int, to: str) -> tuple[Stock, Stock]:
    transfer = TransferStock(tenant.backend.open_uow, _CLOCK, FRESH_IDS)
    return await transfer(tenant.actor, stock_id, quantity, to=Place(location=to), reason="tidied up")


async def _adjust(tenant: Tenant, stock_id: StockId, difference: int) -> Stock:
    adjust = AdjustStock(tenant.backend.open_uow, _CLOCK, FRESH_IDS)
    return await adjust(tenant.actor, stock_id, difference=difference, reason="counted")


async def _receive(tenant: Tenant, part: Part, quantity: int) -> Stock:
    receive = ReceiveStock(tenant.backend.open_uow, _CLOCK, FRESH_IDS)
    return await receive(tenant.actor, part.id, quantity, reason="delivery", place=Place(location="dock"))


async def _set_aside(tenant: Tenant, stock_id: StockId) -> Stock:
    set_aside = QuarantineStock(tenant.backend.open_uow, _CLOCK)
    return await set_aside(tenant.actor, stock_id, quarantined=True, reason="to be inspected")


async def _release(tenant: Tenant, reservation_id: ReservationId) -> Reservation:
    release = ReleaseReservation(tenant.backend.open_uow, _CLOCK, FRESH_IDS)
    return await release(tenant.actor, reservation_id)


async def _work_on(tenant: Tenant, task: Task, parts: Sequence[Part], number: int) -> None:
    """Reserve one of each part, and then use them, give them back by task or one by one, or keep them."""
    wanted: dict[PartId, int] = {part.id: 1 for part in parts}
    async with tenant.open() as uow:
        reserved = await reserve_for(uow, task.id, wanted, when=_WHEN, ids=FRESH_IDS)
        await uow.commit()
    outcome = number % 4
    if outcome < 2:
        await on_fresh_data(lambda: _settle(tenant, task, dict.fromkeys(wanted, outcome)))
    if outcome == 2:
        for one in reserved:
            await _release(tenant, one.id)


async def _settle(tenant: Tenant, task: Task, used: dict[PartId, int]) -> None:
    async with tenant.open() as uow:
        await _use_up(uow, await uow.stock.reservations(task.id), used)


async def _use_up(uow: Work, reservations: Sequence[Reservation], used: dict[PartId, int]) -> None:
    await settle(uow, reservations, used, when=_WHEN, ids=FRESH_IDS)
    await uow.commit()
