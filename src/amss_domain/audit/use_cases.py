"""Reading the audit trail."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter, AuditWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class SearchAudit:
    """Search the organization's audit trail."""

    open_uow: OpenUnitOfWork[AuditWork]

    async def __call__(self, by: Actor, request: PageRequest, *, filter: AuditFilter) -> Page[AuditEntry]:
        """Return the entries that match, newest first. Raises `NotPermitted`."""
        authorize(by, "audit:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.audit.page(request, filter=filter)
