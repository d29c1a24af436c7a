"""Taking in usage: deltas and readings, each once."""

from datetime import date
from decimal import Decimal

from amss_domain.access.model import ImplausibleReadings, Policy
from amss_domain.fleet.ledger import EntryKind
from amss_domain.imports.model import ImportKind
from amss_domain.scheduling.limit import Limit
from amss_domain.testing.tables import Importing
from amss_domain.testing.workshop import Workshop

USAGE = ImportKind.USAGE

FLEET = """
    registration,current_hours,current_cycles,as_of
    N1,100,50,2026-01-01
    N2,200,60,2026-01-01
"""

FLIGHTS = """
    registration,occurred_on,hours,cycles,external_id
    N1,2026-01-01,1.5,1,F1
    n1,2026-01-02,2:20,1,F2
    N2,2026-01-02,3,1,F1
"""


async def flown(workshop: Workshop, registration: str) -> tuple[Decimal, int]:
    """Return the aircraft's totals."""
    aircraft = await workshop.find_aircraft(workshop.actor, registration)
    return aircraft.current_hours, aircraft.current_cycles


async def test_flights_are_entered(workshop: Workshop, importing: Importing) -> None:
    """Each row is an entry of its aircraft's ledger, on the opening day too, announced with its own version."""
    await importing(ImportKind.AIRCRAFT, FLEET)

    counts = await importing.counts(USAGE, FLIGHTS)

    aircraft = await workshop.find_aircraft(workshop.actor, "N1")
    _, *entries = (await workshop.read_ledger(workshop.actor, aircraft.id)).entries
    events = [message for message in await workshop.tenant.messages() if message.aggregate_id == aircraft.id]
    assert counts == (3, 0, 0, 0)
    assert (await flown(workshop, "N1"), await flown(workshop, "N2")) == (
        (Decimal("103.83"), 52),
        (Decimal(203), 61),
    )
    assert [(one.kind, one.occurred_on, one.external_id, one.source) for one in entries] == [
        (EntryKind.DELTA, date(2026, 1, 1), "F1", "import"),
        (EntryKind.DELTA, date(2026, 1, 2), "F2", "import"),
    ]
    assert [(message.event_type, message.version) for message in events] == [
        ("aircraft.created", 1),
        ("aircraft.usage_recorded", 2),
        ("aircraft.usage_recorded", 3),
    ]
    assert aircraft.version == 3


async def test_the_same_flights_again_are_counted_already(workshop: Workshop, importing: Importing) -> None:
    """Nothing is entered twice, nothing announced; with other values the name is refused."""
    await importing(ImportKind.AIRCRAFT, FLEET)
    await importing(USAGE, FLIGHTS)
    told = await workshop.told()

    assert await importing.counts(USAGE, FLIGHTS) == (0, 0, 3, 0)
    assert await workshop.told() == told
    assert await importing.reasons(USAGE, FLIGHTS.replace("2:20", "2:30")) == [("external_id", "external_id_reused")]


async def test_one_name_twice_in_a_table_counts_once(workshop: Workshop, importing: Importing) -> None:
    """The second row is counted already, or refused when it says something else."""
    await importing(ImportKind.AIRCRAFT, FLEET)
    table = "registration,occurred_on,hours,external_id\nN1,2026-01-01,1,F1\nN1,2026-01-01,1,F1\nN1,2026-01-01,2,F1"

    assert await importing.counts(USAGE, table) == (1, 0, 1, 1)


async def test_rows_without_a_name_count_once_each(workshop: Workshop, importing: Importing) -> None:
    """Two flights alike are two flights; the same table again, in another order, adds nothing."""
    await importing(ImportKind.AIRCRAFT, FLEET)
    rows = ["N1,2026-01-02,1.5,1", "N1,2026-01-02,1:30,1", "N1,2026-01-03,1.5,1"]
    header = "registration,occurred_on,hours,cycles"

    first = await importing.counts(USAGE, "\n".join([header, *rows]))
    again = await importing.counts(USAGE, "\n".join([header, *reversed(rows)]))
    third = await importing.counts(USAGE, "\n".join([header, *rows, rows[0]]))

    assert (first, again, third) == ((3, 0, 0, 0), (0, 0, 3, 0), (1, 0, 3, 0))
    assert await flown(workshop, "N1") == (Decimal(106), 54)


async def test_readings_bring_the_totals_up(workshop: Workshop, importing: Importing) -> None:
    """Totals are entered as differences, between deltas of the same table as well; the same again are known."""
    await importing(ImportKind.AIRCRAFT, FLEET)
    table = """
        registration,occurred_on,hours,cycles,total_hours,total_cycles
        N1,2026-01-05,,,110,55
        N1,2026-01-06,2,1,,
        N1,2026-01-07,,,113,56
    """

    first, again = await importing.counts(USAGE, table), await importing.counts(USAGE, table)

    aircraft = await workshop.find_aircraft(workshop.actor, "N1")
    _, *entries = (await workshop.read_ledger(workshop.actor, aircraft.id)).entries
    assert (first, again) == ((3, 0, 0, 0), (0, 0, 3, 0))
    assert [one.deltas for one in entries] == [
        {"hours": Decimal(10), "cycles": Decimal(5)},
        {"hours": Decimal(2), "cycles": Decimal(1)},
        {"hours": Decimal(1), "cycles": Decimal(0)},
    ]


async def test_a_reading_of_an_earlier_day_counts_the_rows_above_it(workshop: Workshop, importing: Importing) -> None:
    """Later flights of the same table and unit of work stay on top of a reading dated before them."""
    await importing(ImportKind.AIRCRAFT, FLEET)

    counts = await importing.counts(
        USAGE,
        """
        registration,occurred_on,hours,total_hours
        N1,2026-01-02,1,
        N1,2026-01-09,5,
        N1,2026-01-03,,103
        """,
    )

    assert counts == (3, 0, 0, 0)
    assert (await flown(workshop, "N1"))[0] == Decimal(108)


async def test_rows_against_which_the_ledger_speaks(workshop: Workshop, importing: Importing) -> None:
    """The ledger's own reasons come back by column."""
    await importing(ImportKind.AIRCRAFT, FLEET)

    found = await importing.reasons(
        USAGE,
        """
        registration,occurred_on,hours,total_hours,total_cycles
        N1,2025-12-31,1,,
        N1,2026-03-03,1,,
        N1,2026-02-01,,99,49
        """,
    )

    assert found == [
        ("occurred_on", "covered_by_reading"),
        ("occurred_on", "occurs_in_future"),
        ("total_hours", "reading_behind_total"),
        ("total_cycles", "reading_behind_total"),
    ]


async def test_an_unknown_aircraft_is_a_reason_beside_the_others(workshop: Workshop, importing: Importing) -> None:
    """A row is told that its aircraft is unknown and its hours are none; the next one is taken."""
    await importing(ImportKind.AIRCRAFT, FLEET)

    report = await importing(USAGE, "registration,occurred_on,hours\nN9,2026-01-02,x\nN2,2026-01-02,1")

    (rejected,) = report.rejections
    assert (report.created, report.rejected, rejected.number) == (1, 1, 2)
    assert [(one.subject, one.code) for one in rejected.violations] == [
        ("registration", "unknown_registration"),
        ("hours", "not_a_number"),
    ]


async def test_implausible_flights_are_taken_with_a_warning_or_refused(
    workshop: Workshop, importing: Importing
) -> None:
    """More than 24 hours a day: the organization decides; the column is named and the event says so."""
    await importing(ImportKind.AIRCRAFT, FLEET)
    long_day = "registration,occurred_on,hours\nN1,2026-01-02,60"

    await workshop.change_policy(workshop.actor, Policy(implausible_readings=ImplausibleReadings.REFUSE))
    refused = await importing.reasons(USAGE, long_day)
    await workshop.change_policy(workshop.actor, Policy())
    taken = await importing(USAGE, long_day)

    event = (await workshop.tenant.messages())[-1]
    assert refused == [("hours", "implausible_reading")]
    assert (taken.created, taken.warned) == (1, 1)
    assert [(one.subject, one.code) for one in taken.warnings[0].violations] == [("hours", "implausible_reading")]
    assert event.payload["warnings"] == ["implausible_reading"]


async def test_flights_make_tasks_due(workshop: Workshop, importing: Importing) -> None:
    """What the flights of a table bring an aircraft to is announced once, with all of them counted."""
    await importing(ImportKind.AIRCRAFT, FLEET)
    program = await workshop.program(Limit(name="hours", unit="hours", interval=Decimal(10)))
    aircraft = await workshop.find_aircraft(workshop.actor, "N1")
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    before = len(await workshop.told())

    await importing(USAGE, "registration,occurred_on,hours\nN1,2026-01-05,9.5\nN1,2026-01-06,1.5")

    assert (await workshop.told())[before:] == ["aircraft.usage_recorded", "aircraft.usage_recorded", "task.overdue"]
