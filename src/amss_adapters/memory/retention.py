"""Removing what no organization needs any more."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, Final

from amss_adapters.memory.alerts import ALERTS
from amss_adapters.memory.imports import FINISHED, IMPORTS, RUNS
from amss_adapters.memory.password_resets import RESETS
from amss_adapters.memory.relay import MemoryDeadLetters, MemoryJobLog
from amss_adapters.memory.sessions import SESSIONS, TOKENS
from amss_adapters.memory.tables import Table
from amss_adapters.memory.tenant import Tenant
from amss_domain.access.password_reset import PasswordReset
from amss_domain.retention.model import AuditMonth, FinishedImport, Remains
from amss_domain.shared.errors import InvariantBroken
from amss_domain.shared.ids import ImportId, OrgId


def _clock_of_reset(reset: PasswordReset) -> datetime:
    return max(reset.created_at, reset.used_at or reset.expires_at or reset.created_at)


# Of which table, and when the clock of a row started; None while it has not.
_CLOCKS: Final[Mapping[Remains, tuple[Table[Any], Callable[[Any], datetime | None]]]] = {
    Remains.SESSIONS: (SESSIONS, lambda session: session.expires_at),
    Remains.PASSWORD_RESETS: (RESETS, _clock_of_reset),
    Remains.ALERTS: (ALERTS, lambda alert: alert.resolved_at),
}


class MemoryExpiredRecords:
    """Records of all organizations whose clock has run out."""

    def __init__(self, tenants: Mapping[OrgId, Tenant], letters: MemoryDeadLetters, job_log: MemoryJobLog) -> None:
        self._tenants = tenants
        self._letters = letters
        self._job_log = job_log

    async def purge(self, what: Remains, /, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove so many of a kind, or count them. Raises KeyError for a kind that it does not know."""
        if what is Remains.DEAD_LETTERS:
            return self._letters.purge(before=before, limit=limit, dry_run=dry_run)
        if what is Remains.JOB_RUNS:
            return self._job_log.purge(before=before, limit=limit, dry_run=dry_run)
        if what is Remains.IDEMPOTENCY_KEYS:
            count = 0
            for tenant in self._tenants.values():
                count += tenant.answers.purge(before=before, limit=limit - count, dry_run=dry_run)
            return count
        table, clock = _CLOCKS[what]
        found = tuple(islice(self._old(table, clock, before), limit))
        if not dry_run:
            for tenant, row in found:
                _remove(tenant, table, row)
        return len(found)

    def _old(
        self, table: Table[Any], clock: Callable[[Any], datetime | None], before: datetime
    ) -> Iterator[tuple[Tenant, Any]]:
        started = (
            (at, tenant, row)
            for tenant in self._tenants.values()
            for row in tenant.rows(table).by_id.values()
            if (at := clock(row)) is not None and at < before and not tenant.locks.is_held((table, row.id))
        )
        return ((tenant, row) for _, tenant, row in sorted(started, key=lambda found: found[0]))


class MemoryFinishedImports:
    """Imports of all organizations that are finished, and those of them that were emptied."""

    def __init__(self, tenants: Mapping[OrgId, Tenant]) -> None:
        self._tenants = tenants
        self._emptied: set[ImportId] = set()

    async def finished(self, *, before: datetime, limit: int) -> tuple[FinishedImport, ...]:
        """Return so many that were finished before then and still have their file and rows."""
        found = [
            (one.finished_at, one)
            for tenant in self._tenants.values()
            for place in tenant.rows(IMPORTS).members(FINISHED, None)
            if (one := tenant.rows(IMPORTS).by_id[place[-1]]).finished_at and one.id not in self._emptied
        ]
        old = [one for at, one in sorted(found, key=lambda pair: pair[0]) if at < before][:limit]
        return tuple(FinishedImport(org_id=one.org_id, import_id=one.id, storage_key=one.storage_key) for one in old)

    async def remove_rows(self, import_: FinishedImport, /, *, limit: int) -> int:
        """Remove so many rows of the import."""
        tenant = self._tenants.get(import_.org_id)
        found = None if tenant is None else tenant.rows(IMPORTS).by_id.get(import_.import_id)
        if tenant is None or found is None or not found.is_finished:
            return 0
        rows = tenant.rows(RUNS)
        gone = [row.id for row in rows.by_id.values() if row.import_id == import_.import_id][:limit]
        for row_id in gone:
            rows.remove(row_id)
        return len(gone)

    async def emptied(self, imports: Collection[FinishedImport], /, *, at: datetime) -> None:  # noqa: ARG002
        """Note that they have neither any more; nobody asks when."""
        self._emptied |= {one.import_id for one in imports}

    async def strays(self, keys: Collection[str], /) -> tuple[str, ...]:
        """Return those that are the file of no import that still has one."""
        known = {
            one.storage_key
            for tenant in self._tenants.values()
            for one in tenant.rows(IMPORTS).by_id.values()
            if one.id not in self._emptied
        }
        return tuple(key for key in keys if key not in known)


class MemoryAuditMonths:
    """The trails by month, none of which is ever past: memory does not last so long."""

    async def past(self, *, at: datetime) -> tuple[AuditMonth, ...]:  # noqa: ARG002 - none at any time
        """Return none."""
        return ()

    async def _past(self) -> set[date]:
        return {one.month for one in await self.past(at=datetime.max.replace(tzinfo=UTC))}

    async def lines(self, month: date, /) -> AsyncIterator[str]:
        """Raise `InvariantBroken`: the month is to be kept."""
        if month not in await self._past():
            raise InvariantBroken(f"the audit trail of {month:%Y-%m} is to be kept")
        yield ""

    async def drop(self, month: date, /, *, entries: int) -> bool:  # noqa: ARG002 - none is dropped
        """Raise `InvariantBroken`: the month is to be kept."""
        raise InvariantBroken(f"the audit trail of {month:%Y-%m} is to be kept")


def _remove(tenant: Tenant, table: Table[Any], row: Any) -> None:
    if table is SESSIONS:
        tokens = tenant.rows(TOKENS)
        for token_id in [one.id for one in tokens.by_id.values() if one.token.session_id == row.id]:
            tokens.remove(token_id)
    tenant.rows(table).remove(row.id)
