"""The two walls between organizations, each standing alone: predicates without row-level security, and the reverse."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol

import psycopg
import pytest
import pytest_asyncio
from attrs import evolve
from psycopg import sql

from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.imports.errors import ClaimLost
from amss_domain.imports.model import Effect, RowResult
from amss_domain.imports.ports import Claim
from amss_domain.shared.errors import BrokenReference, NotFound, StaleVersion
from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing.builders import (
    a_movement,
    a_part,
    a_password_reset,
    a_refresh_token,
    a_reservation,
    a_session,
    a_user,
    an_actor,
    an_aircraft,
    an_alert,
    an_api_key,
    an_entry,
    an_idempotency,
    an_import,
    some_stock,
)
from amss_domain.testing.contracts import (
    AlertsContract,
    ApiKeysContract,
    FleetContract,
    ImportsContract,
    LinksContract,
    PartsContract,
    PasswordResetsContract,
    ProgramsContract,
    StockRowsContract,
    TasksContract,
    UsersContract,
    WebhooksContract,
)
from amss_domain.testing.contracts.contract import refused
from amss_domain.testing.contracts.kept import KeptLaws
from amss_domain.testing.contracts.reports import NOTHING, everything
from amss_domain.testing.scheduling_builders import (
    a_dependency,
    a_link,
    a_note,
    a_program,
    a_task,
    some_labour,
    three_limits,
)
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant, a_tenant
from amss_domain.testing.webhook_builders import a_delivery, a_webhook
from amss_domain.webhooks.delivery import DeliveryStatus
from amss_domain.webhooks.ports import DeliveryFilter

Opening = Callable[..., AbstractAsyncContextManager[PostgresBackend]]


class Database(Protocol):
    """A migrated database."""

    def dsn(self, role: str = ..., /) -> str: ...


@pytest_asyncio.fixture
async def unwalled(backend_of: Opening) -> AsyncIterator[PostgresBackend]:
    """A backend whose role no row-level security binds."""
    async with backend_of("amss_admin") as backend:
        yield backend


@pytest.mark.parametrize(
    "laws",
    [
        AlertsContract(),
        ApiKeysContract(),
        FleetContract(),
        ImportsContract(),
        LinksContract(),
        PartsContract(),
        PasswordResetsContract(),
        ProgramsContract(),
        StockRowsContract(),
        TasksContract(),
        UsersContract(),
        WebhooksContract(),
    ],
    ids=lambda laws: type(laws).__name__,
)
async def test_predicates_alone_keep_organizations_apart(unwalled: PostgresBackend, laws: KeptLaws[Any]) -> None:
    """Nothing of another organization is found in any way, nor saved, where only the statements stand in between."""
    ours, theirs = await a_tenant(unwalled), await a_tenant(unwalled)
    foreign = await laws.kept(theirs)
    await laws.kept(ours)

    assert await laws.found(ours, foreign) == laws.everywhere(None)
    await refused(ours, saving=(laws.after_a_change(foreign), foreign))
    assert await laws.found(theirs, foreign) == laws.everywhere(foreign)


async def test_predicates_alone_keep_ledgers_and_trails_apart(unwalled: PostgresBackend) -> None:
    """Entries of ledgers, audit entries and messages are their organization's alone."""
    ours, theirs = await a_tenant(unwalled), await a_tenant(unwalled)
    foreign, entry = an_aircraft(org_id=theirs.id), an_entry(external_id="flight 1")
    await theirs.keep(foreign, events=[foreign.created()])
    async with theirs.open() as uow:
        uow.usage.append(foreign.id, entry)
        await uow.commit()

    async with ours.open() as uow:
        assert (await uow.usage.ledger(foreign.id)).entries == ()
        assert await uow.usage.totals_on(foreign.id, entry.occurred_on) == {}
        assert await uow.usage.known([(foreign.id, "flight 1")]) == {}
        with pytest.raises(NotFound):
            await uow.usage.entry(foreign.id, entry.id)
    assert (await ours.entries(), await ours.messages()) == ((), ())
    async with ours.open() as uow:
        uow.usage.append(foreign.id, an_entry(position=2))
        with pytest.raises(BrokenReference):
            await uow.commit()


async def test_predicates_alone_keep_what_lets_people_in_apart(unwalled: PostgresBackend) -> None:
    """Passwords, sessions and tokens are their organization's alone, and so is who has no access any more."""
    ours, theirs = await a_tenant(unwalled), await a_tenant(unwalled)
    user = a_user(org_id=theirs.id, active=False)
    session = a_session(user)
    token = a_refresh_token(session)
    await theirs.keep(user, session)
    async with theirs.open() as uow:
        uow.passwords.put(user.id, "hash")
        uow.sessions.add_token(token)
        await uow.commit()

    async with unwalled.open_uow(ours.id, evolve(an_actor(user), org_id=ours.id)) as uow:
        assert await uow.passwords.hash_of(user.id) is None
        assert await uow.sessions.of_token_for_update(token.id) is None
        assert await uow.users.active_admins() == 0
        await uow.sessions.revoke_all(user.id, at=NOON)
        await uow.commit()
    async with ours.open() as uow:
        uow.sessions.spend(evolve(token, org_id=ours.id).spent(token.id, at=NOON))
        with pytest.raises(StaleVersion):
            await uow.commit()

    async with theirs.open() as uow:
        assert await uow.sessions.of_token_for_update(token.id) == (session, token)


async def test_predicates_alone_keep_reports_apart(unwalled: PostgresBackend) -> None:
    """Nothing of another organization is counted in a report."""
    ours, theirs = await a_tenant(unwalled), await a_tenant(unwalled)
    await fill(theirs)

    async with ours.open() as uow:
        assert await everything(uow) == NOTHING


async def test_predicates_alone_keep_rows_of_imports_apart(unwalled: PostgresBackend) -> None:
    """What became of the rows of an import is its organization's alone, and so is who works it off."""
    ours, theirs = await a_tenant(unwalled), await a_tenant(unwalled)
    foreign = an_import(org_id=theirs.id)
    await theirs.keep(foreign)
    async with theirs.open() as uow:
        uow.imports.add_rows(foreign.id, 1, [RowResult(2, {}, Effect.CREATED)])
        await uow.commit()

    async with ours.open() as uow:
        assert await uow.imports.rows(foreign.id, 1, PageRequest()) == Page(())
        with pytest.raises(ClaimLost):
            await uow.imports.hold_claimed(Claim(org_id=ours.id, import_id=foreign.id, token=0))
        uow.imports.add_rows(foreign.id, 2, [RowResult(2, {}, Effect.CREATED)])
        with pytest.raises(BrokenReference):
            await uow.commit()


async def test_predicates_alone_keep_deliveries_apart(unwalled: PostgresBackend) -> None:
    """Deliveries are found, listed and sent again by their organization alone."""
    ours, theirs = await a_tenant(unwalled), await a_tenant(unwalled)
    webhook = a_webhook(org_id=theirs.id)
    sent = evolve(a_delivery(webhook), status=DeliveryStatus.FAILED, next_attempt_at=None, finished_at=NOON)
    await theirs.keep(webhook, sent)

    async with ours.open() as uow:
        assert await uow.deliveries.page(PageRequest(), filter=DeliveryFilter(webhook_id=webhook.id)) == Page(())
        assert await uow.deliveries.send_again_matching(filter=DeliveryFilter(), at=NOON, limit=9) == 0
        for found in (uow.deliveries.get(sent.id), uow.deliveries.send_again(sent.id, at=NOON)):
            with pytest.raises(NotFound):
                await found
        await uow.commit()

    async with theirs.open() as uow:
        assert await uow.deliveries.get(sent.id) == sent


async def fill(tenant: Tenant) -> None:
    """Put something of the organization into every table."""
    user, aircraft, program = (
        a_user(org_id=tenant.id),
        an_aircraft(org_id=tenant.id),
        a_program(*three_limits(), org_id=tenant.id),
    )
    link, part = a_link(aircraft, program), a_part(org_id=tenant.id)
    task, stock, other = a_task(aircraft, link=link), some_stock(part), a_task(aircraft)
    session = a_session(user)
    await tenant.keep(user, session, an_api_key(user), an_alert(org_id=tenant.id), a_password_reset(user))
    webhook, table = a_webhook(org_id=tenant.id), an_import(org_id=tenant.id)
    await tenant.keep(webhook, a_delivery(webhook), table)
    things = (aircraft, program, link, part, task, other, stock, a_movement(stock), a_reservation(stock, task.id))
    await tenant.keep(*things, events=[aircraft.created()])
    async with tenant.open(idempotency=an_idempotency()) as uow:
        uow.usage.append(aircraft.id, an_entry())
        uow.sessions.add_token(a_refresh_token(session))
        uow.task_log.note(a_note(task))
        uow.task_log.record(some_labour(task))
        uow.dependencies.add(a_dependency(task, other))
        uow.imports.add_rows(table.id, 1, [RowResult(2, {}, Effect.CREATED)])
        await uow.commit()


def try_deliveries(database: Database) -> None:
    """Put an attempt at each delivery behind the backend's back: the worker alone adds any."""
    with psycopg.connect(database.dsn("amss_admin"), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO webhook_attempts (org_id, delivery_id, number, at, duration_ms)"
            " SELECT org_id, id, 1, now(), 9 FROM webhook_deliveries"
        )


@contextmanager
def inside(database: Database, tenant: Tenant | None) -> Iterator[psycopg.Connection]:
    """Open a connection of the application's role that works for the organization, or for none."""
    with psycopg.connect(database.dsn("amss_app"), autocommit=True) as connection:
        if tenant is not None:
            connection.execute("SELECT set_config('amss.org_id', %s, false)", (str(tenant.id),))
        yield connection


@pytest.fixture
def tables(look: Callable[..., list[tuple[Any, ...]]]) -> list[tuple[str, str]]:
    """Every tenant table that the application may read, and its column of the organization."""
    query = """
        SELECT relname, CASE relname WHEN 'organizations' THEN 'id' ELSE 'org_id' END
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND has_table_privilege('amss_app', oid, 'SELECT')
            AND relkind IN ('r', 'p') AND relname <> 'job_runs'
        ORDER BY relname
    """
    return [(name, column) for name, column in look(query)]


async def test_row_level_security_alone_hides_every_table(
    backend: PostgresBackend, database: Database, tables: list[tuple[str, str]]
) -> None:
    """Without any predicate a role sees its organization's rows alone, and none while it works for nobody."""
    ours, theirs = await a_tenant(backend), await a_tenant(backend)
    for tenant in (ours, theirs):
        await fill(tenant)
    try_deliveries(database)

    seen: dict[tuple[str, Tenant | None], list[tuple[Any, ...]]] = {}
    for inhabitant in (ours, None):
        with inside(database, inhabitant) as connection:
            for table, column in tables:
                query = sql.SQL("SELECT DISTINCT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table))
                seen[table, inhabitant] = connection.execute(query).fetchall()

    assert len(tables) == 28
    for table, _ in tables:
        assert seen[table, ours] == [(ours.id,)], table
        assert seen[table, None] == [], table


async def test_row_level_security_alone_refuses_foreign_rows(
    backend: PostgresBackend, database: Database, tables: list[tuple[str, str]]
) -> None:
    """A role can neither copy a row into another organization nor change or remove one there."""
    ours, theirs = await a_tenant(backend), await a_tenant(backend)
    for tenant in (ours, theirs):
        await fill(tenant)
    try_deliveries(database)

    with inside(database, ours) as connection:
        for table, column in tables:
            name, own = sql.Identifier(table), sql.Identifier(column)
            give_away = sql.SQL("UPDATE {} SET {} = {}").format(name, own, sql.Literal(theirs.id))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(give_away)
            touch = sql.SQL("UPDATE {} SET {} = {} WHERE {} = {}").format(name, own, own, own, sql.Literal(theirs.id))
            try:
                touched = connection.execute(touch).rowcount
            except psycopg.errors.InsufficientPrivilege:
                touched = 0
            assert touched == 0, table
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("DELETE FROM {}").format(name))


async def test_the_setting_is_gone_after_a_unit_of_work(backend_of: Opening, database: Database) -> None:
    """A connection that is used again works for nobody until it is told."""
    async with backend_of(max_connections=1) as backend:
        tenant = await a_tenant(backend)
        await fill(tenant)
        async with tenant.open() as uow:
            await uow.fleet.get_many([])
        wire = await backend._pool.acquire()
        try:
            (result,) = await wire.run([Call(statements("access")["organization_entered"])], keep=1)
        finally:
            backend._pool.release(wire)

    assert result.ntuples == 0


async def test_the_directory_tells_nothing_but_ids(backend: PostgresBackend, database: Database) -> None:
    """The functions that look across organizations give the application their ids, and no other way does."""
    ours = await a_tenant(backend)

    with inside(database, None) as connection:
        (found,) = connection.execute("SELECT amss_organization_id(%s)", (ours.organization.slug,)).fetchone() or ()
        everyone = {org_id for (org_id,) in connection.execute("SELECT amss_organization_ids()").fetchall()}

    assert found == ours.id
    assert ours.id in everyone
