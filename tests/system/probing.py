"""Requests that name what is foreign, what may come back of it, and what may not."""

import json
import random
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from attrs import evolve, field, frozen
from tests.entrypoints.http.calling import Api, Reply
from tests.entrypoints.http.cases import CASES, FILTERS, Case, Position
from tests.entrypoints.http.test_foreign import ANSWERED, REQUESTS
from tests.entrypoints.http.world import MARK

from amss_domain.access.model import Role
from amss_entrypoints.http.cursors import cursor_after
from amss_entrypoints.http.endpoint import BASE

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CURSOR: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])")
_HINT: Final = re.compile(r"(?:amss_live|whsec)_…[0-9A-Za-z+/=]{4}")
"""What is shown of a secret, which is another in every world."""

_EVER_NEW: Final = frozenset({"Date", "RateLimit"})
"""Headers that differ from one answer to the next, whatever was asked for."""

_BY_QUERY: Final = (
    Case(name="exportAudit", query={"resource_id": "<aircraft>"}),
    Case(name="exportAudit", query={"actor_id": "<planner>", "format": "csv"}),
    Case(name="getCompliancePercentage", query={"aircraft_id": "<aircraft>"}),
    Case(name="getCompliancePercentage", query={"program_id": "<program>"}),
)

ASKED: Final = tuple(one for one in (*REQUESTS, *_BY_QUERY) if not one.endpoint.public)
"""Requests to every endpoint that asks for credentials, with an id wherever one can stand."""

_TIMES: Final[Mapping[str, Mapping[str, str]]] = {
    "getFleetAvailability": {"day": "2026-04-01"},
    "getWorkload": {"since": "2026-03-30", "until": "2026-04-05"},
    "getCompliancePercentage": {"since": "2026-03-01", "until": "2026-03-31"},
}
"""Times in which something is planned or was done."""

_ANSWERED: Final = {**ANSWERED, ("exportAudit", "query"): 200}
"""What else than 404 is answered to foreign ids: lists without items, and what the state speaks against."""

_ROLES: Final = tuple(role for role in Role if role is not Role.SYSTEM_ADMIN)


@frozen(kw_only=True)
class Probe:
    """One request: a case with `others` in place of some of its ids, asked for the page after the id `after`.

    The cursor is one of the list asked for, or with `of` one of another.
    """

    case: Case
    others: Mapping[Position, str] = field(factory=dict)
    query: Mapping[str, str] = field(factory=dict)
    after: str | None = None
    of: str | None = None
    headers: Mapping[str, str] = field(factory=dict)
    by: Role = Role.ADMIN
    with_key: bool = False

    def filled(self, ids: Mapping[str, str]) -> Case:
        """Return the request with ids in it, and a cursor that could be the server's own."""
        one = self.case.filled(ids, self.others)
        query = {**one.query, **self.query}
        if self.after is not None:
            rest = sorted((name, value) for name, value in query.items() if name != "limit")
            own = f"{one.name} {BASE}{one.target()} {urlencode(rest)}"
            query["cursor"] = cursor_after(UUID(self.after), self.of or own)
        return evolve(one, query=query)

    def beside(self, foreign: Mapping[str, str]) -> "Probe":
        """Return the same request with another id for every foreign one."""
        others = {position: foreign.get(id, id) for position, id in self.others.items()}
        return evolve(self, others=others, after=self.after and foreign.get(self.after, self.after))

    def places(self, foreign: Mapping[str, str]) -> set[str]:
        """Return which parts of the request name something foreign: path, query, body."""
        return {str(position[0]) for position, id in self.others.items() if id in foreign}


@frozen(eq=False)
class Watch:
    """Asks an application, and keeps everything that should not have come back.

    `foreign` has the stranger's ids, each with one beside it that nobody has, and `secrets` what it alone knows.
    `found` says what came back, and `guilty` has the requests that it came back for.
    """

    api: Api
    foreign: Mapping[str, str]
    secrets: Sequence[str]
    found: list[str] = field(factory=list)
    guilty: list[Case] = field(factory=list)
    statuses: Counter[int] = field(factory=Counter)
    _tokens: dict[Role, str] = field(factory=dict)

    async def ask(self, probe: Probe) -> Reply:
        """Send the request, and look for the stranger in everything that comes back."""
        one = probe.filled(self.api.ids)
        token = self.api.ids["key_text"] if probe.with_key else self._token(probe.by)
        headers = {"X-Request-ID": "the-same", **probe.headers}
        reply = await self.api.ask(
            one.endpoint.method, one.target(), one.body, query=one.query, token=token, headers=headers
        )
        self.statuses[reply.status] += 1
        told = self._told_of_the_stranger(reply) - set(_ID.findall(f"{one.target()} {one.query} {one.body}"))
        if told or reply.status >= 500:
            self._keep(probe, f"{sorted(told)} in {reply} {dict(reply.headers)}")
        return reply

    async def ask_twice(self, probe: Probe) -> Reply:
        """Send the request, and again with ids that nobody has: a client has to be told the same of both."""
        beside = probe.beside(self.foreign)
        theirs, nobodys = await self.ask(probe), await self.ask(beside)
        for _ in range(3):
            if self._told(theirs) == self._told(nobodys):
                return theirs
            # What the server makes in the background may have come in between, but not every time.
            theirs, nobodys = await self.ask(probe), await self.ask(beside)
        self._keep(probe, f"{theirs} is not {nobodys}")
        return theirs

    def hold(self, probe: Probe, reply: Reply, expected: set[int]) -> None:
        """Keep an answer with another status than expected, and anything found by a foreign id."""
        if reply.status not in expected or (reply.status == 200 and _finds(reply)):
            self._keep(probe, f"{reply}, expected {sorted(expected)}")

    def _keep(self, probe: Probe, what: str) -> None:
        one = probe.filled(self.api.ids)
        asked = f"{one.endpoint.method} {one.target()} {one.query} {one.body} by {probe.by.value} {dict(probe.headers)}"
        self.found.append(f"{asked}: {what}")
        self.guilty.append(probe.case)

    def _token(self, role: Role) -> str:
        if role not in self._tokens:
            self._tokens[role] = self.api.world.token(role)
        return self._tokens[role]

    def _told_of_the_stranger(self, reply: Reply) -> set[str]:
        text = f"{dict(reply.headers)} {reply.body.decode()}"
        marks = {mark for mark in (MARK.lower(), *self.secrets) if mark in text.lower()}
        ids = {*_ID.findall(text.lower()), *_ids_in_cursors(text)}
        return marks | (ids & self.foreign.keys())

    def _told(self, reply: Reply) -> tuple[object, ...]:
        headers = {name: value for name, value in reply.headers.items() if name not in _EVER_NEW}
        return reply.status, self._without_ids(str(headers)), self._without_ids(reply.body.decode())

    def _without_ids(self, text: str) -> str:
        ours = self.foreign.keys() | set(self.foreign.values())
        return _ID.sub(lambda found: "<id>" if found[0] in ours else found[0], text)


def _finds(reply: Reply) -> bool:
    """Tell whether an answer has anything: an item of a list, or a line below the header."""
    if reply.headers["Content-Type"].startswith("application/json"):
        return bool(reply.json["items"])
    return len(reply.body.splitlines()) > reply.headers["Content-Type"].startswith("text/csv")


def _ids_in_cursors(text: str) -> Iterator[str]:
    for cursor in _CURSOR.findall(text):
        yield str(UUID(bytes=urlsafe_b64decode(cursor)[:16]))


def status_of(probe: Probe, foreign: Mapping[str, str]) -> int:
    """Return how a request is answered that names something foreign and is right in everything else."""
    places = probe.places(foreign)
    if "path" in places:
        return 404
    return next((_ANSWERED[probe.case.name, place] for place in places if (probe.case.name, place) in _ANSWERED), 404)


def statuses_of(probe: Probe, foreign: Mapping[str, str]) -> set[int]:
    """Return every status that the request may be answered with, whatever has become of what is at home."""
    places = probe.places(foreign)
    expected = {403, status_of(probe, foreign)}
    if probe.with_key:
        expected.add(401)
    if probe.after is not None or "Idempotency-Key" in probe.headers:
        expected.add(422)
    if "path" not in places and "body" in places:
        # The state of what is ours may stand against it before anybody looks for what is not.
        expected |= {409, 412, 422}
    return expected


def one_foreign_at_a_time(away: Mapping[str, str]) -> Iterator[Probe]:
    """Yield requests that are right but for one id, and for all of them, with If-Match and without."""
    for case in ASKED:
        slots = list(case.slots())
        for chosen in [*([one] for one in slots), *([slots] if len(slots) > 1 else ())]:
            others = {position: away[kind] for position, kind in chosen}
            probe = Probe(case=case, others=others, by=case.by)
            yield probe
            if case.endpoint.versioned and any(position[0] == "path" for position in others):
                # No version of it is told either.
                yield evolve(probe, headers={"If-Match": '"99"'})


def at_random(chance: random.Random, foreign: Mapping[str, str], away: Mapping[str, str]) -> Probe:
    """Return a request that names what is foreign, unless it cannot or chance has it otherwise."""
    case = chance.choice(ASKED)
    ids = sorted(foreign)
    others = {}
    for position, kind in case.slots():
        # Its policy would keep home from asking any more.
        if chance.random() < 0.6 or case.name == "putPolicy":
            others[position] = away[kind] if chance.random() < 0.7 else chance.choice(ids)
    by = case.by if chance.random() < 0.7 else chance.choice(_ROLES)
    probe = Probe(case=case, others=others, by=by, with_key=chance.random() < 0.05, headers=_headers(chance))
    return _page(chance, probe, ids) if case.endpoint.listing is not None else probe


def _page(chance: random.Random, probe: Probe, ids: Sequence[str]) -> Probe:
    listing = probe.case.endpoint.listing
    assert listing is not None
    query: dict[str, str] = {}
    if chance.random() < 0.5:
        query["sort"] = chance.choice(listing.sorts)
    if chance.random() < 0.3:
        query["limit"] = str(chance.randrange(1, 6))
    literal = {name: value for name, value in FILTERS.get(probe.case.name, {}).items() if not value.startswith("<")}
    query |= {name: value for name, value in literal.items() if chance.random() < 0.2}
    if chance.random() < 0.6:
        probe = evolve(probe, after=chance.choice(ids), of="another list" if chance.random() < 0.1 else None)
    return evolve(probe, query=query)


def _headers(chance: random.Random) -> dict[str, str]:
    headers = {}
    if chance.random() < 0.3:
        headers["If-Match"] = chance.choice(('"1"', '"2"', '"3"', '"99"', "*"))
    if chance.random() < 0.2:
        headers["If-None-Match"] = chance.choice(('"1"', '"2"', "*"))
    if chance.random() < 0.2:
        headers["Idempotency-Key"] = chance.choice(("theirs", str(chance.random())))
    if chance.random() < 0.1:
        headers["Accept"] = "text/csv, application/json"
    return headers


async def go_on(api: Api) -> None:
    """Have the stranger archive, end, revoke and release, so that every filter of a list finds something there."""
    ids, token = api.world.away.ids, api.world.token(Role.ADMIN, api.world.away)

    async def done(name: str, body: Any = None, **path: str) -> str:
        case = evolve(CASES[name].filled({**ids, **path}), body=body)
        for part, value in path.items():
            case = evolve(case, path={**case.path, part: value})
        reply = await api.ask(case.endpoint.method, case.target(), body, token=token)
        assert reply.status == case.endpoint.status, str(reply)
        return str(reply.json.get("id")) if reply.body else ""

    await done("archiveAircraft", aircraft_id=await done("addAircraft", {"registration": f"{MARK}-old"}))
    await done("archivePart", part_id=await done("definePart", {"part_number": f"{MARK}-OLD"}))
    program = await done("writeProgram", {**CASES["writeProgram"].body, "name": f"{MARK} old"})
    await done("linkAircraft", {}, program_id=program, aircraft_id=ids["aircraft"])
    await done("endLink", program_id=program, aircraft_id=ids["aircraft"])
    await done("archiveProgram", program_id=program)
    await done("deactivateUser", user_id=ids["leaver"])
    await done(
        "revokeApiKey", key_id=await done("createApiKey", {"name": f"{MARK} old", "permissions": ["aircraft:read"]})
    )
    hook = {"url": f"https://{MARK.lower()}.example/old", "events": ["*"], "description": f"{MARK} old"}
    await done("archiveWebhook", webhook_id=await done("createWebhook", hook))
    bad = {"part_id": ids["part"], "location": f"{MARK} Q", "quantity_on_hand": 3, "reason": f"{MARK} delivery"}
    stock = await done("receiveStock", {**bad, "expiry_date": "2027-01-15"})
    await done("changeStock", {"action": "quarantine", "reason": f"{MARK} leak"}, inventory_id=stock)


def strange_filters() -> Iterator[Probe]:
    """Yield for every list its filters by text, each with the stranger's value."""
    for name, filters in FILTERS.items():
        for filter, value in filters.items():
            theirs = re.sub("demo", MARK, value, flags=re.IGNORECASE).replace(f"{MARK}.local", f"{MARK}.example")
            if theirs != value:
                yield Probe(case=CASES[name], query={filter: theirs})


def reads() -> Iterator[Probe]:
    """Yield all there is to read at home: every list in all its orders, by each of its filters and by all of them."""
    for case in ASKED:
        if case.endpoint.method == "GET":
            yield Probe(case=case)
    for case in CASES.values():
        filters = FILTERS.get(case.name, {})
        for sort in case.endpoint.listing.sorts if case.endpoint.listing else ():
            for query in ({}, filters, *({name: value} for name, value in filters.items())):
                yield Probe(case=evolve(case, query=query), query={"sort": sort})
    for name, query in _TIMES.items():
        yield Probe(case=CASES[name], query=query)


def after_others(name: str, foreign: Sequence[str]) -> Iterator[Probe]:
    """Yield requests for the pages of a list that follow something foreign, in all its orders."""
    listing = CASES[name].endpoint.listing
    for sort, id in product(listing.sorts if listing else (), foreign):
        yield Probe(case=CASES[name], query={"sort": sort}, after=id)


def as_read(reply: Reply, ids: Mapping[str, str]) -> Any:
    """Return an answer so that it is the same in every world: ids by what they are of, or by where they first stand."""
    names = {id: f"<{name}>" for name, id in ids.items()}

    def name_of(found: "re.Match[str]") -> str:
        return names.setdefault(found[0], f"<{len(names)}>")

    kind = reply.headers["Content-Type"].partition(";")[0]
    documents = [reply.json] if kind == "application/json" else reply.body.decode().splitlines()
    if kind == "application/x-ndjson":
        documents = [json.loads(line) for line in documents]
    # In one order of names: databases keep their own.
    text = json.dumps(documents, sort_keys=True, ensure_ascii=False)
    text = _CURSOR.sub("<cursor>", _HINT.sub("<hint>", text))
    return reply.status, kind, json.loads(_ID.sub(name_of, text))
