"""Carrying stock from one place to another."""

from attrs import evolve, frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.holding import HeldRow, hold_row
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import (
    blockers_to_transfer,
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
from amss_domain.shared.ids import StockId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen(kw_only=True)
class _Move:
    quantity: int
    to: Place
    reason: str


@frozen
class TransferStock:
    """Carry so many of a row to another place; what is reserved of it stays."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        stock_id: StockId,
        quantity: int,
        *,
        to: Place,
        reason: str,
        expected_version: int | None = None,
    ) -> tuple[Stock, Stock]:
        """Return the row that it was taken from and the one that it was put to, new or grown.

        Stock keeps its lot, serial number, expiry and quarantine; a lot or serial number of `to` that is None is the
        stock's own. Raises `NotFound`, `NotPermitted`, `InvalidInput`, `VersionMismatch`, `Refused` with every reason
        against.
        """
        authorize(by, "parts:write")
        reject_if((*violations_of_quantity(quantity), *violations_of_reason(reason), *violations_of_place(to)))
        move = _Move(quantity=quantity, to=to, reason=reason.strip())
        return await on_fresh_data(lambda: self._transfer(by, stock_id, move, expected_version))

    async def _transfer(
        self, by: Actor, stock_id: StockId, move: _Move, expected_version: int | None
    ) -> tuple[Stock, Stock]:
        async with self.open_uow(by.org_id, by) as uow:
            held = await hold_row(uow, stock_id, expected_version=expected_version, adding=True)
            here = held.row
            to = _of_its_lot(move.to, here)
            there = next((row for row in held.rows if row.place == to), None)
            refuse_if(blockers_to_transfer(here, move.quantity, to=to, there=there))
            rows = self._carry(uow, held, move.quantity, to=to, there=there)
            for row, quantity in zip(rows, (-move.quantity, move.quantity), strict=True):
                record_movement(
                    uow, held.part, row, MovementKind.TRANSFERRED, quantity, reason=move.reason, ids=self.ids
                )
            await uow.commit(rows)
        return rows

    def _carry(
        self, uow: InventoryWork, held: HeldRow, quantity: int, *, to: Place, there: Stock | None
    ) -> tuple[Stock, Stock]:
        now = self.clock.now()
        left = held.row.moved(on_hand=-quantity, at=now)
        uow.stock.save(left, was=held.row)
        if there is not None:
            grown = there.moved(on_hand=quantity, at=now)
            uow.stock.save(grown, was=there)
            return left, grown
        put = Stock(
            id=StockId(self.ids.new()),
            org_id=held.row.org_id,
            part_id=held.part.id,
            place=to,
            expiry_date=held.row.expiry_date,
            quarantined=held.row.quarantined,
            quantity_on_hand=quantity,
            created_at=now,
            updated_at=now,
        )
        uow.stock.add(put)
        return left, put


def _of_its_lot(to: Place, row: Stock) -> Place:
    """Return the place with the stock's own lot and serial number where it names none."""
    return evolve(
        to,
        lot=row.place.lot if to.lot is None else to.lot,
        serial_number=row.place.serial_number if to.serial_number is None else to.serial_number,
    )
