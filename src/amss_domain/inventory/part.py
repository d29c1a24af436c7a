"""Part definitions."""

from datetime import datetime
from decimal import Decimal
from typing import Final, Self, TypeVar

from attrs import evolve, frozen

from amss_domain.inventory.events import PartArchived, PartCreated, PartUpdated
from amss_domain.shared.events import Change, changes_between
from amss_domain.shared.ids import OrgId, PartId
from amss_domain.shared.unset import UNSET, Unset
from amss_domain.shared.violation import Violation

V = TypeVar("V", str, int, Decimal, str | None, int | None, Decimal | None)

_CENT: Final = Decimal("0.01")


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
class PartChanges:
    """What is to be different about a part; `UNSET` leaves a field as it is, None empties it."""

    part_number: str | Unset = UNSET
    description: str | Unset | None = UNSET
    unit_of_measure: str | Unset = UNSET
    unit_price: Decimal | Unset | None = UNSET
    minimum_stock: int | Unset = UNSET
    reorder_point: int | Unset | None = UNSET
    lead_time_days: int | Unset | None = UNSET

    def of_part_number(self, part_number: str) -> str:
        """Return what becomes of a part number."""
        return _changed(part_number, self.part_number).strip()

    def of_description(self, about: PartDescription) -> PartDescription:
        """Return what becomes of a description."""
        return evolve(
            about,
            description=_changed(about.description, self.description),
            unit_of_measure=_changed(about.unit_of_measure, self.unit_of_measure),
            unit_price=_changed(about.unit_price, self.unit_price),
            minimum_stock=_changed(about.minimum_stock, self.minimum_stock),
            reorder_point=_changed(about.reorder_point, self.reorder_point),
            lead_time_days=_changed(about.lead_time_days, self.lead_time_days),
        )


def _changed(before: V, change: V | Unset) -> V:
    return before if isinstance(change, Unset) else change


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
        return self.redefined(self.part_number, about, at=at)

    def redefined(self, part_number: str, about: PartDescription, *, at: datetime) -> tuple[Self, PartUpdated]:
        """Return the part under another number and with another description."""
        changed = evolve(self, part_number=part_number, about=about, updated_at=at, version=self.version + 1)
        renumbered = () if part_number == self.part_number else (Change("part_number", self.part_number, part_number),)
        return changed, PartUpdated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=(*renumbered, *changes_between(self.about, about)),
            part_number=part_number,
        )

    def archived(self, *, at: datetime) -> tuple[Self, PartArchived]:
        """Return the part out of use; its history stays and its number is free again."""
        changed = evolve(self, archived_at=at, updated_at=at, version=self.version + 1)
        return changed, PartArchived(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
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
    if not 1 <= len(about.unit_of_measure) <= 50:
        found.append(Violation("invalid_unit", "a unit of measure has 1 to 50 characters", "unit_of_measure"))
    if about.description is not None and len(about.description) > 4_000:
        found.append(Violation("invalid_length", "a description has up to 4,000 characters", "description"))
    if about.unit_price is not None and not _is_price(about.unit_price):
        message = "a unit price is from 0 to 99,999,999.99 with at most two decimals"
        found.append(Violation("invalid_unit_price", message, "unit_price"))
    for name in ("minimum_stock", "reorder_point", "lead_time_days"):
        number = getattr(about, name)
        if number is not None and not 0 <= number <= 1_000_000_000:
            found.append(Violation("out_of_range", f"{name} is a whole number from 0 to 1,000,000,000", name))
    return tuple(found)


def _is_price(amount: Decimal) -> bool:
    return amount.is_finite() and 0 <= amount < 100_000_000 and amount == amount.quantize(_CENT)
