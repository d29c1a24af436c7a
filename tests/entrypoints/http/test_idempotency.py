"""Commands with an Idempotency-Key: one effect, and for every repetition the first answer."""

import asyncio
import json
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.entrypoints.http.calling import Api, Reply, calling
from tests.entrypoints.http.cases import CASES
from tests.entrypoints.http.world import a_world

from amss_adapters.security import BcryptPasswords, SigningKey
from amss_domain.access.model import Role
from amss_domain.shared.idempotency import KEPT_FOR
from amss_entrypoints.http.routes import ENDPOINTS

KEYED: Final = sorted(one.name for one in ENDPOINTS if one.keyed)
KEY: Final = {"Idempotency-Key": "the-first-of-march"}
SHOWN_ONCE: Final = {"createApiKey": "key", "createWebhook": "secret", "rotateWebhookSecret": "secret"}
"""Commands whose answer has a secret in it, and under which name."""


def answer(reply: Reply) -> tuple[int, Any, str | None, str | None]:
    """Return what a repetition has in common with the first answer."""
    body = json.loads(reply.body) if reply.body else None
    return reply.status, body, reply.headers.get("ETag"), reply.headers.get("Location")


async def once(api: Api, name: str, **more: Any) -> Reply:
    """Send the request of the case under the key."""
    return await api.run(CASES[name], headers={**KEY, **more.pop("headers", {})}, **more)


@pytest.mark.parametrize("name", KEYED)
async def test_a_repetition_has_no_effect_and_gets_the_first_answer(name: str, api: Api) -> None:
    """Status, body, ETag and Location are those of the first answer; another body under the key is refused."""
    began = len(await api.world.home.entries())
    first = await once(api, name)
    done = len(await api.world.home.entries())
    second = await once(api, name)
    third = await once(api, name)
    other = await _with_another_body(api, name)
    after = len(await api.world.home.entries())

    assert first.status == CASES[name].endpoint.status, str(first)
    assert "Idempotent-Replayed" not in first.headers
    if name in SHOWN_ONCE:
        assert first.json[SHOWN_ONCE[name]]
        assert {**first.json, SHOWN_ONCE[name]: None} == second.json
        assert (first.headers.get("Location"), first.headers.get("ETag")) == (
            second.headers.get("Location"),
            second.headers.get("ETag"),
        )
    else:
        assert answer(first) == answer(second)
    assert answer(second) == answer(third)
    assert [reply.headers["Idempotent-Replayed"] for reply in (second, third)] == ["true"] * 2
    if other is not None:
        assert (other.status, other.code) == (422, "key_reused")
    assert done == after
    assert done > began or name in ("createOrganization", "rescheduleTask")


async def _with_another_body(api: Api, name: str) -> Reply | None:
    case = CASES[name].filled(api.ids)
    if case.endpoint.body is None:
        return None
    raw = json.dumps(case.body).encode() + b" "
    return await api.ask(case.endpoint.method, case.target(), by=case.by, query=case.query, data=raw, headers=KEY)


@pytest.mark.parametrize("name", KEYED)
async def test_of_two_at_once_one_has_the_effect(
    name: str, api: Api, signing_key: SigningKey, passwords: BcryptPasswords
) -> None:
    """The other gets the same answer, or is told to ask again in a second."""
    one_alone = await a_world(key=signing_key, passwords=passwords, whole=False)
    async with calling(one_alone) as other:
        await once(other, name)
    alone = len(await one_alone.home.entries())

    replies = await asyncio.gather(*(once(api, name) for _ in range(4)))
    again = await once(api, name)

    effective = [reply for reply in replies if reply.status == CASES[name].endpoint.status]
    waiting = [reply for reply in replies if reply.status == 409]
    assert len(effective) + len(waiting) == 4, [str(reply) for reply in replies]
    assert {("key_in_use", "1")} >= {(reply.code, reply.headers.get("Retry-After")) for reply in waiting}
    assert sum("Idempotent-Replayed" not in reply.headers for reply in effective) == 1
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(await api.world.home.entries()) == alone


@pytest.mark.parametrize("name", [one.name for one in ENDPOINTS if one.tag == "auth" and one.method == "POST"])
async def test_getting_in_and_out_takes_no_key(name: str, api: Api) -> None:
    """Tokens are kept nowhere: the key is not looked at."""
    first = await once(api, name)
    second = await once(api, name)

    assert first.status == CASES[name].endpoint.status
    assert "Idempotent-Replayed" not in second.headers


async def test_a_secret_that_is_shown_once_is_not_kept(api: Api) -> None:
    """The repetition of making an API key has null for its text, and all else as it was."""
    first = await once(api, "createApiKey")
    second = await once(api, "createApiKey")

    assert first.json["key"].startswith("amss_")
    assert {**first.json, "key": None} == second.json
    assert first.headers["Location"] == second.headers["Location"]


async def test_failures_are_not_kept(api: Api) -> None:
    """What was refused may be tried again under its key, once what stood against it is gone."""
    body = {"part_number": "Demo-LOOSE"}
    refused = await api.post("/parts", body, headers=KEY)
    await api.ask("DELETE", f"/parts/{api.ids['loose']}")

    made = await api.post("/parts", body, headers=KEY)

    assert (refused.status, made.status) == (409, 201)
    assert "Idempotent-Replayed" not in made.headers


@pytest.mark.parametrize(
    ("body", "status"), [({"part_number": 17}, 422), ({"part_number": "x", "no": 1}, 422), ("no object", 422)]
)
async def test_what_cannot_be_read_uses_up_no_key(body: Any, status: int, api: Api) -> None:
    """A form is checked before the key is."""
    wrong = await api.post("/parts", body, headers=KEY)
    right = await api.post("/parts", {"part_number": "x"}, headers=KEY)

    assert (status, 201) == (wrong.status, right.status)


async def test_keys_belong_to_whoever_sends_them(api: Api) -> None:
    """The same key of another user, for another path or by another method is another key."""
    mine = await api.post("/parts", {"part_number": "mine"}, headers=KEY)
    theirs = await api.post("/parts", {"part_number": "theirs"}, headers=KEY, by=Role.PLANNER)
    elsewhere = await api.post("/aircraft", {"registration": "N1"}, headers=KEY)
    stranger = api.world.token(Role.ADMIN, api.world.away)
    foreign = await api.post("/parts", {"part_number": "mine"}, headers=KEY, token=stranger)

    assert [reply.status for reply in (mine, theirs, elsewhere, foreign)] == [201] * 4
    assert all("Idempotent-Replayed" not in reply.headers for reply in (theirs, elsewhere, foreign))


async def test_an_api_key_has_keys_of_its_own(api: Api) -> None:
    """Not those of its maker."""
    made = await api.post("/api-keys", {"name": "stores", "permissions": ["parts:write"]})
    mine = await api.post("/parts", {"part_number": "one"}, headers=KEY)
    program = await api.post("/parts", {"part_number": "two"}, headers=KEY, token=made.json["key"])
    again = await api.post("/parts", {"part_number": "two"}, headers=KEY, token=made.json["key"])

    assert (mine.status, program.status) == (201, 201)
    assert answer(program) == answer(again)


async def test_a_query_is_part_of_the_command(api: Api) -> None:
    """The same key with another reason is another command."""
    task = f"/tasks/{api.ids['loner']}"
    first = await api.ask("DELETE", task, query={"reason": "planned twice"}, headers=KEY)
    other = await api.ask("DELETE", task, query={"reason": "not needed"}, headers=KEY)

    assert (first.status, other.status) == (200, 422)
    assert other.code == "key_reused"


async def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    """Then it stands for a new command."""
    first = await api.post("/parts", {"part_number": "one"}, headers=KEY)
    api.world.clock.advance(KEPT_FOR - timedelta(seconds=1))
    kept = await api.post("/parts", {"part_number": "one"}, headers=KEY)
    api.world.clock.advance(timedelta(seconds=1))
    new = await api.post("/parts", {"part_number": "two"}, headers=KEY)

    assert answer(first) == answer(kept)
    assert (new.status, new.json["part_number"]) == (201, "two")


async def test_a_repetition_is_answered_whatever_became_of_the_object(api: Api) -> None:
    """Also with an If-Match that is stale by now: the first answer is the answer."""
    part = f"/parts/{api.ids['part']}"
    headers = {**KEY, "If-Match": '"1"'}
    first = await api.ask("PATCH", part, {"reorder_point": 6}, headers=headers)
    await api.ask("PATCH", part, {"reorder_point": 7})
    again = await api.ask("PATCH", part, {"reorder_point": 6}, headers=headers)

    assert answer(first) == answer(again)
    assert (await api.get(part)).json["reorder_point"] == 7


async def test_a_repetition_is_refused_to_whoever_may_not_do_it_any_more(api: Api) -> None:
    """A kept answer is no way around the permission."""
    body = {"part_number": "one"}
    first = await api.post("/parts", body, headers=KEY, by=Role.PLANNER)
    await api.ask("PATCH", f"/users/{api.ids['planner']}", {"active": False})
    again = await api.post("/parts", body, headers=KEY, by=Role.PLANNER)

    assert (first.status, again.status) == (201, 401)


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "é"])
async def test_what_is_no_key_is_refused(key: str, api: Api) -> None:
    """A key has 1 to 255 visible characters of ASCII."""
    reply = await api.post("/parts", {"part_number": "x"}, headers={"Idempotency-Key": key})

    assert (reply.status, reply.code) == (400, "malformed_request")


async def test_a_key_may_be_quoted(api: Api) -> None:
    """As a string of structured fields (RFC 8941) it is the same key."""
    bare = await api.post("/parts", {"part_number": "x"}, headers={"Idempotency-Key": "k-1"})
    quoted = await api.post("/parts", {"part_number": "x"}, headers={"Idempotency-Key": '"k-1"'})

    assert answer(bare) == answer(quoted)
    assert quoted.headers["Idempotent-Replayed"] == "true"


async def test_an_organization_is_made_once(api: Api) -> None:
    """Though it is kept in none that was there before; another system admin may use the same key."""
    body = {"name": "Acme Aviation"}
    first = await api.post("/organizations", body, headers=KEY, by=Role.SYSTEM_ADMIN)
    again = await api.post("/organizations", body, headers=KEY, by=Role.SYSTEM_ADMIN)
    listed = await api.walk("/organizations", by=Role.SYSTEM_ADMIN)

    assert answer(first) == answer(again)
    assert sorted(one["slug"] for one in listed) == ["acme-aviation", "demo-org", "xanadu-org"]
