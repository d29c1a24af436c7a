"""Taking in rows of parts and their stock."""

from collections.abc import Sequence

from attrs import define, field

from amss_domain.imports.model import Effect, RowResult, SourceRow
from amss_domain.imports.rules.parts import PartRow, parse_part
from amss_domain.imports.use_cases.rows import Read, Setting, read_with
from amss_domain.inventory.part import Part, PartDescription, violations_of_part
from amss_domain.inventory.rules import available_on, blockers_to_adjust
from amss_domain.inventory.stock import MovementKind, Stock
from amss_domain.inventory.stockkeeping import announce_low_stock, record_movement
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.ids import PartId, StockId
from amss_domain.shared.violation import Violation

_REASON = "import"


class PartRows:
    """Rows of parts; each defines a part and sets how many of it are on hand in one place."""

    def read(self, source: SourceRow, /) -> Read[PartRow]:
        """Return what the row says."""
        return read_with(parse_part, source)

    def passed_over(self) -> None:
        """Return None: each row stands for itself."""

    async def take(self, uow: SchedulingWork, rows: Sequence[Read[PartRow]], setting: Setting, /) -> list[RowResult]:
        """Define or describe each row's part, and bring its stock to what the row states."""
        numbers = {read.said.part_number for read in rows if read.said is not None}
        parts = await uow.parts.by_numbers(numbers, for_update=True)
        stock = await uow.stock.of_parts([part.id for part in parts.values()], for_update=True)
        store = _Store(uow, setting, parts)
        for row in stock:
            store.keep(row)
        return [store.take(read) for read in rows]


@define
class _Store:
    """The parts, by number in lower case, and the stock rows, by part, that one unit of work adds and changes."""

    uow: SchedulingWork
    setting: Setting
    parts: dict[str, Part]
    stock: dict[PartId, dict[StockId, Stock]] = field(factory=dict)

    def keep(self, stock: Stock) -> None:
        self.stock.setdefault(stock.part_id, {})[stock.id] = stock

    def take(self, read: Read[PartRow]) -> RowResult:
        row = read.said
        if row is None:
            return read.rejected(read.violations)
        stored = self.parts.get(row.part_number.lower())
        about = row.about(PartDescription() if stored is None else stored.about)
        lying = None if stored is None else self._lying(row, stored)
        against = (*violations_of_part(row.part_number, about), *_against_stock(row, lying))
        if against:
            return read.rejected(against)
        part = self._define(row, about) if stored is None else self._describe(stored, about)
        counted = self._count(row, part, lying)
        if stored is None or (counted is not None and lying is None):
            return read.taken(Effect.CREATED)
        return read.taken(Effect.UNCHANGED if part is stored and counted is None else Effect.UPDATED)

    def _lying(self, row: PartRow, part: Part) -> Stock | None:
        return next((one for one in self.stock.get(part.id, {}).values() if one.place == row.place), None)

    def _define(self, row: PartRow, about: PartDescription) -> Part:
        part = Part(
            id=PartId(self.setting.ids.new()),
            org_id=self.uow.org_id,
            part_number=row.part_number,
            about=about,
            created_at=self.setting.at,
            updated_at=self.setting.at,
        )
        self.uow.parts.add(part)
        self.uow.record(part.created())
        self.parts[row.part_number.lower()] = part
        return part

    def _describe(self, stored: Part, about: PartDescription) -> Part:
        if about == stored.about:
            return stored
        part, event = stored.described(about, at=self.setting.at)
        self.uow.parts.save(part, was=stored)
        self.uow.record(event)
        self.parts[part.part_number.lower()] = part
        return part

    def _count(self, row: PartRow, part: Part, lying: Stock | None) -> Stock | None:
        """Bring the stock to the quantity that the row states; return it as it is then, None if nothing changes."""
        on_hand = 0 if lying is None else lying.quantity_on_hand
        if row.quantity is None or row.quantity == on_hand:
            return None
        before = self._available(part)
        if lying is None:
            counted = Stock(
                id=StockId(self.setting.ids.new()),
                org_id=self.uow.org_id,
                part_id=part.id,
                place=row.place,
                expiry_date=row.expiry_date,
                quantity_on_hand=row.quantity,
                created_at=self.setting.at,
                updated_at=self.setting.at,
            )
            self.uow.stock.add(counted)
        else:
            counted = lying.moved(on_hand=row.quantity - on_hand, at=self.setting.at)
            self.uow.stock.save(counted, was=lying)
        self.keep(counted)
        kind = MovementKind.RECEIVED if lying is None else MovementKind.ADJUSTED
        difference = row.quantity - on_hand
        record_movement(self.uow, part, counted, kind, difference, reason=_REASON, ids=self.setting.ids)
        announce_low_stock(self.uow, part, before=before, after=self._available(part), at=self.setting.at)
        return counted

    def _available(self, part: Part) -> int:
        return available_on(self.stock.get(part.id, {}).values(), self.setting.today)


def _against_stock(row: PartRow, lying: Stock | None) -> tuple[Violation, ...]:
    """Return what stands against the quantity and the expiry that the row states, by column."""
    found = []
    if row.quantity is None and row.names_stock and lying is None:
        message = "nothing lies in this place yet; give the quantity that does"
        found.append(Violation("quantity_missing", message, "quantity"))
    if lying is not None and row.expiry_date not in (None, lying.expiry_date):
        expires = lying.expiry_date or "on no day"
        message = (
            f"this place holds stock that expires {expires}; keep what expires on {row.expiry_date} as another lot"
        )
        found.append(Violation("other_expiry_date", message, "expiry_date"))
    if lying is not None and row.quantity not in (None, lying.quantity_on_hand):
        difference = (row.quantity or 0) - lying.quantity_on_hand
        blockers = blockers_to_adjust(lying, difference, _REASON)
        found += [Violation(one.code, one.message, "quantity") for one in blockers]
    return tuple(found)
