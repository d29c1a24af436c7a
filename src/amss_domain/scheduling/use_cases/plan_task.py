"""Planning work that no program asks for, such as the repair of a defect."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from attrs import frozen

from amss_domain.access.rules import authorize, is_permitted
from amss_domain.scheduling.evaluation import points_at
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.generation import add_open
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.rules import violations_of_work
from amss_domain.scheduling.task import Task, Work
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, TaskId, UserId
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class PlanTask:
    """Plan unplanned work on an aircraft; who may only report defects may plan those."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        aircraft_id: AircraftId,
        work: Work,
        *,
        due: Mapping[str, Decimal | date] | None = None,
        assignee: UserId | None = None,
    ) -> Task:
        """Return the new task; `due` says by which total of a meter, or which date under `days`, it is to be done.

        Raises `NotFound`, `InvalidInput`, `NotPermitted`.
        """
        may_report = work.kind == "defect" and is_permitted(by, "defects:write")
        if not may_report:
            authorize(by, "tasks:write")
        due = due or {}
        reject_if(violations_of_work(work, due))
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            aircraft = await uow.fleet.get_for_update(aircraft_id)
            task = Task(
                id=TaskId(self.ids.new()),
                org_id=by.org_id,
                aircraft_id=aircraft_id,
                work=work,
                due=points_at(due),
                assignee=assignee,
                created_at=today.at,
                updated_at=today.at,
            )
            task = add_open(uow, task, None, aircraft, today=today)
            await uow.commit()
        return task
