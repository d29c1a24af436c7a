"""What the HTTP API does on one and two serving processes, beside pgbench running the same SQL; needs no settings.

Run it as `nox -s bench -- http`, or `python -m tests.benchmarks.bench_http`, with --json for machines.
"""

import argparse
import asyncio
import json
import socket
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from typing import Final
from uuid import UUID

from attrs import define, field, frozen
from tests.benchmarks.installation import (
    AIRCRAFT,
    TASKS,
    Installation,
    cpu_s,
    cpu_with_children_s,
    installed,
    serving,
    settle_down,
)
from tests.benchmarks.load import Address, Client, percentile
from tests.benchmarks.peer import Batch, Pgbench, Script, find_pgbench, recorded

from amss_entrypoints.container import open_api
from amss_entrypoints.http.app import application
from amss_entrypoints.http.server import serving as serving_here
from amss_entrypoints.logs import set_up_logs

CONNECTIONS: Final = 32
_AT_TWICE: Final = 256
"""Connections for more than can be done: those that are refused are free again at once."""

_CHANCE: Final = Random(11)

Request = Callable[[int], bytes]


@frozen(kw_only=True)
class Kind:
    """One kind of request, its goals, and what in its SQL pgbench is to take anew each time."""

    name: str
    request: Request
    picked: Mapping[bytes, tuple[str, int, int]]
    share: float | None = None
    rate: float | None = None
    cpu_us: float | None = None


def kinds(installation: Installation) -> tuple[Kind, ...]:
    """Return the requests that are measured."""
    shared = f"Host: localhost\r\nAuthorization: Bearer {installation.token}\r\nAccept: application/json\r\n"
    aircraft = {_hex(AIRCRAFT[6]): ("aircraft", AIRCRAFT[0], AIRCRAFT[-1])}

    def post(number: int) -> bytes:
        picked = AIRCRAFT[6] if number < 0 else _CHANCE.choice(AIRCRAFT)
        body = (
            f'{{"aircraft_id":"{UUID(int=picked)}","title":"Replace the left main tyre",'
            '"description":"Worn to the first groove.","due_at_hours":2500,"priority":"urgent"}'
        )
        return (
            f"POST /api/v1/tasks HTTP/1.1\r\n{shared}Content-Type: application/json\r\n"
            f"Idempotency-Key: {_key(number)}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def get(number: int) -> bytes:
        picked = TASKS[6] if number < 0 else _CHANCE.choice(TASKS)
        return f"GET /api/v1/tasks/{UUID(int=picked)} HTTP/1.1\r\n{shared}\r\n".encode()

    def list_(_: int) -> bytes:
        return f"GET /api/v1/tasks?limit=50 HTTP/1.1\r\n{shared}\r\n".encode()

    return (
        Kind(name="POST /tasks", request=post, picked=aircraft, share=0.35, cpu_us=450),
        Kind(
            name="GET /tasks/{id}",
            request=get,
            picked={**aircraft, _hex(TASKS[6]): ("task", TASKS[0], TASKS[-1])},
            rate=1800,
        ),
        Kind(name="GET /tasks?limit=50", request=list_, picked={}, rate=800),
    )


def _key(number: int) -> str:
    return f"bench-{number}"


def _hex(number: int) -> bytes:
    return b"%032x" % number


@define
class Measured:
    """What each round measured, by name."""

    values: dict[str, list[float]] = field(factory=lambda: defaultdict(list))

    def add(self, name: str, value: float | None) -> None:
        """Add the value of a round, if there is one."""
        if value is not None:
            self.values[name].append(value)

    def middle(self, name: str) -> float | None:
        """Return the median of the rounds."""
        return median(self.values[name]) if self.values[name] else None

    def share(self, name: str, of: str) -> float | None:
        """Return the median of the rounds' shares: what is done one after the other had the same machine."""
        pairs = list(zip(self.values[name], self.values[of], strict=True)) if self.values[of] else []
        return median(one / other for one, other in pairs) if pairs else None


@frozen(kw_only=True)
class Bench:
    """One installation with its serving processes."""

    installation: Installation
    addresses: Mapping[int, Address]
    pids: Mapping[int, tuple[int, ...]]
    pgbench: Pgbench | None
    seconds: float
    numbers: Iterator[int] = field(factory=lambda: count(1))
    runs: Iterator[int] = field(factory=lambda: count(10))

    def round(self, kind: Kind, script: Script, measured: Measured) -> None:
        """Measure a kind of request once in every way."""
        if self.pgbench is not None:
            self._peer(self.pgbench, script, f"{kind.name} pgbench", measured)
        for processes in self.addresses:
            client = self._client(kind, processes)
            client.keep_busy(connections=CONNECTIONS, seconds=self.seconds / 5)
            self._busy(client, processes, f"{kind.name} {processes}", measured)

    def pressure(self, kind: Kind, measured: Measured) -> None:
        """Measure a kind of request at half and at twice what one process can do now."""
        client = self._client(kind, 1)
        peak = client.keep_busy(connections=CONNECTIONS, seconds=self.seconds).rate
        measured.add("peak", peak)
        half = client.send_at(peak / 2, connections=CONNECTIONS, seconds=self.seconds)
        for percent in (50, 99):
            measured.add(f"half p{percent}", percentile(half.done_ms, percent))
        settle_down()
        twice = client.send_at(peak * 2, connections=_AT_TWICE, seconds=self.seconds)
        measured.add("goodput", twice.rate)
        measured.add("offered", twice.count / twice.seconds)
        measured.add("shed p50", percentile(twice.shed_ms, 50))
        measured.add("shed p99", percentile(twice.shed_ms, 99))
        measured.add("served p99", percentile(twice.done_ms, 99))
        settle_down()

    def _peer(self, pgbench: Pgbench, script: Script, name: str, measured: Measured) -> None:
        before = cpu_with_children_s(self.installation.postmaster)
        pgbench.once(script, run=next(self.runs))
        between = cpu_with_children_s(self.installation.postmaster)
        rate = pgbench.rate(script, seconds=self.seconds, run=next(self.runs))
        after = cpu_with_children_s(self.installation.postmaster)
        measured.add(name, rate)
        if before is not None and between is not None and after is not None:
            work = (after - between) - (between - before)
            measured.add(f"{name} database", work / (rate * max(1, round(self.seconds))) * 1e6)

    def _busy(self, client: Client, processes: int, name: str, measured: Measured) -> None:
        before = cpu_s(self.pids[processes]), cpu_with_children_s(self.installation.postmaster)
        outcome = client.keep_busy(connections=CONNECTIONS, seconds=self.seconds)
        after = cpu_s(self.pids[processes]), cpu_with_children_s(self.installation.postmaster)
        measured.add(name, outcome.rate)
        measured.add(f"{name} p99", percentile(outcome.done_ms, 99))
        for what, start, end in zip(("server", "database"), before, after, strict=True):
            if start is not None and end is not None:
                measured.add(f"{name} {what}", (end - start) / outcome.count * 1e6)

    def _client(self, kind: Kind, processes: int) -> Client:
        return Client(self.addresses[processes], kind.request, self.numbers)


def script_of(installation: Installation, kind: Kind) -> Script:
    """Return what pgbench has to do to be a peer: the batches that one request makes the server send."""
    batches = asyncio.run(_recorded(installation, kind))
    constant = frozenset(one.hex.encode() for one in (installation.organization, installation.user))
    return Script(batches, kind.picked, constant, frozenset({_key(-1).encode()}))


async def _recorded(installation: Installation, kind: Kind) -> list[Batch]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        async with open_api(installation.settings) as services, serving_here(application(services), [listening]):
            address = listening.getsockname()
            # What is read once, such as the policy, has been read by then.
            client = Client(address, kind.request, iter((-2, -1)))
            await asyncio.to_thread(client.once)
            with recorded() as batches:
                await asyncio.to_thread(client.once)
                # What comes after the answer: giving the connection back.
                await asyncio.sleep(0.1)
    return batches


def figures(rounds: int, seconds: float) -> tuple[str, list[dict[str, object]]]:
    """Return a line on what was measured, and every figure."""
    with (
        tempfile.TemporaryDirectory(prefix="amss-bench-", ignore_cleanup_errors=True) as folder,
        ExitStack() as running,
    ):
        installation = running.enter_context(installed(Path(folder)))
        asked = kinds(installation)
        scripts = [script_of(installation, kind) for kind in asked]
        program = find_pgbench()
        addresses: dict[int, Address] = {}
        pids: dict[int, tuple[int, ...]] = {}
        for processes in (1, 2):
            log = Path(folder) / f"server-{processes}.log"
            started = serving(installation.settings, processes=processes, log=log)
            addresses[processes], found = running.enter_context(started)
            pids[processes] = tuple(found)
        bench = Bench(
            installation=installation,
            addresses=addresses,
            pids=pids,
            pgbench=_pgbench(program, installation, Path(folder)),
            seconds=seconds,
        )
        measured = Measured()
        for _ in range(rounds):
            for kind, script in zip(asked, scripts, strict=True):
                bench.round(kind, script, measured)
            bench.pressure(asked[0], measured)
    about = f"PostgreSQL {installation.version}, {CONNECTIONS} connections, medians of {rounds} rounds of {seconds:g} s"
    if program is None:
        about += "; no pgbench was found"
    found_figures = [one for kind, script in zip(asked, scripts, strict=True) for one in _of(kind, script, measured)]
    return about, [*found_figures, *_under_pressure(measured)]


def _pgbench(program: str | None, installation: Installation, folder: Path) -> Pgbench | None:
    if program is None:
        return None
    return Pgbench(program=program, dsn=installation.settings.db_url or "", folder=folder, clients=CONNECTIONS)


def _of(kind: Kind, script: Script, measured: Measured) -> Iterator[dict[str, object]]:
    peer = f"{kind.name} pgbench"
    yield _figure(f"{kind.name}: pgbench, {script.round_trips} round trips, /s", measured.middle(peer), None)
    for processes in (1, 2):
        name = f"{kind.name} {processes}"
        where = "1 process" if processes == 1 else f"{processes} processes"
        reference = measured.middle(peer)
        ratio = measured.share(name, peer)
        yield _figure(f"{kind.name}: {where}, /s", measured.middle(name), reference, ratio)
        yield _figure(f"{kind.name}: {where}, p99 when busy, ms", measured.middle(f"{name} p99"), None)
        yield _figure(f"{kind.name}: {where}, server CPU, µs", measured.middle(f"{name} server"), kind.cpu_us)
        of_peer = measured.middle(f"{peer} database")
        yield _figure(f"{kind.name}: {where}, PostgreSQL CPU, µs", measured.middle(f"{name} database"), of_peer)
    if kind.rate is not None:
        yield _figure(f"{kind.name}: 1 process beside its goal, /s", measured.middle(f"{kind.name} 1"), kind.rate)


def _under_pressure(measured: Measured) -> Iterator[dict[str, object]]:
    what = "POST /tasks: 1 process"
    yield _figure(f"{what}, p50 at half load, ms", measured.middle("half p50"), None)
    yield _figure(f"{what}, p99 at half load, ms", measured.middle("half p99"), 8)
    yield _figure(f"{what}, offered at twice the load, /s", measured.middle("offered"), None)
    yield _figure(
        f"{what}, goodput at twice the load, /s",
        measured.middle("goodput"),
        measured.middle("peak"),
        measured.share("goodput", "peak"),
    )
    yield _figure(f"{what}, p99 of what was done at twice the load, ms", measured.middle("served p99"), None)
    yield _figure(f"{what}, p50 of refusals, ms", measured.middle("shed p50"), None)
    yield _figure(f"{what}, p99 of refusals, ms", measured.middle("shed p99"), None)


def _figure(name: str, value: float | None, reference: float | None, ratio: float | None = None) -> dict[str, object]:
    """Return a figure beside its reference: the peer's where there is one, else the goal."""
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each measurement takes")
    chosen = parser.parse_args()
    set_up_logs("warning")
    about, found = figures(chosen.rounds, chosen.seconds)
    if chosen.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    sys.stdout.write(f"{about}\n")
    for one in found:
        sys.stdout.write("{name}: {value} (reference {reference}, ratio {ratio})\n".format(**one))


if __name__ == "__main__":
    main()
