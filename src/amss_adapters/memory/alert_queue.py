"""Finding the organizations in which an alert or a mail is due."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from amss_adapters.memory.alerts import has_unattended
from amss_adapters.memory.password_resets import has_mail_due
from amss_adapters.memory.tenant import Tenant
from amss_domain.shared.ids import OrgId


class MemoryAlertQueue:
    """Finds organizations as `AlertQueue` promises."""

    def __init__(self, tenants: Mapping[OrgId, Tenant]) -> None:
        self._tenants = tenants

    async def to_escalate(self, *, before: datetime, overdue_before: datetime, limit: int) -> tuple[OrgId, ...]:
        """Return organizations in which an alert has waited too long to be acknowledged."""
        found = (
            org_id
            for org_id, tenant in self._tenants.items()
            if has_unattended(tenant, before=before, overdue_before=overdue_before)
        )
        return tuple(islice(found, limit))

    async def to_mail_resets(self, *, at: datetime, limit: int) -> tuple[OrgId, ...]:
        """Return organizations in which somebody waits for a mail."""
        return tuple(islice((org_id for org_id, one in self._tenants.items() if has_mail_due(one, at)), limit))
