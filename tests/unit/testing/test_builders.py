"""What builders build is what the rules admit, and never collides."""

import pytest

from amss_adapters.memory import MemoryBackend
from amss_domain.access.form import violations_of_organization, violations_of_user
from amss_domain.fleet.aircraft import violations_of_particulars, violations_of_registration
from amss_domain.fleet.ledger import EntryKind
from amss_domain.inventory.part import violations_of_part
from amss_domain.scheduling.program import AppliesTo, violations_of_program
from amss_domain.scheduling.task import TaskStatus
from amss_domain.shared.ids import OrgId
from amss_domain.testing.builders import (
    a_movement,
    a_part,
    a_reservation,
    a_user,
    an_actor,
    an_aircraft,
    an_entry,
    an_organization,
    some_stock,
)
from amss_domain.testing.scheduling_builders import a_limit, a_link, a_program, a_task, three_limits
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY, CountingIds, ManualClock
from amss_domain.testing.tenant import a_tenant

ORG = OrgId(FRESH_IDS.new())


def test_what_is_built_breaks_no_rule() -> None:
    """Every rule of form that a use case would ask admits what the builders build."""
    organization, user, part = an_organization(), a_user(org_id=ORG), a_part(org_id=ORG)
    aircraft, program = an_aircraft(org_id=ORG), a_program(*three_limits(), org_id=ORG, model="A320-214")

    assert violations_of_organization(organization) == ()
    assert violations_of_user(user) == ()
    assert violations_of_part(part.part_number, part.about) == ()
    assert violations_of_registration(aircraft.registration) == ()
    assert violations_of_particulars(aircraft.particulars) == ()
    assert violations_of_program(program.name, program.terms) == ()
    assert program.terms.applicability.applies_to is AppliesTo.MODEL


def test_what_is_built_twice_does_not_collide() -> None:
    """Ids and the keys made of them differ from one call to the next."""
    built = [(an_organization(), a_user(org_id=ORG), a_part(org_id=ORG), an_aircraft(org_id=ORG)) for _ in range(3)]
    part = built[0][2]

    keys = {
        key
        for organization, user, own, aircraft in built
        for key in (organization.id, organization.slug, user.email, own.part_number, aircraft.registration)
    }

    assert len(keys) == 15
    assert some_stock(part).place != some_stock(part).place


def test_what_belongs_together_refers_to_each_other() -> None:
    """A link, a task, a row, a movement and a reservation point to what they were built from."""
    aircraft, program, part = (
        an_aircraft(org_id=ORG, hours=100),
        a_program(a_limit("hours", 50), org_id=ORG),
        a_part(org_id=ORG),
    )
    link = a_link(aircraft, program)
    task = a_task(aircraft, link)
    row = some_stock(part, 4, reserved=1)

    assert (link.aircraft_id, link.program_id) == (aircraft.id, program.id)
    assert (task.aircraft_id, task.link_id, task.program_id) == (aircraft.id, link.id, program.id)
    assert [point.at for point in task.due] == [150]
    assert (row.part_id, row.available_quantity) == (part.id, 3)
    assert a_movement(row).stock_id == row.id
    assert (a_reservation(row, task.id).stock_id, a_reservation(row, task.id).task_id) == (row.id, task.id)


def test_states_are_complete() -> None:
    """A completed task has its record, a cancelled one its reason, a correction what it corrects."""
    aircraft, user = an_aircraft(org_id=ORG), a_user(org_id=ORG)
    done = a_task(aircraft, completed_on=TODAY, voided_at=NOON)
    flown = an_entry()

    assert (done.status, done.counts) == (TaskStatus.COMPLETED, False)
    assert a_task(aircraft, status=TaskStatus.CANCELLED).cancel_reason is not None
    assert an_entry(position=2, corrects=flown).corrects == flown.id
    assert an_entry(position=2, corrects=flown).kind is EntryKind.CORRECTION
    assert (an_actor(user).id, an_actor(user).role) == (str(user.id), user.role.value)


async def test_nothing_becomes_something_else() -> None:
    """Saving one kind of thing as another is a fault of the test that does so."""
    tenant = await a_tenant(MemoryBackend(clock=ManualClock(), ids=CountingIds()))

    with pytest.raises(TypeError, match="a Part does not become a User"):
        await tenant.change(a_part(org_id=tenant.id), a_user(org_id=tenant.id))
