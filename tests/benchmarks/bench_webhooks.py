"""How soon webhooks get what was committed, how many a worker sends, and what receivers that hang or fail do to others.

Run it as `nox -s bench -- webhooks`, or `python -m tests.benchmarks.bench_webhooks`, with --json for machines. Events
are committed by this process, sent by one worker process, and noted by a receiver in a third.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from itertools import count, cycle
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

import psycopg
from attrs import define, field, frozen
from tests.benchmarks.installation import Installation, cpu_s, cpu_with_children_s, installed, working
from tests.benchmarks.load import percentile
from tests.benchmarks.receiver import Arrival, Receiver, receiving

from amss_domain.access.model import Policy
from amss_domain.relay.model import DELIVERIES
from amss_domain.scheduling.task import Work
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.ids import AircraftId, OrgId, WebhookId
from amss_domain.shared.units import HOURS
from amss_domain.webhooks.changes import WebhookChanges
from amss_domain.webhooks.rules import MAX_WEBHOOKS
from amss_domain.webhooks.webhook import Target
from amss_entrypoints.container import Container, open_api
from amss_entrypoints.logs import set_up_logs

ENDPOINTS: Final = 100
HANGING: Final = 10
FAILING: Final = 10
_GOOD: Final = ENDPOINTS - HANGING - FAILING
_KINDS: Final = ("hang",) * HANGING + ("fail",) * FAILING + ("ok",) * _GOOD
_MODERATE: Final = 5
_EVENT: Final = "task.created"
_WORK: Final = Work(title="Replace the left main tyre", description="Worn to the first groove.")
_DUE: Final = {HOURS: Decimal(2500)}
_AT_ONCE: Final = 16
_PATIENCE_S: Final = 120.0
_CHANCE: Final = Random(5)
_UNDER_WAY: Final = """
    SELECT
        EXISTS (SELECT FROM outbox WHERE fanned_out_at IS NULL)
        OR EXISTS (SELECT FROM webhook_claims WHERE claimed_until > now())
"""


@frozen(kw_only=True)
class Endpoint:
    """A webhook and its organization; `path` is where it goes."""

    actor: Actor
    id: WebhookId
    path: str

    @property
    def is_good(self) -> bool:
        """Whether it answers as it should."""
        return self.path.startswith("/ok/")


@frozen(kw_only=True)
class Scene:
    """Organizations with endpoints, and an aircraft each that things happen to."""

    services: Container
    places: Sequence[tuple[Actor, AircraftId]]
    endpoints: Sequence[Endpoint]

    async def happen(self, place: tuple[Actor, AircraftId]) -> tuple[str, float]:
        """Commit an event; return the id of its task, and the reading of `time.monotonic` right after."""
        task = await self.services.plan_task()(*place, _WORK, due=_DUE)
        return str(task.id), time.monotonic()

    async def happen_often(self, times: int) -> None:
        """Commit so many events for each organization."""
        places = iter([place for _ in range(times) for place in self.places])

        async def work() -> None:
            for place in places:
                await self.happen(place)

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))

    async def happen_at(self, rate: float, seconds: float) -> dict[str, float]:
        """Commit so many events a second at random instants; return when each was, by the id of its task."""
        committing: list[asyncio.Task[tuple[str, float]]] = []
        began = due = time.monotonic()
        for place in cycle(self.places):
            due += _CHANCE.expovariate(rate)
            if due > began + seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            committing.append(asyncio.create_task(self.happen(place)))
        return dict(await asyncio.gather(*committing))

    async def turn(self, *, active: bool, which: Callable[[Endpoint], bool] = lambda _: True) -> None:
        """Pause endpoints, or resume them."""
        for one in filter(which, self.endpoints):
            await self.services.change_webhook()(one.actor, one.id, WebhookChanges(active=active))
        self.services.waking().wake(DELIVERIES)


@define
class Scenes:
    """Makes organizations with fresh endpoints, whose paths are nobody else's."""

    services: Container
    base: str
    _numbers: Iterator[int] = field(factory=count)

    async def make(self, *kinds: str, active: bool = True) -> Scene:
        """Make an endpoint of each kind, spread evenly over as few organizations as may have so many."""
        places = [await self._place() for _ in range(-(-len(kinds) // MAX_WEBHOOKS))]
        endpoints = []
        for kind, (actor, _) in zip(kinds, cycle(places), strict=False):
            path = f"/{kind}/{next(self._numbers)}"
            target = Target(url=f"{self.base}{path}", events=(_EVENT,))
            made = await self.services.create_webhook()(actor, target, active=active)
            endpoints.append(Endpoint(actor=actor, id=made.webhook.id, path=path))
        return Scene(services=self.services, places=places, endpoints=endpoints)

    async def _place(self) -> tuple[Actor, AircraftId]:
        name = f"Bench {next(self._numbers)}"
        founder = system_actor(OrgId(self.services.ids().new()), "bench")
        organization = await self.services.create_organization()(founder, name=name, policy=Policy())
        actor = system_actor(organization.id, "bench")
        added = await self.services.add_aircraft()(actor, registration="D-BNCH", totals={HOURS: Decimal(100)})
        return actor, added.id


@define
class Arrivals:
    """What arrives at a receiver from now on."""

    receiver: Receiver
    _good: list[Arrival] = field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self.receiver.take()

    async def until(self, count: int) -> list[Arrival]:
        """Wait for so many at endpoints that answer as they should, and return them. Raises TimeoutError."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                self._good += (one for one in self.receiver.take() if one.path.startswith("/ok/"))
                if len(self._good) >= count:
                    return self._good
                await asyncio.sleep(0.1)


@define(eq=False)
class Bench:
    """One installation with a receiver and a worker, whose process is `worker`."""

    installation: Installation
    scenes: Scenes
    receiver: Receiver
    worker: int
    values: dict[str, list[float]] = field(factory=lambda: defaultdict(list))

    def add(self, name: str, value: float | None) -> None:
        """Note a value of a round, if there is one."""
        if value is not None:
            self.values[name].append(value)

    def middle(self, name: str) -> float | None:
        """Return the median of the rounds."""
        return median(self.values[name]) if self.values[name] else None

    def share(self, name: str, of: str) -> float | None:
        """Return the median of the rounds' shares: what is done one after the other had the same machine."""
        pairs = list(zip(self.values[name], self.values[of], strict=True))
        return median(one / other for one, other in pairs) if pairs else None

    async def at_rest(self, seconds: float) -> None:
        """Measure what there being a worker takes while there is nothing to do, in percent of a core."""
        await asyncio.sleep(3)
        before, began = self._cpu(), time.monotonic()
        await asyncio.sleep(seconds)
        self._add_cpu("rest", before, 100 / (time.monotonic() - began))

    async def one_by_one(self, events: int) -> None:
        """Measure how soon an event is received while nothing else happens."""
        scene, arrivals = await self.scenes.make("ok"), Arrivals(self.receiver)
        committed: dict[str, float] = {}
        for _ in range(events):
            await asyncio.sleep(_CHANCE.uniform(0.05, 0.15))
            committed.update([await scene.happen(scene.places[0])])
        self._add_latencies("idle", committed, await arrivals.until(events))
        await scene.turn(active=False)

    async def all_the_way(self, events: int) -> None:
        """Measure how many events a second come from the outbox to one endpoint, when many were committed before."""
        scene, arrivals = await self.scenes.make("ok"), Arrivals(self.receiver)
        await self._come_to_rest()
        os.kill(self.worker, signal.SIGSTOP)
        try:
            await scene.happen_often(events)
        finally:
            os.kill(self.worker, signal.SIGCONT)
        before = self._cpu()
        good = await arrivals.until(events)
        await self._come_to_rest()
        self._add_rate("way", good)
        self._add_cpu("way", before, 1e6 / events)
        await scene.turn(active=False)

    async def drain(self, name: str, events: int, *, with_bad: bool) -> None:
        """Measure how fast what waits for the endpoints that answer is sent, while others hang and fail or are paused.

        All were paused before, so that all of it is there at once.
        """
        scene, arrivals = await self.scenes.make(*_KINDS, active=False), Arrivals(self.receiver)
        await scene.happen_often(events)
        await self._come_to_rest()
        if with_bad:
            await scene.turn(active=True, which=lambda one: not one.is_good)
            await asyncio.sleep(1.0)
        before = self._cpu()
        await scene.turn(active=True, which=lambda one: one.is_good)
        good = await arrivals.until(events * _GOOD)
        self._add_rate(name, good)
        self._add_cpu(name, before, 1e6 / len(good))
        await scene.turn(active=False)

    async def moderately(self, name: str, seconds: float, *, with_bad: bool) -> None:
        """Measure how soon events are received by the endpoints that answer, at a fifth of what could be sent."""
        scene, arrivals = await self.scenes.make(*_KINDS, active=False), Arrivals(self.receiver)
        await scene.turn(active=True, which=lambda one: with_bad or one.is_good)
        rate = (self.middle("without rate") or 0.0) / _MODERATE / (_GOOD / len(scene.places))
        committed = await scene.happen_at(rate, seconds)
        good = await arrivals.until(len(committed) * _GOOD // len(scene.places))
        self._add_latencies(name, committed, good)
        self.add(f"{name} rate", len(good) / seconds)
        await scene.turn(active=False)

    async def _come_to_rest(self) -> None:
        """Wait until everybody has been told of everything, and everything that is under way is settled."""
        url = self.installation.settings.db_worker_url or ""
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    row = await (await connection.execute(_UNDER_WAY)).fetchone()
                    if row == (False,):
                        return
                    await asyncio.sleep(0.1)

    def _cpu(self) -> tuple[float | None, float | None]:
        return cpu_s([self.worker]), cpu_with_children_s(self.installation.postmaster)

    def _add_cpu(self, name: str, before: tuple[float | None, float | None], scale: float) -> None:
        for what, start, end in zip(("worker", "database"), before, self._cpu(), strict=True):
            if start is not None and end is not None:
                self.add(f"{name} {what}", (end - start) * scale)

    def _add_rate(self, name: str, arrivals: Sequence[Arrival]) -> None:
        times = sorted(one.at for one in arrivals)
        self.add(f"{name} rate", (len(times) - 1) / (times[-1] - times[0]))

    def _add_latencies(self, name: str, committed: Mapping[str, float], arrivals: Sequence[Arrival]) -> None:
        took_ms = [(one.at - committed[one.task_id]) * 1000 for one in arrivals]
        for percent in (50, 99):
            self.add(f"{name} p{percent}", percentile(took_ms, percent))


async def measure(installation: Installation, receiver: Receiver, worker: int, *, rounds: int, scale: float) -> Bench:
    """Measure everything; with a smaller `scale` there is less of it."""
    async with open_api(installation.settings) as services:
        bench = Bench(installation, Scenes(services, receiver.base), receiver, worker)
        await bench.at_rest(20 * scale)
        await bench.one_by_one(max(100, round(300 * scale)))
        for number in range(rounds):
            await bench.all_the_way(round(2000 * scale))
            # In turns, so that neither always has the better of a busy machine.
            for with_bad in (False, True) if number % 2 else (True, False):
                await bench.drain("with" if with_bad else "without", round(220 * scale), with_bad=with_bad)
        await bench.moderately("apart", 20 * scale, with_bad=False)
        await bench.moderately("beside", 40 * scale, with_bad=True)
    return bench


def figures(rounds: int, scale: float) -> tuple[str, list[dict[str, object]]]:
    """Return a line on what was measured, and every figure."""
    with (
        tempfile.TemporaryDirectory(prefix="amss-bench-", ignore_cleanup_errors=True) as folder,
        ExitStack() as running,
    ):
        installation = running.enter_context(installed(Path(folder)))
        receiver = running.enter_context(receiving())
        worker = running.enter_context(working(installation.settings, log=Path(folder) / "worker.log"))
        bench = asyncio.run(measure(installation, receiver, worker, rounds=rounds, scale=scale))
        about = f"PostgreSQL {installation.version}, one worker process, medians of {rounds} rounds"
        return about, list(_of(bench))


def _of(bench: Bench) -> Iterator[dict[str, object]]:
    middle = bench.middle
    yield _figure("at rest: worker CPU, % of a core", middle("rest worker"), 3)
    yield _figure("at rest: PostgreSQL CPU, % of a core", middle("rest database"), None)
    yield _figure("commit to receipt, nothing else going on: p50, ms", middle("idle p50"), 50)
    yield _figure("commit to receipt, nothing else going on: p99, ms", middle("idle p99"), 250)
    yield _figure("from the outbox to one endpoint, events/s", middle("way rate"), None)
    yield _figure("from the outbox to one endpoint: worker CPU of one, µs", middle("way worker"), None)
    yield _figure("from the outbox to one endpoint: PostgreSQL CPU of one, µs", middle("way database"), None)
    apart, beside = f"{_GOOD} endpoints", f"{_GOOD} endpoints beside {HANGING} that hang and {FAILING} that fail"
    yield _figure(f"{apart}: deliveries/s", middle("without rate"), None)
    yield _figure(f"{apart}: worker CPU of a delivery, µs", middle("without worker"), None)
    yield _figure(f"{apart}: PostgreSQL CPU of a delivery, µs", middle("without database"), None)
    ratio = bench.share("with rate", "without rate")
    yield _figure(f"{beside}: deliveries/s to the {_GOOD}", middle("with rate"), middle("without rate"), ratio)
    yield _figure(f"{beside}: worker CPU of a delivery, µs", middle("with worker"), middle("without worker"))
    for name, who in (("apart", apart), ("beside", beside)):
        rate = round(middle(f"{name} rate") or 0)
        yield _figure(f"{who}, {rate} deliveries/s: commit to receipt p50, ms", middle(f"{name} p50"), None)
        yield _figure(f"{who}, {rate} deliveries/s: commit to receipt p99, ms", middle(f"{name} p99"), 250)


def _figure(name: str, value: float | None, reference: float | None, ratio: float | None = None) -> dict[str, object]:
    """Return a figure beside its reference: what was measured without the disturbance, else the goal."""
    if ratio is None and value is not None and reference:
        ratio = value / reference
    return {"name": name, "value": _short(value), "reference": _short(reference), "ratio": _short(ratio, 2)}


def _short(value: float | None, digits: int = 1) -> float | None:
    if value is None:
        return None
    return round(value) if abs(value) >= 100 and digits == 1 else round(value, digits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1 for less of everything")
    chosen = parser.parse_args()
    set_up_logs("warning")
    about, found = figures(chosen.rounds, chosen.scale)
    if chosen.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    sys.stdout.write(f"{about}\n")
    for one in found:
        sys.stdout.write("{name}: {value} (reference {reference}, ratio {ratio})\n".format(**one))


if __name__ == "__main__":
    main()
