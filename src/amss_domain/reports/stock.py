"""Which parts are running out, and what the stock is worth."""

from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from amss_domain.inventory.part import PartDescription
from amss_domain.shared.ids import PartId
from amss_domain.shared.page import Page


@frozen(kw_only=True)
class StockFigures:
    """How many parts are below their minimum stock, how many are low at all, and what everything on hand is worth.

    The value is in the organization's currency; parts without a price add nothing to it.
    """

    parts_below_minimum: int
    low_parts: int
    value: Decimal


@frozen(kw_only=True)
class LowPart:
    """A part of which too few can be used today: below its minimum stock, or at its reorder point or below.

    `shortage` is how many are missing to the minimum stock. `value` is what is on hand, usable or not, at the unit
    price; None without one.
    """

    part_id: PartId
    part_number: str
    description: str | None
    available: int
    on_hand: int
    minimum_stock: int
    reorder_point: int | None
    shortage: int
    lead_time_days: int | None
    unit_price: Decimal | None
    value: Decimal | None

    @property
    def id(self) -> PartId:
        """The part's."""
        return self.part_id


@frozen(kw_only=True)
class InventoryReport:
    """A page of the parts that are low; `stock` is told with the first page alone, since it costs as much as all."""

    row_type: ClassVar[type[LowPart]] = LowPart

    page: Page[LowPart]
    currency: str
    stock: StockFigures | None

    @property
    def rows(self) -> tuple[LowPart, ...]:
        """The page as a table."""
        return self.page.items


def low_part(part_id: PartId, part_number: str, about: PartDescription, *, available: int, on_hand: int) -> LowPart:
    """Return the line of a part that is low."""
    return LowPart(
        part_id=part_id,
        part_number=part_number,
        description=about.description,
        available=available,
        on_hand=on_hand,
        minimum_stock=about.minimum_stock,
        reorder_point=about.reorder_point,
        shortage=max(0, about.minimum_stock - available),
        lead_time_days=about.lead_time_days,
        unit_price=about.unit_price,
        value=None if about.unit_price is None else on_hand * about.unit_price,
    )
