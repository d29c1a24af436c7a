"""Reading what is known of aircraft."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ports import WHOLE_FLEET, AircraftFilter, FleetWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class GetAircraft:
    """Get one aircraft."""

    open_uow: OpenUnitOfWork[FleetWork]

    async def __call__(self, by: Actor, aircraft_id: AircraftId) -> Aircraft:
        """Return the aircraft, archived or not. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "aircraft:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.fleet.get(aircraft_id)


@frozen
class ListAircraft:
    """List the fleet."""

    open_uow: OpenUnitOfWork[FleetWork]

    async def __call__(
        self, by: Actor, request: PageRequest, *, filter: AircraftFilter = WHOLE_FLEET
    ) -> Page[Aircraft]:
        """Return a page of those that match, ordered by `created_at` or `registration`. Raises `NotPermitted`."""
        authorize(by, "aircraft:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.fleet.page(request, filter=filter)


@frozen
class FindAircraft:
    """Find an aircraft by its registration."""

    open_uow: OpenUnitOfWork[FleetWork]

    async def __call__(self, by: Actor, registration: str) -> Aircraft:
        """Return the unarchived aircraft, whatever the case. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "aircraft:read")
        async with self.open_uow(by.org_id, by) as uow:
            found = await uow.fleet.by_registrations([registration.strip()])
        for aircraft in found.values():
            return aircraft
        raise NotFound("aircraft", registration)
