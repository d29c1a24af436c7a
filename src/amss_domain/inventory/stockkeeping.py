"""Reserving, consuming and releasing stock inside somebody's unit of work.

Rows are held before their parts are read, so that what was decided about a part while waiting is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from attrs import frozen

from amss_domain.inventory.errors import InsufficientParts
from amss_domain.inventory.events import (
    LowStock,
    PartConsumed,
    PartReleased,
    PartReserved,
    StockMoved,
    StockQuarantined,
)
from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import (
    allocate,
    available_on,
    blockers_to_stock,
    first_expiring_first,
    held_by_part,
)
from amss_domain.inventory.stock import Movement, MovementKind, Reservation, ReservationStatus, Stock
from amss_domain.shared.clock import day_of
from amss_domain.shared.errors import NotFound, refuse_if
from amss_domain.shared.events import Change
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import MovementId, PartId, ReservationId, StockId, TaskId


@frozen(kw_only=True)
class Moment:
    """When stock is moved: the instant, and the day it is in the organization."""

    at: datetime
    on: date


async def moment(uow: InventoryWork, at: datetime) -> Moment:
    """Return the instant with the day that it is in the organization."""
    policy = (await uow.organizations.current()).policy
    return Moment(at=at, on=day_of(at, policy.time_zone))


async def reserve_for(
    uow: InventoryWork, task_id: TaskId, wanted: Mapping[PartId, int], *, when: Moment, ids: IdFactory
) -> tuple[Reservation, ...]:
    """Reserve all that is wanted for the task, or nothing.

    Raises `InsufficientParts` with every shortage, `NotFound` for an unknown part, `Refused` for archived ones.
    """
    if not wanted:
        return ()
    rows = await uow.stock.of_parts(wanted, for_update=True)
    parts = await _parts(uow, wanted)
    refuse_if([violation for part_id in wanted for violation in blockers_to_stock(parts[part_id])])
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
) -> tuple[Reservation, ...]:
    """Consume what was used of a task's reservations, release the rest, and return those that ended by it.

    What is used must be held (`blockers_to_use`); reservations that have ended are left alone.
    """
    open_ones = [one for one in reservations if one.status is ReservationStatus.RESERVED]
    if not open_ones:
        return ()
    held = held_by_part(open_ones)
    rows = {row.id: row for row in await uow.stock.of_parts(held, for_update=True)}
    parts = await _parts(uow, held)
    settled: list[Reservation] = []
    for part_id, of_part in _by_part(open_ones):
        settled += _settle_part(uow, parts[part_id], of_part, rows, used.get(part_id, 0), when=when, ids=ids)
    return tuple(settled)


def record_movement(
    uow: InventoryWork, part: Part, row: Stock, kind: MovementKind, quantity: int, *, reason: str, ids: IdFactory
) -> None:
    """Keep and announce the movement that changed the row's quantity on hand by so many, when the row was updated.

    A quantity of 0, with which a row is opened empty, is announced alone.
    """
    if quantity:
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
            changes=(Change("quantity_on_hand", row.quantity_on_hand - quantity, row.quantity_on_hand),),
            reason=reason,
            part_number=part.part_number,
            stock_id=row.id,
            kind=kind.value,
            quantity=quantity,
        )
    )


def record_set_aside(uow: InventoryWork, part: Part, row: Stock, *, reason: str) -> None:
    """Announce that the row was put into quarantine, or let out of it, when it was updated."""
    uow.record(
        StockQuarantined(
            aggregate_id=part.id,
            version=part.version,
            occurred_at=row.updated_at,
            changes=(Change("quarantined", not row.quarantined, row.quarantined),),
            reason=reason,
            part_number=part.part_number,
            stock_id=row.id,
            quarantined=row.quarantined,
        )
    )


def announce_low_stock(uow: InventoryWork, part: Part, *, before: int, after: int, at: datetime) -> None:
    """Record `LowStock` if the available quantity just became too low, and not while it stays so."""
    if part.is_low(after) and not part.is_low(before):
        record_low_stock(uow, part, after, at=at)


def record_low_stock(uow: InventoryWork, part: Part, available: int, *, at: datetime) -> None:
    """Record that so many of the part are available, which is too few."""
    uow.record(
        LowStock(
            aggregate_id=part.id,
            version=part.version,
            occurred_at=at,
            part_number=part.part_number,
            available=available,
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
) -> list[Reservation]:
    left = used
    settled = []
    order = {row.id: number for number, row in enumerate(first_expiring_first(rows.values()))}
    for reservation in sorted(reservations, key=lambda one: order[one.stock_id]):
        taken = min(left, reservation.quantity)
        left -= taken
        row = rows[reservation.stock_id]
        changed = row.moved(on_hand=-taken, reserved=-reservation.quantity, at=when.at)
        ended = reservation.settled(taken, at=when.at)
        # First, so that one that ended before its row was held is told as stale, and tried again on fresh data.
        uow.stock.save_reservation(ended, was=reservation)
        uow.stock.save(changed, was=row)
        rows[row.id] = changed
        settled.append(ended)
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
    return settled


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
    for part_id in wanted:
        if part_id not in parts:
            raise NotFound("part", part_id)
    return parts


def _by_part(reservations: Iterable[Reservation]) -> list[tuple[PartId, list[Reservation]]]:
    ordered = sorted(reservations, key=lambda one: one.part_id)
    return [(part_id, list(group)) for part_id, group in groupby(ordered, key=lambda one: one.part_id)]
