"""Taking aircraft out of the fleet."""

from typing import Generic, TypeVar

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ports import FleetFollowUp, FleetWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, require_version
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data

W = TypeVar("W", bound=FleetWork)


@frozen
class ArchiveAircraft(Generic[W]):
    """Take an aircraft out of the fleet: its history stays and its registration is free again."""

    open_uow: OpenUnitOfWork[W]
    clock: Clock
    follow_up: FleetFollowUp[W]

    async def __call__(self, by: Actor, aircraft_id: AircraftId, *, expected_version: int | None = None) -> Aircraft:
        """Return the archived aircraft; one that is archived already stays as it is.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` with everything that is still to be done on it.
        """
        authorize(by, "aircraft:write")
        return await on_fresh_data(lambda: self._archive(by, aircraft_id, expected_version))

    async def _archive(self, by: Actor, aircraft_id: AircraftId, expected_version: int | None) -> Aircraft:
        async with self.open_uow(by.org_id, by) as uow:
            aircraft = await uow.fleet.get_for_update(aircraft_id)
            require_version("aircraft", aircraft_id, expected=expected_version, found=aircraft.version)
            if aircraft.archived_at is None:
                refuse_if(await self.follow_up.leaving(uow, aircraft))
                aircraft = await self._take_out(uow, aircraft)
            await uow.commit(aircraft)
        return aircraft

    async def _take_out(self, uow: W, was: Aircraft) -> Aircraft:
        now = self.clock.now()
        archived, event = was.archived(at=now)
        uow.fleet.save(archived, was=was)
        uow.record(event)
        await self.follow_up.left(uow, archived, at=now)
        return archived
