"""A task with everything it stands on, held in the one order that lets nobody wait in a circle."""

from attrs import frozen

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.rules import blockers_to_act_on
from amss_domain.scheduling.task import Task
from amss_domain.shared.errors import NotPermitted, require_version
from amss_domain.shared.ids import TaskId


@frozen(kw_only=True)
class Held:
    """A task, its aircraft, its link and program if it has them, and the aircraft's other open tasks; all held."""

    task: Task
    aircraft: Aircraft
    link: Link | None
    program: Program | None
    others: tuple[Task, ...]


async def hold(uow: SchedulingWork, task_id: TaskId, *, expected_version: int | None = None) -> Held:
    """Hold the task: aircraft, link, then tasks by id.

    Raises `NotFound`; `NotPermitted` if the actor may not act on it; `VersionMismatch`.
    """
    seen = await uow.tasks.get(task_id)
    aircraft = await uow.fleet.get_for_update(seen.aircraft_id)
    link = None if seen.link_id is None else await uow.links.get_for_update(seen.link_id)
    open_ones = {task.id: task for task in await uow.tasks.open_of_aircraft([aircraft.id], for_update=True)}
    task = open_ones.pop(task_id, None) or await uow.tasks.get_for_update(task_id)
    blockers = blockers_to_act_on(task, uow.actor)
    if blockers:
        raise NotPermitted(blockers)
    require_version("task", task_id, expected=expected_version, found=task.version)
    program = None if task.program_id is None else await uow.programs.get(task.program_id)
    return Held(task=task, aircraft=aircraft, link=link, program=program, others=tuple(open_ones.values()))
