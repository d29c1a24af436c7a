"""Putting programs on aircraft, one by one and many at once, and listing them."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve

from amss_domain.fleet.aircraft import Aircraft, Particulars
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import CountsFrom, Program, ProgramTerms
from amss_domain.scheduling.standing import Baseline
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.link_aircraft import Counting
from amss_domain.scheduling.use_cases.link_many import MOST_LINKS, NewLink
from amss_domain.shared.errors import InvalidInput, NotFound, Refused, VersionMismatch
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Limit(name="hours", unit="hours", interval=Decimal(100))
NOWHERE = AircraftId(UUID(int=404))


def done_at(hours: str) -> Counting:
    """Return a last accomplishment at these flight hours."""
    return Counting(baseline=Baseline(on=None, readings={"hours": Decimal(hours)}))


async def linked(workshop: Workshop) -> tuple[Program, Aircraft]:
    """Put a program of 100 hours on an aircraft of 1500.5 hours, counting from now."""
    aircraft = await workshop.aircraft(hours="1500.5")
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    return program, aircraft


async def test_linking_gives_the_link_and_its_task(workshop: Workshop) -> None:
    """Nothing said, the link counts from now, and its task is due at 1500.5 + 100 = 1600.5 hours at once."""
    aircraft = await workshop.aircraft(hours="1500.5")
    program = await workshop.program(HUNDRED_HOURS)

    linked = await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    assert linked.task is not None
    assert (linked.task,) == await workshop.open_tasks(aircraft.id)
    assert (Decimal("1600.5"), True) == (linked.task.due[0].at, linked.made)
    assert (CountsFrom.NOW, linked.link.id) == (linked.link.counts_from, linked.task.link_id)


async def test_linking_again_without_a_word_changes_nothing(workshop: Workshop) -> None:
    """The same request a day and ten flight hours later finds the link and its task as they are."""
    program, aircraft = await linked(workshop)
    (task,) = await workshop.open_tasks(aircraft.id)
    workshop.clock.advance(timedelta(days=1))
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(10)})
    before = await workshop.told()

    again = await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    assert (task.due, False) == (again.task and again.task.due, again.made)
    assert before == await workshop.told()


async def test_a_link_told_to_count_from_now_does(workshop: Workshop) -> None:
    """Ten flight hours later, said so, it counts from 1510.5 hours, and its open task follows."""
    program, aircraft = await linked(workshop)
    workshop.clock.advance(timedelta(days=1))
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(10)})

    again = await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, counts_from=CountsFrom.NOW)

    (task,) = await workshop.open_tasks(aircraft.id)
    assert (task, False) == (again.task, again.made)
    assert Decimal("1610.5") == task.due[0].at


async def test_the_same_last_accomplishment_again_changes_nothing(workshop: Workshop) -> None:
    """What the link counts from already is no news; another accomplishment is."""
    program, aircraft = await linked(workshop)
    baseline = Baseline(on=workshop.clock.now().date(), readings={"hours": Decimal(1450)})
    first = await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, baseline=baseline)

    same = await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, baseline=baseline)
    other = await workshop.link_aircraft(
        workshop.actor, program.id, aircraft.id, baseline=evolve(baseline, readings={"hours": Decimal(1460)})
    )

    assert first.link == same.link
    assert first.link.version < other.link.version
    assert other.task is not None
    assert Decimal(1560) == other.task.due[0].at


async def test_a_link_taken_up_again_makes_its_task(workshop: Workshop) -> None:
    """Ended and linked again with a word, there is a task anew, counting from the accomplishment given at first."""
    aircraft = await workshop.aircraft(hours="1500.5")
    program = await workshop.program(HUNDRED_HOURS)
    baseline = Baseline(on=None, readings={"hours": Decimal(1450)})
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, baseline=baseline)
    await workshop.end_link(workshop.actor, program.id, aircraft.id, reason="leased out")

    again = await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    assert again.task is not None
    assert (Decimal(1550), True) == (again.task.due[0].at, again.made)


async def test_a_correction_of_what_flew_before_it_moves_a_last_accomplishment(workshop: Workshop) -> None:
    """Done on the day of a flight that is corrected from 10 to 9 hours, it was done one hour earlier."""
    aircraft = await workshop.aircraft(hours="1500.5")
    program = await workshop.program(HUNDRED_HOURS)
    workshop.clock.advance(timedelta(days=1))
    _, flight, _ = await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(10)})
    done_on = workshop.clock.now().date()
    workshop.clock.advance(timedelta(days=1))
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(10)})
    baseline = Baseline(on=done_on, readings={"hours": Decimal("1510.5")})
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, baseline=baseline)

    await workshop.correct_usage(workshop.actor, aircraft.id, flight.id, deltas={"hours": Decimal(9)}, reason="misread")

    (task,) = await workshop.open_tasks(aircraft.id)
    assert Decimal("1609.5") == task.due[0].at


async def test_an_accomplishment_that_cannot_have_been_is_refused(workshop: Workshop) -> None:
    """One of tomorrow and one ahead of the aircraft are refused, both at once; what is no reading is invalid."""
    program, aircraft = await linked(workshop)
    tomorrow = workshop.clock.now().date() + timedelta(days=1)

    with pytest.raises(Refused) as refused:
        await workshop.link_aircraft(
            workshop.actor,
            program.id,
            aircraft.id,
            baseline=Baseline(on=tomorrow, readings={"hours": Decimal(1501)}),
        )
    with pytest.raises(InvalidInput) as invalid:
        await workshop.link_aircraft(
            workshop.actor,
            program.id,
            aircraft.id,
            baseline=Baseline(on=None, readings={"hours": Decimal("0.001"), "cycles": Decimal(-1), "days": Decimal(1)}),
        )

    assert [violation.code for violation in refused.value.violations] == ["completed_in_future", "ahead_of_total"]
    assert [violation.subject for violation in invalid.value.violations] == [
        "baseline/readings/hours",
        "baseline/readings/cycles",
        "baseline/readings/days",
    ]


async def test_a_link_of_another_version_is_neither_changed_nor_ended(workshop: Workshop) -> None:
    """Who expects an earlier version, or one where there is no link, is told."""
    program, aircraft = await linked(workshop)
    other = await workshop.aircraft("N2")

    for attempt in (
        workshop.link_aircraft(workshop.actor, program.id, aircraft.id, expected_version=9),
        workshop.link_aircraft(workshop.actor, program.id, other.id, expected_version=1),
        workshop.end_link(workshop.actor, program.id, aircraft.id, reason="sold", expected_version=9),
    ):
        with pytest.raises(VersionMismatch):
            await attempt


async def test_many_are_linked_at_once_each_from_its_own_accomplishment(workshop: Workshop) -> None:
    """Two with an accomplishment and one without: three tasks at once, in the order given, the last one unknown."""
    fleet = [await workshop.aircraft(f"N{number}", hours="1000") for number in range(3)]
    program = await workshop.program(HUNDRED_HOURS)
    items = [
        NewLink(aircraft_id=fleet[1].id, counting=done_at("950")),
        NewLink(aircraft_id=fleet[0].id, counting=done_at("990.5")),
        NewLink(aircraft_id=fleet[2].id),
    ]

    links = await workshop.link_many(workshop.actor, program.id, items)

    due = [one.task.due[0].at for one in links if one.task is not None]
    assert [Decimal(1050), Decimal("1090.5"), None] == due
    assert [fleet[1].id, fleet[0].id, fleet[2].id] == [one.link.aircraft_id for one in links]
    assert all(one.made for one in links)
    assert CountsFrom.UNKNOWN is links[2].link.counts_from


async def test_what_is_linked_by_the_many_counts_from_what_the_program_says(workshop: Workshop) -> None:
    """A program whose links count from now is put on an aircraft so."""
    aircraft = await workshop.aircraft(hours="1000")
    terms = ProgramTerms(requirement=Requirement(limits=(HUNDRED_HOURS,)), links_count_from=CountsFrom.NOW)
    program = await workshop.write_program(workshop.actor, name="A", terms=terms)

    (one,) = await workshop.link_many(workshop.actor, program.id, [NewLink(aircraft_id=aircraft.id)])

    assert one.task is not None
    assert Decimal(1100) == one.task.due[0].at


async def test_many_or_none_are_linked(workshop: Workshop) -> None:
    """An unknown aircraft among them is named, and no other is linked."""
    aircraft = await workshop.aircraft()
    program = await workshop.program(HUNDRED_HOURS)

    with pytest.raises(NotFound, match=str(NOWHERE)):
        await workshop.link_many(
            workshop.actor, program.id, [NewLink(aircraft_id=aircraft.id), NewLink(aircraft_id=NOWHERE)]
        )

    assert await workshop.open_tasks(aircraft.id) == ()


async def test_all_that_stands_against_linking_many_is_said(workshop: Workshop) -> None:
    """A link that counts from something else and an accomplishment ahead of the aircraft are both named by place."""
    program, aircraft = await linked(workshop)
    other = await workshop.aircraft("N2", hours="10")
    items = [
        NewLink(aircraft_id=aircraft.id, counting=done_at("1400")),
        NewLink(aircraft_id=other.id, counting=done_at("11")),
    ]

    with pytest.raises(Refused) as refused:
        await workshop.link_many(workshop.actor, program.id, items)

    assert [(violation.code, violation.subject) for violation in refused.value.violations] == [
        ("link_exists", "aircraft/0/aircraft_id"),
        ("ahead_of_total", "aircraft/1/baseline/readings/hours"),
    ]


async def test_linking_many_again_changes_nothing(workshop: Workshop) -> None:
    """The same call again finds the links as they are, said the same or nothing."""
    aircraft = await workshop.aircraft(hours="1000")
    program = await workshop.program(HUNDRED_HOURS)
    item = NewLink(aircraft_id=aircraft.id, counting=done_at("950"))
    (first,) = await workshop.link_many(workshop.actor, program.id, [item])

    (same,) = await workshop.link_many(workshop.actor, program.id, [item])
    (silent,) = await workshop.link_many(workshop.actor, program.id, [NewLink(aircraft_id=aircraft.id)])

    assert evolve(first, made=False) == same == silent


async def test_many_have_a_form(workshop: Workshop) -> None:
    """None, too many, and one named twice are invalid."""
    aircraft = await workshop.aircraft()
    program = await workshop.program(HUNDRED_HOURS)
    item = NewLink(aircraft_id=aircraft.id)

    codes = []
    for items in ([], [item] * (MOST_LINKS + 1), [item, item]):
        with pytest.raises(InvalidInput) as invalid:
            await workshop.link_many(workshop.actor, program.id, items)
        codes.append([violation.code for violation in invalid.value.violations])

    assert codes == [["invalid_count"], ["invalid_count"], ["duplicate_aircraft"]]


async def test_links_are_listed_from_both_sides(workshop: Workshop) -> None:
    """A program's aircraft and an aircraft's programs come with registration, name, open task and due status."""
    program, aircraft = await linked(workshop)
    other = await workshop.aircraft("N2")
    await workshop.link_aircraft(workshop.actor, program.id, other.id, counts_from=CountsFrom.UNKNOWN)
    (task,) = await workshop.open_tasks(aircraft.id)

    of_program = await workshop.list_links_of_program(workshop.actor, program.id, PageRequest())
    of_aircraft = await workshop.list_programs_of_aircraft(workshop.actor, aircraft.id, PageRequest())

    assert [(view.registration, view.assessment and view.assessment.status) for view in of_program.items] == [
        ("N12345", DueStatus.OK),
        ("N2", DueStatus.UNKNOWN),
    ]
    assert [("100-Hour Inspection", task)] == [(view.program, view.task) for view in of_aircraft.items]
    assert of_aircraft.items[0] == await workshop.get_link(workshop.actor, program.id, aircraft.id)


async def test_ended_links_are_listed_apart(workshop: Workshop) -> None:
    """A link that ended is in the list of ended ones, where nothing is due; both its sides have to exist."""
    program, aircraft = await linked(workshop)
    await workshop.end_link(workshop.actor, program.id, aircraft.id, reason="sold")

    active = await workshop.list_links_of_program(workshop.actor, program.id, PageRequest())
    ended = await workshop.list_programs_of_aircraft(workshop.actor, aircraft.id, PageRequest(), ended=True)

    assert active.items == ()
    assert [(view.link.end_reason, view.task, view.assessment) for view in ended.items] == [("sold", None, None)]
    with pytest.raises(NotFound):
        await workshop.list_programs_of_aircraft(workshop.actor, NOWHERE, PageRequest())
    with pytest.raises(NotFound):
        await workshop.get_link(workshop.actor, program.id, (await workshop.aircraft("N2")).id)


async def test_the_history_of_an_aircraft_has_the_latest_first(workshop: Workshop) -> None:
    """Completed, voided and cancelled work come by when they were closed, not by when they were made."""
    aircraft = await workshop.add_aircraft(workshop.actor, registration="N1", particulars=Particulars())
    programs = [await workshop.program(HUNDRED_HOURS, name=name) for name in ("A", "B", "C")]
    tasks = [(await workshop.link_aircraft(workshop.actor, one.id, aircraft.id)).task for one in programs]
    first, second, third = (task for task in tasks if task is not None)
    for task in (third, first):
        workshop.clock.advance(timedelta(days=1))
        await workshop.start_task(workshop.actor, task.id)
        await workshop.complete_task(workshop.actor, task.id, Report(notes="as usual"))
    workshop.clock.advance(timedelta(days=1))
    await workshop.cancel_task(workshop.actor, second.id, reason="not needed")
    await workshop.void_completion(workshop.actor, third.id, reason="wrong aircraft")

    newest = await workshop.aircraft_history(workshop.actor, aircraft.id, PageRequest(limit=2))
    rest = await workshop.aircraft_history(workshop.actor, aircraft.id, PageRequest(limit=2, after=newest.next_after))

    assert [one.program for one in (*newest.items, *rest.items)] == ["B", "A", "C"]
    assert rest.items[0].task.voiding is not None
    assert rest.next_after is None
    with pytest.raises(NotFound):
        await workshop.aircraft_history(workshop.actor, NOWHERE, PageRequest())
