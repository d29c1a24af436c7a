"""Working off uploaded tables."""

from attrs import define, field

from amss_domain.imports.ports import IMPORTS
from amss_domain.imports.use_cases.process_imports import ProcessImports as ProcessOne
from amss_domain.relay.ports import Waking
from amss_domain.scheduling.ports import GENERATE
from amss_entrypoints.worker.job import Rest


@define(kw_only=True)
class ProcessImports:
    """Works on one import after the other, in turns, and wakes the generator after each."""

    name = "process-imports"
    topics = (IMPORTS,)
    rest = Rest.ms(250, 2_000)
    alone = False

    process: ProcessOne
    waking: Waking
    worker: str
    _is_ending: bool = field(default=False, init=False)

    async def run(self) -> int:
        """Work on one import; 0 when none waits."""
        worked_on = await self.process(self.worker, ending=lambda: self._is_ending)
        if worked_on is None:
            return 0
        if worked_on.is_finished:
            self.waking.wake(GENERATE)
        return 1

    def end(self) -> None:
        """Leave the import that is being worked on to others, at the next chunk of rows."""
        self._is_ending = True

    async def close(self) -> None:
        """Do nothing: an import that is cut short is released, and goes on where it was."""
