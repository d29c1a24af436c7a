"""Parts, their stock, its movements and its reservations."""

from collections.abc import Collection, Hashable
from datetime import date
from itertools import takewhile
from operator import attrgetter

from amss_adapters.memory.access import ORGANIZATIONS
from amss_adapters.memory.tables import Check, Groups, Reference, Table, Unique, after_id
from amss_adapters.memory.tasks import TASKS
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import (
    ANY_PART,
    ANY_RESERVATION,
    ANY_STOCK,
    PartFilter,
    ReservationFilter,
    StockFilter,
)
from amss_domain.inventory.stock import Movement, Reservation, Stock
from amss_domain.shared.errors import AlreadyExists, NotFound
from amss_domain.shared.ids import PartId, ReservationId, StockId, TaskId
from amss_domain.shared.page import OLDEST_FIRST, Order, Page, PageRequest

_ALL = "all"
_QUARANTINED = "quarantined"


def _part_number(part: Part) -> str | None:
    return part.part_number.lower() if part.archived_at is None else None


_BY_NUMBER: Unique[Part] = Unique(_part_number, lambda part, _: AlreadyExists("part", part.part_number))


def _listed_parts(part: Part) -> tuple[Hashable, ...]:
    archived = part.archived_at is not None
    return ((archived, None), (archived, part.part_number.lower()))


_LISTED_PARTS: Groups[Part] = Groups(_listed_parts)
_PARTS_BY_NUMBER: Groups[Part] = Groups(
    _listed_parts, order=lambda part: (part.part_number.lower(), part.id.int, part.id)
)
PARTS: Table[Part] = Table(
    name="parts",
    kind="part",
    uniques=(_BY_NUMBER,),
    groups=(_LISTED_PARTS, _PARTS_BY_NUMBER),
    references=(Reference("parts_org_fkey", attrgetter("org_id"), ORGANIZATIONS),),
)


def _place_taken(stock: Stock, _: object) -> AlreadyExists:
    place = stock.place
    named = (place.location, place.lot, place.serial_number)
    return AlreadyExists("stock row", ", ".join(name for name in named if name is not None) or "without a place")


_BY_PLACE: Unique[Stock] = Unique(lambda stock: (stock.part_id, stock.place), _place_taken)


def _listed_stock(stock: Stock) -> tuple[Hashable, ...]:
    found: list[Hashable] = [_ALL, ("part", stock.part_id)]
    if stock.place.location is not None:
        found.append(("location", stock.place.location))
    if stock.quarantined:
        found.append(_QUARANTINED)
    return tuple(found)


def _expiry(stock: Stock) -> tuple[bool, date]:
    """Sort by expiry; what never expires comes after all that does."""
    return stock.expiry_date is None, stock.expiry_date or date.max


_OF_PART: Groups[Stock] = Groups(lambda stock: (stock.part_id,))
_LISTED_STOCK: Groups[Stock] = Groups(_listed_stock)
_STOCK_BY_EXPIRY: Groups[Stock] = Groups(_listed_stock, order=lambda stock: (*_expiry(stock), stock.id.int, stock.id))
STOCK: Table[Stock] = Table(
    name="inventory",
    kind="stock row",
    uniques=(_BY_PLACE,),
    groups=(_OF_PART, _LISTED_STOCK, _STOCK_BY_EXPIRY),
    references=(Reference("inventory_part_fkey", attrgetter("part_id"), PARTS),),
    checks=(Check("inventory_quantity_check", lambda stock: 0 <= stock.quantity_reserved <= stock.quantity_on_hand),),
)

_OF_STOCK: Groups[Movement] = Groups(
    lambda movement: (movement.stock_id,), order=lambda movement: (movement.occurred_at, movement.id.int, movement.id)
)
_MOVEMENTS: Table[Movement] = Table(
    name="inventory_movements",
    kind="movement",
    groups=(_OF_STOCK,),
    references=(
        Reference("inventory_movements_inventory_fkey", attrgetter("stock_id"), STOCK),
        Reference("inventory_movements_task_fkey", attrgetter("task_id"), TASKS),
    ),
)


def _listed_reservations(reservation: Reservation) -> tuple[Hashable, ...]:
    status = ("status", reservation.status)
    return (_ALL, status, ("part", reservation.part_id), ("task", reservation.task_id))


_OF_TASK: Groups[Reservation] = Groups(lambda reservation: (reservation.task_id,))
_LISTED_RESERVATIONS: Groups[Reservation] = Groups(_listed_reservations)
RESERVATIONS: Table[Reservation] = Table(
    name="part_reservations",
    kind="reservation",
    groups=(_OF_TASK, _LISTED_RESERVATIONS),
    references=(
        Reference("part_reservations_task_fkey", attrgetter("task_id"), TASKS),
        Reference("part_reservations_part_fkey", attrgetter("part_id"), PARTS),
        Reference("part_reservations_inventory_fkey", attrgetter("stock_id"), STOCK),
    ),
)


class MemoryParts:
    """The organization's part definitions."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(PARTS)

    async def get(self, part_id: PartId, /) -> Part:
        """Return the part. Raises `NotFound`."""
        return self._rows.get(part_id)

    async def get_for_update(self, part_id: PartId, /) -> Part:
        """Hold the part until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(part_id)

    async def get_many(self, part_ids: Collection[PartId], /) -> tuple[Part, ...]:
        """Return the parts in the order of their ids, unknown ones left out."""
        return self._rows.get_many(part_ids)

    async def by_numbers(self, part_numbers: Collection[str], /, *, for_update: bool = False) -> dict[str, Part]:
        """Return unarchived parts by number in lower case, unknown ones left out."""
        wanted = {number.lower() for number in part_numbers}
        found = self._rows.by_keys(_BY_NUMBER, wanted)
        if for_update:
            found = await self._rows.held(found, lambda part: _part_number(part) in wanted)
        return {part.part_number.lower(): part for part in found}

    async def page(self, request: PageRequest, /, *, filter: PartFilter = ANY_PART) -> Page[Part]:
        """Return the parts that match, by id or by number. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        group = (filter.archived, None if filter.part_number is None else filter.part_number.lower())
        if order.by == "part_number":
            parts = self._rows.following(_PARTS_BY_NUMBER, group, request.after, descending=order.descending)
        else:
            _require_by_creation(order)
            parts = self._rows.group(_LISTED_PARTS, group, after_id(request.after), descending=order.descending)
        return page_of(parts, request.limit)

    def add(self, part: Part, /) -> None:
        """Add a part. Raises `AlreadyExists` for a part number in use."""
        self._rows.add(part)

    def save(self, part: Part, /, *, was: Part) -> None:
        """Save a changed part. Raises `StaleVersion`, `AlreadyExists`."""
        self._rows.save(part, was=was)


class MemoryStockRows:
    """The organization's stock, its movements and its reservations."""

    def __init__(self, transaction: Transaction) -> None:
        self._tasks = transaction.view(TASKS)
        self._stock = transaction.view(STOCK)
        self._movements = transaction.view(_MOVEMENTS)
        self._reservations = transaction.view(RESERVATIONS)

    async def get(self, stock_id: StockId, /) -> Stock:
        """Return the row. Raises `NotFound`."""
        return self._stock.get(stock_id)

    async def get_many(self, stock_ids: Collection[StockId], /) -> tuple[Stock, ...]:
        """Return the rows in the order of their ids, unknown ones left out."""
        return self._stock.get_many(stock_ids)

    async def of_parts(self, part_ids: Collection[PartId], /, *, for_update: bool = False) -> tuple[Stock, ...]:
        """Return the rows of the parts in the order of their ids."""
        rows = self._stock.groups(_OF_PART, part_ids)
        return await self._stock.held(rows) if for_update else rows

    async def page(self, request: PageRequest, /, *, filter: StockFilter = ANY_STOCK) -> Page[Stock]:
        """Return the rows that match, by id or by expiry date. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        group = _narrowest(filter)
        if order.by == "expiry_date":
            rows = self._stock.following(_STOCK_BY_EXPIRY, group, request.after, descending=order.descending)
            before = filter.expiring_before
            if before is not None and not order.descending:
                rows = takewhile(lambda row: row.expiry_date is not None and row.expiry_date < before, rows)
        else:
            _require_by_creation(order)
            rows = self._stock.group(_LISTED_STOCK, group, after_id(request.after), descending=order.descending)
        return page_of((row for row in rows if _matches(row, filter)), request.limit)

    async def movements(self, stock_id: StockId, /) -> tuple[Movement, ...]:
        """Return the row's movements, oldest first."""
        return tuple(self._movements.group(_OF_STOCK, stock_id))

    async def page_of_movements(self, stock_id: StockId, request: PageRequest, /) -> Page[Movement]:
        """Return the row's movements by when they occurred. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        _require_by_creation(order)
        movements = self._movements.following(_OF_STOCK, stock_id, request.after, descending=order.descending)
        return page_of(movements, request.limit)

    async def reservation(self, reservation_id: ReservationId, /) -> Reservation:
        """Return the reservation. Raises `NotFound`."""
        return self._reservations.get(reservation_id)

    async def page_of_reservations(
        self, request: PageRequest, /, *, filter: ReservationFilter = ANY_RESERVATION
    ) -> Page[Reservation]:
        """Return the reservations that match, by id. Raises `NotFound` for a task, ValueError for another order."""
        order = request.order or OLDEST_FIRST
        _require_by_creation(order)
        if filter.task_id is not None and self._tasks.find(filter.task_id) is None:
            raise NotFound("task", filter.task_id)
        group, start = _narrowest_reservations(filter), after_id(request.after)
        found = self._reservations.group(_LISTED_RESERVATIONS, group, start, descending=order.descending)
        return page_of((one for one in found if _is_wanted(one, filter)), request.limit)

    async def reservations(self, task_id: TaskId, /) -> tuple[Reservation, ...]:
        """Return the task's reservations in the order of their ids."""
        return tuple(self._reservations.group(_OF_TASK, task_id))

    def add(self, stock: Stock, /) -> None:
        """Add a row. Raises `AlreadyExists` for a place in use, `InvariantBroken`, `BrokenReference`."""
        self._stock.add(stock)

    def save(self, stock: Stock, /, *, was: Stock) -> None:
        """Save a changed row. Raises `StaleVersion`, `InvariantBroken`, `AlreadyExists`."""
        self._stock.save(stock, was=was)

    def move(self, movement: Movement, /) -> None:
        """Add a movement. Raises `BrokenReference`."""
        self._movements.add(movement)

    def reserve(self, reservation: Reservation, /) -> None:
        """Add a reservation. Raises `BrokenReference`."""
        self._reservations.add(reservation)

    def save_reservation(self, reservation: Reservation, /, *, was: Reservation) -> None:
        """Save a changed reservation. Raises `StaleVersion`."""
        self._reservations.save(reservation, was=was)


def _require_by_creation(order: Order) -> None:
    if order.by != "created_at":
        raise ValueError(f"there is no order by {order.by}")


def _narrowest(filter: StockFilter) -> Hashable:
    """Return the group that leaves the fewest rows to look through."""
    if filter.part_id is not None:
        return "part", filter.part_id
    if filter.location is not None:
        return "location", filter.location
    return _QUARANTINED if filter.quarantined else _ALL


def _matches(row: Stock, filter: StockFilter) -> bool:
    before = filter.expiring_before
    return (
        filter.part_id in (None, row.part_id)
        and filter.location in (None, row.place.location)
        and filter.quarantined in (None, row.quarantined)
        and (before is None or (row.expiry_date is not None and row.expiry_date < before))
    )


def _narrowest_reservations(filter: ReservationFilter) -> Hashable:
    """Return the group that leaves the fewest reservations to look through."""
    if filter.task_id is not None:
        return "task", filter.task_id
    if filter.part_id is not None:
        return "part", filter.part_id
    if len(set(filter.statuses)) == 1:
        return "status", filter.statuses[0]
    return _ALL


def _is_wanted(reservation: Reservation, filter: ReservationFilter) -> bool:
    return (
        filter.task_id in (None, reservation.task_id)
        and filter.part_id in (None, reservation.part_id)
        and (not filter.statuses or reservation.status in filter.statuses)
    )
