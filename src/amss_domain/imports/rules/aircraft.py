"""What a row of aircraft says."""

from collections.abc import Mapping
from datetime import date

from attrs import evolve, frozen

from amss_domain.fleet.aircraft import Particulars, violations_of_registration
from amss_domain.imports.rules.cells import CellReader
from amss_domain.shared.units import CYCLES, HOURS, Readings
from amss_domain.shared.violation import Violation

_PARTICULAR = 100


@frozen(kw_only=True)
class AircraftRow:
    """One aircraft as a table states it; None and meters left out were not given.

    `totals` are what the meters read on the day `as_of`; None is today.
    """

    registration: str
    serial_number: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    in_service_date: date | None = None
    totals: Readings
    as_of: date | None = None

    def particulars(self, stored: Particulars) -> Particulars:
        """Return the stored particulars with what the row gives."""
        return evolve(
            stored,
            serial_number=self.serial_number or stored.serial_number,
            model=self.model or stored.model,
            manufacturer=self.manufacturer or stored.manufacturer,
            in_service_date=self.in_service_date or stored.in_service_date,
        )

    def external_id(self, day: date | None) -> str:
        """Return the name of the totals in the ledger, by which one row never counts twice; None: no day was given."""
        stated = " ".join(f"{meter}={self.totals[meter]}" for meter in sorted(self.totals))
        return f"aircraft row of {day or 'no day'}: {stated}"


def parse_aircraft(cells: Mapping[str, str]) -> AircraftRow | tuple[Violation, ...]:
    """Return what the row says, or every reason against it by column."""
    reader = CellReader(cells)
    registration = reader.required("registration")
    hours, cycles = reader.amount("current_hours", HOURS), reader.amount("current_cycles", CYCLES)
    totals = {HOURS: hours, CYCLES: cycles}
    row = AircraftRow(
        registration=registration,
        serial_number=reader.text("serial_number", longest=_PARTICULAR),
        model=reader.text("model", longest=_PARTICULAR),
        manufacturer=reader.text("manufacturer", longest=_PARTICULAR),
        in_service_date=reader.day("in_service_date"),
        totals={meter: total for meter, total in totals.items() if total is not None},
        as_of=reader.day("as_of"),
    )
    against = reader.violations
    if registration:
        against = (*violations_of_registration(registration), *against)
    return against or row
