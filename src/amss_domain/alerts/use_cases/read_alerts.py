"""Looking at alerts."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.alerts.alert import Alert
from amss_domain.alerts.ports import AlertFilter, AlertsWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.ids import AlertId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class GetAlert:
    """Look at an alert; whoever sees tasks may."""

    open_uow: OpenUnitOfWork[AlertsWork]

    async def __call__(self, by: Actor, alert_id: AlertId) -> Alert:
        """Return the alert. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "tasks:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.alerts.get(alert_id)


@frozen
class ListAlerts:
    """List alerts, resolved ones too; whoever sees tasks may."""

    open_uow: OpenUnitOfWork[AlertsWork]

    async def __call__(self, by: Actor, request: PageRequest, *, filter: AlertFilter | None = None) -> Page[Alert]:
        """Return a page by id. Raises `NotPermitted`."""
        authorize(by, "tasks:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.alerts.page(request, filter=filter or AlertFilter())
