"""Writing, changing, archiving and finding programs."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve

from amss_domain.access.model import Role
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.ports import ProgramFilter
from amss_domain.scheduling.program import (
    Applicability,
    AppliesTo,
    CountsFrom,
    Program,
    ProgramTerms,
    RequiredPart,
    simple_requirement,
    violations_of_program,
)
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.generate_due_tasks import Generated
from amss_domain.shared.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    NotPermitted,
    Refused,
    VersionMismatch,
)
from amss_domain.shared.ids import PartId, ProgramId
from amss_domain.shared.page import Order, PageRequest
from amss_domain.testing.builders import an_organization
from amss_domain.testing.scheduling_builders import a_program
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Limit(name="hours", unit="hours", interval=Decimal(100))
WHOLE_FLEET = ProgramTerms(
    requirement=Requirement(limits=(HUNDRED_HOURS,)),
    applicability=Applicability(AppliesTo.ALL),
    links_count_from=CountsFrom.NOW,
)
NOWHERE = UUID(int=404)


def every(hours: int) -> Requirement:
    """Return the requirement of so many hours."""
    return simple_requirement("hours", hours)


async def test_a_program_is_read_by_its_id(workshop: Workshop) -> None:
    """What was written is read back; an unknown id is not found."""
    program = await workshop.program(HUNDRED_HOURS)

    assert program == await workshop.get_program(workshop.actor, program.id)
    with pytest.raises(NotFound):
        await workshop.get_program(workshop.actor, ProgramId(NOWHERE))


async def test_programs_are_listed_by_name_and_archived_ones_apart(workshop: Workshop) -> None:
    """The list has programs in force by name; an archived one is in the archive alone, and its name is free."""
    beta = await workshop.program(HUNDRED_HOURS, name="Beta")
    alpha = await workshop.program(HUNDRED_HOURS, name="alpha")
    gone = await workshop.program(HUNDRED_HOURS, name="Gamma")
    archived = await workshop.archive_program(workshop.actor, gone.id)
    again = await workshop.program(HUNDRED_HOURS, name="gamma")

    by_name = PageRequest(order=Order("name"))
    listed = await workshop.list_programs(workshop.actor, by_name)
    archive = await workshop.list_programs(workshop.actor, by_name, filter=ProgramFilter(archived=True))

    assert (alpha, beta, again) == listed.items
    assert (archived,) == archive.items


async def test_a_renamed_program_keeps_its_terms_and_its_links_need_not_follow(workshop: Workshop) -> None:
    """A new name is announced with before and after; no revision begins, and nothing is left to spread."""
    program = await workshop.program(HUNDRED_HOURS, name="Oil")
    await workshop.generate_due_tasks(workshop.actor)

    renamed = await workshop.change_program(workshop.actor, program.id, name=" Oil Change ")

    assert ("Oil Change", program.terms, 1, False) == (
        renamed.name,
        renamed.terms,
        renamed.revision,
        renamed.spreading,
    )
    (entry, *_) = await entries_of(workshop, program)
    assert [(one.field, one.before, one.after) for one in entry.changes] == [("name", "Oil", "Oil Change")]


async def test_a_name_in_use_is_refused(workshop: Workshop) -> None:
    """A program can be renamed to no other's name, whatever the case, but to another spelling of its own."""
    await workshop.program(HUNDRED_HOURS, name="Oil")
    program = await workshop.program(HUNDRED_HOURS, name="Filter")

    with pytest.raises(AlreadyExists):
        await workshop.change_program(workshop.actor, program.id, name="OIL")
    renamed = await workshop.change_program(workshop.actor, program.id, name="FILTER")

    assert renamed.name == "FILTER"


async def test_links_and_open_tasks_follow_changed_limits(workshop: Workshop) -> None:
    """From 100 to 150 hours, the open task is due 50 later once the one program was worked through."""
    aircraft = await workshop.aircraft(hours="1500.5")
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    changed = await workshop.change_program(
        workshop.actor, program.id, terms=lambda terms: evolve(terms, requirement=every(150))
    )
    generated = await workshop.generate_due_tasks(workshop.actor, program_id=program.id)

    (task,) = await workshop.open_tasks(aircraft.id)
    assert Decimal("1650.5") == task.due[0].at
    assert (changed.revision, changed.spreading) == (2, True)
    assert Generated(followed=1) == generated


async def test_spreading_a_program_does_not_change_its_version(workshop: Workshop) -> None:
    """Who read it before its links followed can still change it: If-Match holds."""
    program = await workshop.write_program(workshop.actor, name="A", terms=WHOLE_FLEET)
    await workshop.aircraft()

    await workshop.generate_due_tasks(workshop.actor, program_id=program.id)
    changed = await workshop.change_program(workshop.actor, program.id, name="B", expected_version=program.version)

    assert program.version + 1 == changed.version
    assert not changed.spreading


async def test_a_change_of_another_version_is_refused(workshop: Workshop) -> None:
    """A program changed meanwhile is neither changed nor archived by who expects an earlier version."""
    program = await workshop.program(HUNDRED_HOURS, name="A")
    await workshop.change_program(workshop.actor, program.id, name="B")

    with pytest.raises(VersionMismatch):
        await workshop.change_program(workshop.actor, program.id, name="C", expected_version=program.version)
    with pytest.raises(VersionMismatch):
        await workshop.archive_program(workshop.actor, program.id, expected_version=program.version)


async def test_what_changes_nothing_is_announced_to_nobody(workshop: Workshop) -> None:
    """The same name and terms leave the program in its version, without an entry."""
    program = await workshop.program(HUNDRED_HOURS)
    before = await workshop.told()

    same = await workshop.change_program(workshop.actor, program.id, name=program.name, terms=program.terms)

    assert program == same
    assert before == await workshop.told()


async def test_a_change_is_checked_as_a_whole(workshop: Workshop) -> None:
    """Everything that is wrong with the changed program is said at once, and nothing is saved."""
    program = await workshop.program(HUNDRED_HOURS)

    with pytest.raises(InvalidInput) as refused:
        await workshop.change_program(
            workshop.actor,
            program.id,
            name=" ",
            terms=lambda terms: evolve(terms, requirement=every(-1), estimated_hours=Decimal("NaN")),
        )

    codes = {violation.code for violation in refused.value.violations}
    assert {"invalid_interval", "invalid_name", "invalid_estimated_hours"} == codes
    assert program == await workshop.get_program(workshop.actor, program.id)


async def test_required_parts_have_to_exist(workshop: Workshop) -> None:
    """A part that the organization does not have is not found, when a program is written and when it is changed."""
    program = await workshop.program(HUNDRED_HOURS)
    terms = evolve(program.terms, required_parts=(RequiredPart(PartId(NOWHERE), 1),))

    with pytest.raises(NotFound, match=str(NOWHERE)):
        await workshop.write_program(workshop.actor, name="Other", terms=terms)
    with pytest.raises(NotFound, match=str(NOWHERE)):
        await workshop.change_program(workshop.actor, program.id, terms=terms)


async def test_a_pass_over_one_program_leaves_the_others(workshop: Workshop) -> None:
    """Two programs for all wait: the pass over the first links and makes tasks for that one alone."""
    await workshop.aircraft()
    first = await workshop.write_program(workshop.actor, name="A", terms=WHOLE_FLEET)
    await workshop.write_program(workshop.actor, name="B", terms=WHOLE_FLEET)

    one = await workshop.generate_due_tasks(workshop.actor, program_id=first.id)
    items = await workshop.due_items()
    rest = await workshop.generate_due_tasks(workshop.actor)

    assert Generated(linked=1, tasks=1) == one
    assert [item.program for item in items] == ["A"]
    assert Generated(linked=1, tasks=1) == rest


async def test_a_program_with_open_tasks_is_not_archived(workshop: Workshop) -> None:
    """Each open task is named, twenty at most; with the links ended, the program is archived."""
    program = await workshop.program(HUNDRED_HOURS)
    fleet = [await workshop.aircraft(f"N{number}") for number in range(21)]
    for aircraft in fleet:
        await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    with pytest.raises(Refused) as refused:
        await workshop.archive_program(workshop.actor, program.id)
    (task,) = await workshop.open_tasks(fleet[0].id)
    for aircraft in fleet:
        await workshop.end_link(workshop.actor, program.id, aircraft.id, reason="sold")
    archived = await workshop.archive_program(workshop.actor, program.id)

    assert len(refused.value.violations) == 20
    assert ("task_open", str(task.id)) == (refused.value.violations[0].code, refused.value.violations[0].subject)
    assert archived.archived_at is not None


async def test_of_an_archived_program_nothing_more_falls_due(workshop: Workshop) -> None:
    """A link that waited for its horizon makes no task, comes up nowhere, and no further aircraft is linked."""
    aircraft = await workshop.aircraft(hours="0")
    terms = evolve(WHOLE_FLEET, horizon_percent=Decimal(10))
    program = await workshop.write_program(workshop.actor, name="A", terms=terms)
    await workshop.generate_due_tasks(workshop.actor)
    assert len(await workshop.due_items()) == 1

    await workshop.archive_program(workshop.actor, program.id)
    workshop.clock.advance(timedelta(days=1))
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(20)}, absolute=True)
    await workshop.aircraft("N2")
    generated = await workshop.generate_due_tasks(workshop.actor)

    assert Generated() == generated
    assert await workshop.due_items() == []
    assert await workshop.open_tasks(aircraft.id) == ()


async def test_an_archived_program_stays_as_it_is(workshop: Workshop) -> None:
    """It cannot be changed, archived again, nor put on an aircraft."""
    aircraft = await workshop.aircraft()
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.archive_program(workshop.actor, program.id)

    for attempt in (
        workshop.change_program(workshop.actor, program.id, name="B"),
        workshop.archive_program(workshop.actor, program.id),
        workshop.link_aircraft(workshop.actor, program.id, aircraft.id),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert [violation.code for violation in refused.value.violations] == ["program_archived"]


async def test_a_completed_program_can_be_archived(workshop: Workshop) -> None:
    """After its last occurrence a program has no open task, and its archive keeps what was done."""
    aircraft = await workshop.aircraft()
    terms = evolve(WHOLE_FLEET, last_occurrence=1)
    program = await workshop.write_program(workshop.actor, name="A", terms=terms)
    await workshop.generate_due_tasks(workshop.actor)
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)
    await workshop.complete_task(workshop.actor, task.id, Report())

    await workshop.archive_program(workshop.actor, program.id)

    past = await workshop.aircraft_history(workshop.actor, aircraft.id, PageRequest())
    assert [one.program for one in past.items] == ["A"]


async def test_only_who_may_write_programs_does(workshop: Workshop) -> None:
    """A technician reads programs and neither changes nor archives them."""
    program = await workshop.program(HUNDRED_HOURS)
    _, technician = await workshop.user(Role.TECHNICIAN)

    assert program == await workshop.get_program(technician, program.id)
    for attempt in (
        workshop.change_program(technician, program.id, name="B"),
        workshop.archive_program(technician, program.id),
    ):
        with pytest.raises(NotPermitted):
            await attempt


@pytest.mark.parametrize(("interval_type", "value"), [("hours", 100), ("cycles", 300), ("days", 365)])
def test_a_simple_interval_is_one_limit_with_default_policy(interval_type: str, value: int) -> None:
    """The requirement made from a simple interval says the same simple interval."""
    terms = ProgramTerms(requirement=simple_requirement(interval_type, value))

    assert violations_of_program("A", terms) == ()
    assert (interval_type, value) == program_of(terms).simple_interval


def test_a_simple_interval_knows_no_other_unit() -> None:
    """Months are not an interval type of the simple body; the violation names those there are."""
    with pytest.raises(InvalidInput) as refused:
        simple_requirement("months", 1)

    (violation,) = refused.value.violations
    assert (violation.code, violation.subject) == ("invalid_interval_type", "interval_type")
    assert "hours, cycles, days" in violation.message


def program_of(terms: ProgramTerms) -> Program:
    """Return a program of these terms."""
    return evolve(a_program(org_id=an_organization().id), terms=terms)


async def entries_of(workshop: Workshop, program: Program) -> tuple[AuditEntry, ...]:
    """Return what the audit trail says of the program, newest first."""
    page = await workshop.search_audit(workshop.actor, PageRequest(), filter=AuditFilter(resource_id=program.id))
    return page.items
