"""One organization of a backend under test: opening units of work for it and keeping things in it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar
from uuid import UUID

from attrs import frozen

from amss_domain.access.api_key import ApiKey
from amss_domain.access.model import Organization, User
from amss_domain.access.password_reset import PasswordReset
from amss_domain.access.session import Session
from amss_domain.alerts.alert import Alert
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.imports.batch import Import
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Movement, Reservation, Stock
from amss_domain.scheduling.dependency import Dependency
from amss_domain.scheduling.link import Link
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.scheduling.program import Program
from amss_domain.scheduling.task import Task
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.events import Event
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.page import MAX_LIMIT, Page, PageRequest
from amss_domain.testing.backend import Backend, Work
from amss_domain.testing.builders import an_organization
from amss_domain.webhooks.delivery import Delivery
from amss_domain.webhooks.webhook import Webhook

Owned: TypeAlias = (
    User
    | Session
    | ApiKey
    | Aircraft
    | Part
    | Stock
    | Reservation
    | Program
    | Link
    | Task
    | Dependency
    | Webhook
    | Alert
    | PasswordReset
    | Import
)
"""What belongs to an organization and is added and saved."""

Changeable: TypeAlias = Organization | Owned
"""What is added and saved."""

Thing: TypeAlias = Changeable | Movement | TaskNote | Labour | Delivery
"""What is added."""

T = TypeVar("T")


@frozen
class Tenant:
    """An organization of a backend, and the actor who acts for it."""

    backend: Backend
    organization: Organization
    actor: Actor

    @property
    def id(self) -> OrgId:
        """The organization's id."""
        return self.organization.id

    def open(self, *, idempotency: Idempotency | None = None) -> Work:
        """Open a unit of work for the organization."""
        return self.backend.open_uow(self.id, self.actor, idempotency=idempotency)

    async def keep(self, *things: Thing, events: Sequence[Event] = ()) -> None:
        """Add the things in this order and record the events, in one unit of work."""
        async with self.open() as uow:
            for thing in things:
                add(uow, thing)
            for event in events:
                uow.record(event)
            await uow.commit()

    async def change(self, was: Changeable, now: Changeable) -> None:
        """Save a thing as it is now, in a unit of work of its own."""
        async with self.open() as uow:
            save(uow, now, was=was)
            await uow.commit()

    async def entries(self) -> tuple[AuditEntry, ...]:
        """Return the whole audit trail, newest first."""
        async with self.open() as uow:
            return await all_of(lambda request: uow.audit.page(request, filter=AuditFilter()))

    async def messages(self) -> tuple[OutboxMessage, ...]:
        """Return all that waits in the outbox."""
        async with self.open() as uow:
            return await uow.outbox.unpublished(limit=100_000)


async def a_tenant(backend: Backend, *, actor: str = "worker") -> Tenant:
    """Add an organization to the backend and return it with a system actor."""
    organization = an_organization()
    tenant = Tenant(backend, organization, system_actor(organization.id, actor))
    await tenant.keep(organization)
    return tenant


async def all_of(
    page: Callable[[PageRequest], Awaitable[Page[T]]], *, limit: int = MAX_LIMIT, after: UUID | None = None
) -> tuple[T, ...]:
    """Return the items of all pages, `limit` at a time."""
    items: list[T] = []
    while True:
        one = await page(PageRequest(limit=limit, after=after))
        items += one.items
        if one.next_after is None:
            return tuple(items)
        assert one.next_after != after, "the next page starts where this one did"
        after = one.next_after


def add(uow: Work, thing: Thing) -> None:  # noqa: PLR0912 - one for each kind
    """Add the thing through the port that keeps such things."""
    match thing:
        case Organization():
            uow.organizations.add(thing)
        case User():
            uow.users.add(thing)
        case Session():
            uow.sessions.add(thing)
        case ApiKey():
            uow.api_keys.add(thing, digest=digest_of(thing))
        case Aircraft():
            uow.fleet.add(thing)
        case Part():
            uow.parts.add(thing)
        case Stock():
            uow.stock.add(thing)
        case Movement():
            uow.stock.move(thing)
        case Reservation():
            uow.stock.reserve(thing)
        case Program():
            uow.programs.add(thing)
        case Link():
            uow.links.add(thing)
        case Task():
            uow.tasks.add(thing)
        case TaskNote():
            uow.task_log.note(thing)
        case Labour():
            uow.task_log.record(thing)
        case Dependency():
            uow.dependencies.add(thing)
        case Webhook():
            uow.webhooks.add(thing)
        case Alert():
            uow.alerts.add(thing)
        case PasswordReset():
            uow.password_resets.add(thing)
        case Import():
            uow.imports.add(thing)
        case Delivery():
            uow.deliveries.add(thing)


def digest_of(key: ApiKey) -> bytes:
    """Return the digest that a key is added with: bytes of every kind, zero among them."""
    return b"\x00\xff\\" + key.id.bytes


def save(uow: Work, now: Changeable, *, was: Changeable) -> None:  # noqa: PLR0912 - one for each kind
    """Save the thing through the port that keeps such things."""
    match now:
        case Organization():
            uow.organizations.save(now, was=_one_of(was, Organization))
        case User():
            uow.users.save(now, was=_one_of(was, User))
        case Session():
            uow.sessions.save(now, was=_one_of(was, Session))
        case ApiKey():
            uow.api_keys.save(now, was=_one_of(was, ApiKey))
        case Aircraft():
            uow.fleet.save(now, was=_one_of(was, Aircraft))
        case Part():
            uow.parts.save(now, was=_one_of(was, Part))
        case Stock():
            uow.stock.save(now, was=_one_of(was, Stock))
        case Reservation():
            uow.stock.save_reservation(now, was=_one_of(was, Reservation))
        case Program():
            uow.programs.save(now, was=_one_of(was, Program))
        case Link():
            uow.links.save(now, was=_one_of(was, Link))
        case Task():
            uow.tasks.save(now, was=_one_of(was, Task))
        case Dependency():
            uow.dependencies.save(now, was=_one_of(was, Dependency))
        case Webhook():
            uow.webhooks.save(now, was=_one_of(was, Webhook))
        case Alert():
            uow.alerts.save(now, was=_one_of(was, Alert))
        case PasswordReset():
            uow.password_resets.save(now, was=_one_of(was, PasswordReset))
        case Import():
            uow.imports.save(now, was=_one_of(was, Import))


def _one_of(thing: Changeable, kind: type[T]) -> T:
    if not isinstance(thing, kind):
        raise TypeError(f"a {type(thing).__name__} does not become a {kind.__name__}")
    return thing
