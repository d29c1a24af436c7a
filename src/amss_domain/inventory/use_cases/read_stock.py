"""Looking at stock, at what moved it and at what is held of it."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import (
    ANY_RESERVATION,
    ANY_STOCK,
    InventoryWork,
    ReservationFilter,
    StockFilter,
)
from amss_domain.inventory.stock import Movement, Reservation, Stock
from amss_domain.shared.actor import Actor
from amss_domain.shared.ids import StockId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class GetStock:
    """Get one row of stock, with its part."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(self, by: Actor, stock_id: StockId) -> tuple[Stock, Part]:
        """Return the row and its part. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            row = await uow.stock.get(stock_id)
            return row, await uow.parts.get(row.part_id)


@frozen
class ListStock:
    """List the organization's stock, each row with its part."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(
        self, by: Actor, request: PageRequest, *, filter: StockFilter = ANY_STOCK
    ) -> Page[tuple[Stock, Part]]:
        """Return a page of the rows that match, ordered by `created_at` or `expiry_date`.

        Raises `NotPermitted`, `NotFound` for an unknown part in the filter.
        """
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            if filter.part_id is not None:
                await uow.parts.get(filter.part_id)
            page = await uow.stock.page(request, filter=filter)
            parts = {part.id: part for part in await uow.parts.get_many({row.part_id for row in page.items})}
        return Page(tuple((row, parts[row.part_id]) for row in page.items), page.next_after)


@frozen
class ListMovements:
    """List what moved a row of stock."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(self, by: Actor, stock_id: StockId, request: PageRequest) -> Page[Movement]:
        """Return a page of the row's movements, oldest first unless descending. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.stock.get(stock_id)
            return await uow.stock.page_of_movements(stock_id, request)


@frozen
class ListReservations:
    """List what is held, and was held, of the organization's stock for tasks."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(
        self, by: Actor, request: PageRequest, *, filter: ReservationFilter = ANY_RESERVATION
    ) -> Page[tuple[Reservation, Stock, Part]]:
        """Return a page of the reservations that match by `created_at`, each with its row and part.

        Raises `NotPermitted`, `NotFound` for an unknown part or task in the filter.
        """
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            if filter.part_id is not None:
                await uow.parts.get(filter.part_id)
            page = await uow.stock.page_of_reservations(request, filter=filter)
            rows = {row.id: row for row in await uow.stock.get_many({one.stock_id for one in page.items})}
            parts = {part.id: part for part in await uow.parts.get_many({one.part_id for one in page.items})}
        return Page(tuple((one, rows[one.stock_id], parts[one.part_id]) for one in page.items), page.next_after)
