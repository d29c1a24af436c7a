"""The API keeps organizations apart over PostgreSQL: with both walls, and with either of them alone."""

import random
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol
from uuid import UUID

import pytest
from attrs import evolve, frozen
from tests.entrypoints.http.calling import Api, calling
from tests.entrypoints.http.cases import CASES
from tests.entrypoints.http.world import MARK, PASSWORD, a_world
from tests.system.probing import (
    Probe,
    Watch,
    after_others,
    as_read,
    at_random,
    go_on,
    one_foreign_at_a_time,
    reads,
    status_of,
    statuses_of,
    strange_filters,
)
from tests.system.walls import Database, Walls, look, rows_of, walled, without_predicates

from amss_adapters.postgres.statements import ACROSS, FEATURES, statements
from amss_adapters.postgres.task_pages import PAGES
from amss_adapters.security import BcryptPasswords, SigningKey
from amss_domain.access.model import Role

STANDING: Final = (Walls.BOTH, Walls.PREDICATES, Walls.POLICIES)
PAIRS: Final = 800
"""How many requests at random each set-up is sent, most of them with foreign ids and again with ids of nobody."""

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Databases(Protocol):
    """Makes databases."""

    def migrated(self) -> Database: ...


@frozen(eq=False)
class Scene:
    """The API behind some walls, watched, with a stranger who has everything."""

    database: Database
    api: Api
    watch: Watch

    def rows(self) -> dict[str, dict[str, list[str]]]:
        """Return every row of both organizations, by the mark of each."""
        world = self.api.world
        return {mark: rows_of(self.database, one.tenant.id) for mark, one in (("Demo", world.home), (MARK, world.away))}

    async def use_a_key(self) -> None:
        """Have the stranger use an idempotency key for a command that is sent at home too."""
        token = self.api.world.token(Role.ADMIN, self.api.world.away)
        reply = await self.api.run(CASES["definePart"], token=token, headers={"Idempotency-Key": "theirs"})
        assert reply.status == 201


Set = Callable[[Walls], AbstractAsyncContextManager[Scene]]


@pytest.fixture(scope="module")
def signing_key() -> SigningKey:
    """The key that access tokens are signed with."""
    return SigningKey.generate()


@pytest.fixture(scope="module")
def passwords() -> Iterator[BcryptPasswords]:
    """Hashes passwords, as cheaply as bcrypt can."""
    hasher = BcryptPasswords(cost=4)
    yield hasher
    hasher.close()


@pytest.fixture
def scene(databases: Databases, signing_key: SigningKey, passwords: BcryptPasswords) -> Set:
    """Sets a scene in a database of its own."""

    @asynccontextmanager
    async def scene(walls: Walls) -> AsyncIterator[Scene]:
        database = databases.migrated()
        async with (
            walled(database, walls, key=signing_key, passwords=passwords) as world,
            calling(world) as api,
        ):
            away = world.away
            if walls is not Walls.NONE:
                await go_on(api)
            secrets = [away.ids[one].lower() for one in ("key_text", "refresh_token", "reset_token", "webhook_secret")]
            yield Scene(database, api, Watch(api, foreign_ids(database, world.home.tenant.id, away.tenant.id), secrets))

    return scene


def foreign_ids(database: Database, ours: object, theirs: object) -> dict[str, str]:
    """Return every id in a row of theirs that is in none of ours, with the nearest that is in neither."""
    own, foreign = (set(_ID.findall(str(rows_of(database, one)))) for one in (ours, theirs))

    def beside(id: str) -> str:
        number = UUID(id).int
        return next(one for n in range(1, 99) if (one := str(UUID(int=number ^ n))) not in own | foreign)

    return {id: beside(id) for id in foreign - own}


every_set_up = pytest.mark.parametrize("walls", STANDING, ids=lambda walls: walls.name.lower())


@every_set_up
async def test_what_is_foreign_is_not_there(walls: Walls, scene: Set) -> None:
    """Each id of a request, in path, query and body, is foreign in its turn: the answer is as if nobody had it.

    Nothing of the stranger is in it, whatever version is asked for, and not a row is changed, here or there.
    """
    async with scene(walls) as stage:
        watch, before = stage.watch, stage.rows()
        for probe in one_foreign_at_a_time(stage.api.world.away.ids):
            watch.hold(probe, await watch.ask_twice(probe), {status_of(probe, watch.foreign)})
        after = stage.rows()

    assert watch.found == []
    assert before == after


@every_set_up
async def test_at_random_nothing_foreign_is_reached(walls: Walls, scene: Set) -> None:
    """Of thousands of requests that mix ids, cursors, versions and keys, none tells or changes what is foreign."""
    chance = random.Random(f"{walls}")
    async with scene(walls) as stage:
        watch, away = stage.watch, stage.api.world.away
        await stage.use_a_key()
        before = await away.snapshot(), stage.rows()[MARK]
        for _ in range(PAIRS):
            probe = at_random(chance, watch.foreign, away.ids)
            if probe.places(watch.foreign):
                watch.hold(probe, await watch.ask_twice(probe), statuses_of(probe, watch.foreign))
            elif probe.after is not None:
                await watch.ask_twice(probe)
            else:
                await watch.ask(probe)
        after = await away.snapshot(), stage.rows()[MARK]

    assert watch.found == []
    assert before == after
    assert {200, 201, 204, 403, 404, 409, 412, 422} <= watch.statuses.keys()


@every_set_up
async def test_cursors_of_others_lead_nowhere(walls: Walls, scene: Set) -> None:
    """After something foreign comes what would come after an id that nobody has, in every order of every list."""
    async with scene(walls) as stage:
        watch, away = stage.watch, stage.api.world.away
        token = stage.api.world.token(Role.ADMIN, away)
        for case in CASES.values():
            if case.endpoint.listing is not None:
                theirs = await stage.api.get(case.filled(away.ids).target(), token=token, query={"limit": 3})
                assert theirs.json["items"] != []
                for probe in after_others(case.name, sorted(watch.foreign.keys() & set(_ID.findall(str(theirs.json))))):
                    await watch.ask_twice(probe)

    assert watch.found == []
    assert watch.statuses.keys() == {200}


@every_set_up
async def test_names_of_others_are_free(walls: Walls, scene: Set) -> None:
    """What the stranger has can be had at home too: nobody learns from a conflict that somebody else has it."""
    theirs = {
        "addAircraft": {"registration": f"{MARK}-1"},
        "definePart": {"part_number": f"{MARK}-FILTER"},
        "writeProgram": {**CASES["writeProgram"].body, "name": f"{MARK} 100 h"},
        "createUser": {**CASES["createUser"].body, "email": "planner@xanadu.example"},
        "changeAircraft": {"registration": f"{MARK}-2"},
        "changePart": {"part_number": f"{MARK}-LOOSE"},
        "changeProgram": {"name": f"{MARK} 50 h"},
        "changeUser": {"email": "viewer@xanadu.example"},
        "recordUsage": {**CASES["recordUsage"].body, "external_id": f"{MARK}-flight-1"},
        "receiveStock": {**CASES["receiveStock"].body, "location": f"{MARK} A-1", "lot": f"{MARK} L1"},
    }
    async with scene(walls) as stage:
        await stage.use_a_key()
        before = stage.rows()[MARK]
        replies = {
            name: await stage.api.run(evolve(CASES[name], body=body), headers={"Idempotency-Key": "theirs"})
            for name, body in theirs.items()
        }
        after = stage.rows()[MARK]

    assert {name: str(one) for name, one in replies.items() if one.status != CASES[name].endpoint.status} == {}
    assert [name for name, reply in replies.items() if "Idempotent-Replayed" in reply.headers] == []
    assert before == after


@every_set_up
async def test_names_of_others_find_nothing(walls: Walls, scene: Set) -> None:
    """Filters by a text that only the stranger has anything of give empty pages."""
    async with scene(walls) as stage:
        watch = stage.watch
        for probe in strange_filters():
            watch.hold(probe, await watch.ask(probe), {200})

    assert watch.found == []


@every_set_up
async def test_what_is_for_all_is_for_all_of_ours(walls: Walls, scene: Set) -> None:
    """A program for every aircraft, or every one of a model that others have too, is linked to ours alone."""
    terms = CASES["writeProgram"].body
    ours = {"registration": "Demo-3", "model": f"{MARK} 172"}
    async with scene(walls) as stage:
        before = stage.rows()[MARK]
        made = [
            await stage.api.post("/aircraft", ours),
            await stage.api.post("/programs", {**terms, "name": "all", "applies_to": "all"}),
            await stage.api.post("/programs", {**terms, "name": "some", "applies_to": "model", "model": f"{MARK} 172"}),
            await stage.api.post("/aircraft", {**ours, "registration": "Demo-4"}),
        ]
        world = stage.api.world
        await world.services.generate_due_tasks()(world.home.tenant.actor)
        linked = [len(await stage.api.walk(f"/programs/{made[one].json['id']}/aircraft")) for one in (1, 2)]
        after = stage.rows()[MARK]

    assert [reply.status for reply in made] == [201] * 4
    assert linked == [4, 2]
    assert before == after


@every_set_up
async def test_nobody_gets_in_by_another_organization(walls: Walls, scene: Set) -> None:
    """Who has a password of the one is not let into the other, neither by slug nor by id."""
    async with scene(walls) as stage:
        home, away = stage.api.world.home, stage.api.world.away
        before = stage.rows()[MARK]
        replies = [
            await stage.api.post("/auth/login", {"org_id": where, "email": who.email, "password": PASSWORD}, by=None)
            for inside, outside in ((home, away), (away, home))
            for where in (inside.organization.slug, inside.ids["org"])
            for who in (outside.users[Role.ADMIN],)
        ]
        after = stage.rows()[MARK]

    assert [(reply.status, reply.code) for reply in replies] == [(401, "bad_credentials")] * 4
    assert before["users"] == after["users"]
    assert before["sessions"] == after["sessions"]


@every_set_up
async def test_what_is_ours_is_the_same_whatever_stands(
    walls: Walls, scene: Set, signing_key: SigningKey, passwords: BcryptPasswords
) -> None:
    """Every list, count and figure at home is what the memory backend says, where nobody shares a table."""
    async with calling(await a_world(key=signing_key, passwords=passwords)) as kept, scene(walls) as stage:
        wrong = []
        for probe in reads():
            expected, actual = [
                as_read(await api.ask("GET", one.target(), query=one.query, headers=_SAME), api.ids)
                for api in (kept, stage.api)
                for one in (probe.filled(api.ids),)
            ]
            if expected != actual:
                wrong.append((probe.case.name, probe.query, expected, actual))

    assert wrong == []


_SAME: Final = {"X-Request-ID": "the-same"}


async def test_without_any_wall_everything_shows(
    scene: Set, signing_key: SigningKey, passwords: BcryptPasswords
) -> None:
    """Once both walls are down whatever is read shows what is foreign: the tests above would notice."""
    reading = {case.name for case in CASES.values() if case.endpoint.method == "GET"}
    async with (
        calling(await a_world(key=signing_key, passwords=passwords)) as kept,
        scene(Walls.NONE) as stage,
    ):
        watch = stage.watch
        for probe in one_foreign_at_a_time(stage.api.world.away.ids):
            if probe.case.name in reading:
                watch.hold(probe, await watch.ask_twice(probe), {status_of(probe, watch.foreign)})
        for name in reading:
            await watch.ask(Probe(case=CASES[name]))
        kept_apart, summary = [as_read(await api.get("/reports/summary"), api.ids) for api in (kept, stage.api)]

    # Who one is stands in the credentials, an organization is asked for by its id, and the rest is the same for all.
    knowing = {"whoAmI", "listOrganizations", "getOrganization", "getPolicy"}
    knowing |= {"listRoles", "listEventTypes", "getImportTemplate"}
    assert reading - {case.name for case in watch.guilty} == {*knowing, "getSummary"}
    assert kept_apart != summary


_WITHIN: Final = tuple(name for name in FEATURES if name not in ACROSS)
_ALL: Final = (*(one for feature in _WITHIN for one in statements(feature).values()), *PAGES.values())


def test_no_predicate_is_left_where_they_are_taken_out() -> None:
    """Whatever does not just insert names no organization any more; the session and the directory never did.

    What workers do for every organization goes without, and is not served.
    """
    rewritten = {one.prepared_as.decode(): without_predicates(one.text) for one in _ALL}

    same = {one.prepared_as.decode() for one in _ALL if rewritten[one.prepared_as.decode()] == one.text}
    assert {name for name in same if not re.search(r"\.\w+_insert$|^session\.|^access\.organization_", name)} == {
        "answers.answer_keep"
    }
    assert [text for text in rewritten.values() if re.search(r"org_id = \$1\b|\bid = \$1\b", text)] == []


async def test_a_statement_without_its_predicate_finds_foreign_rows(scene: Set) -> None:
    """For a role that row-level security does not bind; for the application's role it finds nothing."""
    statement = statements("fleet")["aircraft_get"].text
    bare = without_predicates(statement)
    async with scene(Walls.BOTH) as stage:
        world, database = stage.api.world, stage.database
        ours, foreign = world.home.tenant.id, world.away.ids["aircraft"]
        kept_by_the_predicate = look(database, "amss_admin", statement, ours, foreign)
        in_the_open = look(database, "amss_admin", bare, ours, foreign)
        kept_by_the_policy = look(database, "amss_app", bare, ours, foreign, org_id=ours)

    assert [foreign] == [str(row[0]) for row in in_the_open]
    assert (kept_by_the_predicate, kept_by_the_policy) == ([], [])
