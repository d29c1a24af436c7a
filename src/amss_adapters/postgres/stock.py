"""Stock, its movements and its reservations."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Param,
    Params,
    Row,
    from_day,
    from_flag,
    from_id,
    from_instant,
    from_number,
    from_text,
    from_texts,
    maybe,
    perhaps,
    to_day,
    to_flag,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.inventory.ports import ANY_RESERVATION, ANY_STOCK, ReservationFilter, StockFilter
from amss_domain.inventory.stock import Movement, MovementKind, Place, Reservation, ReservationStatus, Stock
from amss_domain.shared.errors import AlreadyExists, NotFound
from amss_domain.shared.ids import MovementId, OrgId, PartId, ReservationId, StockId, TaskId
from amss_domain.shared.page import OLDEST_FIRST, Order, Page, PageRequest

_SQL: Final = statements("inventory")
_PAGES: Final = statements("stock_pages")

# What is before and after every day and instant; what never expires counts as expiring then.
_BEFORE_ALL: Final = b"-infinity"
_AFTER_ALL: Final = b"infinity"


def _stock_from(row: Row, org_id: OrgId) -> Stock:
    id, part_id, location, lot, serial_number, expiry_date, quarantined, on_hand, reserved, *more = row
    created_at, updated_at, version = more
    return Stock(
        id=cast(StockId, to_id(id)),
        org_id=org_id,
        part_id=cast(PartId, to_id(part_id)),
        place=Place(
            location=perhaps(to_text, location),
            lot=perhaps(to_text, lot),
            serial_number=perhaps(to_text, serial_number),
        ),
        expiry_date=perhaps(to_day, expiry_date),
        quarantined=to_flag(quarantined),
        quantity_on_hand=to_int(on_hand),
        quantity_reserved=to_int(reserved),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _stock_fields(stock: Stock) -> Params:
    return (
        from_id(stock.part_id),
        maybe(from_text, stock.place.location),
        maybe(from_text, stock.place.lot),
        maybe(from_text, stock.place.serial_number),
        maybe(from_day, stock.expiry_date),
        from_flag(stock.quarantined),
        from_number(stock.quantity_on_hand),
        from_number(stock.quantity_reserved),
        from_instant(stock.updated_at),
        from_number(stock.version),
    )


def _place_taken(stock: Stock) -> AlreadyExists:
    named = (stock.place.location, stock.place.lot, stock.place.serial_number)
    return AlreadyExists("stock row", ", ".join(name for name in named if name is not None) or "without a place")


_STOCK: Final = Table[Stock](
    name="inventory",
    kind=Kind("stock row", {"inventory_place_key": _place_taken}),
    read=_stock_from,
    fields=_stock_fields,
    insert=_SQL["stock_insert"],
    update=_SQL["stock_update"],
)

_MOVEMENT: Final = Kind[Movement]("movement")


def _movement_from(row: Row, org_id: OrgId) -> Movement:
    id, stock_id, kind, quantity, reason, task_id, occurred_at = row
    return Movement(
        id=cast(MovementId, to_id(id)),
        org_id=org_id,
        stock_id=cast(StockId, to_id(stock_id)),
        kind=MovementKind(to_text(kind)),
        quantity=to_int(quantity),
        reason=to_text(reason),
        task_id=cast("TaskId | None", perhaps(to_id, task_id)),
        occurred_at=to_instant(occurred_at),
    )


def _reservation_from(row: Row, org_id: OrgId) -> Reservation:
    id, task_id, part_id, stock_id, quantity, consumed, status, created_at, updated_at, version = row
    return Reservation(
        id=cast(ReservationId, to_id(id)),
        org_id=org_id,
        task_id=cast(TaskId, to_id(task_id)),
        part_id=cast(PartId, to_id(part_id)),
        stock_id=cast(StockId, to_id(stock_id)),
        quantity=to_int(quantity),
        quantity_consumed=to_int(consumed),
        status=ReservationStatus(to_text(status)),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _reservation_fields(reservation: Reservation) -> Params:
    return (
        from_id(reservation.task_id),
        from_id(reservation.part_id),
        from_id(reservation.stock_id),
        from_number(reservation.quantity),
        from_number(reservation.quantity_consumed),
        from_text(reservation.status.value),
        from_instant(reservation.updated_at),
        from_number(reservation.version),
    )


_RESERVATIONS: Final = Table[Reservation](
    name="part_reservations",
    kind=Kind("reservation"),
    read=_reservation_from,
    fields=_reservation_fields,
    insert=_SQL["reservation_insert"],
    update=_SQL["reservation_update"],
)


class PostgresStockRows:
    """The organization's stock, its movements and its reservations."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, stock_id: StockId, /) -> Stock:
        """Return the row. Raises `NotFound`."""
        return await _STOCK.one(self._session, _SQL["stock_get"], stock_id)

    async def get_many(self, stock_ids: Collection[StockId], /) -> tuple[Stock, ...]:
        """Return the rows in the order of their ids, unknown ones left out."""
        return await _STOCK.many(self._session, _SQL["stock_get_many"], stock_ids)

    async def of_parts(self, part_ids: Collection[PartId], /, *, for_update: bool = False) -> tuple[Stock, ...]:
        """Return the rows of the parts in the order of their ids, held in that order with `for_update`."""
        statement = _SQL["stock_hold_of_parts" if for_update else "stock_of_parts"]
        return await _STOCK.many(self._session, statement, part_ids)

    async def page(self, request: PageRequest, /, *, filter: StockFilter = ANY_STOCK) -> Page[Stock]:
        """Return the rows that match, by id or by expiry date. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by not in ("created_at", "expiry_date"):
            raise ValueError(f"there is no order of stock by {order.by}")
        statement, params = _narrowest(filter)
        last_day = _last_day(filter.expiring_before)
        if order.by == "expiry_date":
            statement, params = f"{statement}_by_expiry", (last_day, _start(request, order), *params)
        else:
            params = (last_day, *params)
        found = await _STOCK.found(self._session, _PAGES[_directed(statement, order)], *_place(request, order), *params)
        return page_of(found, request.limit)

    async def movements(self, stock_id: StockId, /) -> tuple[Movement, ...]:
        """Return the row's movements, oldest first."""
        session = self._session
        rows = await session.read(_SQL["movement_of_stock"], (session.org, from_id(stock_id)), _MOVEMENT)
        return tuple(_movement_from(row, session.org_id) for row in rows)

    async def page_of_movements(self, stock_id: StockId, request: PageRequest, /) -> Page[Movement]:
        """Return the row's movements by when they occurred. Raises ValueError for another order."""
        session, order = self._session, _by_creation(request)
        params = (session.org, *_place(request, order), from_id(stock_id), _start(request, order))
        rows = await session.read(_SQL[_directed("movement_page", order)], params, _MOVEMENT)
        return page_of((_movement_from(row, session.org_id) for row in rows), request.limit)

    async def reservation(self, reservation_id: ReservationId, /) -> Reservation:
        """Return the reservation. Raises `NotFound`."""
        return await _RESERVATIONS.one(self._session, _SQL["reservation_get"], reservation_id)

    async def page_of_reservations(
        self, request: PageRequest, /, *, filter: ReservationFilter = ANY_RESERVATION
    ) -> Page[Reservation]:
        """Return the reservations that match, by id. Raises `NotFound` for a task, ValueError for another order."""
        order = _by_creation(request)
        statement, params = _narrowest_reservations(filter)
        found = await _RESERVATIONS.found(
            self._session, _SQL[_directed(statement, order)], *_place(request, order), *params
        )
        if not found and filter.task_id is not None:
            await self._require_task(filter.task_id)
        return page_of(found, request.limit)

    async def reservations(self, task_id: TaskId, /) -> tuple[Reservation, ...]:
        """Return the task's reservations in the order of their ids."""
        return await _RESERVATIONS.found(self._session, _SQL["reservation_of_task"], from_id(task_id))

    def add(self, stock: Stock, /) -> None:
        """Add a row. Conflicts: `AlreadyExists` for a place in use, `InvariantBroken`, `BrokenReference`."""
        _STOCK.add(self._session, stock)

    def save(self, stock: Stock, /, *, was: Stock) -> None:
        """Save a changed row. Conflicts: `StaleVersion`, `InvariantBroken`, `AlreadyExists`."""
        _STOCK.save(self._session, stock, was=was)

    def move(self, movement: Movement, /) -> None:
        """Add a movement. Conflicts: `BrokenReference`."""
        session = self._session
        session.require_own(movement.org_id, "inventory_movements")
        params = (
            session.org,
            from_id(movement.id),
            from_id(movement.stock_id),
            from_text(movement.kind.value),
            from_number(movement.quantity),
            from_text(movement.reason),
            maybe(from_id, movement.task_id),
            from_instant(movement.occurred_at),
        )
        session.queue(_SQL["movement_insert"], params, Subject(_MOVEMENT, movement.id, movement))

    def reserve(self, reservation: Reservation, /) -> None:
        """Add a reservation. Conflicts: `BrokenReference`."""
        _RESERVATIONS.add(self._session, reservation)

    def save_reservation(self, reservation: Reservation, /, *, was: Reservation) -> None:
        """Save a changed reservation. Conflicts: `StaleVersion`."""
        _RESERVATIONS.save(self._session, reservation, was=was)

    async def _require_task(self, task_id: TaskId) -> None:
        session = self._session
        if not await session.read(_SQL["reservation_task"], (session.org, from_id(task_id)), _RESERVATIONS.kind):
            raise NotFound("task", task_id)


def _by_creation(request: PageRequest) -> Order:
    order = request.order or OLDEST_FIRST
    if order.by != "created_at":
        raise ValueError(f"there is no order by {order.by}")
    return order


def _directed(statement: str, order: Order) -> str:
    return f"{statement}_last_first" if order.descending else statement


def _place(request: PageRequest, order: Order) -> Params:
    """Return the id to go on from, and one more than the length of the page: whether others follow shows in that."""
    first = LAST_ID if order.descending else NO_ID
    return (first if request.after is None else from_id(request.after), from_number(request.limit + 1))


def _start(request: PageRequest, order: Order) -> Param:
    """Return the day or instant that the first page starts at; None for others, which go on from an id."""
    if request.after is not None:
        return None
    return _AFTER_ALL if order.descending else _BEFORE_ALL


def _last_day(before: date | None) -> bytes:
    if before is None:
        return _AFTER_ALL
    return _BEFORE_ALL if before == date.min else from_day(before - timedelta(days=1))


def _narrowest(filter: StockFilter) -> tuple[str, Params]:
    """Return the statement whose index leaves the fewest rows to look through, and its last parameters."""
    quarantined, location = maybe(from_flag, filter.quarantined), maybe(from_text, filter.location)
    if filter.part_id is not None:
        return "stock_page_of_part", (quarantined, location, from_id(filter.part_id))
    if location is not None:
        return "stock_page_of_location", (quarantined, location)
    if filter.quarantined:
        return "stock_page_quarantined", ()
    return "stock_page", (quarantined,)


def _narrowest_reservations(filter: ReservationFilter) -> tuple[str, Params]:
    """The same for reservations."""
    names = {status.value for status in filter.statuses}
    statuses = from_texts(names) if names else None
    part = maybe(from_id, filter.part_id)
    if filter.task_id is not None:
        return "reservation_page_of_task", (statuses, part, from_id(filter.task_id))
    if part is not None:
        return "reservation_page_of_part", (statuses, part)
    if len(names) == 1:
        return "reservation_page_of_status", tuple(map(from_text, names))
    return "reservation_page", (statuses,)
