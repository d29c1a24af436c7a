"""Everything of one organization at one moment, to compare two backends by and to check what must always hold."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from attrs import evolve, frozen

from amss_domain.access.model import Organization, User
from amss_domain.alerts.alert import Alert
from amss_domain.alerts.ports import AlertFilter
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import LedgerEntry
from amss_domain.fleet.ports import AircraftFilter
from amss_domain.imports.batch import Import
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Movement, Reservation, Stock
from amss_domain.scheduling.dependency import Dependency
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.ports import ProgramFilter, TaskFilter
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import AircraftId, EventId, StockId, TaskId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.testing.tenant import Tenant, all_of
from amss_domain.webhooks.delivery import Delivery
from amss_domain.webhooks.ports import DeliveryFilter, WebhookFilter
from amss_domain.webhooks.webhook import Webhook

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
    notes: Mapping[TaskId, tuple[TaskNote, ...]]
    labour: Mapping[TaskId, tuple[Labour, ...]]
    dependencies: Mapping[TaskId, tuple[Dependency, ...]]
    alerts: tuple[Alert, ...]
    webhooks: tuple[Webhook, ...]
    deliveries: tuple[Delivery, ...]
    imports: tuple[Import, ...]
    entries: tuple[AuditEntry, ...]
    messages: tuple[OutboxMessage, ...]


async def snapshot(tenant: Tenant) -> Snapshot:
    """Return everything of the organization that its ports list, as it is now."""
    async with tenant.open() as uow:
        left = AircraftFilter(archived=True)
        fleet = await all_of(uow.fleet.page) + await all_of(lambda request: uow.fleet.page(request, filter=left))
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
            programs=await all_of(lambda request: uow.programs.page(request, filter=ProgramFilter())),
            links=await uow.links.of_aircraft([one.id for one in fleet]),
            tasks=tasks,
            reservations={task.id: await uow.stock.reservations(task.id) for task in tasks},
            notes={task.id: await uow.task_log.notes(task.id) for task in tasks},
            labour={task.id: await uow.task_log.labour(task.id) for task in tasks},
            dependencies={task.id: await uow.dependencies.of_task(task.id) for task in tasks},
            alerts=await all_of(lambda request: uow.alerts.page(request, filter=AlertFilter())),
            webhooks=await all_of(lambda request: uow.webhooks.page(request, filter=WebhookFilter()))
            + await all_of(lambda request: uow.webhooks.page(request, filter=WebhookFilter(archived=True))),
            deliveries=await all_of(lambda request: uow.deliveries.page(request, filter=DeliveryFilter())),
            imports=await all_of(uow.imports.page),
            entries=tuple(evolve(entry, id=_NOBODYS) for entry in entries),
            messages=tuple(evolve(message, id=_NOBODYS) for message in await uow.outbox.unpublished(limit=100_000)),
        )
