"""Parts, stock and reservations as clients send and get them."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.inventory.availability import Availability as KeptAvailability
from amss_domain.inventory.part import Part as KeptPart
from amss_domain.inventory.stock import Movement as KeptMovement
from amss_domain.inventory.stock import Reservation as KeptReservation
from amss_domain.inventory.stock import Stock as KeptStock
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.aircraft import Label
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Count, Day, Instant, Money, Name, Reason, Text

# What is space differs between ECMA's regular expressions, which schemas are read by, and Python's: none of either.
_NO_SPACE_FIRST = r"^[^\s\u001c-\u001f\u0085\ufeff][^\u0000]*$"
PartNumber = Annotated[str, Meta(min_length=1, max_length=100, pattern=_NO_SPACE_FIRST)]
Days = Annotated[int, Meta(ge=0, le=10_000)]
UnitOfMeasure = Annotated[str, Meta(min_length=1, max_length=50)]


class StockAction(Enum):
    """What is done with a row of stock."""

    ADJUST = "adjust"
    RECEIVE = "receive"
    TRANSFER = "transfer"
    QUARANTINE = "quarantine"
    RELEASE = "release"


@frozen(kw_only=True)
class NewPart:
    """A part to be defined; the price is in the organization's currency."""

    part_number: PartNumber
    description: Text | None = None
    unit_of_measure: UnitOfMeasure = "each"
    unit_price: Money | None = None
    minimum_stock: Count = 0
    reorder_point: Count | None = None
    lead_time_days: Days | None = None


@frozen(kw_only=True)
class PartChange:
    """What is to change of a part: what is not sent stays, null takes away."""

    part_number: PartNumber | UnsetType = NOT_SENT
    description: Text | UnsetType | None = NOT_SENT
    unit_of_measure: UnitOfMeasure | UnsetType = NOT_SENT
    unit_price: Money | UnsetType | None = NOT_SENT
    minimum_stock: Count | UnsetType = NOT_SENT
    reorder_point: Count | UnsetType | None = NOT_SENT
    lead_time_days: Days | UnsetType | None = NOT_SENT


@frozen(kw_only=True)
class Part:
    """A part definition."""

    id: UUID
    part_number: str
    description: str | None
    unit_of_measure: str
    unit_price: Decimal | None
    minimum_stock: int
    reorder_point: int | None
    lead_time_days: int | None
    archived_at: Instant | None
    created_at: Instant
    updated_at: Instant
    version: int


@frozen(kw_only=True)
class NewStock:
    """So many of a part, put into a place: what is there already grows."""

    part_id: UUID
    quantity_on_hand: Count
    location: Name | None = None
    lot: Label | None = None
    serial_number: Label | None = None
    expiry_date: Day | None = None
    reason: Reason = "received"


@frozen(kw_only=True)
class StockChange:
    """What is done with a row of stock, and why.

    `adjust` takes `quantity_on_hand` or `difference`, `receive` and `transfer` take `quantity`, and `transfer` takes
    where to (`location`, `lot`, `serial_number`). `quarantine` blocks the row, and `release` frees it.
    """

    action: StockAction = StockAction.ADJUST
    reason: Reason
    quantity_on_hand: Count | None = None
    difference: Annotated[int, Meta(ge=-1_000_000_000, le=1_000_000_000)] | None = None
    quantity: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    location: Name | None = None
    lot: Label | None = None
    serial_number: Label | None = None


@frozen(kw_only=True)
class Stock:
    """So many of one part in one place; `part_number` is there when stock is read."""

    id: UUID
    part_id: UUID
    location: str | None
    lot: str | None
    serial_number: str | None
    expiry_date: date | None
    quarantined: bool
    quantity_on_hand: int
    quantity_reserved: int
    available_quantity: int
    created_at: Instant
    updated_at: Instant
    version: int
    part_number: str | UnsetType = NOT_SENT
    transferred_to: "Stock | UnsetType" = NOT_SENT


@frozen(kw_only=True)
class Movement:
    """One change of a row's quantity; a row's movements sum to what is on hand."""

    id: UUID
    inventory_id: UUID
    kind: str
    quantity: int
    reason: str
    task_id: UUID | None
    created_at: Instant


@frozen(kw_only=True)
class Reservation:
    """So many of a row of stock that are held for a task, or were."""

    id: UUID
    task_id: UUID
    part_id: UUID
    inventory_id: UUID
    quantity: int
    quantity_consumed: int
    status: str
    created_at: Instant
    updated_at: Instant
    version: int
    part_number: str | UnsetType = NOT_SENT
    location: str | UnsetType | None = NOT_SENT


@frozen(kw_only=True)
class PartAvailability:
    """How a part stands on the day `on`: `available` are those that may be reserved."""

    part_id: UUID
    part_number: str
    on: date
    on_hand: int
    reserved: int
    available: int
    quarantined: int
    expired: int
    short_of_minimum: int
    short_of_reorder_point: int
    low: bool
    rows: tuple[Stock, ...]


def part_of(kept: KeptPart) -> Part:
    """Return the part as clients get it."""
    about = kept.about
    return Part(
        id=kept.id,
        part_number=kept.part_number,
        description=about.description,
        unit_of_measure=about.unit_of_measure,
        unit_price=about.unit_price,
        minimum_stock=about.minimum_stock,
        reorder_point=about.reorder_point,
        lead_time_days=about.lead_time_days,
        archived_at=kept.archived_at,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        version=kept.version,
    )


def part(kept: KeptPart) -> Answer:
    """Return the answer that shows a part."""
    return Answer(body=part_of(kept), version=kept.version)


def defined(kept: KeptPart) -> Answer:
    """Return the answer that shows a new part."""
    return Answer(body=part_of(kept), version=kept.version, location=f"/api/v1/parts/{kept.id}")


def parts(page: Page[KeptPart]) -> Answer:
    """Return the answer that lists parts."""
    return Answer(body=tuple(map(part_of, page.items)), next_after=page.next_after)


def stock_of(kept: KeptStock, *, part_number: str | UnsetType = NOT_SENT, to: KeptStock | None = None) -> Stock:
    """Return the row as clients get it."""
    return Stock(
        id=kept.id,
        part_id=kept.part_id,
        location=kept.place.location,
        lot=kept.place.lot,
        serial_number=kept.place.serial_number,
        expiry_date=kept.expiry_date,
        quarantined=kept.quarantined,
        quantity_on_hand=kept.quantity_on_hand,
        quantity_reserved=kept.quantity_reserved,
        available_quantity=kept.available_quantity,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        version=kept.version,
        part_number=part_number,
        transferred_to=NOT_SENT if to is None else stock_of(to),
    )


def received(kept: KeptStock) -> Answer:
    """Return the answer that shows a row that was put there."""
    return Answer(body=stock_of(kept), version=kept.version, location=f"/api/v1/inventory/{kept.id}")


def moved(result: KeptStock | tuple[KeptStock, KeptStock]) -> Answer:
    """Return the answer that shows a changed row, and the one that something was carried to."""
    if isinstance(result, tuple):
        here, there = result
        return Answer(body=stock_of(here, to=there), version=here.version)
    return Answer(body=stock_of(result), version=result.version)


def row(found: tuple[KeptStock, KeptPart]) -> Answer:
    """Return the answer that shows a row with its part."""
    kept, of = found
    return Answer(body=stock_of(kept, part_number=of.part_number), version=kept.version)


def rows(page: Page[tuple[KeptStock, KeptPart]]) -> Answer:
    """Return the answer that lists rows with their parts."""
    items = tuple(stock_of(kept, part_number=of.part_number) for kept, of in page.items)
    return Answer(body=items, next_after=page.next_after)


def movements(page: Page[KeptMovement]) -> Answer:
    """Return the answer that lists movements."""
    items = tuple(
        Movement(
            id=kept.id,
            inventory_id=kept.stock_id,
            kind=kept.kind.value,
            quantity=kept.quantity,
            reason=kept.reason,
            task_id=kept.task_id,
            created_at=kept.occurred_at,
        )
        for kept in page.items
    )
    return Answer(body=items, next_after=page.next_after)


def reservation_of(
    kept: KeptReservation,
    *,
    part_number: str | UnsetType = NOT_SENT,
    location: str | UnsetType | None = NOT_SENT,
) -> Reservation:
    """Return the reservation as clients get it."""
    return Reservation(
        id=kept.id,
        task_id=kept.task_id,
        part_id=kept.part_id,
        inventory_id=kept.stock_id,
        quantity=kept.quantity,
        quantity_consumed=kept.quantity_consumed,
        status=kept.status.value,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        version=kept.version,
        part_number=part_number,
        location=location,
    )


def reservation(kept: KeptReservation) -> Answer:
    """Return the answer that shows a reservation."""
    return Answer(body=reservation_of(kept), version=kept.version)


def reservations(page: Page[tuple[KeptReservation, KeptStock, KeptPart]]) -> Answer:
    """Return the answer that lists reservations."""
    items = tuple(
        reservation_of(kept, part_number=of.part_number, location=stock.place.location)
        for kept, stock, of in page.items
    )
    return Answer(body=items, next_after=page.next_after)


def availability(kept: KeptAvailability) -> Answer:
    """Return the answer that says how a part stands."""
    body = PartAvailability(
        part_id=kept.part.id,
        part_number=kept.part.part_number,
        on=kept.on,
        on_hand=kept.on_hand,
        reserved=kept.reserved,
        available=kept.available,
        quarantined=kept.quarantined,
        expired=kept.expired,
        short_of_minimum=kept.short_of_minimum,
        short_of_reorder_point=kept.short_of_reorder_point,
        low=kept.low,
        rows=tuple(map(stock_of, kept.rows)),
    )
    return Answer(body=body)
