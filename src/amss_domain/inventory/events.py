"""What happens to parts and their stock."""

from datetime import date
from typing import ClassVar

from attrs import frozen

from amss_domain.shared.events import Event
from amss_domain.shared.ids import StockId, TaskId


@frozen(kw_only=True)
class PartCreated(Event):
    """A part was defined."""

    type: ClassVar[str] = "part.created"
    part_number: str


@frozen(kw_only=True)
class PartUpdated(Event):
    """A part's number or description changed."""

    type: ClassVar[str] = "part.updated"
    public: ClassVar[bool] = False
    part_number: str


@frozen(kw_only=True)
class PartArchived(Event):
    """A part is no longer kept; what happened to its stock stays."""

    type: ClassVar[str] = "part.archived"
    public: ClassVar[bool] = False
    part_number: str


@frozen(kw_only=True)
class PartReserved(Event):
    """Stock of a part was set aside for a task."""

    type: ClassVar[str] = "part.reserved"
    part_number: str
    task_id: TaskId
    quantity: int


@frozen(kw_only=True)
class PartReleased(Event):
    """Reserved stock of a part became available again."""

    type: ClassVar[str] = "part.released"
    part_number: str
    task_id: TaskId
    quantity: int


@frozen(kw_only=True)
class PartConsumed(Event):
    """Stock of a part was used up by a task."""

    type: ClassVar[str] = "part.consumed"
    part_number: str
    task_id: TaskId
    quantity: int


@frozen(kw_only=True)
class StockMoved(Event):
    """Stock of a part was received, adjusted or transferred; a transfer is one for each of its two rows."""

    type: ClassVar[str] = "part.stock_moved"
    public: ClassVar[bool] = False
    part_number: str
    stock_id: StockId
    kind: str
    quantity: int


@frozen(kw_only=True)
class StockQuarantined(Event):
    """Stock of a part was put into quarantine, or let out of it."""

    type: ClassVar[str] = "part.stock_quarantined"
    public: ClassVar[bool] = False
    part_number: str
    stock_id: StockId
    quarantined: bool


@frozen(kw_only=True)
class LowStock(Event):
    """What is available of a part fell to where it is too little; announced once per crossing."""

    type: ClassVar[str] = "part.low_stock"
    part_number: str
    available: int
    minimum_stock: int
    reorder_point: int | None


@frozen(kw_only=True)
class StockExpiring(Event):
    """Stock of a part that is on hand can soon be used no more; announced once for each row of stock."""

    type: ClassVar[str] = "part.expiring"
    part_number: str
    stock_id: StockId
    expiry_date: date
    quantity: int
