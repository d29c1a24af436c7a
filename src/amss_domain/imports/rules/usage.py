"""What a row of usage says, and by which name it counts once."""

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from attrs import evolve, frozen

from amss_domain.imports.rules.cells import CellReader
from amss_domain.shared.units import CYCLES, HOURS, Meter, Readings
from amss_domain.shared.violation import Violation

_DELTAS: Mapping[str, Meter] = {"hours": HOURS, "cycles": CYCLES}
_TOTALS: Mapping[str, Meter] = {"total_hours": HOURS, "total_cycles": CYCLES}


@frozen(kw_only=True)
class UsageRow:
    """One flight or reading as a table states it.

    `amounts` are deltas, or with `absolute` what the meters' faces read. `external_id` None was not given.
    """

    registration: str
    occurred_on: date
    amounts: Readings
    absolute: bool
    external_id: str | None = None

    def column_of(self, subject: str | None) -> str | None:
        """Return the column that a reason with this subject is about."""
        columns = _TOTALS if self.absolute else _DELTAS
        return next((column for column, meter in columns.items() if meter == subject), subject)


class Naming:
    """Names the rows of one table that have no external id, by their day, their values and their place among equals.

    Twice the same table gives the same names, in whatever order its rows stand; an aircraft's ledger takes each once.
    It remembers a digest of 12 bytes for each different row that it named.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def named(self, row: UsageRow) -> UsageRow:
        """Return the row with an external id."""
        if row.external_id is not None:
            return row
        stated = " ".join(f"{meter}={_plain(row.amounts[meter])}" for meter in sorted(row.amounts))
        name = f"{'total' if row.absolute else 'used'} {row.occurred_on} {stated}"
        # Two different rows of one digest would only number each other on, and that as rarely as never.
        key = hashlib.blake2b(f"{row.registration.lower()}\0{name}".encode(), digest_size=12).digest()
        ordinal = self._seen.get(key, 0) + 1
        self._seen[key] = ordinal
        return evolve(row, external_id=f"row: {name} #{ordinal}")


def parse_usage(cells: Mapping[str, str]) -> UsageRow | tuple[Violation, ...]:
    """Return what the row says, or every reason against it by column."""
    reader = CellReader(cells)
    registration = reader.required("registration")
    reader.required("occurred_on")
    occurred_on = reader.day("occurred_on") if not reader.wrong("occurred_on") else None
    deltas = _amounts(reader, _DELTAS)
    totals = _amounts(reader, _TOTALS)
    external_id = reader.text("external_id")
    if deltas and totals:
        message = "give what was flown (hours, cycles) or what the meters read (total_hours, total_cycles), not both"
        reader.against(f"total_{next(iter(totals))}", "stated_twice", message)
    elif not deltas and not totals and not reader.wrong(*_DELTAS, *_TOTALS):
        reader.against("hours", "value_missing", "give hours, cycles, total_hours or total_cycles")
    if reader.violations or occurred_on is None:
        return reader.violations
    return UsageRow(
        registration=registration,
        occurred_on=occurred_on,
        amounts=deltas or totals,
        absolute=bool(totals),
        external_id=external_id,
    )


def _amounts(reader: CellReader, columns: Mapping[str, Meter]) -> dict[Meter, Decimal]:
    read = {meter: reader.amount(column, meter) for column, meter in columns.items()}
    return {meter: amount for meter, amount in read.items() if amount is not None}


def _plain(amount: Decimal) -> str:
    return f"{amount:.2f}"
