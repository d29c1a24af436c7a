"""What a row of parts says: a part, and how much of it lies in one place."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from attrs import evolve, frozen

from amss_domain.imports.rules.cells import PROSE, CellReader
from amss_domain.inventory.part import PartDescription
from amss_domain.inventory.stock import Place
from amss_domain.shared.violation import Violation

_NAME = 100
_DEAREST = Decimal("99999999.99")


@frozen(kw_only=True)
class PartRow:
    """One part and its stock in one place as a table states it; None was not given."""

    part_number: str
    description: str | None = None
    unit_price: Decimal | None = None
    minimum_stock: int | None = None
    reorder_point: int | None = None
    lead_time_days: int | None = None
    place: Place
    quantity: int | None = None
    expiry_date: date | None = None

    @property
    def names_stock(self) -> bool:
        """Tell whether the row is about stock, and not only about the part."""
        return self.quantity is not None or self.expiry_date is not None or self.place != Place()

    def about(self, stored: PartDescription) -> PartDescription:
        """Return the stored description with what the row gives."""
        return evolve(
            stored,
            description=self.description or stored.description,
            unit_price=stored.unit_price if self.unit_price is None else self.unit_price,
            minimum_stock=stored.minimum_stock if self.minimum_stock is None else self.minimum_stock,
            reorder_point=stored.reorder_point if self.reorder_point is None else self.reorder_point,
            lead_time_days=stored.lead_time_days if self.lead_time_days is None else self.lead_time_days,
        )


def parse_part(cells: Mapping[str, str]) -> PartRow | tuple[Violation, ...]:
    """Return what the row says, or every reason against it by column."""
    reader = CellReader(cells)
    row = PartRow(
        part_number=reader.required("part_number", longest=_NAME),
        description=reader.text("description", longest=PROSE),
        unit_price=reader.decimal("unit_price", places=2, largest=_DEAREST),
        place=Place(
            location=reader.text("location", longest=_NAME),
            lot=reader.text("lot", longest=_NAME),
            serial_number=reader.text("serial_number", longest=_NAME),
        ),
        quantity=reader.count("quantity"),
        expiry_date=reader.day("expiry_date"),
        minimum_stock=reader.count("minimum_stock"),
        reorder_point=reader.count("reorder_point"),
        lead_time_days=reader.count("lead_time_days"),
    )
    return reader.violations or row
