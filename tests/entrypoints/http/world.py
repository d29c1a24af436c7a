"""Two organizations with one of everything, kept in memory: `home`, from which tests call, and `away`, a stranger."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID, uuid4

from attrs import evolve, field, frozen
from dependency_injector import providers

from amss_adapters.memory import MemoryBackend
from amss_adapters.memory.rate_limit import MemoryRateLimiter
from amss_adapters.security import AesSecretBox, BcryptPasswords, JwtAccessTokens, SigningKey
from amss_domain.access.model import Organization, Policy, Role, User
from amss_domain.access.ports import PasswordHasher
from amss_domain.access.session import Session
from amss_domain.access.use_cases.sessions import REFRESH_FOR, claims_of, new_token
from amss_domain.audit.model import AuditEntry
from amss_domain.fleet.aircraft import Particulars
from amss_domain.imports.model import ImportKind
from amss_domain.inventory.part import PartDescription
from amss_domain.inventory.stock import Place
from amss_domain.scheduling.limit import Limit, Requirement
from amss_domain.scheduling.program import Priority, ProgramTerms, RequiredPart
from amss_domain.scheduling.standing import Baseline
from amss_domain.scheduling.task import ChecklistItem, Task, Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.ids import AircraftId, AlertId, DeliveryId, OrgId, PartId, SessionId
from amss_domain.shared.units import CYCLES, HOURS
from amss_domain.testing.backend import Backend
from amss_domain.testing.builders import a_password_reset, an_alert, an_organization
from amss_domain.testing.snapshot import Snapshot, snapshot
from amss_domain.testing.stand_ins import ManualClock
from amss_domain.testing.tenant import Tenant
from amss_domain.webhooks.delivery import Attempt, DeliveryStatus, Outcome
from amss_domain.webhooks.ports import DeliveryQueue
from amss_domain.webhooks.webhook import Target
from amss_entrypoints.container import Container

START: Final = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""The instant at which the tests of the API begin: a Friday."""

PASSWORD: Final = "ChangeMe123!"
"""Everybody's password."""

MARK: Final = "Xanadu"
"""What every text of the stranger's begins with."""

OPEN: Final = Policy(rate_limit_per_minute=1_000_000, api_key_rate_limit_per_minute=1_000_000)
"""A policy under which no test runs out of requests by accident."""


@frozen(eq=False)
class Settled:
    """An organization with one of everything; `ids` has the ids and secrets by what they are of."""

    tenant: Tenant
    users: Mapping[Role, User]
    ids: Mapping[str, str]

    @property
    def organization(self) -> Organization:
        """The organization as it was settled."""
        return self.tenant.organization

    async def snapshot(self) -> Snapshot:
        """Return everything of the organization as it is now."""
        return await snapshot(self.tenant)

    async def entries(self) -> tuple[AuditEntry, ...]:
        """Return its audit trail, newest first."""
        return await self.tenant.entries()


@frozen(eq=False)
class World:
    """Everything behind one application."""

    services: Container
    clock: ManualClock
    home: Settled
    away: Settled
    _tokens: dict[object, str] = field(factory=dict, init=False)

    def token(self, role: Role | str, of: Settled | None = None) -> str:
        """Return an access token of whoever has the role, at home unless told otherwise."""
        user = (of or self.home).users[Role(role)]
        return self.token_of(user)

    def token_of(self, user: User) -> str:
        """Return an access token of the user; the same one at the same instant, because signing takes its time."""
        issuer = self.services.access_tokens()
        known = (user, self.clock.now(), id(issuer))
        if known not in self._tokens:
            self._tokens[known] = issuer.issue(claims_of(user, SessionId(uuid4()))).text
        return self._tokens[known]

    def actor(self, role: Role | str, of: Settled | None = None) -> Actor:
        """Return whoever has the role, as use cases take it."""
        return claims_of((of or self.home).users[Role(role)], SessionId(uuid4())).actor()


def a_container(
    clock: ManualClock, *, key: SigningKey, passwords: BcryptPasswords, used: Container | None = None
) -> Container:
    """Return every use case over an empty memory; one that is not `used` any more is emptied and taken."""
    services = used or Container()
    for provider in services.providers.values():
        provider.reset_override()
    services.clock.override(providers.Object(clock))
    services.password_hasher.override(providers.Object(passwords))
    services.access_tokens.override(providers.Object(JwtAccessTokens(key, clock=clock)))
    services.secret_box.override(providers.Object(AesSecretBox([b"for tests alone".ljust(32)])))
    services.rate_limiter.override(providers.Object(MemoryRateLimiter(now=lambda: clock.now().timestamp())))
    services.backend.override(providers.Object(MemoryBackend(clock=clock, ids=services.ids())))
    return services


async def a_world(
    *, key: SigningKey, passwords: BcryptPasswords, whole: bool = True, used: Container | None = None
) -> World:
    """Return a world of its own; unless it is `whole`, the stranger has its people and nothing else."""
    clock = ManualClock(START)
    return await settled(a_container(clock, key=key, passwords=passwords, used=used), clock, whole=whole)


async def settled(
    services: Container, clock: ManualClock, *, whole: bool = True, worker: Container | None = None
) -> World:
    """Return a world behind the services, whose backend has neither organization yet.

    `worker` has the services that do what a worker does, where those are others.
    """
    hashed, worker = await _hashed(services.password_hasher()), worker or services
    home = await _settle(services, worker, hashed, slug="demo-org", mark="Demo", domain="demo.local")
    away = await _settle(services, worker, hashed, slug="xanadu-org", mark=MARK, domain="xanadu.example", whole=whole)
    return World(services, clock, home, away)


_HASHES: Final[dict[int, str]] = {}


async def _hashed(hasher: PasswordHasher) -> str:
    """Return the hash of everybody's password, worked out once for each hasher."""
    if id(hasher) not in _HASHES:
        _HASHES[id(hasher)] = await hasher.hash(PASSWORD)
    return _HASHES[id(hasher)]


async def _settle(
    services: Container, worker: Container, hashed: str, *, slug: str, mark: str, domain: str, whole: bool = True
) -> Settled:
    organization = an_organization(
        id=OrgId(services.ids().new()), slug=slug, name=f"{mark} Aviation", policy=OPEN, at=START
    )
    tenant = Tenant(cast(Backend, services.backend()), organization, system_actor(organization.id, "settler"))
    await tenant.keep(organization, events=[organization.created()])
    users = await _people(services, tenant, hashed, mark, domain)
    found = {"org": str(organization.id), **{role.value: str(user.id) for role, user in users.items()}}
    if whole:
        admin = claims_of(users[Role.ADMIN], SessionId(uuid4())).actor()
        found["leaver"] = await _a_leaver(services, admin, mark, domain)
        found |= await _secrets(services, tenant, admin, users[Role.ADMIN], mark)
        found |= await _stores(services, admin, mark)
        found |= await _fleet(services, admin, mark, found["part"])
        found |= await _work(services, admin, mark, found, users[Role.TECHNICIAN])
        found["import"] = await an_import(services, admin, mark, worker=worker)
        found |= await _a_webhook(services, worker, admin, mark)
    return Settled(tenant, users, found)


async def _people(services: Container, tenant: Tenant, hashed: str, mark: str, domain: str) -> Mapping[Role, User]:
    create, users = services.create_user(), {}
    for role in Role:
        who = system_actor(tenant.id, "settler")
        name = f"{mark} {role.value.replace('_', ' ').title()}"
        user = await create(who, email=f"{role.value}@{domain}", role=role, name=name)
        async with tenant.open() as uow:
            uow.passwords.put(user.id, hashed)
            await uow.commit()
        users[role] = user
    return users


async def _a_leaver(services: Container, admin: Actor, mark: str, domain: str) -> str:
    leaver = await services.create_user()(admin, email=f"leaver@{domain}", role=Role.VIEWER, name=f"{mark} Leaver")
    return str(leaver.id)


async def _a_webhook(services: Container, worker: Container, admin: Actor, mark: str) -> dict[str, str]:
    """Make a webhook and have two tests sent to it: one that has failed, and one that waits."""
    target = Target(
        url=f"https://{mark.lower()}.example/events", events=("task.completed",), description=f"{mark} bill"
    )
    made = await services.create_webhook()(admin, target)
    test = services.test_webhook()
    failed = await test(admin, made.webhook.id)
    await _fail(worker.delivery_queue(), failed.id, mark)
    delivery = await test(admin, made.webhook.id)
    return {
        "webhook": str(made.webhook.id),
        "webhook_secret": made.secret,
        "failed": str(failed.id),
        "delivery": str(delivery.id),
        "event": str(delivery.event_id),
    }


async def _fail(queue: DeliveryQueue, delivery_id: DeliveryId, mark: str) -> None:
    """Have the receiver refuse a delivery for good."""
    dues = await queue.claim(at=START, lasts=timedelta(minutes=1), limit=10, per_webhook=10)
    (due,) = [one for one in dues if one.delivery.id == delivery_id]
    attempt = Attempt(number=1, at=START, duration_ms=7, status=500, response_body=f"{mark} says no")
    await queue.settle([Outcome(due=due, attempt=attempt, status=DeliveryStatus.FAILED, next_attempt_at=None)])
    await queue.hand_back([one for one in dues if one is not due])


async def an_import(services: Container, admin: Actor, mark: str, *, worker: Container | None = None) -> str:
    """Import a table of three rows, which are rejected, and return its id."""

    async def chunks() -> AsyncIterator[bytes]:
        rows = "".join(f"{mark}-0,2026-03-0{day},1.5\n" for day in range(1, 4))
        yield f"registration,occurred_on,hours\n{rows}".encode()

    upload = await services.store_upload()(admin, f"{mark}.csv", chunks())
    await services.queue_import()(admin, ImportKind.USAGE, upload)
    done = await (worker or services).process_imports()("settler")
    assert done is not None
    return str(done.id)


async def _secrets(services: Container, tenant: Tenant, admin: Actor, user: User, mark: str) -> dict[str, str]:
    made = await services.create_api_key()(admin, name=f"{mark} key", permissions=["aircraft:read"])
    session = Session(
        id=SessionId(services.ids().new()),
        org_id=tenant.id,
        user_id=user.id,
        expires_at=START + REFRESH_FOR,
        created_at=START,
    )
    token, text = new_token(session, secrets=services.secrets(), ids=services.ids(), clock=services.clock())
    reset = a_password_reset(user, at=START)
    secret = services.secrets().new_reset_token(tenant.id, reset.id)
    await tenant.keep(session, reset.with_token(secret.digest, at=START).mailed(at=START))
    async with tenant.open() as uow:
        uow.sessions.add_token(token)
        await uow.commit()
    return {
        "key": str(made.key.id),
        "key_text": made.text,
        "refresh_token": text,
        "reset_token": secret.text,
        "alert": await _an_alert(tenant, AlertId(services.ids().new()), mark),
    }


async def _an_alert(tenant: Tenant, id: AlertId, mark: str) -> str:
    alert = evolve(
        an_alert(org_id=tenant.id, at=START), id=id, title=f"{mark} inspection", details={"registration": mark}
    )
    await tenant.keep(alert, events=[alert.raised()])
    return str(alert.id)


async def _stores(services: Container, admin: Actor, mark: str) -> dict[str, str]:
    define = services.define_part()
    about = PartDescription(description=f"{mark} oil filter", minimum_stock=30, unit_price=Decimal("34.50"))
    part = await define(admin, part_number=f"{mark}-FILTER", about=about)
    loose = await define(admin, part_number=f"{mark}-LOOSE", about=PartDescription(description=f"{mark} loose"))
    place = Place(location=f"{mark} A-1", lot=f"{mark} L1")
    stock = await services.receive_stock()(
        admin, part.id, 20, reason=f"{mark} delivery", place=place, expiry_date=date(2027, 1, 31)
    )
    await services.receive_stock()(admin, part.id, 5, reason=f"{mark} delivery", place=Place(location=f"{mark} B-2"))
    return {"part": str(part.id), "loose": str(loose.id), "stock": str(stock.id)}


async def _fleet(services: Container, admin: Actor, mark: str, part: str) -> dict[str, str]:
    about = Particulars(serial_number=f"{mark}-1", model=f"{mark} 172", manufacturer=f"{mark} Works")
    totals = {HOURS: Decimal("1480.0"), CYCLES: Decimal(790)}
    add = services.add_aircraft()
    aircraft = await add(admin, registration=f"{mark}-1", particulars=about, totals=totals, as_of=date(2026, 2, 1))
    spare = await add(admin, registration=f"{mark}-2", particulars=about, totals=totals, as_of=date(2026, 2, 1))
    _, entry, _ = await services.record_usage()(
        admin,
        aircraft.id,
        {HOURS: Decimal(10), CYCLES: Decimal(5)},
        occurred_on=date(2026, 3, 10),
        external_id=f"{mark}-flight-1",
        reason=f"{mark} flight",
    )
    terms = _terms(mark, part)
    write = services.write_program()
    program = await write(admin, name=f"{mark} 100 h", terms=terms)
    idle = await write(admin, name=f"{mark} 50 h", terms=evolve(terms, required_parts=()))
    far = await write(admin, name=f"{mark} 100 h, late", terms=evolve(terms, horizon_percent=Decimal(10)))
    baseline = Baseline(on=date(2026, 2, 1), readings={HOURS: Decimal(1450)})
    linked = await services.link_aircraft()(admin, program.id, aircraft.id, baseline=baseline)
    await services.link_aircraft()(admin, far.id, aircraft.id, baseline=baseline)
    assert linked.task is not None
    return {
        "aircraft": str(aircraft.id),
        "spare": str(spare.id),
        "entry": str(entry.id),
        "program": str(program.id),
        "idle": str(idle.id),
        "far": str(far.id),
        "due": str(linked.task.id),
    }


def _terms(mark: str, part: str) -> ProgramTerms:
    requirement = Requirement(limits=(Limit(name="hours", unit="hours", interval=Decimal(100)),))
    return ProgramTerms(
        requirement=requirement,
        description=f"{mark} inspection",
        required_parts=(RequiredPart(PartId(UUID(part)), 1),),
    )


async def _work(
    services: Container, admin: Actor, mark: str, found: Mapping[str, str], technician: User
) -> dict[str, str]:
    aircraft = AircraftId(UUID(found["aircraft"]))
    part = PartId(UUID(found["part"]))
    plan = services.plan_task()

    async def planned(title: str, **more: Any) -> Task:
        work = Work(title=f"{mark} {title}", description=f"{mark} description", **more)
        return await plan(admin, aircraft, work, due={HOURS: Decimal(1600)})

    task = await planned(
        "light",
        required_parts=(RequiredPart(part, 2),),
        checklist=(ChecklistItem(title=f"{mark} fuse"),),
        planned_start=datetime(2026, 4, 1, 8, tzinfo=UTC),
        planned_end=datetime(2026, 4, 1, 10, tzinfo=UTC),
    )
    after = await planned("paint", priority=Priority.URGENT)
    loner = await planned("seat")
    checking = await planned("door", checklist=(ChecklistItem(title=f"{mark} hinge"),))
    working, done = await planned("brakes"), await planned("tyres")
    start = services.start_task()
    for one in (checking, working, done):
        await start(admin, one.id, assignee=technician.id)
    _, (reservation, *_) = await services.reserve_parts()(admin, working.id, {part: 3})
    await services.complete_task()(admin, done.id, Report(notes=f"{mark} done"))
    await services.add_dependency()(admin, after.id, task.id)
    note = await services.add_note()(admin, working.id, f"{mark} note")
    await services.add_labour()(admin, working.id, hours=Decimal("1.5"), note=f"{mark} labour")
    return {
        "task": str(task.id),
        "after": str(after.id),
        "loner": str(loner.id),
        "checking": str(checking.id),
        "working": str(working.id),
        "done": str(done.id),
        "reservation": str(reservation.id),
        "note": str(note.id),
    }
