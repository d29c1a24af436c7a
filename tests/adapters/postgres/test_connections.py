"""Units of work under bad conditions: cancelled callers, killed servers, failed statements, crowds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import psycopg
import pytest
import pytest_asyncio
from psycopg.conninfo import make_conninfo

from amss_adapters.postgres import Patience, PostgresBackend
from amss_domain.shared.errors import AlreadyExists, AmssError, Unavailable
from amss_domain.testing.builders import a_part, an_aircraft
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock
from amss_domain.testing.tenant import Tenant, a_tenant

_PATIENCE_S = 20.0
_NAME = "amss under test"


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


class Looking(Protocol):
    """Asks the database behind the backend's back."""

    def __call__(self, query: str, *params: object, role: str = ...) -> list[tuple[Any, ...]]: ...


Backends = Callable[..., PostgresBackend]


@pytest.fixture
def backends(database: Database) -> Backends:
    """Makes backends whose connections are known by name."""

    def backends(**settings: Any) -> PostgresBackend:
        options = {"min_connections": 0, **settings}
        dsn = make_conninfo(database.dsn("amss_app"), application_name=_NAME)
        return PostgresBackend(dsn, clock=ManualClock(), ids=FRESH_IDS, **options)

    return backends


@pytest_asyncio.fixture
async def backend(backends: Backends) -> AsyncIterator[PostgresBackend]:
    """A backend with up to four connections."""
    async with backends(max_connections=4) as backend:
        yield backend


@pytest_asyncio.fixture
async def ours(backend: PostgresBackend) -> Tenant:
    """An organization."""
    return await a_tenant(backend)


@pytest.fixture
def states(look: Looking) -> Callable[[], list[str]]:
    """Returns the state of each of the backend's connections, as the server sees it."""

    def states() -> list[str]:
        query = "SELECT state FROM pg_stat_activity WHERE application_name = %s ORDER BY state"
        return [state for (state,) in look(query, _NAME)]

    return states


@pytest.fixture
def kill(look: Looking) -> Callable[[], int]:
    """Ends all of the backend's connections from the server's side and returns how many there were."""

    def kill() -> int:
        query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"
        return len(look(query, _NAME))

    return kill


async def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; fail if it takes too long."""
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():
            await asyncio.sleep(0)


async def a_change(tenant: Tenant) -> None:
    """Read something, add a part and an aircraft, and commit."""
    async with tenant.open() as uow:
        await uow.organizations.current_for_update()
        uow.parts.add(a_part(org_id=tenant.id))
        one = an_aircraft(org_id=tenant.id)
        uow.fleet.add(one)
        uow.record(one.created())
        await uow.commit()


async def outcome_of(work: Awaitable[None]) -> str:
    """Return the name of the error that `work` ends with, or `None`."""
    try:
        await work
    except AmssError as error:
        return type(error).__name__
    return "None"


async def test_a_storm_of_cancellations_leaves_nothing_behind(
    ours: Tenant, states: Callable[[], list[str]], look: Looking
) -> None:
    """Wherever callers are cancelled, changes are whole or absent, and every connection is idle and usable again."""
    tasks = []
    for patience in range(240):
        task = asyncio.ensure_future(a_change(ours))
        tasks.append(task)
        for _ in range(patience % 12):
            await asyncio.sleep(0)
        tasks[patience // 2].cancel()

    ended = await asyncio.gather(*tasks, return_exceptions=True)

    kinds = {type(end).__name__ for end in ended}
    assert kinds == {"CancelledError", "NoneType"}
    await until(lambda: set(states()) <= {"idle"})
    for _ in range(8):
        await a_change(ours)
    counts = "SELECT (SELECT count(*) FROM {} WHERE org_id = %s)"
    tables = ("parts", "aircraft", "audit_logs", "outbox")
    (parts,), *others = (look(counts.format(table), ours.id)[0] for table in tables)
    assert [count for (count,) in others] == [parts] * 3
    assert parts >= sum(end is None for end in ended) + 8
    assert len(states()) <= 4


async def test_who_is_cancelled_while_waiting_for_a_lock_lets_go_of_everything(
    backends: Backends, ours: Tenant, states: Callable[[], list[str]]
) -> None:
    """The batch is interrupted after a moment, its transaction ends and the pool serves others."""
    one, other = an_aircraft(org_id=ours.id), an_aircraft(org_id=ours.id)
    await ours.keep(one, other)

    async def take_both(backend: PostgresBackend) -> None:
        async with backend.open_uow(ours.id, ours.actor) as uow:
            await uow.fleet.get_for_update(other.id)
            await uow.fleet.get_for_update(one.id)

    async with ours.open() as holder, backends(max_connections=1) as small:
        await holder.fleet.get_for_update(one.id)
        taker = asyncio.ensure_future(take_both(small))
        await until(lambda: "active" in states())
        taker.cancel()
        # Sooner than the server would give the lock up by itself.
        async with ours.open() as uow, asyncio.timeout(Patience().lock_s / 2):
            await uow.fleet.get_for_update(other.id)
        async with small.open_uow(ours.id, ours.actor) as uow, asyncio.timeout(Patience().lock_s / 2):
            assert await uow.organizations.current() == ours.organization
        assert taker.cancelled()


async def test_idle_connections_that_were_killed_are_replaced(ours: Tenant, kill: Callable[[], int]) -> None:
    """Whoever comes after a connection was seen to end does not notice; before, it costs one error each at most."""
    await asyncio.gather(*(a_change(ours) for _ in range(8)))
    assert kill() > 1
    for _ in range(3):
        await asyncio.sleep(0)

    assert [await outcome_of(a_change(ours)) for _ in range(8)] == ["None"] * 8

    await asyncio.gather(*(a_change(ours) for _ in range(8)))
    killed = kill()
    outcomes = await asyncio.gather(*(outcome_of(a_change(ours)) for _ in range(12)))
    assert outcomes.count("Unavailable") <= killed
    assert await outcome_of(a_change(ours)) == "None"


async def test_a_connection_killed_in_a_transaction_costs_that_one(
    ours: Tenant, kill: Callable[[], int], look: Looking
) -> None:
    """Who was in the middle of something gets `Unavailable`, nothing of it was kept, and the next one succeeds."""
    one = an_aircraft(org_id=ours.id)

    async with ours.open() as uow:
        uow.fleet.add(one)
        await uow.fleet.get(one.id)
        kill()
        with pytest.raises(Unavailable) as raised:
            await uow.commit()

    assert isinstance(raised.value.__cause__, psycopg.Error)
    await a_change(ours)
    assert look("SELECT count(*) FROM aircraft WHERE id = %s", one.id) == [(0,)]


async def test_killing_again_and_again_never_gets_the_pool_stuck(
    ours: Tenant, kill: Callable[[], int], states: Callable[[], list[str]]
) -> None:
    """While connections are killed under load some fail, all end, and afterwards everything works."""
    async with asyncio.timeout(_PATIENCE_S):
        work = [asyncio.ensure_future(outcome_of(a_change(ours))) for _ in range(200)]
        for _ in range(6):
            await asyncio.sleep(0)
            await asyncio.to_thread(kill)
        outcomes = set(await asyncio.gather(*work))

    assert outcomes <= {"None", "Unavailable"}
    await outcome_of(a_change(ours))
    assert [await outcome_of(a_change(ours)) for _ in range(6)][-1] == "None"
    await until(lambda: set(states()) <= {"idle"})


async def test_a_failed_statement_does_not_spoil_the_connection(backends: Backends) -> None:
    """What was prepared before the failure is known and what came after is not: both work on the same connection."""
    async with backends(max_connections=1) as backend:
        tenant = await a_tenant(backend)
        one = an_aircraft(org_id=tenant.id)
        await tenant.keep(one)
        twin = an_aircraft(org_id=tenant.id, registration=one.registration)
        for _ in range(3):
            # The part's insertion is skipped, so its statement is never prepared there.
            with pytest.raises(AlreadyExists):
                await tenant.keep(twin, a_part(org_id=tenant.id))
        await tenant.keep(a_part(org_id=tenant.id))
        with pytest.raises(AlreadyExists):
            await tenant.keep(a_part(org_id=tenant.id), twin)

        async with tenant.open() as uow:
            assert await uow.fleet.get(one.id) == one


async def test_units_of_work_one_after_the_other_share_a_connection(
    ours: Tenant, states: Callable[[], list[str]]
) -> None:
    """The next one waits for the rollback of the last rather than opening a further connection."""
    for _ in range(5):
        async with ours.open() as uow:
            await uow.organizations.current()

    assert len(states()) == 1


async def test_a_crowd_gets_as_many_connections_as_allowed_and_no_more(
    ours: Tenant, states: Callable[[], list[str]]
) -> None:
    """Everybody is served, first come first served."""
    await asyncio.gather(*(a_change(ours) for _ in range(60)))

    assert len(states()) == 4


async def test_closing_ends_what_is_under_way(backends: Backends, states: Callable[[], list[str]]) -> None:
    """A unit of work that is open while the backend closes gets `Unavailable`, and no connection is left."""
    backend = backends(max_connections=2)
    tenant = await a_tenant(backend)
    async with tenant.open() as uow:
        await uow.organizations.current()
        await backend.close()
        with pytest.raises(Unavailable):
            await uow.organizations.current()
    with pytest.raises(Unavailable, match="have been closed"):
        await a_change(tenant)

    await until(lambda: states() == [])


def test_patience_is_told_in_milliseconds() -> None:
    """As the server takes it."""
    assert Patience(lock_s=0.25, statement_s=1, idle_s=90).params == (b"250", b"1000", b"90000")


async def test_a_conflict_at_the_very_end_is_no_commit(ours: Tenant, look: Looking) -> None:
    """When the last of the changes fails, the first are not kept either."""
    one = an_aircraft(org_id=ours.id)

    with pytest.raises(AlreadyExists):
        await ours.keep(
            one, an_aircraft(org_id=ours.id, registration=one.registration), events=[one.archived(at=NOON)[1]]
        )

    assert look("SELECT count(*) FROM audit_logs WHERE org_id = %s", ours.id) == [(0,)]
