"""Nothing of another organization can be reached, seen or told from what does not exist."""

import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from attrs import evolve
from tests.entrypoints.http.calling import Api, Reply, calling
from tests.entrypoints.http.cases import BY_NAME, CASES, FILTERS, Case, Position
from tests.entrypoints.http.world import MARK, World, a_world

from amss_adapters.security import BcryptPasswords, SigningKey
from amss_domain.access.model import Role

_PARTS: Final = [{"part_id": "<part>", "quantity": 1}]

VARIANTS: Final = (
    Case(
        name="planTask",
        body={"aircraft_id": "<aircraft>", "title": "x", "assigned_to": "<technician>", "required_parts": _PARTS},
    ),
    Case(name="planTask", body={"aircraft_id": "<spare>", "title": "x", "kind": "defect"}, by=Role.TECHNICIAN),
    Case(name="planTask", body={"aircraft_id": "<aircraft>", "program_id": "<far>"}),
    evolve(CASES["startTask"], body={"assigned_to": "<technician>"}),
    evolve(CASES["completeTask"], body={"completed_at_hours": 1605.2, "parts_used": _PARTS}),
    evolve(CASES["changeTask"], body={"required_parts": _PARTS}),
    evolve(CASES["writeProgram"], body={**CASES["writeProgram"].body, "required_parts": _PARTS}),
    evolve(CASES["changeProgram"], body={"required_parts": _PARTS}),
    evolve(CASES["putProgram"], body={"required_parts": _PARTS}),
    evolve(CASES["addLabour"], body={"hours": 1, "user_id": "<planner>"}),
    evolve(CASES["linkMany"], body={"aircraft": [{"aircraft_id": "<aircraft>"}, {"aircraft_id": "<spare>"}]}),
)
"""More requests that work, with ids where the examples have none."""

ANSWERED: Final = {
    ("listTasks", "query"): 200,
    ("searchAudit", "query"): 200,
    ("listWebhookDeliveries", "query"): 200,
    # Only what is reserved for the task can be used: of other parts it is not asked whether they exist.
    ("completeTask", "body"): 409,
}
"""What else than 404 is answered to ids that nobody has: lists without items, and what the state speaks against."""

SECRETS: Final = {"refresh_token", "reset_token"}
"""What opens things by itself, to whoever has it: not for others to know, so no foreign one is sent."""

NEVER_ASKED_FOR: Final = {"createUser", "deactivateUser"}
"""Endpoints that name organizations, of which only a system admin may name another."""


@pytest.fixture
async def world(signing_key: SigningKey, passwords: BcryptPasswords) -> World:
    """Two organizations that both have everything."""
    return await a_world(key=signing_key, passwords=passwords)


def by_id(name: str) -> Iterator[Case]:
    """Yield a request for each filter of a list that takes an id."""
    for filter, value in FILTERS.get(name, {}).items():
        if value.startswith("<"):
            yield evolve(CASES[name], query={filter: value})


REQUESTS: Final = (*CASES.values(), *VARIANTS, *(one for name in sorted(FILTERS) for one in by_id(name)))
PROBES: Final = 1_250
"""How many a world is asked; there are four worlds."""


@pytest.mark.parametrize("case", VARIANTS, ids=lambda one: one.name)
async def test_the_variants_work_at_home(case: Case, api: Api) -> None:
    """Otherwise their refusal elsewhere would prove nothing."""
    reply = await api.run(case)

    assert reply.status == case.endpoint.status, str(reply)


async def asked(api: Api, case: Case, others: Mapping[Position, str]) -> Reply:
    """Send the request with other ids in it."""
    one = case.filled(api.ids, others)
    return await api.ask(
        one.endpoint.method, one.target(), one.body, query=one.query, by=one.by, headers={"X-Request-ID": "same"}
    )


def told(reply: Reply, id: str) -> tuple[int, set[str], bytes]:
    """Return all that a client learns, apart from the id itself."""
    return reply.status, set(reply.headers), reply.body.replace(id.encode(), b"<id>")


async def test_a_foreign_id_is_like_one_that_nobody_has(api: Api) -> None:
    """In path, body and query, for every endpoint: not found, in the same words; a filter finds nothing."""
    before = await api.world.home.snapshot(), await api.world.away.snapshot()
    tried, wrong = 0, []
    for case in REQUESTS:
        for position, kind in case.slots():
            if case.endpoint.public or kind in SECRETS:
                continue
            foreign, nobodys = api.world.away.ids[kind], str(uuid4())
            theirs = await asked(api, case, {position: foreign})
            none = await asked(api, case, {position: nobodys})
            tried += 1
            expected = ANSWERED.get((case.name, str(position[0])), 404)
            if told(theirs, foreign) != told(none, nobodys) or theirs.status != expected:
                wrong.append((case.name, position, str(theirs), str(none)))
            elif theirs.status == 200 and theirs.json["items"]:
                wrong.append((case.name, position, "something was found", str(theirs)))

    assert wrong == []
    assert tried > 90
    assert before == (await api.world.home.snapshot(), await api.world.away.snapshot())


async def test_reports_on_what_is_foreign_find_nothing(api: Api) -> None:
    """An aircraft or program that is not ours does not exist for the compliance report either."""
    replies = [
        await api.get("/reports/compliance", query={name: id})
        for name, kind in (("aircraft_id", "aircraft"), ("program_id", "program"))
        for id in (api.world.away.ids[kind], str(uuid4()))
    ]

    assert [reply.status for reply in replies] == [404] * 4


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.SYSTEM_ADMIN])
async def test_nobody_names_another_organization(role: Role, api: Api) -> None:
    """Except for a system admin, it makes no difference whether the organization exists."""
    new = {"email": "new@example.org", "role": "admin"}
    replies = []
    for org_id in (api.world.away.ids["org"], str(uuid4())):
        made = await api.post("/users", {**new, "org_id": org_id}, by=role)
        gone = await api.ask("DELETE", f"/users/{api.world.away.ids['admin']}", query={"org_id": org_id}, by=role)
        replies.append(((made.status, made.json["violations"]), (gone.status, gone.json["violations"])))

    assert replies[0] == replies[1]
    assert {403} == {status for status, _ in replies[0]}


async def test_a_system_admin_sees_organizations_and_nothing_in_them(api: Api) -> None:
    """Their names and policies, and not so much as a user."""
    away = api.world.away

    shown = await api.get(f"/organizations/{away.ids['org']}", by=Role.SYSTEM_ADMIN)
    user = await api.get(f"/users/{away.ids['admin']}", by=Role.SYSTEM_ADMIN)
    planner = await api.ask(
        "DELETE", f"/users/{away.ids['planner']}", query={"org_id": away.ids["org"]}, by=Role.SYSTEM_ADMIN
    )

    assert (shown.status, user.status, planner.status) == (200, 403, 403)


class Prober:
    """Sends requests that mix what is ours with what is foreign, and keeps what should not have come back."""

    def __init__(self, api: Api, chance: random.Random) -> None:
        self._api = api
        self._chance = chance
        self._foreign = _strings_of(api.world)
        self._cursors: list[str] = []
        self.leaks: list[str] = []
        self.statuses: set[int] = set()

    async def learn_cursors(self) -> None:
        """Take cursors from the lists of the stranger, as its admin."""
        token = self._api.world.token(Role.ADMIN, self._api.world.away)
        for name, case in CASES.items():
            if BY_NAME[name].listing is not None:
                path = case.filled(self._api.world.away.ids).target()
                reply = await self._api.get(path, token=token, query={"limit": 1})
                if reply.json["next_cursor"] is not None:
                    self._cursors.append(reply.json["next_cursor"])

    async def probe(self) -> None:
        """Send one request at random, and look for what is foreign in the answer."""
        chance = self._chance
        case = chance.choice(REQUESTS)
        others = {position: self._some_id(kind) for position, kind in case.slots() if chance.random() < 0.5}
        one = case.filled(self._api.ids, others)
        query = dict(one.query)
        if one.endpoint.listing is not None and self._cursors and chance.random() < 0.4:
            query["cursor"] = chance.choice(self._cursors)
        role = chance.choice([one for one in Role if one is not Role.SYSTEM_ADMIN])
        token = self._api.ids["key_text"] if chance.random() < 0.1 else None
        reply = await self._api.ask(
            one.endpoint.method,
            one.target(),
            one.body,
            query=query,
            by=None if one.endpoint.public else role,
            token=None if one.endpoint.public else token,
            headers=self._headers(),
        )
        self.statuses.add(reply.status)
        sent = f"{one.target()} {query} {one.body}"
        for text in self._foreign:
            if text.encode() in reply.body.lower() and text not in sent.lower():
                self.leaks.append(f"{text} in the answer to {one.endpoint.method} {sent}: {reply}")
        if reply.status >= 500:
            self.leaks.append(f"{one.endpoint.method} {sent}: {reply}")

    def _some_id(self, kind: str) -> str:
        away = self._api.world.away.ids
        if kind in SECRETS:
            return str(uuid4())
        return self._chance.choice((away[kind], away[kind], str(uuid4()), self._chance.choice(self._theirs())))

    def _theirs(self) -> list[str]:
        return [id for id in self._api.world.away.ids.values() if _is_id(id)]

    def _headers(self) -> dict[str, str]:
        chance = self._chance
        headers = {}
        if chance.random() < 0.3:
            headers["If-Match"] = f'"{chance.randrange(1, 4)}"'
        if chance.random() < 0.2:
            headers["If-None-Match"] = f'"{chance.randrange(1, 4)}"'
        if chance.random() < 0.3:
            headers["Idempotency-Key"] = chance.choice(("theirs", uuid4().hex))
        if chance.random() < 0.1:
            headers["Accept"] = "text/csv, application/json"
        return headers


def _strings_of(world: World) -> list[str]:
    """Return what tells of the stranger, in lower case: its mark and every id of it."""
    return [MARK.lower(), *(id.lower() for id in world.away.ids.values())]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_no_request_reaches_what_is_foreign(
    seed: int, signing_key: SigningKey, passwords: BcryptPasswords
) -> None:
    """Of thousands with foreign ids, cursors, tags and keys none shows or changes anything that is not ours."""
    world = await a_world(key=signing_key, passwords=passwords)
    async with calling(world) as api:
        theirs = await _keyed_by_the_stranger(api)
        prober = Prober(api, random.Random(seed))
        await prober.learn_cursors()
        before = await world.away.snapshot()
        for _ in range(PROBES):
            await prober.probe()
        after = await world.away.snapshot()

    assert theirs.status == 201
    assert prober.leaks == []
    assert before == after
    assert {200, 201, 204, 403, 404, 409, 412, 422} <= prober.statuses


async def _keyed_by_the_stranger(api: Api) -> Reply:
    """Have the stranger use an idempotency key for a command that others send too."""
    token = api.world.token(Role.ADMIN, api.world.away)
    body: Any = {"part_number": f"{MARK}-KEYED"}
    return await api.post("/parts", body, token=token, headers={"Idempotency-Key": "theirs"})


def test_every_id_of_a_body_is_tried() -> None:
    """Whatever in a body is an id stands in some request with an id in it."""
    tried: dict[str, set[str]] = {}
    for case in REQUESTS:
        for position, _ in case.slots():
            names = [str(step) for step in position if not isinstance(step, int)]
            tried.setdefault(case.name, set()).add(".".join(names))
    missing = [
        (name, member)
        for name, endpoint in BY_NAME.items()
        if endpoint.body is not None and name not in NEVER_ASKED_FOR
        for member in _ids_in(endpoint.body)
        if f"body.{member}" not in tried.get(name, set())
    ]

    assert missing == []


def _ids_in(kind: type[Any]) -> set[str]:
    """Return the members of a body that are ids, by their names from the outermost in."""
    from amss_entrypoints.http.schema import components_of  # noqa: PLC0415

    (schema,), components = components_of([kind], closed=True)
    return set(_uuids(schema, components, ""))


def _uuids(schema: Any, components: Mapping[str, Any], at: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = components[re.sub(".*/", "", schema["$ref"])]
    if schema.get("format") == "uuid":
        yield at
    for one in (*schema.get("anyOf", ()), *([schema["items"]] if isinstance(schema.get("items"), dict) else ())):
        yield from _uuids(one, components, at)
    for name, one in schema.get("properties", {}).items():
        yield from _uuids(one, components, f"{at}.{name}" if at else name)
