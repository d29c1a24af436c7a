"""What audit needs from a backend."""

from typing import Protocol
from uuid import UUID

from attrs import frozen

from amss_domain.audit.model import AuditEntry
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import UnitOfWork


@frozen(kw_only=True)
class AuditFilter:
    """Which entries to return; None means any."""

    resource_type: str | None = None
    resource_id: UUID | None = None
    action: str | None = None


class AuditTrail(Protocol):
    """The organization's audit entries; nothing changes or removes them.

    - Holds exactly one entry for each event recorded in a committed unit of work, and none of any other.
    - `page` returns them newest first.
    """

    async def page(self, request: PageRequest, /, *, filter: AuditFilter) -> Page[AuditEntry]: ...


class AuditWork(UnitOfWork, Protocol):
    """A unit of work that reaches the audit trail."""

    @property
    def audit(self) -> AuditTrail: ...
