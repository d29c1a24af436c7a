"""What inventory needs from a backend."""

from collections.abc import Collection
from datetime import date
from typing import Final, Protocol

from attrs import frozen

from amss_domain.access.ports import AccessWork
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Movement, Reservation, ReservationStatus, Stock
from amss_domain.shared.ids import PartId, ReservationId, StockId, TaskId
from amss_domain.shared.page import Page, PageRequest


@frozen(kw_only=True)
class PartFilter:
    """Which parts to return; None means any. `part_number` is the whole number, whatever its case.

    Archived parts are among them if `archived`.
    """

    part_number: str | None = None
    archived: bool = False


@frozen(kw_only=True)
class StockFilter:
    """Which rows to return; None means any. `location` is the whole text.

    `expiring_before` takes rows whose expiry date is before that day, past ones too.
    """

    part_id: PartId | None = None
    location: str | None = None
    expiring_before: date | None = None
    quarantined: bool | None = None


@frozen(kw_only=True)
class ReservationFilter:
    """Which reservations to return; None and the empty tuple mean any. `statuses` takes any one of them."""

    task_id: TaskId | None = None
    part_id: PartId | None = None
    statuses: tuple[ReservationStatus, ...] = ()


ANY_PART: Final = PartFilter()
ANY_STOCK: Final = StockFilter()
ANY_RESERVATION: Final = ReservationFilter()


class Parts(Protocol):
    """The organization's part definitions.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - `get_many` returns them in the order of their ids; unknown ids are left out.
    - `by_numbers` finds unarchived parts whatever the case of their number, keyed by it in lower case, and leaves out
      unknown ones; with `for_update` it holds them in the order of their ids.
    - The part number is unique among unarchived parts, whatever its case (`AlreadyExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `page` returns the parts that match in the order of their ids unless asked for another: it has `part_number`,
      compared in lower case by code points.
    """

    async def get(self, part_id: PartId, /) -> Part: ...

    async def get_for_update(self, part_id: PartId, /) -> Part: ...

    async def get_many(self, part_ids: Collection[PartId], /) -> tuple[Part, ...]: ...

    async def by_numbers(self, part_numbers: Collection[str], /, *, for_update: bool = False) -> dict[str, Part]: ...

    async def page(self, request: PageRequest, /, *, filter: PartFilter = ANY_PART) -> Page[Part]: ...

    def add(self, part: Part, /) -> None: ...

    def save(self, part: Part, /, *, was: Part) -> None: ...


class StockRows(Protocol):
    """The organization's stock, its movements and its reservations.

    - `get` and `reservation` raise `NotFound` for an unknown or foreign id.
    - `get_many` returns rows in the order of their ids; unknown ids are left out.
    - `of_parts` returns the rows of the parts in the order of their ids; with `for_update` it holds them in that order.
    - A part has one row for each place (`AlreadyExists`).
    - A row with `quantity_reserved` below 0 or above `quantity_on_hand` is refused (`InvariantBroken`).
    - `save` and `save_reservation` refuse when the stored version is not `was.version` (`StaleVersion`).
    - `movements` returns a row's movements, oldest first; they sum to its quantity on hand.
    - `reservations` returns a task's reservations in the order of their ids, whatever became of them.
    - `page` returns the rows that match in the order of their ids unless asked for another: it has `expiry_date`, in
      which what never expires comes after all that does, before it when descending.
    - `page_of_movements` returns a row's movements, oldest first unless descending; nothing after an unknown one.
    - `page_of_reservations` returns the reservations that match in the order of their ids; it raises `NotFound` for a
      task that the filter names and that does not exist in the organization.
    """

    async def get(self, stock_id: StockId, /) -> Stock: ...

    async def get_many(self, stock_ids: Collection[StockId], /) -> tuple[Stock, ...]: ...

    async def of_parts(self, part_ids: Collection[PartId], /, *, for_update: bool = False) -> tuple[Stock, ...]: ...

    async def page(self, request: PageRequest, /, *, filter: StockFilter = ANY_STOCK) -> Page[Stock]: ...

    async def movements(self, stock_id: StockId, /) -> tuple[Movement, ...]: ...

    async def page_of_movements(self, stock_id: StockId, request: PageRequest, /) -> Page[Movement]: ...

    async def reservation(self, reservation_id: ReservationId, /) -> Reservation: ...

    async def page_of_reservations(
        self, request: PageRequest, /, *, filter: ReservationFilter = ANY_RESERVATION
    ) -> Page[Reservation]: ...

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
