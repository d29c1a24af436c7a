"""Looking at parts, and at how many of one there are."""

from collections.abc import Collection, Mapping

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.availability import Availability
from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import ANY_PART, InventoryWork, PartFilter
from amss_domain.inventory.stockkeeping import moment
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import reject_if
from amss_domain.shared.ids import PartId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.violation import Violation


@frozen
class GetPart:
    """Get one part."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(self, by: Actor, part_id: PartId) -> Part:
        """Return the part, archived or not. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.parts.get(part_id)


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
class ListParts:
    """List the organization's parts."""

    open_uow: OpenUnitOfWork[InventoryWork]

    async def __call__(self, by: Actor, request: PageRequest, *, filter: PartFilter = ANY_PART) -> Page[Part]:
        """Return a page of the parts that match, ordered by `created_at` or `part_number`. Raises `NotPermitted`."""
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.parts.page(request, filter=filter)


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
class PartAvailability:
    """Say how many of a part there are today, and how many of those may be used."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock

    async def __call__(self, by: Actor, part_id: PartId) -> Availability:
        """Return how the part stands today in the organization. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "parts:read")
        async with self.open_uow(by.org_id, by) as uow:
            when = await moment(uow, self.clock.now())
            part = await uow.parts.get(part_id)
            return Availability.of(part, await uow.stock.of_parts([part_id]), on=when.on)


def _unknown(part_number: str) -> Violation:
    return Violation("unknown_part", f"there is no part {part_number}; define it or correct the number", part_number)
