"""Looking after stock as days pass: what expires soon, and which alerts about stock have no cause any more."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.alerts.alert import Alert, AlertKind, AlertStatus
from amss_domain.alerts.ports import AlertFilter, AlertsWork
from amss_domain.alerts.rules import DEFAULT_POLICY, AlertPolicy, cause_in_stock
from amss_domain.alerts.use_cases.raising import Book
from amss_domain.inventory.availability import Availability
from amss_domain.inventory.events import StockExpiring
from amss_domain.inventory.ports import StockFilter
from amss_domain.inventory.stock import Stock
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import AlreadyExists, StaleVersion
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import PartId, StockId
from amss_domain.shared.page import Order, Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data

_PAGE: Final = 200
_BY_EXPIRY: Final = Order("expiry_date")


@frozen
class ScanExpiringStock:
    """Announce, once for each row of stock, what expires soon or has expired and is on hand, and raise an alert."""

    open_uow: OpenUnitOfWork[AlertsWork]
    clock: Clock
    ids: IdFactory
    policy: AlertPolicy = DEFAULT_POLICY

    async def __call__(self, by: Actor) -> int:
        """Return how many alerts were raised. Raises `NotPermitted`."""
        authorize(by, "alerts:write")
        raised, more = 0, True
        after: UUID | None = None
        while more:
            count, after = await self._page(by, after)
            raised, more = raised + count, after is not None
        return raised

    async def _page(self, by: Actor, after: UUID | None) -> tuple[int, UUID | None]:
        async def attempt() -> tuple[int, UUID | None]:
            return await self._raise(by, after)

        return await on_fresh_data(attempt)

    async def _raise(self, by: Actor, after: UUID | None) -> tuple[int, UUID | None]:
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            today = day_of(now, (await uow.organizations.current()).policy.time_zone)
            page = await self._expiring(uow, today, after)
            rows = [row for row in page.items if row.quantity_on_hand > 0]
            known = await uow.alerts.raised_for(AlertKind.EXPIRING_STOCK, [row.id for row in rows])
            fresh = [row for row in rows if row.id not in known]
            parts = {part.id: part for part in await uow.parts.get_many({row.part_id for row in fresh})}
            book = Book(uow, self.ids, now)
            for row in fresh:
                part = parts[row.part_id]
                book.raise_(cause_in_stock(row, part))
                if row.expiry_date is not None:
                    uow.record(
                        StockExpiring(
                            aggregate_id=part.id,
                            version=part.version,
                            occurred_at=now,
                            part_number=part.part_number,
                            stock_id=row.id,
                            expiry_date=row.expiry_date,
                            quantity=row.quantity_on_hand,
                        )
                    )
            try:
                await uow.commit(book.changes)
            except AlreadyExists as raised:
                raise StaleVersion("alert", raised.key) from raised
        return book.changes, page.next_after

    async def _expiring(self, uow: AlertsWork, today: date, after: UUID | None) -> Page[Stock]:
        days = timedelta(days=self.policy.expiry_warning_days + 1)
        request = PageRequest(order=_BY_EXPIRY, limit=_PAGE, after=after)
        return await uow.stock.page(request, filter=StockFilter(expiring_before=today + days))


@frozen
class ResolveStockAlerts:
    """Resolve alerts about stock whose cause is gone: there is enough of the part again, or nothing left to expire."""

    open_uow: OpenUnitOfWork[AlertsWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor) -> int:
        """Return how many were resolved. Raises `NotPermitted`."""
        authorize(by, "alerts:write")
        resolved = 0
        for kind in (AlertKind.LOW_STOCK, AlertKind.EXPIRING_STOCK):
            for status in (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED):
                resolved += await self._all_of(by, AlertFilter(kind=kind, status=status))
        return resolved

    async def _all_of(self, by: Actor, filter: AlertFilter) -> int:
        request, resolved = PageRequest(limit=_PAGE), 0
        while True:
            async with self.open_uow(by.org_id, by) as uow:
                page = await uow.alerts.page(request, filter=filter)
            if page.items:
                resolved += await self._end(by, page.items)
            if page.next_after is None:
                return resolved
            request = PageRequest(limit=_PAGE, after=page.next_after)

    async def _end(self, by: Actor, alerts: Collection[Alert]) -> int:
        async def attempt() -> int:
            return await self._resolve(by, alerts)

        return await on_fresh_data(attempt)

    async def _resolve(self, by: Actor, alerts: Collection[Alert]) -> int:
        now = self.clock.now()
        async with self.open_uow(by.org_id, by) as uow:
            today = day_of(now, (await uow.organizations.current()).policy.time_zone)
            subjects = {alert.subject_id for alert in alerts}
            gone = await _without_cause(uow, subjects, next(iter(alerts)).kind, today)
            book = Book(uow, self.ids, now)
            book.enter(await uow.alerts.unresolved_of_for_update(gone))
            for alert in alerts:
                if alert.subject_id in gone:
                    book.resolve(alert.kind, alert.subject_id)
            await uow.commit(book.changes)
        return book.changes


async def _without_cause(uow: AlertsWork, subjects: set[UUID], kind: AlertKind, today: date) -> set[UUID]:
    """Return those of the subjects for which the kind has no cause any more."""
    if kind is AlertKind.EXPIRING_STOCK:
        rows = await uow.stock.get_many({StockId(one) for one in subjects})
        return {row.id for row in rows if row.quantity_on_hand == 0}
    parts = await uow.parts.get_many({PartId(one) for one in subjects})
    stock = await uow.stock.of_parts({part.id for part in parts})
    return {
        part.id
        for part in parts
        if part.archived_at is not None
        or not Availability.of(part, (row for row in stock if row.part_id == part.id), on=today).low
    }
