"""Holding a part's stock in somebody's unit of work until it ends.

Who changes rows holds all of the part's and reads the part then, so that what was decided about it while waiting is
known. Who may add a row, or decides about all of them, holds the part first: a row that somebody else adds meanwhile is
seen only by who waited for the part.
"""

from datetime import date

from attrs import frozen

from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import available_on, blockers_to_stock
from amss_domain.inventory.stock import Stock
from amss_domain.shared.errors import refuse_if, require_version
from amss_domain.shared.ids import PartId, StockId


@frozen(kw_only=True)
class HeldPart:
    """A part and all its rows, none of which changes until the unit of work ends but by it."""

    part: Part
    rows: tuple[Stock, ...]

    def available(self, on: date) -> int:
        """Return how many of the part may be reserved on the day."""
        return available_on(self.rows, on)


@frozen(kw_only=True)
class HeldRow(HeldPart):
    """One row, its part and all rows of that."""

    row: Stock

    def available_with(self, changed: Stock, on: date) -> int:
        """Return how many may be reserved on the day once the row is as `changed`."""
        return available_on((changed if row.id == changed.id else row for row in self.rows), on)


async def hold_part(uow: InventoryWork, part_id: PartId) -> HeldPart:
    """Hold a part and then all its rows. Raises `NotFound`; `Refused` for an archived part."""
    part = await uow.parts.get_for_update(part_id)
    refuse_if(blockers_to_stock(part))
    return HeldPart(part=part, rows=await uow.stock.of_parts([part_id], for_update=True))


async def hold_row(
    uow: InventoryWork, stock_id: StockId, *, expected_version: int | None, adding: bool = False
) -> HeldRow:
    """Hold a row and all others of its part; if a row may be added, hold the part before them.

    Raises `NotFound`, `VersionMismatch`; `Refused` for a row of an archived part.
    """
    part_id = (await uow.stock.get(stock_id)).part_id
    held = await uow.parts.get_for_update(part_id) if adding else None
    rows = await uow.stock.of_parts([part_id], for_update=True)
    part = held or await uow.parts.get(part_id)
    row = next(row for row in rows if row.id == stock_id)
    require_version("stock row", stock_id, expected=expected_version, found=row.version)
    refuse_if(blockers_to_stock(part))
    return HeldRow(row=row, part=part, rows=rows)
