"""The relay's queues under bad conditions: several workers at once, holders who were away, killed connections."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from attrs import define, field
from psycopg.conninfo import make_conninfo

from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.across import Across
from amss_adapters.postgres.errors import DatabaseFault, Kind
from amss_adapters.postgres.statements import Statement
from amss_adapters.postgres.wire import Call
from amss_domain.relay.model import LANES, Lease, Notice
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.contracts.contract import assert_waits, ending, meanwhile
from amss_domain.testing.contracts.trail import a_low_stock, an_update
from amss_domain.testing.relay_builders import a_dead_letter, a_job_run
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant

_MINUTE = timedelta(minutes=1)
_EVERY_LANE = range(LANES)
_ENOUGH = 100_000


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


class Looking(Protocol):
    """Asks the database behind the backend's back."""

    def __call__(self, query: str, *params: object, role: str = ...) -> list[tuple[Any, ...]]: ...


Backends = Callable[..., PostgresBackend]


@pytest.fixture
def backends(database: Database) -> Backends:
    """Makes backends of a role whose connections are known by name."""

    def backends(role: str = "amss_worker", *, name: str = "a worker", **settings: Any) -> PostgresBackend:
        dsn = make_conninfo(database.dsn(role), application_name=name)
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


async def a_lease(backend: PostgresBackend, holder: str = "a", *, name: str | None = None) -> Lease:
    """Return a lease of a name of its own unless told which, that runs for a minute from noon."""
    lease = await backend.leases.take(name or f"lane:{FRESH_IDS.new()}", holder=holder, at=NOON, lasts=_MINUTE)
    assert lease is not None
    return lease


async def unpublished(backend: PostgresBackend, tenant: Tenant) -> tuple[Notice, ...]:
    """Return what the organization has that is not published."""
    found = await backend.outbox_queue.unpublished(lanes=_EVERY_LANE, limit=_ENOUGH)
    return tuple(notice for notice in found if notice.org_id == tenant.id)


async def test_a_lease_is_not_taken_over_while_something_is_marked_under_it(
    backend: PostgresBackend, ours: Tenant, blocker: psycopg.Connection
) -> None:
    """Whoever asks for it meanwhile waits, even if it ran out: what is marked is marked by the latest holder."""
    await ours.keep(events=[a_low_stock()])
    notices = await unpublished(backend, ours)
    lease = await a_lease(backend)
    blocker.execute("SELECT FROM outbox WHERE id = %s FOR UPDATE", (notices[0].event_id,))

    async with meanwhile(backend.outbox_queue.mark_published(notices, leases=[lease], at=NOON)) as marking:
        await assert_waits(marking)
        taking = backend.leases.take(lease.name, holder="b", at=NOON + _MINUTE, lasts=_MINUTE)
        async with meanwhile(taking) as taken:
            await assert_waits(taken)
            blocker.commit()
            marked, taken_over = await ending(marking), await ending(taken)

    assert marked
    assert taken_over is not None
    assert taken_over.token > lease.token


async def test_nothing_is_marked_while_the_lease_is_taken_over(
    backend: PostgresBackend, ours: Tenant, blocker: psycopg.Connection
) -> None:
    """Whoever comes back in that moment waits to see who has it, and changes nothing if somebody else has."""
    await ours.keep(events=[a_low_stock()])
    notices = await unpublished(backend, ours)
    lease = await a_lease(backend)
    blocker.execute("UPDATE job_leases SET holder = 'b', token = token + 1 WHERE name = %s", (lease.name,))

    async with meanwhile(backend.outbox_queue.mark_published(notices, leases=[lease], at=NOON)) as marking:
        await assert_waits(marking)
        blocker.commit()
        marked = await ending(marking)

    assert not marked
    assert await unpublished(backend, ours) == notices


async def test_who_gave_a_lease_back_marks_nothing_under_it(backend: PostgresBackend, ours: Tenant) -> None:
    """It is nobody's from then on, although nobody else has had it yet."""
    await ours.keep(events=[a_low_stock()])
    notices = await unpublished(backend, ours)
    lease = await a_lease(backend)

    await backend.leases.release([lease])

    assert not await backend.outbox_queue.mark_published(notices, leases=[lease], at=NOON)
    assert await unpublished(backend, ours) == notices


async def test_who_is_killed_while_marking_marked_nothing(
    backend: PostgresBackend, ours: Tenant, blocker: psycopg.Connection, kill: Callable[[str], None]
) -> None:
    """All of it is there for the next one, who does not have to wait."""
    await ours.keep(events=[a_low_stock() for _ in range(3)])
    notices = await unpublished(backend, ours)
    lease = await a_lease(backend)
    blocker.execute("SELECT FROM outbox WHERE id = %s FOR UPDATE", (notices[-1].event_id,))

    async with meanwhile(backend.outbox_queue.mark_published(notices, leases=[lease], at=NOON)) as marking:
        await assert_waits(marking)
        kill("a worker")
        with pytest.raises(Unavailable):
            await ending(marking)
    blocker.commit()

    assert await unpublished(backend, ours) == notices
    assert await backend.outbox_queue.mark_published(notices, leases=[lease], at=NOON)


class Publisher:
    """Publishes lanes into a list as a worker does, and is now and then away or killed at the worst moment."""

    def __init__(self, backend: PostgresBackend, holder: str, world: "World") -> None:
        self._backend = backend
        self._holder = holder
        self._world = world

    async def work(self, done: Callable[[], bool]) -> None:
        """Go round until everything is done."""
        while not done():
            try:
                await ending(self._round())
            except Unavailable:
                self._world.failures += 1

    async def _round(self) -> None:
        """Take some lanes, put what waits in them into the stream, and mark it."""
        world, queue = self._world, self._backend.outbox_queue
        world.rounds += 1
        at = NOON + world.rounds * timedelta(seconds=1)
        leases = await self._backend.leases.take_some(
            world.names, holder=self._holder, at=at, lasts=timedelta(seconds=4), limit=12
        )
        lanes = [world.names.index(lease.name) for lease in leases]
        notices = await queue.unpublished(lanes=lanes, limit=world.chance.randrange(1, 9))
        if notices and world.chance.random() < 0.4:
            await world.others_went_round(6)
        for notice in notices:
            world.stream.append(notice)
            await asyncio.sleep(0)
        if notices and world.chance.random() < 0.2:
            world.kill(self._holder)
        world.refusals += not await queue.mark_published(notices, leases=leases, at=at)


@define
class World:
    """What the publishers share: the lanes, the stream, and what became of their rounds."""

    chance: random.Random
    kill: Callable[[str], None]
    names: list[str]
    stream: list[Notice] = field(factory=list)
    rounds: int = 0
    refusals: int = 0
    failures: int = 0

    async def others_went_round(self, times: int) -> None:
        """Return when others went round so often, unless all are waiting for that."""
        until = self.rounds + times
        for _ in range(5000):
            if self.rounds >= until:
                return
            await asyncio.sleep(0)


async def write(tenant: Tenant, chance: random.Random, versions: int) -> UUID:
    """Commit so many versions of a part, some after having stood open for a while; return its id."""
    part_id = FRESH_IDS.new()
    for version in range(1, versions + 1):
        async with tenant.open() as uow:
            uow.record(a_low_stock(part_id, version=version))
            for _ in range(chance.choice([0, 5, 50])):
                await asyncio.sleep(0)
            await uow.commit()
    return part_id


@pytest.mark.parametrize("seed", [1, 2])
async def test_several_publishers_lose_nothing_and_keep_each_object_in_order(
    seed: int, backends: Backends, backend: PostgresBackend, ours: Tenant, kill: Callable[[str], None]
) -> None:
    """Whoever writes, is away, loses lanes or is killed: all is published, and at first in the order recorded."""
    lanes = [f"lane-{FRESH_IDS.new()}:{lane}" for lane in _EVERY_LANE]
    world = World(random.Random(seed), kill, lanes)

    async with AsyncExitStack() as stack:
        publishers = [
            Publisher(await stack.enter_async_context(backends(name=holder)), holder, world) for holder in "abc"
        ]
        all_done = asyncio.Event()
        publishing = asyncio.gather(*(publisher.work(all_done.is_set) for publisher in publishers))
        parts: list[UUID] = []
        async with asyncio.timeout(60):
            # Until all of it has happened: somebody was killed, and somebody came back too late.
            while not (parts and world.failures and world.refusals):
                parts += await asyncio.gather(*(write(ours, world.chance, versions=12) for _ in range(12)))
            while await unpublished(backend, ours):
                await asyncio.sleep(0)
        all_done.set()
        await publishing

    first_seen: dict[UUID, list[int]] = defaultdict(list)
    for notice in world.stream:
        if notice.version not in first_seen[notice.aggregate_id]:
            first_seen[notice.aggregate_id].append(notice.version)
    assert {part_id: first_seen[part_id] for part_id in parts} == {part_id: list(range(1, 13)) for part_id in parts}


async def test_what_a_killed_follower_held_is_there_for_the_next(
    backends: Backends, backend: PostgresBackend, ours: Tenant, kill: Callable[[str], None]
) -> None:
    """Taken and not done: others get it at once, and nothing that was about to be done is."""
    await ours.keep(events=[a_low_stock(), a_low_stock()])
    messages = await ours.messages()
    follower = f"alerts-{FRESH_IDS.new()}"
    await backend.fan_out.tell(
        await unpublished(backend, ours), followers={follower: frozenset({"part.low_stock"})}, at=NOON
    )

    async with backends(name="killed") as other, other.open_uow(ours.id, ours.actor) as uow:
        taken = await uow.inbox.take(follower, limit=9)
        uow.inbox.done(follower, [message.id for message in taken])
        kill("killed")
        with pytest.raises(Unavailable):
            await uow.commit()
    async with ours.open() as uow:
        again = await uow.inbox.take(follower, limit=9)

    assert (taken, again) == (messages, messages)


async def test_what_waits_in_an_inbox_is_not_removed(backend: PostgresBackend, ours: Tenant) -> None:
    """The outbox keeps the message until its last follower is done with it."""
    long_ago = NOON - timedelta(days=7300)
    await ours.keep(events=[a_low_stock()])
    follower = f"alerts-{FRESH_IDS.new()}"
    notices = await unpublished(backend, ours)
    await backend.fan_out.tell(notices, followers={follower: frozenset({"part.low_stock"})}, at=long_ago)

    kept = await backend.outbox_queue.purge(before=long_ago + _MINUTE, limit=9)
    async with ours.open() as uow:
        uow.inbox.done(follower, [notices[0].event_id])
        await uow.commit()
    removed = await backend.outbox_queue.purge(before=long_ago + _MINUTE, limit=9)

    assert (kept, removed) == (0, 1)


async def test_the_application_reaches_no_queue(backends: Backends, ours: Tenant) -> None:
    """Its role sees no other organization's messages and takes no leases; of the worker it may read how its jobs do."""
    await ours.keep(events=[a_low_stock()])

    async with backends("amss_app") as backend:
        assert await backend.outbox_queue.unpublished(lanes=_EVERY_LANE, limit=9) == ()
        assert await backend.job_log.runs() is not None
        for attempt in (
            backend.leases.take("lane", holder="a", at=NOON, lasts=_MINUTE),
            backend.inboxes.waiting("alerts", limit=9),
            backend.dead_letters.list(limit=9),
            backend.job_log.note(a_job_run("publish", worker="a")),
        ):
            with pytest.raises(Unavailable, match="its role may not do this"):
                await attempt


async def test_dead_letters_of_one_event_that_come_together_are_one(backend: PostgresBackend, ours: Tenant) -> None:
    """Of several letters in one call for the same event and group the last is kept."""
    await ours.keep(events=[a_low_stock()])
    (notice,) = await unpublished(backend, ours)
    letters = [a_dead_letter(notice, reason=reason) for reason in ("first", "last")]

    await backend.dead_letters.add(letters)

    assert await backend.dead_letters.list(limit=9, org_id=ours.id) == (letters[1],)


async def test_whoever_listens_hears_of_messages_once_they_are_committed(backends: Backends) -> None:
    """Once for each commit that put any into the outbox, and not for private events or what was not committed."""
    heard: list[int] = []
    async with backends("amss_app", on_messages=lambda: heard.append(1)) as backend:
        ours = await a_tenant(backend)
        before = len(heard)
        await ours.keep(events=[a_low_stock(), a_low_stock()])
        after_two = len(heard)
        await ours.keep(events=[an_update()])
        async with ours.open() as uow:
            uow.record(a_low_stock())

    assert (before, after_two, len(heard)) == (0, 1, 1)


@pytest.fixture
def failing(look: Looking, backend: PostgresBackend) -> Callable[..., Any]:
    """Runs a statement that the server gives up so many times, as it does when two wait for each other."""
    look("CREATE SEQUENCE IF NOT EXISTS tries")
    look("GRANT USAGE ON SEQUENCE tries TO amss_worker")
    look(
        """
        CREATE OR REPLACE FUNCTION fail_often(times bigint) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            number CONSTANT bigint := nextval('tries');
        BEGIN
            IF number <= times THEN
                RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected';
            END IF;
            RETURN number;
        END
        $$
        """
    )
    look("SELECT setval('tries', 1, false)")
    statement = Statement("test", "fail_often", "Fails so many times.", "SELECT fail_often($1)")

    async def failing(times: int) -> object:
        return await Across(backend._pool).rows(Kind("thing"), Call(statement, (str(times).encode(),)))

    return failing


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_what_the_server_gave_up_for_others_is_tried_again(failing: Callable[..., Any], times: int) -> None:
    """A queue's statement that lost against another is simply made again."""
    assert await failing(times) == [(str(times + 1).encode(),)]


async def test_what_loses_again_and_again_fails(failing: Callable[..., Any]) -> None:
    """It is not tried for ever, and nothing is wrong with what was asked for."""
    with pytest.raises(Unavailable, match="in the way"):
        await failing(3)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        *((state, Unavailable) for state in ("08006", "53100", "53300", "57014", "57P01", "58030", "55P03", "25P03")),
        *((state, Unavailable) for state in ("25006", "40003", "42501", "42P01", "26000")),
        *((state, DatabaseFault) for state in ("54000", "P0001", "XX000", "0A000", "42601", "55000", "25P02")),
    ],
)
async def test_only_what_passes_is_said_to_pass(database: Database, state: str, error: type[Exception]) -> None:
    """Whoever is told that the database is not available tries again for ever: so no message may bring that about."""
    text = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    statement = Statement("test", f"raise_{state}", "Fails.", text)

    async with PostgresBackend(database.dsn("amss_worker"), clock=ManualClock(), ids=FRESH_IDS) as backend:
        with pytest.raises(error):
            await Across(backend._pool).rows(Kind("thing"), Call(statement, ()))
