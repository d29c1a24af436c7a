"""Assigning and starting tasks, and reserving the parts they need."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from attrs import frozen

from amss_domain.access.model import Role
from amss_domain.access.rules import authorize
from amss_domain.inventory.rules import held_by_part, violations_of_quantities
from amss_domain.inventory.stock import Reservation
from amss_domain.inventory.stockkeeping import Moment, reserve_for
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.held import hold
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.predecessors import blockers_to_begin
from amss_domain.scheduling.rules import blockers_to_assign, blockers_to_reserve, blockers_to_start
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import PartId, TaskId, UserId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class AssignTask:
    """Give a task to somebody."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self, by: Actor, task_id: TaskId, assignee: UserId, *, expected_version: int | None = None
    ) -> Task:
        """Return the assigned task.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` unless it is open.
        """
        authorize(by, "tasks:write")
        return await on_fresh_data(lambda: self._assign(by, task_id, assignee, expected_version))

    async def _assign(self, by: Actor, task_id: TaskId, assignee: UserId, expected_version: int | None) -> Task:
        async with self.open_uow(by.org_id, by) as uow:
            task = (await hold(uow, task_id, expected_version=expected_version)).task
            refuse_if(blockers_to_assign(task, await uow.users.get(assignee)))
            changed, event = task.assigned(assignee, at=self.clock.now())
            uow.tasks.save(changed, was=task)
            uow.record(event)
            await uow.commit(changed)
        return changed


@frozen
class StartTask:
    """Begin work on a task and reserve the required parts that it still lacks."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        task_id: TaskId,
        *,
        assignee: UserId | None = None,
        expected_version: int | None = None,
    ) -> Task:
        """Return the task in progress; the technician who starts an unassigned task takes it.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` with every reason against, `InsufficientParts`.
        """
        authorize(by, "tasks:execute")
        return await on_fresh_data(lambda: self._start(by, task_id, assignee, expected_version))

    async def _start(self, by: Actor, task_id: TaskId, assignee: UserId | None, expected_version: int | None) -> Task:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            task = (await hold(uow, task_id, expected_version=expected_version)).task
            blockers = (*blockers_to_start(task), *await blockers_to_begin(uow, task))
            if assignee is not None and task.status.is_open:
                blockers += blockers_to_assign(task, await uow.users.get(assignee))
            refuse_if(blockers)
            started = begin(uow, task, assignee=assignee, when=Moment(at=today.at, on=today.on))
            lacking = _lacking(task, await uow.stock.reservations(task_id))
            await reserve_for(uow, task_id, lacking, when=Moment(at=today.at, on=today.on), ids=self.ids)
            await uow.commit(started)
        return started


@frozen
class ReserveParts:
    """Reserve parts for a task, all or none, and begin work on it unless told not to."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        task_id: TaskId,
        parts: Mapping[PartId, int] | None = None,
        *,
        start: bool = True,
        expected_version: int | None = None,
    ) -> tuple[Task, tuple[Reservation, ...]]:
        """Return the task and what was reserved; `parts` None reserves the required parts that it still lacks.

        Raises `NotFound`, `NotPermitted`, `InvalidInput`, `VersionMismatch`, `Refused` with every reason against,
        `InsufficientParts`.
        """
        authorize(by, "parts:reserve")
        reject_if(violations_of_quantities((parts or {}).items()))
        return await on_fresh_data(lambda: self._reserve(by, task_id, parts, start, expected_version))

    async def _reserve(
        self,
        by: Actor,
        task_id: TaskId,
        parts: Mapping[PartId, int] | None,
        start: bool,
        expected_version: int | None,
    ) -> tuple[Task, tuple[Reservation, ...]]:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            when = Moment(at=today.at, on=today.on)
            task = (await hold(uow, task_id, expected_version=expected_version)).task
            refuse_if(blockers_to_reserve(task))
            if start and task.status.is_waiting:
                authorize(by, "tasks:execute")
                refuse_if(await blockers_to_begin(uow, task))
                task = begin(uow, task, assignee=None, when=when)
            if parts is None:
                parts = _lacking(task, await uow.stock.reservations(task_id))
            reserved = await reserve_for(uow, task_id, parts, when=when, ids=self.ids)
            await uow.commit((task, reserved))
        return task, reserved


def begin(uow: SchedulingWork, task: Task, *, assignee: UserId | None, when: Moment) -> Task:
    """Save the task in progress; a technician who begins an unassigned task takes it."""
    taker = task.assignee if assignee is None else assignee
    if taker is None and uow.actor.kind is ActorKind.USER and uow.actor.role == Role.TECHNICIAN.value:
        taker = user_of(uow.actor)
    started, event = task.started(assignee=taker, at=when.at)
    uow.tasks.save(started, was=task)
    uow.record(event)
    return started


def user_of(actor: Actor) -> UserId | None:
    """Return the user that the actor is; None for keys and system actors."""
    return UserId(UUID(actor.id)) if actor.kind is ActorKind.USER else None


def _lacking(task: Task, reservations: Iterable[Reservation]) -> dict[PartId, int]:
    held = held_by_part(reservations)
    needed: dict[PartId, int] = {}
    for required in task.work.required_parts:
        needed[required.part_id] = needed.get(required.part_id, 0) + required.quantity
    return {part: count - held.get(part, 0) for part, count in needed.items() if count > held.get(part, 0)}
