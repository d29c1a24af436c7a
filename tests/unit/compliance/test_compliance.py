"""Whether aircraft may be dispatched, and every reason why not."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve

from amss_domain.access.model import Role
from amss_domain.compliance.model import AircraftCompliance, AircraftStatus
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import CountsFrom, Priority, ProgramTerms
from amss_domain.scheduling.task import Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.actor import ActorKind
from amss_domain.shared.errors import NotFound, NotPermitted
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(100), grace=Decimal(10)),))


async def linked(workshop: Workshop, *, mandatory: bool = True, counts_from: CountsFrom = CountsFrom.NOW) -> Aircraft:
    """Put a program of 100 hours and a grace of 10 on a new aircraft of no hours."""
    aircraft = await workshop.aircraft()
    terms = ProgramTerms(requirement=HUNDRED_HOURS, mandatory=mandatory)
    program = await workshop.write_program(workshop.actor, name="Inspection", terms=terms)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, counts_from=counts_from)
    return aircraft


async def flown(workshop: Workshop, aircraft: Aircraft, hours: int) -> AircraftCompliance:
    """Read so many hours ten days later; return what is said of the aircraft then."""
    workshop.clock.advance(timedelta(days=10))
    await workshop.record_usage(workshop.actor, aircraft.id, {"hours": Decimal(hours)}, absolute=True)
    return await workshop.assess_aircraft(workshop.actor, aircraft.id)


def codes_of(said: AircraftCompliance) -> list[str]:
    """Return the codes of the reasons against."""
    return [reason.code for reason in said.reasons]


async def test_an_aircraft_with_nothing_overdue_is_serviceable(workshop: Workshop) -> None:
    """Due, and past due within grace, are lawful: the aircraft may be dispatched."""
    aircraft = await linked(workshop)

    at_limit = await flown(workshop, aircraft, 100)
    within_grace = await flown(workshop, aircraft, 110)

    for said in (at_limit, within_grace):
        assert (said.status, said.dispatchable, said.reasons) == (AircraftStatus.SERVICEABLE, True, ())


async def test_overdue_mandatory_work_grounds_an_aircraft_until_it_is_done(workshop: Workshop) -> None:
    """Past the grace it is grounded, for the task that is named; completed, it is serviceable again."""
    aircraft = await linked(workshop)
    overdue = await flown(workshop, aircraft, 111)
    (task,) = await workshop.open_tasks(aircraft.id)

    await workshop.start_task(workshop.actor, task.id)
    worked_on = await workshop.assess_aircraft(workshop.actor, aircraft.id)
    await workshop.complete_task(workshop.actor, task.id, Report())
    done = await workshop.assess_aircraft(workshop.actor, aircraft.id)

    assert (overdue.status, overdue.dispatchable) == (AircraftStatus.GROUNDED, False)
    assert [("mandatory_overdue", str(task.id))] == [(one.code, one.subject) for one in overdue.reasons]
    assert (
        worked_on.status,
        codes_of(worked_on),
    ) == (AircraftStatus.GROUNDED, ["mandatory_overdue", "work_in_progress"])
    assert (done.status, done.dispatchable) == (AircraftStatus.SERVICEABLE, True)


async def test_an_unknown_baseline_of_mandatory_work_grounds_an_aircraft(workshop: Workshop) -> None:
    """Nothing says when it was last done, which is never treated as fine."""
    aircraft = await linked(workshop, counts_from=CountsFrom.UNKNOWN)

    said = await workshop.assess_aircraft(workshop.actor, aircraft.id)

    assert (said.status, codes_of(said)) == (AircraftStatus.GROUNDED, ["mandatory_unknown"])


@pytest.mark.parametrize("counts_from", [CountsFrom.NOW, CountsFrom.UNKNOWN])
async def test_what_is_not_mandatory_grounds_nothing(workshop: Workshop, counts_from: CountsFrom) -> None:
    """Recommended work that is overdue or unknown leaves the aircraft serviceable."""
    aircraft = await linked(workshop, mandatory=False, counts_from=counts_from)

    said = await flown(workshop, aircraft, 500)

    assert (said.status, said.dispatchable) == (AircraftStatus.SERVICEABLE, True)


async def test_an_aircraft_that_is_worked_on_is_in_maintenance(workshop: Workshop) -> None:
    """Work in progress keeps it from being dispatched, whether the work is due or not."""
    aircraft = await linked(workshop)
    (task,) = await workshop.open_tasks(aircraft.id)
    await workshop.start_task(workshop.actor, task.id)

    said = await workshop.assess_aircraft(workshop.actor, aircraft.id)

    assert (said.status, said.dispatchable) == (AircraftStatus.IN_MAINTENANCE, False)
    assert [("work_in_progress", str(task.id))] == [(one.code, one.subject) for one in said.reasons]


async def test_a_defect_that_keeps_it_on_the_ground_does(workshop: Workshop) -> None:
    """Unplanned work of the priority `aog` grounds the aircraft; other unplanned work does not."""
    aircraft = await workshop.aircraft()
    await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Repaint"))
    before = await workshop.assess_aircraft(workshop.actor, aircraft.id)

    await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Flat tyre", priority=Priority.AOG))

    after = await workshop.assess_aircraft(workshop.actor, aircraft.id)
    assert AircraftStatus.SERVICEABLE is before.status
    assert (after.status, codes_of(after)) == (AircraftStatus.GROUNDED, ["aircraft_on_ground"])


async def test_the_fleet_is_assessed_page_by_page(workshop: Workshop) -> None:
    """Every aircraft comes once, each with its own reasons."""
    grounded = await linked(workshop, counts_from=CountsFrom.UNKNOWN)
    others = [await workshop.aircraft(f"N{number}") for number in range(2)]

    first = await workshop.assess_fleet(workshop.actor, PageRequest(limit=2))
    rest = await workshop.assess_fleet(workshop.actor, PageRequest(limit=2, after=first.next_after))

    assert [(one.registration, one.dispatchable) for one in (*first.items, *rest.items)] == [
        (grounded.registration, False),
        *((other.registration, True) for other in others),
    ]
    assert rest.next_after is None


async def test_who_may_read_reports_may_ask(workshop: Workshop) -> None:
    """A viewer is told; an API key without the permission is not, and an unknown aircraft is not found."""
    aircraft = await workshop.aircraft()
    _, viewer = await workshop.user(Role.VIEWER)
    key = evolve(viewer, kind=ActorKind.API_KEY, permissions=frozenset({"tasks:read"}))

    assert (await workshop.assess_aircraft(viewer, aircraft.id)).dispatchable
    with pytest.raises(NotPermitted):
        await workshop.assess_aircraft(key, aircraft.id)
    with pytest.raises(NotPermitted):
        await workshop.assess_fleet(key, PageRequest())
    with pytest.raises(NotFound):
        await workshop.assess_aircraft(viewer, AircraftId(UUID(int=404)))
