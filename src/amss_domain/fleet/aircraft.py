"""An aircraft, its particulars and the head of its usage ledger."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Self, TypeVar

from attrs import evolve, field, frozen

from amss_domain.fleet.events import AircraftArchived, AircraftCreated, AircraftUpdated, UsageRecorded
from amss_domain.fleet.ledger import LedgerEntry, LedgerHead
from amss_domain.shared.events import Change, changes_between
from amss_domain.shared.ids import AircraftId, OrgId
from amss_domain.shared.plain import plain
from amss_domain.shared.units import CYCLES, HOURS, LARGEST, Meter, Readings, counts_hours, is_meter_name
from amss_domain.shared.unset import UNSET, Unset
from amss_domain.shared.violation import Violation

V = TypeVar("V", str, date)

_REGISTRATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .-]{0,49}")
_ZERO = Decimal(0)
_HOURS_A_DAY = Decimal(24)


@frozen(kw_only=True)
class Particulars:
    """What is known of an aircraft besides its registration and usage.

    `utilisation` plans its use: per meter twelve amounts a day, January first; empty when nothing is planned.
    """

    serial_number: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    in_service_date: date | None = None
    utilisation: Mapping[Meter, tuple[Decimal, ...]] = field(factory=dict)


@frozen(kw_only=True)
class AircraftChanges:
    """What is to be different about an aircraft; `UNSET` leaves a field as it is, None empties it."""

    registration: str | Unset = UNSET
    serial_number: str | Unset | None = UNSET
    model: str | Unset | None = UNSET
    manufacturer: str | Unset | None = UNSET
    in_service_date: date | Unset | None = UNSET

    def of_registration(self, registration: str) -> str:
        """Return what becomes of a registration."""
        return registration if isinstance(self.registration, Unset) else self.registration.strip()

    def of_particulars(self, particulars: Particulars) -> Particulars:
        """Return what becomes of particulars."""
        return evolve(
            particulars,
            serial_number=_changed(particulars.serial_number, self.serial_number),
            model=_changed(particulars.model, self.model),
            manufacturer=_changed(particulars.manufacturer, self.manufacturer),
            in_service_date=_changed(particulars.in_service_date, self.in_service_date),
        )


def _changed(before: V | None, change: V | Unset | None) -> V | None:
    return before if isinstance(change, Unset) else change


@frozen(kw_only=True)
class Aircraft:
    """One aircraft; `registration` is unique in the fleet whatever its case.

    `head` sums up its usage ledger, whose entries live beside it.
    """

    id: AircraftId
    org_id: OrgId
    registration: str
    particulars: Particulars = Particulars()
    head: LedgerHead
    archived_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def totals(self) -> Readings:
        """What each meter has counted since new."""
        return self.head.totals

    @property
    def current_hours(self) -> Decimal:
        """Flight hours since new."""
        return self.head.totals.get(HOURS, _ZERO)

    @property
    def current_cycles(self) -> int:
        """Cycles since new."""
        return int(self.head.totals.get(CYCLES, _ZERO))

    def created(self) -> AircraftCreated:
        """Announce that it joined the fleet."""
        return AircraftCreated(
            aggregate_id=self.id,
            version=self.version,
            occurred_at=self.created_at,
            changes=changes_between(None, self),
            registration=self.registration,
            totals=self.totals,
        )

    def described(
        self, particulars: Particulars, *, registration: str | None = None, at: datetime
    ) -> tuple[Self, AircraftUpdated]:
        """Return the aircraft with other particulars, and registered anew if a registration is given."""
        changed = evolve(
            self,
            registration=self.registration if registration is None else registration,
            particulars=particulars,
            updated_at=at,
            version=self.version + 1,
        )
        changes = changes_between(self.particulars, particulars)
        if changed.registration != self.registration:
            changes = (Change("registration", self.registration, changed.registration), *changes)
        return changed, AircraftUpdated(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes,
            registration=changed.registration,
        )

    def used(
        self, entry: LedgerEntry, *, warnings: tuple[Violation, ...] = (), at: datetime
    ) -> tuple[Self, UsageRecorded]:
        """Return the aircraft after the ledger `entry`."""
        changed = evolve(self, head=self.head.after(entry), updated_at=at, version=self.version + 1)
        return changed, UsageRecorded(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=(Change("totals", plain(self.totals), plain(changed.totals)),),
            reason=entry.reason,
            registration=self.registration,
            entry_id=entry.id,
            kind=entry.kind.value,
            occurred_on=entry.occurred_on,
            deltas=entry.deltas,
            totals=changed.totals,
            warnings=tuple(warning.code for warning in warnings),
        )

    def archived(self, *, at: datetime) -> tuple[Self, AircraftArchived]:
        """Return the aircraft out of the fleet; its history stays and its registration is free again."""
        changed = evolve(self, archived_at=at, updated_at=at, version=self.version + 1)
        return changed, AircraftArchived(
            aggregate_id=self.id,
            version=changed.version,
            occurred_at=at,
            changes=changes_between(self, changed),
            registration=self.registration,
        )


def violations_of_registration(registration: str) -> tuple[Violation, ...]:
    """Return what is wrong with a registration."""
    if _REGISTRATION.fullmatch(registration):
        return ()
    message = f"{registration!r} is no registration: 1 to 50 letters, digits, hyphens, dots and spaces"
    return (Violation("invalid_registration", message, "registration"),)


def violations_of_particulars(particulars: Particulars) -> tuple[Violation, ...]:
    """Return what is wrong with an aircraft's particulars."""
    found = []
    for name in ("serial_number", "model", "manufacturer"):
        text = getattr(particulars, name)
        if text is not None and not 1 <= len(text) <= 100:
            found.append(Violation("invalid_length", f"{name} has 1 to 100 characters", name))
    return (*found, *violations_of_utilisation(particulars.utilisation))


def violations_of_changes(changes: AircraftChanges) -> tuple[Violation, ...]:
    """Return what is wrong with what is to become of an aircraft."""
    given = changes.registration
    registration = () if isinstance(given, Unset) else violations_of_registration(given.strip())
    return (*registration, *violations_of_particulars(changes.of_particulars(Particulars())))


def violations_of_utilisation(per_day: Mapping[Meter, tuple[Decimal, ...]]) -> tuple[Violation, ...]:
    """Return what is wrong with an aircraft's planned use."""
    found = []
    for meter, amounts in per_day.items():
        subject = f"utilisation/{meter}"
        if not is_meter_name(meter):
            message = f"{meter!r} is no meter's name: lower case letters, digits and underscores"
            found.append(Violation("invalid_utilisation", message, subject))
        most = _HOURS_A_DAY if counts_hours(meter) else LARGEST
        if len(amounts) != 12 or not all(amount.is_finite() and 0 <= amount <= most for amount in amounts):
            message = f"planned use of {meter} is twelve amounts of 0 to {most} a day, January first"
            found.append(Violation("invalid_utilisation", message, subject))
    return tuple(found)
