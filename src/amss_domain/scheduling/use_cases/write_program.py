"""Writing and rewriting maintenance programs."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program, ProgramTerms, violations_of_program
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import ProgramId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class WriteProgram:
    """Write a maintenance program; `GenerateDueTasks` links the aircraft it covers and makes their tasks."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, *, name: str, terms: ProgramTerms) -> Program:
        """Return the new program. Raises `InvalidInput`, `NotPermitted`, `AlreadyExists` for a taken name."""
        authorize(by, "programs:write")
        reject_if(violations_of_program(name, terms))
        now = self.clock.now()
        program = Program(
            id=ProgramId(self.ids.new()),
            org_id=by.org_id,
            name=name.strip(),
            terms=terms,
            created_at=now,
            updated_at=now,
        )
        async with self.open_uow(by.org_id, by) as uow:
            uow.programs.add(program)
            uow.record(program.created())
            await uow.commit()
        return program


@frozen
class RewriteProgram:
    """Give a program other terms; `GenerateDueTasks` makes its links and open tasks follow."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, program_id: ProgramId, terms: ProgramTerms) -> Program:
        """Return the changed program; the same when nothing differs.

        Raises `NotFound`, `InvalidInput`, `NotPermitted`.
        """
        authorize(by, "programs:write")
        return await on_fresh_data(lambda: self._rewrite(by, program_id, terms))

    async def _rewrite(self, by: Actor, program_id: ProgramId, terms: ProgramTerms) -> Program:
        async with self.open_uow(by.org_id, by) as uow:
            program = await uow.programs.get_for_update(program_id)
            reject_if(violations_of_program(program.name, terms))
            if terms == program.terms:
                return program
            changed, event = program.rewritten(terms, at=self.clock.now())
            uow.programs.save(changed, was=program)
            uow.record(event)
            await uow.commit()
        return changed
