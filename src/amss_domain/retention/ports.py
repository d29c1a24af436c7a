"""What letting go needs: records across organizations, the audit trail by month, and a place to put that first."""

from collections.abc import AsyncIterator, Collection
from datetime import date, datetime
from typing import Protocol

from amss_domain.retention.model import AuditMonth, FinishedImport, Remains


class ExpiredRecords(Protocol):
    """Records of all organizations whose clock has run out.

    - `purge` removes up to `limit` of a kind whose clock started before `before`, those first whose clock started
      first, and returns how many; with `dry_run` it only counts them.
    - Nothing that is still in use goes, however old: an open alert, a dead letter that was not replayed, the runs of a
      worker of which any run is younger. With a session go its refresh tokens.
    - It knows the kinds `IDEMPOTENCY_KEYS`, `SESSIONS`, `PASSWORD_RESETS`, `ALERTS`, `DEAD_LETTERS` and `JOB_RUNS`;
      KeyError for any other.
    """

    async def purge(self, what: Remains, /, *, before: datetime, limit: int, dry_run: bool = False) -> int: ...


class FinishedImports(Protocol):
    """The imports of all organizations that are finished, and still have their file and rows.

    - `finished` returns up to `limit` that were finished before `before`, those first that were finished first.
    - `remove_rows` removes up to `limit` rows of an import and returns how many; of one that is not finished, none.
    - `emptied` takes imports from among them; the imports themselves stay, with their counts.
    - `strays` returns those of the keys that are the file of no import among them, nor of one that is not finished.
    """

    async def finished(self, *, before: datetime, limit: int) -> tuple[FinishedImport, ...]: ...

    async def remove_rows(self, import_: FinishedImport, /, *, limit: int) -> int: ...

    async def emptied(self, imports: Collection[FinishedImport], /, *, at: datetime) -> None: ...

    async def strays(self, keys: Collection[str], /) -> tuple[str, ...]: ...


class AuditMonths(Protocol):
    """The audit trails of all organizations, as they are kept month by month.

    - `past` returns the months, oldest first, that no organization has to keep at that time any more: all of them is
      older than the longest time that any organization keeps its trail.
    - `lines` yields the entries of such a month, each as one line of JSON without its end, by organization and id.
    - `drop` removes such a month if it has exactly so many entries, and tells whether it was there; it raises
      `InvariantBroken` for another number, so that nothing goes that was not exported.
    - `lines` and `drop` of a month that somebody has to keep raise `InvariantBroken`.
    """

    async def past(self, *, at: datetime) -> tuple[AuditMonth, ...]: ...

    def lines(self, month: date, /) -> AsyncIterator[str]: ...

    async def drop(self, month: date, /, *, entries: int) -> bool: ...


class AuditArchive(Protocol):
    """Where entries of the audit trail go before they are removed.

    - `keep` keeps the lines under the month, for good once it returns, and returns how many there were. What was kept
      before stays; the same lines are kept once. It raises `Unavailable` when they cannot be kept.
    """

    async def keep(self, month: date, lines: AsyncIterator[str], /) -> int: ...
