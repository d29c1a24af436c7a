"""What audit needs from a backend."""

from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from attrs import frozen

from amss_domain.audit.model import AuditEntry
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import UnitOfWork


@frozen(kw_only=True)
class AuditFilter:
    """Which entries to return; None means any.

    `actor_id` is a user's or key's UUID in text, or a system actor's name. `since` is included, `until` is not.
    """

    resource_type: str | None = None
    resource_id: UUID | None = None
    action: str | None = None
    actor_id: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditTrail(Protocol):
    """The organization's audit entries; nothing changes or removes them before they are past retention.

    - Holds exactly one entry for each event recorded in a committed unit of work, and none of any other.
    - `page` returns those that match in the order in which they happened, newest first unless asked otherwise; those of
      one instant by their ids, the same way round. Nothing comes after an unknown `after`. There is no other order
      (ValueError).
    - `following` returns up to `limit` of those that match after an entry, oldest first, from the first on when it is
      None. The entry itself need not be there any more, and entries committed late do not move what comes after it.
    """

    async def page(self, request: PageRequest, /, *, filter: AuditFilter) -> Page[AuditEntry]: ...

    async def following(
        self, entry: AuditEntry | None, /, *, filter: AuditFilter, limit: int
    ) -> tuple[AuditEntry, ...]: ...


class AuditPartitions(Protocol):
    """Where the trails of all organizations are kept, month by month.

    - `prepare` makes room for so many months from the one that the day is in, in UTC, and returns how many had none;
      what is there stays as it is.
    """

    async def prepare(self, day: date, *, months: int) -> int: ...


class AuditWork(UnitOfWork, Protocol):
    """A unit of work that reaches the audit trail."""

    @property
    def audit(self) -> AuditTrail: ...
