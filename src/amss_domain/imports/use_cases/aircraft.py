"""Taking in rows of aircraft."""

from collections.abc import Sequence

from attrs import define, field

from amss_domain.fleet.aircraft import Aircraft, Particulars
from amss_domain.fleet.entering import append, new_aircraft
from amss_domain.fleet.ledger import EntryKind, LedgerEntry
from amss_domain.fleet.recording import Decision, NewUsage
from amss_domain.imports.model import Effect, RowResult, SourceRow
from amss_domain.imports.rules.aircraft import AircraftRow, parse_aircraft
from amss_domain.imports.use_cases.rows import Read, Setting, decided, read_with
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.errors import Refused
from amss_domain.shared.ids import AircraftId, UsageEntryId
from amss_domain.shared.units import CYCLES, HOURS
from amss_domain.shared.violation import Violation

_COLUMNS = {HOURS: "current_hours", CYCLES: "current_cycles", "occurred_on": "as_of"}


class AircraftRows:
    """Rows of aircraft; each adds one with its opening reading, or brings what is stored up to what it states."""

    def read(self, source: SourceRow, /) -> Read[AircraftRow]:
        """Return what the row says."""
        return read_with(parse_aircraft, source)

    def passed_over(self) -> None:
        """Return None: each row stands for itself."""

    async def take(
        self, uow: SchedulingWork, rows: Sequence[Read[AircraftRow]], setting: Setting, /
    ) -> list[RowResult]:
        """Add or update each row's aircraft, and let the rest follow."""
        said = [read.said for read in rows if read.said is not None]
        held = await uow.fleet.by_registrations({row.registration for row in said}, for_update=True)
        keys = {
            (held[row.registration.lower()].id, row.external_id(row.as_of))
            for row in said
            if row.totals and row.registration.lower() in held
        }
        fleet = _Fleet(uow, setting, held, await uow.usage.known(keys))
        results = [await fleet.take(read) for read in rows]
        await fleet.follow()
        return results


@define
class _Fleet:
    """The aircraft that one unit of work adds and changes, by registration in lower case."""

    uow: SchedulingWork
    setting: Setting
    held: dict[str, Aircraft]
    known: dict[tuple[AircraftId, str], LedgerEntry]
    joined: set[str] = field(factory=set)
    used: set[str] = field(factory=set)

    async def take(self, read: Read[AircraftRow]) -> RowResult:
        row = read.said
        if row is None:
            return read.rejected(read.violations)
        aircraft = self.held.get(row.registration.lower())
        try:
            return self._add(read, row) if aircraft is None else await self._update(read, row, aircraft)
        except Refused as refused:
            return read.rejected(_by_column(refused.violations))

    def _add(self, read: Read[AircraftRow], row: AircraftRow) -> RowResult:
        key = row.registration.lower()
        aircraft, entry = new_aircraft(
            AircraftId(self.setting.ids.new()),
            self.uow.org_id,
            registration=row.registration,
            particulars=row.particulars(Particulars()),
            opening=self._usage(row, row.external_id(row.as_of) if row.totals else None),
            today=self.setting.today,
        )
        self.uow.fleet.add(aircraft)
        self.uow.record(aircraft.created())
        self.uow.usage.append(aircraft.id, entry)
        self._keep(key, aircraft, entry)
        self.joined.add(key)
        return read.taken(Effect.CREATED)

    async def _update(self, read: Read[AircraftRow], row: AircraftRow, stored: Aircraft) -> RowResult:
        key, at = row.registration.lower(), self.setting.at
        decision = await self._reading(row, stored)
        aircraft = stored
        warnings: tuple[Violation, ...] = ()
        particulars = row.particulars(stored.particulars)
        if particulars != stored.particulars:
            aircraft, event = stored.described(particulars, at=at)
            self.uow.fleet.save(aircraft, was=stored)
            self.uow.record(event)
            if particulars.model != stored.particulars.model:
                self.joined.add(key)
        if decision is not None:
            entry, warnings = decision
            aircraft = append(self.uow, aircraft, entry, warnings, at=at)
            self._keep(key, aircraft, entry)
            self.used.add(key)
        self.held[key] = aircraft
        return read.taken(Effect.UNCHANGED if aircraft is stored else Effect.UPDATED, _by_column(warnings))

    async def _reading(self, row: AircraftRow, aircraft: Aircraft) -> Decision | None:
        """Return the entry that brings the ledger to the totals of the row; None when it has them already.

        Raises `Refused` with every reason against.
        """
        if not row.totals:
            return None
        name = row.external_id(row.as_of)
        counted = (aircraft.id, name) in self.known
        if counted and row.as_of is not None:
            return None
        # Without a day the same totals may be read again after a correction took them back.
        usage = self._usage(row, row.external_id(self.setting.today) if counted else name)
        try:
            entry, warnings = await decided(self.uow, aircraft, usage, self.setting, absolute=True)
        except Refused:
            if counted or await self._stated(row, aircraft):
                return None
            raise
        return (entry, warnings) if any(entry.deltas.values()) else None

    async def _stated(self, row: AircraftRow, aircraft: Aircraft) -> bool:
        """Tell whether the ledger says the same of that day: in an entry of totals, or at the day's end."""
        day = row.as_of or self.setting.today
        ledger = await self.uow.usage.ledger(aircraft.id)
        if any(
            entry.kind in (EntryKind.OPENING, EntryKind.READING)
            and entry.occurred_on == day
            and all(entry.faces.get(meter) == total for meter, total in row.totals.items())
            for entry in ledger.entries
        ):
            return True
        return all(ledger.face(meter, as_of=day) == total for meter, total in row.totals.items())

    def _usage(self, row: AircraftRow, external_id: str | None) -> NewUsage:
        return NewUsage(
            id=UsageEntryId(self.setting.ids.new()),
            occurred_on=row.as_of or self.setting.today,
            recorded_at=self.setting.at,
            amounts=row.totals,
            source="import",
            external_id=external_id,
        )

    def _keep(self, key: str, aircraft: Aircraft, entry: LedgerEntry) -> None:
        self.held[key] = aircraft
        if entry.external_id is not None:
            self.known[aircraft.id, entry.external_id] = entry

    async def follow(self) -> None:
        for key in sorted(self.joined | self.used, key=lambda one: self.held[one].id):
            if key in self.joined:
                await self.setting.follow_up.joined(self.uow, self.held[key], at=self.setting.at)
            if key in self.used:
                await self.setting.follow_up.used(self.uow, self.held[key], rewritten=False, at=self.setting.at)


def _by_column(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    return tuple(
        Violation(one.code, one.message, _COLUMNS.get(one.subject, one.subject) if one.subject else None)
        for one in violations
    )
