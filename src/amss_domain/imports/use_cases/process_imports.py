"""Working off what was uploaded: one import at a time, each row exactly once, wherever the worker was stopped."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from attrs import field, frozen

from amss_domain.imports.batch import Import
from amss_domain.imports.errors import ClaimLost, UnreadableFile
from amss_domain.imports.events import ImportEvent
from amss_domain.imports.model import ImportKind
from amss_domain.imports.ports import Claim, ImportQueue, ImportStorage, ImportsWork, StoredTable
from amss_domain.imports.use_cases.import_rows import ImportRows
from amss_domain.imports.use_cases.turns import Turn
from amss_domain.scheduling.use_cases.generate_due_tasks import GenerateDueTasks
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.violation import Violation

FOLLOWED_BY_TASKS: Final = frozenset({ImportKind.AIRCRAFT, ImportKind.PROGRAMS, ImportKind.PROGRAM_LINKS})
"""The kinds that change which tasks there are to be."""

# Making the tasks of a whole fleet is one step of the import, and takes longer than any chunk of rows.
_LONGER: Final = 5
_PAUSE_DOUBLES: Final = 5


def _nobody_ends() -> bool:
    return False


@frozen
class ProcessImports:
    """Work on one of the imports that wait: to its end, or for a `turn` where another organization waits for its own.

    A claim lasts for `lasts` after each chunk; one that was claimed more than `most_tries` times without coming any
    further has failed. After `Unavailable` it is left alone for `pause`, and longer from time to time up to 32 times
    that; after `most_pauses` without coming any further it has failed too.
    """

    open_uow: OpenUnitOfWork[ImportsWork]
    clock: Clock
    queue: ImportQueue
    storage: ImportStorage
    import_rows: ImportRows
    generate_due_tasks: GenerateDueTasks
    lasts: timedelta = field(default=timedelta(seconds=60))
    pause: timedelta = field(default=timedelta(seconds=10))
    turn: timedelta = field(default=timedelta(seconds=10))
    most_tries: int = 5
    most_pauses: int = 100

    async def __call__(self, worker: str, *, ending: Callable[[], bool] = _nobody_ends) -> Import | None:
        """Return the import as it is afterwards, perhaps to be gone on with later; None when none waits.

        Between two chunks of rows `ending` may say that it is to be left to others. Raises `Unavailable`; the import is
        then claimed again after a while.
        """
        claim = await self.queue.claim(worker, at=self.clock.now(), lasts=self.lasts)
        if claim is None:
            return None
        by = system_actor(claim.org_id, "worker", request_id=f"import:{claim.import_id}")
        try:
            return await self._work_on(by, claim, ending)
        except ClaimLost:
            return await self._found(by, claim)
        except Unavailable:
            with suppress(Unavailable):
                pause = self.pause * 2 ** min(claim.pauses, _PAUSE_DOUBLES)
                await self.queue.pause(claim, until=self.clock.now() + pause)
            raise
        except BaseException as ended:
            # Told to stop: somebody else may go on at once. After a fault it is tried again when the claim has run out.
            if not isinstance(ended, Exception):
                await self.queue.release(claim)
            raise

    async def _work_on(self, by: Actor, claim: Claim, ending: Callable[[], bool]) -> Import:
        reason = self._given_up(claim)
        if reason is not None:
            return await self._finish(by, claim, lambda one, at: one.failed([reason], at=at))
        async with self.open_uow(by.org_id, by) as uow:
            waiting = await uow.imports.hold_claimed(claim)
        try:
            with self.storage.opened(waiting.storage_key, name=waiting.file_name) as table:
                begun = await self._begin(by, claim, table)
                turn = Turn(claim, table, self.queue, self.clock, self.lasts, self.turn, begun.last_row, ending)
                await self.import_rows(by, begun.kind, table, dry_run=begun.dry_run, keeper=turn)
        except UnreadableFile as unreadable:
            reasons = unreadable.violations
            done = await self._finish(by, claim, lambda one, at: one.failed(reasons, at=at))
            await self._make_tasks(by, claim, done)
            return done
        if turn.is_over:
            await self.queue.release(claim)
            return await self._found(by, claim)
        await self._make_tasks(by, claim, begun)
        return await self._finish(by, claim, lambda one, at: one.completed(at=at))

    def _given_up(self, claim: Claim) -> Violation | None:
        if claim.tries > self.most_tries:
            message = f"it was interrupted {self.most_tries} times in a row at the same place"
            return Violation("interrupted", f"{message}; the log of the worker says why")
        if claim.pauses >= self.most_pauses:
            message = f"what it needs was not available {self.most_pauses} times in a row at the same place"
            return Violation("unavailable", f"{message}; the log of the worker says what, upload the table again then")
        return None

    async def _found(self, by: Actor, claim: Claim) -> Import:
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.imports.get(claim.import_id)

    async def _begin(self, by: Actor, claim: Claim, table: StoredTable) -> Import:
        columns = table.columns()
        async with self.open_uow(by.org_id, by) as uow:
            was = await uow.imports.hold_claimed(claim)
            begun = was.begun(columns, at=self.clock.now())
            if begun is not was:
                uow.imports.save(begun, was=was)
                await uow.commit(begun)
        return begun

    async def _finish(
        self, by: Actor, claim: Claim, finish: Callable[[Import, datetime], tuple[Import, ImportEvent]]
    ) -> Import:
        async with self.open_uow(by.org_id, by) as uow:
            was = await uow.imports.hold_claimed(claim)
            done, event = finish(was, self.clock.now())
            uow.imports.save(done, was=was)
            uow.record(event)
            await uow.commit(done)
        return done

    async def _make_tasks(self, by: Actor, claim: Claim, one: Import) -> None:
        """Make the tasks that follow, as the generator would some time later."""
        if one.kind in FOLLOWED_BY_TASKS and not one.dry_run:
            await self.queue.prolong(claim, until=self.clock.now() + _LONGER * self.lasts)
            await self.generate_due_tasks(by)
