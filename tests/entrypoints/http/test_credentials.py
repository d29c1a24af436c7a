"""Access tokens and API keys: what is believed, and what is not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import jwt
import pytest
from tests.entrypoints.http.calling import Api, Reply, calling
from tests.entrypoints.http.world import START, World

from amss_adapters.security import JwtAccessTokens, SigningKey
from amss_domain.access.model import Role


def _encoded(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    head, payload, signature = token.split(".")
    return _decoded(head), _decoded(payload), signature


def _decoded(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def _signed(key: SigningKey, payload: Mapping[str, Any], **header: Any) -> str:
    full = {"kid": key.verifying.kid, "typ": "at+jwt", **header}
    return jwt.encode(dict(payload), key.private, algorithm="RS256", headers=full)


def _with_hmac(key: SigningKey, head: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    signed = f"{_encoded({**head, 'alg': 'HS256'})}.{_encoded(payload)}"
    digest = hmac.digest(key.verifying.pem().encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{_encoded(digest)}"


def attacks(good: str, key: SigningKey) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with each of many tokens, and the token."""
    head, payload, signature = _parts(good)
    first, second, third = good.split(".")
    other = SigningKey.generate()
    yield "alg none", f"{_encoded({**head, 'alg': 'none'})}.{second}."
    yield "alg None with the signature", f"{_encoded({**head, 'alg': 'None'})}.{second}.{third}"
    yield "HS256 with the public key", _with_hmac(key, head, payload)
    yield "signed with another key", _signed(other, payload, kid=key.verifying.kid)
    yield "signed with another key, of its own name", _signed(other, payload)
    yield "an unknown kid", _signed(key, payload, kid="x")
    yield "a kid that is a path", _signed(key, payload, kid="../../etc/passwd")
    yield "no kid", jwt.encode(payload, key.private, algorithm="RS256", headers={"typ": "at+jwt"})
    yield "a key of its own", _signed(key, payload, jwk=other.verifying.jwk())
    yield "a key elsewhere", _signed(key, payload, jku="https://attacker.example/jwks.json")
    yield "another type", _signed(key, payload, typ="JWT")
    yield "critical extensions", _signed(key, payload, crit=["exp"])
    yield (
        "another algorithm",
        jwt.encode(payload, key.private, algorithm="PS256", headers={"kid": key.verifying.kid, "typ": "at+jwt"}),
    )
    for name, value in (
        ("aud", "another-api"),
        ("aud", ["amss-api"]),
        ("iss", "somebody"),
        ("exp", int(START.timestamp()) - 1),
        ("exp", "tomorrow"),
        ("exp", 10**18),
        ("nbf", int(START.timestamp()) + 3600),
        ("sub", "admin"),
        ("org", "demo-org"),
        ("role", "superuser"),
        ("role", ["admin"]),
    ):
        yield f"{name} {value}", _signed(key, {**payload, name: value})
    for name in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti", "org", "role", "sid"):
        yield f"no {name}", _signed(key, {one: value for one, value in payload.items() if one != name})
    yield "another role, unsigned", f"{first}.{_encoded({**payload, 'role': 'system_admin'})}.{third}"
    yield "no signature", f"{first}.{second}."
    yield "half a signature", f"{first}.{second}.{third[:100]}"
    yield "a changed signature", f"{first}.{second}.{'A' if third[0] != 'A' else 'B'}{third[1:]}"
    yield "the same bits written otherwise", _otherwise(good)
    yield "four parts", f"{good}.x"
    yield "encrypted", f"{good}.x.x"
    yield "padding", f"{first}=.{second}.{third}"
    yield "blanks", f"{first} .{second}.{third}"
    yield "nothing in it", ".."
    yield "the signature alone", signature
    yield "very long", "a" * 7000


def _otherwise(token: str) -> str:
    """Return the token with a signature whose last character has other bits that nothing is made of."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    return token[:-1] + alphabet[last ^ 1]


async def test_no_forged_token_is_believed(api: Api, signing_key: SigningKey) -> None:
    """401 for each, with a challenge; the one that they are made of is believed."""
    good = api.world.token(Role.ADMIN)
    replies = {what: await api.get("/auth/me", token=token) for what, token in attacks(good, signing_key)}

    assert (await api.get("/auth/me", token=good)).status == 200
    assert {what: str(reply) for what, reply in replies.items() if reply.status != 401} == {}
    assert all(reply.headers["WWW-Authenticate"].startswith("Bearer ") for reply in replies.values())


async def test_two_keys_are_live_while_one_takes_over(world: World, signing_key: SigningKey) -> None:
    """Tokens of the former key are believed until they expire; both keys are published, and no private part of them."""
    former = SigningKey.generate()
    old = JwtAccessTokens(former, clock=world.clock)
    new = JwtAccessTokens(signing_key, (former.verifying,), clock=world.clock)
    world.services.access_tokens.override(old)
    token = world.token(Role.ADMIN)
    world.services.access_tokens.override(new)

    async with calling(world) as api:
        believed = await api.get("/auth/me", token=token)
        keys = await api.get("/.well-known/jwks.json", by=None)

    assert believed.status == 200
    assert [one["kid"] for one in keys.json["keys"]] == [signing_key.verifying.kid, former.verifying.kid]
    assert {name for one in keys.json["keys"] for name in one} == {"kty", "n", "e", "kid", "use", "alg"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_one_in_any_case(scheme: str, api: Api) -> None:
    """RFC 9110, section 11.1."""
    token = api.world.token(Role.ADMIN)

    reply = await api.get("/auth/me", by=None, headers={"Authorization": f"{scheme} {token}"})

    assert reply.status == 200


async def test_a_token_in_the_address_is_not_looked_at(api: Api) -> None:
    """Addresses are written into logs."""
    reply = await api.get("/auth/me", by=None, query={"access_token": api.world.token(Role.ADMIN)})

    assert (reply.status, reply.code) == (401, "missing_credentials")


async def made(api: Api, *permissions: str, by: Role | str = Role.ADMIN, **more: Any) -> Reply:
    """Make an API key."""
    reply = await api.post("/api-keys", {"name": "program", "permissions": list(permissions), **more}, by=by)
    assert reply.status == 201, str(reply)
    return reply


async def test_a_key_does_what_it_names_and_no_more(api: Api) -> None:
    """Though its maker may do everything."""
    key = (await made(api, "aircraft:read")).json["key"]

    replies = [
        await api.get("/aircraft", token=key),
        await api.get("/parts", token=key),
        await api.post("/aircraft", {"registration": "N1"}, token=key),
        await api.get("/audit-logs", token=key),
    ]
    known = await api.get("/auth/me", token=key)

    assert [reply.status for reply in replies] == [200, 403, 403, 403]
    assert (known.json["kind"], known.json["permissions"], known.json["user"]) == ("api_key", ["aircraft:read"], None)


async def test_no_key_exceeds_its_maker(api: Api) -> None:
    """Neither when it is made, nor when its maker's role is another by then."""
    refused = await api.post("/api-keys", {"name": "k", "permissions": ["audit:read"]}, by=Role.PLANNER)
    key = (await made(api, "parts:write", "parts:read", by=Role.PLANNER)).json["key"]
    before = await api.post("/parts", {"part_number": "one"}, token=key)
    await api.ask("PATCH", f"/users/{api.ids['planner']}", {"role": "viewer"})
    after = await api.post("/parts", {"part_number": "two"}, token=key)
    reads = await api.get("/parts", token=key)

    assert (refused.status, before.status, after.status, reads.status) == (403, 201, 403, 200)


async def test_a_key_goes_with_its_maker(api: Api) -> None:
    """Without access there are no keys, also after it is given back."""
    key = (await made(api, "parts:read", by=Role.PLANNER)).json["key"]
    await api.ask("PATCH", f"/users/{api.ids['planner']}", {"active": False})
    gone = await api.get("/parts", token=key)
    await api.ask("PATCH", f"/users/{api.ids['planner']}", {"active": True})
    back = await api.get("/parts", token=key)

    assert [(reply.status, reply.code) for reply in (gone, back)] == [(401, "bad_credentials")] * 2


async def test_a_key_expires(api: Api) -> None:
    """At the instant that it says."""
    ends = START + timedelta(hours=1)
    key = (await made(api, "parts:read", expires_at=ends.isoformat())).json["key"]
    api.world.clock.advance(timedelta(minutes=59))
    before = await api.get("/parts", token=key)
    api.world.clock.advance(timedelta(minutes=1))
    after = await api.get("/parts", token=key)

    assert (before.status, after.status, after.code) == (200, 401, "bad_credentials")


async def test_a_revoked_key_is_out_at_once(api: Api) -> None:
    """Its maker revokes it, or an admin does; for everybody else it does not exist."""
    key = await made(api, "parts:read", by=Role.PLANNER)
    path = key.headers["Location"]

    by_another = await api.ask("DELETE", path, by=Role.TECHNICIAN)
    by_maker = await api.ask("DELETE", path, by=Role.PLANNER)
    again = await api.ask("DELETE", path, by=Role.ADMIN)
    used = await api.get("/parts", token=key.json["key"])

    assert [reply.status for reply in (by_another, by_maker, again, used)] == [404, 204, 204, 401]


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key[:-4],
        lambda key: key + "x",
        lambda key: key.upper(),
        lambda key: key.replace("live", "test"),
        lambda key: key[:30] + ("0" if key[30] != "0" else "1") + key[31:],
        lambda _: "amss_",
        lambda _: "amss_live_" + "A" * 100,
        lambda _: "amss_live_" + "é" * 10,
    ],
)
async def test_no_changed_key_is_believed(change: Any, api: Api) -> None:
    """Nor what only looks like one."""
    reply = await api.get("/aircraft", token=change(api.ids["key_text"]))

    assert reply.status == 401
    assert reply.code in ("bad_credentials", "invalid_token")


async def test_a_key_makes_no_keys_and_has_no_sessions(api: Api) -> None:
    """A program cannot give itself more, change a password or end anybody's sessions."""
    key = (await made(api, "api_keys:write", "parts:read")).json["key"]

    replies = [
        await api.post("/api-keys", {"name": "x", "permissions": ["parts:read"]}, token=key),
        await api.post("/auth/password", {"current_password": "x", "new_password": "correct horse"}, token=key),
        await api.post("/auth/logout-all", token=key),
    ]

    assert [(reply.status, reply.code) for reply in replies] == [(403, "not_permitted")] * 3


async def test_keys_are_listed_without_their_text(api: Api) -> None:
    """One's own; an admin sees everybody's. What tells them apart is how they begin and end."""
    key = await made(api, "parts:read", by=Role.PLANNER)

    own = await api.get("/api-keys", by=Role.PLANNER)
    all_keys = await api.get("/api-keys")
    others = await api.get("/api-keys", by=Role.TECHNICIAN)

    (shown,) = own.json["items"]
    assert (shown["id"], shown["key"]) == (key.json["id"], None)
    assert shown["prefix"].startswith("amss_live_")
    assert key.json["key"].endswith(shown["prefix"][-4:])
    assert len(all_keys.json["items"]) == 2
    assert others.json["items"] == []
    assert key.json["key"].encode() not in own.body + all_keys.body


async def test_the_use_of_a_key_is_noted(api: Api) -> None:
    """To the minute."""
    key = await made(api, "parts:read")
    await api.get("/parts", token=key.json["key"])

    (shown,) = [one for one in await api.walk("/api-keys") if one["id"] == key.json["id"]]
    assert shown["last_used_at"] == "2026-03-20T12:00:00Z"
    assert shown["version"] == key.json["version"]


async def test_what_a_key_does_is_told_of_the_key(api: Api) -> None:
    """The audit trail names it and not its maker."""
    key = await made(api, "parts:write")
    part = await api.post("/parts", {"part_number": "x"}, token=key.json["key"])

    (entry,) = (await api.get("/audit-logs", query={"resource_id": part.json["id"]})).json["items"]
    assert (entry["actor_kind"], entry["actor_id"], entry["user_id"]) == ("api_key", key.json["id"], None)
