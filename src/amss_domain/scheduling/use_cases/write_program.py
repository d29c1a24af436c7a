"""Writing and changing maintenance programs."""

from collections.abc import Callable

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.program import Program, ProgramTerms, blockers_to_rewrite, violations_of_program
from amss_domain.scheduling.references import require_parts
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, reject_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import ProgramId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.unset import UNSET, Unset


@frozen
class WriteProgram:
    """Write a maintenance program; `GenerateDueTasks` links the aircraft it covers and makes their tasks."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, *, name: str, terms: ProgramTerms) -> Program:
        """Return the new program.

        Raises `InvalidInput`, `NotPermitted`, `NotFound` for a required part that is unknown, `AlreadyExists` for a
        taken name.
        """
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
            await require_parts(uow, terms.required_parts)
            uow.programs.add(program)
            uow.record(program.created())
            await uow.commit(program)
        return program


@frozen
class ChangeProgram:
    """Change a program's name and terms; `GenerateDueTasks` makes its links and open tasks follow."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self,
        by: Actor,
        program_id: ProgramId,
        *,
        name: str | Unset = UNSET,
        terms: ProgramTerms | Callable[[ProgramTerms], ProgramTerms] | Unset = UNSET,
        expected_version: int | None = None,
    ) -> Program:
        """Return the changed program; the same when nothing differs.

        `terms` are all of the terms, or make them from those there are. Raises `NotFound` also for a required part that
        is unknown, `InvalidInput`, `NotPermitted`, `VersionMismatch`, `Refused` for an archived program,
        `AlreadyExists` for a taken name, and whatever `terms` raises.
        """
        authorize(by, "programs:write")
        return await on_fresh_data(lambda: self._change(by, program_id, name, terms, expected_version))

    async def _change(
        self,
        by: Actor,
        program_id: ProgramId,
        name: str | Unset,
        terms: ProgramTerms | Callable[[ProgramTerms], ProgramTerms] | Unset,
        expected_version: int | None,
    ) -> Program:
        async with self.open_uow(by.org_id, by) as uow:
            program = await uow.programs.get_for_update(program_id)
            require_version("program", program_id, expected=expected_version, found=program.version)
            refuse_if(blockers_to_rewrite(program))
            wanted_name = program.name if isinstance(name, Unset) else name.strip()
            wanted = _wanted(terms, program.terms)
            reject_if(violations_of_program(wanted_name, wanted))
            if (wanted_name, wanted) == (program.name, program.terms):
                await uow.commit(program)
                return program
            await require_parts(uow, set(wanted.required_parts) - set(program.terms.required_parts))
            changed, event = program.rewritten(wanted, name=wanted_name, at=self.clock.now())
            uow.programs.save(changed, was=program)
            uow.record(event)
            await uow.commit(changed)
        return changed


def _wanted(
    terms: ProgramTerms | Callable[[ProgramTerms], ProgramTerms] | Unset, present: ProgramTerms
) -> ProgramTerms:
    if isinstance(terms, Unset):
        return present
    return terms if isinstance(terms, ProgramTerms) else terms(present)
