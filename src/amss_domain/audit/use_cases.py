"""Reading the audit trail: page by page, or all of it at once."""

from collections.abc import AsyncIterator
from datetime import timedelta

from attrs import evolve, frozen

from amss_domain.access.rules import authorize
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter, AuditWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork

_MOMENT = timedelta(microseconds=1)


@frozen
class SearchAudit:
    """Search the organization's audit trail."""

    open_uow: OpenUnitOfWork[AuditWork]

    async def __call__(self, by: Actor, request: PageRequest, *, filter: AuditFilter) -> Page[AuditEntry]:
        """Return the entries that match, newest first unless asked otherwise. Raises `NotPermitted`."""
        authorize(by, "audit:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.audit.page(request, filter=filter)


@frozen
class ExportAudit:
    """Hand out the audit trail, however long it is, `batch` entries at a time, each batch in a unit of work of its own.

    An export holds every entry that was committed before it began and happened up to that instant, each once and the
    oldest first. Entries committed while it runs are in it if they happened up to that instant and it has not come past
    that time yet.
    """

    open_uow: OpenUnitOfWork[AuditWork]
    clock: Clock
    batch: int = 1000

    def __call__(self, by: Actor, *, filter: AuditFilter) -> AsyncIterator[AuditEntry]:
        """Return the entries that match, oldest first. Raises `NotPermitted` at once, not with the first entry."""
        authorize(by, "audit:export")
        end = self.clock.now() + _MOMENT
        return self._entries(by, evolve(filter, until=end if filter.until is None else min(filter.until, end)))

    async def _entries(self, by: Actor, filter: AuditFilter) -> AsyncIterator[AuditEntry]:
        last: AuditEntry | None = None
        while True:
            async with self.open_uow(by.org_id, by) as uow:
                entries = await uow.audit.following(last, filter=filter, limit=self.batch)
            for entry in entries:
                yield entry
            if len(entries) < self.batch:
                return
            last = entries[-1]
