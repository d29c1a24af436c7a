"""Part definitions."""

from datetime import datetime
from decimal import Decimal
from typing import Self

from attrs import evolve, frozen

from amss_domain.inventory.events import PartCreated, PartUpdated
from amss_domain.shared.events import changes_between
from amss_domain.shared.ids import OrgId, PartId
from amss_domain.shared.violation import Violation


@frozen(kw_only=True)
class PartDescription:
    """What is known of a part besides its number.

    `unit_price` is in the organization's currency, with two decimals. `minimum_stock` is the least that should be
    available; at `reorder_point` or below more is to be ordered, which takes `lead_time_days`.
    """

    description: str | None = None
    unit_of_measure: str = "each"
    unit_price: Decimal | None = None
    minimum_stock: int = 0
    reorder_point: int | None = None
    lead_time_days: int | None = None


@frozen(kw_only=True)
class Part:
    """A part definition; `part_number` is unique in the organization whatever its case."""

    id: PartId
    org_id: OrgId
    part_number: str
    about: PartDescription = PartDescription()
    archived_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def created(self) -> PartCreated:
        """Announce that it was defined."""
        return PartCreated(
            aggregate_id=self.id,
            version=self.version,
            occurred_at=self.created_at,
            changes=changes_between(None, self),
            part_number=self.part_number,
        )

    def described(self, about: PartDescription, *, at: datetime) -> tuple[Self, PartUpdated]:
        """Return the part with another description."""
        changed = evolve(self, about=about, updated_at=at, version=self.version + 1)
        return changed, PartUpdated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self.about, about),
            part_number=self.part_number,
        )

    def is_low(self, available: int) -> bool:
        """Tell whether so many available are too few: below the minimum stock, or at or below the reorder point."""
        reorder_point = self.about.reorder_point
        return available < self.about.minimum_stock or (reorder_point is not None and available <= reorder_point)


def violations_of_part(part_number: str, about: PartDescription) -> tuple[Violation, ...]:
    """Return what is wrong with a part's definition."""
    found = []
    if not 1 <= len(part_number) <= 100:
        found.append(Violation("invalid_part_number", "a part number has 1 to 100 characters", "part_number"))
    if about.unit_price is not None and not 0 <= about.unit_price < 100_000_000:
        found.append(Violation("invalid_unit_price", "a unit price is from 0 to 99,999,999.99", "unit_price"))
    for name in ("minimum_stock", "reorder_point", "lead_time_days"):
        number = getattr(about, name)
        if number is not None and not 0 <= number <= 1_000_000_000:
            found.append(Violation("out_of_range", f"{name} is a whole number from 0 to 1,000,000,000", name))
    return tuple(found)
