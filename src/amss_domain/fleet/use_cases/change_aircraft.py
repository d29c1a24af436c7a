"""Changing what is known of an aircraft, and what its meters have counted, in one command."""

from datetime import date, datetime
from typing import Generic, TypeVar

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft, AircraftChanges, violations_of_changes
from amss_domain.fleet.entering import append, refuses, totals_on
from amss_domain.fleet.ports import FleetFollowUp, FleetWork
from amss_domain.fleet.recording import NewUsage, enter_totals
from amss_domain.fleet.rules import blockers_to_change
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import refuse_if, reject_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.units import Readings
from amss_domain.shared.violation import Violation

W = TypeVar("W", bound=FleetWork)

ChangedAircraft = tuple[Aircraft, tuple[Violation, ...]]
"""An aircraft as it is after a change, and the warnings about what its meters are said to have counted."""


@frozen(kw_only=True)
class _Asked:
    changes: AircraftChanges
    totals: Readings
    occurred_on: date | None
    expected_version: int | None


@frozen
class ChangeAircraft(Generic[W]):
    """Change an aircraft's particulars and registration, and bring its totals up to what is stated, all at once."""

    open_uow: OpenUnitOfWork[W]
    clock: Clock
    ids: IdFactory
    follow_up: FleetFollowUp[W]

    async def __call__(
        self,
        by: Actor,
        aircraft_id: AircraftId,
        changes: AircraftChanges | None = None,
        *,
        totals: Readings | None = None,
        occurred_on: date | None = None,
        expected_version: int | None = None,
    ) -> ChangedAircraft:
        """Return the aircraft, the same when nothing differs, and the warnings about its totals.

        `totals` are those at the end of the day `occurred_on`, today when None; where the ledger differs they become a
        reading. Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `InvalidInput`, `AlreadyExists` for a
        taken registration, and `Refused` for an archived aircraft and with every reason against the totals.
        """
        authorize(by, "aircraft:write")
        if totals:
            authorize(by, "usage:write")
        asked = _Asked(
            changes=changes or AircraftChanges(),
            totals=totals or {},
            occurred_on=occurred_on,
            expected_version=expected_version,
        )
        reject_if(violations_of_changes(asked.changes))
        return await on_fresh_data(lambda: self._change(by, aircraft_id, asked))

    async def _change(self, by: Actor, aircraft_id: AircraftId, asked: _Asked) -> ChangedAircraft:
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            was = await uow.fleet.get_for_update(aircraft_id)
            require_version("aircraft", aircraft_id, expected=asked.expected_version, found=was.version)
            refuse_if(blockers_to_change(was))
            described = _describe(uow, was, asked.changes, at=now)
            changed, warnings = await self._count(uow, described, asked, at=now)
            if changed.particulars.model != was.particulars.model:
                await self.follow_up.joined(uow, changed, at=now)
            if changed is not described:
                await self.follow_up.used(uow, changed, rewritten=False, at=now)
            result = (changed, warnings)
            await uow.commit(result)
        return result

    async def _count(self, uow: W, aircraft: Aircraft, asked: _Asked, *, at: datetime) -> ChangedAircraft:
        if not asked.totals:
            return aircraft, ()
        policy = (await uow.organizations.current()).policy
        today = day_of(at, policy.time_zone)
        usage = NewUsage(
            id=UsageEntryId(self.ids.new()),
            occurred_on=asked.occurred_on or today,
            recorded_at=at,
            amounts=asked.totals,
        )
        decision = enter_totals(
            aircraft.head,
            usage,
            today=today,
            totals_on=await totals_on(uow, aircraft, usage.occurred_on),
            refuse_implausible=refuses(policy),
        )
        if decision is None:
            return aircraft, ()
        entry, warnings = decision
        return append(uow, aircraft, entry, warnings, at=at), warnings


def _describe(uow: FleetWork, aircraft: Aircraft, changes: AircraftChanges, *, at: datetime) -> Aircraft:
    """Save what is known of the held aircraft now, and announce it; return the aircraft as it is then."""
    registration = changes.of_registration(aircraft.registration)
    particulars = changes.of_particulars(aircraft.particulars)
    if (registration, particulars) == (aircraft.registration, aircraft.particulars):
        return aircraft
    changed, event = aircraft.described(particulars, registration=registration, at=at)
    uow.fleet.save(changed, was=aircraft)
    uow.record(event)
    return changed
