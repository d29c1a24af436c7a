"""Removing what no organization needs any more: on queues by the worker's statements, else by the owner's functions."""

from collections.abc import AsyncIterator, Collection
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from amss_adapters.postgres.across import BY_INDEX, Across
from amss_adapters.postgres.codec import (
    from_day,
    from_flag,
    from_id,
    from_ids,
    from_instant,
    from_number,
    from_text,
    from_texts,
    to_day,
    to_flag,
    to_id,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.retention.model import AuditMonth, FinishedImport, Remains
from amss_domain.shared.ids import ImportId, OrgId

_SQL: Final = statements("retention")
_RECORD: Final = Kind[Any]("record")
_IMPORT: Final = Kind[Any]("import")
_MONTH: Final = Kind[AuditMonth]("audit trail")

_OF_THE_OWNER: Final = frozenset({Remains.IDEMPOTENCY_KEYS, Remains.SESSIONS, Remains.PASSWORD_RESETS, Remains.ALERTS})
# Counting comes second.
_OF_THE_WORKER: Final = {
    Remains.DEAD_LETTERS: (_SQL["letters_purge"], _SQL["letters_count"]),
    Remains.JOB_RUNS: (_SQL["runs_purge"], _SQL["runs_count"]),
}
_LINES_AT_ONCE: Final = 1_000
_BEFORE_ALL: Final = UUID(int=0)


class PostgresExpiredRecords:
    """Records of all organizations whose clock has run out, as `ExpiredRecords` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def purge(self, what: Remains, /, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove so many of a kind, or count them. Raises KeyError for a kind that it does not know."""
        clock = (from_instant(before), from_number(limit))
        if what in _OF_THE_OWNER:
            call = Call(_SQL["expired_purge"], (from_text(what.value), *clock, from_flag(dry_run)))
        else:
            call = Call(_OF_THE_WORKER[what][dry_run], clock)
        _, ((count,),) = await self._across.run(_RECORD, (BY_INDEX, call))
        return to_int(count)


class PostgresFinishedImports:
    """Imports of all organizations that are finished, as `FinishedImports` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def finished(self, *, before: datetime, limit: int) -> tuple[FinishedImport, ...]:
        """Return so many that were finished before then and still have their file and rows."""
        call = Call(_SQL["imports_finished"], (from_instant(before), from_number(limit)))
        _, rows = await self._across.run(_IMPORT, (BY_INDEX, call))
        return tuple(
            FinishedImport(
                org_id=cast(OrgId, to_id(org_id)), import_id=cast(ImportId, to_id(id)), storage_key=to_text(key)
            )
            for org_id, id, key in rows
        )

    async def remove_rows(self, import_: FinishedImport, /, *, limit: int) -> int:
        """Remove so many rows of the import."""
        params = (from_id(import_.org_id), from_id(import_.import_id), from_number(limit))
        _, ((count,),) = await self._across.run(_IMPORT, (BY_INDEX, Call(_SQL["import_remove_rows"], params)))
        return to_int(count)

    async def emptied(self, imports: Collection[FinishedImport], /, *, at: datetime) -> None:
        """Note that they have neither any more."""
        params = (
            from_ids(one.org_id for one in imports),
            from_ids(one.import_id for one in imports),
            from_instant(at),
        )
        await self._across.rows(_IMPORT, Call(_SQL["imports_emptied"], params))

    async def strays(self, keys: Collection[str], /) -> tuple[str, ...]:
        """Return those that are the file of no import that still has one."""
        _, rows = await self._across.run(_IMPORT, (BY_INDEX, Call(_SQL["imports_strays"], (from_texts(keys),))))
        return tuple(to_text(key) for (key,) in rows)


class PostgresAuditMonths:
    """The audit trails of all organizations by month, as `AuditMonths` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def past(self, *, at: datetime) -> tuple[AuditMonth, ...]:
        """Return the months that nobody has to keep any more."""
        rows = await self._across.rows(_MONTH, Call(_SQL["audit_months_past"], (from_instant(at),)))
        return tuple(AuditMonth(month=to_day(month), entries=to_int(entries)) for month, entries in rows)

    async def lines(self, month: date, /) -> AsyncIterator[str]:
        """Yield the entries of such a month as lines of JSON. Raises `InvariantBroken`."""
        org_id, id = _BEFORE_ALL, _BEFORE_ALL
        while True:
            params = (from_day(month), from_id(org_id), from_id(id), from_number(_LINES_AT_ONCE))
            rows = await self._across.rows(_MONTH, Call(_SQL["audit_lines"], params))
            for _, _, line in rows:
                yield to_text(line)
            if len(rows) < _LINES_AT_ONCE:
                return
            org_id, id = to_id(rows[-1][0]), to_id(rows[-1][1])

    async def drop(self, month: date, /, *, entries: int) -> bool:
        """Remove such a month if it has so many entries. Raises `InvariantBroken`."""
        ((dropped,),) = await self._across.rows(
            _MONTH, Call(_SQL["audit_drop"], (from_day(month), from_number(entries)))
        )
        return to_flag(dropped)
