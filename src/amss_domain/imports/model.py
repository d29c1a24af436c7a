"""Kinds of import with their columns, the rows of a table, and what became of them."""

from collections.abc import Mapping
from enum import Enum

from attrs import field, frozen

from amss_domain.shared.units import CALENDAR_MONTHS, CYCLES, DAYS, HOURS, MONTHS
from amss_domain.shared.violation import Violation

LIMIT_UNITS = (HOURS, CYCLES, DAYS, MONTHS, CALENDAR_MONTHS)
"""The units that a table of programs can state limits in."""

KEPT = 100
"""How many rows of each sort a report keeps by itself."""


class ImportKind(Enum):
    """What the rows of a table are about."""

    AIRCRAFT = "aircraft"
    PARTS = "parts"
    PROGRAMS = "programs"
    PROGRAM_LINKS = "program-links"
    USAGE = "usage"


@frozen
class Column:
    """One column: its name in the header, what its cells say, and whether every row must have one."""

    name: str
    about: str
    required: bool = False


def _limit_columns() -> tuple[Column, ...]:
    says = {
        "interval": "interval from one accomplishment to the next",
        "threshold": "how far the first accomplishment may be away, counted since new",
        "early": "how long before the due point the due point is still kept",
        "late": "how long after the due point the due point is still kept",
        "grace": "how far past the due point flying on is lawful",
    }
    return tuple(
        Column(f"{number}_{unit}", f"{about}, in {unit.replace('_', ' ')}")
        for number, about in says.items()
        for unit in LIMIT_UNITS
    )


REJECTED_ROW = "rejected_row"
REJECTED_BECAUSE = "rejected_because"
"""The columns that the file of rejected rows adds; a table that has them still is taken without them."""

COLUMNS: Mapping[ImportKind, tuple[Column, ...]] = {
    ImportKind.AIRCRAFT: (
        Column("registration", "the aircraft; the key of the row, whatever its case", required=True),
        Column("serial_number", "the maker's serial number"),
        Column("model", "the model, as programs name it"),
        Column("manufacturer", "the maker"),
        Column("current_hours", "flight hours since new: 1234.5 or 1234:30"),
        Column("current_cycles", "cycles since new"),
        Column("as_of", "the day of these totals; today when empty"),
        Column("in_service_date", "the day it entered service"),
    ),
    ImportKind.PARTS: (
        Column("part_number", "the part; with location, lot and serial number the key of the row", required=True),
        Column("description", "what it is"),
        Column("unit_price", "the price of one in the organization's currency, with two decimals"),
        Column("location", "where the stock lies"),
        Column("quantity", "how many are on hand there"),
        Column("lot", "the lot of this stock"),
        Column("serial_number", "the serial number of this item"),
        Column("expiry_date", "the last day on which this stock may be used"),
        Column("minimum_stock", "the least that should be available"),
        Column("reorder_point", "how many available mean that more are to be ordered"),
        Column("lead_time_days", "how many days an order takes"),
    ),
    ImportKind.PROGRAMS: (
        Column("name", "the program; the key of the row, whatever its case", required=True),
        Column("description", "what is to be done"),
        Column("reference", "where the requirement comes from"),
        Column("kind", "inspection, overhaul and the like"),
        Column("combine", "first: due at the first limit reached; last: when all are"),
        *_limit_columns(),
        Column("beyond", "what the next interval counts from after late work: actual or due"),
        Column("preset", "the policy preset that states early, late, grace and beyond where the row does not"),
        Column("warn_percent", "how much of the interval is left when it is due soon, in percent"),
        Column("applies_to", "all, model:A320, or registrations separated by semicolons"),
    ),
    ImportKind.PROGRAM_LINKS: (
        Column("registration", "the aircraft; with the program the key of the row", required=True),
        Column("program", "the name of the program", required=True),
        Column("last_completed_date", "the day of the last accomplishment"),
        Column("last_completed_hours", "flight hours since new at the last accomplishment"),
        Column("last_completed_cycles", "cycles since new at the last accomplishment"),
        Column("anchor_date", "the day the next interval counts from, where that is not the accomplishment"),
        Column("anchor_hours", "the flight hours the next interval counts from, likewise"),
        Column("anchor_cycles", "the cycles the next interval counts from, likewise"),
    ),
    ImportKind.USAGE: (
        Column("registration", "the aircraft", required=True),
        Column("occurred_on", "the day of the flight or of the reading", required=True),
        Column("hours", "flight hours flown: 1.5 or 1:30"),
        Column("cycles", "cycles flown"),
        Column("total_hours", "flight hours that the meter read, instead of hours"),
        Column("total_cycles", "cycles that the meter read, instead of cycles"),
        Column("external_id", "the sender's own name for the row, by which it counts once"),
    ),
}
"""The columns of each kind, in the order in which a template has them."""


def template(kind: ImportKind) -> str:
    """Return the header line of an empty table of the kind, ending with a newline."""
    return ",".join(column.name for column in COLUMNS[kind]) + "\n"


@frozen
class SourceRow:
    """One row: the text of each cell by the name of its column, in the order of the header.

    `number` is the row's in a spreadsheet: the header is row 1.
    """

    number: int
    cells: Mapping[str, str]


@frozen
class UnreadableRow:
    """One row whose cells cannot be told apart, with every reason; `cells` holds what could be read."""

    number: int
    violations: tuple[Violation, ...]
    cells: Mapping[str, str] = field(factory=dict)


class Effect(Enum):
    """What became of a row; a row of usage is created when it was recorded, unchanged when it was counted already."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@frozen
class RowResult:
    """What became of one row: the reasons if it was rejected, else what seems doubtful; subjects are columns."""

    number: int
    cells: Mapping[str, str]
    effect: Effect
    violations: tuple[Violation, ...] = ()

    @property
    def warned(self) -> bool:
        """Tell whether it was taken with a warning."""
        return self.effect is not Effect.REJECTED and bool(self.violations)


@frozen(kw_only=True)
class ImportReport:
    """What became of a table's rows, or in a dry run would have.

    `warned` counts those taken with a warning. `rejections` and `warnings` hold the first 100 of each, in the table's
    order.
    """

    kind: ImportKind
    dry_run: bool = False
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    warned: int = 0
    rejections: tuple[RowResult, ...] = ()
    warnings: tuple[RowResult, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were worked through."""
        return self.created + self.updated + self.unchanged + self.rejected
