"""Decisions on the next entry of a usage ledger: the entry with its warnings, or every reason against it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from attrs import evolve, field, frozen

from amss_domain.fleet.ledger import EntryKind, Ledger, LedgerEntry, LedgerHead
from amss_domain.shared.errors import NotFound, refuse_if
from amss_domain.shared.ids import UsageEntryId
from amss_domain.shared.units import Meter, Readings, counts_hours, exact_amount, is_meter_name
from amss_domain.shared.violation import Violation

_ZERO = Decimal(0)
_HOURS_A_DAY = 24


@frozen(kw_only=True)
class NewUsage:
    """What somebody reports of an aircraft's use: for each meter in `amounts` a delta, or what its face reads.

    `external_id` is the sender's own name for it. `confirmed` admits a delta dated before the latest absolute reading;
    `reason` is kept, and admits an implausible entry where those are refused.
    """

    id: UsageEntryId
    occurred_on: date
    recorded_at: datetime
    amounts: Readings
    source: str = "manual"
    external_id: str | None = None
    reason: str | None = None
    confirmed: bool = False


@frozen(kw_only=True)
class NewMeter:
    """A meter taken off showing `face_at_removal` and replaced by one that shows `face_at_start`."""

    id: UsageEntryId
    occurred_on: date
    recorded_at: datetime
    meter: Meter
    face_at_removal: Decimal
    face_at_start: Decimal = _ZERO
    source: str = "manual"
    reason: str | None = None


@frozen(kw_only=True)
class NewCorrection:
    """What an entry should have said, for the meters named, and why.

    `totals` are what the faces read after that entry, as the meter of that time showed it; `deltas` what it added.
    """

    id: UsageEntryId
    corrects: UsageEntryId
    recorded_at: datetime
    reason: str
    totals: Readings = field(factory=dict)
    deltas: Readings = field(factory=dict)
    source: str = "manual"


Decision = tuple[LedgerEntry, tuple[Violation, ...]]


def enter_opening(head: LedgerHead, usage: NewUsage, *, today: date) -> Decision:
    """Return the entry that gives meters without history the totals they arrive with, from the start of that day.

    Raises `Refused` with every reason: `already_counted`, `occurs_in_future`, `invalid_amount`, `no_amounts`.
    """
    against = [*_malformed(usage.amounts), *_in_future(usage.occurred_on, today)]
    for meter in usage.amounts:
        if head.totals.get(meter, _ZERO):
            message = f"{meter} stand at {head.totals[meter]} already; enter a reading instead"
            against.append(Violation("already_counted", message, meter))
    refuse_if(against)
    return _entry(head, usage, EntryKind.OPENING, deltas=usage.amounts, faces=usage.amounts), ()


def enter_deltas(
    head: LedgerHead,
    usage: NewUsage,
    *,
    today: date,
    known: LedgerEntry | None = None,
    refuse_implausible: bool = False,
) -> Decision:
    """Return the entry that adds `usage.amounts` to the totals, with warnings of what seems implausible.

    `known` is the entry that has the external id already: with the same values it is returned as it is. Raises
    `Refused` with every reason: `covered_by_reading`, `external_id_reused`, `implausible_reading`, `invalid_amount`,
    `no_amounts`, `occurs_in_future`.
    """
    if known is not None:
        return _counted_already(known, usage, EntryKind.DELTA, known.deltas)
    refuse_if([*_malformed(usage.amounts), *_in_future(usage.occurred_on, today)])
    against = []
    covered_by = head.latest_reading_on
    if covered_by is not None and usage.occurred_on < covered_by and not usage.confirmed:
        message = (
            f"the total read on {covered_by} covers {usage.occurred_on} already; confirm that this is missing from it"
        )
        against.append(Violation("covered_by_reading", message, "occurred_on"))
    warnings = tuple(_implausible(head, usage.occurred_on, usage.amounts))
    _refuse(against, warnings, refuse_implausible and not usage.reason)
    return _entry(head, usage, EntryKind.DELTA, deltas=usage.amounts), warnings


def enter_reading(
    head: LedgerHead,
    usage: NewUsage,
    *,
    today: date,
    known: LedgerEntry | None = None,
    totals_on: Readings | None = None,
    refuse_implausible: bool = False,
) -> Decision:
    """Return the entry that brings the totals to what `usage.amounts` read on the meters' faces at the end of that day.

    `totals_on` are the ledger's totals at the end of that day, needed only when entries of later days exist
    (`usage.occurred_on < head.latest_on`); ValueError without them. `known` is as for `enter_deltas`. Raises `Refused`
    with every reason: `covered_by_reading`, `external_id_reused`, `implausible_reading`, `invalid_amount`,
    `no_amounts`, `occurs_in_future`, `reading_behind_total`.
    """
    if known is not None:
        return _counted_already(known, usage, EntryKind.READING, known.faces)
    refuse_if([*_malformed(usage.amounts), *_in_future(usage.occurred_on, today)])
    if head.latest_reading_on is not None and usage.occurred_on < head.latest_reading_on:
        message = f"the totals were read on {head.latest_reading_on} already, a later day; correct that entry instead"
        refuse_if([Violation("covered_by_reading", message, "occurred_on")])
    totals = _totals_at_end_of(usage.occurred_on, head, totals_on)
    deltas = {meter: head.total_of(face, meter) - totals.get(meter, _ZERO) for meter, face in usage.amounts.items()}
    against = [
        _behind(meter, usage.amounts[meter], head.face_of(totals.get(meter, _ZERO), meter))
        for meter, delta in deltas.items()
        if delta < 0
    ]
    warnings = tuple(_implausible(head, usage.occurred_on, deltas))
    _refuse(against, warnings, refuse_implausible and not usage.reason)
    return _entry(head, usage, EntryKind.READING, deltas=deltas, faces=usage.amounts), warnings


def enter_totals(
    head: LedgerHead,
    usage: NewUsage,
    *,
    today: date,
    totals_on: Readings | None = None,
    refuse_implausible: bool = False,
) -> Decision | None:
    """Return the entry that brings the totals to `usage.amounts` at the end of that day; None if they stand there.

    Totals run on where a meter was replaced, whatever its face shows. All else is as for `enter_reading`.
    """
    refuse_if([*_malformed(usage.amounts), *_in_future(usage.occurred_on, today)])
    totals = _totals_at_end_of(usage.occurred_on, head, totals_on)
    stand_at = {meter: totals.get(meter, _ZERO) for meter in usage.amounts}
    if _same(usage.amounts, stand_at):
        return None
    refuse_if(
        [_behind(meter, total, stand_at[meter]) for meter, total in usage.amounts.items() if total < stand_at[meter]]
    )
    faces = {meter: head.face_of(total, meter) for meter, total in usage.amounts.items()}
    reading = evolve(usage, amounts=faces)
    return enter_reading(head, reading, today=today, totals_on=totals, refuse_implausible=refuse_implausible)


def replace_meter(ledger: Ledger, new: NewMeter, *, today: date, refuse_implausible: bool = False) -> Decision:
    """Return the entry after which the total runs on while the new meter's face counts from its own start.

    What the old face had run ahead of the total is added. Raises `Refused` with every reason: `implausible_reading`,
    `invalid_amount`, `occurs_in_future`, `reading_behind_total`, and `usage_after_replacement` when entries of later
    days exist.
    """
    head = ledger.head
    against = [*_malformed({new.meter: new.face_at_removal}), *_malformed({new.meter: new.face_at_start})]
    refuse_if([*dict.fromkeys(against), *_in_future(new.occurred_on, today)])
    if head.latest_on is not None and new.occurred_on < head.latest_on:
        message = (
            f"there are entries up to {head.latest_on}; date the replacement then, with what the old meter would have "
            "read and what the new one reads on that day"
        )
        against.append(Violation("usage_after_replacement", message, "occurred_on"))
    delta = new.face_at_removal - head.face(new.meter)
    if delta < 0:
        against.append(_behind(new.meter, new.face_at_removal, head.face(new.meter)))
    warnings = tuple(_implausible(head, new.occurred_on, {new.meter: delta}))
    _refuse(against, warnings, refuse_implausible and not new.reason)
    entry = LedgerEntry(
        id=new.id,
        position=head.last_position + 1,
        occurred_on=new.occurred_on,
        recorded_at=new.recorded_at,
        kind=EntryKind.METER_REPLACEMENT,
        deltas={new.meter: delta},
        faces={new.meter: new.face_at_start},
        reason=new.reason,
        source=new.source,
    )
    return entry, warnings


def correct(ledger: Ledger, new: NewCorrection) -> Decision:
    """Return the entry that makes up the difference between what an entry said, as corrected so far, and should have.

    Correcting a correction corrects the same original entry again. Raises `NotFound` for an entry the ledger does not
    have, and `Refused` with every reason: `invalid_amount`, `negative_total`, `no_amounts`, `reason_missing`,
    `stated_twice`.
    """
    target = _original(ledger, new.corrects)
    against = [*_malformed({**new.totals, **new.deltas})]
    if not new.reason.strip():
        against.append(Violation("reason_missing", "say why the entry was wrong", "reason"))
    for meter in new.totals.keys() & new.deltas.keys():
        message = f"{meter} are given as a total and as a delta; give one of them"
        against.append(Violation("stated_twice", message, meter))
    refuse_if(against)
    differences = _differences(ledger, target, new)
    totals = ledger.totals()
    refuse_if(
        [
            Violation("negative_total", f"the total of {meter} would fall below 0", meter)
            for meter, difference in differences.items()
            if totals.get(meter, _ZERO) + difference < 0
        ]
    )
    entry = LedgerEntry(
        id=new.id,
        position=ledger.last_position + 1,
        occurred_on=target.occurred_on,
        recorded_at=new.recorded_at,
        kind=EntryKind.CORRECTION,
        deltas=differences,
        corrects=target.id,
        corrects_position=target.position,
        reason=new.reason,
        source=new.source,
    )
    return entry, tuple(_implausible_correction(ledger.with_entry(entry), target, differences))


def _original(ledger: Ledger, entry_id: UsageEntryId) -> LedgerEntry:
    entry = ledger.entry(entry_id)
    if entry is not None and entry.corrects is not None:
        entry = ledger.entry(entry.corrects)
    if entry is None:
        raise NotFound("usage entry", entry_id)
    return entry


def _differences(ledger: Ledger, target: LedgerEntry, new: NewCorrection) -> dict[Meter, Decimal]:
    at = target.position
    differences = {
        meter: face + ledger.offset_at(at, meter) - ledger.total_after(at, meter) for meter, face in new.totals.items()
    }
    for meter, delta in new.deltas.items():
        stated = sum((entry.deltas.get(meter, _ZERO) for entry in ledger.entries if entry.place == at), _ZERO)
        differences[meter] = delta - stated
    return differences


def _counted_already(known: LedgerEntry, usage: NewUsage, kind: EntryKind, amounts: Readings) -> Decision:
    if known.kind is kind and known.occurred_on == usage.occurred_on and _same(amounts, usage.amounts):
        return known, ()
    message = (
        f"{usage.external_id!r} of {known.occurred_on} is entered already with other values; record a correction of it"
    )
    refuse_if([Violation("external_id_reused", message, "external_id")])
    raise AssertionError("refuse_if raises for a violation")


def _same(one: Readings, other: Readings) -> bool:
    return all(one.get(meter, _ZERO) == other.get(meter, _ZERO) for meter in {*one, *other})


def _totals_at_end_of(day: date, head: LedgerHead, totals_on: Readings | None) -> Readings:
    if head.latest_on is None or day >= head.latest_on:
        return head.totals
    if totals_on is None:
        raise ValueError(f"a reading of {day}, before the entries of {head.latest_on}, needs the totals of that day")
    return totals_on


def _entry(
    head: LedgerHead, usage: NewUsage, kind: EntryKind, *, deltas: Readings, faces: Readings | None = None
) -> LedgerEntry:
    return LedgerEntry(
        id=usage.id,
        position=head.last_position + 1,
        occurred_on=usage.occurred_on,
        recorded_at=usage.recorded_at,
        kind=kind,
        deltas=dict(deltas),
        faces=dict(faces or {}),
        reason=usage.reason,
        source=usage.source,
        external_id=usage.external_id,
    )


def _refuse(against: list[Violation], warnings: tuple[Violation, ...], implausible_too: bool) -> None:
    refuse_if([*against, *warnings] if implausible_too else against)


def _malformed(amounts: Readings) -> Iterator[Violation]:
    if not amounts:
        yield Violation("no_amounts", "give an amount for at least one meter", "amounts")
    for meter, amount in amounts.items():
        try:
            if not is_meter_name(meter):
                raise ValueError(f"{meter!r} is no meter's name: lower case letters, digits and underscores")
            if exact_amount(amount, meter) < 0:
                raise ValueError(f"{amount} {meter} is below 0; totals only grow, except by a correction")
        except ValueError as error:
            yield Violation("invalid_amount", str(error), meter)


def _in_future(day: date, today: date) -> Iterator[Violation]:
    if day > today:
        yield Violation("occurs_in_future", f"{day} is still to come; today is {today}", "occurred_on")


def _behind(meter: Meter, face: Decimal, stands_at: Decimal) -> Violation:
    message = f"{face} {meter} is behind the {stands_at} counted so far; record a correction of the entry that is wrong"
    return Violation("reading_behind_total", message, meter)


def _implausible(head: LedgerHead, day: date, deltas: Readings) -> Iterator[Violation]:
    for meter, delta in deltas.items():
        last = head.last_days.get(meter)
        if not counts_hours(meter) or last is None:
            continue
        if day > last.on:
            yield from _too_much(meter, delta, last.on, day)
        elif day == last.on:
            if last.since is not None:
                yield from _too_much(meter, last.used + delta, last.since, day)
        elif head.latest_reading_on is not None and day >= head.latest_reading_on:
            # Out of order: the head does not know the entry before, so the latest reading bounds it.
            yield from _too_much(meter, delta, head.latest_reading_on - timedelta(days=1), day)


def _implausible_correction(ledger: Ledger, target: LedgerEntry, differences: Readings) -> Iterator[Violation]:
    """Check the use of the corrected day since the entry of the day before, as it is after the correction."""
    if target.kind is EntryKind.OPENING:
        return
    day = target.occurred_on
    for meter in filter(counts_hours, differences):
        counted = [entry for entry in ledger.entries if meter in entry.deltas]
        before = [
            entry.occurred_on - timedelta(days=entry.kind is EntryKind.OPENING)
            for entry in counted
            if entry.kind is not EntryKind.CORRECTION
        ]
        since = max((on for on in before if on < day), default=None)
        openings = {entry.position for entry in counted if entry.kind is EntryKind.OPENING}
        used = (entry.deltas[meter] for entry in counted if entry.occurred_on == day and entry.place not in openings)
        if since is not None:
            yield from _too_much(meter, sum(used, _ZERO), since, day)


def _too_much(meter: Meter, used: Decimal, since: date, day: date) -> Iterator[Violation]:
    days = (day - since).days
    if used > _HOURS_A_DAY * days:
        message = (
            f"{used} {meter} from {since} to {day} is more than 24 for each of {days} calendar days; check the entry"
        )
        yield Violation("implausible_reading", message, meter)
