"""Where the rows of a table come from, where uploaded tables are kept, and who works them off."""

from collections.abc import AsyncIterable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final, Protocol

from attrs import frozen

from amss_domain.imports.batch import Import, ImportStatus, KeptRow, StoredFile
from amss_domain.imports.model import Effect, ImportKind, RowResult, SourceRow, UnreadableRow
from amss_domain.relay.model import Backlog
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.ids import ImportId, OrgId
from amss_domain.shared.page import Page, PageRequest


class RowSource(Protocol):
    """A table with a header, read as it is worked through.

    - `columns` returns the names in the header, in order, in lower case and without the space around them.
    - `rows` yields every row below the header that is not blank, once, in order; its cells have the header's names.
    - A row that cannot be read is yielded as an `UnreadableRow`, and the rows after it follow.
    - Both raise `UnreadableFile` when the table cannot be read at all or no further.
    - What is held in memory does not grow with the table.
    """

    def columns(self) -> tuple[str, ...]: ...

    def rows(self) -> Iterator[SourceRow | UnreadableRow]: ...


class StoredTable(RowSource, Protocol):
    """A table that was stored; `read_bytes` says how much of it was read so far.

    - `skip` reads past rows up to the number `until`, but past no more than `most` of them, and holds nobody up
      meanwhile; `rows` goes on behind them. It gives each that can be read to `see`, if there is one, from any thread
      but one at a time, and returns whether there are more to read past.
    """

    @property
    def read_bytes(self) -> int: ...

    async def skip(self, until: int, /, *, most: int, see: Callable[[SourceRow], object] | None = None) -> bool: ...


class ImportStorage(Protocol):
    """Keeps uploaded tables until they are discarded.

    - `store` keeps what the chunks add up to under a key of its own and returns that, never holding more of it in
      memory than a chunk or two; when anything goes wrong, or it is cancelled, nothing is left of the file.
    - `store` raises `FileTooLarge` as soon as there are more than `limit_bytes`, `Unavailable` when nothing can be
      stored.
    - `opened` gives the table of a key, called `name` in what is said of it; for a key that is not there its `columns`
      raises `UnreadableFile`, and `Unavailable` where only the storage cannot be reached.
    - `discard` removes a file; one that is not there is removed already.
    - `keys` names the files last written before an instant, those that are still being stored among them.
    """

    async def store(
        self, chunks: AsyncIterable[bytes], /, *, org_id: OrgId, import_id: ImportId, limit_bytes: int
    ) -> StoredFile: ...

    def opened(self, key: str, /, *, name: str) -> AbstractContextManager[StoredTable]: ...

    async def discard(self, key: str, /) -> None: ...

    async def keys(self, *, before: datetime, limit: int) -> tuple[str, ...]: ...


IMPORTS: Final = "imports"
"""What to wake when there may be imports to work off."""


@frozen(kw_only=True)
class ImportFilter:
    """Which imports are listed; None is any."""

    kind: ImportKind | None = None
    status: ImportStatus | None = None


ANY_IMPORT: Final = ImportFilter()


@frozen(kw_only=True)
class RowFilter:
    """Which rows of an import are listed: those of an effect, or those taken with a warning; None and False is any."""

    effect: Effect | None = None
    warned: bool = False


ANY_ROW: Final = RowFilter()


@frozen(kw_only=True)
class Claim:
    """The right to work an import off; `token` grows with each claim on it.

    It is the `tries`-th claim since the import last came any further, and it was paused `pauses` times since then.
    """

    org_id: OrgId
    import_id: ImportId
    token: int
    tries: int = 1
    pauses: int = 0


class Imports(Protocol):
    """The organization's imports, and what became of their rows.

    - `page` lists by id, `created_at`; both ways round.
    - `hold_claimed` holds the import until the end and returns it; it raises `ClaimLost` when another claim was made
      since, and for an unknown import. While it is held nobody can claim it.
    - `unfinished` counts those that are waiting or being worked off.
    - `prolong` makes the claim last until then; only where the import came `further` its tries and pauses begin anew.
    - `add_rows` keeps what became of rows, given in the order of the table, under the attempt; each row once.
    - `rows` lists those of an attempt by number; the id of a row is its number, and so is `after`.
    - A violation's subject, a cell and a message come back as they are, save what no database stores.
    """

    async def get(self, import_id: ImportId, /) -> Import: ...

    async def get_for_update(self, import_id: ImportId, /) -> Import: ...

    async def page(self, request: PageRequest, /, *, filter: ImportFilter = ANY_IMPORT) -> Page[Import]: ...

    def add(self, import_: Import, /) -> None: ...

    def save(self, import_: Import, /, *, was: Import) -> None: ...

    async def hold_claimed(self, claim: Claim, /) -> Import: ...

    async def unfinished(self) -> int: ...

    def prolong(self, claim: Claim, /, *, until: datetime, further: bool = False) -> None: ...

    def add_rows(self, import_id: ImportId, attempt: int, results: Sequence[RowResult], /) -> None: ...

    async def rows(
        self, import_id: ImportId, attempt: int, request: PageRequest, /, *, filter: RowFilter = ANY_ROW
    ) -> Page[KeptRow]: ...


class ImportQueue(Protocol):
    """The imports of all organizations that wait to be worked off.

    - `claim` gives one that nobody has a claim on that still lasts: queued, or left by whoever claimed it. Each is
      given to one worker at a time, and of an organization's the one that was queued first, so that one table can
      build on another. The organization for which longest nothing was imported comes first.
    - `prolong` makes a claim last longer, and no more; it returns False when it is no longer the latest.
    - `pause` lets nobody claim the import until then; the claim counts as a pause, and not as a try.
    - `release` lets somebody else claim it at once; the claim does not count as a try.
    - A claim that is no longer the latest is paused and released without effect.
    - `others_wait` tells whether another organization has one that could be claimed.
    - `backlog` counts those that are not finished.
    """

    async def claim(self, worker: str, *, at: datetime, lasts: timedelta) -> Claim | None: ...

    async def prolong(self, claim: Claim, /, *, until: datetime) -> bool: ...

    async def pause(self, claim: Claim, /, *, until: datetime) -> None: ...

    async def release(self, claim: Claim, /) -> None: ...

    async def others_wait(self, claim: Claim, /, *, at: datetime) -> bool: ...

    async def backlog(self) -> Backlog: ...


class ImportsWork(SchedulingWork, Protocol):
    """A unit of work that reaches imports, and everything that they change."""

    @property
    def imports(self) -> Imports: ...
