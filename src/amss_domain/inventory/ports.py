"""What inventory needs from a backend."""

from collections.abc import Collection
from typing import Protocol

from amss_domain.access.ports import AccessWork
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Movement, Reservation, Stock
from amss_domain.shared.ids import PartId, StockId, TaskId
from amss_domain.shared.page import Page, PageRequest


class Parts(Protocol):
    """The organization's part definitions.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - `get_many` returns them in the order of their ids; unknown ids are left out.
    - `by_numbers` finds unarchived parts whatever the case of their number, keyed by it in lower case, and leaves out
      unknown ones; with `for_update` it holds them in the order of their ids.
    - The part number is unique among unarchived parts, whatever its case (`AlreadyExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `page` returns unarchived parts in the order of their ids.
    """

    async def get(self, part_id: PartId, /) -> Part: ...

    async def get_for_update(self, part_id: PartId, /) -> Part: ...

    async def get_many(self, part_ids: Collection[PartId], /) -> tuple[Part, ...]: ...

    async def by_numbers(self, part_numbers: Collection[str], /, *, for_update: bool = False) -> dict[str, Part]: ...

    async def page(self, request: PageRequest, /) -> Page[Part]: ...

    def add(self, part: Part, /) -> None: ...

    def save(self, part: Part, /, *, was: Part) -> None: ...


class StockRows(Protocol):
    """The organization's stock, its movements and its reservations.

    - `get` raises `NotFound` for an unknown or foreign id.
    - `of_parts` returns the rows of the parts in the order of their ids; with `for_update` it holds them in that order.
    - A part has one row for each place (`AlreadyExists`).
    - A row with `quantity_reserved` below 0 or above `quantity_on_hand` is refused (`InvariantBroken`).
    - `save` and `save_reservation` refuse when the stored version is not `was.version` (`StaleVersion`).
    - `movements` returns a row's movements, oldest first; they sum to its quantity on hand.
    - `reservations` returns a task's reservations in the order of their ids, whatever became of them.
    - `page` returns rows in the order of their ids.
    """

    async def get(self, stock_id: StockId, /) -> Stock: ...

    async def of_parts(self, part_ids: Collection[PartId], /, *, for_update: bool = False) -> tuple[Stock, ...]: ...

    async def page(self, request: PageRequest, /) -> Page[Stock]: ...

    async def movements(self, stock_id: StockId, /) -> tuple[Movement, ...]: ...

    async def reservations(self, task_id: TaskId, /) -> tuple[Reservation, ...]: ...

    def add(self, stock: Stock, /) -> None: ...

    def save(self, stock: Stock, /, *, was: Stock) -> None: ...

    def move(self, movement: Movement, /) -> None: ...

    def reserve(self, reservation: Reservation, /) -> None: ...

    def save_reservation(self, reservation: Reservation, /, *, was: Reservation) -> None: ...


class InventoryWork(AccessWork, Protocol):
    """A unit of work that reaches parts and their stock."""

    @property
    def parts(self) -> Parts: ...

    @property
    def stock(self) -> StockRows: ...
