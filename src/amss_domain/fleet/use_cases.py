"""Adding aircraft, and recording, correcting and reading what they flew."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

from attrs import evolve, frozen

from amss_domain.access.model import ImplausibleReadings, Policy
from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import (
    Aircraft,
    Particulars,
    violations_of_particulars,
    violations_of_registration,
)
from amss_domain.fleet.ledger import Ledger, LedgerEntry, LedgerHead
from amss_domain.fleet.ports import FleetFollowUp, FleetWork
from amss_domain.fleet.recording import (
    Decision,
    NewCorrection,
    NewMeter,
    NewUsage,
    correct,
    enter_deltas,
    enter_opening,
    enter_reading,
    replace_meter,
)
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import NotFound, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, OrgId, UsageEntryId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.units import CYCLES, HOURS, Meter, Readings
from amss_domain.shared.violation import Violation

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
            await uow.commit()
        return aircraft


Entered = tuple[Aircraft, LedgerEntry, tuple[Violation, ...]]
"""An aircraft as it is after an entry of its ledger, the entry, and its warnings."""


@frozen
class _LedgerUseCase(Generic[W]):
    """What entering something into an aircraft's ledger has in common, whatever it is."""

    open_uow: OpenUnitOfWork[W]
    clock: Clock
    ids: IdFactory
    follow_up: FleetFollowUp[W]

    async def _enter(
        self,
        by: Actor,
        aircraft_id: AircraftId,
        decided: Callable[[W, Aircraft, datetime], Awaitable[Decision]],
        *,
        rewritten: bool = False,
    ) -> Entered:
        """Enter what is decided on the held aircraft, with all that follows; an entry that is there already is left."""

        async def attempt() -> Entered:
            now = self.clock.now()
            async with self.open_uow(by.org_id, by) as uow:
                aircraft = await uow.fleet.get_for_update(aircraft_id)
                entry, warnings = await decided(uow, aircraft, now)
                if entry.position <= aircraft.head.last_position:
                    return aircraft, entry, ()
                changed = append(uow, aircraft, entry, warnings, at=now)
                await self.follow_up.used(uow, changed, rewritten=rewritten, at=now)
                await uow.commit()
            return changed, entry, warnings

        return await on_fresh_data(attempt)

    def _new_id(self) -> UsageEntryId:
        return UsageEntryId(self.ids.new())


@frozen
class RecordUsage(_LedgerUseCase[W]):
    """Enter what an aircraft flew, or what its meters read, and announce what that makes due."""

    async def __call__(
        self,
        by: Actor,
        aircraft_id: AircraftId,
        amounts: Readings,
        *,
        absolute: bool = False,
        occurred_on: date | None = None,
        external_id: str | None = None,
        reason: str | None = None,
        confirmed: bool = False,
        source: str = "manual",
    ) -> Entered:
        """Return the aircraft, the entry and its warnings; the entry there is when it was counted already.

        `amounts` are deltas, or with `absolute` what the meters' faces read. `occurred_on` None is today. Raises
        `NotFound`, `NotPermitted`, `Refused` with every reason against.
        """
        authorize(by, "usage:write")

        async def decided(uow: W, aircraft: Aircraft, now: datetime) -> Decision:
            policy = (await uow.organizations.current()).policy
            today = day_of(now, policy.time_zone)
            usage = NewUsage(
                id=self._new_id(),
                occurred_on=occurred_on or today,
                recorded_at=now,
                amounts=amounts,
                source=source,
                external_id=external_id,
                reason=reason,
                confirmed=confirmed,
            )
            return await decide(uow, aircraft, usage, absolute=absolute, policy=policy, today=today)

        return await self._enter(by, aircraft_id, decided)


@frozen
class CorrectUsage(_LedgerUseCase[W]):
    """Correct an entry of an aircraft's ledger: totals, due points and later completions move with it."""

    async def __call__(
        self,
        by: Actor,
        aircraft_id: AircraftId,
        entry_id: UsageEntryId,
        *,
        reason: str,
        totals: Readings | None = None,
        deltas: Readings | None = None,
    ) -> Entered:
        """Return the aircraft, the correcting entry and its warnings.

        `totals` are what the faces read after the entry, `deltas` what it should have added. Raises `NotFound`,
        `NotPermitted`, `Refused` with every reason against.
        """
        authorize(by, "usage:correct")

        async def decided(uow: W, aircraft: Aircraft, now: datetime) -> Decision:
            correction = NewCorrection(
                id=self._new_id(),
                corrects=entry_id,
                recorded_at=now,
                reason=reason,
                totals=totals or {},
                deltas=deltas or {},
            )
            return correct(await uow.usage.ledger(aircraft.id), correction)

        return await self._enter(by, aircraft_id, decided, rewritten=True)


@frozen
class ReplaceMeter(_LedgerUseCase[W]):
    """Record that a meter was replaced: the total runs on while the new face counts from its own start."""

    async def __call__(
        self,
        by: Actor,
        aircraft_id: AircraftId,
        meter: Meter,
        *,
        face_at_removal: Decimal,
        face_at_start: Decimal,
        occurred_on: date | None = None,
        reason: str | None = None,
    ) -> Entered:
        """Return the aircraft, the entry and its warnings; `occurred_on` None is today.

        Raises `NotFound`, `NotPermitted`, `Refused` with every reason against.
        """
        authorize(by, "usage:correct")

        async def decided(uow: W, aircraft: Aircraft, now: datetime) -> Decision:
            policy = (await uow.organizations.current()).policy
            today = day_of(now, policy.time_zone)
            new = NewMeter(
                id=self._new_id(),
                occurred_on=occurred_on or today,
                recorded_at=now,
                meter=meter,
                face_at_removal=face_at_removal,
                face_at_start=face_at_start,
                reason=reason,
            )
            ledger = await uow.usage.ledger(aircraft.id)
            return replace_meter(ledger, new, today=today, refuse_implausible=refuses(policy))

        return await self._enter(by, aircraft_id, decided)


@frozen
class ListAircraft:
    """List the fleet."""

    open_uow: OpenUnitOfWork[FleetWork]

    async def __call__(self, by: Actor, request: PageRequest, *, model: str | None = None) -> Page[Aircraft]:
        """Return a page of unarchived aircraft. Raises `NotPermitted`."""
        authorize(by, "aircraft:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.fleet.page(request, model=model)


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


def new_aircraft(
    aircraft_id: AircraftId,
    org_id: OrgId,
    *,
    registration: str,
    particulars: Particulars,
    opening: NewUsage,
    today: date,
) -> tuple[Aircraft, LedgerEntry]:
    """Return an aircraft and the entry that opens its ledger; hours and cycles not given open at zero.

    Raises `Refused` with every reason against the totals.
    """
    amounts = {HOURS: Decimal(0), CYCLES: Decimal(0), **opening.amounts}
    entry, _ = enter_opening(LedgerHead(), evolve(opening, amounts=amounts), today=today)
    aircraft = Aircraft(
        id=aircraft_id,
        org_id=org_id,
        registration=registration,
        particulars=particulars,
        head=LedgerHead().after(entry),
        created_at=opening.recorded_at,
        updated_at=opening.recorded_at,
    )
    return aircraft, entry


async def decide(
    uow: FleetWork, aircraft: Aircraft, usage: NewUsage, *, absolute: bool, policy: Policy, today: date
) -> Decision:
    """Return the entry that the usage becomes and its warnings; the known entry if it was counted already.

    Raises `Refused` with every reason against.
    """
    known: LedgerEntry | None = None
    if usage.external_id is not None:
        key = (aircraft.id, usage.external_id)
        known = (await uow.usage.known([key])).get(key)
    if not absolute:
        return enter_deltas(aircraft.head, usage, today=today, known=known, refuse_implausible=refuses(policy))
    latest = aircraft.head.latest_on
    backdated = latest is not None and usage.occurred_on < latest
    return enter_reading(
        aircraft.head,
        usage,
        today=today,
        known=known,
        totals_on=await uow.usage.totals_on(aircraft.id, usage.occurred_on) if backdated else None,
        refuse_implausible=refuses(policy),
    )


def append(
    uow: FleetWork, aircraft: Aircraft, entry: LedgerEntry, warnings: tuple[Violation, ...], *, at: datetime
) -> Aircraft:
    """Append the entry to the held aircraft's ledger and announce it; return the aircraft as it is then."""
    changed, event = aircraft.used(entry, warnings=warnings, at=at)
    uow.usage.append(aircraft.id, entry)
    uow.fleet.save(changed, was=aircraft)
    uow.record(event)
    return changed


def refuses(policy: Policy) -> bool:
    """Tell whether the organization refuses what seems implausible."""
    return policy.implausible_readings is ImplausibleReadings.REFUSE
