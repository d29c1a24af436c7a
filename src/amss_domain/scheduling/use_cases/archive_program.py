"""Archiving maintenance programs."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.ports import LinkFilter, SchedulingWork
from amss_domain.scheduling.program import Program, blockers_to_archive
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, require_version
from amss_domain.shared.ids import LinkId, ProgramId, TaskId
from amss_domain.shared.page import MAX_LIMIT, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class ArchiveProgram:
    """Put a program away: nothing more falls due of it, its history stays, and its name is free again."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, program_id: ProgramId, *, expected_version: int | None = None) -> Program:
        """Return the archived program.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` when it is archived already or while it has open
        tasks, naming up to twenty of them.
        """
        authorize(by, "programs:write")
        return await on_fresh_data(lambda: self._archive(by, program_id, expected_version))

    async def _archive(self, by: Actor, program_id: ProgramId, expected_version: int | None) -> Program:
        async with self.open_uow(by.org_id, by) as uow:
            # Who puts a program on an aircraft holds it too, so no task appears once it is found to have none.
            program = await uow.programs.get_for_update(program_id)
            require_version("program", program_id, expected=expected_version, found=program.version)
            refuse_if(blockers_to_archive(program, await _open_tasks(uow, program_id)))
            archived, event = program.archived(at=self.clock.now())
            uow.programs.save(archived, was=program)
            uow.record(event)
            await uow.commit(archived)
        return archived


async def _open_tasks(uow: SchedulingWork, program_id: ProgramId) -> tuple[TaskId, ...]:
    """Return the ids of the program's open tasks, all as they are at one instant."""
    links: list[LinkId] = []
    request: PageRequest | None = PageRequest(limit=MAX_LIMIT)
    while request is not None:
        page = await uow.links.page(request, filter=LinkFilter(program_id=program_id))
        links += (link.id for link in page.items)
        request = PageRequest(limit=MAX_LIMIT, after=page.next_after) if page.next_after else None
    return tuple(task.id for task in await uow.tasks.open_of_links(links))
