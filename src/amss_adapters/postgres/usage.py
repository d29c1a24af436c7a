"""The usage ledgers of aircraft."""

from collections.abc import Collection
from datetime import date
from typing import Final, cast

from amss_adapters.postgres.codec import (
    Row,
    from_day,
    from_id,
    from_ids,
    from_instant,
    from_number,
    from_text,
    from_texts,
    maybe,
    perhaps,
    to_day,
    to_decimal,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import READINGS
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import page_of
from amss_domain.fleet.ledger import EntryKind, Ledger, LedgerEntry
from amss_domain.shared.errors import AlreadyExists, NotFound
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.page import NEWEST_FIRST, Page, PageRequest
from amss_domain.shared.units import Readings

_SQL: Final = statements("usage")
_PAST_ALL_POSITIONS: Final = 2**63 - 1
_ENTRY: Final = Kind[LedgerEntry](
    "usage entry",
    {
        "usage_entries_position_key": lambda entry: AlreadyExists("usage entry", f"position {entry.position}"),
        "usage_entries_external_id_key": lambda entry: AlreadyExists("usage entry", f"external_id {entry.external_id}"),
    },
)


def _entry_from(row: Row) -> LedgerEntry:
    id, position, occurred_on, recorded_at, kind, deltas, faces, *more = row
    corrects, corrects_position, reason, source, external_id = more
    return LedgerEntry(
        id=cast(UsageEntryId, to_id(id)),
        position=to_int(position),
        occurred_on=to_day(occurred_on),
        recorded_at=to_instant(recorded_at),
        kind=EntryKind(to_text(kind)),
        deltas=READINGS.read(deltas),
        faces=READINGS.read(faces),
        corrects=cast("UsageEntryId | None", perhaps(to_id, corrects)),
        corrects_position=perhaps(to_int, corrects_position),
        reason=perhaps(to_text, reason),
        source=to_text(source),
        external_id=perhaps(to_text, external_id),
    )


class PostgresUsage:
    """The ledgers of the organization's aircraft."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def ledger(self, aircraft_id: AircraftId, /) -> Ledger:
        """Return every entry of the aircraft, none for an unknown one."""
        return await self._ledger("entry_ledger", aircraft_id)

    async def entry(self, aircraft_id: AircraftId, entry_id: UsageEntryId, /) -> LedgerEntry:
        """Return one entry of the aircraft's. Raises `NotFound`."""
        params = (self._session.org, from_id(entry_id), from_id(aircraft_id))
        rows = await self._session.read(_SQL["entry_get"], params, _ENTRY)
        if not rows:
            raise NotFound(_ENTRY.name, entry_id)
        return _entry_from(rows[0])

    async def page(self, aircraft_id: AircraftId, request: PageRequest, /) -> Page[LedgerEntry]:
        """Return the entries by position, the last first unless asked otherwise. Raises ValueError for other orders."""
        order = request.order or NEWEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of usage entries by {order.by}")
        start = _PAST_ALL_POSITIONS if order.descending else 0
        params = (
            self._session.org,
            from_id(aircraft_id),
            from_number(request.limit + 1),
            from_number(start) if request.after is None else None,
            maybe(from_id, request.after),
        )
        statement = _SQL["entry_page_last_first" if order.descending else "entry_page"]
        rows = await self._session.read(statement, params, _ENTRY)
        return page_of(map(_entry_from, rows), request.limit)

    async def since(self, aircraft_id: AircraftId, day: date, /) -> Ledger:
        """Return a ledger of the aircraft's first entry and all that occurred after the day."""
        return await self._ledger("entry_since", aircraft_id, from_day(day))

    async def totals_on(self, aircraft_id: AircraftId, day: date, /) -> Readings:
        """Return the sums of the entries up to and including the day."""
        params = (self._session.org, from_id(aircraft_id), from_day(day))
        rows = await self._session.read(_SQL["entry_totals"], params, _ENTRY)
        return {to_text(meter): to_decimal(total) for meter, total in rows}

    async def corrections(self, aircraft_id: AircraftId, /) -> Ledger:
        """Return a ledger of the aircraft's corrections alone."""
        return await self._ledger("entry_corrections", aircraft_id)

    async def known(
        self, external_ids: Collection[tuple[AircraftId, str]], /
    ) -> dict[tuple[AircraftId, str], LedgerEntry]:
        """Return the entries that have one of the external ids, keyed by aircraft and external id."""
        pairs = tuple(set(external_ids))
        aircraft = from_ids(aircraft_id for aircraft_id, _ in pairs)
        params = (self._session.org, aircraft, from_texts(external_id for _, external_id in pairs))
        rows = await self._session.read(_SQL["entry_known"], params, _ENTRY)
        found = ((cast(AircraftId, to_id(row[0])), _entry_from(row[1:])) for row in rows)
        return {(aircraft_id, entry.external_id or ""): entry for aircraft_id, entry in found}

    def append(self, aircraft_id: AircraftId, entry: LedgerEntry, /) -> None:
        """Append an entry. Conflicts: `AlreadyExists` for a position or external id in use, `BrokenReference`."""
        params = (
            self._session.org,
            from_id(aircraft_id),
            from_id(entry.id),
            from_number(entry.position),
            from_day(entry.occurred_on),
            from_instant(entry.recorded_at),
            from_text(entry.kind.value),
            READINGS.write(entry.deltas),
            READINGS.write(entry.faces),
            maybe(from_id, entry.corrects),
            maybe(from_number, entry.corrects_position),
            maybe(from_text, entry.reason),
            from_text(entry.source),
            maybe(from_text, entry.external_id),
        )
        self._session.queue(_SQL["entry_insert"], params, Subject(_ENTRY, entry.id, entry))

    async def _ledger(self, statement: str, aircraft_id: AircraftId, *params: bytes) -> Ledger:
        rows = await self._session.read(_SQL[statement], (self._session.org, from_id(aircraft_id), *params), _ENTRY)
        return Ledger(map(_entry_from, rows))
