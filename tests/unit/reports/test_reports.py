"""What the reports tell of a workshop."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

import pytest
from attrs import evolve, fields

from amss_domain.access.model import Policy, Role
from amss_domain.compliance.model import AircraftStatus
from amss_domain.inventory.part import PartDescription
from amss_domain.reports.fleet import AircraftAvailability, DayAvailability
from amss_domain.reports.overview import Figure
from amss_domain.reports.punctuality import Scope
from amss_domain.reports.stock import StockFigures
from amss_domain.reports.use_cases.availability import Availability
from amss_domain.reports.use_cases.compliance import CompliancePercentage
from amss_domain.reports.use_cases.inventory import InventoryBelowThreshold
from amss_domain.reports.use_cases.summary import Summary
from amss_domain.reports.use_cases.workload import Workload
from amss_domain.reports.workload import DueInWeek, DueOnDay
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.limit import Limit
from amss_domain.scheduling.program import CountsFrom, Priority
from amss_domain.scheduling.standing import Baseline
from amss_domain.scheduling.task import Task, TaskStatus, Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.errors import InvalidInput, NotFound, NotPermitted
from amss_domain.shared.ids import AircraftId, ProgramId
from amss_domain.shared.page import PageRequest
from amss_domain.testing.scheduling_builders import a_limit
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY
from amss_domain.testing.workshop import Workshop

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Reporting(Protocol):
    """Every report of one organization."""

    summary: Summary
    compliance: CompliancePercentage
    inventory: InventoryBelowThreshold
    workload: Workload
    availability: Availability


async def linked(workshop: Workshop, *limits: Limit, registration: str = "N1") -> tuple[AircraftId, ProgramId]:
    """Add an aircraft with a program of its own, counted from today; return both ids."""
    aircraft = await workshop.aircraft(registration)
    program = await workshop.program(*(limits or (a_limit(),)), name=f"Inspection of {registration}")
    await workshop.link_aircraft(
        workshop.actor,
        program.id,
        aircraft.id,
        counts_from=CountsFrom.LAST_COMPLETED,
        baseline=Baseline(on=TODAY, readings=aircraft.totals),
    )
    return aircraft.id, program.id


async def flown_to(workshop: Workshop, aircraft_id: AircraftId, hours: int) -> None:
    """Read so many flight hours a fortnight later."""
    workshop.clock.advance(14 * DAY)
    await workshop.record_usage(workshop.actor, aircraft_id, {"hours": Decimal(hours)}, absolute=True)


async def completed(workshop: Workshop, aircraft_id: AircraftId) -> Task:
    """Do the one open task of the aircraft and return it."""
    (task,) = await workshop.open_tasks(aircraft_id)
    await workshop.start_task(workshop.actor, task.id)
    done, _ = await workshop.complete_task(workshop.actor, task.id, Report())
    return done


async def planned(workshop: Workshop, aircraft_id: AircraftId, start: datetime, end: datetime | None = None) -> Task:
    """Plan work on the aircraft for that time."""
    return await workshop.plan_task(
        workshop.actor, aircraft_id, Work(title="Paint", planned_start=start, planned_end=end)
    )


async def test_the_summary_counts_everything_once(workshop: Workshop, reporting: Reporting) -> None:
    """Fleet, tasks, completions, parts and reservations are told in one look, statuses without any too."""
    first, _ = await linked(workshop)
    await linked(workshop, registration="N2")
    await flown_to(workshop, first, 100)
    await completed(workshop, first)
    await flown_to(workshop, first, 201)
    part = await workshop.part(quantity=1, minimum=5)
    task = await planned(workshop, first, NOON)
    await workshop.reserve_parts(workshop.actor, task.id, {part.id: 1})

    report = await reporting.summary(workshop.actor)

    assert report.aircraft == 2
    assert report.aircraft_by_status == {
        AircraftStatus.SERVICEABLE: 1,
        AircraftStatus.IN_MAINTENANCE: 0,
        AircraftStatus.GROUNDED: 1,
    }
    assert report.open_tasks == 3
    assert report.tasks_by_status == {TaskStatus.SCHEDULED: 2, TaskStatus.DEFERRED: 0, TaskStatus.IN_PROGRESS: 1}
    assert report.tasks_by_due_status == {**dict.fromkeys(DueStatus, 0), DueStatus.OVERDUE: 1, DueStatus.OK: 2}
    assert report.mandatory_overdue == 1
    assert report.completed_last_30_days == 1
    assert (report.parts_below_minimum, report.low_parts, report.open_reservations) == (1, 1, 1)
    assert Figure("tasks_due_status_overdue", 1) in report.rows
    assert len({row.name for row in report.rows}) == len(report.rows)


async def test_thirty_days_end_today(workshop: Workshop, reporting: Reporting) -> None:
    """Work done 29 days ago is recent, 30 days ago it is not."""
    aircraft_id, _ = await linked(workshop)
    await completed(workshop, aircraft_id)

    workshop.clock.advance(29 * DAY)
    recent = await reporting.summary(workshop.actor)
    workshop.clock.advance(DAY)
    past = await reporting.summary(workshop.actor)

    assert (recent.completed_last_30_days, past.completed_last_30_days) == (1, 0)


async def test_days_that_pass_count_before_they_are_announced(workshop: Workshop, reporting: Reporting) -> None:
    """What became overdue overnight is overdue in every report, though no worker has announced it."""
    aircraft_id, _ = await linked(workshop, a_limit("days", 10))
    workshop.clock.advance(11 * DAY)

    summary = await reporting.summary(workshop.actor)
    compliance = await reporting.compliance(workshop.actor, TODAY, TODAY)
    workload = await reporting.workload(workshop.actor, TODAY, TODAY)
    availability = await reporting.availability(workshop.actor)

    assert "task.overdue" not in await workshop.told()
    assert summary.mandatory_overdue == 1
    assert compliance.total.overdue_now == 1
    assert workload.assignments[0].overdue == 1
    assert availability.aircraft[0].status is AircraftStatus.GROUNDED
    await workshop.announce_due_changes(workshop.actor)
    assert await reporting.summary(workshop.actor) == summary
    assert (await reporting.availability(workshop.actor)).aircraft[0].aircraft_id == aircraft_id


async def test_the_share_done_in_time_is_told_with_and_without_grace(workshop: Workshop, reporting: Reporting) -> None:
    """One within its due point, one in its grace, one past it: two of three in time, one of three within due."""
    aircraft_id, program_id = await linked(workshop, a_limit(grace=10))
    done = []
    for hours in (100, 205, 330):
        await flown_to(workshop, aircraft_id, hours)
        done.append(await completed(workshop, aircraft_id))
    today = workshop.clock.now().date()

    report = await reporting.compliance(workshop.actor, TODAY, today)
    await workshop.void_completion(workshop.actor, done[-1].id, reason="wrong aircraft")
    after = await reporting.compliance(workshop.actor, TODAY, today, aircraft_id=aircraft_id, program_id=program_id)

    assert (report.total.completed, report.total.on_time, report.total.within_due) == (3, 2, 1)
    assert report.total.on_time_percentage == Decimal("66.6")
    assert report.total.within_due_percentage == Decimal("33.3")
    assert [(row.scope, row.id, row.name) for row in report.rows] == [
        (Scope.FLEET, None, None),
        (Scope.AIRCRAFT, aircraft_id, "N1"),
        (Scope.PROGRAM, program_id, "Inspection of N1"),
    ]
    assert (after.total.completed, after.total.on_time_percentage) == (2, Decimal("100.0"))
    assert after.total.overdue_now == 1


async def test_nothing_done_is_no_percentage(workshop: Workshop, reporting: Reporting) -> None:
    """A period without completions has no share, neither 0 nor 100."""
    report = await reporting.compliance(workshop.actor, TODAY, TODAY)

    assert (report.total.completed, report.total.on_time_percentage) == (0, None)
    assert report.rows == (report.total,)


async def test_compliance_of_what_is_not_there_is_not_found(workshop: Workshop, reporting: Reporting) -> None:
    """An unknown aircraft or program is no empty report."""
    unknown = FRESH_IDS.new()

    with pytest.raises(NotFound, match="aircraft"):
        await reporting.compliance(workshop.actor, TODAY, TODAY, aircraft_id=AircraftId(unknown))
    with pytest.raises(NotFound, match="program"):
        await reporting.compliance(workshop.actor, TODAY, TODAY, program_id=ProgramId(unknown))


@pytest.mark.parametrize(
    ("since", "until", "codes"),
    [
        (TODAY, TODAY - DAY, ["period_ends_before_it_begins"]),
        (TODAY, TODAY + 3_660 * DAY, ["period_too_long"]),
        (date.min, TODAY, ["out_of_range", "period_too_long"]),
        (TODAY, date.max, ["out_of_range", "period_too_long"]),
    ],
)
async def test_a_period_has_an_end_after_its_beginning(
    workshop: Workshop, reporting: Reporting, since: date, until: date, codes: list[str]
) -> None:
    """Whatever is wrong with the days is told at once, by both reports about a period."""
    for ask in (reporting.compliance, reporting.workload):
        with pytest.raises(InvalidInput) as refused:
            await ask(workshop.actor, since, until)
        assert [one.code for one in refused.value.violations] == codes


async def test_low_parts_are_told_with_what_the_stock_is_worth(workshop: Workshop, reporting: Reporting) -> None:
    """The first page says what all stock is worth in the organization's currency; those that follow do not again."""
    await workshop.change_policy(workshop.actor, Policy(currency="EUR"))
    for number in range(3):
        about = PartDescription(minimum_stock=5, unit_price=Decimal("12.34"), lead_time_days=number)
        part = await workshop.define_part(workshop.actor, part_number=f"PN-{number}", about=about)
        await workshop.receive_stock(workshop.actor, part.id, 2, reason="delivery")

    first = await reporting.inventory(workshop.actor, PageRequest(limit=2))
    second = await reporting.inventory(workshop.actor, PageRequest(limit=2, after=first.page.next_after))

    assert first.currency == "EUR"
    assert first.stock == StockFigures(parts_below_minimum=3, low_parts=3, value=Decimal("74.04"))
    assert [(row.part_number, row.shortage, row.lead_time_days) for row in first.rows] == [
        ("PN-0", 3, 0),
        ("PN-1", 3, 1),
    ]
    assert [row.value for row in second.rows] == [Decimal("24.68")]
    assert (second.stock, second.page.next_after) == (None, None)


async def test_the_workload_is_told_by_people_days_and_weeks(workshop: Workshop, reporting: Reporting) -> None:
    """Users come by name and nobody's work last; days with due dates are summed up by weeks that begin on Monday."""
    zoe, _ = await workshop.user(Role.TECHNICIAN, email="zoe@example.org")
    aircraft = await workshop.aircraft()
    friday = TODAY + 4 * DAY
    for day, hours, who in ((TODAY, "1.5", zoe.id), (friday, "2", None), (TODAY + 7 * DAY, "4", None)):
        work = Work(
            title="Paint", estimated_hours=Decimal(hours), planned_start=NOON, planned_end=NOON + 90 * HOUR / 60
        )
        await workshop.plan_task(workshop.actor, aircraft.id, work, due={"days": day}, assignee=who)

    report = await reporting.workload(workshop.actor, TODAY, TODAY + 7 * DAY)

    assert [(one.assignee, one.open_tasks, one.estimated_hours, one.planned_hours) for one in report.rows] == [
        (zoe.id, 1, Decimal("1.5"), Decimal("1.50")),
        (None, 2, Decimal(6), Decimal("3.00")),
    ]
    assert report.days == (
        DueOnDay(day=TODAY, tasks=1, estimated_hours=Decimal("1.5")),
        DueOnDay(day=friday, tasks=1, estimated_hours=Decimal(2)),
        DueOnDay(day=TODAY + 7 * DAY, tasks=1, estimated_hours=Decimal(4)),
    )
    assert report.weeks == (
        DueInWeek(monday=TODAY, tasks=2, estimated_hours=Decimal("3.5")),
        DueInWeek(monday=TODAY + 7 * DAY, tasks=1, estimated_hours=Decimal(4)),
    )


async def test_days_are_those_of_the_organization(workshop: Workshop, reporting: Reporting) -> None:
    """A window at 23:30 UTC lies on the next day in Tokyo, for the workload as for the availability."""
    await workshop.change_policy(workshop.actor, Policy(time_zone="Asia/Tokyo"))
    aircraft = await workshop.aircraft()
    evening = NOON.replace(hour=23)
    await planned(workshop, aircraft.id, evening, evening + HOUR)

    today = await reporting.workload(workshop.actor, TODAY, TODAY)
    tomorrow = await reporting.workload(workshop.actor, TODAY + DAY, TODAY + DAY)
    availability = await reporting.availability(workshop.actor)

    assert (today.rows[0].planned_tasks, tomorrow.rows[0].planned_tasks) == (0, 1)
    assert [day.available for day in availability.days] == [1, 0, 1, 1, 1, 1, 1, 1]


async def test_the_availability_tells_what_each_aircraft_is_good_for(workshop: Workshop, reporting: Reporting) -> None:
    """Grounded ones never, those worked on not today, planned ones not on their days: so many of the fleet can fly."""
    grounded, _ = await linked(workshop, registration="N1")
    await flown_to(workshop, grounded, 101)
    busy, idle, defect = [await workshop.aircraft(registration) for registration in ("N2", "N3", "N4")]
    now = workshop.clock.now()
    task = await planned(workshop, busy.id, now - 2 * DAY, now - DAY)
    await workshop.start_task(workshop.actor, task.id)
    await planned(workshop, idle.id, now + 2 * DAY, now + 3 * DAY)
    aog = Work(title="Bird strike", priority=Priority.AOG)
    await workshop.plan_task(workshop.actor, defect.id, aog)

    report = await reporting.availability(workshop.actor)

    def line(aircraft_id: AircraftId, registration: str, status: AircraftStatus, **counts: int) -> AircraftAvailability:
        nothing = {"mandatory_overdue": 0, "mandatory_unknown": 0, "aog": 0, "in_progress": 0, "planned_days": 0}
        return AircraftAvailability(
            aircraft_id=aircraft_id, registration=registration, status=status, **(nothing | counts)
        )

    assert report.rows == (
        line(grounded, "N1", AircraftStatus.GROUNDED, mandatory_overdue=1),
        line(busy.id, "N2", AircraftStatus.IN_MAINTENANCE, in_progress=1),
        line(idle.id, "N3", AircraftStatus.SERVICEABLE, planned_days=2),
        line(defect.id, "N4", AircraftStatus.GROUNDED, aog=1),
    )
    today = now.date()
    assert [day.available for day in report.days] == [1, 2, 1, 1, 2, 2, 2, 2]
    assert report.days[0] == DayAvailability(day=today, available=1, aircraft=4)
    assert report.days[0].percentage == Decimal("25.0")
    assert [day.day for day in report.days] == [today + number * DAY for number in range(8)]


async def test_the_availability_can_be_asked_for_from_another_day_on(workshop: Workshop, reporting: Reporting) -> None:
    """From a day to come work in progress does not count any more; a day that is past is refused."""
    aircraft = await workshop.aircraft()
    task = await planned(workshop, aircraft.id, NOON)
    await workshop.start_task(workshop.actor, task.id)

    report = await reporting.availability(workshop.actor, TODAY + DAY)
    with pytest.raises(InvalidInput, match="past"):
        await reporting.availability(workshop.actor, TODAY - DAY)
    with pytest.raises(InvalidInput, match="days from"):
        await reporting.availability(workshop.actor, date.max)

    assert (report.today, report.days[0].day) == (TODAY, TODAY + DAY)
    assert [day.available for day in report.days] == [1] * 8
    assert report.rows[0].status is AircraftStatus.IN_MAINTENANCE


async def test_an_organization_without_aircraft_has_no_availability(workshop: Workshop, reporting: Reporting) -> None:
    """Nothing of nothing is no percentage."""
    report = await reporting.availability(workshop.actor)

    assert {day.percentage for day in report.days} == {None}


def asked(workshop: Workshop, reporting: Reporting) -> dict[str, Callable[..., Awaitable[Any]]]:
    """Return every report, to be asked for by an actor."""
    return {
        "summary": reporting.summary,
        "compliance": lambda by: reporting.compliance(by, TODAY, TODAY),
        "inventory": lambda by: reporting.inventory(by, PageRequest()),
        "workload": lambda by: reporting.workload(by, TODAY, TODAY),
        "availability": reporting.availability,
    }


@pytest.mark.parametrize("name", ["summary", "compliance", "inventory", "workload", "availability"])
async def test_every_report_is_a_table_too(workshop: Workshop, reporting: Reporting, name: str) -> None:
    """Its rows are all of the kind it names, and their fields are plain values that fit into cells."""
    aircraft_id, _ = await linked(workshop)
    await completed(workshop, aircraft_id)
    await workshop.part(minimum=5)

    report = await asked(workshop, reporting)[name](workshop.actor)

    assert report.rows
    for row in report.rows:
        assert type(row) is report.row_type
        for field in fields(report.row_type):
            assert isinstance(getattr(row, field.name), str | int | Decimal | date | Enum | UUID | None)


@pytest.mark.parametrize("name", ["summary", "compliance", "inventory", "workload", "availability"])
async def test_reports_are_for_those_who_may_read_them(workshop: Workshop, reporting: Reporting, name: str) -> None:
    """A viewer may read every report; a key without the permission may not, nor an operator of the installation."""
    ask = asked(workshop, reporting)[name]
    _, viewer = await workshop.user(Role.VIEWER)

    await ask(viewer)

    for by in (evolve(viewer, permissions=frozenset({"tasks:read"})), evolve(viewer, role=Role.SYSTEM_ADMIN.value)):
        with pytest.raises(NotPermitted, match="reports:read"):
            await ask(by)
