"""Reserving, consuming and releasing stock inside somebody's unit of work."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from attrs import frozen

from amss_domain.inventory.errors import InsufficientParts
from amss_domain.inventory.events import LowStock, PartConsumed, PartReleased, PartReserved, StockMoved
from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import allocate, available_on, first_expiring_first, held_by_part
from amss_domain.inventory.stock import Movement, MovementKind, Reservation, ReservationStatus, Stock
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import MovementId, PartId, ReservationId, StockId, TaskId
from amss_domain.shared.violation import Violation


@frozen(kw_only=True)
class Moment:
    """When stock is moved: the instant, and the day it is in the organization."""

    at: datetime
    on: date


async def reserve_for(
    uow: InventoryWork, task_id: TaskId, wanted: Mapping[PartId, int], *, when: Moment, ids: IdFactory
) -> tuple[Reservation, ...]:
    """Reserve all that is wanted for the task, or nothing.

    Raises `InsufficientParts` with every shortage, `InvalidInput` for an unknown part.
    """
    if not wanted:
        return ()
    parts = await _parts(uow, wanted)
    rows = await uow.stock.of_parts(wanted, for_update=True)
    takes, shortages = allocate(wanted, rows=rows, parts=parts, on=when.on)
    if shortages:
        raise InsufficientParts(shortages)
    reserved = []
    for take in takes:
        reservation = Reservation(
            id=ReservationId(ids.new()),
            org_id=uow.org_id,
            task_id=task_id,
            part_id=take.stock.part_id,
            stock_id=take.stock.id,
            quantity=take.quantity,
            created_at=when.at,
            updated_at=when.at,
        )
        uow.stock.save(take.stock.moved(reserved=take.quantity, at=when.at), was=take.stock)
        uow.stock.reserve(reservation)
        reserved.append(reservation)
    for part_id, quantity in wanted.items():
        part = parts[part_id]
        uow.record(
            PartReserved(
                aggregate_id=part_id,
                version=part.version,
                occurred_at=when.at,
                part_number=part.part_number,
                task_id=task_id,
                quantity=quantity,
            )
        )
        before = available_on((row for row in rows if row.part_id == part_id), when.on)
        announce_low_stock(uow, part, before=before, after=before - quantity, at=when.at)
    return tuple(reserved)


async def settle(
    uow: InventoryWork,
    reservations: Iterable[Reservation],
    used: Mapping[PartId, int],
    *,
    when: Moment,
    ids: IdFactory,
) -> None:
    """Consume what was used of a task's reservations and release the rest.

    What is used must be held (`blockers_to_use`); reservations that have ended are left alone.
    """
    open_ones = [one for one in reservations if one.status is ReservationStatus.RESERVED]
    if not open_ones:
        return
    held = held_by_part(open_ones)
    parts = await _parts(uow, held)
    rows = {row.id: row for row in await uow.stock.of_parts(held, for_update=True)}
    for part_id, of_part in _by_part(open_ones):
        _settle_part(uow, parts[part_id], of_part, rows, used.get(part_id, 0), when=when, ids=ids)


def record_movement(
    uow: InventoryWork, part: Part, row: Stock, kind: MovementKind, quantity: int, *, reason: str, ids: IdFactory
) -> None:
    """Keep and announce the movement that changed the row's quantity on hand by so many, when the row was updated."""
    uow.stock.move(
        Movement(
            id=MovementId(ids.new()),
            org_id=row.org_id,
            stock_id=row.id,
            kind=kind,
            quantity=quantity,
            reason=reason,
            occurred_at=row.updated_at,
        )
    )
    uow.record(
        StockMoved(
            aggregate_id=part.id,
            version=part.version,
            occurred_at=row.updated_at,
            reason=reason,
            part_number=part.part_number,
            stock_id=row.id,
            kind=kind.value,
            quantity=quantity,
        )
    )


def announce_low_stock(uow: InventoryWork, part: Part, *, before: int, after: int, at: datetime) -> None:
    """Record `LowStock` if the available quantity just became too low, and not while it stays so."""
    if part.is_low(after) and not part.is_low(before):
        uow.record(
            LowStock(
                aggregate_id=part.id,
                version=part.version,
                occurred_at=at,
                part_number=part.part_number,
                available=after,
                minimum_stock=part.about.minimum_stock,
                reorder_point=part.about.reorder_point,
            )
        )


def _settle_part(
    uow: InventoryWork,
    part: Part,
    reservations: Sequence[Reservation],
    rows: dict[StockId, Stock],
    used: int,
    *,
    when: Moment,
    ids: IdFactory,
) -> None:
    left = used
    order = {row.id: number for number, row in enumerate(first_expiring_first(rows.values()))}
    for reservation in sorted(reservations, key=lambda one: order[one.stock_id]):
        taken = min(left, reservation.quantity)
        left -= taken
        row = rows[reservation.stock_id]
        changed = row.moved(on_hand=-taken, reserved=-reservation.quantity, at=when.at)
        uow.stock.save(changed, was=row)
        rows[row.id] = changed
        uow.stock.save_reservation(reservation.settled(taken, at=when.at), was=reservation)
        if taken:
            uow.stock.move(
                Movement(
                    id=MovementId(ids.new()),
                    org_id=uow.org_id,
                    stock_id=row.id,
                    kind=MovementKind.CONSUMED,
                    quantity=-taken,
                    reason="used by the task",
                    task_id=reservation.task_id,
                    occurred_at=when.at,
                )
            )
    _announce_settled(uow, part, reservations[0].task_id, used, sum(one.quantity for one in reservations), at=when.at)


def _announce_settled(uow: InventoryWork, part: Part, task_id: TaskId, used: int, held: int, *, at: datetime) -> None:
    if used:
        uow.record(
            PartConsumed(
                aggregate_id=part.id,
                version=part.version,
                occurred_at=at,
                part_number=part.part_number,
                task_id=task_id,
                quantity=used,
            )
        )
    if held > used:
        uow.record(
            PartReleased(
                aggregate_id=part.id,
                version=part.version,
                occurred_at=at,
                part_number=part.part_number,
                task_id=task_id,
                quantity=held - used,
            )
        )


async def _parts(uow: InventoryWork, wanted: Iterable[PartId]) -> dict[PartId, Part]:
    wanted = tuple(wanted)
    parts = {part.id: part for part in await uow.parts.get_many(wanted)}
    missing = [part_id for part_id in wanted if part_id not in parts]
    if missing:
        raise InvalidInput(
            [Violation("unknown_part", f"there is no part {part_id}", str(part_id)) for part_id in missing]
        )
    return parts


def _by_part(reservations: Iterable[Reservation]) -> list[tuple[PartId, list[Reservation]]]:
    ordered = sorted(reservations, key=lambda one: one.part_id)
    return [(part_id, list(group)) for part_id, group in groupby(ordered, key=lambda one: one.part_id)]
