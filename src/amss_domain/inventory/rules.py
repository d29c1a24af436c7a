"""How stock is allocated, and what stands against moving it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from attrs import frozen

from amss_domain.inventory.errors import Shortage
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Reservation, ReservationStatus, Stock
from amss_domain.shared.ids import PartId
from amss_domain.shared.violation import Violation


@frozen
class Take:
    """So many to take from one stock row."""

    stock: Stock
    quantity: int


def available_on(rows: Iterable[Stock], on: date) -> int:
    """Return how many of the rows may be reserved on the day: not reserved, not expired, not quarantined."""
    return sum(row.available_quantity for row in rows if row.is_usable(on))


def first_expiring_first(rows: Iterable[Stock]) -> list[Stock]:
    """Return the rows in the order in which they are to be used: first expiring first, then oldest."""
    return sorted(rows, key=lambda row: (row.expiry_date or date.max, row.created_at, row.id))


def allocate(
    wanted: Mapping[PartId, int], *, rows: Sequence[Stock], parts: Mapping[PartId, Part], on: date
) -> tuple[tuple[Take, ...], tuple[Shortage, ...]]:
    """Spread what is wanted over the rows, first expiring first; all of it or nothing.

    Returns what to take and no shortages, or nothing and every short part.
    """
    takes: list[Take] = []
    shortages: list[Shortage] = []
    for part_id, quantity in wanted.items():
        missing = quantity
        usable = [row for row in rows if row.part_id == part_id and row.is_usable(on)]
        for row in first_expiring_first(usable):
            taken = min(missing, row.available_quantity)
            if taken > 0:
                takes.append(Take(row, taken))
                missing -= taken
        if missing > 0:
            shortages.append(
                Shortage(
                    part_id=part_id,
                    part_number=parts[part_id].part_number,
                    requested=quantity,
                    available=quantity - missing,
                )
            )
    return ((), tuple(shortages)) if shortages else (tuple(takes), ())


def violations_of_quantities(wanted: Iterable[tuple[PartId, int]]) -> tuple[Violation, ...]:
    """Return what is wrong with the quantities asked for: each is a whole number from 1 to 1,000,000,000."""
    return tuple(
        Violation("invalid_quantity", f"a quantity is a whole number from 1; {quantity} was given", str(part_id))
        for part_id, quantity in wanted
        if not 1 <= quantity <= 1_000_000_000
    )


def held_by_part(reservations: Iterable[Reservation]) -> dict[PartId, int]:
    """Return how many of each part the reservations still hold."""
    held: dict[PartId, int] = {}
    for reservation in reservations:
        if reservation.status is ReservationStatus.RESERVED:
            held[reservation.part_id] = held.get(reservation.part_id, 0) + reservation.quantity
    return held


def blockers_to_use(used: Mapping[PartId, int], held: Mapping[PartId, int]) -> tuple[Violation, ...]:
    """Return what stands against a task having used so many parts: only what is reserved for it can be used."""
    found = []
    for part_id, quantity in used.items():
        if quantity < 0:
            found.append(Violation("invalid_quantity", "a quantity used is a whole number from 0", str(part_id)))
        elif quantity > held.get(part_id, 0):
            message = f"{quantity} used, {held.get(part_id, 0)} reserved; reserve the rest first"
            found.append(Violation("part_not_reserved", message, str(part_id)))
    return tuple(found)


def blockers_to_adjust(stock: Stock, by: int, reason: str) -> tuple[Violation, ...]:
    """Return what stands against changing a row's quantity on hand by so many."""
    found = []
    if not reason.strip():
        found.append(Violation("reason_missing", "say why the quantity changes", "reason"))
    if by == 0:
        found.append(Violation("nothing_to_change", "the quantity stays the same; give a difference", "quantity"))
    left = stock.quantity_on_hand + by
    if left < stock.quantity_reserved:
        message = f"{left} would be on hand and {stock.quantity_reserved} are reserved; release some first"
        found.append(Violation("below_reserved", message, str(stock.id)))
    return tuple(found)
