"""Planning work by hand: what no program asks for, such as the repair of a defect, or a program's next task early."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from attrs import evolve, frozen

from amss_domain.access.rules import authorize, is_permitted
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.scheduling.evaluation import Today, points_at
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.generation import add_open, generation_of, next_task
from amss_domain.scheduling.link import Generation
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Priority, Program
from amss_domain.scheduling.references import require_parts
from amss_domain.scheduling.rules import (
    blockers_to_assign,
    blockers_to_plan_early,
    blockers_to_plan_on,
    violations_of_early_work,
    violations_of_work,
)
from amss_domain.scheduling.task import Task, Work
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Refused, refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AircraftId, ProgramId, TaskId, UserId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class PlanTask:
    """Plan unplanned work on an aircraft, or make a program's next task before its horizon.

    Who may only report defects may plan those.
    """

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
        program_id: ProgramId | None = None,
    ) -> Task:
        """Return the new task; `due` says by which total of a meter, or which date under `days`, it is to be done.

        With `program_id` the work and its due point are the program's; of `work` only the planned window and the notes
        are taken. Raises `OpenTaskExists` with the program's open task on the aircraft, as long as there is one;
        `NotFound`, `InvalidInput`, `NotPermitted`, and `Refused` with every reason against.
        """
        may_report = work.kind == "defect" and program_id is None and is_permitted(by, "defects:write")
        if not may_report:
            authorize(by, "tasks:write")
        due = due or {}
        reject_if(violations_of_work(work, due) if program_id is None else violations_of_early_work(work, due))
        return await on_fresh_data(lambda: self._plan(by, aircraft_id, work, due, assignee, program_id))

    async def _plan(
        self,
        by: Actor,
        aircraft_id: AircraftId,
        work: Work,
        due: Mapping[str, Decimal | date],
        assignee: UserId | None,
        program_id: ProgramId | None,
    ) -> Task:
        async with self.open_uow(by.org_id, by) as uow:
            today, aircraft = await uow.together(today_of(uow, self.clock.now()), uow.fleet.get_for_update(aircraft_id))
            refuse_if(blockers_to_plan_on(aircraft))
            program = None
            if program_id is None:
                await require_parts(uow, work.required_parts)
                task = self._unplanned(aircraft, work, due, today)
            else:
                program = await uow.programs.get(program_id)
                task = await self._early(uow, aircraft, program, work, today)
            if assignee is not None:
                refuse_if(blockers_to_assign(task, await uow.users.get(assignee)))
                task = evolve(task, assignee=assignee)
            task = add_open(uow, task, program, aircraft, today=today)
            await uow.commit(task)
        return task

    def _unplanned(self, aircraft: Aircraft, work: Work, due: Mapping[str, Decimal | date], today: Today) -> Task:
        return Task(
            id=TaskId(self.ids.new()),
            org_id=aircraft.org_id,
            aircraft_id=aircraft.id,
            work=work,
            due=points_at(due),
            created_at=today.at,
            updated_at=today.at,
        )

    async def _early(self, uow: SchedulingWork, aircraft: Aircraft, program: Program, work: Work, today: Today) -> Task:
        """Return the next task of the program's link, whose generation is over then."""
        links = await uow.links.of_aircraft([aircraft.id], for_update=True)
        link = next((one for one in links if one.program_id == program.id), None)
        open_ones = () if link is None else await uow.tasks.open_of_links([link.id], for_update=True)
        for task in open_ones:
            raise OpenTaskExists(task.id)
        following = None if link is None else generation_of(link, program, aircraft, today=today)
        blockers = blockers_to_plan_early(following)
        if link is None or blockers:
            raise Refused(blockers)
        uow.links.save(link.generating(Generation.OPEN, at=today.at), was=link)
        made = next_task(link, program, aircraft, task_id=TaskId(self.ids.new()), today=today)
        planned = evolve(made.work, planned_start=work.planned_start, planned_end=work.planned_end, notes=work.notes)
        return evolve(made, work=planned)


@frozen
class ReportDefect:
    """Report a defect of an aircraft, which opens a task to correct it."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        by: Actor,
        aircraft_id: AircraftId,
        *,
        title: str,
        description: str | None = None,
        priority: Priority = Priority.ROUTINE,
        due: Mapping[str, Decimal | date] | None = None,
    ) -> Task:
        """Return the new task; `due` is as `PlanTask` takes it.

        Raises `NotFound`, `InvalidInput`, `NotPermitted`, `Refused` for an archived aircraft.
        """
        authorize(by, "defects:write")
        plan = PlanTask(self.open_uow, self.clock, self.ids)
        work = Work(title=title, description=description, kind="defect", priority=priority)
        return await plan(by, aircraft_id, work, due=due)
