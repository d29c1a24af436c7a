"""The usage ledger of one aircraft: append-only entries, their sums, and what its meters' faces show."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Self

from attrs import evolve, field, frozen

from amss_domain.shared.ids import UsageEntryId
from amss_domain.shared.units import Meter, Readings, counts_hours

_ZERO = Decimal(0)


class EntryKind(Enum):
    """How an entry came to move the totals."""

    OPENING = "opening"
    DELTA = "delta"
    READING = "reading"
    CORRECTION = "correction"
    METER_REPLACEMENT = "meter_replacement"


_ABSOLUTE = frozenset({EntryKind.OPENING, EntryKind.READING, EntryKind.METER_REPLACEMENT})


@frozen(kw_only=True)
class LedgerEntry:
    """One line of the ledger; `position` counts 1, 2, ... in the order recorded on the aircraft.

    `deltas` is what it adds to each total; a correction's are the differences, and it has the `occurred_on` of the
    entry it corrects, whose position is `corrects_position`. `faces` is what the meters showed: as given with an
    opening or a reading, the new meter's start with a replacement, empty otherwise.
    """

    id: UsageEntryId
    position: int
    occurred_on: date
    recorded_at: datetime
    kind: EntryKind
    deltas: Readings
    corrects: UsageEntryId | None = None
    corrects_position: int | None = None
    reason: str | None = None
    source: str = "manual"
    external_id: str | None = None
    faces: Readings = field(factory=dict)

    @property
    def place(self) -> int:
        """The position of what it speaks about: its own, or that of the entry it corrects."""
        return self.position if self.corrects_position is None else self.corrects_position


@frozen(kw_only=True)
class MeterFace:
    """The meter in use since the replacement at `position`, dated `since`: its face shows the total less `offset`."""

    offset: Decimal
    since: date
    position: int

    def precedes(self, entry: LedgerEntry) -> bool:
        """Tell whether the entry, or what it corrects, was counted on this meter rather than on one before it."""
        return entry.place > self.position and entry.occurred_on >= self.since


@frozen(kw_only=True)
class LastDay:
    """The last day a meter was used, how much on it, and the day of the entry before; None when there was none."""

    on: date
    used: Decimal
    since: date | None = None


@frozen(kw_only=True)
class LedgerHead:
    """The sum of a ledger, enough to decide on the next entry without reading the others.

    Law: `after` folded over all entries is `Ledger(entries).head`. Meters without a replacement have no `faces`;
    `last_days` knows only meters that count hours. `latest_on` is the latest day an entry has.
    """

    totals: Readings = field(factory=dict)
    last_position: int = 0
    latest_on: date | None = None
    latest_reading_on: date | None = None
    faces: Mapping[Meter, MeterFace] = field(factory=dict)
    last_days: Mapping[Meter, LastDay] = field(factory=dict)

    def after(self, entry: LedgerEntry) -> Self:
        """Return the head with `entry` appended."""
        totals = dict(self.totals)
        for meter, delta in entry.deltas.items():
            totals[meter] = totals.get(meter, _ZERO) + delta
        return evolve(
            self,
            totals=totals,
            last_position=entry.position,
            latest_on=_later(self.latest_on, entry.occurred_on),
            latest_reading_on=(
                _later(self.latest_reading_on, entry.occurred_on) if entry.kind in _ABSOLUTE else self.latest_reading_on
            ),
            faces=self._faces_after(entry, totals),
            last_days=self._last_days_after(entry),
        )

    def face(self, meter: Meter) -> Decimal:
        """Return what the meter's face shows now; zero for a meter that has counted nothing."""
        return self.face_of(self.totals.get(meter, _ZERO), meter)

    def face_of(self, total: Decimal, meter: Meter) -> Decimal:
        """Return what the face of the meter now in use shows when the total reaches `total`."""
        return total - self.faces[meter].offset if meter in self.faces else total

    def total_of(self, face: Decimal, meter: Meter) -> Decimal:
        """Return the total when the face of the meter now in use shows `face`."""
        return face + self.faces[meter].offset if meter in self.faces else face

    def _faces_after(self, entry: LedgerEntry, totals: Readings) -> Mapping[Meter, MeterFace]:
        if entry.kind is EntryKind.METER_REPLACEMENT:
            renewed = {
                meter: MeterFace(
                    offset=totals.get(meter, _ZERO) - face, since=entry.occurred_on, position=entry.position
                )
                for meter, face in entry.faces.items()
            }
            return {**self.faces, **renewed}
        # What was counted on a meter since removed moves the total but not the face of the one in use.
        moved = {
            meter: evolve(face, offset=face.offset + entry.deltas[meter])
            for meter, face in self.faces.items()
            if meter in entry.deltas and not face.precedes(entry)
        }
        return {**self.faces, **moved} if moved else self.faces

    def _last_days_after(self, entry: LedgerEntry) -> Mapping[Meter, LastDay]:
        changed: dict[Meter, LastDay] = {}
        for meter, delta in entry.deltas.items():
            if counts_hours(meter):
                day = _last_day_after(self.last_days.get(meter), entry, delta)
                if day is not None:
                    changed[meter] = day
        return {**self.last_days, **changed} if changed else self.last_days


def _last_day_after(last: LastDay | None, entry: LedgerEntry, delta: Decimal) -> LastDay | None:
    if entry.kind is EntryKind.OPENING:
        # An opening counts at the start of its day, which is the end of the day before.
        return LastDay(on=entry.occurred_on - timedelta(days=1), used=_ZERO)
    if last is None:
        return LastDay(on=entry.occurred_on, used=delta)
    if entry.occurred_on == last.on:
        return evolve(last, used=last.used + delta)
    if entry.occurred_on > last.on and entry.kind is not EntryKind.CORRECTION:
        return LastDay(on=entry.occurred_on, used=delta, since=last.on)
    return last


class Ledger:
    """All entries of one aircraft's ledger, which any past state can be read from.

    `as_of` keeps entries that occurred up to and including that day, corrections by the day of what they correct;
    `known_at` keeps those recorded up to and including that instant. None keeps all.
    """

    __slots__ = ("entries",)

    def __init__(self, entries: Iterable[LedgerEntry] = ()) -> None:
        self.entries: tuple[LedgerEntry, ...] = tuple(sorted(entries, key=lambda entry: entry.position))

    @property
    def last_position(self) -> int:
        """The position of the last entry; 0 when there is none."""
        return self.entries[-1].position if self.entries else 0

    @property
    def latest_reading_on(self) -> date | None:
        """The day of the latest entry that states a total: opening, reading or meter replacement."""
        return max((entry.occurred_on for entry in self.entries if entry.kind in _ABSOLUTE), default=None)

    @property
    def head(self) -> LedgerHead:
        """The sum of all entries."""
        head = LedgerHead()
        for entry in self.entries:
            head = head.after(entry)
        return head

    def with_entry(self, entry: LedgerEntry) -> "Ledger":
        """Return the ledger with `entry` appended."""
        return Ledger((*self.entries, entry))

    def entry(self, entry_id: UsageEntryId) -> LedgerEntry | None:
        """Return the entry with that id; None when there is none."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)

    def known(self, *, as_of: date | None = None, known_at: datetime | None = None) -> tuple[LedgerEntry, ...]:
        """Return the entries that occurred by then, as far as they were recorded by then."""
        if as_of is None and known_at is None:
            return self.entries
        return tuple(
            entry
            for entry in self.entries
            if (as_of is None or entry.occurred_on <= as_of) and (known_at is None or entry.recorded_at <= known_at)
        )

    def totals(self, *, as_of: date | None = None, known_at: datetime | None = None) -> dict[Meter, Decimal]:
        """Return what each meter named so far had counted; a meter never named is absent."""
        return _sum(self.known(as_of=as_of, known_at=known_at))

    def face(self, meter: Meter, *, as_of: date | None = None, known_at: datetime | None = None) -> Decimal:
        """Return what the meter's face showed; zero for a meter that had counted nothing."""
        total = self.totals(as_of=as_of, known_at=known_at).get(meter, _ZERO)
        return total - self._offset(meter, as_of, known_at)

    def face_of(
        self, total: Decimal, meter: Meter, *, as_of: date | None = None, known_at: datetime | None = None
    ) -> Decimal:
        """Return what the face of the meter then in use shows when the total reaches `total`."""
        return total - self._offset(meter, as_of, known_at)

    def total_of(
        self, face: Decimal, meter: Meter, *, as_of: date | None = None, known_at: datetime | None = None
    ) -> Decimal:
        """Return the total when the face of the meter then in use shows `face`."""
        return face + self._offset(meter, as_of, known_at)

    def total_after(self, position: int, meter: Meter) -> Decimal:
        """Return the total after the entry at `position`, with all later corrections of it and of entries before it."""
        return _sum(entry for entry in self.entries if entry.place <= position).get(meter, _ZERO)

    def offset_at(self, position: int, meter: Meter) -> Decimal:
        """Return by how much the total exceeds the face of the meter that the entry at `position` was counted on."""
        entry = next(entry for entry in self.entries if entry.position == position)
        counted_on = [
            swap
            for swap in self._replacements(meter)
            if swap.position < position and swap.occurred_on <= entry.occurred_on
        ]
        return self._offset_of(counted_on[-1], meter, self.entries) if counted_on else _ZERO

    def shift(self, position: int, *, on: date | None = None, known_at: datetime | None = None) -> dict[Meter, Decimal]:
        """Return the sum of the corrections recorded after `position` of entries at or before it.

        A reading of the day `on`, written down when the ledger stood at `position`, stands, as now known, at reading +
        shift: entries of later days were not in it. None leaves no day out.
        """
        return _sum(
            entry
            for entry in self.known(as_of=on, known_at=known_at)
            if entry.position > position and entry.place <= position
        )

    def _replacements(self, meter: Meter) -> list[LedgerEntry]:
        return [entry for entry in self.entries if entry.kind is EntryKind.METER_REPLACEMENT and meter in entry.faces]

    def _offset(self, meter: Meter, as_of: date | None, known_at: datetime | None) -> Decimal:
        known = self.known(as_of=as_of, known_at=known_at)
        swaps = [entry for entry in known if entry.kind is EntryKind.METER_REPLACEMENT and meter in entry.faces]
        return self._offset_of(swaps[-1], meter, known) if swaps else _ZERO

    @staticmethod
    def _offset_of(swap: LedgerEntry, meter: Meter, entries: Iterable[LedgerEntry]) -> Decimal:
        face = MeterFace(offset=_ZERO, since=swap.occurred_on, position=swap.position)
        before = _sum(entry for entry in entries if not face.precedes(entry))
        return before.get(meter, _ZERO) - swap.faces[meter]


def _sum(entries: Iterable[LedgerEntry]) -> dict[Meter, Decimal]:
    totals: dict[Meter, Decimal] = {}
    for entry in entries:
        for meter, delta in entry.deltas.items():
            totals[meter] = totals.get(meter, _ZERO) + delta
    return totals


def _later(day: date | None, other: date) -> date:
    return other if day is None or other > day else day
