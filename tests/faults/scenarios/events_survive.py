"""Workers, Valkey and PostgreSQL are killed while events come: each arrives everywhere, under one name and in order."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from random import Random
from typing import TypeAlias, TypeVar
from uuid import uuid4

from aiohttp import web
from attrs import define, field, frozen
from tests.faults.installation import Installation, Postgres, Valkey, Working, eventually

from amss_domain.fleet.aircraft import AircraftChanges
from amss_domain.scheduling.task import Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.errors import StaleVersion, Unavailable
from amss_domain.shared.ids import AircraftId, OrgId
from amss_domain.shared.units import CYCLES, HOURS
from amss_domain.webhooks.webhook import ALL_EVENTS, Target
from amss_entrypoints.container import Container, open_api

_ORGANIZATIONS, _AIRCRAFT = 3, 6
_WANTED = ("aircraft.usage_recorded", "aircraft.updated", "task.created", "task.started", "task.completed")
# Of every hundred requests: an order that holds is one that holds when something goes wrong.
_REFUSED_PERCENT = 2
_KILLED_UP_TO = 1.6
"""The last is killed when so much is done, counting each event as it is written and as each webhook takes it."""

_BACK_WITHIN_S = 60.0
_STUCK_AFTER_S = 150.0

T = TypeVar("T")

Hook: TypeAlias = str
"""How a webhook is called in the path of its URL: the organization's slug, and whether it is ordered."""


@define
class _Receiver:
    """Takes what is delivered, refuses some of it, and keeps what came first and what came again."""

    chance: Random
    first: dict[tuple[Hook, str], bytes] = field(factory=dict)
    order: defaultdict[Hook, list[str]] = field(factory=lambda: defaultdict(list))
    again: Counter[tuple[Hook, str]] = field(factory=Counter)
    taken: set[tuple[Hook, str]] = field(factory=set)
    refused: int = 0

    async def take(self, request: web.Request) -> web.Response:
        """Answer one delivery; one that is not what it was before fails the test."""
        hook, id = request.match_info["hook"], request.headers["webhook-id"]
        body = await request.read()
        if (hook, id) in self.first:
            self.again[hook, id] += 1
            assert body == self.first[hook, id], f"{id} came with another body"
        else:
            assert json.loads(body)["id"] == id
            self.first[hook, id] = body
            self.order[hook].append(id)
        if self.chance.randrange(100) < _REFUSED_PERCENT:
            self.refused += 1
            return web.Response(status=500)
        self.taken.add((hook, id))
        return web.Response(status=204)


@asynccontextmanager
async def _receiving(chance: Random) -> AsyncIterator[tuple[_Receiver, str]]:
    """Yield a receiver that listens, and its URL."""
    receiver = _Receiver(chance)
    app = web.Application()
    app.router.add_post("/{hook}", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield receiver, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@frozen
class _Tenant:
    """An organization that has webhooks, and the aircraft that all writers share."""

    actor: Actor
    aircraft: tuple[AircraftId, ...]


async def _founded(services: Container, url: str) -> _Tenant:
    """Return a new organization with an ordered webhook for some types and another one for all."""
    slug = f"events-{uuid4().hex[:8]}"
    founder = system_actor(OrgId(uuid4()), "faults")
    organization = await services.create_organization()(founder, name=slug, slug=slug)
    actor = system_actor(organization.id, "faults")
    create = services.create_webhook()
    await create(actor, Target(url=f"{url}/{slug}-ordered", events=_WANTED, ordered=True))
    await create(actor, Target(url=f"{url}/{slug}-any", events=(ALL_EVENTS,)))
    aircraft = [
        await services.add_aircraft()(actor, registration=f"E-{number}", totals={HOURS: Decimal(0)})
        for number in range(_AIRCRAFT)
    ]
    return _Tenant(actor, tuple(one.id for one in aircraft))


@define
class _Writers:
    """Write until there are so many events; each of them several of one object, and all of them of shared ones."""

    services: Container
    tenants: Sequence[_Tenant]
    events: int
    written: int = 0
    unanswered: int = 0

    async def run(self, chance: Random) -> None:
        """Write, whatever is away meanwhile."""
        while self.written < self.events:
            tenant = chance.choice(self.tenants)
            aircraft = chance.choice(tenant.aircraft)
            try:
                if chance.random() < 0.4:
                    await self._see_through(tenant.actor, aircraft)
                else:
                    await self._fly(tenant.actor, aircraft)
            except (Unavailable, StaleVersion):
                # What became of it nobody knows: the outbox will tell.
                self.unanswered += 1
                await asyncio.sleep(0.1)

    async def _fly(self, actor: Actor, aircraft: AircraftId) -> None:
        amounts = {HOURS: Decimal("0.1"), CYCLES: Decimal(1)}
        await self._one(self.services.record_usage()(actor, aircraft, amounts))
        if self.written % 3 == 0:
            changes = AircraftChanges(model=f"Model {uuid4().hex}")
            await self._one(self.services.change_aircraft()(actor, aircraft, changes))

    async def _see_through(self, actor: Actor, aircraft: AircraftId) -> None:
        work = Work(title=f"Task {uuid4().hex}")
        task = (await self._one(self.services.plan_task()(actor, aircraft, work))).id
        await self._one(self.services.add_note()(actor, task, "seen"))
        await self._one(self.services.start_task()(actor, task))
        await self._one(self.services.complete_task()(actor, task, Report()))

    async def _one(self, change: Awaitable[T]) -> T:
        changed = await change
        self.written += 1
        return changed


@frozen(kw_only=True)
class Kills:
    """How often each is killed."""

    workers: int
    valkey: int
    postgres: int

    def shuffled(self, chance: Random) -> list[str]:
        """Return all of them in some order."""
        names = ["worker"] * self.workers + ["valkey"] * self.valkey + ["postgres"] * self.postgres
        chance.shuffle(names)
        return names


@define
class _Killer:
    """Kills one after the other, and has each come back as whoever supervises it would."""

    installation: Installation
    chance: Random
    workers: list[Working] = field(factory=list)
    started: int = 0

    async def start(self) -> None:
        """Start two workers."""
        self.workers = [await asyncio.to_thread(self._one_more) for _ in range(2)]

    async def kill(self, name: str) -> None:
        """Kill one of them; return when it is back."""
        match name:
            case "worker":
                await asyncio.to_thread(self._replace, self.chance.randrange(len(self.workers)))
            case "valkey":
                await _come_back(self.installation.valkey)
            case _:
                await _come_back(self.installation.postgres)

    async def kill_all(self) -> None:
        """Kill the workers and Valkey, and have the workers come back an hour later."""
        for working in self.workers:
            working.kill()
        await _come_back(self.installation.valkey)
        await asyncio.to_thread(self.installation.postgres.an_hour_passes)
        await self.start()

    def end(self) -> None:
        """End the workers in order. None of all there were has met anything that it did not expect."""
        assert [working.end() for working in self.workers] == [0] * len(self.workers)
        for working in self.installation.working:
            errors = [line for line in working.said().splitlines() if '"level": "error"' in line or "Traceback" in line]
            assert not errors, errors[:3]

    def _replace(self, which: int) -> None:
        # At any instant, and not when whoever counts deliveries has just had one.
        time.sleep(self.chance.uniform(0, 0.5))
        self.workers[which].kill()
        time.sleep(self.chance.uniform(0, 0.5))
        self.workers[which] = self._one_more()

    def _one_more(self) -> Working:
        # Each has a name of its own, as those have that are named after their process.
        self.started += 1
        return self.installation.work(f"worker-{self.started}")


async def _come_back(server: Postgres | Valkey) -> None:
    """Kill a server, and return when another process of it answers."""
    pid = server.pid()
    server.kill()

    def is_another() -> bool:
        with suppress(OSError, IndexError):
            return server.pid() != pid and server.answers()
        return False

    assert await asyncio.to_thread(eventually, is_another, within_s=_BACK_WITHIN_S)


async def events_survive(
    installation: Installation, *, events: int, writers: int, kills: Kills, seed: int, patient: bool
) -> str:
    """Kill whatever takes part while so many events are written and delivered; return the figures.

    Unless `patient`, an hour passes at once in the end: claims of the killed run out, and what was lost is told again.
    """
    postgres, chance = installation.postgres, Random(seed)
    killer = _Killer(installation, chance)
    async with _receiving(Random(seed)) as (receiver, url), open_api(installation.settings()) as services:
        tenants = [await _founded(services, url) for _ in range(_ORGANIZATIONS)]
        await killer.start()
        load = _Writers(services, tenants, events)
        began = time.monotonic()
        writing = [asyncio.create_task(load.run(Random(f"{seed}/{one}"))) for one in range(writers)]
        todo = kills.shuffled(chance)
        for number, name in enumerate(todo):
            # By what is done and not by the clock: the last are killed when hardly anybody writes any more.
            await _reached(load, receiver, _KILLED_UP_TO * events * (number + chance.random()) / len(todo))
            await killer.kill(name)
        await asyncio.gather(*writing)
        if not patient:
            await killer.kill_all()
        expected = await asyncio.to_thread(_expected, postgres, url)
        await _reached(load, receiver, load.written + len(expected))
        took_s = time.monotonic() - began
        assert await asyncio.to_thread(eventually, lambda: not _unsettled(postgres)), _unsettled(postgres)
        killer.end()
    _assert_all_came(receiver, expected)
    _assert_each_once(postgres, url, expected)
    assert len({id for _, id in expected}) >= load.written >= events
    killed = ", ".join(f"{count} x {name}" for name, count in sorted(Counter(todo).items()))
    return (
        f"seed {seed}: {len({id for _, id in expected})} events, {len(expected)} deliveries within {took_s:.0f} s, "
        f"killed {killed}; {receiver.refused} requests refused, {receiver.again.total()} repeated, "
        f"{load.unanswered} changes without an answer"
    )


async def _reached(load: _Writers, receiver: _Receiver, place: float) -> None:
    """Wait until so much was written and delivered; fail when nothing moves any more."""
    done, moved_at = -1, time.monotonic()
    while (now := load.written + len(receiver.taken)) < place:
        if now > done:
            done, moved_at = now, time.monotonic()
        assert time.monotonic() - moved_at < _STUCK_AFTER_S, f"stuck at {done} of {place:.0f}"
        await asyncio.sleep(0.02)


# To whom each event goes, and where it stands in the order of its object.
_EXPECTED = """
SELECT substr(w.url, length(%(url)s) + 1), o.id, o.aggregate_id, o.seq, w.ordered
FROM webhooks AS w
JOIN outbox AS o ON o.org_id = w.org_id AND o.created_at >= w.created_at AND (w.events && ARRAY['*', o.event_type])
WHERE starts_with(w.url, %(url)s)
"""

# What is still under way anywhere.
_UNSETTLED = """
SELECT what, count FROM (
    SELECT 'not published', count(*) FROM outbox WHERE published_at IS NULL
    UNION ALL SELECT 'not told', count(*) FROM outbox WHERE fanned_out_at IS NULL
    UNION ALL SELECT 'pending', count(*) FROM webhook_deliveries WHERE status = 'pending'
    UNION ALL SELECT 'claims', count(*) FROM webhook_claims
    UNION ALL SELECT 'inbox', count(*) FROM inbox
) AS found (what, count)
WHERE count > 0
"""

_DELIVERIES = """
SELECT substr(w.url, length(%(url)s) + 1), d.event_id, d.status, d.response_status, d.held
FROM webhook_deliveries AS d
JOIN webhooks AS w ON w.org_id = d.org_id AND w.id = d.webhook_id
WHERE starts_with(w.url, %(url)s)
"""


@frozen
class _Place:
    """Where an event stands; `aggregate` is None where no order is promised."""

    aggregate: str | None
    seq: int


def _expected(postgres: Postgres, url: str) -> dict[tuple[Hook, str], _Place]:
    """Return what every webhook below the URL is to get, by the outbox itself."""
    return {
        (str(hook), str(id)): _Place(str(aggregate) if ordered else None, int(str(seq)))
        for hook, id, aggregate, seq, ordered in postgres.rows(_EXPECTED, {"url": f"{url}/"})
    }


def _unsettled(postgres: Postgres) -> list[tuple[object, ...]]:
    return postgres.rows(_UNSETTLED)


def _assert_all_came(receiver: _Receiver, expected: Mapping[tuple[Hook, str], _Place]) -> None:
    """Assert that each webhook got what it wants and nothing else, and in order where that is promised."""
    assert receiver.taken == set(receiver.first) == set(expected)
    for hook, ids in receiver.order.items():
        last: dict[str, int] = {}
        for id in ids:
            place = expected[hook, id]
            if place.aggregate is not None:
                assert place.seq > last.get(place.aggregate, 0), f"{id} came to {hook} after a later one"
                last[place.aggregate] = place.seq


def _assert_each_once(postgres: Postgres, url: str, expected: Mapping[tuple[Hook, str], _Place]) -> None:
    """Assert that the table has one delivery of each event to each webhook, and that all of them succeeded."""
    found = [(str(hook), str(id), *rest) for hook, id, *rest in postgres.rows(_DELIVERIES, {"url": f"{url}/"})]
    assert Counter((hook, id) for hook, id, *_ in found) == dict.fromkeys(expected, 1)
    assert {tuple(rest) for _, _, *rest in found} == {("success", 204, False)}
    assert postgres.count("SELECT count(*) FROM dead_letters") == 0
