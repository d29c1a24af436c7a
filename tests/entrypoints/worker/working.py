"""Jobs that do what a test says, and the surroundings they are run in."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from attrs import define, field

from amss_adapters.memory import MemoryBackend
from amss_adapters.memory.waking import MemoryWaking
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.runner import Surroundings
from amss_entrypoints.worker.supervisor import Supervisor

FOREVER = timedelta(days=1)
AT_REST = Rest.of(FOREVER)
PATIENCE_S = 20.0


@define(eq=False)
class Scripted:
    """A job whose runs come to what `script` says, one after the other, and then to nothing; an error is raised.

    `ran` is set when it has come to the end of its script and found nothing more.
    """

    name: str = "scripted"
    script: list[int | Exception | Callable[[], object]] = field(factory=list)
    topics: tuple[str, ...] = ()
    rest: Rest = AT_REST
    alone: bool = False
    runs: int = 0
    closed: int = 0
    ran: asyncio.Event = field(factory=asyncio.Event)

    async def run(self) -> int:
        """Do what the script says next."""
        self.runs += 1
        if not self.script:
            self.ran.set()
            return 0
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step()
            return 1
        return step

    async def close(self) -> None:
        """Count how often it was closed."""
        self.closed += 1


@define(eq=False)
class Stuck(Scripted):
    """A job whose first run goes on until it is cut short or let go."""

    began: asyncio.Event = field(factory=asyncio.Event)
    let_go: asyncio.Event = field(factory=asyncio.Event)
    cut_short: bool = False
    done: int = 1

    async def run(self) -> int:
        """Wait to be let go."""
        self.runs += 1
        if self.began.is_set():
            self.ran.set()
            return 0
        self.began.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.cut_short = True
            raise
        return self.done


@define(eq=False)
class Pauses:
    """Pauses without waiting, and remembers for how long; sets `enough` and really waits after so many."""

    most: int
    clock: ManualClock
    taken: list[timedelta] = field(factory=list)
    enough: asyncio.Event = field(factory=asyncio.Event)

    async def __call__(self, event: asyncio.Event, limit: timedelta) -> bool:
        """Let the time pass, or wait for the event."""
        if len(self.taken) == self.most:
            self.enough.set()
            await event.wait()
            return True
        self.taken.append(limit)
        self.clock.advance(limit)
        await asyncio.sleep(0)
        return event.is_set()


def a_backend(clock: ManualClock | None = None) -> MemoryBackend:
    """Return an empty memory."""
    return MemoryBackend(clock=clock or ManualClock(), ids=CountingIds())


def a_supervisor(
    *jobs: Scripted,
    backend: MemoryBackend | None = None,
    waking: MemoryWaking | None = None,
    worker: str = "one",
    pauses: Pauses | None = None,
    clock: ManualClock | None = None,
    grace: timedelta = timedelta(seconds=PATIENCE_S),
) -> Supervisor:
    """Return what runs the jobs over a memory."""
    clock = clock or ManualClock()
    backend = backend or a_backend(clock)
    around = Surroundings(worker=worker, clock=clock, leases=backend.leases, job_log=backend.job_log)
    if pauses is not None:
        around = Surroundings(worker=worker, clock=clock, leases=backend.leases, job_log=backend.job_log, wait=pauses)
    return Supervisor(jobs, around, waking or MemoryWaking(), grace=grace)


async def until(*events: asyncio.Event) -> None:
    """Wait until all of it has happened, and not without end."""
    async with asyncio.timeout(PATIENCE_S):
        for event in events:
            await event.wait()
