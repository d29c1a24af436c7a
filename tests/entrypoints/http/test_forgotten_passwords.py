"""A forgotten password over HTTP: nobody learns who is a user, and the token of the mail works once."""

import time
from typing import Any

from tests.entrypoints.http.calling import Api, Reply
from tests.entrypoints.http.world import PASSWORD, World

from amss_domain.access.model import Role
from amss_domain.alerts.letters import Letter
from amss_domain.alerts.ports import Reception
from amss_domain.alerts.use_cases.send_reset_mails import SendResetMails
from amss_entrypoints.http.limits import RESETS_BY_ACCOUNT, RESETS_BY_ADDRESS, Limits
from amss_entrypoints.http.routes.auth import FORGOTTEN_TAKES_S

_NEW = "correct horse battery"


class _Postbox:
    """Keeps letters."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter, /) -> Reception:
        """Take the letter."""
        self.letters.append(letter)
        return Reception.TAKEN


async def _forgot(api: Api, **other: Any) -> Reply:
    body = {"org_id": "demo-org", "email": "planner@demo.local", **other}
    return await api.post("/auth/password/forgot", body, by=None)


async def _reset(api: Api, token: str, password: str = _NEW) -> Reply:
    return await api.post("/auth/password/reset", {"token": token, "new_password": password}, by=None)


async def _login(api: Api, password: str) -> Reply:
    body = {"org_id": "demo-org", "email": "planner@demo.local", "password": password}
    return await api.post("/auth/login", body, by=None)


async def _mailed(world: World) -> list[Letter]:
    services, box = world.services, _Postbox()
    send = SendResetMails(services.open_uow(), world.clock, services.secrets(), box)
    await send(world.home.tenant.actor)
    return box.letters


async def test_the_token_of_the_mail_sets_a_password(api: Api, world: World) -> None:
    """Sessions end, the former password does not work any more, and neither does the token."""
    before = (await _login(api, PASSWORD)).json
    forgot = await _forgot(api)
    (letter,) = await _mailed(world)
    token = next(line for line in letter.text.splitlines() if line.startswith("amss_reset_"))

    easy, done, again = await _reset(api, token, "short"), await _reset(api, token), await _reset(api, token)

    assert (forgot.status, forgot.body) == (202, b"")
    assert letter.to == "planner@demo.local"
    assert (easy.status, easy.json["violations"][0]["code"]) == (422, "password_length")
    assert (done.status, done.body) == (204, b"")
    assert (again.status, again.code) == (401, "bad_credentials")
    assert (await api.post("/auth/refresh", {"refresh_token": before["refresh_token"]}, by=None)).status == 401
    assert ((await _login(api, PASSWORD)).status, (await _login(api, _NEW)).status) == (401, 200)


async def test_whoever_asks_the_answer_is_the_same(api: Api, world: World) -> None:
    """Known or not, with access or without: the status, the body and the least time are the same."""
    await api.ask("DELETE", f"/users/{world.home.users[Role.VIEWER].id}")
    others: tuple[dict[str, str], ...] = (
        {},
        {"email": "nobody@demo.local"},
        {"email": "viewer@demo.local"},
        {"org_id": "no-such"},
        {"email": "x"},
    )

    replies, took = [], []
    for other in others:
        begun = time.perf_counter()
        replies.append(await _forgot(api, **other))
        took.append(time.perf_counter() - begun)

    assert {(reply.status, reply.body) for reply in replies} == {(202, b"")}
    # A timer may fire a little early by another clock.
    assert min(took) >= FORGOTTEN_TAKES_S - 0.01
    assert [letter.to for letter in await _mailed(world)] == ["planner@demo.local"]


async def test_no_account_is_flooded_with_mail(api: Api, world: World) -> None:
    """So many mails an hour, however account and organization are spelt; beyond that the answer is the same."""
    spelt = ("demo-org", str(world.home.tenant.id), str(world.home.tenant.id).upper())
    statuses = [
        (await _forgot(api, email=" PLANNER@demo.local", org_id=spelt[number % len(spelt)])).status
        for number in range(RESETS_BY_ACCOUNT.limit + 2)
    ]

    assert statuses == [202] * (RESETS_BY_ACCOUNT.limit + 2)
    assert len(await _mailed(world)) == RESETS_BY_ACCOUNT.limit


async def test_no_address_asks_for_mail_without_end(api: Api) -> None:
    """Whomever for, and whether they are there or not; then it is 429."""
    replies = [await _forgot(api, email=f"nobody-{number}@demo.local") for number in range(RESETS_BY_ADDRESS.limit)]
    refused = await _forgot(api)

    assert [reply.status for reply in replies] == [202] * RESETS_BY_ADDRESS.limit
    assert (refused.status, refused.code) == (429, "rate_limited")


async def test_a_stranger_keeps_nobody_from_asking(world: World) -> None:
    """What is asked for from one address counts for nobody at another."""
    limits = Limits(limiter=world.services.rate_limiter())
    account = "demo/planner@demo.local"
    strangers = [await limits.may_mail("192.0.2.1", account) for _ in range(RESETS_BY_ACCOUNT.limit + 1)]

    assert strangers == [True] * RESETS_BY_ACCOUNT.limit + [False]
    assert await limits.may_mail("192.0.2.2", account)


async def test_other_secrets_set_no_password(api: Api) -> None:
    """A refresh token, an API key's text and what was made up are refused alike."""
    refresh_token = (await _login(api, PASSWORD)).json["refresh_token"]
    key = (await api.post("/api-keys", {"name": "key", "permissions": ["tasks:read"]})).json["key"]

    for token in (refresh_token, key, "amss_reset_", "x"):
        reply = await _reset(api, token)
        assert (reply.status, reply.code) == (401, "bad_credentials")
