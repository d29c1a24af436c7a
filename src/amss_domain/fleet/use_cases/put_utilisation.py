"""Planning how much an aircraft is to be used."""

from collections.abc import Mapping
from decimal import Decimal

from attrs import evolve, frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft, violations_of_utilisation
from amss_domain.fleet.ports import FleetWork
from amss_domain.fleet.rules import blockers_to_change
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if, require_version
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.units import Meter

PerDay = Mapping[Meter, tuple[Decimal, ...]]
"""Planned use: for each meter twelve amounts a day, January first."""


@frozen
class PutUtilisation:
    """Plan an aircraft's use, in place of what was planned; due points do not depend on it, projected dates do."""

    open_uow: OpenUnitOfWork[FleetWork]
    clock: Clock

    async def __call__(
        self, by: Actor, aircraft_id: AircraftId, per_day: PerDay, *, expected_version: int | None = None
    ) -> Aircraft:
        """Return the aircraft, the same when nothing differs; an empty plan is none.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `InvalidInput`, `Refused` for an archived aircraft.
        """
        authorize(by, "aircraft:write")
        reject_if(violations_of_utilisation(per_day))
        return await on_fresh_data(lambda: self._put(by, aircraft_id, per_day, expected_version))

    async def _put(self, by: Actor, aircraft_id: AircraftId, per_day: PerDay, expected_version: int | None) -> Aircraft:
        async with self.open_uow(by.org_id, by) as uow:
            aircraft = await uow.fleet.get_for_update(aircraft_id)
            require_version("aircraft", aircraft_id, expected=expected_version, found=aircraft.version)
            refuse_if(blockers_to_change(aircraft))
            if dict(per_day) != aircraft.particulars.utilisation:
                particulars = evolve(aircraft.particulars, utilisation=dict(per_day))
                changed, event = aircraft.described(particulars, at=self.clock.now())
                uow.fleet.save(changed, was=aircraft)
                uow.record(event)
                aircraft = changed
            await uow.commit(aircraft)
        return aircraft
