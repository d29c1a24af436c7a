"""Listing reservations, releasing them, and what is told of parts that are short."""

import pytest

from amss_domain.access.model import Role
from amss_domain.inventory.errors import InsufficientParts, Shortage
from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import ReservationFilter
from amss_domain.inventory.stock import Reservation, ReservationStatus
from amss_domain.scheduling.task import Task, Work
from amss_domain.shared.errors import NotFound, NotPermitted, Refused, VersionMismatch
from amss_domain.shared.ids import PartId, ReservationId, TaskId
from amss_domain.shared.page import NEWEST_FIRST, PageRequest
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.workshop import Workshop


async def held_by_a_task(workshop: Workshop, part: Part, quantity: int) -> tuple[Task, Reservation]:
    """Reserve so many of the part, which lie in one row, for a task of its own."""
    aircraft = await workshop.aircraft(f"N{FRESH_IDS.new().hex}")
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Job"))
    task, (reservation,) = await workshop.reserve_parts(workshop.actor, task.id, {part.id: quantity})
    return task, reservation


async def test_a_released_reservation_is_available_again(workshop: Workshop) -> None:
    """The row gives it back, nothing has moved, and who listens is told for which task."""
    part = await workshop.part(quantity=5)
    task, held = await held_by_a_task(workshop, part, 3)
    _, technician = await workshop.user(Role.TECHNICIAN)

    released = await workshop.release_reservation(technician, held.id, expected_version=1)

    assert (released.id, released.status, released.version) == (held.id, ReservationStatus.RELEASED, 2)
    ((row, _),) = (await workshop.list_stock(workshop.actor, PageRequest())).items
    assert (row.quantity_on_hand, row.quantity_reserved) == (5, 0)
    assert len((await workshop.list_movements(workshop.actor, row.id, PageRequest())).items) == 1
    latest, *_ = await workshop.tenant.entries()
    assert (latest.resource_type, latest.action, latest.resource_id) == ("part", "released", part.id)
    assert latest.data["task_id"] == str(task.id)
    assert latest.data["quantity"] == 3


async def test_a_reservation_that_has_ended_is_not_released(workshop: Workshop) -> None:
    """Neither one released before nor one that was used up, and nothing is given back twice."""
    part = await workshop.part(quantity=5)
    _, held = await held_by_a_task(workshop, part, 2)
    await workshop.release_reservation(workshop.actor, held.id)

    with pytest.raises(Refused, match="released already") as refused:
        await workshop.release_reservation(workshop.actor, held.id)

    assert [violation.code for violation in refused.value.violations] == ["reservation_ended"]
    ((row, _),) = (await workshop.list_stock(workshop.actor, PageRequest())).items
    assert row.available_quantity == 5


async def test_a_reservation_is_released_in_the_version_expected_alone(workshop: Workshop) -> None:
    """One that changed meanwhile is told as another version, also when it has ended."""
    part = await workshop.part(quantity=5)
    _, held = await held_by_a_task(workshop, part, 2)

    with pytest.raises(VersionMismatch):
        await workshop.release_reservation(workshop.actor, held.id, expected_version=2)

    await workshop.release_reservation(workshop.actor, held.id)
    with pytest.raises(VersionMismatch):
        await workshop.release_reservation(workshop.actor, held.id, expected_version=1)


async def test_reservations_are_listed_with_what_they_hold(workshop: Workshop) -> None:
    """Each comes with its row and its part; filters leave the rest out, ended ones among them."""
    bolts, nuts = await workshop.part("BOLT", quantity=9), await workshop.part("NUT", quantity=9)
    first, held = await held_by_a_task(workshop, bolts, 2)
    _, other = await held_by_a_task(workshop, nuts, 3)
    released = await workshop.release_reservation(workshop.actor, other.id)
    by, reserved = workshop.actor, (ReservationStatus.RESERVED,)

    everything = await workshop.list_reservations(by, PageRequest(order=NEWEST_FIRST))
    of_task = await workshop.list_reservations(by, PageRequest(), filter=ReservationFilter(task_id=first.id))
    of_part = await workshop.list_reservations(by, PageRequest(), filter=ReservationFilter(part_id=nuts.id))
    still = await workshop.list_reservations(by, PageRequest(), filter=ReservationFilter(statuses=reserved))

    listed = [(one, row.part_id, part.part_number) for one, row, part in everything.items]
    assert listed == [(released, nuts.id, "NUT"), (held, bolts.id, "BOLT")]
    assert [one for one, _, _ in of_task.items] == [held]
    assert [one for one, _, _ in of_part.items] == [released]
    assert [one for one, _, _ in still.items] == [held]


async def test_the_reservations_of_nothing_known_are_not_found(workshop: Workshop) -> None:
    """An unknown reservation, and a filter that names an unknown task or part."""
    by, request = workshop.actor, PageRequest()
    tries = [
        (workshop.release_reservation(by, ReservationId(FRESH_IDS.new())), "reservation"),
        (workshop.list_reservations(by, request, filter=ReservationFilter(task_id=TaskId(FRESH_IDS.new()))), "task"),
        (workshop.list_reservations(by, request, filter=ReservationFilter(part_id=PartId(FRESH_IDS.new()))), "part"),
    ]

    for one, kind in tries:
        with pytest.raises(NotFound) as missing:
            await one

        assert missing.value.kind == kind


async def test_viewers_release_nothing(workshop: Workshop) -> None:
    """Whoever may reserve parts may give them back; a viewer looks."""
    _, held = await held_by_a_task(workshop, await workshop.part(quantity=1), 1)
    _, viewer = await workshop.user(Role.VIEWER)
    assert len((await workshop.list_reservations(viewer, PageRequest())).items) == 1

    with pytest.raises(NotPermitted):
        await workshop.release_reservation(viewer, held.id)


async def test_every_short_part_is_told_with_what_there_is(workshop: Workshop) -> None:
    """The error has the part, its number, how many were asked for and how many there are, for each short one."""
    bolts, nuts = await workshop.part("BOLT", quantity=2), await workshop.part("NUT")
    washers = await workshop.part("WASHER", quantity=5)
    aircraft = await workshop.aircraft()
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Job"))

    with pytest.raises(InsufficientParts) as short:
        await workshop.reserve_parts(workshop.actor, task.id, {nuts.id: 1, bolts.id: 3, washers.id: 5})

    assert short.value.shortages == (
        Shortage(part_id=nuts.id, part_number="NUT", requested=1, available=0),
        Shortage(part_id=bolts.id, part_number="BOLT", requested=3, available=2),
    )
    assert [(one.code, one.subject) for one in short.value.violations] == [
        ("insufficient_parts", str(nuts.id)),
        ("insufficient_parts", str(bolts.id)),
    ]
