"""Correcting how many lie somewhere, and setting stock aside."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.holding import hold_row
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import (
    blockers_to_adjust,
    blockers_to_set_aside,
    violations_of_count,
    violations_of_reason,
)
from amss_domain.inventory.stock import MovementKind, Stock
from amss_domain.inventory.stockkeeping import announce_low_stock, moment, record_movement, record_set_aside
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import StockId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen(kw_only=True)
class _Count:
    difference: int | None
    quantity_on_hand: int | None
    reason: str

    def difference_from(self, on_hand: int) -> int:
        """Return how many more, or fewer, are on hand by this count than `on_hand`."""
        if self.quantity_on_hand is not None:
            return self.quantity_on_hand - on_hand
        return self.difference or 0


@frozen
class AdjustStock:
    """Correct a row's quantity on hand, with a reason."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        stock_id: StockId,
        *,
        difference: int | None = None,
        quantity_on_hand: int | None = None,
        reason: str,
        expected_version: int | None = None,
    ) -> Stock:
        """Return the row with so many more or fewer on hand, or with so many, of which one must be given.

        A row that has the quantity already stays as it is. Raises `NotFound`, `NotPermitted`, `InvalidInput`,
        `VersionMismatch`, `Refused` with every reason against.
        """
        authorize(by, "parts:write")
        reject_if(violations_of_count(difference, quantity_on_hand))
        count = _Count(difference=difference, quantity_on_hand=quantity_on_hand, reason=reason)
        return await on_fresh_data(lambda: self._adjust(by, stock_id, count, expected_version))

    async def _adjust(self, by: Actor, stock_id: StockId, count: _Count, expected_version: int | None) -> Stock:
        async with self.open_uow(by.org_id, by) as uow:
            when = await moment(uow, self.clock.now())
            held = await hold_row(uow, stock_id, expected_version=expected_version)
            row = held.row
            if row.quantity_on_hand != count.quantity_on_hand:
                difference = count.difference_from(row.quantity_on_hand)
                refuse_if(blockers_to_adjust(row, difference, count.reason))
                row = row.moved(on_hand=difference, at=when.at)
                uow.stock.save(row, was=held.row)
                reason = count.reason.strip()
                record_movement(uow, held.part, row, MovementKind.ADJUSTED, difference, reason=reason, ids=self.ids)
                before = held.available(when.on)
                announce_low_stock(uow, held.part, before=before, after=held.available_with(row, when.on), at=when.at)
            await uow.commit(row)
        return row


@frozen
class QuarantineStock:
    """Put a row into quarantine, where nothing can be reserved, or let it out again."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock

    async def __call__(
        self, by: Actor, stock_id: StockId, *, quarantined: bool, reason: str, expected_version: int | None = None
    ) -> Stock:
        """Return the row; one that is in quarantine, or out of it, already stays as it is.

        Raises `NotFound`, `NotPermitted`, `InvalidInput`, `VersionMismatch`; `Refused` for an archived part, and to put
        what is reserved into quarantine.
        """
        authorize(by, "parts:write")
        reject_if(violations_of_reason(reason))
        return await on_fresh_data(lambda: self._set_aside(by, stock_id, quarantined, reason.strip(), expected_version))

    async def _set_aside(
        self, by: Actor, stock_id: StockId, quarantined: bool, reason: str, expected_version: int | None
    ) -> Stock:
        async with self.open_uow(by.org_id, by) as uow:
            when = await moment(uow, self.clock.now())
            held = await hold_row(uow, stock_id, expected_version=expected_version)
            row = held.row
            if row.quarantined != quarantined:
                refuse_if(blockers_to_set_aside(row, quarantined))
                row = row.set_aside(quarantined, at=when.at)
                uow.stock.save(row, was=held.row)
                record_set_aside(uow, held.part, row, reason=reason)
                before = held.available(when.on)
                announce_low_stock(uow, held.part, before=before, after=held.available_with(row, when.on), at=when.at)
            await uow.commit(row)
        return row
