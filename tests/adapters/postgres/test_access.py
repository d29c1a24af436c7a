"""Users, sessions and keys in PostgreSQL: what they cost, and what was kept before the newest fields."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol

import psycopg
import pytest
from attrs import evolve

from amss_adapters.postgres import PostgresBackend
from amss_adapters.postgres.wire import Call, Wire
from amss_domain.access.errors import BadCredentials
from amss_domain.access.model import Policy, Role
from amss_domain.shared.errors import ActorInactive
from amss_domain.testing.builders import a_part, a_user, an_actor, an_api_key
from amss_domain.testing.front_desk import PASSWORD, FrontDesk
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.workshop import Workshop


class Looking(Protocol):
    """Asks the database behind the backend's back."""

    def __call__(self, query: str, *params: object, role: str = ...) -> list[tuple[Any, ...]]: ...


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[str]]]:
    """Returns the names of the statements of every batch sent since it was last asked, without roll-backs."""
    sent: list[list[str]] = []
    begin = Wire._begin

    def counting(wire: Wire, batch: Any) -> None:
        calls: Sequence[Call] = batch.calls
        sent.append([call.statement.name for call in calls])
        begin(wire, batch)

    def since() -> list[list[str]]:
        found = [batch for batch in sent if batch != ["rollback"]]
        sent.clear()
        return found

    monkeypatch.setattr(Wire, "_begin", counting)
    return since


@pytest.fixture
def desk(ours: Tenant) -> FrontDesk:
    """The front desk of an organization."""
    return FrontDesk(Workshop(ours, clock=ManualClock(), ids=FRESH_IDS))


async def test_a_policy_from_before_has_defaults(ours: Tenant, look: Looking) -> None:
    """Fields that a stored policy does not have yet take their defaults; those it has stay."""
    look("UPDATE organizations SET policy = %s WHERE id = %s", '{"currency": "EUR"}', ours.id)

    async with ours.open() as uow:
        organization = await uow.organizations.current()

    assert organization.policy == Policy(currency="EUR")


async def test_asking_about_access_is_no_round_trip(ours: Tenant, batches: Callable[[], list[list[str]]]) -> None:
    """It travels with what is sent first and with every change, and what only looks opens no transaction for it."""
    user = a_user(org_id=ours.id)
    await ours.keep(user)
    acting, part = evolve(ours, actor=an_actor(user)), a_part(org_id=ours.id)
    batches()

    await acting.keep(part)
    written = batches()
    async with acting.open() as uow:
        await uow.parts.get(part.id)
        await uow.commit()
    read = batches()
    async with acting.open() as uow:
        await uow.parts.get(part.id)
        uow.parts.add(a_part(org_id=ours.id))
        await uow.commit()
    both = batches()
    async with acting.open() as uow:
        await uow.parts.get_for_update(part.id)
        uow.parts.add(a_part(org_id=ours.id))
        await uow.commit()
    held = batches()

    assert written == [["enter", "part_insert"]]
    assert read == [["enter", "part_get"]]
    assert both == [["enter", "part_get"], ["enter", "part_insert"]]
    assert held == [["begin", "enter", "part_hold"], ["refuse_inactive", "part_insert", "commit"]]


async def test_access_is_taken_away_from_whoever_waits(ours: Tenant, backend: PostgresBackend) -> None:
    """A user who waits for an object while access goes away does not get to change it."""
    user, part = a_user(org_id=ours.id), a_part(org_id=ours.id)
    await ours.keep(user, part)
    described, _ = part.described(evolve(part.about, minimum_stock=7), at=NOON)

    async def change() -> None:
        async with backend.open_uow(ours.id, an_actor(user)) as uow:
            held = await uow.parts.get_for_update(part.id)
            await ours.change(user, user.deactivated(at=NOON)[0])
            uow.parts.save(described, was=held)
            await uow.commit()

    with pytest.raises(ActorInactive):
        await change()

    async with ours.open() as uow:
        assert await uow.parts.get(part.id) == part


async def test_a_login_that_fails_costs_the_same_whoever_it_is(
    desk: FrontDesk, batches: Callable[[], list[list[str]]]
) -> None:
    """A wrong password, an unknown address and a user without access are the same statements in the same batches."""
    user, gone = await desk.hire(Role.PLANNER), await desk.hire(Role.VIEWER)
    await desk.deactivate_user(desk.system, gone.id)
    slug = desk.tenant.organization.slug
    batches()

    seen = []
    for email, password in [
        (user.email, "wrong"),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
        (gone.email, PASSWORD),
    ]:
        with pytest.raises(BadCredentials):
            await desk.login(slug, email=email, password=password)
        seen.append(batches())

    assert seen[0] == [
        ["organization_enter_by_slug", "organization_entered"],
        ["enter", "user_by_email"],
        ["enter", "password_get"],
        ["enter", "entry_insert"],
    ]
    assert seen == [seen[0]] * 4


async def test_refreshing_is_three_round_trips(desk: FrontDesk, batches: Callable[[], list[list[str]]]) -> None:
    """One that holds token and session, one for the user, one for all that changes."""
    logged_in = await desk.admitted(await desk.hire(Role.PLANNER))
    batches()

    await desk.refresh(logged_in.refresh_token)

    assert batches() == [
        ["begin", "enter", "session_hold_of_token"],
        ["user_get"],
        ["token_spend", "token_insert", "session_update", "commit"],
    ]


async def test_letting_a_program_in_is_one_round_trip(desk: FrontDesk, batches: Callable[[], list[list[str]]]) -> None:
    """Key and maker come together; once a minute the use is written too."""
    user = await desk.hire(Role.PLANNER)
    made = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})
    batches()

    for _ in range(2):
        await desk.authenticate_api_key(made.text)

    reading = ["enter", "api_key_with_creator"]
    assert batches() == [reading, ["enter", "api_key_note_use"], reading]


async def test_no_secret_is_kept_as_it_is(desk: FrontDesk, look: Looking) -> None:
    """Neither password, refresh token nor API key is in any row."""
    user = await desk.hire(Role.PLANNER)
    logged_in = await desk.admitted(user)
    made = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})

    kept = "".join(
        str(row)
        for table in ("users", "sessions", "refresh_tokens", "api_keys", "audit_logs", "outbox")
        for row in look(f"SELECT to_jsonb(one)::text FROM {table} AS one WHERE org_id = %s", desk.tenant.id)
    )

    assert user.email in kept
    assert [secret for secret in (PASSWORD, logged_in.refresh_token, made.text) if secret in kept] == []


async def test_a_user_with_keys_and_sessions_stays_referenced(ours: Tenant, look: Looking) -> None:
    """Nothing that a session or key points to can be removed behind the back of the domain."""
    user = a_user(org_id=ours.id)
    await ours.keep(user, an_api_key(user, expires_at=NOON + timedelta(days=1)))

    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="api_keys_created_by_fkey"):
        look("DELETE FROM users WHERE id = %s", user.id)
