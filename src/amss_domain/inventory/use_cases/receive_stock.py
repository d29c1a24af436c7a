"""Receiving stock."""

from datetime import date

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.holding import hold_part, hold_row
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import (
    blockers_to_place,
    violations_of_place,
    violations_of_quantity,
    violations_of_reason,
)
from amss_domain.inventory.stock import MovementKind, Place, Stock
from amss_domain.inventory.stockkeeping import record_movement
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import PartId, StockId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen(kw_only=True)
class _Delivery:
    quantity: int
    reason: str
    place: Place
    expiry_date: date | None


@frozen
class ReceiveStock:
    """Put a received quantity of a part into its place."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        part_id: PartId,
        quantity: int,
        *,
        reason: str,
        place: Place | None = None,
        expiry_date: date | None = None,
    ) -> Stock:
        """Return the row, new or grown; a quantity of 0 opens an empty row, or leaves the one there as it is.

        Raises `NotFound`, `InvalidInput`, `NotPermitted`; `Refused` for an archived part, and when the place holds
        stock that expires on another day.
        """
        authorize(by, "parts:write")
        place = place or Place()
        reject_if(
            (
                *violations_of_quantity(quantity, least=0),
                *violations_of_reason(reason),
                *violations_of_place(place),
            )
        )
        delivery = _Delivery(quantity=quantity, reason=reason.strip(), place=place, expiry_date=expiry_date)
        return await on_fresh_data(lambda: self._receive(by, part_id, delivery))

    async def _receive(self, by: Actor, part_id: PartId, delivery: _Delivery) -> Stock:
        async with self.open_uow(by.org_id, by) as uow:
            held = await hold_part(uow, part_id)
            there = next((row for row in held.rows if row.place == delivery.place), None)
            if there is not None:
                refuse_if(blockers_to_place(there, expiry_date=delivery.expiry_date))
            if there is not None and not delivery.quantity:
                row = there
            else:
                row = self._put(uow, part_id, there, delivery)
                kind, reason = MovementKind.RECEIVED, delivery.reason
                record_movement(uow, held.part, row, kind, delivery.quantity, reason=reason, ids=self.ids)
            await uow.commit(row)
        return row

    def _put(self, uow: InventoryWork, part_id: PartId, there: Stock | None, delivery: _Delivery) -> Stock:
        now = self.clock.now()
        if there is not None:
            grown = there.moved(on_hand=delivery.quantity, at=now)
            uow.stock.save(grown, was=there)
            return grown
        row = Stock(
            id=StockId(self.ids.new()),
            org_id=uow.org_id,
            part_id=part_id,
            place=delivery.place,
            expiry_date=delivery.expiry_date,
            quantity_on_hand=delivery.quantity,
            created_at=now,
            updated_at=now,
        )
        uow.stock.add(row)
        return row


@frozen
class ReceiveIntoRow:
    """Put a received quantity to what lies in a place already."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self, by: Actor, stock_id: StockId, quantity: int, *, reason: str, expected_version: int | None = None
    ) -> Stock:
        """Return the grown row.

        Raises `NotFound`, `InvalidInput`, `NotPermitted`, `VersionMismatch`; `Refused` for an archived part.
        """
        authorize(by, "parts:write")
        reject_if((*violations_of_quantity(quantity), *violations_of_reason(reason)))
        return await on_fresh_data(lambda: self._receive(by, stock_id, quantity, reason.strip(), expected_version))

    async def _receive(
        self, by: Actor, stock_id: StockId, quantity: int, reason: str, expected_version: int | None
    ) -> Stock:
        async with self.open_uow(by.org_id, by) as uow:
            held = await hold_row(uow, stock_id, expected_version=expected_version)
            row = held.row.moved(on_hand=quantity, at=self.clock.now())
            uow.stock.save(row, was=held.row)
            record_movement(uow, held.part, row, MovementKind.RECEIVED, quantity, reason=reason, ids=self.ids)
            await uow.commit(row)
        return row
