"""One worker's turn at an import: what it keeps with each chunk of rows, and when it is over."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from amss_domain.imports.batch import Import
from amss_domain.imports.errors import ClaimLost
from amss_domain.imports.model import RowResult, SourceRow
from amss_domain.imports.ports import Claim, ImportQueue, ImportsWork, StoredTable
from amss_domain.shared.clock import Clock

_SKIPPED_AT_ONCE: Final = 5_000


@define
class Turn:
    """Keeps, with the effects of a chunk, what became of its rows and how far the import is; for its claimant alone.

    It begins behind the row `after`. It is over after `length` if another organization waits, and whenever `ending`
    says so.
    """

    claim: Claim
    table: StoredTable
    queue: ImportQueue
    clock: Clock
    lasts: timedelta
    length: timedelta
    after: int
    ending: Callable[[], bool]
    is_over: bool = field(default=False, init=False)
    _until: datetime | None = field(default=None, init=False)
    _held: Import | None = field(default=None, init=False)

    async def pass_over(self, see: Callable[[SourceRow], object] | None, /) -> bool:
        """Read past the rows that were worked through before, keeping the claim meanwhile. Raises `ClaimLost`."""
        lasting = self.clock.now() + self.lasts
        while await self.table.skip(self.after, most=_SKIPPED_AT_ONCE, see=see):
            now = self.clock.now()
            if lasting - now < self.lasts / 2:
                lasting = now + self.lasts
                if not await self.queue.prolong(self.claim, until=lasting):
                    raise ClaimLost(self.claim.import_id)
        # The header is the first row.
        return self.after > 1

    async def begin(self, uow: ImportsWork, /) -> None:
        """Hold the import; somebody else's claim ends the work here. Raises `ClaimLost`."""
        self._held = await uow.imports.hold_claimed(self.claim)

    async def keep(self, uow: ImportsWork, results: Sequence[RowResult], /) -> None:
        """Add the results, and prolong the claim."""
        was, now = self._held, self.clock.now()
        if was is None:
            raise RuntimeError("a chunk is begun before it is kept")
        last_row = max((result.number for result in results), default=was.last_row)
        advanced = was.advanced(results, last_row=last_row, bytes_done=self.table.read_bytes, at=now)
        uow.imports.add_rows(was.id, was.attempt, results)
        uow.imports.save(advanced, was=was)
        uow.imports.prolong(self.claim, until=now + self.lasts, further=advanced.last_row > was.last_row)

    async def goes_on(self) -> bool:
        """Tell whether there is time for another chunk."""
        now = self.clock.now()
        if self._until is None:
            self._until = now + self.length
        if self.ending():
            self.is_over = True
        elif now >= self._until:
            self.is_over = await self.queue.others_wait(self.claim, at=now)
            self._until = now + self.length
        return not self.is_over
