"""Taking in program links: what each counts from."""

from datetime import date, timedelta
from decimal import Decimal

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.imports.model import ImportKind
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.program import CountsFrom, Program
from amss_domain.scheduling.standing import Baseline
from amss_domain.testing.tables import Importing
from amss_domain.testing.workshop import Workshop

LINKS = ImportKind.PROGRAM_LINKS
HEADER = (
    "registration,program,last_completed_date,last_completed_hours,last_completed_cycles,"
    "anchor_date,anchor_hours,anchor_cycles"
)


def rows(*lines: str) -> str:
    """Return a table of all columns."""
    return "\n".join([HEADER, *lines])


async def a_fleet(importing: Importing) -> None:
    """Take in one aircraft at 1000 hours, and a program of 100 hours or 365 days."""
    await importing(ImportKind.AIRCRAFT, "registration,current_hours,current_cycles,as_of\nN1,1000,500,2026-01-31")
    await importing(ImportKind.PROGRAMS, "name,interval_hours,interval_days\nA-check,100,365")


async def the_link(workshop: Workshop) -> tuple[Link, Program, Aircraft]:
    """Return the only link with its program and aircraft."""
    aircraft = await workshop.find_aircraft(workshop.actor, "N1")
    async with workshop.tenant.open() as uow:
        (link,) = await uow.links.of_aircraft([aircraft.id])
        return link, await uow.programs.get(link.program_id), aircraft


async def due(workshop: Workshop) -> dict[str, object]:
    """Return the due points of the only item of the due list."""
    await workshop.generate_due_tasks(workshop.actor)
    (item,) = await workshop.due_items()
    return dict(item.assessment.due)


async def test_a_link_counts_from_the_last_accomplishment(workshop: Workshop, importing: Importing) -> None:
    """The baseline is what the row states, known since the import; due points and one task follow."""
    await a_fleet(importing)

    counts = await importing.counts(LINKS, rows("n1,a-check,2026-01-10,980.5,490,,,"))

    link, _, _ = await the_link(workshop)
    assert counts == (1, 0, 0, 0)
    assert link.counts_from is CountsFrom.LAST_COMPLETED
    assert link.baseline == Baseline(
        on=date(2026, 1, 10),
        readings={"hours": Decimal("980.5"), "cycles": Decimal(490)},
        recorded_at=workshop.clock.now(),
    )
    assert await due(workshop) == {"hours": Decimal("1080.5"), "days": date(2027, 1, 10)}
    assert (await workshop.told()).count("task.created") == 1


async def test_an_anchor_counts_where_tolerance_must_not_accrue(workshop: Workshop, importing: Importing) -> None:
    """Due points count from the anchor in each unit that has one, else from the accomplishment."""
    await a_fleet(importing)

    await importing(LINKS, rows("N1,A-check,2026-01-10,980,490,2026-01-01,,"))
    first = await due(workshop)
    await importing(LINKS, rows("N1,A-check,2026-01-10,,,,975,"))

    assert first == {"hours": Decimal(1080), "days": date(2027, 1, 1)}
    assert await due(workshop) == {"hours": Decimal(1075), "days": date(2027, 1, 1)}


async def test_an_anchor_alone_is_no_accomplishment(workshop: Workshop, importing: Importing) -> None:
    """It is rejected with its column."""
    await a_fleet(importing)

    assert await importing.reasons(LINKS, rows("N1,A-check,,,,,975,")) == [
        ("anchor_hours", "anchor_without_completion")
    ]


async def test_the_same_links_again_change_nothing(workshop: Workshop, importing: Importing) -> None:
    """Later as well, after flights and when the tasks are there."""
    await a_fleet(importing)
    table = rows("N1,A-check,2026-01-10,980.5,490,,,")
    await importing(LINKS, table)
    await workshop.generate_due_tasks(workshop.actor)
    aircraft = await workshop.find_aircraft(workshop.actor, "N1")
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(2)})
    workshop.clock.advance(timedelta(days=1))
    told = await workshop.told()

    assert await importing.counts(LINKS, table) == (0, 0, 1, 0)
    assert await workshop.told() == told


async def test_without_an_accomplishment_the_program_says_what_counts(workshop: Workshop, importing: Importing) -> None:
    """By default nothing is known; the row again changes nothing; a later accomplishment is the first baseline."""
    await a_fleet(importing)
    table = "registration,program\nN1,A-check"

    first, again = await importing.counts(LINKS, table), await importing.counts(LINKS, table)
    unknown = await due(workshop)
    later = await importing.counts(LINKS, rows("N1,A-check,2026-02-01,990,,,,"))

    assert (first, again, later) == ((1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0))
    assert unknown == {}
    assert await due(workshop) == {"hours": Decimal(1090), "days": date(2027, 2, 1)}


async def test_another_accomplishment_takes_the_place_of_the_old(workshop: Workshop, importing: Importing) -> None:
    """One of another day keeps nothing of the old; its open task moves, and no second one appears."""
    await a_fleet(importing)
    await importing(LINKS, rows("N1,A-check,2026-01-10,980.5,490,2026-01-01,970,"))
    await workshop.generate_due_tasks(workshop.actor)

    counts = await importing.counts(LINKS, rows("N1,A-check,2026-02-20,,,,,"))

    link, _, _ = await the_link(workshop)
    assert counts == (0, 1, 0, 0)
    assert link.baseline is not None
    assert (link.baseline.on, dict(link.baseline.readings), link.baseline.anchor_on) == (date(2026, 2, 20), {}, None)
    assert await due(workshop) == {"days": date(2027, 2, 20)}
    assert (await workshop.told()).count("task.created") == 1


async def test_more_of_the_same_accomplishment_is_added(workshop: Workshop, importing: Importing) -> None:
    """Cycles of the same day, or without a day, join what is known."""
    await a_fleet(importing)
    await importing(LINKS, rows("N1,A-check,2026-01-10,980.5,,,,"))

    await importing(LINKS, rows("N1,A-check,2026-01-10,,490,,,"))
    await importing(LINKS, "registration,program,last_completed_hours\nN1,A-check,981")

    link, _, _ = await the_link(workshop)
    assert link.baseline is not None
    assert link.baseline.on == date(2026, 1, 10)
    assert link.baseline.readings == {"hours": Decimal(981), "cycles": Decimal(490)}


async def test_accomplishments_that_cannot_have_been(workshop: Workshop, importing: Importing) -> None:
    """Still to come, ahead of the aircraft, of an unknown aircraft or program: each by its column."""
    await a_fleet(importing)

    found = await importing.reasons(
        LINKS,
        rows(
            "N1,A-check,2026-03-03,1000.01,501,,,",
            "N9,Z-check,2026-02-30,,,,,",
        ),
    )

    assert found == [
        ("last_completed_date", "completed_in_future"),
        ("last_completed_hours", "ahead_of_total"),
        ("last_completed_cycles", "ahead_of_total"),
        ("registration", "unknown_registration"),
        ("program", "unknown_program"),
        ("last_completed_date", "not_a_date"),
    ]


async def test_a_link_that_somebody_ended(workshop: Workshop, importing: Importing) -> None:
    """The old row does not take it up again and says so; a new accomplishment does."""
    await a_fleet(importing)
    old = rows("N1,A-check,2026-01-10,980,,,,")
    await importing(LINKS, old)
    _, program, aircraft = await the_link(workshop)
    await workshop.end_link(workshop.actor, program.id, aircraft.id, reason="stored")

    report = await importing(LINKS, old)
    new = await importing.counts(LINKS, rows("N1,A-check,2026-02-10,990,,,,"))

    assert (report.unchanged, report.warned) == (1, 1)
    assert [(one.subject, one.code) for one in report.warnings[0].violations] == [("program", "link_ended")]
    assert new == (0, 1, 0, 0)
    assert (await due(workshop))["hours"] == Decimal(1090)


async def test_a_later_correction_moves_what_was_done_after_the_entry(workshop: Workshop, importing: Importing) -> None:
    """An accomplishment after a flight moves with the flight's correction; one before the ledger's start does not."""
    for name, done, expected in (
        ("B-check", "2026-02-10,1010", 1105),
        ("C-check", "2026-01-10,980", 1080),
        ("D-check", "2026-02-21,1013", 1108),
    ):
        registration = f"N-{name}"
        await importing(ImportKind.AIRCRAFT, f"registration,current_hours,as_of\n{registration},1000,2026-01-31")
        await importing(ImportKind.PROGRAMS, f"name,interval_hours\n{name},100")
        aircraft = await workshop.find_aircraft(workshop.actor, registration)
        _, flight, _ = await workshop.record_usage(
            workshop.actor, aircraft.id, {"hours": Decimal(10)}, occurred_on=date(2026, 2, 5)
        )
        await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(3)}, occurred_on=date(2026, 2, 20))
        await importing(
            LINKS,
            f"registration,program,last_completed_date,last_completed_hours\n{registration},{name},{done}",
        )

        await workshop.correct_usage(
            workshop.actor, aircraft.id, flight.id, deltas={"hours": Decimal(5)}, reason="block time"
        )

        await workshop.generate_due_tasks(workshop.actor)
        (item,) = [one for one in await workshop.due_items() if one.registration == registration]
        assert item.assessment.due == {"hours": Decimal(expected)}
