"""Aircraft as clients send and get them."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.fleet.aircraft import Aircraft as Kept
from amss_domain.fleet.use_cases.change_aircraft import ChangedAircraft
from amss_domain.shared.page import Page
from amss_domain.shared.units import CYCLES, HOURS
from amss_domain.shared.violation import Violation
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType, warnings_of
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.problems import ViolationBody
from amss_entrypoints.http.schema import Amount, Cycles, Day, Instant

Registration = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .-]{0,49}$")]
Label = Annotated[str, Meta(min_length=1, max_length=100)]
MeterName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Meters = Annotated[
    dict[MeterName, Amount],
    Meta(max_length=50, description="Meters besides hours and cycles, such as `landings` or `apu_hours`."),
]


@frozen(kw_only=True)
class NewAircraft:
    """An aircraft to add, with what its meters have counted by the start of the day `as_of`, today if not given."""

    registration: Registration
    serial_number: Label | None = None
    model: Label | None = None
    manufacturer: Label | None = None
    in_service_date: Day | None = None
    current_hours: Amount | None = None
    current_cycles: Cycles | None = None
    meters: Meters | None = None
    as_of: Day | None = None


@frozen(kw_only=True)
class AircraftChange:
    """What is to change of an aircraft: what is not sent stays, null takes away.

    `current_hours`, `current_cycles` and `meters` are the totals at the end of the day `occurred_on`, today if not
    given.
    """

    registration: Registration | UnsetType = NOT_SENT
    serial_number: Label | UnsetType | None = NOT_SENT
    model: Label | UnsetType | None = NOT_SENT
    manufacturer: Label | UnsetType | None = NOT_SENT
    in_service_date: Day | UnsetType | None = NOT_SENT
    current_hours: Amount | UnsetType = NOT_SENT
    current_cycles: Cycles | UnsetType = NOT_SENT
    meters: Meters | UnsetType = NOT_SENT
    occurred_on: Day | UnsetType = NOT_SENT


@frozen(kw_only=True)
class Aircraft:
    """An aircraft, with what its meters have counted since new; `warnings` are about what was stated just now."""

    id: UUID
    registration: str
    serial_number: str | None
    model: str | None
    manufacturer: str | None
    in_service_date: date | None
    current_hours: Decimal
    current_cycles: int
    meters: dict[str, Decimal]
    archived_at: Instant | None
    created_at: Instant
    updated_at: Instant
    version: int
    warnings: tuple[ViolationBody, ...] = ()


PerDay = Annotated[tuple[Amount, ...], Meta(min_length=12, max_length=12)]


@frozen(kw_only=True)
class Utilisation:
    """Planned use: for each meter the amount a day in each month, January first. Nothing planned is no meter."""

    per_day: Annotated[dict[MeterName, PerDay], Meta(max_length=50)]


def aircraft_of(kept: Kept, warnings: tuple[Violation, ...] = ()) -> Aircraft:
    """Return the aircraft as clients get it."""
    about = kept.particulars
    return Aircraft(
        id=kept.id,
        registration=kept.registration,
        serial_number=about.serial_number,
        model=about.model,
        manufacturer=about.manufacturer,
        in_service_date=about.in_service_date,
        current_hours=kept.current_hours,
        current_cycles=kept.current_cycles,
        meters={meter: total for meter, total in kept.totals.items() if meter not in (HOURS, CYCLES)},
        archived_at=kept.archived_at,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        version=kept.version,
        warnings=warnings_of(warnings),
    )


def one(kept: Kept) -> Answer:
    """Return the answer that shows an aircraft."""
    return Answer(body=aircraft_of(kept), version=kept.version)


def added(kept: Kept) -> Answer:
    """Return the answer that shows a new aircraft."""
    return Answer(body=aircraft_of(kept), version=kept.version, location=f"/api/v1/aircraft/{kept.id}")


def changed(result: ChangedAircraft) -> Answer:
    """Return the answer that shows a changed aircraft."""
    kept, warnings = result
    return Answer(body=aircraft_of(kept, warnings), version=kept.version)


def many(page: Page[Kept]) -> Answer:
    """Return the answer that lists aircraft."""
    return Answer(body=tuple(map(aircraft_of, page.items)), next_after=page.next_after)


def planned(kept: Kept) -> Answer:
    """Return the answer that shows the planned use of an aircraft."""
    plan = {meter: tuple(amounts) for meter, amounts in kept.particulars.utilisation.items()}
    return Answer(body=Utilisation(per_day=plan), version=kept.version)
