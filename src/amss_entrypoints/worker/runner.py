"""One job in one worker: when it runs, who may run it, and what becomes of what goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

import structlog
from attrs import define, field, frozen

from amss_domain.relay.model import JobRun, Lease
from amss_domain.relay.ports import JobLog, Leases
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import AmssError, Unavailable
from amss_entrypoints.worker import metrics
from amss_entrypoints.worker.job import Attentive, Endable, Job

LEASE_LASTS: Final = timedelta(seconds=30)
"""How long a job that is to be alone stays with a worker that is gone; longer if it rests longer."""

FIRST_BACKOFF: Final = timedelta(milliseconds=500)
LONGEST_BACKOFF: Final = timedelta(seconds=30)
LONGEST_WHILE_UNAVAILABLE: Final = timedelta(seconds=5)

_TOLD_AGAIN_AFTER: Final = timedelta(minutes=1)
_NOTED_AGAIN_AFTER: Final = timedelta(seconds=5)
_NOTED_AT_REST_AFTER: Final = timedelta(minutes=1)

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("amss.worker")

Wait = Callable[[asyncio.Event, timedelta], Awaitable[bool]]
"""Waits for an event at most so long, and tells whether it came."""


async def within(event: asyncio.Event, limit: timedelta) -> bool:
    """Wait for the event at most so long, and tell whether it came."""
    try:
        async with asyncio.timeout(limit.total_seconds()):
            await event.wait()
    except TimeoutError:
        return False
    return True


@frozen(kw_only=True)
class Surroundings:
    """What all jobs of a worker have in common; `worker` is its name."""

    worker: str
    clock: Clock
    leases: Leases
    job_log: JobLog
    wait: Wait = within


@define(eq=False)
class Runner:
    """Runs one job: again and again, backing off from what goes wrong, or once."""

    job: Job
    around: Surroundings
    awake: asyncio.Event = field(init=False, factory=asyncio.Event)
    _lease: Lease | None = field(init=False, default=None)
    _failure: str | None = field(init=False, default=None)
    _told_at: datetime | None = field(init=False, default=None)
    _noted_at: datetime | None = field(init=False, default=None)
    _unnoted: int = field(init=False, default=0)

    async def keep(self, ending: asyncio.Event) -> None:
        """Run the job until `ending` is set and this runner woken."""
        rest: timedelta | None = None
        backoff: timedelta | None = None
        while not ending.is_set():
            # Before the run: who wakes it during one means something that the run may have passed already.
            self.awake.clear()
            try:
                done = await self.once()
            except Exception as error:
                rest, backoff = None, _backoff_after(backoff, error)
                self._tell(error, backoff)
                await self.around.wait(ending, backoff)
                continue
            backoff = None
            self._tell_of_recovery()
            if done:
                rest = None
                # So that one with much to do leaves the others their turn.
                await asyncio.sleep(0)
            elif not ending.is_set():
                rest = self.job.rest.after(rest)
                if await self.around.wait(self.awake, rest):
                    rest = None

    def wake(self) -> None:
        """Have the job run, or look again if it does: one of its topics was woken."""
        self.awake.set()
        if isinstance(self.job, Attentive):
            self.job.look()

    def end(self) -> None:
        """Have the job begin nothing more, and end what goes on as soon as it can."""
        self.awake.set()
        if isinstance(self.job, Endable):
            self.job.end()

    async def once(self) -> int:
        """Run the job once, if it may run here, and return how much it did. Raises whatever goes wrong."""
        began, since = self.around.clock.now(), perf_counter()
        try:
            done = await (self._alone() if self.job.alone else self.job.run())
        except Exception as error:
            metrics.failed(job=self.job.name)
            await self._note(began, 0, _said_of(error))
            raise
        if self.job.alone and self._lease is None:
            return 0
        at = self.around.clock.now()
        metrics.ran(job=self.job.name, done=done, seconds=perf_counter() - since, at=at.timestamp())
        await self._note(began, done, None)
        return done

    async def close(self) -> None:
        """Hand back what the job and its right to run hold."""
        try:
            await self.job.close()
        finally:
            if self._lease is not None:
                await self.around.leases.release([self._lease])

    async def _alone(self) -> int:
        """Run the job under its lease, prolonged as long as that takes; 0 where another worker has it."""
        lasts = max(LEASE_LASTS, self.job.rest.longest * 2)
        if not await self._hold(lasts):
            return 0
        run = asyncio.ensure_future(self.job.run())
        try:
            while not (await asyncio.wait({run}, timeout=lasts.total_seconds() / 3))[0]:
                if not await self._hold(lasts):
                    raise Unavailable("the lease", f"another worker took over {self.job.name}")
            return run.result()
        finally:
            if not run.done():
                run.cancel()
                await asyncio.gather(run, return_exceptions=True)

    async def _hold(self, lasts: timedelta) -> bool:
        at = self.around.clock.now()
        self._lease = await self.around.leases.take(
            f"job:{self.job.name}", holder=self.around.worker, at=at, lasts=lasts
        )
        return self._lease is not None

    async def _note(self, began: datetime, done: int, error: str | None) -> None:
        """Keep the run for whoever looks; not each of many, and none when that cannot be done now."""
        self._unnoted += done
        at = self.around.clock.now()
        pause = _NOTED_AGAIN_AFTER if self._unnoted or error else _NOTED_AT_REST_AFTER
        if self._noted_at is not None and at - self._noted_at < pause and (error is None or self._failure is not None):
            return
        run = JobRun(
            job=self.job.name,
            worker=self.around.worker,
            started_at=began,
            finished_at=at,
            done=self._unnoted,
            error=error,
        )
        try:
            await self.around.job_log.note(run)
        except AmssError as unnoted:
            _log.debug("run not noted", job=self.job.name, why=str(unnoted))
            return
        self._noted_at, self._unnoted = at, 0

    def _tell(self, error: Exception, backoff: timedelta) -> None:
        """Log what went wrong: at once what is new, from time to time what goes on."""
        at, said = self.around.clock.now(), _said_of(error)
        is_new = self._failure is None or self._failure.partition(":")[0] != said.partition(":")[0]
        self._failure = said
        if not is_new and self._told_at is not None and at - self._told_at < _TOLD_AGAIN_AFTER:
            return
        self._told_at = at
        again_in_s = backoff.total_seconds()
        if isinstance(error, AmssError):
            _log.warning("job failed", job=self.job.name, code=error.code, why=str(error), again_in_s=again_in_s)
        else:
            _log.error("job failed unexpectedly", job=self.job.name, again_in_s=again_in_s, exc_info=error)

    def _tell_of_recovery(self) -> None:
        if self._failure is not None:
            self._failure = None
            # As loud as the failure: who heard of that waits for this.
            _log.warning("job works again", job=self.job.name)


def _said_of(error: Exception) -> str:
    code = error.code if isinstance(error, AmssError) else type(error).__name__
    return f"{code}: {error}"[:500]


def _backoff_after(backoff: timedelta | None, error: Exception) -> timedelta:
    longest = LONGEST_WHILE_UNAVAILABLE if isinstance(error, Unavailable) else LONGEST_BACKOFF
    return FIRST_BACKOFF if backoff is None else min(backoff * 2, longest)
