"""How stock is allocated, and what stands against moving it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from attrs import frozen

from amss_domain.inventory.errors import Shortage
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Place, Reservation, ReservationStatus, Stock
from amss_domain.shared.ids import PartId
from amss_domain.shared.violation import Violation

_MOST: Final = 1_000_000_000


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


def violations_of_place(place: Place) -> tuple[Violation, ...]:
    """Return what is wrong with how a place is named: each of its names has up to 100 characters."""
    names = {"location": place.location, "lot": place.lot, "serial_number": place.serial_number}
    return tuple(
        Violation("invalid_length", f"{field} has up to 100 characters", field)
        for field, name in names.items()
        if name is not None and len(name) > 100
    )


def violations_of_reason(reason: str) -> tuple[Violation, ...]:
    """Return what is wrong with the reason given for moving stock: there must be one."""
    return () if reason.strip() else (Violation("reason_missing", "say why the stock is moved", "reason"),)


def violations_of_quantity(quantity: int, *, least: int = 1) -> tuple[Violation, ...]:
    """Return what is wrong with a quantity of one part: it is a whole number from `least` to 1,000,000,000."""
    if least <= quantity <= _MOST:
        return ()
    message = f"a quantity is a whole number from {least} to 1,000,000,000; {quantity} was given"
    return (Violation("invalid_quantity", message, "quantity"),)


def violations_of_count(difference: int | None, quantity_on_hand: int | None) -> tuple[Violation, ...]:
    """Return what is wrong with a count: it is a difference or a quantity on hand, up to 1,000,000,000."""
    if (difference is None) == (quantity_on_hand is None):
        message = "give either how many more or fewer there are, or how many there are"
        return (Violation("one_of_two", message, "quantity_on_hand"),)
    if quantity_on_hand is not None:
        of_what = violations_of_quantity(quantity_on_hand, least=0)
        return tuple(Violation(one.code, one.message, "quantity_on_hand") for one in of_what)
    if difference is not None and not -_MOST <= difference <= _MOST:
        message = f"a difference is a whole number up to 1,000,000,000 either way; {difference} was given"
        return (Violation("invalid_quantity", message, "difference"),)
    return ()


def violations_of_quantities(wanted: Iterable[tuple[PartId, int]]) -> tuple[Violation, ...]:
    """Return what is wrong with the quantities asked for: each is a whole number from 1 to 1,000,000,000."""
    return tuple(
        Violation("invalid_quantity", f"a quantity is a whole number from 1; {quantity} was given", str(part_id))
        for part_id, quantity in wanted
        if not 1 <= quantity <= _MOST
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


def blockers_to_stock(part: Part) -> tuple[Violation, ...]:
    """Return what stands against moving or reserving stock of the part, or changing it: an archived one stays as is."""
    if part.archived_at is None:
        return ()
    message = f"part {part.part_number} is archived; define it anew under this number"
    return (Violation("part_archived", message, str(part.id)),)


def blockers_to_archive(part: Part, rows: Iterable[Stock]) -> tuple[Violation, ...]:
    """Return what stands against archiving the part, given its rows: reservations, and whatever lies there still."""
    rows = tuple(rows)
    on_hand = sum(row.quantity_on_hand for row in rows)
    reserved = sum(row.quantity_reserved for row in rows)
    found = []
    if reserved:
        message = f"{reserved} of it are reserved for tasks; release them first"
        found.append(Violation("open_reservations", message, str(part.id)))
    if on_hand:
        message = f"{on_hand} of it are on hand; adjust its stock to 0 first"
        found.append(Violation("stock_on_hand", message, str(part.id)))
    return tuple(found)


def blockers_to_place(row: Stock, *, expiry_date: date | None) -> tuple[Violation, ...]:
    """Return what stands against putting stock that expires then into the row: one place keeps one expiry date."""
    if row.expiry_date == expiry_date:
        return ()
    message = (
        f"this place holds stock that {_expires(row.expiry_date)}; use another lot for what {_expires(expiry_date)}"
    )
    return (Violation("other_expiry_date", message, "expiry_date"),)


def blockers_to_transfer(row: Stock, quantity: int, *, to: Place, there: Stock | None) -> tuple[Violation, ...]:
    """Return what stands against moving so many of the row to the place, where `there` lies already, if anything.

    What is reserved stays, and nothing changes its lot, its expiry or its quarantine by being carried elsewhere.
    """
    found = []
    if to == row.place:
        found.append(Violation("same_place", "it lies there already; name another location", "location"))
    if quantity > row.available_quantity:
        message = f"{quantity} to be moved, {row.available_quantity} on hand and not reserved"
        found.append(Violation("above_available", message, "quantity"))
    if (to.lot, to.serial_number) != (row.place.lot, row.place.serial_number):
        message = "stock keeps its lot and its serial number where it is carried; leave them out"
        found.append(Violation("other_lot", message, "lot"))
    if there is not None and to != row.place:
        found += blockers_to_place(there, expiry_date=row.expiry_date)
        if there.quarantined != row.quarantined:
            message = "one of the two places is in quarantine and the other is not; name another location"
            found.append(Violation("other_quarantine", message, "location"))
    return tuple(found)


def blockers_to_set_aside(row: Stock, quarantined: bool, /) -> tuple[Violation, ...]:
    """Return what stands against putting the row into quarantine: no task may be left with stock it must not use."""
    if not quarantined or not row.quantity_reserved:
        return ()
    message = f"{row.quantity_reserved} of it are reserved for tasks; release them first"
    return (Violation("open_reservations", message, str(row.id)),)


def blockers_to_release(reservation: Reservation) -> tuple[Violation, ...]:
    """Return what stands against giving a reservation back: it has ended."""
    if reservation.status is ReservationStatus.RESERVED:
        return ()
    message = f"this reservation was {reservation.status.value} already"
    return (Violation("reservation_ended", message, str(reservation.id)),)


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


def _expires(on: date | None) -> str:
    return "never expires" if on is None else f"expires on {on}"
