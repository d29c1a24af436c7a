"""Finding the task that people name by its aircraft and program."""

from uuid import UUID

from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import TaskStatus
from amss_domain.shared.errors import InvalidInput, NotFound
from amss_domain.shared.ids import TaskId
from amss_domain.shared.page import PageRequest
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli.session import Session

_OPEN = tuple(status for status in TaskStatus if status.is_open)


async def task_named(session: Session, name: str) -> TaskId:
    """Return the id of the task: `name` is an id, or REGISTRATION:PROGRAM for the open task of a program.

    Raises `NotFound`.
    """
    try:
        return TaskId(UUID(name))
    except ValueError:
        registration, separator, program_name = (part.strip() for part in name.partition(":"))
    if not separator:
        message = f"{name!r} is neither a task's id nor REGISTRATION:PROGRAM; `amss tasks` lists both"
        raise InvalidInput([Violation("invalid_task", message, "task")])
    aircraft = await session.services.find_aircraft()(session.actor, registration)
    program = await session.services.find_program()(session.actor, program_name)
    wanted = TaskFilter(statuses=_OPEN, aircraft_id=aircraft.id, program_id=program.id)
    page = await session.services.list_tasks()(session.actor, PageRequest(limit=1), filter=wanted)
    if page.items:
        return page.items[0].task.id
    raise NotFound("open task", f"of {program.name} on {aircraft.registration}")
