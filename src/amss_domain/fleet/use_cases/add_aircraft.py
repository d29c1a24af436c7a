"""Adding aircraft to the fleet."""

from datetime import date
from typing import Generic, TypeVar

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import (
    Aircraft,
    Particulars,
    violations_of_particulars,
    violations_of_registration,
)
from amss_domain.fleet.entering import new_aircraft
from amss_domain.fleet.ports import FleetFollowUp, FleetWork
from amss_domain.fleet.recording import NewUsage
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.units import Readings

W = TypeVar("W", bound=FleetWork)


@frozen
class AddAircraft(Generic[W]):
    """Add an aircraft to the fleet, with the totals it arrives with."""

    open_uow: OpenUnitOfWork[W]
    clock: Clock
    ids: IdFactory
    follow_up: FleetFollowUp[W]

    async def __call__(
        self,
        by: Actor,
        *,
        registration: str,
        particulars: Particulars | None = None,
        totals: Readings | None = None,
        as_of: date | None = None,
    ) -> Aircraft:
        """Return the new aircraft; `totals` count from the start of the day `as_of`, today when None.

        Raises `InvalidInput`, `NotPermitted`, `Refused` for wrong totals, `AlreadyExists` for a taken registration.
        """
        authorize(by, "aircraft:write")
        particulars = particulars or Particulars()
        reject_if((*violations_of_registration(registration.strip()), *violations_of_particulars(particulars)))
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            today = day_of(now, (await uow.organizations.current()).policy.time_zone)
            opening = NewUsage(
                id=UsageEntryId(self.ids.new()),
                occurred_on=as_of or today,
                recorded_at=now,
                amounts=totals or {},
                source="opening",
            )
            aircraft, entry = new_aircraft(
                AircraftId(self.ids.new()),
                by.org_id,
                registration=registration.strip(),
                particulars=particulars,
                opening=opening,
                today=today,
            )
            uow.fleet.add(aircraft)
            uow.usage.append(aircraft.id, entry)
            uow.record(aircraft.created())
            await self.follow_up.joined(uow, aircraft, at=now)
            await uow.commit(aircraft)
        return aircraft
