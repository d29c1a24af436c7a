"""Finding what people name by a registration, a part number or an e-mail address."""

from collections.abc import Collection, Mapping
from uuid import UUID

from amss_domain.access.model import User
from amss_domain.access.rules import authorize
from amss_domain.inventory.part import Part
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.task import TaskStatus
from amss_domain.shared.errors import InvalidInput, NotFound
from amss_domain.shared.ids import PartId, TaskId
from amss_domain.shared.page import PageRequest
from amss_domain.shared.violation import Violation
from amss_entrypoints.cli.session import Session

_OPEN = (TaskStatus.SCHEDULED, TaskStatus.IN_PROGRESS)


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
    program = await program_named(session, program_name)
    for status in _OPEN:
        wanted = TaskFilter(status=status, aircraft_id=aircraft.id, program_id=program.id)
        page = await session.services.list_tasks()(session.actor, PageRequest(limit=1), filter=wanted)
        if page.items:
            return page.items[0].task.id
    raise NotFound("open task", f"of {program.name} on {aircraft.registration}")


async def program_named(session: Session, name: str) -> Program:
    """Return the unarchived program, whatever the case. Raises `NotFound`."""
    authorize(session.actor, "programs:read")
    async with session.open_uow() as uow:
        found = await uow.programs.by_names([name.strip()])
    for program in found.values():
        return program
    raise NotFound("program", name)


async def parts_numbered(session: Session, numbers: Collection[str]) -> Mapping[str, Part]:
    """Return the part of each number, keyed as given. Raises `InvalidInput` naming every unknown one."""
    authorize(session.actor, "parts:read")
    async with session.open_uow() as uow:
        found = await uow.parts.by_numbers([number.strip() for number in numbers])
    unknown = [number for number in numbers if number.strip().lower() not in found]
    if unknown:
        message = "there is no part {}; `amss stock` lists those there are"
        raise InvalidInput([Violation("unknown_part", message.format(number), number) for number in unknown])
    return {number: found[number.strip().lower()] for number in numbers}


async def numbers_of(session: Session, part_ids: Collection[PartId]) -> Mapping[PartId, str]:
    """Return the number of each part."""
    authorize(session.actor, "parts:read")
    async with session.open_uow() as uow:
        return {part.id: part.part_number for part in await uow.parts.get_many(part_ids)}


async def user_with(session: Session, email: str) -> User:
    """Return the user with the e-mail address, whatever its case. Raises `NotFound`."""
    authorize(session.actor, "users:read")
    async with session.open_uow() as uow:
        user = await uow.users.by_email(email.strip())
    if user is None:
        raise NotFound("user", email)
    return user
