"""Taking in aircraft: what a row adds, what it changes, and what it leaves alone."""

from datetime import date, timedelta
from decimal import Decimal

from amss_domain.access.model import ImplausibleReadings, Policy
from amss_domain.fleet.aircraft import Particulars
from amss_domain.fleet.ledger import EntryKind
from amss_domain.imports.model import ImportKind
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import Applicability, AppliesTo, ProgramTerms
from amss_domain.testing.tables import Importing
from amss_domain.testing.workshop import Workshop

AIRCRAFT = ImportKind.AIRCRAFT

FLEET = """
    registration,serial_number,model,manufacturer,current_hours,current_cycles,as_of,in_service_date
    CS-TNA,1234,A320,Airbus,1000.5,500,2026-01-31,2001-02-03
    CS-TNB,,A321,Airbus,2000,,2026-01-31,
    CS-TNC,,,,,,,
"""


async def test_new_aircraft_arrive_with_their_particulars_and_totals(workshop: Workshop, importing: Importing) -> None:
    """An opening entry of the day `as_of` holds the totals, zero where none are given; each arrival is announced."""
    counts = await importing.counts(AIRCRAFT, FLEET)

    aircraft = await workshop.find_aircraft(workshop.actor, "cs-tna")
    (opening,) = (await workshop.read_ledger(workshop.actor, aircraft.id)).entries
    other = await workshop.find_aircraft(workshop.actor, "CS-TNB")
    bare = await workshop.find_aircraft(workshop.actor, "CS-TNC")
    assert counts == (3, 0, 0, 0)
    assert aircraft.particulars == Particulars(
        serial_number="1234", model="A320", manufacturer="Airbus", in_service_date=date(2001, 2, 3)
    )
    assert (aircraft.current_hours, aircraft.current_cycles) == (Decimal("1000.5"), 500)
    assert (opening.kind, opening.occurred_on, opening.source) == (EntryKind.OPENING, date(2026, 1, 31), "import")
    assert (other.current_hours, other.current_cycles) == (Decimal(2000), 0)
    assert (bare.current_hours, bare.head.latest_on) == (Decimal(0), workshop.clock.now().date())
    assert await workshop.told() == ["aircraft.created"] * 3


async def test_the_same_table_again_changes_nothing(workshop: Workshop, importing: Importing) -> None:
    """Nothing is saved and nothing announced."""
    await importing(AIRCRAFT, FLEET)
    told = await workshop.told()

    assert await importing.counts(AIRCRAFT, FLEET) == (0, 0, 3, 0)
    assert await workshop.told() == told


async def test_the_same_table_changes_nothing_after_flights_either(workshop: Workshop, importing: Importing) -> None:
    """Flown on the day of the totals and since, an old table is known for what it is, with and without its day."""
    old = "registration,current_hours,as_of\nCS-TNA,1000.5,2026-01-31"
    undated = "registration,current_hours\nCS-TND,70"
    await importing(AIRCRAFT, old)
    await importing(AIRCRAFT, undated)
    for registration in ("CS-TNA", "CS-TND"):
        aircraft = await workshop.find_aircraft(workshop.actor, registration)
        for day in (date(2026, 1, 31), date(2026, 2, 3)) if registration == "CS-TNA" else (date(2026, 3, 2),):
            await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(2)}, occurred_on=day)
    workshop.clock.advance(timedelta(days=3))

    assert await importing.counts(AIRCRAFT, old) == (0, 0, 1, 0)
    assert await importing.counts(AIRCRAFT, undated) == (0, 0, 1, 0)


async def test_totals_that_somebody_else_entered_are_known_too(workshop: Workshop, importing: Importing) -> None:
    """An aircraft added by hand and flown since: a table with its opening totals changes nothing."""
    opened_on = workshop.clock.now().date()
    aircraft = await workshop.aircraft("N1", hours="100")
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(2)})
    workshop.clock.advance(timedelta(days=1))

    assert await importing.counts(AIRCRAFT, f"registration,current_hours,as_of\nN1,100,{opened_on}") == (0, 0, 1, 0)
    assert await importing.counts(AIRCRAFT, f"registration,current_hours,as_of\nN1,102,{opened_on}") == (0, 0, 1, 0)


async def test_totals_ahead_are_entered_as_a_reading(workshop: Workshop, importing: Importing) -> None:
    """The ledger grows by the difference, on the day given, once."""
    await importing(AIRCRAFT, FLEET)
    ahead = "registration,current_hours,current_cycles,as_of\nCS-TNA,1010.25,506,2026-02-10"

    counts = await importing.counts(AIRCRAFT, ahead)
    again = await importing.counts(AIRCRAFT, ahead)

    aircraft = await workshop.find_aircraft(workshop.actor, "CS-TNA")
    _, reading = (await workshop.read_ledger(workshop.actor, aircraft.id)).entries
    assert (counts, again) == ((0, 1, 0, 0), (0, 0, 1, 0))
    assert (aircraft.current_hours, aircraft.current_cycles) == (Decimal("1010.25"), 506)
    assert (reading.kind, reading.occurred_on) == (EntryKind.READING, date(2026, 2, 10))
    assert reading.deltas == {"hours": Decimal("9.75"), "cycles": Decimal(6)}


async def test_totals_behind_are_rejected(workshop: Workshop, importing: Importing) -> None:
    """Totals only grow: each column that is behind, in the future or before the latest reading is named."""
    await importing(AIRCRAFT, FLEET)

    assert await importing.reasons(
        AIRCRAFT, "registration,current_hours,current_cycles,as_of\nCS-TNA,999,499,2026-02-10"
    ) == [("current_hours", "reading_behind_total"), ("current_cycles", "reading_behind_total")]
    assert await importing.reasons(AIRCRAFT, "registration,current_hours,as_of\nCS-TNA,1001,2026-03-03") == [
        ("as_of", "occurs_in_future")
    ]
    assert await importing.reasons(AIRCRAFT, "registration,current_hours,as_of\nCS-TNA,900,2025-12-31") == [
        ("as_of", "covered_by_reading")
    ]
    assert await importing.reasons(AIRCRAFT, "registration,current_hours,as_of\nCS-NEW,900,2026-03-03") == [
        ("as_of", "occurs_in_future")
    ]
    assert (await workshop.find_aircraft(workshop.actor, "CS-TNA")).current_hours == Decimal("1000.5")


async def test_totals_corrected_downwards_may_be_read_again(workshop: Workshop, importing: Importing) -> None:
    """Without a day, the same totals are a new reading once a correction took them back; with it they stay old."""
    undated, dated = "registration,current_hours\nN1,100", "registration,current_hours,as_of\nN1,100,2026-03-02"
    for table, expected in ((undated, (0, 1, 0, 0)), (dated, (0, 0, 1, 0))):
        await importing(AIRCRAFT, table.replace("N1", f"N{len(table)}"))
        aircraft = await workshop.find_aircraft(workshop.actor, f"N{len(table)}")
        (opening,) = (await workshop.read_ledger(workshop.actor, aircraft.id)).entries
        await workshop.correct_usage(
            workshop.actor, aircraft.id, opening.id, totals={"hours": Decimal(90)}, reason="misread"
        )

        assert await importing.counts(AIRCRAFT, table.replace("N1", f"N{len(table)}")) == expected


async def test_only_given_particulars_change(workshop: Workshop, importing: Importing) -> None:
    """Empty cells and columns that are not there keep what is stored, as does the case of the registration."""
    await importing(AIRCRAFT, FLEET)

    counts = await importing.counts(AIRCRAFT, "registration,model,manufacturer\ncs-tna,A320-214,")

    aircraft = await workshop.find_aircraft(workshop.actor, "CS-TNA")
    assert counts == (0, 1, 0, 0)
    assert aircraft.registration == "CS-TNA"
    assert aircraft.particulars == Particulars(
        serial_number="1234", model="A320-214", manufacturer="Airbus", in_service_date=date(2001, 2, 3)
    )
    assert (await workshop.told())[-1] == "aircraft.updated"


async def test_what_is_wrong_with_one_row_does_not_touch_it(workshop: Workshop, importing: Importing) -> None:
    """A new model beside totals that are behind: the whole row is rejected, and the others are taken."""
    await importing(AIRCRAFT, FLEET)

    counts = await importing.counts(AIRCRAFT, "registration,model,current_hours\nCS-TNA,A330,5\nCS-TNB,A330,")

    assert counts == (0, 1, 0, 1)
    assert (await workshop.find_aircraft(workshop.actor, "CS-TNA")).particulars.model == "A320"


async def test_programs_that_cover_an_aircraft_are_linked_when_it_joins(
    workshop: Workshop, importing: Importing
) -> None:
    """A new aircraft and one that becomes another model are linked; `GenerateDueTasks` makes their tasks."""
    terms = ProgramTerms(
        requirement=Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(100)),)),
        applicability=Applicability(AppliesTo.MODEL, "A320"),
    )
    await workshop.write_program(workshop.actor, name="A-check", terms=terms)
    # From here on nothing but joining the fleet links an aircraft.
    await workshop.generate_due_tasks(workshop.actor)
    await importing(AIRCRAFT, FLEET)
    await importing(AIRCRAFT, "registration,model\nCS-TNC,A320")

    await workshop.generate_due_tasks(workshop.actor)

    assert [item.registration for item in await workshop.due_items()] == ["CS-TNA", "CS-TNC"]


async def test_growing_totals_make_tasks_due(workshop: Workshop, importing: Importing) -> None:
    """A reading that brings an aircraft past its limit is announced as overdue in the same import."""
    await importing(AIRCRAFT, FLEET)
    program = await workshop.program(Limit(name="hours", unit="hours", interval=Decimal(5)))
    aircraft = await workshop.find_aircraft(workshop.actor, "CS-TNA")
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    await importing(AIRCRAFT, "registration,current_hours\nCS-TNA,1006")

    assert (await workshop.told())[-1] == "task.overdue"


async def test_one_aircraft_twice_in_a_table(workshop: Workshop, importing: Importing) -> None:
    """The later row adds to the earlier one, in whatever case it writes the registration."""
    counts = await importing.counts(
        AIRCRAFT,
        """
        registration,model,current_hours,as_of
        N1,A320,100,2026-02-01
        n1,A321,,
        N1,,110,2026-02-02
        """,
    )

    aircraft = await workshop.find_aircraft(workshop.actor, "N1")
    assert counts == (1, 2, 0, 0)
    assert (aircraft.particulars.model, aircraft.current_hours) == ("A321", Decimal(110))


async def test_implausible_totals_are_taken_with_a_warning_or_refused(workshop: Workshop, importing: Importing) -> None:
    """More than 24 hours a day: the organization decides; the column is named."""
    await importing(AIRCRAFT, FLEET)
    fast = "registration,current_hours,as_of\nCS-TNA,2000,2026-02-01"

    warned = await importing(AIRCRAFT, fast, dry_run=True)
    await workshop.change_policy(workshop.actor, Policy(implausible_readings=ImplausibleReadings.REFUSE))
    refused = await importing.reasons(AIRCRAFT, fast)

    assert (warned.updated, warned.warned) == (1, 1)
    assert [(one.subject, one.code) for one in warned.warnings[0].violations] == [
        ("current_hours", "implausible_reading")
    ]
    assert refused == [("current_hours", "implausible_reading")]
