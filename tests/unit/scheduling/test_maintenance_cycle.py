"""The maintenance cycle as the original journeys tell it: link, fly, reserve, complete, next."""

from datetime import timedelta
from decimal import Decimal

import pytest

from amss_domain.access.model import Role
from amss_domain.audit.ports import AuditFilter
from amss_domain.inventory.errors import InsufficientParts
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.limit import Limit
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.program import CountsFrom
from amss_domain.scheduling.standing import Baseline
from amss_domain.scheduling.task import Task, TaskStatus
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.due_list import Question
from amss_domain.shared.errors import NotPermitted, Refused
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.workshop import Workshop

HUNDRED_HOURS = Limit(name="hours", unit="hours", interval=Decimal(100))


async def linked(workshop: Workshop, *limits: Limit) -> tuple[AircraftId, Task]:
    """Link an aircraft of 1500.5 hours and 800 cycles to a program; return its id and the task that made."""
    aircraft = await workshop.aircraft(hours="1500.5", cycles=800)
    program = await workshop.program(*(limits or (HUNDRED_HOURS,)))
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id)
    (task,) = await workshop.open_tasks(aircraft.id)
    return aircraft.id, task


async def flown(workshop: Workshop, aircraft_id: AircraftId, hours: str) -> None:
    """Read so many flight hours a fortnight later."""
    workshop.clock.advance(timedelta(days=14))
    await workshop.record_usage(workshop.actor, aircraft_id, {"hours": Decimal(hours)}, absolute=True)


async def test_linking_makes_the_task_due_at_the_totals_plus_the_interval(workshop: Workshop) -> None:
    """A link without a baseline counts from now: 1500.5 + 100 = 1600.5 hours."""
    _, task = await linked(workshop)

    assert Decimal("1600.5") == task.due[0].at
    assert TaskStatus.SCHEDULED is task.status


async def test_usage_near_the_limit_announces_due_soon_once(workshop: Workshop) -> None:
    """At 1595 of 1600.5 the task is due soon, which is told once however often usage is entered."""
    aircraft_id, _ = await linked(workshop)

    await flown(workshop, aircraft_id, "1595.0")
    await flown(workshop, aircraft_id, "1596.0")

    assert (await workshop.told()).count("task.due_soon") == 1
    (task,) = await workshop.open_tasks(aircraft_id)
    assert DueStatus.DUE_SOON is task.announced


async def test_completion_makes_exactly_the_next_task(workshop: Workshop) -> None:
    """Completed at 1605.2 hours, the next task is due at 1705.2, and it is the only open one."""
    aircraft_id, task = await linked(workshop)
    await flown(workshop, aircraft_id, "1595.0")
    await workshop.start_task(workshop.actor, task.id)

    report = Report(readings={"hours": Decimal("1605.2"), "cycles": Decimal(815)}, notes="Replaced oil filter")
    done, following = await workshop.complete_task(workshop.actor, task.id, report)

    assert following is not None
    assert (following,) == await workshop.open_tasks(aircraft_id)
    assert Decimal("1705.2") == following.due[0].at
    assert done.completion is not None
    assert {"hours": Decimal("4.7")} == done.completion.breaches


async def test_a_reading_ahead_of_the_ledger_is_entered_as_usage(workshop: Workshop) -> None:
    """The completion at 1605.2 hours and 815 cycles moves the aircraft's totals there, in the same transaction."""
    aircraft_id, task = await linked(workshop)
    await flown(workshop, aircraft_id, "1595.0")
    await workshop.start_task(workshop.actor, task.id)

    report = Report(readings={"hours": Decimal("1605.2"), "cycles": Decimal(815)})
    await workshop.complete_task(workshop.actor, task.id, report)

    ledger = await workshop.read_ledger(workshop.actor, aircraft_id)
    assert {"hours": Decimal("1605.2"), "cycles": Decimal(815)} == ledger.totals()
    assert ledger.entries[-1].source == "completion"


async def test_every_reason_against_a_completion_is_given_at_once(workshop: Workshop) -> None:
    """A scheduled task, a day to come, a reading behind the ledger and parts never reserved: four reasons at once."""
    _, task = await linked(workshop)
    part = await workshop.part(quantity=1)
    tomorrow = workshop.clock.now().date() + timedelta(days=1)
    report = Report(completed_on=tomorrow, readings={"hours": Decimal(1400)}, parts_used={part.id: 1})

    with pytest.raises(Refused) as refused:
        await workshop.complete_task(workshop.actor, task.id, report)

    codes = {violation.code for violation in refused.value.violations}
    assert {"task_not_in_progress", "completed_in_future", "reading_behind_ledger", "part_not_reserved"} == codes


async def test_reserving_parts_starts_the_task_and_completion_consumes_them(workshop: Workshop) -> None:
    """Two of five filters are reserved and used; three stay on hand and nothing stays reserved."""
    _, task = await linked(workshop)
    part = await workshop.part(quantity=5)

    started, reserved = await workshop.reserve_parts(workshop.actor, task.id, {part.id: 2})
    await workshop.complete_task(workshop.actor, task.id, Report())

    assert TaskStatus.IN_PROGRESS is started.status
    assert [reservation.quantity for reservation in reserved] == [2]
    ((row, _),) = (await workshop.list_stock(workshop.actor, PageRequest())).items
    assert (row.quantity_on_hand, row.quantity_reserved) == (3, 0)
    assert [told for told in await workshop.told() if told in _PART_EVENTS] == ["part.reserved", "part.consumed"]


_PART_EVENTS = ("part.reserved", "part.consumed", "part.released")


async def test_a_shortage_names_the_part_and_leaves_everything_as_it_was(workshop: Workshop) -> None:
    """Six of five filters cannot be reserved: the shortage says so, the task stays scheduled, nothing is held."""
    aircraft_id, task = await linked(workshop)
    part = await workshop.part(quantity=5)

    with pytest.raises(InsufficientParts) as short:
        await workshop.reserve_parts(workshop.actor, task.id, {part.id: 6})

    assert [(one.part_number, one.requested, one.available) for one in short.value.shortages] == [("OIL-FILTER", 6, 5)]
    assert (task,) == await workshop.open_tasks(aircraft_id)


async def test_what_was_reserved_and_not_used_is_released(workshop: Workshop) -> None:
    """Of three reserved filters one was used: two are available again."""
    _, task = await linked(workshop)
    part = await workshop.part(quantity=3)
    await workshop.reserve_parts(workshop.actor, task.id, {part.id: 3})

    await workshop.complete_task(workshop.actor, task.id, Report(parts_used={part.id: 1}))

    ((row, _),) = (await workshop.list_stock(workshop.actor, PageRequest())).items
    assert (row.quantity_on_hand, row.available_quantity) == (2, 2)


async def test_low_stock_is_told_once_per_crossing(workshop: Workshop) -> None:
    """Falling below the minimum of four is told; falling further is not."""
    _, task = await linked(workshop)
    part = await workshop.part(quantity=5, minimum=4)

    await workshop.reserve_parts(workshop.actor, task.id, {part.id: 2})
    await workshop.reserve_parts(workshop.actor, task.id, {part.id: 1})

    assert (await workshop.told()).count("part.low_stock") == 1


async def test_cancelling_replaces_the_task_with_the_same_due_point(workshop: Workshop) -> None:
    """Cancelling satisfies nothing: another task due at 1600.5 stands in its place."""
    aircraft_id, task = await linked(workshop)

    cancelled, replacement = await workshop.cancel_task(workshop.actor, task.id, reason="hangar closed")

    assert replacement is not None
    assert TaskStatus.CANCELLED is cancelled.status
    assert (task.due, task.id) == (replacement.due, replacement.replaces)
    assert (replacement,) == await workshop.open_tasks(aircraft_id)


async def test_voiding_restores_the_due_point_of_before(workshop: Workshop) -> None:
    """A completion at 1500.5 made the next due at 1600.5; voided, the link's open task is due where the first was."""
    aircraft_id, task = await linked(workshop)
    await flown(workshop, aircraft_id, "1550.0")
    await workshop.start_task(workshop.actor, task.id)
    await workshop.complete_task(workshop.actor, task.id, Report())
    (following,) = await workshop.open_tasks(aircraft_id)
    assert Decimal("1650.0") == following.due[0].at

    voided = await workshop.void_completion(workshop.actor, task.id, reason="wrong aircraft")

    (restored,) = await workshop.open_tasks(aircraft_id)
    assert (following.id, task.due) == (restored.id, restored.due)
    assert TaskStatus.COMPLETED is voided.status
    assert voided.voiding is not None


async def test_a_correction_moves_the_due_point_and_reverting_it_restores_that(workshop: Workshop) -> None:
    """An hour taken off an earlier flight moves the completion's effective point and with it the open task's due."""
    aircraft_id, task = await linked(workshop)
    workshop.clock.advance(timedelta(days=1))
    _, flight, _ = await workshop.record_usage(workshop.actor, aircraft_id, {"hours": Decimal("9.5")})
    await workshop.start_task(workshop.actor, task.id)
    await workshop.complete_task(workshop.actor, task.id, Report())

    await workshop.correct_usage(
        workshop.actor, aircraft_id, flight.id, deltas={"hours": Decimal("8.5")}, reason="block time entered"
    )
    (moved,) = await workshop.open_tasks(aircraft_id)
    await workshop.correct_usage(
        workshop.actor, aircraft_id, flight.id, deltas={"hours": Decimal("9.5")}, reason="it was right"
    )
    (restored,) = await workshop.open_tasks(aircraft_id)

    assert Decimal("1609.0") == moved.due[0].at
    assert Decimal("1610.0") == restored.due[0].at


async def test_an_unknown_link_has_a_task_without_a_due_point_until_it_is_done(workshop: Workshop) -> None:
    """Without a baseline the due status is unknown; completing the task is the first baseline."""
    aircraft = await workshop.aircraft(hours="1500.5")
    program = await workshop.program(HUNDRED_HOURS)
    await workshop.link_aircraft(workshop.actor, program.id, aircraft.id, counts_from=CountsFrom.UNKNOWN)
    (item,) = await workshop.due_items()
    assert item.task is not None
    await workshop.start_task(workshop.actor, item.task.id)

    await workshop.complete_task(workshop.actor, item.task.id, Report())

    (known,) = await workshop.due_items()
    assert DueStatus.UNKNOWN is item.assessment.status
    assert {"hours": Decimal("1600.5")} == known.assessment.due


async def test_a_last_accomplishment_given_at_linking_is_the_baseline(workshop: Workshop) -> None:
    """Done at 1450 hours, the next is due at 1550."""
    aircraft = await workshop.aircraft(hours="1500.5")
    program = await workshop.program(HUNDRED_HOURS)
    baseline = Baseline(on=None, readings={"hours": Decimal(1450)})

    await workshop.link_aircraft(
        workshop.actor, program.id, aircraft.id, counts_from=CountsFrom.LAST_COMPLETED, baseline=baseline
    )

    (task,) = await workshop.open_tasks(aircraft.id)
    assert Decimal(1550) == task.due[0].at


async def test_ending_a_link_cancels_its_task_and_linking_again_keeps_what_was_done(workshop: Workshop) -> None:
    """Taken up again, the link still counts from its last accomplishment."""
    aircraft_id, task = await linked(workshop)
    await workshop.start_task(workshop.actor, task.id)
    await workshop.complete_task(workshop.actor, task.id, Report())
    (following,) = await workshop.open_tasks(aircraft_id)
    assert task.program_id is not None

    await workshop.end_link(workshop.actor, task.program_id, aircraft_id, reason="sold")
    ended = await workshop.open_tasks(aircraft_id)
    await flown(workshop, aircraft_id, "1520.0")
    await workshop.link_aircraft(workshop.actor, task.program_id, aircraft_id)

    (again,) = await workshop.open_tasks(aircraft_id)
    assert ended == ()
    assert following.due == again.due


async def test_ending_a_link_waits_for_work_in_progress(workshop: Workshop) -> None:
    """A link whose task is in progress cannot be ended."""
    aircraft_id, task = await linked(workshop)
    await workshop.start_task(workshop.actor, task.id)
    assert task.program_id is not None

    with pytest.raises(Refused, match="in progress"):
        await workshop.end_link(workshop.actor, task.program_id, aircraft_id, reason="sold")


async def test_a_technician_works_on_own_and_unassigned_tasks_only(workshop: Workshop) -> None:
    """Whoever starts an unassigned task takes it; another technician is turned away."""
    _, task = await linked(workshop)
    anna, by_anna = await workshop.user(Role.TECHNICIAN, email="anna@example.org")
    _, by_ben = await workshop.user(Role.TECHNICIAN, email="ben@example.org")

    started = await workshop.start_task(by_anna, task.id)

    assert anna.id == started.assignee
    with pytest.raises(NotPermitted, match="somebody else"):
        await workshop.complete_task(by_ben, task.id, Report())


async def test_a_viewer_changes_nothing(workshop: Workshop) -> None:
    """A viewer sees the due list and may not start what is on it."""
    _, task = await linked(workshop)
    _, viewer = await workshop.user(Role.VIEWER)

    with pytest.raises(NotPermitted, match="tasks:execute"):
        await workshop.start_task(viewer, task.id)

    page = await workshop.list_tasks(viewer, PageRequest(), filter=TaskFilter())
    assert [task.id] == [view.task.id for view in page.items]


async def test_the_audit_trail_tells_the_cycle(workshop: Workshop) -> None:
    """Every step is an entry with the actor, and the completion's entry holds the status before and after."""
    aircraft_id, task = await linked(workshop)
    await flown(workshop, aircraft_id, "1595.0")
    await workshop.start_task(workshop.actor, task.id)
    await workshop.complete_task(workshop.actor, task.id, Report())

    page = await workshop.search_audit(workshop.actor, PageRequest(), filter=AuditFilter(resource_id=task.id))

    assert [entry.action for entry in page.items] == ["completed", "started", "due_soon", "created"]
    status = next(change for change in page.items[0].changes if change.field == "status")
    assert (status.before, status.after) == ("in_progress", "completed")
    assert {"worker"} == {entry.actor_name for entry in page.items}


async def test_the_due_list_explains_itself(workshop: Workshop) -> None:
    """Asked why, an item carries its trace down to the arithmetic."""
    await linked(workshop)

    (item,) = await workshop.due_items(Question(explain=True))

    assert any("1500.5 + interval of 100 hours" in line for line in item.trace)


async def test_days_passing_are_announced_once(workshop: Workshop) -> None:
    """A task due in 30 days is due soon 27 days later, and overdue after 31; each is told once."""
    aircraft_id, _ = await linked(workshop, Limit(name="days", unit="days", interval=Decimal(30)))

    told = []
    for days in (27, 4, 1):
        workshop.clock.advance(timedelta(days=days))
        told.append(await workshop.announce_due_changes(workshop.actor))

    (task,) = await workshop.open_tasks(aircraft_id)
    assert told == [1, 1, 0]
    assert DueStatus.OVERDUE is task.announced
