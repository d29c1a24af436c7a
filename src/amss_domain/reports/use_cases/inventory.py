"""Asking which parts are running out."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.reports.ports import ReportsWork
from amss_domain.reports.stock import InventoryReport
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.page import PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class InventoryBelowThreshold:
    """Say of which parts too few can be used today, and what the stock is worth."""

    open_uow: OpenUnitOfWork[ReportsWork]
    clock: Clock

    async def __call__(self, by: Actor, request: PageRequest) -> InventoryReport:
        """Return a page of the parts that are low, the first with the figures of all stock. Raises `NotPermitted`."""
        authorize(by, "reports:read")
        async with self.open_uow(by.org_id, by) as uow:
            policy = (await uow.organizations.current()).policy
            today = day_of(self.clock.now(), policy.time_zone)
            page = await uow.reports.low_parts(request, on=today)
            stock = await uow.reports.stock(today) if request.after is None else None
        return InventoryReport(page=page, currency=policy.currency, stock=stock)
