"""What was done to an aircraft: the work completed, voided and cancelled."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.evaluation import programs_of
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen(kw_only=True)
class PastTask:
    """A closed task with the name of its program, which unplanned work has none of."""

    task: Task
    program: str | None


@frozen
class AircraftHistory:
    """List what was done to an aircraft: by whom, when, at which readings, with which parts and breaches."""

    open_uow: OpenUnitOfWork[SchedulingWork]

    async def __call__(self, by: Actor, aircraft_id: AircraftId, request: PageRequest) -> Page[PastTask]:
        """Return a page of the completed, voided and cancelled tasks.

        The latest come first unless the request says otherwise. Raises `NotFound`, `NotPermitted`.
        """
        authorize(by, "tasks:read")
        async with self.open_uow(by.org_id, by) as uow:
            await uow.fleet.get(aircraft_id)
            page = await uow.tasks.closed_of_aircraft(aircraft_id, request)
            programs = await programs_of(uow, page.items)
        views = (
            PastTask(task=task, program=programs[task.program_id].name if task.program_id else None)
            for task in page.items
        )
        return Page(tuple(views), page.next_after)
