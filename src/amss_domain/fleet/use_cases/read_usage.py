"""Reading the usage ledgers of aircraft."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.ledger import Ledger, LedgerEntry
from amss_domain.fleet.ports import FleetWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class ReadLedger:
    """Read the usage ledger of an aircraft."""

    open_uow: OpenUnitOfWork[FleetWork]

    async def __call__(self, by: Actor, aircraft_id: AircraftId) -> Ledger:
        """Return every entry. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "aircraft:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.fleet.get(aircraft_id)
            return await uow.usage.ledger(aircraft_id)


@frozen
class ListUsage:
    """List the entries of an aircraft's usage ledger."""

    open_uow: OpenUnitOfWork[FleetWork]

    async def __call__(self, by: Actor, aircraft_id: AircraftId, request: PageRequest) -> Page[LedgerEntry]:
        """Return a page of the entries as they were recorded, the newest first unless the request says otherwise.

        Raises `NotFound`, `NotPermitted`.
        """
        authorize(by, "aircraft:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.fleet.get(aircraft_id)
            return await uow.usage.page(aircraft_id, request)


@frozen
class GetUsageEntry:
    """Get one entry of an aircraft's usage ledger."""

    open_uow: OpenUnitOfWork[FleetWork]

    async def __call__(self, by: Actor, aircraft_id: AircraftId, entry_id: UsageEntryId) -> LedgerEntry:
        """Return the entry. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "aircraft:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.usage.entry(aircraft_id, entry_id)
