"""The laws of tasks."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import strategies as st

from amss_domain.access.model import User
from amss_domain.inventory.part import Part
from amss_domain.scheduling.due import DuePoint, DueStatus
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.program import Priority
from amss_domain.scheduling.task import Task, TaskStatus
from amss_domain.shared.errors import StaleVersion
from amss_domain.shared.ids import AircraftId, LinkId, ProgramId, UserId
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.shared.units import DAYS
from amss_domain.testing import scheduling_values
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import a_part, a_user, an_aircraft
from amss_domain.testing.contracts.contract import outrun, refused
from amss_domain.testing.contracts.kept import Way, picking
from amss_domain.testing.contracts.links import aircraft_and_program
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.scheduling_builders import a_link, a_program, a_task
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY
from amss_domain.testing.tenant import Tenant, Thing, all_of

TOMORROW = TODAY + timedelta(days=1)
ANY = TaskFilter()
_ORDERS = tuple(
    Order(by, descending=descending)
    for by in ("created_at", "due_at_date", "updated_at")
    for descending in (False, True)
)


class TasksContract(PagedLaws[Task]):
    """The laws of `Tasks`."""

    def needed(self, tenant: Tenant, /) -> tuple[Thing, ...]:
        aircraft, program = an_aircraft(org_id=tenant.id), a_program(org_id=tenant.id)
        return aircraft, program, a_link(aircraft, program), a_part(org_id=tenant.id), a_user(org_id=tenant.id)

    def one(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> Task:
        aircraft, _ = aircraft_and_program(needed)
        return a_task(aircraft, _link(needed), next_change_on=TODAY)

    def any_of(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[Task]:
        aircraft, _ = aircraft_and_program(needed)
        (part,) = (thing for thing in needed if isinstance(thing, Part))
        (user,) = (thing for thing in needed if isinstance(thing, User))
        return scheduling_values.tasks(aircraft, _link(needed), part.id, user.id)

    def changed(self, kept: Task, other: Task) -> Task:
        return evolve(other, id=kept.id, created_at=kept.created_at, program_id=kept.program_id, link_id=kept.link_id)

    def ways(self) -> Mapping[str, Way[Task]]:
        return {
            "get": lambda uow, one: uow.tasks.get(one.id),
            "get_many": picking(lambda uow, one: uow.tasks.get_many([one.id])),
            "open_of_aircraft": picking(lambda uow, one: uow.tasks.open_of_aircraft([one.aircraft_id])),
            "open_of_links": picking(lambda uow, one: uow.tasks.open_of_links(_links_of(one))),
            "page": picking(lambda uow, _: all_of(lambda request: uow.tasks.page(request, filter=ANY))),
        }

    def holding(self) -> Mapping[str, Way[Task]]:
        return {
            "get_for_update": lambda uow, one: uow.tasks.get_for_update(one.id),
            "get_many_for_update": picking(lambda uow, one: uow.tasks.get_many_for_update([one.id])),
            "open_of_aircraft for_update": picking(
                lambda uow, one: uow.tasks.open_of_aircraft([one.aircraft_id], for_update=True)
            ),
            "open_of_links for_update": picking(
                lambda uow, one: uow.tasks.open_of_links(_links_of(one), for_update=True)
            ),
        }

    async def page(self, uow: Work, request: PageRequest) -> Page[Task]:
        return await uow.tasks.page(request, filter=ANY)

    async def test_many_come_in_the_order_of_their_ids(self, ours: Tenant) -> None:
        """`get_many` and `get_many_for_update` return each once by id, whatever its state; unknown ids are left out."""
        first, second, third = await self.some_kept(ours, 3)
        done, _ = third.cancelled(reason="not needed", replaced_by=None, at=NOON)
        await ours.change(third, done)
        asked = [third.id, self.one(ours, self.needed(ours)).id, second.id, first.id, second.id]

        async with ours.open() as uow:
            assert await uow.tasks.get_many(asked) == (first, second, done)
            assert await uow.tasks.get_many_for_update(asked) == (first, second, done)
            assert await uow.tasks.get_many([]) == await uow.tasks.get_many_for_update([]) == ()

    async def test_open_tasks_of_aircraft_are_found(self, ours: Tenant) -> None:
        """`open_of_aircraft` returns the scheduled tasks and those in progress, planned or not, by id."""
        needed = self.needed(ours)
        aircraft, _ = aircraft_and_program(needed)
        other = an_aircraft(org_id=ours.id)
        linked, started, cancelled, completed = (
            a_task(aircraft, _link(needed)),
            a_task(aircraft, status=TaskStatus.IN_PROGRESS),
            a_task(aircraft, status=TaskStatus.CANCELLED),
            a_task(aircraft, completed_on=TODAY),
        )
        elsewhere = a_task(other)
        await ours.keep(*needed, other, elsewhere, completed, cancelled, started, linked)

        async with ours.open() as uow:
            assert await uow.tasks.open_of_aircraft([aircraft.id]) == (linked, started)
            assert await uow.tasks.open_of_aircraft([other.id, aircraft.id], for_update=True) == (
                linked,
                started,
                elsewhere,
            )
            assert await uow.tasks.open_of_aircraft([]) == ()

    async def test_open_tasks_of_links_are_found(self, ours: Tenant) -> None:
        """`open_of_links` returns the open task of each link that has one, by id."""
        first, second = self.needed(ours), self.needed(ours)
        idle = self.needed(ours)
        aircraft, _ = aircraft_and_program(first)
        tasks = [
            a_task(aircraft, _link(first), status=TaskStatus.IN_PROGRESS),
            self.one(ours, second),
        ]
        past = a_task(aircraft, _link(first), completed_on=TODAY)
        await ours.keep(*first, *second, *idle, past, a_task(aircraft), *reversed(tasks))
        asked = [_link(idle).id, _link(second).id, _link(first).id]

        async with ours.open() as uow:
            assert await uow.tasks.open_of_links(asked) == tuple(tasks)
            assert await uow.tasks.open_of_links(asked, for_update=True) == tuple(tasks)
            assert await uow.tasks.open_of_links([_link(idle).id]) == ()
            assert await uow.tasks.open_of_links([]) == ()

    async def test_completions_of_links_are_found(self, ours: Tenant) -> None:
        """`completions` returns the completed and not voided tasks of the links, by id."""
        needed, other = self.needed(ours), self.needed(ours)
        aircraft, _ = aircraft_and_program(needed)
        first, second = (a_task(aircraft, _link(needed), completed_on=TODAY) for _ in range(2))
        elsewhere = a_task(aircraft_and_program(other)[0], _link(other), completed_on=TODAY)
        await ours.keep(
            *needed,
            *other,
            elsewhere,
            second,
            first,
            a_task(aircraft, _link(needed), completed_on=TODAY, voided_at=NOON),
            a_task(aircraft, _link(needed), status=TaskStatus.CANCELLED),
            a_task(aircraft, _link(needed)),
            a_task(aircraft, completed_on=TODAY),
        )

        async with ours.open() as uow:
            assert await uow.tasks.completions([_link(needed).id]) == (first, second)
            assert await uow.tasks.completions([_link(other).id, _link(needed).id]) == (first, second, elsewhere)
            assert await uow.tasks.completions([]) == ()

    async def test_closed_tasks_of_an_aircraft_come_the_last_closed_first(self, ours: Tenant) -> None:
        """`closed_of_aircraft` has completed, voided and cancelled tasks by when they were closed, either way round."""
        one, two = an_aircraft(org_id=ours.id), an_aircraft(org_id=ours.id)
        times = [NOON + timedelta(minutes=minutes) for minutes in (3, 1, 2, 2)]
        closed = [
            a_task(one, completed_on=TODAY, at=times[0]),
            a_task(one, status=TaskStatus.CANCELLED, at=times[1]),
            a_task(one, completed_on=TODAY, voided_at=NOON + timedelta(days=1), at=times[2]),
            a_task(one, status=TaskStatus.CANCELLED, at=times[3]),
        ]
        others = [a_task(one), a_task(one, status=TaskStatus.IN_PROGRESS), a_task(two, completed_on=TODAY)]
        await ours.keep(one, two, *closed, *others)
        last_first = (closed[0], closed[3], closed[2], closed[1])

        async def history(order: Order | None, limit: int) -> tuple[Task, ...]:
            async with ours.open() as uow:
                return await all_of(
                    lambda request: uow.tasks.closed_of_aircraft(one.id, evolve(request, order=order)), limit=limit
                )

        for limit in (1, 3, 200):
            assert await history(None, limit) == last_first
            assert await history(NEWEST_FIRST, limit) == last_first
            assert await history(OLDEST_FIRST, limit) == last_first[::-1]
        async with ours.open() as uow:
            for unknown in (FRESH_IDS.new(), others[0].id):
                assert await uow.tasks.closed_of_aircraft(one.id, PageRequest(after=unknown)) == Page(())
            with pytest.raises(ValueError, match="title"):
                await uow.tasks.closed_of_aircraft(one.id, PageRequest(order=Order("title")))

    async def test_tasks_that_passing_days_change_are_found(self, ours: Tenant) -> None:
        """`changing` returns the ids of open tasks up to and including their day, by id, at most `limit`."""
        aircraft = an_aircraft(org_id=ours.id)
        first, second, later, never = (
            a_task(aircraft, next_change_on=day) for day in (TODAY, TODAY - timedelta(days=9), TOMORROW, None)
        )
        await ours.keep(aircraft, never, later, second, first)

        async with ours.open() as uow:
            assert await uow.tasks.changing(TODAY, limit=9) == (first.id, second.id)
            assert await uow.tasks.changing(TODAY, limit=1) == (first.id,)
            assert await uow.tasks.changing(TOMORROW, limit=9) == (first.id, second.id, later.id)
            cancelled, _ = first.cancelled(reason="not needed", replaced_by=None, at=NOON)
            uow.tasks.save(cancelled, was=first)
            assert await uow.tasks.changing(TODAY, limit=9) == (second.id,)

    @pytest.mark.parametrize("status", [TaskStatus.SCHEDULED, TaskStatus.DEFERRED, TaskStatus.IN_PROGRESS])
    async def test_a_link_has_one_open_task(self, ours: Tenant, status: TaskStatus) -> None:
        """A second open task of a link is refused (`OpenTaskExists`) until the first is completed or cancelled."""
        needed = self.needed(ours)
        aircraft, _ = aircraft_and_program(needed)
        task = a_task(aircraft, _link(needed), status=status)
        await ours.keep(*needed, task)

        error = await refused(ours, adding=self.one(ours, needed))

        assert isinstance(error, OpenTaskExists)
        assert error.task_id in (None, task.id)
        assert await self.found(ours, task) == self.everywhere(task)
        cancelled, _ = task.cancelled(reason="not needed", replaced_by=None, at=NOON)
        following = evolve(self.one(ours, needed), replaces=task.id)
        async with ours.open() as uow:
            uow.tasks.save(cancelled, was=task)
            uow.tasks.add(following)
            await uow.commit()
        assert await self.found(ours, following) == self.everywhere(following)

    async def test_of_two_who_open_a_task_the_first_to_commit_wins(self, ours: Tenant) -> None:
        """An open task is refused also when another one of the link comes after `add` was called."""
        needed = self.needed(ours)
        first, second = self.one(ours, needed), self.one(ours, needed)
        await ours.keep(*needed)

        error = await outrun(ours, lambda uow: uow.tasks.add(first), lambda uow: uow.tasks.add(second))

        assert isinstance(error, OpenTaskExists)
        assert await self.found(ours, first) == self.everywhere(first)
        assert await self.found(ours, second) == self.everywhere(None)

    async def test_unplanned_tasks_are_not_counted(self, ours: Tenant) -> None:
        """An aircraft may have any number of open tasks that belong to no link."""
        aircraft = an_aircraft(org_id=ours.id)
        tasks = tuple(a_task(aircraft) for _ in range(3))
        await ours.keep(aircraft, *tasks)

        async with ours.open() as uow:
            assert await uow.tasks.open_of_aircraft([aircraft.id]) == tasks

    async def test_an_announcement_does_not_change_the_version(self, ours: Tenant) -> None:
        """What is derived may be saved under the version it has, guarded by it none the less."""
        task = await self.kept(ours)
        announced = evolve(task, announced=DueStatus.DUE_SOON, driver="hours", next_change_on=None)
        await ours.change(task, announced)
        assert await self.found(ours, task) == self.everywhere(announced)

        started, _ = announced.started(assignee=None, at=NOON)
        await ours.change(announced, started)
        error = await refused(ours, saving=(evolve(announced, announced=DueStatus.DUE), announced))

        assert isinstance(error, StaleVersion)
        assert await self.found(ours, task) == self.everywhere(started)

    async def test_a_page_has_only_what_matches(self, ours: Tenant) -> None:
        """`page` lists the tasks that match every part of the filter, and pages through them."""
        needed, other = self.needed(ours), self.needed(ours)
        aircraft, program = aircraft_and_program(needed)
        (user,) = (thing for thing in needed if isinstance(thing, User))
        mine = a_task(aircraft, _link(needed), assignee=user.id, announced=DueStatus.OVERDUE, due=_on(TODAY))
        started = a_task(aircraft, status=TaskStatus.IN_PROGRESS, assignee=user.id, kind="defect", due=_on(TOMORROW))
        done = a_task(aircraft, _link(needed), completed_on=TODAY, announced=DueStatus.OVERDUE)
        put_off = a_task(aircraft, status=TaskStatus.DEFERRED, priority=Priority.AOG, announced=DueStatus.DUE_SOON)
        elsewhere = self.one(ours, other)
        await ours.keep(*needed, *other, mine, started, done, put_off, elsewhere)
        expected = {
            ANY: (mine, started, done, put_off, elsewhere),
            TaskFilter(statuses=(TaskStatus.SCHEDULED,)): (mine, elsewhere),
            TaskFilter(statuses=(TaskStatus.COMPLETED,)): (done,),
            TaskFilter(statuses=(TaskStatus.COMPLETED, TaskStatus.SCHEDULED)): (mine, done, elsewhere),
            TaskFilter(statuses=(TaskStatus.DEFERRED, TaskStatus.DEFERRED)): (put_off,),
            TaskFilter(due_statuses=(DueStatus.OVERDUE,)): (mine,),
            TaskFilter(due_statuses=(DueStatus.DUE_SOON, DueStatus.OVERDUE)): (mine, put_off),
            TaskFilter(due_statuses=(DueStatus.OVERDUE,), statuses=(TaskStatus.COMPLETED,)): (),
            TaskFilter(due_before=TODAY): (mine,),
            TaskFilter(due_before=TOMORROW): (mine, started),
            TaskFilter(due_before=TODAY - timedelta(days=1)): (),
            TaskFilter(unassigned=True): (done, put_off, elsewhere),
            TaskFilter(unassigned=True, assignee=user.id): (),
            TaskFilter(kind="defect"): (started,),
            TaskFilter(kind="inspection", unassigned=True, aircraft_id=aircraft.id): (done, put_off),
            TaskFilter(priority=Priority.AOG): (put_off,),
            TaskFilter(aircraft_id=aircraft.id): (mine, started, done, put_off),
            TaskFilter(program_id=program.id): (mine, done),
            TaskFilter(assignee=user.id): (mine, started),
            TaskFilter(statuses=(TaskStatus.SCHEDULED,), aircraft_id=aircraft.id, program_id=program.id): (mine,),
            TaskFilter(statuses=(TaskStatus.CANCELLED,), assignee=user.id): (),
            TaskFilter(assignee=UserId(FRESH_IDS.new())): (),
            TaskFilter(aircraft_id=AircraftId(FRESH_IDS.new())): (),
            TaskFilter(program_id=ProgramId(FRESH_IDS.new())): (),
        }

        for filter, tasks in expected.items():
            for order in _ORDERS:
                for limit in (1, 2, 200):
                    listed = await _listed(ours, filter, order, limit)
                    assert listed == tuple(sorted(tasks, key=_place(order), reverse=order.descending)), (filter, order)

    @pytest.mark.parametrize("limit", [1, 2, 3, 200])
    async def test_tasks_come_in_every_order(self, ours: Tenant, limit: int) -> None:
        """By due date those without one come as if due after all others; equal ones come by id, the same way round."""
        aircraft = an_aircraft(org_id=ours.id)
        dates = (TOMORROW, None, TODAY, None, TOMORROW, date.max, date.min)
        tasks = tuple(a_task(aircraft, due=() if day is None else _on(day)) for day in dates)
        changed = evolve(tasks[3], updated_at=NOON + timedelta(hours=1), version=2)
        await ours.keep(aircraft, *tasks)
        await ours.change(tasks[3], changed)
        kept = (*tasks[:3], changed, *tasks[4:])

        for order in _ORDERS:
            expected = tuple(sorted(kept, key=_place(order), reverse=order.descending))
            assert await _listed(ours, ANY, order, limit) == expected, order

    async def test_an_order_that_tasks_do_not_have_is_refused(self, ours: Tenant) -> None:
        """Asking for one raises ValueError."""
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="order"):
                await uow.tasks.page(PageRequest(order=Order("colour")), filter=ANY)

    @pytest.mark.parametrize("by", ["due_at_date", "updated_at"])
    async def test_nothing_follows_an_unknown_task(self, ours: Tenant, by: str) -> None:
        """In an order other than that of the ids, there is no place after a task that is not there."""
        await self.kept(ours)

        async with ours.open() as uow:
            for descending in (False, True):
                request = PageRequest(order=Order(by, descending=descending), after=FRESH_IDS.new())
                assert await uow.tasks.page(request, filter=ANY) == Page(())

    async def test_open_tasks_of_users_are_found(self, ours: Tenant) -> None:
        """`open_of_assignees` returns the open tasks that any of the users has, by id."""
        needed = self.needed(ours)
        aircraft, _ = aircraft_and_program(needed)
        (user,) = (thing for thing in needed if isinstance(thing, User))
        other = a_user(org_id=ours.id)
        first = a_task(aircraft, assignee=user.id)
        second = a_task(aircraft, status=TaskStatus.DEFERRED, assignee=other.id)
        third = a_task(aircraft, status=TaskStatus.IN_PROGRESS, assignee=user.id)
        past = a_task(aircraft, completed_on=TODAY, assignee=user.id)
        await ours.keep(*needed, other, third, second, first, past, a_task(aircraft))

        async with ours.open() as uow:
            assert await uow.tasks.open_of_assignees([user.id]) == (first, third)
            assert await uow.tasks.open_of_assignees([other.id, user.id]) == (first, second, third)
            assert await uow.tasks.open_of_assignees([]) == ()

    async def test_a_task_is_of_the_organizations_own(self, ours: Tenant, theirs: Tenant, can: Capabilities) -> None:
        """A task of a foreign aircraft, program, link or assignee is refused."""
        can.need_references()
        needed, foreign = self.needed(ours), self.needed(theirs)
        await ours.keep(*needed)
        await theirs.keep(*foreign)
        mine, other = self.one(ours, needed), self.one(theirs, foreign)
        (stranger,) = (thing for thing in foreign if isinstance(thing, User))

        for pointing in (
            evolve(mine, aircraft_id=other.aircraft_id),
            evolve(mine, program_id=other.program_id),
            evolve(mine, link_id=other.link_id),
            evolve(mine, assignee=stranger.id),
        ):
            await refused(ours, adding=pointing)

        assert await self.found(ours, mine) == self.everywhere(None)


def _on(day: date) -> tuple[DuePoint, ...]:
    return (DuePoint(limit=DAYS, unit=DAYS, span=Decimal(30), on=day),)


def _place(order: Order) -> Callable[[Task], tuple[object, ...]]:
    """Return how to sort tasks into the order."""

    def place(task: Task) -> tuple[object, ...]:
        match order.by:
            case "due_at_date":
                return (task.due_on is None, task.due_on or date.max, task.id)
            case "updated_at":
                return (task.updated_at, task.id)
            case _:
                return (task.id,)

    return place


async def _listed(tenant: Tenant, filter: TaskFilter, order: Order, limit: int) -> tuple[Task, ...]:
    async with tenant.open() as uow:
        return await all_of(lambda request: uow.tasks.page(evolve(request, order=order), filter=filter), limit=limit)


def _link(needed: tuple[Thing, ...]) -> Link:
    (link,) = (thing for thing in needed if isinstance(thing, Link))
    return link


def _links_of(task: Task) -> list[LinkId]:
    return [] if task.link_id is None else [task.link_id]
