"""The queue of deliveries under bad conditions: many workers at once, killed connections, long queues."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from attrs import evolve
from psycopg import sql
from psycopg.conninfo import make_conninfo

from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.statements import Statement, statements
from amss_adapters.postgres.wire import Call, Wire
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.contracts.contract import assert_waits, ending, meanwhile
from amss_domain.testing.contracts.kept import newer
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant
from amss_domain.testing.webhook_builders import a_delivery, a_failure, a_success, a_webhook
from amss_domain.webhooks.delivery import Delivery, DeliveryStatus, Due

_MINUTE = timedelta(minutes=1)
_ENOUGH = 10_000


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


class Databases(Protocol):
    """Makes databases."""

    def migrated(self) -> Database: ...


class Looking(Protocol):
    """Asks the database behind the backend's back."""

    def __call__(self, query: str, *params: object, role: str = ...) -> list[tuple[Any, ...]]: ...


Backends = Callable[..., PostgresBackend]


@pytest.fixture
def database(databases: Databases) -> Database:
    """A migrated database of each test's own, since the queue is everybody's."""
    return databases.migrated()


@pytest.fixture
def backends(database: Database) -> Backends:
    """Makes backends of the worker whose connections are known by name."""

    def backends(name: str = "a worker", **settings: Any) -> PostgresBackend:
        dsn = make_conninfo(database.dsn("amss_worker"), application_name=name)
        options = {"min_connections": 0, "max_connections": 4, **settings}
        return PostgresBackend(dsn, clock=ManualClock(), ids=FRESH_IDS, **options)

    return backends


@pytest_asyncio.fixture
async def backend(backends: Backends) -> AsyncIterator[PostgresBackend]:
    """A backend of the worker."""
    async with backends() as backend:
        yield backend


@pytest_asyncio.fixture
async def ours(backend: PostgresBackend) -> Tenant:
    """An organization."""
    return await a_tenant(backend)


@pytest.fixture
def kill(look: Looking) -> Callable[[str], None]:
    """Ends all connections of a backend from the server's side."""

    def kill(name: str) -> None:
        look("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s", name)

    return kill


@pytest.fixture
def blocker(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that holds what it touches until it commits."""
    with psycopg.connect(database.dsn("amss_admin")) as connection:
        yield connection


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the statements of each batch sent from now on: one for each round trip."""
    sent: list[list[str]] = []
    run = Wire.run

    async def noting(wire: Wire, calls: Sequence[Call], *, keep: int = 0) -> Any:
        sent.append([call.statement.name for call in calls])
        return await run(wire, calls, keep=keep)

    monkeypatch.setattr(Wire, "run", noting)
    return sent


async def claimed(backend: PostgresBackend, *, at: Any = NOON, limit: int = _ENOUGH, per_webhook: int = _ENOUGH) -> Any:
    """Claim what is due for a minute."""
    return await backend.delivery_queue.claim(at=at, lasts=_MINUTE, limit=limit, per_webhook=per_webhook)


async def state_of(tenant: Tenant, delivery: Delivery) -> tuple[DeliveryStatus, int, int]:
    """Return the delivery's status, its count of attempts, and how many are on record."""
    async with tenant.open() as uow:
        kept = await uow.deliveries.get(delivery.id)
        return kept.status, kept.attempts, len(await uow.deliveries.attempts_of(delivery.id))


async def test_the_queue_costs_few_round_trips(
    backend: PostgresBackend, ours: Tenant, batches: list[list[str]]
) -> None:
    """A claim, a fan-out and a purge are one each, and settling is two, however many deliveries there are."""
    webhooks = [a_webhook(org_id=ours.id, at=NOON) for _ in range(3)]
    await ours.keep(*webhooks, events=[a_low_stock(at=NOON) for _ in range(50)])
    notices = await backend.outbox_queue.not_fanned_out(limit=_ENOUGH)
    batches.clear()

    assert await backend.fan_out.tell(notices, followers={"alerts": frozenset({"part.low_stock"})}, at=NOON) == 50
    assert len(batches) == 1
    dues = await claimed(backend)
    assert (len(dues), len(batches)) == (150, 2)
    await backend.delivery_queue.settle([a_success(due, at=NOON) for due in dues])
    assert len(batches) == 4
    assert await backend.delivery_queue.purge(before=NOON + timedelta(days=1), limit=_ENOUGH) == 150
    assert len(batches) == 5


async def test_many_workers_share_out_what_is_due(backends: Backends, ours: Tenant, look: Looking) -> None:
    """Whoever claims at whatever moment, nothing is given out twice, and never more of a webhook than allowed."""
    webhooks = [a_webhook(org_id=ours.id) for _ in range(4)]
    await ours.keep(*webhooks, *(a_delivery(one, due_at=NOON) for one in webhooks for _ in range(30)))
    got: Counter[UUID] = Counter()
    away: Counter[UUID] = Counter()
    most: Counter[UUID] = Counter()

    async def work(worker: PostgresBackend) -> None:
        idle = 0
        while idle < 20 and got.total() < 120:
            dues = await claimed(worker, limit=7, per_webhook=3)
            idle = 0 if dues else idle + 1
            got.update(due.delivery.id for due in dues)
            away.update(due.delivery.webhook_id for due in dues)
            most.update({one: max(0, away[one] - most[one]) for one in away})
            away.subtract(due.delivery.webhook_id for due in dues)
            await worker.delivery_queue.settle([a_success(due, at=NOON) for due in dues])

    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(backends(f"worker {number}")) for number in range(4)]
        await ending(asyncio.gather(*map(work, workers)))

    assert (len(got), got.total()) == (120, 120)
    assert set(most) == {one.id for one in webhooks}
    assert max(most.values()) <= 3
    assert look("SELECT count(*) FROM webhook_attempts") == [(120,)]
    assert look("SELECT count(*) FROM webhook_claims") == [(0,)]


async def test_no_more_of_a_webhook_are_claimed_by_all_together(backends: Backends, ours: Tenant) -> None:
    """Of several workers that claim at the same moment and settle nothing, all together get `per_webhook`."""
    webhook = a_webhook(org_id=ours.id)
    await ours.keep(webhook, *(a_delivery(webhook, due_at=NOON) for _ in range(40)))

    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(backends(f"worker {number}")) for number in range(4)]
        shares = await ending(asyncio.gather(*(claimed(one, per_webhook=5) for one in workers * 3)))

    assert sum(map(len, shares)) == 5


async def test_a_webhook_somebody_is_busy_with_keeps_nobody_waiting(
    backend: PostgresBackend, ours: Tenant, blocker: psycopg.Connection
) -> None:
    """Whoever claims passes over a webhook that another gives out or settles at the moment; later it has its turn."""
    busy, free = a_webhook(org_id=ours.id), a_webhook(org_id=ours.id)
    await ours.keep(busy, free, *(a_delivery(one, due_at=NOON) for one in (busy, free)))
    blocker.execute("SELECT FROM webhook_health WHERE webhook_id = %s FOR NO KEY UPDATE", (busy.id,))

    first = await ending(claimed(backend))
    blocker.commit()
    second = await ending(claimed(backend))

    assert [due.delivery.webhook_id for due in first] == [free.id]
    assert [due.delivery.webhook_id for due in second] == [busy.id]


async def test_a_worker_killed_with_claims_leaves_them_to_others(
    backends: Backends, backend: PostgresBackend, ours: Tenant, kill: Callable[[str], None]
) -> None:
    """Once its claims have run out another worker has the deliveries; what the first still says changes nothing."""
    webhook = a_webhook(org_id=ours.id)
    delivery = a_delivery(webhook, due_at=NOON)
    await ours.keep(webhook, delivery)

    async with backends("victim") as victim:
        (lost,) = await claimed(victim)
        kill("victim")
        assert await claimed(backend) == ()
        (due,) = await claimed(backend, at=NOON + _MINUTE)
        await victim.delivery_queue.settle([a_success(lost, at=NOON)])
        assert await state_of(ours, delivery) == (DeliveryStatus.PENDING, 0, 0)

    await backend.delivery_queue.settle([a_success(due, at=NOON + _MINUTE)])
    assert await state_of(ours, delivery) == (DeliveryStatus.SUCCEEDED, 1, 1)


@pytest.mark.parametrize(
    "held",
    [
        "SELECT FROM webhook_health FOR UPDATE",
        "SELECT FROM webhook_deliveries FOR UPDATE",
        "LOCK TABLE webhook_attempts IN SHARE MODE",
    ],
    ids=["health", "delivery", "attempts"],
)
async def test_a_worker_killed_while_settling_has_settled_nothing(
    held: str,
    backends: Backends,
    backend: PostgresBackend,
    ours: Tenant,
    kill: Callable[[str], None],
    blocker: psycopg.Connection,
) -> None:
    """Delivery, attempt, claim and health are all as before; settling again settles all of it, once."""
    webhook = a_webhook(org_id=ours.id)
    delivery = a_delivery(webhook, due_at=NOON)
    await ours.keep(webhook, delivery)
    (due,) = await claimed(backend)
    failed = a_failure(due, at=NOON, again_in=_MINUTE)
    blocker.execute(held)

    async with backends("victim") as victim, meanwhile(victim.delivery_queue.settle([failed])) as settling:
        await assert_waits(settling)
        kill("victim")
        with pytest.raises(Unavailable):
            await ending(settling)
    blocker.commit()

    assert await state_of(ours, delivery) == (DeliveryStatus.PENDING, 0, 0)
    healths = await backend.delivery_queue.settle([failed, failed])
    assert healths[webhook.id].consecutive_failures == 1
    assert (await backend.delivery_queue.settle([failed]))[webhook.id] == healths[webhook.id]
    assert await state_of(ours, delivery) == (DeliveryStatus.PENDING, 1, 1)


async def test_an_object_that_fails_does_not_hide_others_of_an_ordered_webhook(
    backend: PostgresBackend, ours: Tenant
) -> None:
    """However many of one object wait behind the first, what is due of another is given out at once."""
    webhook = a_webhook(org_id=ours.id, ordered=True)
    stuck = FRESH_IDS.new()
    first = a_delivery(webhook, aggregate_id=stuck, seq=1, due_at=NOON - _MINUTE)
    behind = [a_delivery(webhook, aggregate_id=stuck, seq=2 + number, due_at=NOON - _MINUTE) for number in range(200)]
    other = a_delivery(webhook, seq=999, due_at=NOON)
    await ours.keep(webhook, first, *behind, other)
    (due,) = await claimed(backend, at=NOON - _MINUTE, limit=1)
    assert due.delivery == first
    await backend.delivery_queue.settle([a_failure(due, at=NOON - _MINUTE, again_in=2 * _MINUTE)])

    assert [due.delivery.id for due in await claimed(backend, per_webhook=5)] == [other.id]
    assert await claimed(backend, at=NOON + _MINUTE / 2) == ()


async def test_many_workers_keep_the_order_of_each_object(backends: Backends, ours: Tenant) -> None:
    """Of an ordered webhook each object's events go out one after the other, whatever fails, and all of them do."""
    webhook = a_webhook(org_id=ours.id, ordered=True)
    objects = [FRESH_IDS.new() for _ in range(5)]
    deliveries = [
        a_delivery(webhook, aggregate_id=one, seq=seq, due_at=NOON) for seq in range(1, 13) for one in objects
    ]
    await ours.keep(webhook, *deliveries)
    out: set[UUID] = set()
    done: dict[UUID, list[int]] = defaultdict(list)
    tries: Counter[UUID] = Counter()

    async def work(worker: PostgresBackend) -> None:
        while sum(map(len, done.values())) < len(deliveries):
            dues: Sequence[Due] = await claimed(worker, limit=4, per_webhook=8)
            for due in dues:
                assert due.delivery.aggregate_id not in out
                out.add(due.delivery.aggregate_id)
                tries[due.delivery.id] += 1
            await asyncio.sleep(0)
            outcomes = []
            for due in dues:
                out.discard(due.delivery.aggregate_id)
                fails = due.delivery.seq % 3 == 0 and tries[due.delivery.id] == 1
                outcomes.append(a_failure(due, at=NOON, again_in=timedelta(0)) if fails else a_success(due, at=NOON))
                if not fails:
                    done[due.delivery.aggregate_id].append(due.delivery.seq)
            await worker.delivery_queue.settle(outcomes)

    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(backends(f"worker {number}")) for number in range(3)]
        await ending(asyncio.gather(*map(work, workers)))

    assert dict(done) == {one: list(range(1, 13)) for one in objects}


async def test_what_was_held_back_goes_out_when_the_order_does_not_matter_any_more(
    backend: PostgresBackend, ours: Tenant
) -> None:
    """A webhook that is no longer ordered gets all that is due, and one sent again goes before what is behind it."""
    webhook = a_webhook(org_id=ours.id, ordered=True)
    one = FRESH_IDS.new()
    deliveries = [a_delivery(webhook, aggregate_id=one, seq=seq, due_at=NOON) for seq in (1, 2, 3)]
    await ours.keep(webhook, *deliveries)
    dues = await claimed(backend)
    assert [due.delivery.seq for due in dues] == [1]
    await backend.delivery_queue.hand_back(dues)

    unordered = newer(evolve(webhook, target=evolve(webhook.target, ordered=False)), than=webhook)
    await ours.change(webhook, unordered)

    assert {due.delivery.seq for due in await claimed(backend)} == {1, 2, 3}


async def test_messages_told_by_many_at_once_are_told_once(backends: Backends, ours: Tenant, look: Looking) -> None:
    """Whoever tells the same messages at the same time, in whatever order: each is counted and delivered once."""
    webhooks = [a_webhook(org_id=ours.id, at=NOON) for _ in range(2)]
    await ours.keep(*webhooks, events=[a_low_stock(at=NOON) for _ in range(40)])
    followers = {"alerts": frozenset({"part.low_stock"}), "mail": frozenset({"part.low_stock", "task.overdue"})}

    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(backends(f"worker {number}")) for number in range(4)]
        notices = await workers[0].outbox_queue.not_fanned_out(limit=_ENOUGH)
        ways = [notices, notices[::-1], notices[20:], notices[::2]]
        tellings = (one.fan_out.tell(way, followers=followers, at=NOON) for one, way in zip(workers, ways, strict=True))
        told = await ending(asyncio.gather(*tellings))

    assert sum(told) == 40
    assert look("SELECT count(*), count(DISTINCT (webhook_id, event_id)) FROM webhook_deliveries") == [(80, 80)]
    assert look("SELECT follower, count(*) FROM inbox GROUP BY 1 ORDER BY 1") == [("alerts", 40), ("mail", 40)]


async def test_deliveries_are_listed_as_their_events_happened(backend: PostgresBackend, ours: Tenant) -> None:
    """The ids that a fan-out makes are of UUID version 7, of its time, and in the order of the messages."""
    webhook = a_webhook(org_id=ours.id, at=NOON)
    await ours.keep(webhook, events=[a_low_stock(at=NOON) for _ in range(30)])
    notices = await backend.outbox_queue.not_fanned_out(limit=_ENOUGH)

    await backend.fan_out.tell(notices, followers={}, at=NOON)

    dues = sorted(await claimed(backend), key=lambda due: due.delivery.id)
    ids = [due.delivery.id for due in dues]
    assert [due.delivery.event_id for due in dues] == [notice.event_id for notice in notices]
    assert {(one.version, one.variant, one.int >> 80) for one in ids} == {
        (7, "specified in RFC 4122", int(NOON.timestamp() * 1000))
    }


async def test_whatever_a_receiver_says_its_outcome_is_kept(backend: PostgresBackend, ours: Tenant) -> None:
    """A body that no database keeps is kept as far as it can be."""
    webhook = a_webhook(org_id=ours.id)
    delivery = a_delivery(webhook, due_at=NOON)
    await ours.keep(webhook, delivery)
    (due,) = await claimed(backend)
    outcome = a_success(due, at=NOON)
    odd = evolve(outcome, attempt=evolve(outcome.attempt, response_body="a\0b\ud800c"))

    await backend.delivery_queue.settle([odd])

    async with ours.open() as uow:
        assert (await uow.deliveries.get(delivery.id)).response_body == "a\ufffdb?c"


async def test_several_who_purge_at_once_remove_each_delivery_once(backends: Backends, ours: Tenant) -> None:
    """Together they count what there was, and attempts go with their deliveries."""
    webhook = a_webhook(org_id=ours.id)
    await ours.keep(webhook, *(a_delivery(webhook, due_at=NOON) for _ in range(60)))

    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(backends(f"worker {number}")) for number in range(3)]
        queue = workers[0].delivery_queue
        await queue.settle([a_success(due, at=NOON) for due in await claimed(workers[0])])
        later = NOON + timedelta(days=1)
        purges = (one.delivery_queue.purge(before=later, limit=25) for one in workers)
        removed = await ending(asyncio.gather(*purges))
        while rest := await queue.purge(before=later, limit=25):
            removed.append(rest)

    assert sum(removed) == 60


_MANY = """
SET session_replication_role = replica;
CREATE FUNCTION uuid_of(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || number)::uuid $$;
INSERT INTO organizations (id, slug, name, policy, created_at, updated_at, version)
SELECT uuid_of('org', n), 'org-' || n, 'Org', '{}', now(), now(), 1 FROM generate_series(0, 9) AS n;
INSERT INTO webhooks (org_id, id, url, events, description, ordered, secret, secret_hint, active, created_at,
    updated_at, version)
SELECT uuid_of('org', n % 10), uuid_of('hook', n), 'https://x', '{*}', '', n % 10 = 0, 's', 's', true, now(), now(), 1
FROM generate_series(0, 99) AS n;
INSERT INTO webhook_health (org_id, webhook_id) SELECT org_id, id FROM webhooks;
INSERT INTO webhook_deliveries (org_id, id, webhook_id, event_id, event_type, aggregate_id, version, seq, payload,
    occurred_at, status, attempts, next_attempt_at, created_at, finished_at)
SELECT uuid_of('org', n % 10), uuid_of('delivery', n), uuid_of('hook', n % 100), uuid_of('event', n), 'task.created',
    uuid_of('task', n % 5000), 1, n, '{}', now(), CASE WHEN n <= 100000 THEN 'pending' ELSE 'success' END, 0,
    CASE WHEN n <= 100000 THEN timestamptz '2026-03-01' + n * interval '1 ms' END, now(),
    CASE WHEN n > 100000 THEN now() END
FROM generate_series(1, 120000) AS n;
INSERT INTO webhook_attempts (org_id, delivery_id, number, at, duration_ms)
SELECT org_id, id, 1, now(), 9 FROM webhook_deliveries WHERE status = 'success';
INSERT INTO outbox (org_id, id, event_type, aggregate_id, version, payload, created_at, published_at)
SELECT uuid_of('org', n % 10), uuid_of('event', n), 'task.created', uuid_of('task', n), 1, '{}', now(), now()
FROM generate_series(1, 20000) AS n;
SET session_replication_role = DEFAULT;
"""


@pytest.fixture(scope="module")
def full(databases: Databases) -> Database:
    """A database with a long queue, of which the planner knows nothing yet."""
    database = databases.migrated()
    with psycopg.connect(database.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute("SET client_min_messages = error")
        admin.execute(_MANY)
    return database


@pytest.mark.parametrize("analyzed", [False, True], ids=["never analyzed", "analyzed"])
async def test_a_claim_looks_at_what_it_gives_out_and_hardly_more(analyzed: bool, full: Database) -> None:
    """Of 100,000 due deliveries to 100 webhooks 100 are claimed by looking at a few thousand rows, by index alone."""
    if analyzed:
        with psycopg.connect(full.dsn("amss_admin"), autocommit=True) as admin:
            admin.execute("ANALYZE")
    values = {1: str(NOON), 2: str(FRESH_IDS.new()), 3: "100", 4: "10", 5: "1000", 6: str(NOON + _MINUTE)}

    with psycopg.connect(full.dsn("amss_worker")) as connection:
        connection.execute(statements("session")["by_index"].text)
        nodes = [
            node
            for name in ("delivery_take_turns", "delivery_claim")
            for node in nodes_of(carried_out(statements("delivery_queue")[name], connection, values))
        ]

    looked_at = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes
        if node.get("Relation Name") == "webhook_deliveries"
    )
    scanned = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    assert looked_at < 6_000
    assert scanned == set()


_LITTER = """
SET session_replication_role = replica;
CREATE FUNCTION uuid_of(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || number)::uuid $$;
INSERT INTO organizations (id, slug, name, policy, created_at, updated_at, version)
SELECT uuid_of('org', n), 'org-' || n, 'Org', '{}', now(), now(), 1 FROM generate_series(0, 9) AS n;
INSERT INTO webhooks (org_id, id, url, events, description, ordered, secret, secret_hint, active, archived_at,
    created_at, updated_at, version)
SELECT uuid_of('org', n % 10), uuid_of('hook', n), 'https://x', '{*}', '', false, 's', 's', true,
    CASE WHEN n >= 20 THEN now() END, now(), now(), 1
FROM generate_series(0, 20019) AS n;
INSERT INTO webhook_health (org_id, webhook_id) SELECT org_id, id FROM webhooks;
INSERT INTO webhook_deliveries (org_id, id, webhook_id, event_id, event_type, aggregate_id, version, seq, payload,
    occurred_at, status, attempts, next_attempt_at, created_at)
SELECT org_id, id, id, id, 'task.created', id, 1, 1, '{}', now(), 'pending', 0, timestamptz '2026-03-01', now()
FROM webhooks;
SET session_replication_role = DEFAULT;
"""


@pytest.mark.parametrize("analyzed", [False, True], ids=["never analyzed", "analyzed"])
async def test_a_claim_passes_by_who_is_not_sent_to(analyzed: bool, databases: Databases) -> None:
    """Of 20,000 archived webhooks with something pending it sees a few; twenty others are found among them."""
    littered = databases.migrated()
    with psycopg.connect(littered.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute("SET client_min_messages = error")
        admin.execute(_LITTER)
        if analyzed:
            admin.execute("ANALYZE")
    values = {1: str(NOON), 2: str(FRESH_IDS.new()), 3: "100", 4: "10", 5: "1000", 6: str(NOON + _MINUTE)}

    with psycopg.connect(littered.dsn("amss_worker")) as connection:
        connection.execute(statements("session")["by_index"].text)
        plans = [
            carried_out(statements("delivery_queue")[name], connection, values)
            for name in ("delivery_take_turns", "delivery_claim")
        ]
        ((claimed,),) = connection.execute("SELECT count(*) FROM webhook_claims").fetchall()

    looked_at = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for plan in plans
        for node in nodes_of(plan)
        if node.get("Relation Name") in ("webhook_deliveries", "webhooks", "webhook_health")
    )
    assert claimed == 20
    assert looked_at < 600


@pytest.mark.parametrize("name", ["delivery_take_turns", "delivery_claim", "delivery_settle"])
def test_a_plan_from_when_the_queue_was_empty_reads_no_table_from_end_to_end(name: str, databases: Databases) -> None:
    """A worker keeps the plan for as long as nobody analyzes the tables, and by then there may be much."""
    empty = databases.migrated()
    with psycopg.connect(empty.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE")

    with psycopg.connect(empty.dsn("amss_worker")) as connection:
        connection.execute(statements("session")["by_index"].text)
        plan = planned(statements("delivery_queue")[name], connection, {}, "EXPLAIN (FORMAT JSON) EXECUTE {}")

    endless = [
        node["Alias"]
        for node in reading_all(plan)
        if node["Relation Name"] in ("webhook_deliveries", "webhooks", "webhook_health")
    ]
    assert endless == []


@pytest.mark.parametrize(
    ("feature", "name"),
    [
        ("delivery_queue", "delivery_hold_health"),
        ("delivery_queue", "delivery_settle"),
        ("delivery_queue", "delivery_keep_health"),
        ("delivery_queue", "delivery_hand_back"),
        ("delivery_queue", "delivery_next_at"),
        ("delivery_queue", "delivery_give_up"),
        ("delivery_queue", "delivery_purge"),
        ("delivery_queue", "delivery_count_old"),
        ("fan_out", "message_tell"),
    ],
)
async def test_the_queue_is_worked_off_by_index(feature: str, name: str, full: Database) -> None:
    """No statement reads a large table from end to end, whatever its parameters are."""
    with psycopg.connect(full.dsn("amss_admin"), autocommit=True) as admin:
        admin.execute("ANALYZE")

    with psycopg.connect(full.dsn("amss_worker")) as connection:
        connection.execute(statements("session")["by_index"].text)
        nodes = list(nodes_of(planned(statements(feature)[name], connection, {}, "EXPLAIN (FORMAT JSON) EXECUTE {}")))

    large = {"webhook_deliveries", "outbox", "webhook_attempts"}
    assert [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large] == []


def carried_out(statement: Statement, connection: psycopg.Connection, values: dict[int, str]) -> dict[str, Any]:
    """Carry the statement out and return how the server did."""
    return planned(statement, connection, values, "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {}")


def planned(statement: Statement, connection: psycopg.Connection, values: dict[int, str], how: str) -> dict[str, Any]:
    """Return the server's plan; parameters are NULL but for the `values` by their numbers."""
    name = statement.prepared_as
    connection.pgconn.prepare(name, statement.sql)
    count = connection.pgconn.describe_prepared(name).nparams
    given = [sql.Literal(values.get(number)) for number in range(1, count + 1)]
    explain = sql.SQL(how).format(sql.Identifier(name.decode()))
    explain += sql.SQL("({})").format(sql.SQL(", ").join(given))
    ((document,),) = connection.execute(explain).fetchall()
    plan: dict[str, Any] = (json.loads(document) if isinstance(document, str) else document)[0]["Plan"]
    return plan


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Go through the plan's nodes."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


def reading_all(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Go through the nodes that read a table without knowing where in it, and are not stopped by a limit."""
    if plan["Node Type"] == "Limit":
        return
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable" and not {"Index Cond", "TID Cond"} & plan.keys():
        yield plan
    for child in plan.get("Plans", []):
        yield from reading_all(child)
