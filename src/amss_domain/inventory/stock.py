"""Stock rows, the movements that explain them and the reservations that hold them."""

from datetime import date, datetime
from enum import Enum
from typing import Self

from attrs import evolve, frozen

from amss_domain.shared.ids import MovementId, OrgId, PartId, ReservationId, StockId, TaskId


class MovementKind(Enum):
    """Why a quantity changed."""

    RECEIVED = "received"
    ADJUSTED = "adjusted"
    TRANSFERRED = "transferred"
    CONSUMED = "consumed"


class ReservationStatus(Enum):
    """What became of a reservation."""

    RESERVED = "reserved"
    CONSUMED = "consumed"
    RELEASED = "released"


@frozen(kw_only=True)
class Place:
    """What tells one stock row of a part from another; unique for the part."""

    location: str | None = None
    lot: str | None = None
    serial_number: str | None = None


@frozen(kw_only=True)
class Stock:
    """So many of one part in one place; always `0 <= quantity_reserved <= quantity_on_hand`.

    Good through the end of `expiry_date`. Quarantined stock is counted and not available.
    """

    id: StockId
    org_id: OrgId
    part_id: PartId
    place: Place = Place()
    expiry_date: date | None = None
    quarantined: bool = False
    quantity_on_hand: int = 0
    quantity_reserved: int = 0
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def available_quantity(self) -> int:
        """What is on hand and not reserved."""
        return self.quantity_on_hand - self.quantity_reserved

    def is_usable(self, on: date) -> bool:
        """Tell whether it may be used on the day: neither quarantined nor expired before it."""
        return not self.quarantined and (self.expiry_date is None or self.expiry_date >= on)

    def moved(self, *, on_hand: int = 0, reserved: int = 0, at: datetime) -> Self:
        """Return the row with so many more (or fewer) on hand and reserved."""
        return evolve(
            self,
            quantity_on_hand=self.quantity_on_hand + on_hand,
            quantity_reserved=self.quantity_reserved + reserved,
            updated_at=at,
            version=self.version + 1,
        )

    def set_aside(self, quarantined: bool, /, *, at: datetime) -> Self:
        """Return the row in quarantine, or out of it."""
        return evolve(self, quarantined=quarantined, updated_at=at, version=self.version + 1)


@frozen(kw_only=True)
class Movement:
    """One change of a row's quantity on hand; a row's movements sum to its quantity."""

    id: MovementId
    org_id: OrgId
    stock_id: StockId
    kind: MovementKind
    quantity: int
    reason: str
    task_id: TaskId | None = None
    occurred_at: datetime


@frozen(kw_only=True)
class Reservation:
    """So many of one stock row, held for one task until they are consumed or released.

    `quantity_consumed` of `quantity` were used up; what is left when it ended became available again.
    """

    id: ReservationId
    org_id: OrgId
    task_id: TaskId
    part_id: PartId
    stock_id: StockId
    quantity: int
    quantity_consumed: int = 0
    status: ReservationStatus = ReservationStatus.RESERVED
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def settled(self, consumed: int, *, at: datetime) -> Self:
        """Return the reservation ended, with so many of it consumed and the rest released."""
        return evolve(
            self,
            status=ReservationStatus.CONSUMED if consumed else ReservationStatus.RELEASED,
            quantity_consumed=consumed,
            updated_at=at,
            version=self.version + 1,
        )
