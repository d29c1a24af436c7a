"""Logging in, staying in and getting out."""

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from tests.entrypoints.http.calling import Api, Reply
from tests.entrypoints.http.world import PASSWORD

from amss_domain.access.model import Role
from amss_entrypoints.http.limits import LOGINS_BY_ACCOUNT, LOGINS_BY_ADDRESS, REFRESHES_BY_ADDRESS

ADMIN: Final = {"org_id": "demo-org", "email": "admin@demo.local", "password": PASSWORD}
NEW_PASSWORD: Final = "correct horse battery"


async def login(api: Api, **other: Any) -> Reply:
    """Log in as the admin, but for what is given."""
    return await api.post("/auth/login", {**ADMIN, **other}, by=None)


async def refresh(api: Api, text: str) -> Reply:
    """Exchange a refresh token."""
    return await api.post("/auth/refresh", {"refresh_token": text}, by=None)


async def me(api: Api, token: str) -> Reply:
    """Ask who the holder of the token is."""
    return await api.get("/auth/me", token=token)


async def test_one_logs_in_with_slug_or_id(api: Api) -> None:
    """And gets tokens for the user, who may do what the role may."""
    by_slug = await login(api)
    by_id = await login(api, org_id=api.ids["org"].upper())
    known = await me(api, by_slug.json["access_token"])

    assert (by_slug.status, by_id.status) == (200, 200)
    assert by_slug.json["token_type"] == "Bearer"
    assert by_slug.json["expires_in"] == 900
    assert by_slug.json["user"]["id"] == by_id.json["user"]["id"] == known.json["id"]
    assert (known.json["org_slug"], known.json["role"]) == ("demo-org", "admin")


async def test_an_address_is_the_same_in_any_case(api: Api) -> None:
    """With blanks around it too; a password is not."""
    address = await login(api, email="  Admin@DEMO.local ")
    password = await login(api, password=PASSWORD.lower())

    assert (address.status, password.status) == (200, 401)


async def test_whatever_is_wrong_the_answer_is_the_same(api: Api) -> None:
    """Nobody learns which organizations and users there are."""
    await api.ask("DELETE", f"/users/{api.ids['viewer']}")
    wrong = (
        {"password": "wrong"},
        {"email": "nobody@demo.local"},
        {"email": "no address"},
        {"org_id": "nobodys-org"},
        {"org_id": "No Slug!"},
        {"org_id": str(uuid4())},
        {"org_id": api.world.away.ids["org"]},
        {"org_id": "xanadu-org"},
        {"email": "viewer@demo.local"},
        {"email": "admin@xanadu.example"},
        {"password": f"{PASSWORD} "},
        {"password": "\U0001f511" * 300},
    )

    replies = [
        await api.post("/auth/login", {**ADMIN, **one}, by=None, headers={"X-Request-ID": "same"}) for one in wrong
    ]

    assert {(reply.status, reply.code) for reply in replies} == {(401, "bad_credentials")}
    assert len({reply.body for reply in replies}) == 1
    assert {reply.headers["WWW-Authenticate"].partition(" ")[0] for reply in replies} == {"Bearer"}


async def test_failures_are_in_the_audit_trail(api: Api) -> None:
    """With where they came from, and never with the password."""
    await api.post("/auth/login", {**ADMIN, "password": "hunter2"}, by=None, headers={"X-Request-ID": "r-17"})

    (entry,) = (await api.get("/audit-logs", query={"request_id": "r-17"})).json["items"]
    assert (entry["action"], entry["resource_id"], entry["address"]) == (
        "login_failed",
        api.ids["admin"],
        "127.0.0.1",
    )
    assert "hunter2" not in str(entry)


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
async def test_attempts_at_an_account_are_counted(password: str, api: Api) -> None:
    """After ten in a minute there is 429, for the right password too, until a unit of the quota is there again."""
    spent = [await login(api, password=password) for _ in range(LOGINS_BY_ACCOUNT.limit)]
    throttled = await login(api)
    other = await login(api, email="planner@demo.local")
    api.world.clock.advance(timedelta(seconds=int(throttled.headers["Retry-After"])))
    later = await login(api)

    assert {reply.status for reply in spent} == {200 if password == PASSWORD else 401}
    assert (throttled.status, throttled.code) == (429, "rate_limited")
    assert '"login-account";q=10;w=60' in throttled.headers["RateLimit-Policy"]
    assert '"login-account";r=0;t=6' in throttled.headers["RateLimit"]
    assert (other.status, later.status) == (200, 200)


async def test_an_account_is_one_however_it_is_spelt(api: Api) -> None:
    """Cases and blanks give nobody further attempts."""
    spellings = (
        "admin@demo.local",
        "ADMIN@demo.local",
        " admin@demo.local",
        "admin@demo.local\t",
        "Admin@Demo.Local  ",
    )
    replies = [await login(api, email=one, password="wrong") for one in spellings * 2]

    throttled = await login(api, email="  aDMIN@demo.local")

    assert {reply.status for reply in replies} == {401}
    assert throttled.status == 429


async def test_attempts_from_an_address_are_counted(api: Api) -> None:
    """Whatever accounts they are at."""
    for number in range(LOGINS_BY_ADDRESS.limit):
        await login(api, email=f"{number}@demo.local")

    throttled = await login(api)

    assert throttled.status == 429
    assert '"login-address"' in throttled.json["detail"] or "login-address" in throttled.json["detail"]


async def test_a_refresh_token_is_good_for_one_use(api: Api) -> None:
    """It leads to the next one; used again later it ends the session, the next one too."""
    first = (await login(api)).json["refresh_token"]
    second = await refresh(api, first)
    at_once = await refresh(api, first)
    third = await refresh(api, second.json["refresh_token"])
    api.world.clock.advance(timedelta(minutes=1))
    stolen = await refresh(api, first)
    ended = await refresh(api, third.json["refresh_token"])

    assert [reply.status for reply in (second, at_once, third, stolen, ended)] == [200, 401, 200, 401, 401]
    assert len({first, second.json["refresh_token"], third.json["refresh_token"]}) == 3
    assert (await me(api, second.json["access_token"])).status == 200


@pytest.mark.parametrize("text", ["x", "amss_refresh_x", "é", "a" * 1000, "<key_text>", "\x00"])
async def test_what_is_no_refresh_token_is_told_no_more(text: str, api: Api) -> None:
    """Neither is an API key one, nor does logging out with one tell anything."""
    text = api.ids["key_text"] if text == "<key_text>" else text

    refused = await refresh(api, text)
    out = await api.post("/auth/logout", {"refresh_token": text}, by=None)

    assert (refused.status, out.status) == ((422, 422) if text == "\x00" else (401, 204))


async def test_refreshes_from_an_address_are_counted(api: Api) -> None:
    """So that nobody tries out tokens by the thousand; logging out is counted with them."""
    for _ in range(REFRESHES_BY_ADDRESS.limit):
        await refresh(api, "x")

    replies = [await refresh(api, "x"), await api.post("/auth/logout", {"refresh_token": "x"}, by=None)]

    assert [reply.status for reply in replies] == [429, 429]
    assert all(int(reply.headers["Retry-After"]) >= 1 for reply in replies)


async def test_a_session_ends_with_logging_out(api: Api) -> None:
    """Again and again, without a difference; other sessions go on."""
    here, there = await login(api), await login(api)
    out = [await api.post("/auth/logout", {"refresh_token": here.json["refresh_token"]}, by=None) for _ in range(2)]

    assert [reply.status for reply in out] == [204, 204]
    assert (await refresh(api, here.json["refresh_token"])).status == 401
    assert (await refresh(api, there.json["refresh_token"])).status == 200


async def test_all_sessions_end_with_logging_out_everywhere(api: Api) -> None:
    """Those of the user, and nobody else's."""
    sessions = [await login(api), await login(api)]
    others = await login(api, email="planner@demo.local")

    out = await api.post("/auth/logout-all", token=sessions[0].json["access_token"])

    assert out.status == 204
    assert [(await refresh(api, one.json["refresh_token"])).status for one in sessions] == [401, 401]
    assert (await refresh(api, others.json["refresh_token"])).status == 200


async def test_a_changed_password_ends_the_other_sessions(api: Api) -> None:
    """The one that it is changed in goes on, and the old password opens nothing any more."""
    here, there = await login(api), await login(api)

    changed = await api.post(
        "/auth/password",
        {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
        token=here.json["access_token"],
    )

    assert changed.status == 204
    assert (await refresh(api, here.json["refresh_token"])).status == 200
    assert (await refresh(api, there.json["refresh_token"])).status == 401
    assert ((await login(api)).status, (await login(api, password=NEW_PASSWORD)).status) == (401, 200)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"current_password": "wrong", "new_password": NEW_PASSWORD}, 403, "wrong_password"),
        ({"current_password": PASSWORD, "new_password": "short"}, 422, "password_length"),
        ({"current_password": PASSWORD, "new_password": "planner@demo.local"}, 422, "password_is_email"),
        ({"current_password": PASSWORD, "new_password": "administrator"}, 422, "common_password"),
    ],
)
async def test_a_password_is_not_changed_for_nothing(body: Any, status: int, code: str, api: Api) -> None:
    """Whoever does not know the present one is refused, and so is one that is easy to guess."""
    reply = await api.post("/auth/password", body, by=Role.PLANNER)

    assert (reply.status, reply.json["violations"][0]["code"]) == (status, code)


async def test_guesses_at_the_present_password_are_counted(api: Api) -> None:
    """A stolen access token is no way to the password."""
    guess = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    guesses = [await api.post("/auth/password", guess) for _ in range(LOGINS_BY_ACCOUNT.limit)]

    throttled = await api.post("/auth/password", {**guess, "current_password": PASSWORD})

    assert {reply.status for reply in guesses} == {403}
    assert throttled.status == 429


async def test_a_reset_password_ends_all_sessions(api: Api) -> None:
    """The admin's new password lets the user in."""
    planner = {"email": "planner@demo.local"}
    session = await login(api, **planner)

    reset = await api.post(f"/users/{api.ids['planner']}/reset-password", {"password": NEW_PASSWORD})

    assert reset.status == 204
    assert (await refresh(api, session.json["refresh_token"])).status == 401
    assert (await login(api, **planner, password=NEW_PASSWORD)).status == 200


async def test_a_deactivated_user_is_out_at_once(api: Api) -> None:
    """With an access token that has not expired too, for reading, changing, refreshing and logging in."""
    session = await login(api, email="planner@demo.local")
    token = session.json["access_token"]
    before = await api.get("/aircraft", token=token)

    await api.ask("DELETE", f"/users/{api.ids['planner']}")

    after = [
        await api.get("/aircraft", token=token),
        await api.get("/auth/me", token=token),
        await api.post("/parts", {"part_number": "x"}, token=token),
        await api.get("/audit-logs/export", token=token),
        await api.post("/auth/logout-all", token=token),
        await api.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}, token=token),
    ]
    assert before.status == 200
    # What the role may not do is refused for that before anybody asks who it is.
    assert [(reply.status, reply.code) for reply in after] == [
        (401, "actor_inactive"),
        (401, "actor_inactive"),
        (401, "actor_inactive"),
        (403, "not_permitted"),
        (401, "actor_inactive"),
        (401, "actor_inactive"),
    ]
    assert (await refresh(api, session.json["refresh_token"])).status == 401
    assert (await login(api, email="planner@demo.local")).status == 401


async def test_a_deactivated_user_learns_nothing_even_where_nothing_is_kept(api: Api) -> None:
    """The roles are the same for everybody and are told to everybody with a token; that is all."""
    await api.ask("DELETE", f"/users/{api.ids['planner']}")

    open_ones = [
        await api.get(path, by=Role.PLANNER)
        for path in ("/organizations", f"/organizations/{api.ids['org']}", "/reports/summary", "/tasks", "/compliance")
    ]

    assert {reply.status for reply in open_ones} == {401}


async def test_a_session_of_a_user_given_access_again_stays_over(api: Api) -> None:
    """Access comes back with a new login alone."""
    session = await login(api, email="planner@demo.local")
    for active in (False, True):
        await api.ask("PATCH", f"/users/{api.ids['planner']}", {"active": active})

    assert (await refresh(api, session.json["refresh_token"])).status == 401
    assert (await login(api, email="planner@demo.local")).status == 200


async def test_a_changed_role_holds_from_the_next_token(api: Api) -> None:
    """Refreshing reads the user again."""
    session = await login(api, email="planner@demo.local")
    await api.ask("PATCH", f"/users/{api.ids['planner']}", {"role": "viewer"})

    renewed = await refresh(api, session.json["refresh_token"])

    assert renewed.json["user"]["role"] == "viewer"
    made = await api.post("/parts", {"part_number": "x"}, token=renewed.json["access_token"])
    assert made.status == 403


async def test_an_access_token_expires(api: Api) -> None:
    """After a quarter of an hour; the session goes on with the refresh token."""
    session = await login(api)
    api.world.clock.advance(timedelta(minutes=15))

    expired = await me(api, session.json["access_token"])
    renewed = await refresh(api, session.json["refresh_token"])

    assert (expired.status, expired.code) == (401, "invalid_token")
    assert (await me(api, renewed.json["access_token"])).status == 200


async def test_a_session_ends_when_nobody_uses_it(api: Api) -> None:
    """A refresh token is good for a week."""
    session = await login(api)
    api.world.clock.advance(timedelta(hours=168))

    assert (await refresh(api, session.json["refresh_token"])).status == 401


async def test_tokens_are_in_no_audit_entry(api: Api) -> None:
    """What proves who one is stands nowhere but with its owner."""
    session = await login(api)
    await refresh(api, session.json["refresh_token"])
    made = await api.post("/api-keys", {"name": "k", "permissions": ["parts:read"]})

    trail = await api.get("/audit-logs/export")

    for secret in (session.json["access_token"], session.json["refresh_token"], made.json["key"], "bcrypt"):
        assert secret.encode() not in trail.body
