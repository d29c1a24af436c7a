"""Which columns a table may and must have, and the templates that show them."""

from pathlib import Path

import pytest

from amss_domain.imports.model import COLUMNS, LIMIT_UNITS, ImportKind, template
from amss_domain.imports.rules.header import violations_of_header


def test_templates_have_the_columns_of_the_documentation() -> None:
    """The header line of each kind, exactly."""
    assert template(ImportKind.AIRCRAFT) == (
        "registration,serial_number,model,manufacturer,current_hours,current_cycles,as_of,in_service_date\n"
    )
    assert template(ImportKind.PARTS) == (
        "part_number,description,unit_price,location,quantity,lot,serial_number,expiry_date,minimum_stock,reorder_point,"
        "lead_time_days\n"
    )
    assert template(ImportKind.PROGRAMS) == (
        "name,description,reference,kind,combine,"
        "interval_hours,interval_cycles,interval_days,interval_months,interval_calendar_months,"
        "threshold_hours,threshold_cycles,threshold_days,threshold_months,threshold_calendar_months,"
        "early_hours,early_cycles,early_days,early_months,early_calendar_months,"
        "late_hours,late_cycles,late_days,late_months,late_calendar_months,"
        "grace_hours,grace_cycles,grace_days,grace_months,grace_calendar_months,"
        "beyond,preset,warn_percent,applies_to\n"
    )
    assert template(ImportKind.PROGRAM_LINKS) == (
        "registration,program,last_completed_date,last_completed_hours,last_completed_cycles,"
        "anchor_date,anchor_hours,anchor_cycles\n"
    )
    assert template(ImportKind.USAGE) == (
        "registration,occurred_on,hours,cycles,total_hours,total_cycles,external_id\n"
    )


@pytest.mark.parametrize("kind", ImportKind)
def test_a_template_is_a_header_that_is_taken(kind: ImportKind) -> None:
    """Nothing is wrong with all columns, in any order, nor with the required ones alone."""
    names = [column.name for column in COLUMNS[kind]]
    required = [column.name for column in COLUMNS[kind] if column.required]

    assert violations_of_header(kind, names) == violations_of_header(kind, names[::-1]) == ()
    assert violations_of_header(kind, required) == ()


def test_every_fault_of_a_header_is_named() -> None:
    """Unknown, repeated, unnamed and missing columns are told at once, each by its name."""
    found = violations_of_header(ImportKind.USAGE, ["registration", "registration", "tail", ""])

    assert [(one.subject, one.code) for one in found] == [
        ("registration", "duplicate_column"),
        ("tail", "unknown_column"),
        ("column 4", "unnamed_column"),
        ("occurred_on", "missing_column"),
    ]


@pytest.mark.parametrize(("separator", "called"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_separator_is_recognised(separator: str, called: str) -> None:
    """A header that is one long name says what to do about it."""
    unknown, *_ = violations_of_header(ImportKind.USAGE, [separator.join(["registration", "occurred_on"])])

    assert f"separated by {called}: save the table with commas" in unknown.message


@pytest.mark.parametrize("kind", ImportKind)
def test_every_column_is_in_the_guide(kind: ImportKind) -> None:
    """docs/how-to/import-a-fleet.md names each column, those of limits by their pattern."""
    guide = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "import-a-fleet.md").read_text(encoding="utf-8")
    section = guide.partition(f"\n## {kind.value.capitalize().replace('-', ' ')}\n")[2].partition("\n## ")[0]

    missing = [
        column.name
        for column in COLUMNS[kind]
        if f"`{column.name}`" not in section
        and not (
            f"`{column.name.partition('_')[0]}_<unit>`" in section and column.name.partition("_")[2] in LIMIT_UNITS
        )
    ]

    assert missing == []
