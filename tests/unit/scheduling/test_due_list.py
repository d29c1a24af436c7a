"""The due list: today, as of another day, and as it was known at an earlier instant."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from amss_domain.fleet.aircraft import Particulars
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import CountsFrom, ProgramTerms
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.due_list import Question
from amss_domain.shared.errors import NotFound, Refused
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Limit(name="hours", unit="hours", interval=Decimal(100))


async def test_as_of_an_earlier_day_leaves_out_what_happened_since(workshop: Workshop) -> None:
    """Completed and flown on since, the list of the day of linking still has 100 hours remaining."""
    aircraft = await workshop.aircraft(hours="1000")
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    first_day = workshop.clock.now().date()
    workshop.clock.advance(timedelta(days=10))
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(60)})
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)
    await workshop.complete_task(workshop.actor, task.id, Report())

    (then,) = await workshop.due_items(Question(as_of=first_day))
    (now,) = await workshop.due_items()

    assert ({"hours": Decimal(1100)}, {"hours": Decimal(100)}) == (then.assessment.due, then.assessment.remaining)
    assert ({"hours": Decimal(1160)}, {"hours": Decimal(100)}) == (now.assessment.due, now.assessment.remaining)


async def test_known_at_reproduces_what_was_reported_then(workshop: Workshop) -> None:
    """A flight corrected afterwards: asked as known before the correction, the list says what it said then."""
    aircraft = await workshop.aircraft(hours="1000")
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    workshop.clock.advance(timedelta(days=1))
    _, flight, _ = await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(9)})
    reported_at = workshop.clock.now()
    (reported,) = await workshop.due_items(Question(explain=True))
    workshop.clock.advance(timedelta(hours=1))
    await workshop.correct_usage(
        workshop.actor, aircraft.id, flight.id, deltas={"hours": Decimal(5)}, reason="block time"
    )

    (again,) = await workshop.due_items(Question(known_at=reported_at))
    (corrected,) = await workshop.due_items()

    assert reported.assessment == again.assessment
    assert {"hours": Decimal(95)} == corrected.assessment.remaining


async def test_a_planned_use_projects_when_the_limit_is_passed(workshop: Workshop) -> None:
    """At ten hours a day, 100 remaining hours are passed on the eleventh day."""
    particulars = Particulars(utilisation={"hours": (Decimal(10),) * 12})
    aircraft = await workshop.add_aircraft(workshop.actor, registration="N1", particulars=particulars)
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    (item,) = await workshop.due_items()

    assert {"hours": workshop.clock.now().date() + timedelta(days=10)} == item.assessment.projected


async def test_one_aircraft_can_be_asked_for_whatever_the_case(workshop: Workshop) -> None:
    """The list of `n2` has the items of N2 alone; an unknown registration is said to be so."""
    program = await workshop.program(HUNDRED_HOURS)
    for registration in ("N1", "N2"):
        aircraft = await workshop.aircraft(registration)
        await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    items = await workshop.due_items(Question(registration="n2"))

    assert [item.registration for item in items] == ["N2"]
    with pytest.raises(NotFound, match="N3"):
        await workshop.due_items(Question(registration="N3"))


async def test_a_completion_entered_late_counts_from_its_own_day(workshop: Workshop) -> None:
    """Done on the 5th at 1040 hours and entered on the 9th at 1080, the next is due at 1140."""
    aircraft = await workshop.aircraft(hours="1000")
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)
    for _ in range(2):
        workshop.clock.advance(timedelta(days=4))
        await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(40)})
    done_on = workshop.clock.now().date() - timedelta(days=4)

    _, following = await workshop.complete_task(workshop.actor, task.id, Report(completed_on=done_on))

    assert following is not None
    assert Decimal(1140) == following.due[0].at


async def test_correcting_a_flight_after_a_completion_entered_late_leaves_its_point(workshop: Workshop) -> None:
    """A flight of a later day than the completion, though entered before it, does not move the completion."""
    aircraft = await workshop.aircraft(hours="1000")
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)
    workshop.clock.advance(timedelta(days=4))
    _, flight, _ = await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(40)})
    done_on = workshop.clock.now().date() - timedelta(days=1)
    await workshop.complete_task(workshop.actor, task.id, Report(completed_on=done_on))

    await workshop.correct_usage(
        workshop.actor, aircraft.id, flight.id, deltas={"hours": Decimal(30)}, reason="block time"
    )

    (item,) = await workshop.due_items()
    assert {"hours": Decimal(1100)} == item.assessment.due
    assert {"hours": Decimal(70)} == item.assessment.remaining
    assert DueStatus.OK is item.assessment.status


async def test_a_late_report_that_a_later_reading_covers_stands_as_written(workshop: Workshop) -> None:
    """Reported at 1030 for a day before 1050 was read, it counts from 1030, and no usage is entered for it."""
    aircraft = await workshop.aircraft(hours="1000")
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)
    workshop.clock.advance(timedelta(days=9))
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(1050)}, absolute=True)
    done_on = workshop.clock.now().date() - timedelta(days=4)

    with pytest.raises(Refused, match="ahead of the 1050"):
        await workshop.complete_task(
            workshop.actor, task.id, Report(completed_on=done_on, readings={"hours": Decimal(1051)})
        )
    _, following = await workshop.complete_task(
        workshop.actor, task.id, Report(completed_on=done_on, readings={"hours": Decimal(1030)})
    )

    assert following is not None
    assert Decimal(1130) == following.due[0].at
    assert {"hours": Decimal(1050), "cycles": Decimal(0)} == (
        await workshop.read_ledger(workshop.actor, aircraft.id)
    ).totals()


async def test_the_due_list_comes_in_pages_of_aircraft(workshop: Workshop) -> None:
    """Two aircraft at a time with all their items; the next page starts after the last aircraft."""
    programs = [await workshop.program(HUNDRED_HOURS, name=name) for name in ("A", "B")]
    for number in range(3):
        aircraft = await workshop.aircraft(f"N{number}")
        for program in programs:
            await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    first = await workshop.due_list_page(workshop.actor, Question(), PageRequest(limit=2))
    rest = await workshop.due_list_page(workshop.actor, Question(), PageRequest(limit=2, after=first.next_after))

    assert [(one.registration, one.program) for one in first.items] == [
        ("N0", "A"),
        ("N0", "B"),
        ("N1", "A"),
        ("N1", "B"),
    ]
    assert first.items[-1].aircraft_id == first.next_after
    assert [one.registration for one in rest.items] == ["N2", "N2"]
    assert rest.next_after is None
    assert [*first.items, *rest.items] == await workshop.due_items()


async def test_one_aircraft_can_be_asked_for_by_its_id(workshop: Workshop) -> None:
    """Its items say which aircraft and program, for which day and as known when; an unknown one is not found."""
    program = await workshop.program(HUNDRED_HOURS)
    one, other = await workshop.aircraft("N1"), await workshop.aircraft("N2")
    for aircraft in (one, other):
        await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    now = workshop.clock.now()
    workshop.clock.advance(timedelta(days=1))

    (item,) = await workshop.due_items(Question(aircraft_id=one.id, as_of=now.date(), known_at=now))

    assert (one.id, program.id, now.date(), now) == (item.aircraft_id, item.program_id, item.as_of, item.known_at)
    with pytest.raises(NotFound):
        await workshop.due_items(Question(aircraft_id=AircraftId(UUID(int=404))))


async def test_the_due_list_can_be_asked_for_some_statuses(workshop: Workshop) -> None:
    """Of one due soon, one unknown and one fine, those asked for are returned."""
    for registration, hours in (("N1", 95), ("N2", None), ("N3", 10)):
        aircraft = await workshop.aircraft(registration)
        program = await workshop.program(HUNDRED_HOURS, name=registration)
        counts_from = CountsFrom.UNKNOWN if hours is None else CountsFrom.NOW
        await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, counts_from=counts_from)
        workshop.clock.advance(timedelta(days=10))
        await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(hours or 5)})

    asked = frozenset({DueStatus.DUE_SOON, DueStatus.UNKNOWN})
    items = await workshop.due_items(Question(due_statuses=asked))

    assert [item.registration for item in items] == ["N1", "N2"]


async def test_the_due_list_can_be_asked_for_what_is_due_before_a_day(workshop: Workshop) -> None:
    """By then fall due: a date, hours at the planned pace, what is overdue, what nobody knows; and no later ones."""
    today = workshop.clock.now().date()
    particulars = Particulars(utilisation={"hours": (Decimal(10),) * 12})
    aircraft = await workshop.add_aircraft(workshop.actor, registration="N1", particulars=particulars)
    limits = {
        "10 days": (Limit(name="days", unit="days", interval=Decimal(10)), CountsFrom.NOW),
        "11 days": (Limit(name="days", unit="days", interval=Decimal(11)), CountsFrom.NOW),
        "100 hours": (HUNDRED_HOURS, CountsFrom.NOW),
        "110 hours": (Limit(name="hours", unit="hours", interval=Decimal(110)), CountsFrom.NOW),
        "unknown": (HUNDRED_HOURS, CountsFrom.UNKNOWN),
    }
    for name, (limit, counts_from) in limits.items():
        program = await workshop.program(limit, name=name)
        await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, counts_from=counts_from)

    items = await workshop.due_items(Question(due_before=today + timedelta(days=10)))
    later = await workshop.due_items(Question(due_before=today + timedelta(days=9), as_of=today + timedelta(days=11)))

    assert [item.program for item in items] == ["10 days", "100 hours", "unknown"]
    assert [today + timedelta(days=10)] * 2 == [item.expected_on for item in items[:2]]
    assert [item.program for item in later] == ["10 days", "11 days", "unknown"]


async def test_what_had_its_last_occurrence_is_due_no_more(workshop: Workshop) -> None:
    """Done once, which was all the program asked for, it is in the due list of today no more."""
    aircraft = await workshop.aircraft()
    terms = ProgramTerms(requirement=Requirement(limits=(HUNDRED_HOURS,)), last_occurrence=1)
    program = await workshop.write_program(workshop.actor, name="Once", terms=terms)
    linked = await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    assert linked.task is not None
    await workshop.start_task(workshop.actor, linked.task.id)

    await workshop.complete_task(workshop.actor, linked.task.id, Report())

    assert await workshop.due_items() == []
