"""Taking in rows of usage."""

from collections.abc import Callable, Sequence

from attrs import define, field

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.fleet.recording import NewUsage
from amss_domain.imports.model import Effect, RowResult, SourceRow
from amss_domain.imports.rules.cells import text_in
from amss_domain.imports.rules.usage import Naming, UsageRow, parse_usage
from amss_domain.imports.use_cases.rows import Read, Setting, decided, name_in, read_with, unknown_aircraft
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.errors import Refused
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.violation import Violation


class UsageRows:
    """Rows of usage; each is an entry of its aircraft's ledger, once."""

    def __init__(self) -> None:
        self._naming = Naming()

    def read(self, source: SourceRow, /) -> Read[UsageRow]:
        """Return what the row says, with the name by which it counts once."""
        read = read_with(parse_usage, source)
        return read if read.said is None else Read(source, self._naming.named(read.said))

    def passed_over(self) -> Callable[[SourceRow], object]:
        """Return what counts the rows without a name of their own, by which those that look alike are told apart."""
        return self._count

    def _count(self, source: SourceRow) -> None:
        if text_in(source.cells, "external_id") is None:
            self.read(source)

    async def take(self, uow: SchedulingWork, rows: Sequence[Read[UsageRow]], setting: Setting, /) -> list[RowResult]:
        """Enter each row that is not counted yet; every aircraft is saved once, whatever it flew."""
        named = {name for read in rows if (name := name_in(read.source, "registration")) is not None}
        fleet = await uow.fleet.by_registrations(named, for_update=True)
        said = [read.said for read in rows if read.said is not None]
        keys = {
            (fleet[row.registration.lower()].id, row.external_id)
            for row in said
            if row.external_id is not None and row.registration.lower() in fleet
        }
        ledgers = _Ledgers(uow, setting, fleet, await uow.usage.known(keys))
        results = [await ledgers.take(read) for read in rows]
        await ledgers.save()
        return results


@define
class _Ledgers:
    """The ledgers that one unit of work writes in."""

    uow: SchedulingWork
    setting: Setting
    fleet: dict[str, Aircraft]
    known: dict[tuple[AircraftId, str], LedgerEntry]
    now: dict[AircraftId, Aircraft] = field(factory=dict)

    async def take(self, read: Read[UsageRow]) -> RowResult:
        row = read.said
        unknown = unknown_aircraft(name_in(read.source, "registration"), self.fleet, "registration")
        if row is None or unknown:
            return read.rejected((*unknown, *read.violations))
        stored = self.fleet[row.registration.lower()]
        aircraft = self.now.get(stored.id, stored)
        usage = NewUsage(
            id=UsageEntryId(self.setting.ids.new()),
            occurred_on=row.occurred_on,
            recorded_at=self.setting.at,
            amounts=row.amounts,
            source="import",
            external_id=row.external_id,
        )
        known = None if row.external_id is None else self.known.get((aircraft.id, row.external_id))
        try:
            entry, warnings = await decided(self.uow, aircraft, usage, self.setting, absolute=row.absolute, known=known)
        except Refused as refused:
            return read.rejected(_by_column(row, refused.violations))
        if entry.id != usage.id:
            return read.taken(Effect.UNCHANGED)
        self._enter(aircraft, entry, warnings)
        return read.taken(Effect.CREATED, _by_column(row, warnings))

    def _enter(self, aircraft: Aircraft, entry: LedgerEntry, warnings: tuple[Violation, ...]) -> None:
        changed, event = aircraft.used(entry, warnings=warnings, at=self.setting.at)
        self.uow.usage.append(aircraft.id, entry)
        self.uow.record(event)
        self.now[aircraft.id] = changed
        if entry.external_id is not None:
            self.known[aircraft.id, entry.external_id] = entry

    async def save(self) -> None:
        for stored in self.fleet.values():
            if stored.id in self.now:
                self.uow.fleet.save(self.now[stored.id], was=stored)
        for aircraft in self.now.values():
            await self.setting.follow_up.used(self.uow, aircraft, rewritten=False, at=self.setting.at)


def _by_column(row: UsageRow, violations: Sequence[Violation]) -> tuple[Violation, ...]:
    return tuple(Violation(one.code, one.message, row.column_of(one.subject)) for one in violations)
