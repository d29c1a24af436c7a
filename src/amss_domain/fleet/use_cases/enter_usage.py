"""Recording what aircraft flew, correcting it, and replacing the meters that count it."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.entering import append, decide, refuses
from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.fleet.ports import FleetFollowUp, FleetWork
from amss_domain.fleet.recording import Decision, NewCorrection, NewMeter, NewUsage, correct, replace_meter
from amss_domain.fleet.rules import blockers_to_change
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import refuse_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.units import Meter, Readings
from amss_domain.shared.violation import Violation

W = TypeVar("W", bound=FleetWork)

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
                refuse_if(blockers_to_change(aircraft))
                entry, warnings = await decided(uow, aircraft, now)
                if entry.position <= aircraft.head.last_position:
                    entered: Entered = (aircraft, entry, ())
                else:
                    changed = append(uow, aircraft, entry, warnings, at=now)
                    await self.follow_up.used(uow, changed, rewritten=rewritten, at=now)
                    entered = (changed, entry, warnings)
                await uow.commit(entered)
            return entered

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
