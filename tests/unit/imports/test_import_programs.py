"""Taking in programs, and linking the aircraft that they list."""

from decimal import Decimal

import pytest

from amss_domain.imports.model import ImportKind
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Threshold
from amss_domain.scheduling.program import Applicability, AppliesTo, Program, ProgramTerms
from amss_domain.shared.page import PageRequest
from amss_domain.testing.tables import Importing
from amss_domain.testing.workshop import Workshop

PROGRAMS = ImportKind.PROGRAMS

CHECKS = """
    name,description,combine,interval_days,interval_hours,interval_cycles,late_days,grace_days,beyond,applies_to
    A-check,First line,first,120,750,750,12,12,due,all
    D-check,,,2192,,,90,90,,model:A320
"""


async def programs(workshop: Workshop) -> list[Program]:
    """Return all programs."""
    return list((await workshop.list_programs(workshop.actor, PageRequest())).items)


async def linked(workshop: Workshop) -> list[tuple[str | None, str]]:
    """Return program and registration of every item on the due list."""
    await workshop.generate_due_tasks(workshop.actor)
    items = await workshop.due_items()
    return [
        (item.program, item.registration)
        for item in sorted(items, key=lambda one: (one.program or "", one.registration))
    ]


async def test_programs_are_written(workshop: Workshop, importing: Importing) -> None:
    """Limits come in the order of the columns, each with its policy; what is not given has its default."""
    counts = await importing.counts(PROGRAMS, CHECKS)

    a_check, d_check = await programs(workshop)
    assert counts == (2, 0, 0, 0)
    assert a_check.terms == ProgramTerms(
        description="First line",
        requirement=Requirement(
            limits=(
                Limit(
                    name="days",
                    unit="days",
                    interval=Decimal(120),
                    late=Decimal(12),
                    grace=Decimal(12),
                    beyond=Beyond.DUE,
                ),
                Limit(name="hours", unit="hours", interval=Decimal(750), beyond=Beyond.DUE),
                Limit(name="cycles", unit="cycles", interval=Decimal(750), beyond=Beyond.DUE),
            ),
            combine=Combine.FIRST,
        ),
        applicability=Applicability(AppliesTo.ALL),
    )
    assert d_check.terms.applicability == Applicability(AppliesTo.MODEL, "A320")
    assert await workshop.told() == ["program.created", "program.created"]


async def test_the_same_programs_again_change_nothing(workshop: Workshop, importing: Importing) -> None:
    """Nothing is saved and nothing announced, with a preset either."""
    preset = "name,interval_hours,late_hours,preset\nB-check,100,5,oem_window"
    await importing(PROGRAMS, CHECKS)
    await importing(PROGRAMS, preset)
    told = await workshop.told()

    assert await importing.counts(PROGRAMS, CHECKS) == (0, 0, 2, 0)
    assert await importing.counts(PROGRAMS, preset) == (0, 0, 1, 0)
    assert await workshop.told() == told


async def test_only_given_cells_change_a_program(workshop: Workshop, importing: Importing) -> None:
    """One limit's interval changes, another limit is added after those there are; all else stays."""
    await importing(PROGRAMS, CHECKS)
    was, _ = await programs(workshop)

    counts = await importing.counts(
        PROGRAMS, "name,threshold_months,interval_hours,late_hours,warn_percent\na-CHECK,6,800,,5"
    )

    now, _ = await programs(workshop)
    days, hours, cycles, months = now.requirement.limits
    assert counts == (0, 1, 0, 0)
    assert now.name == "A-check"
    assert (days, cycles) == (was.requirement.limits[0], was.requirement.limits[2])
    assert hours == Limit(name="hours", unit="hours", interval=Decimal(800), beyond=Beyond.DUE)
    assert months == Limit(name="months", unit="months", threshold=Threshold(value=Decimal(6)))
    assert now.requirement.warn_percent == Decimal(5)
    assert (now.terms.description, now.terms.applicability) == (was.terms.description, was.terms.applicability)
    assert (now.revision, now.spreading) == (2, True)


@pytest.mark.parametrize(
    ("preset", "cells", "expected"),
    [
        ("faa_100h", {}, (0, 10, 10, Beyond.DUE)),
        ("faa_100h", {"grace_hours": "5", "beyond": "actual"}, (0, 10, 5, Beyond.ACTUAL)),
        ("oem_window", {"late_hours": "20"}, (20, 20, 20, Beyond.ACTUAL)),
        ("easa_part_m_variation", {"grace_hours": "7"}, (0, 7, 7, Beyond.ACTUAL)),
        ("no_tolerance", {}, (0, 0, 0, Beyond.ACTUAL)),
        ("", {"early_hours": "3"}, (3, 0, 0, Beyond.ACTUAL)),
        ("", {"late_hours": "3", "beyond": "due"}, (0, 3, 0, Beyond.DUE)),
    ],
)
async def test_a_preset_states_what_the_row_does_not(
    workshop: Workshop, importing: Importing, preset: str, cells: dict[str, str], expected: tuple[int, int, int, Beyond]
) -> None:
    """Early, late, grace and beyond of a new limit, and of one that is there: the row, then the preset."""
    header = ",".join(["name", "interval_hours", "preset", *cells])
    new = ",".join(["New", "100", preset, *cells.values()])
    old = ",".join(["Old", "", preset, *cells.values()])
    await importing(PROGRAMS, "name,interval_hours\nOld,100")

    await importing(PROGRAMS, f"{header}\n{new}\n{old}")

    found = [program.requirement.limits[0] for program in await programs(workshop)]
    assert [(int(one.early), int(one.late), int(one.grace), one.beyond) for one in found] == [expected, expected]


async def test_a_limit_added_later_follows_the_preset_of_the_program(workshop: Workshop, importing: Importing) -> None:
    """Months added to a program of EASA Part-ML get its tolerance of one month; the hours keep theirs."""
    await importing(PROGRAMS, "name,interval_hours,preset\nA-check,100,easa_part_ml")

    await importing(PROGRAMS, "name,interval_months\nA-check,12")

    (program,) = await programs(workshop)
    assert [(one.unit, int(one.grace)) for one in program.requirement.limits] == [("hours", 10), ("months", 1)]


async def test_listed_aircraft_are_linked_once(workshop: Workshop, importing: Importing) -> None:
    """Each registration in `applies_to` gets its link, and its task when tasks are generated; more may be added."""
    for registration in ("N1", "N2", "N3"):
        await workshop.aircraft(registration)
    table = "name,interval_hours,applies_to\nA-check,100,n1;N2\nB-check,200,N1"

    first, again = await importing.counts(PROGRAMS, table), await importing.counts(PROGRAMS, table)
    more = await importing.counts(PROGRAMS, "name,applies_to\nA-check,N3")

    assert (first, again, more) == ((2, 0, 0, 0), (0, 0, 2, 0), (0, 1, 0, 0))
    assert await linked(workshop) == [("A-check", "N1"), ("A-check", "N2"), ("A-check", "N3"), ("B-check", "N1")]


async def test_the_whole_fleet_is_linked_by_the_generator(workshop: Workshop, importing: Importing) -> None:
    """`all` and a model reach aircraft that were there before the program."""
    for registration in ("N1", "N2"):
        await workshop.aircraft(registration)

    await importing(PROGRAMS, CHECKS)

    assert await linked(workshop) == [("A-check", "N1"), ("A-check", "N2")]


async def test_a_link_that_somebody_ended_stays_ended(workshop: Workshop, importing: Importing) -> None:
    """A table does not undo it, and says so."""
    aircraft = await workshop.aircraft("N1")
    table = "name,interval_hours,applies_to\nA-check,100,N1"
    await importing(PROGRAMS, table)
    (program,) = await programs(workshop)
    await workshop.end_link(workshop.actor, program.id, aircraft.id, reason="sold the engine")

    report = await importing(PROGRAMS, table)

    (warning,) = report.warnings
    assert (report.unchanged, report.warned) == (1, 1)
    assert [(one.subject, one.code) for one in warning.violations] == [("applies_to", "link_ended")]
    assert await linked(workshop) == []


async def test_programs_that_do_not_hold_together(workshop: Workshop, importing: Importing) -> None:
    """What the rows say together with what is stored is checked, by column, with unknown aircraft at once."""
    await importing(PROGRAMS, "name,interval_hours\nA-check,100")

    found = await importing.reasons(
        PROGRAMS,
        """
        name,interval_hours,interval_days,early_hours,late_days,warn_percent,applies_to
        A-check,,,100,5,,
        B-check,,,,,5,
        C-check,0,80000,,,,N8; N9
        """,
    )

    assert found == [
        ("early_hours", "early_not_below_interval"),
        ("interval_days", "no_interval"),
        ("interval_hours", "no_limits"),
        ("interval_hours", "invalid_interval"),
        ("interval_days", "invalid_interval"),
        ("applies_to", "unknown_registration"),
        ("applies_to", "unknown_registration"),
    ]
    assert len(await programs(workshop)) == 1


async def test_one_program_twice_in_a_table(workshop: Workshop, importing: Importing) -> None:
    """The later row adds to the earlier one."""
    counts = await importing.counts(
        PROGRAMS, "name,interval_hours,interval_days\nA-check,100,\na-check,,365\nA-check,,"
    )

    (program,) = await programs(workshop)
    assert counts == (1, 1, 1, 0)
    assert [(one.unit, one.interval) for one in program.requirement.limits] == [
        ("hours", Decimal(100)),
        ("days", Decimal(365)),
    ]
