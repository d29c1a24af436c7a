"""Parts, their stock, its movements and its reservations."""

from collections.abc import Collection
from operator import attrgetter

from amss_adapters.memory.access import ORGANIZATIONS
from amss_adapters.memory.tables import Check, Groups, Reference, Table, Unique, after_id
from amss_adapters.memory.tasks import TASKS
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Movement, Reservation, Stock
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import PartId, StockId, TaskId
from amss_domain.shared.page import Page, PageRequest


def _part_number(part: Part) -> str | None:
    return part.part_number.lower() if part.archived_at is None else None


_BY_NUMBER: Unique[Part] = Unique(_part_number, lambda part, _: AlreadyExists("part", part.part_number))
_UNARCHIVED: Groups[Part] = Groups(lambda part: (None,) if part.archived_at is None else ())
PARTS: Table[Part] = Table(
    name="parts",
    kind="part",
    uniques=(_BY_NUMBER,),
    groups=(_UNARCHIVED,),
    references=(Reference("parts_org_fkey", attrgetter("org_id"), ORGANIZATIONS),),
)


def _place_taken(stock: Stock, _: object) -> AlreadyExists:
    place = stock.place
    named = (place.location, place.lot, place.serial_number)
    return AlreadyExists("stock row", ", ".join(name for name in named if name is not None) or "without a place")


_BY_PLACE: Unique[Stock] = Unique(lambda stock: (stock.part_id, stock.place), _place_taken)
_OF_PART: Groups[Stock] = Groups(lambda stock: (None, stock.part_id))
STOCK: Table[Stock] = Table(
    name="inventory",
    kind="stock row",
    uniques=(_BY_PLACE,),
    groups=(_OF_PART,),
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

_OF_TASK: Groups[Reservation] = Groups(lambda reservation: (reservation.task_id,))
_RESERVATIONS: Table[Reservation] = Table(
    name="part_reservations",
    kind="reservation",
    groups=(_OF_TASK,),
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

    async def page(self, request: PageRequest, /) -> Page[Part]:
        """Return unarchived parts in the order of their ids."""
        return page_of(self._rows.group(_UNARCHIVED, None, after_id(request.after)), request.limit)

    def add(self, part: Part, /) -> None:
        """Add a part. Raises `AlreadyExists` for a part number in use."""
        self._rows.add(part)

    def save(self, part: Part, /, *, was: Part) -> None:
        """Save a changed part. Raises `StaleVersion`, `AlreadyExists`."""
        self._rows.save(part, was=was)


class MemoryStockRows:
    """The organization's stock, its movements and its reservations."""

    def __init__(self, transaction: Transaction) -> None:
        self._stock = transaction.view(STOCK)
        self._movements = transaction.view(_MOVEMENTS)
        self._reservations = transaction.view(_RESERVATIONS)

    async def get(self, stock_id: StockId, /) -> Stock:
        """Return the row. Raises `NotFound`."""
        return self._stock.get(stock_id)

    async def of_parts(self, part_ids: Collection[PartId], /, *, for_update: bool = False) -> tuple[Stock, ...]:
        """Return the rows of the parts in the order of their ids."""
        rows = self._stock.groups(_OF_PART, part_ids)
        return await self._stock.held(rows) if for_update else rows

    async def page(self, request: PageRequest, /) -> Page[Stock]:
        """Return rows in the order of their ids."""
        return page_of(self._stock.group(_OF_PART, None, after_id(request.after)), request.limit)

    async def movements(self, stock_id: StockId, /) -> tuple[Movement, ...]:
        """Return the row's movements, oldest first."""
        return tuple(self._movements.group(_OF_STOCK, stock_id))

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
