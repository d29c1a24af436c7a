"""Quotas and overload: who asks too much is told when to come back."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import http_sf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from attrs import evolve
from tests.entrypoints.http.calling import Api, Reply, calling
from tests.entrypoints.http.world import World

from amss_domain.access.model import Role
from amss_entrypoints.http.app import Conditions
from amss_entrypoints.http.middleware.failures import failures
from amss_entrypoints.http.middleware.overload import overload
from amss_entrypoints.http.middleware.requests import requests


async def ration(world: World, **limits: Any) -> None:
    """Put the organization under these limits."""
    policy = evolve(world.home.organization.policy, **limits)
    await world.services.change_policy()(world.actor(Role.ADMIN), policy)


def items(reply: Reply, name: str) -> dict[str, Mapping[str, Any]]:
    """Return the members of a list field (RFC 9651) by their names."""
    found: Any = http_sf.parse(reply.headers[name].encode(), name=name, tltype="list")
    return {str(member): parameters for member, parameters in found}


async def test_the_headers_are_structured_fields(world: World) -> None:
    """As draft-ietf-httpapi-ratelimit-headers has them: quota, window, what is left, and when all of it is back."""
    await ration(world, rate_limit_per_minute=60)

    async with calling(world) as api:
        await api.get("/aircraft")
        reply = await api.get("/aircraft")

    assert items(reply, "RateLimit-Policy") == {"org": {"q": 60, "w": 60}}
    assert items(reply, "RateLimit") == {"org": {"r": 58, "t": 2}}


async def test_who_has_spent_the_quota_is_told_when_to_come_back(world: World) -> None:
    """429 with Retry-After, to whoever asks in the organization; then one more request is there."""
    await ration(world, rate_limit_per_minute=5)

    async with calling(world) as api:
        served = [await api.get("/aircraft", by=role) for role in list(Role)[1:]]
        refused = [await api.get("/aircraft"), await api.post("/parts", {"part_number": "x"}, by=Role.PLANNER)]
        elsewhere = await api.get("/aircraft", token=world.token(Role.ADMIN, world.away))
        world.clock.advance(timedelta(seconds=int(refused[0].headers["Retry-After"])))
        later = [await api.get("/aircraft") for _ in range(2)]

    assert [reply.status for reply in served] == [200] * 5
    assert [items(reply, "RateLimit")["org"]["r"] for reply in served] == [4, 3, 2, 1, 0]
    assert [(reply.status, reply.code, reply.headers["Retry-After"]) for reply in refused] == [
        (429, "rate_limited", "12")
    ] * 2
    assert [items(reply, "RateLimit")["org"] for reply in refused] == [{"r": 0, "t": 12}] * 2
    assert elsewhere.status == 200
    assert [reply.status for reply in later] == [200, 429]


async def test_a_refused_request_has_no_effect_and_costs_nothing(world: World) -> None:
    """Whoever keeps asking does not wait longer for it."""
    await ration(world, rate_limit_per_minute=1)
    before = await world.home.entries()

    async with calling(world) as api:
        await api.get("/aircraft")
        waits = []
        for _ in range(5):
            waits.append((await api.post("/parts", {"part_number": "x"})).headers["Retry-After"])
            world.clock.advance(timedelta(seconds=5))

    assert waits == ["60", "55", "50", "45", "40"]
    assert len(await world.home.entries()) == len(before)


async def test_each_api_key_has_a_quota_of_its_own(world: World) -> None:
    """Besides that of the organization; another key, and people, go on."""
    await ration(world, rate_limit_per_minute=100, api_key_rate_limit_per_minute=2)

    async with calling(world) as api:
        keys = [
            (await api.post("/api-keys", {"name": name, "permissions": ["aircraft:read"]})).json["key"]
            for name in ("one", "two")
        ]
        one = [await api.get("/aircraft", token=keys[0]) for _ in range(3)]
        other = await api.get("/aircraft", token=keys[1])
        person = await api.get("/aircraft")

    assert [reply.status for reply in one] == [200, 200, 429]
    assert items(one[0], "RateLimit-Policy") == {"org": {"q": 100, "w": 60}, "key": {"q": 2, "w": 60}}
    assert items(one[2], "RateLimit")["key"] == {"r": 0, "t": 30}
    # What the key was refused, the organization keeps.
    assert items(one[2], "RateLimit")["org"]["r"] == items(one[1], "RateLimit")["org"]["r"]
    assert (other.status, person.status) == (200, 200)
    assert "key" not in items(person, "RateLimit")


async def test_a_changed_quota_holds_at_once(api: Api) -> None:
    """From the next request on, where the change was made; what was spent counts."""
    for _ in range(3):
        await api.get("/aircraft")

    changed = await api.ask("PUT", f"/organizations/{api.ids['org']}/policy", {"rate_limit_per_minute": 60})
    next_one = await api.get("/aircraft")

    assert changed.status == 200
    assert items(next_one, "RateLimit-Policy") == {"org": {"q": 60, "w": 60}}
    assert items(next_one, "RateLimit")["org"]["r"] <= 59


async def test_a_quota_counts_what_is_refused_otherwise(world: World) -> None:
    """Permissions, forms and ids that nobody has: all of it was work."""
    await ration(world, rate_limit_per_minute=3)

    async with calling(world) as api:
        replies = [
            await api.get("/audit-logs", by=Role.VIEWER),
            await api.post("/parts", {}),
            await api.get("/aircraft/x"),
            await api.get("/aircraft"),
        ]

    assert [reply.status for reply in replies] == [403, 422, 422, 429]


async def test_nobody_spends_what_is_another_s(world: World) -> None:
    """Requests without credentials, or with wrong ones, cost no organization anything."""
    await ration(world, rate_limit_per_minute=2)

    async with calling(world) as api:
        for _ in range(5):
            await api.get("/aircraft", by=None)
            await api.get("/aircraft", token="x")
        reply = await api.get("/aircraft")

    assert reply.status == 200
    assert items(reply, "RateLimit")["org"]["r"] == 1


async def test_at_once_no_more_get_through_than_the_quota(world: World) -> None:
    """However many ask."""
    await ration(world, rate_limit_per_minute=7)

    async with calling(world) as api:
        token = world.token(Role.ADMIN)
        replies = await asyncio.gather(*(api.get("/aircraft", token=token) for _ in range(20)))

    assert sorted(reply.status for reply in replies) == [200] * 7 + [429] * 13


async def test_health_and_keys_cost_nothing(world: World) -> None:
    """Whoever watches the service needs no credentials for it."""
    async with calling(world) as api:
        replies = [await api.get(path, by=None) for path in ("/health", "/ready", "/.well-known/jwks.json")]

    assert [reply.status for reply in replies] == [200] * 3
    assert [reply.json.get("status") for reply in replies[:2]] == ["ok", "ready"]
    assert all("RateLimit" not in reply.headers for reply in replies)


@pytest.mark.parametrize("limit", [1, 3])
async def test_beyond_so_many_at_a_time_requests_are_shed(limit: int) -> None:
    """503 with Retry-After, at once; whoever watches is always served, and when some are done others get in."""
    gate, inside = asyncio.Event(), asyncio.Semaphore(0)

    async def slow(_: web.Request) -> web.StreamResponse:
        inside.release()
        await gate.wait()
        return web.Response(text="done")

    async def quick(_: web.Request) -> web.StreamResponse:
        return web.Response(text="well")

    app = web.Application(middlewares=[requests, failures, overload(limit)])
    app.router.add_get("/slow", slow)
    app.router.add_get("/health", quick)
    async with TestClient(TestServer(app)) as client:
        waiting = [asyncio.create_task(client.get("/slow")) for _ in range(limit)]
        for _ in range(limit):
            await inside.acquire()
        shed, health = await client.get("/slow"), await client.get("/health")
        gate.set()
        served = await asyncio.gather(*waiting)
        after = await client.get("/slow")
        problem = await shed.json(content_type=None)

    assert (shed.status, problem["code"], shed.headers["Retry-After"]) == (503, "overloaded", "1")
    assert [one.status for one in (health, *served, after)] == [200] * (limit + 2)


async def test_an_api_sheds_what_is_too_much(world: World) -> None:
    """The bound is the installation's; problems are problems there too."""
    async with calling(world, Conditions(max_in_flight=0, internal_elsewhere=True)) as api:
        reply = await api.get("/aircraft")
        health = await api.get("/health", by=None)

    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "overloaded", "1")
    assert health.status == 200
