"""All jobs of one worker: each in a task of its own, from the start to an end that leaves nothing half done."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from attrs import define, field

from amss_domain.relay.ports import Waking
from amss_domain.shared.errors import AmssError
from amss_entrypoints.worker.job import Job
from amss_entrypoints.worker.runner import Runner, Surroundings

GRACE: Final = timedelta(seconds=15)
"""How long runs that have begun may take once the worker is asked to end."""

_HANDING_BACK_S: Final = 3.0
_LISTENS: Final = timedelta(seconds=60)
_DEAF_FOR: Final = timedelta(seconds=1)
_MOST_ROUNDS: Final = 10_000

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("amss.worker")


@define(eq=False)
class Supervisor:
    """Runs jobs side by side; none of them takes the others down."""

    jobs: Sequence[Job]
    around: Surroundings
    waking: Waking
    grace: timedelta = GRACE
    _runners: tuple[Runner, ...] = field(init=False)
    _ending: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self._runners = tuple(Runner(job, self.around) for job in self.jobs)

    async def run(self) -> None:
        """Run the jobs until `end` is called; then let what has begun come to its end, and hand back the rest."""
        listening = [asyncio.create_task(self._listen(topic)) for topic in self._topics()]
        keeping = [asyncio.create_task(runner.keep(self._ending)) for runner in self._runners]
        asked = asyncio.create_task(self._ending.wait())
        waiting: list[asyncio.Task[Any]] = [*listening, asked]
        try:
            await asyncio.wait({asked, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.end()
            _, late = await asyncio.wait(keeping, timeout=self.grace.total_seconds())
            for task in (*late, *waiting):
                task.cancel()
            ended = await asyncio.gather(*keeping, return_exceptions=True)
            await asyncio.gather(*waiting, return_exceptions=True)
            if late:
                _log.warning("runs were cut short", jobs=len(late))
            await self._hand_back()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    def end(self) -> None:
        """Have `run` come to its end."""
        self._ending.set()
        for runner in self._runners:
            runner.end()

    async def run_until_idle(self) -> int:
        """Run every job in turn until none has anything left to do, and return how much was done.

        Raises what goes wrong at once, and RuntimeError when they never come to rest.
        """
        total = 0
        for _ in range(_MOST_ROUNDS):
            done = sum([await runner.once() for runner in self._runners])
            if not done:
                return total
            total += done
        raise RuntimeError("the jobs always find something to do")

    async def run_once(self) -> bool:
        """Run every job until it has nothing left to do, hand back, and tell whether all went well."""
        well = True
        for runner in self._runners:
            try:
                while await runner.once():
                    pass
            except Exception as error:
                well = False
                _log.error("job failed", job=runner.job.name, exc_info=error)
        await self._hand_back()
        return well

    def _topics(self) -> set[str]:
        return {topic for job in self.jobs for topic in job.topics}

    async def _listen(self, topic: str) -> None:
        """Pass each signal on to everyone it is for, also to who is busy right now."""
        while True:
            try:
                if await self.waking.awoken(topic, wait=_LISTENS):
                    for runner in self._runners:
                        if topic in runner.job.topics:
                            runner.wake()
            except AmssError:
                await asyncio.sleep(_DEAF_FOR.total_seconds())

    async def _hand_back(self) -> None:
        try:
            async with asyncio.timeout(_HANDING_BACK_S):
                outcomes = await asyncio.gather(*(one.close() for one in self._runners), return_exceptions=True)
        except TimeoutError:
            _log.warning("not everything was handed back in time; it comes free by itself")
            return
        for runner, outcome in zip(self._runners, outcomes, strict=True):
            if isinstance(outcome, Exception):
                _log.warning("not handed back; it comes free by itself", job=runner.job.name, why=str(outcome))
