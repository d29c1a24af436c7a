"""Entity tags: changes are for the version that was read, and what has not changed is not sent again."""

import asyncio
from typing import Final

import pytest
from attrs import evolve
from tests.entrypoints.http.calling import Api, calling
from tests.entrypoints.http.cases import CASES
from tests.entrypoints.http.world import World

from amss_domain.access.model import Role
from amss_entrypoints.http.routes import ENDPOINTS

VERSIONED: Final = sorted(one.name for one in ENDPOINTS if one.versioned)
TAGGED: Final = sorted(one.name for one in ENDPOINTS if one.etag and one.method == "GET")
NEW: Final = {"linkAircraft"}
"""Commands that make what they are for, if it is not there: it has no version before."""


async def version_of(api: Api, name: str) -> int:
    """Return the version of what the case would change."""
    case = CASES[name].filled(api.ids)
    path = case.target()
    listed = {"revokeApiKey": "/api-keys", "releaseReservation": "/part-reservations"}
    if name in listed:
        wanted = case.path.get("key_id") or case.path["reservation_id"]
        return next(int(one["version"]) for one in await api.walk(listed[name]) if one["id"] == wanted)
    for action in (
        "",
        "/assign",
        "/start",
        "/reserve-parts",
        "/checklist/0",
        "/complete",
        "/cancel",
        "/void",
        "/defer",
        "/acknowledge",
        "/resolve",
        "/rotate-secret",
    ):
        path = path.removesuffix(action) if action else path
    path = path.removesuffix("/reschedule").removesuffix("/reset-password")
    return int((await api.get(path)).headers["ETag"].strip('"'))


async def require_if_match(world: World) -> None:
    """Let the organization's policy ask for If-Match."""
    policy = evolve(world.home.organization.policy, require_if_match=True)
    await world.services.change_policy()(world.actor(Role.ADMIN), policy)


@pytest.mark.parametrize("name", VERSIONED)
async def test_a_change_is_for_the_version_that_was_read(name: str, api: Api) -> None:
    """Another version is refused with 412 and changes nothing; the version that it is in, in any, is taken."""
    version = 1 if name in NEW else await version_of(api, name)
    before = await api.world.home.snapshot()
    stale = [
        await api.run(CASES[name], headers={"If-Match": tag})
        for tag in (f'"{version + 1}"', f'W/"{version}"', '"abc"', '""', '"999999999999999999999"')
    ]
    unchanged = await api.world.home.snapshot()
    malformed = [await api.run(CASES[name], headers={"If-Match": tag}) for tag in ("1", '"1', "W/1", '"1", "2"')]
    right = await api.run(CASES[name], headers={"If-Match": "*" if name in NEW else f'"{version}"'})

    assert {(reply.status, reply.code) for reply in stale} == {(412, "version_mismatch")}
    assert before == unchanged
    assert {(reply.status, reply.code) for reply in malformed} == {(400, "malformed_request")}
    assert right.status == CASES[name].endpoint.status, str(right)


@pytest.mark.parametrize("name", VERSIONED)
async def test_a_policy_can_ask_for_the_version(name: str, world: World) -> None:
    """Then a change without If-Match is refused with 428 and changes nothing."""
    await require_if_match(world)
    before = await world.home.snapshot()

    async with calling(world) as api:
        without = await api.run(CASES[name])
        unchanged = await world.home.snapshot()
        with_any = await api.run(CASES[name], headers={"If-Match": "*"})

    assert (without.status, without.code) == (428, "precondition_required")
    assert before == unchanged
    assert with_any.status == CASES[name].endpoint.status, str(with_any)


async def test_what_has_no_version_needs_none(world: World) -> None:
    """Whatever makes something new goes on without If-Match."""
    await require_if_match(world)

    async with calling(world) as api:
        replies = [await api.run(CASES[name]) for name in ("definePart", "recordUsage", "addNote", "addDependency")]

    assert [reply.status for reply in replies] == [201] * 4


@pytest.mark.parametrize("name", TAGGED)
async def test_what_has_not_changed_is_not_sent_again(name: str, api: Api) -> None:
    """GET with the tag that the client has, weak or among others, gets 304 and no body; another tag gets it all."""
    full = await api.run(CASES[name])
    tag = full.headers["ETag"]
    known = [
        await api.run(CASES[name], headers={"If-None-Match": one}) for one in (tag, f"W/{tag}", f'"0", {tag}', "*")
    ]
    unknown = [await api.run(CASES[name], headers={"If-None-Match": one}) for one in ('"0"', "nonsense", "")]

    assert [(reply.status, reply.body, reply.headers["ETag"]) for reply in known] == [(304, b"", tag)] * 4
    assert [(reply.status, reply.body) for reply in unknown] == [(200, full.body)] * 3


@pytest.mark.parametrize("name", sorted(one.name for one in ENDPOINTS if one.etag and one.method != "GET"))
async def test_the_tag_of_a_change_is_that_of_what_it_left(name: str, api: Api) -> None:
    """Who changed something can change it again without reading it."""
    reply = await api.run(CASES[name])

    version = reply.json.get("version") or reply.json.get("task", {}).get("version")
    if name not in ("putPolicy", "putUtilisation"):
        assert reply.headers["ETag"] == f'"{version}"'
    if "Location" in reply.headers:
        read = await api.get(reply.headers["Location"], by=CASES[name].by)
        assert read.status == 405 or read.headers.get("ETag") == reply.headers["ETag"]


async def test_of_two_who_change_the_same_version_one_is_told(api: Api) -> None:
    """The other gets 412 and reads again; without If-Match both changes stand."""
    part = f"/parts/{api.ids['part']}"
    tag = (await api.get(part)).headers["ETag"]

    both = await asyncio.gather(
        *(api.ask("PATCH", part, {"reorder_point": number}, headers={"If-Match": tag}) for number in (6, 7))
    )
    unguarded = await asyncio.gather(*(api.ask("PATCH", part, {"lead_time_days": number}) for number in (8, 9)))

    assert sorted(reply.status for reply in both) == [200, 412]
    assert [reply.status for reply in unguarded] == [200, 200]
    assert int((await api.get(part)).headers["ETag"].strip('"')) == int(tag.strip('"')) + 3


async def test_what_is_told_of_the_other_version(api: Api) -> None:
    """The problem says which version it is in by now."""
    reply = await api.ask("PATCH", f"/parts/{api.ids['part']}", {"reorder_point": 6}, headers={"If-Match": '"7"'})

    assert "in version 1 and not in version 7" in reply.json["detail"]
