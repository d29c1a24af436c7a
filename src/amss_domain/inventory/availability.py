"""How much of a part there is, and how much of that may be used."""

from collections.abc import Iterable
from datetime import date
from typing import Self

from attrs import frozen

from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Stock


@frozen(kw_only=True)
class Availability:
    """How a part stands on a day.

    `available` are those on hand that may be reserved: not reserved, quarantined or expired. `quarantined` are all on
    hand in quarantine, `expired` all others on hand past their expiry date. `short_of_minimum` and
    `short_of_reorder_point` say how many more must be available to be back at each; 0 when they are. `low` is whether
    what is available is too little, as `part.low_stock` announces.
    """

    part: Part
    on: date
    rows: tuple[Stock, ...]
    on_hand: int
    reserved: int
    available: int
    quarantined: int
    expired: int
    short_of_minimum: int
    short_of_reorder_point: int
    low: bool

    @classmethod
    def of(cls, part: Part, rows: Iterable[Stock], *, on: date) -> Self:
        """Return how the part stands on the day, given all its rows."""
        rows = tuple(rows)
        available = sum(row.available_quantity for row in rows if row.is_usable(on))
        expired = [row for row in rows if not row.quarantined and not row.is_usable(on)]
        return cls(
            part=part,
            on=on,
            rows=rows,
            on_hand=sum(row.quantity_on_hand for row in rows),
            reserved=sum(row.quantity_reserved for row in rows),
            available=available,
            quarantined=sum(row.quantity_on_hand for row in rows if row.quarantined),
            expired=sum(row.quantity_on_hand for row in expired),
            short_of_minimum=max(0, part.about.minimum_stock - available),
            short_of_reorder_point=max(0, (part.about.reorder_point or 0) - available),
            low=part.is_low(available),
        )
