"""Everything of one organization at one moment, to compare two backends by and to check what must always hold."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from attrs import evolve, frozen

from amss_domain.access.model import Organization, User
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Movement, Reservation, Stock
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import AircraftId, EventId, StockId, TaskId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.testing.tenant import Tenant, all_of

_NOBODYS: Final = EventId(UUID(int=0))


@frozen(kw_only=True)
class Snapshot:
    """What an organization's ports return; entries and messages without their ids, which each backend gives itself."""

    organization: Organization
    users: tuple[User, ...]
    fleet: tuple[Aircraft, ...]
    ledgers: Mapping[AircraftId, tuple[LedgerEntry, ...]]
    parts: tuple[Part, ...]
    stock: tuple[Stock, ...]
    movements: Mapping[StockId, tuple[Movement, ...]]
    programs: tuple[Program, ...]
    links: tuple[Link, ...]
    tasks: tuple[Task, ...]
    reservations: Mapping[TaskId, tuple[Reservation, ...]]
    entries: tuple[AuditEntry, ...]
    messages: tuple[OutboxMessage, ...]


async def snapshot(tenant: Tenant) -> Snapshot:
    """Return everything of the organization that its ports list, as it is now."""
    async with tenant.open() as uow:
        fleet = await all_of(uow.fleet.page)
        stock = await all_of(uow.stock.page)
        tasks = await all_of(lambda request: uow.tasks.page(request, filter=TaskFilter()))
        entries = await all_of(lambda request: uow.audit.page(request, filter=AuditFilter()))
        return Snapshot(
            organization=await uow.organizations.current(),
            users=await uow.users.all(),
            fleet=fleet,
            ledgers={one.id: (await uow.usage.ledger(one.id)).entries for one in fleet},
            parts=await all_of(uow.parts.page),
            stock=stock,
            movements={row.id: await uow.stock.movements(row.id) for row in stock},
            programs=await all_of(uow.programs.page),
            links=await uow.links.of_aircraft([one.id for one in fleet]),
            tasks=tasks,
            reservations={task.id: await uow.stock.reservations(task.id) for task in tasks},
            entries=tuple(evolve(entry, id=_NOBODYS) for entry in entries),
            messages=tuple(evolve(message, id=_NOBODYS) for message in await uow.outbox.unpublished(limit=100_000)),
        )
