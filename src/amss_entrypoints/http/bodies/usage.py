"""Usage as clients send and get it: what aircraft flew, what meters read, and the entries of the ledger."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.fleet.use_cases.enter_usage import Entered
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.aircraft import MeterName, Meters
from amss_entrypoints.http.bodies.common import warnings_of
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.problems import ViolationBody
from amss_entrypoints.http.schema import Amount, Cycles, Day, Instant, Reason


@frozen(kw_only=True)
class NewUsage:
    """What an aircraft flew (`hours`, `cycles`, `meters`), or what its meters read (`total_...`): one of the two.

    `external_id` names the flight, which then counts once however often it is sent. `confirmed` enters a flight that a
    later reading seems to cover.
    """

    occurred_on: Day | None = None
    hours: Amount | None = None
    cycles: Cycles | None = None
    meters: Meters | None = None
    total_hours: Amount | None = None
    total_cycles: Cycles | None = None
    total_meters: Meters | None = None
    external_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    reason: Reason | None = None
    confirmed: bool = False


@frozen(kw_only=True)
class UsageCorrection:
    """What an entry should have been: what it should have added, or what the meters read after it; one of the two."""

    reason: Reason
    hours: Amount | None = None
    cycles: Cycles | None = None
    meters: Meters | None = None
    total_hours: Amount | None = None
    total_cycles: Cycles | None = None
    total_meters: Meters | None = None


@frozen(kw_only=True)
class MeterReplacement:
    """A meter that was replaced: what the old one read when it was taken out, and the new one when it was put in."""

    face_at_removal: Amount
    face_at_start: Amount = Decimal(0)
    occurred_on: Day | None = None
    reason: Reason | None = None


@frozen(kw_only=True)
class UsageEntry:
    """An entry of an aircraft's ledger: `deltas` is what it adds to the total of each meter."""

    id: UUID
    position: int
    kind: str
    occurred_on: date
    recorded_at: Instant
    deltas: dict[MeterName, Decimal]
    faces: dict[MeterName, Decimal]
    corrects: UUID | None
    reason: str | None
    source: str
    external_id: str | None


@frozen(kw_only=True)
class EnteredUsage:
    """An entry, with the aircraft's totals after it and what seems implausible about it."""

    entry: UsageEntry
    aircraft_id: UUID
    current_hours: Decimal
    current_cycles: int
    totals: dict[MeterName, Decimal]
    warnings: tuple[ViolationBody, ...]


def entry_of(kept: LedgerEntry) -> UsageEntry:
    """Return the entry as clients get it."""
    return UsageEntry(
        id=kept.id,
        position=kept.position,
        kind=kept.kind.value,
        occurred_on=kept.occurred_on,
        recorded_at=kept.recorded_at,
        deltas=dict(kept.deltas),
        faces=dict(kept.faces),
        corrects=kept.corrects,
        reason=kept.reason,
        source=kept.source,
        external_id=kept.external_id,
    )


def entered(result: Entered) -> Answer:
    """Return the answer that shows what was entered."""
    aircraft, entry, warnings = result
    body = EnteredUsage(
        entry=entry_of(entry),
        aircraft_id=aircraft.id,
        current_hours=aircraft.current_hours,
        current_cycles=aircraft.current_cycles,
        totals=dict(aircraft.totals),
        warnings=warnings_of(warnings),
    )
    return Answer(body=body, location=f"/api/v1/aircraft/{aircraft.id}/usage/{entry.id}")


def entry(kept: LedgerEntry) -> Answer:
    """Return the answer that shows an entry."""
    return Answer(body=entry_of(kept))


def entries(page: Page[LedgerEntry]) -> Answer:
    """Return the answer that lists entries."""
    return Answer(body=tuple(map(entry_of, page.items)), next_after=page.next_after)
