"""The laws of what is written down of tasks, and of what they wait for."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.access.model import User
from amss_domain.scheduling.dependency import Dependency
from amss_domain.scheduling.task import Task
from amss_domain.scheduling.use_cases.task_dependencies import AddDependency
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import TaskId
from amss_domain.testing import scheduling_values
from amss_domain.testing.backend import Capabilities
from amss_domain.testing.builders import a_user, an_aircraft
from amss_domain.testing.contracts.contract import Contract, ending, outrun, refused, some_examples
from amss_domain.testing.contracts.kept import KeptLaws, Way, picking
from amss_domain.testing.scheduling_builders import a_dependency, a_note, a_task, some_labour
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock
from amss_domain.testing.tenant import Tenant, Thing


class TaskLogContract(Contract):
    """The laws of `TaskLog`."""

    @some_examples
    @given(data=st.data())
    async def test_what_was_written_is_read_back_equal(self, ours: Tenant, data: st.DataObject) -> None:
        """Every field of a note and of hours worked comes back as it went in."""
        task, user = await _a_task_and_a_user(ours)
        note = data.draw(scheduling_values.notes(task, user.id))
        labour = data.draw(scheduling_values.labour(task, user.id))
        await ours.keep(note, labour)

        async with ours.open() as uow:
            assert await uow.task_log.notes(task.id) == (note,)
            assert await uow.task_log.labour(task.id) == (labour,)

    async def test_each_task_has_its_own(self, ours: Tenant) -> None:
        """`notes` and `labour` return what belongs to the task alone, in the order of the ids."""
        task, _ = await _a_task_and_a_user(ours)
        other, _ = await _a_task_and_a_user(ours)
        notes = tuple(a_note(task) for _ in range(3))
        hours = tuple(some_labour(task) for _ in range(3))
        await ours.keep(*reversed(notes), a_note(other), *reversed(hours), some_labour(other))

        async with ours.open() as uow:
            assert await uow.task_log.notes(task.id) == notes
            assert await uow.task_log.labour(task.id) == hours

    async def test_what_is_written_waits_for_the_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` writes nothing; until then the unit of work alone sees what it wrote."""
        task, _ = await _a_task_and_a_user(ours)
        note, labour = a_note(task), some_labour(task)
        async with ours.open() as uow:
            uow.task_log.note(note)
            uow.task_log.record(labour)
            assert await uow.task_log.notes(task.id) == (note,)
            assert await uow.task_log.labour(task.id) == (labour,)
            async with ours.open() as another:
                assert await another.task_log.notes(task.id) == ()
                assert await another.task_log.labour(task.id) == ()

        async with ours.open() as uow:
            assert await uow.task_log.notes(task.id) == ()
            assert await uow.task_log.labour(task.id) == ()

    async def test_what_is_written_is_nobody_elses(self, ours: Tenant, theirs: Tenant) -> None:
        """Nothing of a foreign task is seen, and nothing is added to it."""
        task, _ = await _a_task_and_a_user(theirs)
        note, labour = a_note(task), some_labour(task)
        await theirs.keep(note, labour)

        for foreign in (a_note(task), some_labour(task)):
            await refused(ours, adding=foreign)
            await refused(ours, adding=evolve(foreign, org_id=ours.id))

        async with ours.open() as uow:
            assert await uow.task_log.notes(task.id) == ()
            assert await uow.task_log.labour(task.id) == ()
        async with theirs.open() as uow:
            assert await uow.task_log.notes(task.id) == (note,)
            assert await uow.task_log.labour(task.id) == (labour,)

    async def test_no_hours_are_no_labour(self, ours: Tenant) -> None:
        """Hours that are not more than 0 are refused."""
        task, _ = await _a_task_and_a_user(ours)

        for hours in (Decimal(0), Decimal(-1)):
            await refused(ours, adding=some_labour(task, hours=hours))

    async def test_it_is_written_by_ones_own(self, ours: Tenant, theirs: Tenant, can: Capabilities) -> None:
        """A note or labour of a foreign user is refused."""
        can.need_references()
        task, _ = await _a_task_and_a_user(ours)
        _, stranger = await _a_task_and_a_user(theirs)

        await refused(ours, adding=evolve(a_note(task), user_id=stranger.id))
        await refused(ours, adding=evolve(some_labour(task), user_id=stranger.id))


class DependenciesContract(KeptLaws[Dependency]):
    """The laws of `Dependencies`."""

    def needed(self, tenant: Tenant, /) -> tuple[Thing, ...]:
        aircraft, other = an_aircraft(org_id=tenant.id), an_aircraft(org_id=tenant.id)
        return aircraft, other, a_task(aircraft), a_task(other)

    def one(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> Dependency:
        return a_dependency(*_tasks(needed))

    def any_of(self, _tenant: Tenant, needed: tuple[Thing, ...], /) -> st.SearchStrategy[Dependency]:
        return scheduling_values.dependencies(*_tasks(needed))

    def changed(self, kept: Dependency, other: Dependency) -> Dependency:
        return evolve(other, id=kept.id, task_id=kept.task_id, depends_on=kept.depends_on, created_at=kept.created_at)

    def ways(self) -> Mapping[str, Way[Dependency]]:
        return {
            "get": lambda uow, one: uow.dependencies.get(one.id),
            "of_task": picking(lambda uow, one: uow.dependencies.of_task(one.task_id)),
            "on_task": picking(lambda uow, one: uow.dependencies.on_task(one.depends_on)),
            "downstream": picking(lambda uow, one: uow.dependencies.downstream(one.depends_on)),
        }

    async def test_what_was_removed_keeps_nothing_waiting(self, ours: Tenant) -> None:
        """A removed dependency is found by its id alone, and the pair may have another."""
        kept = await self.kept(ours)
        removed = evolve(kept, removed_at=NOON, version=2)
        await ours.change(kept, removed)

        again = evolve(self.one(ours, self.needed(ours)), task_id=kept.task_id, depends_on=kept.depends_on)
        assert await self.found(ours, kept) == {**self.everywhere(None), "get": removed}
        await ours.keep(again)
        assert await self.found(ours, again) == self.everywhere(again)

    async def test_a_task_waits_for_another_once(self, ours: Tenant) -> None:
        """A second dependency of a task on the same one is refused (`AlreadyExists`)."""
        needed = self.needed(ours)
        first, second = self.one(ours, needed), self.one(ours, needed)
        await ours.keep(*needed)

        error = await outrun(ours, lambda uow: uow.dependencies.add(first), lambda uow: uow.dependencies.add(second))

        assert isinstance(error, AlreadyExists)
        assert await self.found(ours, first) == self.everywhere(first)

    async def test_a_task_does_not_wait_for_itself(self, ours: Tenant) -> None:
        """A dependency of a task on itself is refused."""
        needed = self.needed(ours)
        await ours.keep(*needed)
        task, _ = _tasks(needed)

        await refused(ours, adding=a_dependency(task, task))

    async def test_all_that_waits_is_found_downstream(self, ours: Tenant) -> None:
        """`downstream` follows every way, each dependency once, in the order of the ids, and none that was removed."""
        aircraft = an_aircraft(org_id=ours.id)
        first, left, right, last, aside = (a_task(aircraft) for _ in range(5))
        ways = (a_dependency(left, first), a_dependency(right, first), a_dependency(last, left))
        last_way, gone = a_dependency(last, right), evolve(a_dependency(aside, last), removed_at=NOON)
        upstream = a_dependency(first, aside)
        await ours.keep(aircraft, first, left, right, last, aside, upstream, gone, last_way, *reversed(ways))

        async with ours.open() as uow:
            assert await uow.dependencies.downstream(first.id) == (*ways, last_way)
            assert await uow.dependencies.downstream(left.id) == (ways[2],)
            assert await uow.dependencies.downstream(last.id) == ()
            assert await uow.dependencies.downstream(aside.id) == (*ways, last_way, upstream)
            assert await uow.dependencies.of_task(last.id) == (ways[2], last_way)
            assert await uow.dependencies.on_task(first.id) == ways[:2]

    @pytest.mark.parametrize("end", ["task_id", "depends_on"])
    async def test_both_tasks_are_the_organizations_own(
        self, ours: Tenant, theirs: Tenant, can: Capabilities, end: str
    ) -> None:
        """A dependency of or on a foreign task is refused."""
        can.need_references()
        needed = self.needed(ours)
        await ours.keep(*needed)
        foreign = (await _a_task_and_a_user(theirs))[0].id
        mine = self.one(ours, needed)

        await refused(ours, adding=_pointing(mine, end, foreign))

        assert await self.found(ours, mine) == self.everywhere(None)

    async def test_two_who_close_a_circle_at_once_do_not_both_succeed(self, ours: Tenant, can: Capabilities) -> None:
        """Of two who each add what is missing of a circle, between tasks with nothing in common, one is refused."""
        can.need_holding()
        add = AddDependency(ours.backend.open_uow, ManualClock(), FRESH_IDS)
        for _ in range(10):
            aircraft = [an_aircraft(org_id=ours.id) for _ in range(4)]
            first, second, third, last = (a_task(one) for one in aircraft)
            halves = a_dependency(second, first), a_dependency(last, third)
            await ours.keep(*aircraft, first, second, third, last, *halves)

            outcomes = await ending(
                asyncio.gather(
                    add(ours.actor, first.id, last.id),
                    add(ours.actor, third.id, second.id),
                    return_exceptions=True,
                )
            )

            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Dependency", "Refused"]
            async with ours.open() as uow:
                found = (*await uow.dependencies.of_task(first.id), *await uow.dependencies.of_task(third.id))
            assert found == tuple(outcome for outcome in outcomes if isinstance(outcome, Dependency))


def _pointing(dependency: Dependency, end: str, task_id: TaskId) -> Dependency:
    if end == "task_id":
        return evolve(dependency, task_id=task_id)
    return evolve(dependency, depends_on=task_id)


def _tasks(needed: tuple[Thing, ...]) -> tuple[Task, Task]:
    task, other = (thing for thing in needed if isinstance(thing, Task))
    return task, other


async def _a_task_and_a_user(tenant: Tenant) -> tuple[Task, User]:
    aircraft, user = an_aircraft(org_id=tenant.id), a_user(org_id=tenant.id)
    task = a_task(aircraft)
    await tenant.keep(aircraft, user, task)
    return task, user
