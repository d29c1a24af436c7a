"""The laws of reports: what they count, what they leave out, and whose it is."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.inventory.part import Part, PartDescription
from amss_domain.inventory.stock import ReservationStatus
from amss_domain.reports.fleet import AircraftWork, PlannedWindow
from amss_domain.reports.overview import Activity, OpenTasks
from amss_domain.reports.punctuality import Scope, punctuality_of
from amss_domain.reports.stock import LowPart, StockFigures, low_part
from amss_domain.reports.workload import Assignment, DueOnDay
from amss_domain.scheduling.deferral import Deferral
from amss_domain.scheduling.due import DuePoint, DueStatus
from amss_domain.scheduling.limit import Combine
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.program import Priority, Program
from amss_domain.scheduling.task import Completion, Task, TaskStatus
from amss_domain.shared.ids import AircraftId, ProgramId, TaskId, UserId
from amss_domain.shared.page import NEWEST_FIRST, Order, Page, PageRequest
from amss_domain.shared.units import CYCLES, DAYS, HOURS, Readings
from amss_domain.testing.backend import Work
from amss_domain.testing.builders import a_part, a_reservation, a_user, an_aircraft, some_stock
from amss_domain.testing.contracts.contract import Contract, some_examples
from amss_domain.testing.scheduling_builders import a_link, a_program, a_task
from amss_domain.testing.stand_ins import NOON, TODAY
from amss_domain.testing.tenant import Tenant, all_of

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_ZERO: Final = Decimal(0)
_OVERDUE: Final = DueStatus.OVERDUE


class ReportsContract(Contract):
    """The laws of `Reports`."""

    async def test_every_open_task_is_counted_once(self, ours: Tenant) -> None:
        """Open tasks are counted by status, due status and whether their program is mandatory; closed ones are not."""
        aircraft, must, may = await a_hangar(ours)
        await ours.keep(
            task_of(aircraft, must, announced=_OVERDUE),
            task_of(aircraft, may, announced=_OVERDUE, status=TaskStatus.IN_PROGRESS),
            *(a_task(aircraft, announced=DueStatus.DUE_SOON) for _ in range(2)),
            evolve(a_task(aircraft), status=TaskStatus.DEFERRED, deferral=a_deferral()),
            a_task(aircraft, announced=_OVERDUE, status=TaskStatus.CANCELLED),
            a_task(aircraft, announced=_OVERDUE, completed_on=TODAY),
        )

        async with ours.open() as uow:
            counted = await uow.reports.open_tasks({})

        assert set(counted) == {
            OpenTasks(status=TaskStatus.SCHEDULED, due_status=_OVERDUE, mandatory=True, tasks=1),
            OpenTasks(status=TaskStatus.IN_PROGRESS, due_status=_OVERDUE, mandatory=False, tasks=1),
            OpenTasks(status=TaskStatus.SCHEDULED, due_status=DueStatus.DUE_SOON, mandatory=False, tasks=2),
            OpenTasks(status=TaskStatus.DEFERRED, due_status=DueStatus.OK, mandatory=False, tasks=1),
        }
        assert len(counted) == 4

    async def test_an_aircraft_has_what_keeps_it_on_the_ground(self, ours: Tenant) -> None:
        """Every unarchived aircraft is there with its overdue and unknown mandatory tasks, its defects and its work."""
        aircraft, must, may = await a_hangar(ours)
        second, idle, gone = (
            an_aircraft(org_id=ours.id),
            an_aircraft(org_id=ours.id),
            an_aircraft(org_id=ours.id, archived_at=NOON),
        )
        other = a_link(second, must[1])
        await ours.keep(
            *(second, idle, gone, other),
            task_of(aircraft, must, announced=_OVERDUE, status=TaskStatus.IN_PROGRESS),
            task_of(aircraft, may, announced=_OVERDUE),
            *(a_task(aircraft, announced=DueStatus.UNKNOWN, priority=Priority.AOG) for _ in range(2)),
            a_task(aircraft, priority=Priority.AOG, completed_on=TODAY),
            a_task(second, other, announced=DueStatus.UNKNOWN),
        )

        async with ours.open() as uow:
            fleet = await uow.reports.fleet({})

        assert {one.aircraft_id: one for one in fleet} == {
            aircraft.id: AircraftWork(
                aircraft_id=aircraft.id,
                registration=aircraft.registration,
                mandatory_overdue=1,
                aog=2,
                in_progress=1,
            ),
            second.id: AircraftWork(aircraft_id=second.id, registration=second.registration, mandatory_unknown=1),
            idle.id: AircraftWork(aircraft_id=idle.id, registration=idle.registration),
        }
        assert len(fleet) == 3

    async def test_due_statuses_given_stand_in_for_those_announced(self, ours: Tenant) -> None:
        """A due status that is given counts everywhere, and not the one announced; one of an unknown id does not."""
        user = a_user(org_id=ours.id)
        aircraft, must, may = await a_hangar(ours)
        was_fine = evolve(task_of(aircraft, must), assignee=user.id)
        was_overdue = evolve(task_of(aircraft, may, announced=_OVERDUE), assignee=user.id)
        await ours.keep(user, was_fine, was_overdue)
        restated = {was_fine.id: _OVERDUE, was_overdue.id: DueStatus.OK, TaskId(user.id): _OVERDUE}

        async with ours.open() as uow:
            counted = await uow.reports.open_tasks(restated)
            (one,) = await uow.reports.fleet(restated)
            punctual = await uow.reports.punctuality(TODAY, TODAY, restated)
            (assignment,) = await uow.reports.assignments(NOON, NOON, restated)

        assert {(group.due_status, group.mandatory): group.tasks for group in counted} == {
            (_OVERDUE, True): 1,
            (DueStatus.OK, False): 1,
        }
        assert one.mandatory_overdue == 1
        assert {(line.scope, line.id): line.overdue_now for line in punctual} == {
            (Scope.FLEET, None): 1,
            (Scope.AIRCRAFT, aircraft.id): 1,
            (Scope.PROGRAM, must[1].id): 1,
        }
        assert assignment.overdue == 1

    async def test_a_planned_window_is_found_by_any_of_it(self, ours: Tenant) -> None:
        """Windows of open tasks are found that lie in the time at least in part; one that only touches it does not."""
        aircraft, _, _ = await a_hangar(ours)
        start, end = NOON, NOON + 8 * _HOUR
        inside = [
            (start, None),
            (start - _HOUR, start + _HOUR),
            (start - _HOUR, end + _HOUR),
            (end - _HOUR, end + _HOUR),
            (start + _HOUR, start + 2 * _HOUR),
        ]
        outside = [(end, None), (end, end + _HOUR), (start - _HOUR, None), (start - _HOUR, start)]
        await ours.keep(
            *(planned_for(a_task(aircraft), *window) for window in (*inside, *outside)),
            planned_for(a_task(aircraft, completed_on=TODAY), start, end),
            a_task(aircraft),
        )

        async with ours.open() as uow:
            found = await uow.reports.planned(start, end)

        expected = [PlannedWindow(aircraft_id=aircraft.id, start=begins, end=ends) for begins, ends in inside]
        assert sorted(found, key=repr) == sorted(expected, key=repr)

    async def test_what_was_done_is_counted_by_the_day_it_was_done(self, ours: Tenant) -> None:
        """Both days of the period belong to it; a voided completion does not count, nor a reservation that ended."""
        aircraft, _, _ = await a_hangar(ours)
        part = a_part(org_id=ours.id)
        stock, task = some_stock(part, 10), a_task(aircraft)
        held, settled = a_reservation(stock, task.id), a_reservation(stock, task.id)
        await ours.keep(
            *(part, stock, task, held, a_reservation(stock, task.id)),
            evolve(settled, status=ReservationStatus.RELEASED),
            *(a_task(aircraft, completed_on=TODAY + days * _DAY) for days in (-3, -2, -2, 0, 1)),
            a_task(aircraft, completed_on=TODAY, voided_at=NOON),
            a_task(aircraft, status=TaskStatus.CANCELLED),
        )

        async with ours.open() as uow:
            activity = await uow.reports.activity(TODAY - 2 * _DAY, TODAY)

        assert activity == Activity(completed=3, open_reservations=2)

    async def test_parts_are_low_by_what_can_be_used(self, ours: Tenant) -> None:
        """Reserved, quarantined and expired stock cannot be used and is worth its price; archived parts are not low."""
        low, below, at_reorder, enough, archived, unwatched = (
            part_of(ours, minimum=5),
            part_of(ours, minimum=5, price="10.50"),
            part_of(ours, reorder=4),
            part_of(ours, minimum=5, reorder=4),
            evolve(part_of(ours, minimum=5), archived_at=NOON),
            part_of(ours, price="0.10"),
        )
        kept = (low, below, at_reorder, enough, archived, unwatched)
        await ours.keep(
            *kept,
            some_stock(below, 2),
            some_stock(below, 9, reserved=7),
            some_stock(below, 4, quarantined=True),
            some_stock(below, 4, expiry_date=TODAY - _DAY),
            some_stock(at_reorder, 4, expiry_date=TODAY),
            some_stock(enough, 5),
        )

        async with ours.open() as uow:
            figures = await uow.reports.stock(TODAY)
            page = await uow.reports.low_parts(PageRequest(), on=TODAY)
            figures_later = await uow.reports.stock(TODAY + _DAY)

        assert figures == StockFigures(parts_below_minimum=2, low_parts=3, value=Decimal("199.50"))
        assert figures_later == figures
        assert page.items == (
            low_part(low.id, low.part_number, low.about, available=0, on_hand=0),
            low_part(below.id, below.part_number, below.about, available=4, on_hand=19),
            low_part(at_reorder.id, at_reorder.part_number, at_reorder.about, available=4, on_hand=4),
        )
        assert [(one.shortage, one.value) for one in page.items] == [
            (5, None),
            (1, Decimal("199.50")),
            (0, None),
        ]

    @pytest.mark.parametrize("limit", [1, 2, 5, 200])
    async def test_low_parts_come_page_by_page(self, ours: Tenant, limit: int) -> None:
        """Page after page has every low part once, by id either way round, and there is no other order."""
        low = [part_of(ours, minimum=1) for _ in range(5)]
        enough = part_of(ours, minimum=1)
        await ours.keep(*reversed(low), enough, some_stock(enough, 1))

        async def listed(order: Order | None) -> list[UUID]:
            async def page(request: PageRequest) -> Page[LowPart]:
                async with ours.open() as uow:
                    return await uow.reports.low_parts(evolve(request, order=order), on=TODAY)

            return [one.id for one in await all_of(page, limit=limit)]

        assert await listed(None) == [part.id for part in low]
        assert await listed(NEWEST_FIRST) == [part.id for part in reversed(low)]
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="shortage"):
                await uow.reports.low_parts(PageRequest(order=Order("shortage")), on=TODAY)

    async def test_work_is_in_time_up_to_its_grace(self, ours: Tenant) -> None:
        """Completions that kept their due point or grace are counted, of the fleet, by aircraft and by program."""
        aircraft, must, may = await a_hangar(ours)
        second = an_aircraft(org_id=ours.id)
        due = (due_at("100"),)
        await ours.keep(
            second,
            done(task_of(aircraft, must), due, hours="100"),
            done(task_of(aircraft, must), due, hours="100.01"),
            done(task_of(aircraft, must), due, hours="120", breaches={HOURS: Decimal(10)}),
            done(task_of(aircraft, may), due, hours="90", on=TODAY - _DAY),
            done(a_task(second), due, hours="100.01"),
            done(a_task(second), (), hours="1"),
            done(task_of(aircraft, may), due, hours="90", on=TODAY - 2 * _DAY),
            done(task_of(aircraft, may), due, hours="90", on=TODAY + _DAY),
            evolve(done(task_of(aircraft, may), due, hours="90"), voiding=a_task(aircraft, voided_at=NOON).voiding),
            task_of(aircraft, may, announced=_OVERDUE),
        )

        async def lines(
            aircraft_id: AircraftId | None = None, program_id: ProgramId | None = None
        ) -> dict[tuple[Scope, UUID | None], tuple[str | None, int, int, int, int]]:
            async with ours.open() as uow:
                found = await uow.reports.punctuality(
                    TODAY - _DAY, TODAY, {}, aircraft_id=aircraft_id, program_id=program_id
                )
            counted = {
                (one.scope, one.id): (one.name, one.completed, one.on_time, one.within_due, one.overdue_now)
                for one in found
            }
            assert len(counted) == len(found)
            return counted

        of_first = (aircraft.registration, 4, 3, 2, 1)
        of_may = (may[1].name, 1, 1, 1, 1)
        assert await lines() == {
            (Scope.FLEET, None): (None, 5, 3, 2, 1),
            (Scope.AIRCRAFT, aircraft.id): of_first,
            (Scope.AIRCRAFT, second.id): (second.registration, 1, 0, 0, 0),
            (Scope.PROGRAM, must[1].id): (must[1].name, 3, 2, 1, 0),
            (Scope.PROGRAM, may[1].id): of_may,
            (Scope.PROGRAM, None): (None, 1, 0, 0, 0),
        }
        assert await lines(aircraft_id=aircraft.id, program_id=may[1].id) == {
            (Scope.FLEET, None): (None, *of_may[1:]),
            (Scope.AIRCRAFT, aircraft.id): (aircraft.registration, *of_may[1:]),
            (Scope.PROGRAM, may[1].id): of_may,
        }
        assert await lines(aircraft_id=aircraft.id) | {(Scope.FLEET, None): of_first} == {
            (Scope.FLEET, None): of_first,
            (Scope.AIRCRAFT, aircraft.id): of_first,
            (Scope.PROGRAM, must[1].id): (must[1].name, 3, 2, 1, 0),
            (Scope.PROGRAM, may[1].id): of_may,
        }

    @pytest.mark.parametrize("unplanned", [False, True])
    @pytest.mark.parametrize("combine", Combine)
    @pytest.mark.parametrize(
        ("hours", "put_off_to", "breaches"),
        [
            ("99", None, {}),
            ("101", None, {}),
            ("101", None, {HOURS: Decimal(1)}),
            ("101", "110", {}),
            ("111", "110", {}),
            ("99", "90", {}),
        ],
    )
    async def test_one_passed_limit_counts_as_they_combine(
        self,
        ours: Tenant,
        hours: str,
        put_off_to: str | None,
        breaches: Readings,
        combine: Combine,
        unplanned: bool,
    ) -> None:
        """Of a limit that was passed or not, beside one that was kept, the report says what `punctuality_of` says."""
        aircraft, program = an_aircraft(org_id=ours.id), combining(a_program(org_id=ours.id), combine)
        link = a_link(aircraft, program)
        task = done(
            a_task(aircraft, None if unplanned else link),
            (due_at("100"), due_on(TODAY)),
            hours=hours,
            breaches=breaches,
        )
        if put_off_to is not None:
            # What is put off beside the limits that the task has is of no account.
            task = evolve(task, deferral=a_deferral(due_at(put_off_to), due_on(TODAY - _DAY, "other")))
        await ours.keep(aircraft, program, link, task)

        async with ours.open() as uow:
            found = await uow.reports.punctuality(TODAY, TODAY, {})

        judged = punctuality_of(task, Combine.FIRST if unplanned else combine)
        assert judged is not None
        assert [(one.completed, one.on_time, one.within_due) for one in found] == [(1, *judged)] * 3

    @some_examples
    @given(data=st.data())
    async def test_each_completion_is_judged_as_the_rule_says(self, ours: Tenant, data: st.DataObject) -> None:
        """Whatever limits, readings, breaches and deferrals there are, the report agrees with `punctuality_of`."""
        combine = data.draw(st.sampled_from(Combine))
        aircraft, program = an_aircraft(org_id=ours.id), combining(a_program(org_id=ours.id), combine)
        link = a_link(aircraft, program)
        task = data.draw(outcomes(a_task(aircraft, data.draw(st.sampled_from([None, link])))))
        await ours.keep(aircraft, program, link, task)

        async with ours.open() as uow:
            found = await uow.reports.punctuality(TODAY - 9 * _DAY, TODAY + 9 * _DAY, {}, aircraft_id=aircraft.id)

        judged = punctuality_of(task, combine if task.program_id else Combine.FIRST)
        assert [(one.completed, one.on_time, one.within_due) for one in found] == (
            [] if judged is None else [(1, *judged)] * 3
        )

    async def test_open_work_is_counted_by_who_is_to_do_it(self, ours: Tenant) -> None:
        """Each user with open tasks has a line, and those of nobody together; planned windows are cut at the time."""
        jo, al, idle = (a_user(org_id=ours.id, name=name) for name in ("Jo", "Al", "Idle"))
        aircraft, must, _ = await a_hangar(ours)
        start, end = NOON, NOON + 8 * _HOUR
        await ours.keep(
            *(jo, al, idle),
            planned_for(
                task_of(aircraft, must, announced=_OVERDUE, assignee=jo.id), start - _HOUR, start + _HOUR, hours="2.25"
            ),
            planned_for(a_task(aircraft, assignee=jo.id), end - timedelta(minutes=10), end + _HOUR, hours="0.5"),
            planned_for(a_task(aircraft, assignee=jo.id, status=TaskStatus.IN_PROGRESS), start, None),
            planned_for(a_task(aircraft, assignee=al.id), end, end + _HOUR, hours="3"),
            planned_for(a_task(aircraft, assignee=al.id), start - _HOUR, start),
            a_task(aircraft, assignee=idle.id, completed_on=TODAY),
            *(a_task(aircraft) for _ in range(2)),
        )

        async with ours.open() as uow:
            found = await uow.reports.assignments(start, end, {})

        assert {one.assignee: one for one in found} == {
            jo.id: Assignment(
                assignee=jo.id,
                name="Jo",
                open_tasks=3,
                in_progress=1,
                overdue=1,
                estimated_hours=Decimal("2.75"),
                planned_tasks=3,
                planned_hours=Decimal("1.17"),
            ),
            al.id: assignment_of(al.id, "Al", 2, estimated_hours=Decimal(3)),
            None: assignment_of(None, None, 2),
        }
        assert len(found) == 3

    async def test_what_falls_due_is_counted_by_its_earliest_date(self, ours: Tenant) -> None:
        """Open tasks are counted on their earliest due date in force; both days of the period belong to it."""
        aircraft, _, _ = await a_hangar(ours)
        put_off = a_deferral(evolve(due_on(TODAY), on=TODAY + 4 * _DAY))
        await ours.keep(
            planned_for(a_task(aircraft, due=(due_on(TODAY + _DAY), due_at("5"), due_on(TODAY, "other"))), hours="1.5"),
            planned_for(a_task(aircraft, due=(due_on(TODAY),)), hours="2"),
            a_task(aircraft, due=(due_on(TODAY + 4 * _DAY),)),
            evolve(a_task(aircraft, due=(due_on(TODAY),)), status=TaskStatus.DEFERRED, deferral=put_off),
            *(a_task(aircraft, due=(due_on(TODAY + days * _DAY),)) for days in (-1, 5)),
            a_task(aircraft, due=(due_at("5"),)),
            a_task(aircraft, due=(due_on(TODAY),), completed_on=TODAY),
        )

        async with ours.open() as uow:
            found = await uow.reports.due_dates(TODAY, TODAY + 4 * _DAY)

        assert sorted(found, key=lambda one: one.day) == [
            DueOnDay(day=TODAY, tasks=2, estimated_hours=Decimal("3.5")),
            DueOnDay(day=TODAY + 4 * _DAY, tasks=2, estimated_hours=_ZERO),
        ]

    async def test_a_unit_of_work_counts_its_own_changes(self, ours: Tenant) -> None:
        """What was added and not committed counts for the unit of work, and for nobody else."""
        aircraft = an_aircraft(org_id=ours.id)
        task = a_task(aircraft, due=(due_on(TODAY),))

        async with ours.open() as uow:
            uow.fleet.add(aircraft)
            uow.tasks.add(task)
            uow.tasks.save(evolve(task, status=TaskStatus.IN_PROGRESS, version=2), was=task)
            own = await everything(uow)

        assert own[:2] == (
            (OpenTasks(status=TaskStatus.IN_PROGRESS, due_status=DueStatus.OK, mandatory=False, tasks=1),),
            (AircraftWork(aircraft_id=aircraft.id, registration=aircraft.registration, in_progress=1),),
        )
        async with ours.open() as uow:
            assert await everything(uow) == NOTHING

    async def test_nothing_of_others_is_counted(self, ours: Tenant, theirs: Tenant) -> None:
        """An organization without anything has reports without anything, whatever others have."""
        user, part = a_user(org_id=theirs.id), part_of(theirs, minimum=5, price="1.00")
        aircraft, must, _ = await a_hangar(theirs)
        stock = some_stock(part, 1)
        task = planned_for(
            task_of(aircraft, must, announced=_OVERDUE, assignee=user.id, due=(due_on(TODAY),)), NOON, NOON + _HOUR
        )
        finished = done(a_task(aircraft), (due_at("1"),), hours="1")
        await theirs.keep(user, part, stock, task, finished, a_reservation(stock, task.id))

        async with ours.open() as uow:
            assert await everything(uow) == NOTHING
        async with theirs.open() as uow:
            counted = await everything(uow)
        assert [one for one, nothing in zip(counted, NOTHING, strict=True) if one == nothing] == []


NOTHING: Final[tuple[object, ...]] = (
    (),
    (),
    (),
    Activity(completed=0, open_reservations=0),
    StockFigures(parts_below_minimum=0, low_parts=0, value=_ZERO),
    (),
    (),
    (),
    (),
)


async def everything(uow: Work) -> tuple[object, ...]:
    """Return all reports about today."""
    return (
        await uow.reports.open_tasks({}),
        await uow.reports.fleet({}),
        await uow.reports.planned(NOON - _HOUR, NOON + _HOUR),
        await uow.reports.activity(TODAY, TODAY),
        await uow.reports.stock(TODAY),
        (await uow.reports.low_parts(PageRequest(), on=TODAY)).items,
        await uow.reports.punctuality(TODAY, TODAY, {}),
        await uow.reports.assignments(NOON, NOON, {}),
        await uow.reports.due_dates(TODAY, TODAY),
    )


async def a_hangar(tenant: Tenant) -> tuple[Aircraft, tuple[Link, Program], tuple[Link, Program]]:
    """Add an aircraft with a program that is mandatory and one that is not; return them with their links."""
    aircraft = an_aircraft(org_id=tenant.id)
    must, may = a_program(org_id=tenant.id), a_program(org_id=tenant.id)
    may = evolve(may, terms=evolve(may.terms, mandatory=False))
    links = a_link(aircraft, must), a_link(aircraft, may)
    await tenant.keep(aircraft, must, may, *links)
    return aircraft, (links[0], must), (links[1], may)


def task_of(
    aircraft: Aircraft,
    linked: tuple[Link, Program],
    *,
    announced: DueStatus = DueStatus.OK,
    status: TaskStatus = TaskStatus.SCHEDULED,
    assignee: UserId | None = None,
    due: tuple[DuePoint, ...] | None = None,
) -> Task:
    """Return a task of the link."""
    return a_task(aircraft, linked[0], announced=announced, status=status, assignee=assignee, due=due)


def combining(program: Program, combine: Combine) -> Program:
    """Return the program with its limits combined like that."""
    requirement = evolve(program.requirement, combine=combine)
    return evolve(program, terms=evolve(program.terms, requirement=requirement))


def planned_for(
    task: Task, start: datetime | None = None, end: datetime | None = None, *, hours: str | None = None
) -> Task:
    """Return the task planned for that time, and estimated to take so many hours."""
    estimated = None if hours is None else Decimal(hours)
    return evolve(task, work=evolve(task.work, planned_start=start, planned_end=end, estimated_hours=estimated))


def done(
    task: Task,
    due: tuple[DuePoint, ...],
    *,
    hours: str,
    on: date = TODAY,
    breaches: Readings | None = None,
) -> Task:
    """Return the task with these due points, completed at so many hours."""
    completion = Completion(
        completed_on=on,
        completed_at=NOON,
        completed_by="Jo Doe",
        completed_by_user=None,
        readings={HOURS: Decimal(hours)},
        position=1,
        breaches=breaches or {},
    )
    return evolve(task, due=due, status=TaskStatus.COMPLETED, completion=completion)


def due_at(hours: str) -> DuePoint:
    """Return a due point at so many hours."""
    return DuePoint(limit=HOURS, unit=HOURS, span=Decimal(100), at=Decimal(hours))


def due_on(day: date, limit: str = DAYS) -> DuePoint:
    """Return a due point on a day."""
    return DuePoint(limit=limit, unit=DAYS, span=Decimal(100), on=day)


def a_deferral(*due: DuePoint) -> Deferral:
    """Return a deferral up to these points."""
    return Deferral(
        deferred_at=NOON, deferred_by="Jo Doe", authority="CAMO", reference=None, reason="no parts", due=due
    )


def part_of(tenant: Tenant, *, minimum: int = 0, reorder: int | None = None, price: str | None = None) -> Part:
    """Return a part with these thresholds and price."""
    about = PartDescription(
        description="filter",
        minimum_stock=minimum,
        reorder_point=reorder,
        lead_time_days=14,
        unit_price=None if price is None else Decimal(price),
    )
    return evolve(a_part(org_id=tenant.id), about=about)


def assignment_of(
    assignee: UserId | None, name: str | None, open_tasks: int, *, estimated_hours: Decimal = _ZERO
) -> Assignment:
    """Return a line of so many open tasks that are neither begun, overdue nor planned."""
    return Assignment(
        assignee=assignee,
        name=name,
        open_tasks=open_tasks,
        in_progress=0,
        overdue=0,
        estimated_hours=estimated_hours,
        planned_tasks=0,
        planned_hours=_ZERO,
    )


@st.composite
def outcomes(draw: st.DrawFn, task: Task) -> Task:
    """What may have become of a task: its due points, put off or not, and a completion around them."""
    totals, days = st.integers(1, 6).map(Decimal), st.integers(-3, 3).map(lambda number: TODAY + number * _DAY)

    def moved(point: DuePoint) -> DuePoint:
        return evolve(point, on=draw(days)) if point.unit == DAYS else evolve(point, at=draw(totals))

    nowhere = [DuePoint(limit=unit, unit=unit, span=Decimal(9)) for unit in (HOURS, CYCLES, DAYS)]
    limits = draw(st.sets(st.sampled_from(nowhere), min_size=1))
    due = tuple(draw(st.sampled_from([moved(point), moved(point), point])) for point in nowhere if point in limits)
    put_off = tuple(moved(point) for point in due if draw(st.booleans()))
    completion = Completion(
        completed_on=draw(days),
        completed_at=NOON,
        completed_by="Jo Doe",
        completed_by_user=None,
        readings=draw(st.dictionaries(st.sampled_from([HOURS, CYCLES]), totals)),
        position=1,
        breaches=draw(st.dictionaries(st.sampled_from([HOURS, DAYS]), totals, max_size=1)),
    )
    return evolve(
        task,
        due=due,
        deferral=draw(st.sampled_from([None, a_deferral(*put_off)])),
        status=TaskStatus.COMPLETED,
        completion=completion,
    )
