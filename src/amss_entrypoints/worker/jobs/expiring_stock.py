"""Raising alerts about stock that expires, and ending those whose cause is gone."""

from datetime import timedelta

from attrs import frozen

from amss_domain.access.ports import Directory
from amss_domain.alerts.use_cases.review_stock import ResolveStockAlerts, ScanExpiringStock
from amss_domain.shared.actor import Actor
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import PageRequest
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.jobs.organizations import PAGE, Organizations


@frozen(kw_only=True)
class ExpiringStock:
    """Looks through the stock of every organization for what expires, by index, once an hour."""

    name = "expiring-stock"
    topics = ()
    rest = Rest.of(timedelta(hours=1))
    alone = True

    organizations: Organizations
    directory: Directory
    scan: ScanExpiringStock
    resolve: ResolveStockAlerts

    async def run(self) -> int:
        """Look through all stock; 0, since a second pass right after would find nothing."""
        await self.organizations.each(self._page, self._look)
        await self.organizations.finish()
        return 0

    async def close(self) -> None:
        """End what still goes on; what is not done is found again."""
        await self.organizations.close()

    async def _page(self, after: OrgId | None) -> tuple[OrgId, ...]:
        page = await self.directory.page(PageRequest(limit=PAGE, after=after))
        return tuple(one.id for one in page.items)

    async def _look(self, by: Actor) -> int:
        return await self.scan(by) + await self.resolve(by)
