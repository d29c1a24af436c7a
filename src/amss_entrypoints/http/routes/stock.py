"""Stock: receiving, counting, carrying and blocking it, and what is reserved of it."""

from typing import Any
from uuid import UUID

from attrs import frozen

from amss_domain.inventory.part import Part as KeptPart
from amss_domain.inventory.ports import ReservationFilter, StockFilter
from amss_domain.inventory.stock import Movement as KeptMovement
from amss_domain.inventory.stock import Place, ReservationStatus
from amss_domain.inventory.stock import Reservation as KeptReservation
from amss_domain.inventory.stock import Stock as Kept
from amss_domain.shared.errors import InvalidInput
from amss_domain.shared.ids import PartId, ReservationId, StockId, TaskId
from amss_domain.shared.page import Page
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.bodies.parts import (
    Movement,
    NewStock,
    Reservation,
    Stock,
    StockAction,
    StockChange,
    moved,
    movements,
    received,
    reservation,
    reservations,
    row,
    rows,
)
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing
from amss_entrypoints.http.schema import Day, Name

_TAG = "parts"
_ONE = "/inventory/{inventory_id}"


@frozen(kw_only=True)
class StockQuery:
    """Which rows; the whole location."""

    part_id: UUID | None = None
    location: Name | None = None
    expiring_before: Day | None = None
    quarantined: bool | None = None


@frozen(kw_only=True)
class ReservationQuery:
    """Which reservations."""

    task_id: UUID | None = None
    part_id: UUID | None = None
    status: tuple[ReservationStatus, ...] = ()


async def receive(call: Call[None, NewStock]) -> Kept:
    """Put a received quantity into its place."""
    new = call.body
    return await call.use(call.services.receive_stock)(
        call.actor,
        PartId(new.part_id),
        new.quantity_on_hand,
        reason=new.reason,
        place=Place(location=new.location, lot=new.lot, serial_number=new.serial_number),
        expiry_date=new.expiry_date,
    )


async def list_(call: Call[StockQuery, None]) -> Page[tuple[Kept, KeptPart]]:
    """List stock."""
    asked = call.query
    filter = StockFilter(
        part_id=None if asked.part_id is None else PartId(asked.part_id),
        location=asked.location,
        expiring_before=asked.expiring_before,
        quarantined=asked.quarantined,
    )
    return await call.services.list_stock()(call.actor, call.page, filter=filter)


async def get(call: Call[None, None]) -> tuple[Kept, KeptPart]:
    """Read a row."""
    return await call.services.get_stock()(call.actor, StockId(call.id("inventory_id")))


async def change(call: Call[None, StockChange]) -> Kept | tuple[Kept, Kept]:
    """Adjust, receive, transfer, quarantine or release."""
    stock_id, body, version = StockId(call.id("inventory_id")), call.body, call.expected_version
    match body.action:
        case StockAction.ADJUST:
            return await call.use(call.services.adjust_stock)(
                call.actor,
                stock_id,
                difference=body.difference,
                quantity_on_hand=body.quantity_on_hand,
                reason=body.reason,
                expected_version=version,
            )
        case StockAction.RECEIVE:
            return await call.use(call.services.receive_into_row)(
                call.actor, stock_id, _quantity(body), reason=body.reason, expected_version=version
            )
        case StockAction.TRANSFER:
            return await call.use(call.services.transfer_stock)(
                call.actor,
                stock_id,
                _quantity(body),
                to=Place(location=body.location, lot=body.lot, serial_number=body.serial_number),
                reason=body.reason,
                expected_version=version,
            )
        case StockAction.QUARANTINE | StockAction.RELEASE:
            return await call.use(call.services.quarantine_stock)(
                call.actor,
                stock_id,
                quarantined=body.action is StockAction.QUARANTINE,
                reason=body.reason,
                expected_version=version,
            )


async def list_movements(call: Call[None, None]) -> Page[KeptMovement]:
    """List what changed a row's quantity."""
    return await call.services.list_movements()(call.actor, StockId(call.id("inventory_id")), call.page)


async def list_reservations(
    call: Call[ReservationQuery, None],
) -> Page[tuple[KeptReservation, Kept, KeptPart]]:
    """List reservations."""
    asked = call.query
    filter = ReservationFilter(
        task_id=None if asked.task_id is None else TaskId(asked.task_id),
        part_id=None if asked.part_id is None else PartId(asked.part_id),
        statuses=asked.status,
    )
    return await call.services.list_reservations()(call.actor, call.page, filter=filter)


async def release(call: Call[None, None]) -> KeptReservation:
    """Release a reservation."""
    return await call.use(call.services.release_reservation)(
        call.actor, ReservationId(call.id("reservation_id")), expected_version=call.expected_version
    )


def _quantity(body: StockChange) -> int:
    if body.quantity is None:
        raise InvalidInput([Violation("missing_member", f"{body.action.value} takes a quantity", "/quantity")])
    return body.quantity


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/inventory",
        name="receiveStock",
        tag=_TAG,
        summary="Put a received quantity of a part into its place",
        permission="parts:write",
        body=NewStock,
        result=Stock,
        status=201,
        etag=True,
        handler=receive,
        answer=received,
        problems=("refused", "not_found"),
        example={
            "part_id": "01930000-0000-7000-8000-000000000003",
            "location": "A-12",
            "quantity_on_hand": 20,
            "reason": "delivery 4711",
        },
    ),
    Endpoint(
        method="GET",
        path="/inventory",
        name="listStock",
        tag=_TAG,
        summary="List stock",
        permission="parts:read",
        query=StockQuery,
        result=Stock,
        listing=Listing(orders=("expiry_date",)),
        handler=list_,
        answer=rows,
        problems=("not_found",),
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        name="getStock",
        tag=_TAG,
        summary="Read a row of stock",
        permission="parts:read",
        result=Stock,
        etag=True,
        handler=get,
        answer=row,
    ),
    Endpoint(
        method="PATCH",
        path=_ONE,
        name="changeStock",
        tag=_TAG,
        summary="Adjust, receive, transfer, quarantine or release a row of stock, with a reason",
        permission="parts:write",
        body=StockChange,
        result=Stock,
        etag=True,
        versioned=True,
        handler=change,
        answer=moved,
        problems=("refused",),
        example={"action": "adjust", "quantity_on_hand": 18, "reason": "stocktaking"},
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/movements",
        name="listMovements",
        tag=_TAG,
        summary="List what changed a row's quantity, and why",
        permission="parts:read",
        result=Movement,
        listing=Listing(),
        handler=list_movements,
        answer=movements,
    ),
    Endpoint(
        method="GET",
        path="/part-reservations",
        name="listReservations",
        tag=_TAG,
        summary="List reservations",
        permission="parts:read",
        query=ReservationQuery,
        result=Reservation,
        listing=Listing(),
        handler=list_reservations,
        answer=reservations,
        problems=("not_found",),
    ),
    Endpoint(
        method="POST",
        path="/part-reservations/{reservation_id}/release",
        name="releaseReservation",
        tag=_TAG,
        summary="Release a reservation",
        permission="parts:reserve",
        result=Reservation,
        etag=True,
        versioned=True,
        handler=release,
        answer=reservation,
        problems=("refused",),
    ),
)
