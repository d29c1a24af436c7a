"""Archiving an aircraft: only when nothing is left to do on it, and from then on it is history."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from amss_domain.access.model import Role
from amss_domain.fleet.aircraft import Aircraft, AircraftChanges
from amss_domain.fleet.ports import AircraftFilter
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.link import Generation
from amss_domain.scheduling.program import ProgramTerms
from amss_domain.scheduling.task import Work
from amss_domain.shared.errors import NotPermitted, Refused, VersionMismatch
from amss_domain.shared.page import PageRequest
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Limit(name="hours", unit="hours", interval=Decimal(100))


async def test_an_archived_aircraft_is_history(workshop: Workshop) -> None:
    """It is found by its id, listed among the archived alone, and its registration is free again."""
    aircraft = await workshop.aircraft("CS-TFA")
    workshop.clock.advance(timedelta(days=1))

    archived = await workshop.archive_aircraft(workshop.actor, aircraft.id)

    assert archived.archived_at == workshop.clock.now()
    assert await workshop.get_aircraft(workshop.actor, aircraft.id) == archived
    assert (await workshop.told())[-1] == "aircraft.archived"
    assert (await workshop.list_aircraft(workshop.actor, PageRequest())).items == ()
    listed = await workshop.list_aircraft(workshop.actor, PageRequest(), filter=AircraftFilter(archived=True))
    assert listed.items == (archived,)
    await workshop.aircraft("cs-tfa")


async def test_open_tasks_keep_an_aircraft_in_the_fleet(workshop: Workshop) -> None:
    """Every open task is a reason against, with what would end it; nothing is changed."""
    aircraft = await workshop.aircraft()
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Replace the tyre"))
    tasks = {str(task.id): task.work.title for task in await workshop.open_tasks(aircraft.id)}

    with pytest.raises(Refused) as raised:
        await workshop.archive_aircraft(workshop.actor, aircraft.id)

    reasons = {one.subject: one.message for one in raised.value.violations}
    assert {one.code for one in raised.value.violations} == {"task_open"}
    assert reasons.keys() == tasks.keys()
    for task, title in tasks.items():
        way_out = "cancel it" if title == "Replace the tyre" else "take its program off the aircraft"
        assert title in (reasons[task] or "")
        assert way_out in (reasons[task] or "")
    assert await workshop.get_aircraft(workshop.actor, aircraft.id) == aircraft


async def test_once_the_work_is_ended_it_may_go(workshop: Workshop) -> None:
    """Cancelling what was planned and taking the programs off clears the way."""
    aircraft = await workshop.aircraft()
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    planned = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Replace the tyre"))
    await workshop.cancel_task(workshop.actor, planned.id, reason="sold")
    await workshop.end_link(workshop.actor, program.id, aircraft.id, reason="sold")

    archived = await workshop.archive_aircraft(workshop.actor, aircraft.id)

    assert archived.archived_at is not None


async def test_programs_that_wait_are_taken_off_with_it(workshop: Workshop) -> None:
    """A link whose task is still to come ends with the aircraft; no pass makes that task any more."""
    aircraft = await workshop.aircraft()
    requirement = Requirement(limits=(HUNDRED_HOURS,))
    terms = ProgramTerms(requirement=requirement, horizon_percent=Decimal(10))
    program = await workshop.write_program(workshop.actor, name="A", terms=terms)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)

    await workshop.archive_aircraft(workshop.actor, aircraft.id)
    generated = await workshop.generate_due_tasks(workshop.actor)

    async with workshop.tenant.open() as uow:
        (link,) = await uow.links.of_aircraft([aircraft.id])
    assert (link.is_active, link.generation, link.end_reason) == (False, Generation.ENDED, "N12345 left the fleet")
    assert generated.tasks == 0
    assert (await workshop.told())[-2:] == ["aircraft.archived", "program.unlinked"]


async def test_archiving_twice_is_archiving_once(workshop: Workshop) -> None:
    """What is archived already stays as it is."""
    aircraft = await workshop.aircraft()
    archived = await workshop.archive_aircraft(workshop.actor, aircraft.id)
    trail = await workshop.tenant.entries()
    workshop.clock.advance(timedelta(days=1))

    again = await workshop.archive_aircraft(workshop.actor, aircraft.id)

    assert again == archived
    assert await workshop.tenant.entries() == trail


Command = Callable[[Workshop, Aircraft], Awaitable[object]]

COMMANDS: dict[str, Command] = {
    "change": lambda shop, one: shop.change_aircraft(shop.actor, one.id, AircraftChanges(model="A320")),
    "plan use": lambda shop, one: shop.put_utilisation(shop.actor, one.id, {}),
    "record": lambda shop, one: shop.record_usage(shop.actor, one.id, {"hours": Decimal(1)}),
    "replace a meter": lambda shop, one: shop.replace_meter(
        shop.actor, one.id, "hours", face_at_removal=Decimal(0), face_at_start=Decimal(0)
    ),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
async def test_nothing_is_changed_or_flown_any_more(workshop: Workshop, command: Command) -> None:
    """An archived aircraft refuses every command, naming itself."""
    aircraft = await workshop.aircraft()
    await workshop.archive_aircraft(workshop.actor, aircraft.id)

    with pytest.raises(Refused) as raised:
        await command(workshop, aircraft)

    assert [(one.code, one.subject) for one in raised.value.violations] == [("aircraft_archived", str(aircraft.id))]


async def test_nothing_is_corrected_any_more(workshop: Workshop) -> None:
    """Its ledger stands, and can be read."""
    aircraft = await workshop.aircraft()
    _, entry, _ = await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(1)})
    await workshop.archive_aircraft(workshop.actor, aircraft.id)

    with pytest.raises(Refused, match="history"):
        await workshop.correct_usage(
            workshop.actor, aircraft.id, entry.id, reason="typing error", deltas={"hours": Decimal(2)}
        )

    assert await workshop.get_usage_entry(workshop.actor, aircraft.id, entry.id) == entry


async def test_a_version_that_was_not_expected_is_refused(workshop: Workshop) -> None:
    """Who decided on another version is told."""
    aircraft = await workshop.aircraft()

    with pytest.raises(VersionMismatch):
        await workshop.archive_aircraft(workshop.actor, aircraft.id, expected_version=7)

    assert (await workshop.archive_aircraft(workshop.actor, aircraft.id, expected_version=1)).version == 2


async def test_who_may_not_write_aircraft_archives_none(workshop: Workshop) -> None:
    """A technician flies them and does not sell them."""
    aircraft = await workshop.aircraft()
    _, technician = await workshop.user(Role.TECHNICIAN)

    with pytest.raises(NotPermitted):
        await workshop.archive_aircraft(technician, aircraft.id)
