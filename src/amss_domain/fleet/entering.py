"""Entering usage into the ledgers of held aircraft: the decision on an entry, and what is saved with it."""

from datetime import date, datetime
from decimal import Decimal

from attrs import evolve

from amss_domain.access.model import ImplausibleReadings, Policy
from amss_domain.fleet.aircraft import Aircraft, Particulars
from amss_domain.fleet.ledger import LedgerEntry, LedgerHead
from amss_domain.fleet.ports import FleetWork
from amss_domain.fleet.recording import Decision, NewUsage, enter_deltas, enter_opening, enter_reading
from amss_domain.shared.ids import AircraftId, OrgId
from amss_domain.shared.units import CYCLES, HOURS, Readings
from amss_domain.shared.violation import Violation


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
    return enter_reading(
        aircraft.head,
        usage,
        today=today,
        known=known,
        totals_on=await totals_on(uow, aircraft, usage.occurred_on),
        refuse_implausible=refuses(policy),
    )


async def totals_on(uow: FleetWork, aircraft: Aircraft, day: date) -> Readings:
    """Return the aircraft's totals at the end of the day."""
    latest = aircraft.head.latest_on
    if latest is None or day >= latest:
        return aircraft.totals
    return await uow.usage.totals_on(aircraft.id, day)


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
