"""Logging in, keeping a session going, and ending it."""

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve

from amss_domain.access.credentials import Claims
from amss_domain.access.errors import BadCredentials
from amss_domain.access.model import Role
from amss_domain.access.session import SENT_TWICE_WITHIN, Use, use_of
from amss_domain.access.use_cases.login import Login
from amss_domain.access.use_cases.sessions import LoggedIn, Origin
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import NotPermitted
from amss_domain.shared.ids import OrgId
from amss_domain.testing.builders import a_refresh_token, a_session, a_user, an_actor
from amss_domain.testing.credentials import ACCESS_FOR, CheapHasher
from amss_domain.testing.front_desk import PASSWORD, REFRESH_FOR, FrontDesk
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock

LATER = SENT_TWICE_WITHIN + timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("spent", "revoked", "after", "use"),
    [
        pytest.param(None, False, timedelta(0), Use.GRANTED, id="fresh"),
        pytest.param(None, False, timedelta(days=7) - timedelta.resolution, Use.GRANTED, id="at the last moment"),
        pytest.param(None, False, timedelta(days=7), Use.REFUSED, id="expired"),
        pytest.param(None, True, timedelta(0), Use.REFUSED, id="revoked"),
        pytest.param(timedelta(0), False, SENT_TWICE_WITHIN, Use.REFUSED, id="sent twice"),
        pytest.param(timedelta(0), False, SENT_TWICE_WITHIN + timedelta.resolution, Use.STOLEN, id="sent again"),
        pytest.param(timedelta(0), True, timedelta(hours=1), Use.REFUSED, id="sent again after the end"),
    ],
)
def test_a_refresh_token_is_judged_by_its_use(
    spent: timedelta | None, revoked: bool, after: timedelta, use: Use
) -> None:
    """A token works once before its session ends; spent, it ends the session unless it comes at once."""
    session = a_session(a_user(org_id=OrgId(FRESH_IDS.new())))
    token = a_refresh_token(session)
    if spent is not None:
        token = token.spent(a_refresh_token(session).id, at=NOON + spent)
    if revoked:
        session = session.revoked(at=NOON)

    assert use == use_of(token, session, at=NOON + after)


async def test_a_user_logs_in_with_slug_or_id(desk: FrontDesk) -> None:
    """Slug and id, and the address in any case, lead to an access token of what the user is, and a refresh token."""
    user = await desk.hire(Role.PLANNER, email="Jo@Example.org")

    by_slug = await desk.login(desk.tenant.organization.slug, email=" jo@example.org ", password=PASSWORD)
    by_id = await desk.login(str(desk.tenant.id).upper(), email="JO@EXAMPLE.ORG", password=PASSWORD)

    for one in (by_slug, by_id):
        assert one.user == user
        assert one.expires_in_s == ACCESS_FOR.total_seconds()
        assert desk.tokens.verify(one.access_token.text, at=desk.clock.now()) == Claims(
            user_id=user.id,
            org_id=desk.tenant.id,
            role=Role.PLANNER,
            name=user.name,
            email=user.email,
            session_id=one.session_id,
        )
    assert by_slug.session_id != by_id.session_id


async def test_a_login_gets_into_the_audit_trail(desk: FrontDesk) -> None:
    """The entry says who logged in from where, and tells nobody else."""
    user = await desk.hire(Role.PLANNER)
    told = await desk.tenant.messages()

    await desk.login(
        desk.tenant.organization.slug,
        email=user.email,
        password=PASSWORD,
        origin=Origin(request_id="r-1", address="192.0.2.1"),
    )

    entry = (await desk.tenant.entries())[0]
    assert (entry.resource_type, entry.action, entry.resource_id) == ("user", "logged_in", user.id)
    assert (entry.actor_id, entry.actor_name) == (str(user.id), user.name)
    assert (entry.request_id, entry.address) == ("r-1", "192.0.2.1")
    assert await desk.tenant.messages() == told


async def test_whatever_is_wrong_gets_one_answer_for_the_same_work(desk: FrontDesk) -> None:
    """Unknown organization, address or password, no password, no access: one error, one password check each."""
    slug = desk.tenant.organization.slug
    user = await desk.hire(Role.PLANNER)
    silent = await desk.hire(Role.VIEWER, password=None)
    gone = await desk.hire(Role.TECHNICIAN)
    await desk.deactivate_user(desk.system, gone.id)

    errors = []
    for org, email, password in [
        (slug, user.email, "another password"),
        (slug, user.email, ""),
        (slug, "nobody@example.org", PASSWORD),
        (slug, "no address\x00", PASSWORD),
        (slug, silent.email, ""),
        (slug, gone.email, PASSWORD),
        ("unknown-org", user.email, PASSWORD),
        (str(FRESH_IDS.new()), user.email, PASSWORD),
        ("No Slug\x00", user.email, PASSWORD),
    ]:
        before = desk.hasher.verified
        with pytest.raises(BadCredentials) as raised:
            await desk.login(org, email=email, password=password)
        errors.append(str(raised.value))
        assert desk.hasher.verified == before + 1

    assert len(set(errors)) == 1


async def test_failed_logins_get_into_the_audit_trail(desk: FrontDesk) -> None:
    """Of known users under their name, of unknown ones under the organization's, with no address that is none."""
    user = await desk.hire(Role.PLANNER)
    slug = desk.tenant.organization.slug

    for email, wanted in [
        (user.email.upper(), True),
        (user.email, False),
        ("nobody@example.org", True),
        ("my password", True),
    ]:
        with pytest.raises(BadCredentials):
            await desk.login(
                slug, email=email, password="wrong", origin=Origin(address="192.0.2.1"), record_failure=wanted
            )

    entries = (await desk.tenant.entries())[:3][::-1]
    assert [(entry.resource_type, entry.action, entry.resource_id) for entry in entries] == [
        ("user", "login_failed", user.id),
        ("organization", "login_failed", desk.tenant.id),
        ("organization", "login_failed", desk.tenant.id),
    ]
    assert [entry.data["email"] for entry in entries] == [user.email, "nobody@example.org", None]
    assert {(entry.actor_name, entry.address) for entry in entries} == {("login", "192.0.2.1")}
    assert (await desk.actions()).count("user.login_failed") == 1


async def test_an_outdated_hash_is_renewed_at_login(desk: FrontDesk) -> None:
    """The next login finds a hash as they are made now, and the password is the same."""
    user = await desk.hire(Role.PLANNER)
    newer = CheapHasher(generation=2)
    backend = desk.tenant.backend
    login = Login(
        backend.open_uow, backend.directory, desk.clock, FRESH_IDS, newer, desk.secrets, desk.tokens, REFRESH_FOR
    )

    for _ in range(2):
        await login(desk.tenant.organization.slug, email=user.email, password=PASSWORD)
        async with desk.tenant.open() as uow:
            hashed = await uow.passwords.hash_of(user.id)

        assert hashed is not None
        assert not newer.is_outdated(hashed)


async def test_a_login_overtaken_by_a_new_password_fails(desk: FrontDesk) -> None:
    """Whoever proved the old password while a new one was set gets no session that outlives it."""
    user, admin = await desk.hire(Role.PLANNER), await desk.hire(Role.ADMIN)

    class Slow(CheapHasher):
        async def verify(self, password: str, hashed: str | None, /) -> bool:
            is_right = await super().verify(password, hashed)
            await desk.reset_password(an_actor(admin), user.id, password="a whole new password")
            return is_right

    backend = desk.tenant.backend
    login = Login(backend.open_uow, backend.directory, desk.clock, FRESH_IDS, Slow(), desk.secrets, desk.tokens)

    with pytest.raises(BadCredentials):
        await login(desk.tenant.organization.slug, email=user.email, password=PASSWORD)

    assert "user.logged_in" not in await desk.actions()


async def test_a_login_overtaken_by_deactivation_fails(desk: FrontDesk) -> None:
    """Whoever loses access while the password is checked is not let in."""
    user = await desk.hire(Role.PLANNER)

    class Slow(CheapHasher):
        async def verify(self, password: str, hashed: str | None, /) -> bool:
            await desk.deactivate_user(desk.system, user.id)
            return await super().verify(password, hashed)

    backend = desk.tenant.backend
    login = Login(backend.open_uow, backend.directory, desk.clock, FRESH_IDS, Slow(), desk.secrets, desk.tokens)

    with pytest.raises(BadCredentials):
        await login(desk.tenant.organization.slug, email=user.email, password=PASSWORD)


async def test_a_session_goes_on_with_each_token(desk: FrontDesk, clock: ManualClock) -> None:
    """Each refresh token leads to the next one of the same session, for as long as they are used in time."""
    logged_in = await desk.admitted(await desk.hire(Role.PLANNER))

    one = logged_in
    for _ in range(5):
        clock.advance(REFRESH_FOR - timedelta(seconds=1))
        one = await desk.refresh(one.refresh_token)
        assert one.session_id == logged_in.session_id

    clock.advance(REFRESH_FOR)
    with pytest.raises(BadCredentials):
        await desk.refresh(one.refresh_token)


async def test_a_refresh_sees_what_the_user_is_by_now(desk: FrontDesk) -> None:
    """Another role is in the next access token; without access there is none."""
    user = await desk.hire(Role.PLANNER)
    one = await desk.admitted(user)
    await desk.change_user(desk.system, user.id, role=Role.VIEWER, name="Jo Roe")

    two = await desk.refresh(one.refresh_token)

    claims = desk.tokens.verify(two.access_token.text, at=desk.clock.now())
    assert (claims.role, claims.name) == (Role.VIEWER, "Jo Roe")
    await desk.deactivate_user(desk.system, user.id)
    await desk.change_user(desk.system, user.id, active=True)
    with pytest.raises(BadCredentials):
        await desk.refresh(two.refresh_token)


async def test_a_spent_token_that_comes_again_ends_the_session(desk: FrontDesk, clock: ManualClock) -> None:
    """Thief and owner cannot both go on: the token that came again ends the session, and the trail says so."""
    user = await desk.hire(Role.PLANNER)
    other = await desk.admitted(user)
    first = await desk.admitted(user)
    second = await desk.refresh(first.refresh_token)
    clock.advance(LATER)

    with pytest.raises(BadCredentials):
        await desk.refresh(first.refresh_token, origin=Origin(address="192.0.2.9"))

    with pytest.raises(BadCredentials):
        await desk.refresh(second.refresh_token)
    entry = (await desk.tenant.entries())[0]
    assert (entry.resource_id, entry.action, entry.address) == (user.id, "token_reused", "192.0.2.9")
    assert entry.data["session_id"] == str(first.session_id)
    assert isinstance(await desk.refresh(other.refresh_token), LoggedIn)


async def test_a_token_sent_twice_is_refused_and_nothing_ends(desk: FrontDesk, clock: ManualClock) -> None:
    """A client that asks twice at once gets one answer; the session goes on with that."""
    first = await desk.admitted(await desk.hire(Role.PLANNER))
    second = await desk.refresh(first.refresh_token)
    clock.advance(SENT_TWICE_WITHIN)

    with pytest.raises(BadCredentials):
        await desk.refresh(first.refresh_token)

    assert isinstance(await desk.refresh(second.refresh_token), LoggedIn)


async def test_a_token_that_was_never_issued_ends_nothing(desk: FrontDesk, clock: ManualClock) -> None:
    """Who knows ids but not the secret is refused, and cannot end a session."""
    user = await desk.hire(Role.PLANNER)
    first = await desk.admitted(user)
    second = await desk.refresh(first.refresh_token)
    clock.advance(LATER)
    key = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})

    for text in (f"{first.refresh_token[:-1]}x", f"{first.refresh_token}0", "", "token", key.text, "é\x00"):
        with pytest.raises(BadCredentials):
            await desk.refresh(text)
        await desk.logout(text)

    assert isinstance(await desk.refresh(second.refresh_token), LoggedIn)


async def test_of_many_refreshes_at_once_one_goes_on(desk: FrontDesk) -> None:
    """64 times the same token at once: one successor, which works."""
    first = await desk.admitted(await desk.hire(Role.PLANNER))

    outcomes = await asyncio.gather(*(desk.refresh(first.refresh_token) for _ in range(64)), return_exceptions=True)

    (winner,) = [one for one in outcomes if isinstance(one, LoggedIn)]
    assert sum(isinstance(one, BadCredentials) for one in outcomes) == 63
    assert isinstance(await desk.refresh(winner.refresh_token), LoggedIn)


async def test_logging_out_ends_one_session(desk: FrontDesk) -> None:
    """Any token of the session ends it, once; others go on."""
    user = await desk.hire(Role.PLANNER)
    other = await desk.admitted(user)
    first = await desk.admitted(user)
    second = await desk.refresh(first.refresh_token)

    await desk.logout(first.refresh_token)
    await desk.logout(second.refresh_token)

    with pytest.raises(BadCredentials):
        await desk.refresh(second.refresh_token)
    assert (await desk.actions()).count("user.logged_out") == 1
    assert isinstance(await desk.refresh(other.refresh_token), LoggedIn)


async def test_logging_out_everywhere_ends_all_sessions_of_the_user(desk: FrontDesk) -> None:
    """All of the user's sessions are over, and nobody else's; no program can do so."""
    user, colleague = await desk.hire(Role.PLANNER), await desk.hire(Role.VIEWER)
    mine, theirs = [await desk.admitted(user) for _ in range(2)], await desk.admitted(colleague)

    await desk.logout_all(an_actor(user))

    for one in mine:
        with pytest.raises(BadCredentials):
            await desk.refresh(one.refresh_token)
    assert isinstance(await desk.refresh(theirs.refresh_token), LoggedIn)
    with pytest.raises(NotPermitted, match="only a user"):
        await desk.logout_all(system_actor(desk.tenant.id, "worker"))


async def test_secrets_are_not_shown(desk: FrontDesk) -> None:
    """Neither what a login returns nor the audit trail shows a secret or its digest."""
    user = await desk.hire(Role.PLANNER)
    one = await desk.admitted(user)
    made = await desk.create_api_key(an_actor(user), name="key", permissions={"tasks:read"})
    async with desk.tenant.open() as uow:
        hashed = await uow.passwords.hash_of(user.id)
    presented = [desk.secrets.read(text) for text in (one.refresh_token, made.text)]

    shown = repr((one, made, presented, await desk.tenant.entries(), await desk.tenant.messages()))

    hidden = [PASSWORD, str(hashed), one.refresh_token, one.access_token.text, made.text]
    digests = [part for digest in presented if digest for part in (repr(digest.digest), digest.digest.hex())]
    assert [secret for secret in (*hidden, *digests) if secret in shown] == []


async def test_claims_make_the_actor(desk: FrontDesk) -> None:
    """Whoever holds an access token acts as the user, from where the request came."""
    user = await desk.hire(Role.PLANNER)
    one = await desk.admitted(user)

    claims = desk.tokens.verify(one.access_token.text, at=desk.clock.now())

    assert claims.actor(request_id="r", address="a") == evolve(an_actor(user), request_id="r", address="a")
