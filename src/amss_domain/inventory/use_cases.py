"""Defining parts, receiving and adjusting stock, and looking at it."""

from collections.abc import Collection, Mapping
from datetime import date

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.part import Part, PartDescription, violations_of_part
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import available_on, blockers_to_adjust, violations_of_quantities
from amss_domain.inventory.stock import MovementKind, Place, Stock
from amss_domain.inventory.stockkeeping import announce_low_stock, record_movement
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import Refused, refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import PartId, StockId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.violation import Violation


@frozen
class DefinePart:
    """Define a part, so that stock of it can be kept."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, *, part_number: str, about: PartDescription) -> Part:
        """Return the new part. Raises `InvalidInput`, `NotPermitted`, `AlreadyExists` for a taken part number."""
        authorize(by, "parts:write")
        part_number = part_number.strip()
        reject_if(violations_of_part(part_number, about))
        now = self.clock.now()
        part = Part(
            id=PartId(self.ids.new()),
            org_id=by.org_id,
            part_number=part_number,
            about=about,
            created_at=now,
            updated_at=now,
        )
        async with self.open_uow(by.org_id, by) as uow:
            uow.parts.add(part)
            uow.record(part.created())
            await uow.commit()
        return part


@frozen
class ReceiveStock:
    """Put a received quantity of a part into its place."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        part_id: PartId,
        quantity: int,
        *,
        reason: str,
        place: Place | None = None,
        expiry_date: date | None = None,
    ) -> Stock:
        """Return the row, new or grown.

        Raises `NotFound`, `InvalidInput`, `NotPermitted`; `Refused` when the place holds stock that expires on another
        day.
        """
        authorize(by, "parts:write")
        reject_if((*violations_of_quantities([(part_id, quantity)]), *_reason_missing(reason)))
        return await on_fresh_data(lambda: self._receive(by, part_id, quantity, reason, place or Place(), expiry_date))

    async def _receive(
        self, by: Actor, part_id: PartId, quantity: int, reason: str, place: Place, expiry_date: date | None
    ) -> Stock:
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            part = await uow.parts.get(part_id)
            rows = await uow.stock.of_parts([part_id], for_update=True)
            row = next((row for row in rows if row.place == place), None)
            if row is None:
                row = Stock(
                    id=StockId(self.ids.new()),
                    org_id=by.org_id,
                    part_id=part_id,
                    place=place,
                    expiry_date=expiry_date,
                    quantity_on_hand=quantity,
                    created_at=now,
                    updated_at=now,
                )
                uow.stock.add(row)
            else:
                refuse_if(_other_expiry(row, expiry_date))
                grown = row.moved(on_hand=quantity, at=now)
                uow.stock.save(grown, was=row)
                row = grown
            record_movement(uow, part, row, MovementKind.RECEIVED, quantity, reason=reason.strip(), ids=self.ids)
            await uow.commit()
        return row


@frozen
class AdjustStock:
    """Correct a row's quantity on hand, with a reason."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, stock_id: StockId, *, difference: int, reason: str) -> Stock:
        """Return the changed row. Raises `NotFound`, `NotPermitted`, `Refused` with every reason against."""
        authorize(by, "parts:write")
        return await on_fresh_data(lambda: self._adjust(by, stock_id, difference, reason))

    async def _adjust(self, by: Actor, stock_id: StockId, difference: int, reason: str) -> Stock:
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            policy = (await uow.organizations.current()).policy
            today = day_of(now, policy.time_zone)
            part_id = (await uow.stock.get(stock_id)).part_id
            part = await uow.parts.get(part_id)
            rows = await uow.stock.of_parts([part_id], for_update=True)
            row = next(row for row in rows if row.id == stock_id)
            blockers = blockers_to_adjust(row, difference, reason)
            if blockers:
                raise Refused(blockers)
            changed = row.moved(on_hand=difference, at=now)
            uow.stock.save(changed, was=row)
            record_movement(uow, part, changed, MovementKind.ADJUSTED, difference, reason=reason.strip(), ids=self.ids)
            if row.is_usable(today):
                before = available_on(rows, today)
                announce_low_stock(uow, part, before=before, after=before + difference, at=now)
            await uow.commit()
        return changed


@frozen
class ListParts:
    """List the organization's parts."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(self, by: Actor, request: PageRequest) -> Page[Part]:
        """Return a page of unarchived parts. Raises `NotPermitted`."""
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.parts.page(request)


@frozen
class FindParts:
    """Find parts by their numbers."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(self, by: Actor, part_numbers: Collection[str]) -> Mapping[str, Part]:
        """Return the unarchived part of each number, whatever its case, keyed by the number as given.

        Raises `NotPermitted`, `InvalidInput` naming every unknown number.
        """
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            found = await uow.parts.by_numbers([number.strip() for number in part_numbers])
        parts = {number: found.get(number.strip().lower()) for number in part_numbers}
        reject_if([_unknown(number) for number, part in parts.items() if part is None])
        return {number: part for number, part in parts.items() if part is not None}


@frozen
class GetParts:
    """Read parts by their ids."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(self, by: Actor, part_ids: Collection[PartId]) -> Mapping[PartId, Part]:
        """Return the parts by id; unknown ids are left out. Raises `NotPermitted`."""
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            return {part.id: part for part in await uow.parts.get_many(part_ids)}


@frozen
class ListStock:
    """List the organization's stock, each row with its part."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(self, by: Actor, request: PageRequest) -> Page[tuple[Stock, Part]]:
        """Return a page of rows. Raises `NotPermitted`."""
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            page = await uow.stock.page(request)
            parts = {part.id: part for part in await uow.parts.get_many({row.part_id for row in page.items})}
        return Page(tuple((row, parts[row.part_id]) for row in page.items), page.next_after)


def _unknown(part_number: str) -> Violation:
    return Violation("unknown_part", f"there is no part {part_number}; define it or correct the number", part_number)


def _reason_missing(reason: str) -> tuple[Violation, ...]:
    return () if reason.strip() else (Violation("reason_missing", "say where the stock comes from", "reason"),)


def _other_expiry(row: Stock, expiry_date: date | None) -> tuple[Violation, ...]:
    if row.expiry_date == expiry_date:
        return ()
    message = f"this place holds stock that expires on {row.expiry_date}; use another lot for {expiry_date}"
    return (Violation("other_expiry_date", message, "expiry_date"),)
