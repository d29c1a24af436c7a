"""Reading maintenance programs."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.ports import ProgramFilter, SchedulingWork
from amss_domain.scheduling.program import Program
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import ProgramId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class GetProgram:
    """Read one maintenance program, archived or not."""

    open_uow: OpenUnitOfWork[SchedulingWork]

    async def __call__(self, by: Actor, program_id: ProgramId) -> Program:
        """Return the program. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "programs:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.programs.get(program_id)


@frozen
class ListPrograms:
    """List the maintenance programs."""

    open_uow: OpenUnitOfWork[SchedulingWork]

    async def __call__(self, by: Actor, request: PageRequest, *, filter: ProgramFilter | None = None) -> Page[Program]:
        """Return a page of the programs that match, of all unarchived ones without a filter. Raises `NotPermitted`."""
        authorize(by, "programs:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.programs.page(request, filter=filter or ProgramFilter())


@frozen
class FindProgram:
    """Find a maintenance program by its name."""

    open_uow: OpenUnitOfWork[SchedulingWork]

    async def __call__(self, by: Actor, name: str) -> Program:
        """Return the unarchived program, whatever the case. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "programs:read")
        async with self.open_uow(by.org_id, by) as uow:
            found = await uow.programs.by_names([name.strip()])
        for program in found.values():
            return program
        raise NotFound("program", name)
