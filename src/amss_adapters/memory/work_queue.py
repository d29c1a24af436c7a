"""Finding the organizations in which there is something to do."""

from collections.abc import Mapping
from datetime import date, datetime
from itertools import islice

from amss_adapters.memory.access import MemoryOrganizations
from amss_adapters.memory.scheduling import MemoryLinks, MemoryPrograms
from amss_adapters.memory.tasks import MemoryTasks
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction
from amss_domain.shared.clock import day_of
from amss_domain.shared.ids import OrgId


class MemoryWorkQueue:
    """Looks into each organization that is known; what it finds there it finds by index."""

    def __init__(self, tenants: Mapping[OrgId, Tenant]) -> None:
        self._tenants = tenants

    async def to_generate(self, *, at: datetime, limit: int, after: OrgId | None = None) -> tuple[OrgId, ...]:
        """Return organizations in which a program spreads or a task may have to appear, by id."""
        return tuple(islice([one.org_id for one in self._after(after) if await _generates(one, at)], limit))

    async def to_announce(self, *, at: datetime, limit: int, after: OrgId | None = None) -> tuple[OrgId, ...]:
        """Return organizations in which a due status changes by the day that it is there, by id."""
        return tuple(islice([one.org_id for one in self._after(after) if await _announces(one, at)], limit))

    def _after(self, after: OrgId | None) -> list[Tenant]:
        return [self._tenants[org_id] for org_id in sorted(self._tenants) if after is None or org_id > after]


async def _generates(tenant: Tenant, at: datetime) -> bool:
    transaction = _reading(tenant)
    if await MemoryPrograms(transaction).spreading():
        return True
    return bool(await MemoryLinks(transaction).to_generate(await _today(transaction, at), limit=1))


async def _announces(tenant: Tenant, at: datetime) -> bool:
    transaction = _reading(tenant)
    return bool(await MemoryTasks(transaction).changing(await _today(transaction, at), limit=1))


async def _today(transaction: Transaction, at: datetime) -> date:
    organization = await MemoryOrganizations(transaction).current()
    return day_of(at, organization.policy.time_zone)


def _reading(tenant: Tenant) -> Transaction:
    transaction = Transaction(tenant)
    transaction.begin()
    return transaction
