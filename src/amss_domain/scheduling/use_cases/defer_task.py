"""Putting a task off beyond its limit, on somebody's authority."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.deferral import Deferral, points_put_off, violations_of_deferral
from amss_domain.scheduling.evaluation import announce
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.held import hold
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.rules import blockers_to_defer
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if
from amss_domain.shared.ids import TaskId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class DeferTask:
    """Put a scheduled task off; when it is done, the next interval counts as if it had not been."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self,
        by: Actor,
        task_id: TaskId,
        *,
        authority: str,
        reason: str,
        due: Mapping[str, Decimal | date],
        reference: str | None = None,
        expected_version: int | None = None,
    ) -> Task:
        """Return the deferred task with its due status as it is then.

        `due` says by a limit's name, or by a unit for all limits on it, up to which total or date the work may be done
        instead; a date under `days` is for limits in months too. Past that there is no grace. Other limits stay as they
        are. Raises `NotFound`, `NotPermitted`, `VersionMismatch`,
        `InvalidInput`, and `Refused` with every reason against.
        """
        authorize(by, "tasks:write")
        reject_if(violations_of_deferral(authority, reference, due))
        return await on_fresh_data(
            lambda: self._defer(
                by,
                task_id,
                authority=authority.strip(),
                reference=reference,
                reason=reason,
                due=due,
                expected_version=expected_version,
            )
        )

    async def _defer(
        self,
        by: Actor,
        task_id: TaskId,
        *,
        authority: str,
        reference: str | None,
        reason: str,
        due: Mapping[str, Decimal | date],
        expected_version: int | None,
    ) -> Task:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            held = await hold(uow, task_id, expected_version=expected_version)
            points, against = points_put_off(held.task.due, due)
            refuse_if((*blockers_to_defer(held.task, held.program, reason), *against))
            deferral = Deferral(
                deferred_at=today.at,
                deferred_by=by.name,
                authority=authority,
                reference=reference,
                reason=reason,
                due=points,
            )
            deferred, event = held.task.deferred(deferral)
            uow.tasks.save(deferred, was=held.task)
            uow.record(event)
            announced = announce(uow, deferred, held.program, held.aircraft, today=today)
            await uow.commit(announced)
        return announced
