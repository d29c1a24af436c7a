"""Letting go of everything whose time is over, a portion of each kind at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from amss_domain.imports.ports import ImportStorage
from amss_domain.relay.ports import OutboxQueue
from amss_domain.retention.model import BATCH, COUNTED, KEPT, Remains, Removal
from amss_domain.retention.ports import AuditArchive, AuditMonths, ExpiredRecords, FinishedImports
from amss_domain.shared.clock import Clock
from amss_domain.webhooks.ports import DeliveryQueue

IMPORTS_AT_ONCE: Final = 100
"""So many imports lose their file and rows in one portion."""

NO_ARCHIVE: Final = "kept: AUDIT_ARCHIVE_DIR does not say where to put them first"

_RECORDS: Final = (
    Remains.IDEMPOTENCY_KEYS,
    Remains.SESSIONS,
    Remains.PASSWORD_RESETS,
    Remains.ALERTS,
    Remains.DEAD_LETTERS,
    Remains.JOB_RUNS,
)


@frozen(kw_only=True)
class RemoveExpired:
    """Removes a portion of everything whose time is over; whoever wants all of it goes on until nothing went.

    Audit entries go by the month, once they are in the `archive`; without one they stay.
    """

    outbox: OutboxQueue
    deliveries: DeliveryQueue
    records: ExpiredRecords
    imports: FinishedImports
    storage: ImportStorage
    months: AuditMonths
    archive: AuditArchive | None
    clock: Clock

    async def __call__(self, *, dry_run: bool = False) -> tuple[Removal, ...]:
        """Return what went of each kind; with `dry_run` everything that would go, and nothing does.

        Raises `Unavailable`; what went before that is gone.
        """
        at = self.clock.now()
        limit = COUNTED if dry_run else BATCH
        if not dry_run:
            # Their own time begins then: who looks for them finds what became of them.
            while await self.deliveries.give_up(at=at, before=_before(Remains.DELIVERIES, at), limit=BATCH) == BATCH:
                pass
        removals = [
            self._removal(
                Remains.OUTBOX_MESSAGES,
                at,
                await self.outbox.purge(before=_before(Remains.OUTBOX_MESSAGES, at), limit=limit, dry_run=dry_run),
                dry_run=dry_run,
            ),
            self._removal(
                Remains.DELIVERIES,
                at,
                await self.deliveries.purge(before=_before(Remains.DELIVERIES, at), limit=limit, dry_run=dry_run),
                dry_run=dry_run,
            ),
        ]
        for what in _RECORDS:
            count = await self.records.purge(what, before=_before(what, at), limit=limit, dry_run=dry_run)
            removals.append(self._removal(what, at, count, dry_run=dry_run))
        removals.append(await self._imports(at, dry_run=dry_run))
        removals.append(await self._strays(at, dry_run=dry_run))
        removals.append(await self._audit(at, dry_run=dry_run))
        return tuple(removals)

    def _removal(self, what: Remains, at: datetime, count: int, *, dry_run: bool) -> Removal:
        return Removal(what=what, before=_before(what, at), count=count, at_least=dry_run and count >= COUNTED)

    async def _imports(self, at: datetime, *, dry_run: bool) -> Removal:
        what = Remains.IMPORTS
        limit = COUNTED if dry_run else IMPORTS_AT_ONCE
        found = await self.imports.finished(before=_before(what, at), limit=limit)
        if not dry_run:
            for one in found:
                # The file first: whoever is stopped in between comes by the import again.
                await self.storage.discard(one.storage_key)
                while await self.imports.remove_rows(one, limit=BATCH) == BATCH:
                    pass
                await self.imports.emptied((one,), at=at)
        return self._removal(what, at, len(found), dry_run=dry_run)

    async def _strays(self, at: datetime, *, dry_run: bool) -> Removal:
        what = Remains.STRAY_FILES
        keys = await self.storage.keys(before=_before(what, at), limit=BATCH)
        strays: Sequence[str] = await self.imports.strays(keys) if keys else ()
        if not dry_run:
            for key in strays:
                await self.storage.discard(key)
        return Removal(what=what, before=_before(what, at), count=len(strays), at_least=dry_run and len(keys) == BATCH)

    async def _audit(self, at: datetime, *, dry_run: bool) -> Removal:
        past = await self.months.past(at=at)
        count = 0
        if dry_run and self.archive is not None:
            count = sum(month.entries for month in past)
        elif self.archive is not None:
            for one in past[:1]:
                kept = await self.archive.keep(one.month, self.months.lines(one.month))
                await self.months.drop(one.month, entries=kept)
                # A month without an entry is something that went too.
                count += max(kept, 1)
        waiting = sum(month.entries for month in past) if self.archive is None else 0
        note = f"{NO_ARCHIVE} ({waiting:,} in {len(past)} months)" if past and self.archive is None else None
        return Removal(what=Remains.AUDIT_ENTRIES, before=None, count=count, note=note)


def _before(what: Remains, at: datetime) -> datetime:
    return at - KEPT[what]
