"""What a row of each kind says, and every reason why it says nothing that can be taken."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amss_domain.imports.model import COLUMNS, ImportKind
from amss_domain.imports.rules.aircraft import AircraftRow, parse_aircraft
from amss_domain.imports.rules.parts import PartRow, parse_part
from amss_domain.imports.rules.program_links import ProgramLinkRow, parse_program_link
from amss_domain.imports.rules.programs import LimitCells, ProgramRow, parse_program
from amss_domain.imports.rules.usage import Naming, UsageRow, parse_usage
from amss_domain.inventory.stock import Place
from amss_domain.scheduling.limit import Beyond, Combine
from amss_domain.scheduling.program import Applicability, AppliesTo

PARSERS: Mapping[ImportKind, Callable[[Mapping[str, str]], object]] = {
    ImportKind.AIRCRAFT: parse_aircraft,
    ImportKind.PARTS: parse_part,
    ImportKind.PROGRAMS: parse_program,
    ImportKind.PROGRAM_LINKS: parse_program_link,
    ImportKind.USAGE: parse_usage,
}

REQUIRED: Mapping[ImportKind, Mapping[str, str]] = {
    ImportKind.AIRCRAFT: {"registration": "N1"},
    ImportKind.PARTS: {"part_number": "P1"},
    ImportKind.PROGRAMS: {"name": "A-check"},
    ImportKind.PROGRAM_LINKS: {"registration": "N1", "program": "A-check"},
    ImportKind.USAGE: {"registration": "N1", "occurred_on": "2013-01-01"},
}


def reasons(kind: ImportKind, cells: Mapping[str, str]) -> list[tuple[str | None, str]]:
    """Return the column and code of every reason against the cells."""
    said = PARSERS[kind](cells)
    return [(one.subject, one.code) for one in said] if isinstance(said, tuple) else []


AMOUNTS = [
    (ImportKind.AIRCRAFT, "current_hours"),
    (ImportKind.PROGRAMS, "interval_hours"),
    (ImportKind.PROGRAM_LINKS, "last_completed_hours"),
    (ImportKind.USAGE, "total_hours"),
]
COUNTS = [
    (ImportKind.AIRCRAFT, "current_cycles"),
    (ImportKind.PARTS, "quantity"),
    (ImportKind.PROGRAMS, "grace_calendar_months"),
    (ImportKind.PROGRAM_LINKS, "last_completed_cycles"),
    (ImportKind.USAGE, "cycles"),
]
DAYS = [
    (ImportKind.AIRCRAFT, "as_of"),
    (ImportKind.PARTS, "expiry_date"),
    (ImportKind.PROGRAM_LINKS, "last_completed_date"),
    (ImportKind.USAGE, "occurred_on"),
]
TEXTS = [(kind, column.name) for kind, columns in COLUMNS.items() for column in columns]


@pytest.mark.parametrize(("kind", "column"), AMOUNTS)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("abc", "not_a_number"),
        ("1,5", "not_a_number"),
        ("1e3", "not_a_number"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("1_000", "not_a_number"),
        ("٣", "not_a_number"),
        ("1:60", "not_a_number"),
        ("1:5", "not_a_number"),
        ("=1+1", "not_a_number"),
        ("-1", "negative"),
        ("-0:30", "negative"),
        ("1.234", "invalid_amount"),
        ("100000000", "invalid_amount"),
        ("9" * 250, "invalid_amount"),
        ("1\0", "nul_character"),
        ("1\udce9", "not_utf8"),
    ],
)
def test_hours_that_are_none(kind: ImportKind, column: str, text: str, code: str) -> None:
    """Whatever is not an exact amount of hours is refused with its column."""
    cells = {**REQUIRED[kind], column: text}

    assert reasons(kind, cells) == [(column, code)]


@pytest.mark.parametrize(("kind", "column"), COUNTS)
@pytest.mark.parametrize("text", ["abc", "1.5", "1:30", "-1", "100000000000"])
def test_counts_that_are_none(kind: ImportKind, column: str, text: str) -> None:
    """Whatever is not a whole number from 0 is refused with its column."""
    found = reasons(kind, {**REQUIRED[kind], column: text})

    assert [subject for subject, _ in found] == [column]


@pytest.mark.parametrize(("kind", "column"), DAYS)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("01/02/2013", "not_a_date"),
        ("20130102", "not_a_date"),
        ("2013-W01-1", "not_a_date"),
        ("2013-02-29", "not_a_date"),
        ("2013-13-01", "not_a_date"),
        ("0001-01-01", "out_of_range"),
        ("1899-12-31", "out_of_range"),
    ],
)
def test_days_that_are_none(kind: ImportKind, column: str, text: str, code: str) -> None:
    """Whatever is not a day written year-month-day is refused with its column."""
    found = reasons(kind, {**REQUIRED[kind], "hours": "1", column: text})

    assert found == [(column, code)]


@pytest.mark.parametrize(("kind", "column"), TEXTS)
@pytest.mark.parametrize(
    ("text", "code"), [("a\0b", "nul_character"), ("a\udce9b", "not_utf8"), ("x" * 99_999, "too_long")]
)
def test_no_cell_takes_what_nothing_can_store(kind: ImportKind, column: str, text: str, code: str) -> None:
    """NUL, bytes that are no UTF-8 and over-long text are refused in every column."""
    assert (column, code) in reasons(kind, {**REQUIRED[kind], column: text})


def test_a_byte_that_is_not_utf8_is_shown_with_its_place() -> None:
    """The message says which byte, and after what."""
    said = parse_aircraft({"registration": "N1", "manufacturer": "Soci\udce9t\udce9"})

    assert isinstance(said, tuple)
    assert said[0].message == "the byte 0xE9 after 'Soci' is not UTF-8; save the table as UTF-8"


@pytest.mark.parametrize("kind", ImportKind)
def test_required_cells(kind: ImportKind) -> None:
    """Every required column is missed when its cells are empty, all at once; blanks are nothing."""
    required = [column.name for column in COLUMNS[kind] if column.required]
    missing = [(column, "value_missing") for column in required]

    assert [one for one in reasons(kind, dict.fromkeys(required, "  ")) if one in missing] == missing


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        (ImportKind.AIRCRAFT, {"registration": "N/1"}, [("registration", "invalid_registration")]),
        (ImportKind.AIRCRAFT, {"registration": "N1", "model": "x" * 101}, [("model", "too_long")]),
        (ImportKind.PARTS, {"part_number": "x" * 101}, [("part_number", "too_long")]),
        (ImportKind.PARTS, {"part_number": "P1", "unit_price": "1.005"}, [("unit_price", "too_fine")]),
        (ImportKind.PARTS, {"part_number": "P1", "unit_price": "100000000"}, [("unit_price", "out_of_range")]),
        (ImportKind.PARTS, {"part_number": "P1", "unit_price": "€ 12"}, [("unit_price", "not_a_number")]),
        (ImportKind.PARTS, {"part_number": "P1", "unit_price": "-1"}, [("unit_price", "negative")]),
        (ImportKind.PROGRAMS, {"name": "A", "combine": "any"}, [("combine", "unknown_value")]),
        (ImportKind.PROGRAMS, {"name": "A", "beyond": "never"}, [("beyond", "unknown_value")]),
        (ImportKind.PROGRAMS, {"name": "A", "preset": "faa"}, [("preset", "unknown_preset")]),
        (ImportKind.PROGRAMS, {"name": "A", "warn_percent": "101"}, [("warn_percent", "out_of_range")]),
        (ImportKind.PROGRAMS, {"name": "A", "applies_to": "model:"}, [("applies_to", "model_missing")]),
        (ImportKind.PROGRAMS, {"name": "A", "applies_to": " ; "}, [("applies_to", "value_missing")]),
        (ImportKind.PROGRAMS, {"name": "A", "late_days": "1.5"}, [("late_days", "invalid_amount")]),
        (
            ImportKind.PROGRAM_LINKS,
            {"registration": "N1", "program": "A", "anchor_hours": "5"},
            [("anchor_hours", "anchor_without_completion")],
        ),
        (ImportKind.USAGE, REQUIRED[ImportKind.USAGE], [("hours", "value_missing")]),
        (
            ImportKind.USAGE,
            {**REQUIRED[ImportKind.USAGE], "hours": "1", "total_cycles": "2"},
            [("total_cycles", "stated_twice")],
        ),
        (ImportKind.USAGE, {**REQUIRED[ImportKind.USAGE], "hours": "x"}, [("hours", "not_a_number")]),
    ],
)
def test_other_reasons(kind: ImportKind, cells: Mapping[str, str], expected: list[tuple[str, str]]) -> None:
    """Each kind's own reasons, by column."""
    assert reasons(kind, cells) == expected


def test_every_reason_is_told_at_once() -> None:
    """A row with four wrong cells gets four reasons."""
    cells = {"registration": "", "occurred_on": "yesterday", "hours": "1,5", "cycles": "one"}

    assert reasons(ImportKind.USAGE, cells) == [
        ("registration", "value_missing"),
        ("occurred_on", "not_a_date"),
        ("hours", "not_a_number"),
        ("cycles", "not_a_number"),
    ]


def test_a_row_of_aircraft() -> None:
    """Every cell says its part; hours may be written in minutes; the space around them does not count."""
    cells = {
        "registration": " CS-TNA ",
        "serial_number": "1234",
        "model": "A320-214",
        "manufacturer": "Airbus",
        "current_hours": "1234:20",
        "current_cycles": "567",
        "as_of": "2017-09-25",
        "in_service_date": "2001-02-03",
    }

    assert parse_aircraft(cells) == AircraftRow(
        registration="CS-TNA",
        serial_number="1234",
        model="A320-214",
        manufacturer="Airbus",
        totals={"hours": Decimal("1234.33"), "cycles": Decimal(567)},
        as_of=date(2017, 9, 25),
        in_service_date=date(2001, 2, 3),
    )
    assert parse_aircraft({"registration": "N1", "model": ""}) == AircraftRow(registration="N1", totals={})


def test_a_row_of_parts() -> None:
    """Every cell says its part."""
    cells = {
        "part_number": "CFM-1",
        "description": "Filter, oil\nsecond line",
        "unit_price": "12.5",
        "location": "LIS-1",
        "quantity": "7",
        "lot": "L9",
        "serial_number": "S1",
        "expiry_date": "2030-01-31",
        "minimum_stock": "2",
        "reorder_point": "3",
        "lead_time_days": "21",
    }

    assert parse_part(cells) == PartRow(
        part_number="CFM-1",
        description="Filter, oil\nsecond line",
        unit_price=Decimal("12.50"),
        place=Place(location="LIS-1", lot="L9", serial_number="S1"),
        quantity=7,
        expiry_date=date(2030, 1, 31),
        minimum_stock=2,
        reorder_point=3,
        lead_time_days=21,
    )


def test_a_row_of_programs() -> None:
    """Every cell says its part; limits stand in the order of the columns, only those that are given."""
    cells = {
        "name": "A-check",
        "reference": "MPD 05",
        "kind": "inspection",
        "interval_days": "120",
        "interval_hours": "750.5",
        "interval_cycles": "",
        "late_hours": "75",
        "threshold_months": "6",
        "combine": "LAST",
        "beyond": "due",
        "preset": "OEM_window",
        "warn_percent": "12.5",
        "applies_to": "cs-tna; CS-TNB;;CS-TNA",
    }

    row = parse_program(cells)

    assert row == ProgramRow(
        name="A-check",
        reference="MPD 05",
        kind="inspection",
        combine=Combine.LAST,
        limits={
            "days": LimitCells(interval=Decimal(120)),
            "hours": LimitCells(interval=Decimal("750.5"), late=Decimal(75)),
            "months": LimitCells(threshold=Decimal(6)),
        },
        beyond=Beyond.DUE,
        preset="oem_window",
        warn_percent=Decimal("12.5"),
        applicability=Applicability(AppliesTo.LISTED),
        listed=("CS-TNA", "CS-TNB"),
    )
    assert isinstance(row, ProgramRow)
    assert list(row.limits) == ["days", "hours", "months"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", Applicability(AppliesTo.ALL)),
        ("ALL", Applicability(AppliesTo.ALL)),
        ("model:A320", Applicability(AppliesTo.MODEL, "A320")),
        ("Model: A320-214", Applicability(AppliesTo.MODEL, "A320-214")),
        ("N1", Applicability(AppliesTo.LISTED)),
        ("", None),
    ],
)
def test_what_a_program_applies_to(text: str, expected: Applicability | None) -> None:
    """The whole fleet, a model, or registrations."""
    row = parse_program({"name": "A", "applies_to": text})

    assert isinstance(row, ProgramRow)
    assert row.applicability == expected


def test_a_row_of_program_links() -> None:
    """Every cell says its part."""
    cells = {
        "registration": "N1",
        "program": "A-check",
        "last_completed_date": "2017-09-14",
        "last_completed_hours": "29890.40",
        "last_completed_cycles": "19956",
        "anchor_date": "2017-09-01",
        "anchor_hours": "29880",
        "anchor_cycles": "19950",
    }

    assert parse_program_link(cells) == ProgramLinkRow(
        registration="N1",
        program="A-check",
        done_on=date(2017, 9, 14),
        done_at={"hours": Decimal("29890.4"), "cycles": Decimal(19956)},
        anchor_on=date(2017, 9, 1),
        anchor_at={"hours": Decimal(29880), "cycles": Decimal(19950)},
    )


def test_a_row_of_usage() -> None:
    """Deltas, or totals that the meters read."""
    assert parse_usage({"registration": "N1", "occurred_on": "2013-01-01", "hours": "1:20", "cycles": "1"}) == UsageRow(
        registration="N1",
        occurred_on=date(2013, 1, 1),
        amounts={"hours": Decimal("1.33"), "cycles": Decimal(1)},
        absolute=False,
    )
    assert parse_usage(
        {"registration": "N1", "occurred_on": "2013-01-01", "total_hours": "9", "external_id": "X"}
    ) == UsageRow(
        registration="N1",
        occurred_on=date(2013, 1, 1),
        amounts={"hours": Decimal(9)},
        absolute=True,
        external_id="X",
    )


def test_identical_rows_without_a_name_are_told_apart_by_their_ordinal() -> None:
    """The second of two flights alike counts too; however the values are written, the same row has the same name."""
    naming = Naming()

    def name(registration: str, hours: str) -> str | None:
        row = parse_usage({"registration": registration, "occurred_on": "2013-01-01", "hours": hours})
        assert isinstance(row, UsageRow)
        return naming.named(row).external_id

    assert [name("N1", "1.5"), name("n1", "1:30"), name("N2", "1.50"), name("N1", "1.51")] == [
        "row: used 2013-01-01 hours=1.50 #1",
        "row: used 2013-01-01 hours=1.50 #2",
        "row: used 2013-01-01 hours=1.50 #1",
        "row: used 2013-01-01 hours=1.51 #1",
    ]


# How long drawing takes says more about the machine than about the rules.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patiently
@given(
    kind=st.sampled_from(list(ImportKind)),
    data=st.data(),
)
def test_whatever_the_cells_hold_there_is_an_answer(kind: ImportKind, data: st.DataObject) -> None:
    """A row is said or every reason given, each for a column of the kind; nothing else happens."""
    names = [column.name for column in COLUMNS[kind]]
    written = st.text(max_size=12) | st.sampled_from(
        ["1", "1.5", "2013-01-01", "all", "first", "N1", "\0", "\udcff", "-1:30"]
    )
    cells = data.draw(st.dictionaries(st.sampled_from(names), written, max_size=6))

    said = PARSERS[kind](cells)

    assert {subject for subject, _ in reasons(kind, cells)} <= set(names)
    assert said != ()


@patiently
@given(
    hours=st.decimals(0, 99_999_999, places=2),
    cycles=st.integers(0, 99_999_999),
    day=st.dates(date(1900, 1, 1)),
)
def test_what_is_written_is_read_back(hours: Decimal, cycles: int, day: date) -> None:
    """Every amount and every day, written as a table has them, means itself."""
    cells = {"registration": "N1", "occurred_on": day.isoformat(), "hours": str(hours), "cycles": str(cycles)}

    assert parse_usage(cells) == UsageRow(
        registration="N1", occurred_on=day, amounts={"hours": hours, "cycles": Decimal(cycles)}, absolute=False
    )
