"""Commands that no use case gives yet: archiving, and work that is given up."""

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import rule

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.inventory.part import Part
from amss_domain.scheduling.program import Program
from amss_domain.testing.state_machine.pair import NUMBERS, Pair, pick
from amss_domain.testing.workshop import Workshop


class ArchiveCommands(Pair):
    """Archiving aircraft, parts and programs, and leaving a unit of work without a commit."""

    @rule(kind=st.integers(0, 5), number=NUMBERS, commit=st.booleans())
    def archive(self, kind: int, number: int, commit: bool) -> None:
        """Archive something, or give it up at the last moment; a part may come back."""
        match kind:
            case 0:
                self.ask(lambda shop: self._archive_aircraft(shop, number, commit=commit))
            case 1:
                self.ask(lambda shop: self._archive_program(shop, number, commit=commit))
            case _:
                self.ask(lambda shop: self._archive_part(shop, number, commit=commit))

    async def _archive_aircraft(self, shop: Workshop, number: int, *, commit: bool) -> Aircraft:
        if commit:
            return await shop.archive_aircraft(shop.actor, pick(self.aircraft, number))
        async with shop.tenant.open() as uow:
            was = await uow.fleet.get_for_update(pick(self.aircraft, number))
            now, event = was.archived(at=self.clock.now())
            uow.fleet.save(now, was=was)
            uow.record(event)
            return await uow.fleet.get(was.id)

    async def _archive_program(self, shop: Workshop, number: int, *, commit: bool) -> Program:
        async with shop.tenant.open() as uow:
            was = await uow.programs.get_for_update(pick(self.programs, number))
            now, event = was.archived(at=self.clock.now())
            uow.programs.save(now, was=was)
            uow.record(event)
            found = await uow.programs.get(was.id)
            if commit:
                await uow.commit()
        return found

    async def _archive_part(self, shop: Workshop, number: int, *, commit: bool) -> Part:
        async with shop.tenant.open() as uow:
            was = await uow.parts.get_for_update(pick(self.parts, number))
            archived_at = None if was.archived_at else self.clock.now()
            uow.parts.save(evolve(was, archived_at=archived_at, version=was.version + 1), was=was)
            found = await uow.parts.get(was.id)
            if commit:
                await uow.commit()
        return found
