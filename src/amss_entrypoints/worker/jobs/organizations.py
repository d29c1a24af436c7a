"""Doing something for one organization after the other: each by one worker at a time, none in the way of the others."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import structlog
from attrs import define, field

from amss_domain.relay.ports import Leases
from amss_domain.shared.actor import Actor, system_actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import AmssError, Unavailable
from amss_domain.shared.ids import OrgId

AT_ONCE: Final = 4
"""Work for so many organizations goes on side by side; as much again where it has become slow."""

PAGE: Final = 100
"""So many organizations are looked for at a time."""

LEFT_ALONE_FOR: Final = timedelta(minutes=1)
"""For so long nothing is tried for an organization in which something went wrong."""

SLOW_AFTER: Final = timedelta(seconds=2)
"""Nobody waits longer for what is done for one organization: it goes on by itself."""

LEASE_LASTS: Final = timedelta(minutes=5)
"""How long an organization stays with a worker that is gone."""

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("amss.worker")

Find = Callable[[OrgId | None], Awaitable[tuple[OrgId, ...]]]
"""Returns a page of organizations in which there is something to do, those after one; none after the last."""

Work = Callable[[Actor], Awaitable[int]]
"""Does something for the organization of a system actor, and returns how much."""


@define(eq=False, kw_only=True)
class Organizations:
    """Works for organizations under the name of `actor`, a few of them side by side.

    `leases` given, each is worked for by one worker at a time. What goes wrong in one is logged, and it is left alone
    for a while; whatever takes longer than `slow_after` goes on while the others have their turn.
    """

    actor: str
    worker: str
    clock: Clock
    leases: Leases | None = None
    slow_after: timedelta = SLOW_AFTER
    lease_lasts: timedelta = LEASE_LASTS
    _alone_until: dict[OrgId, datetime] = field(init=False, factory=dict)
    _going: dict[OrgId, tuple[asyncio.Task[int], float]] = field(init=False, factory=dict)

    async def each(self, find: Find, work: Work) -> int:
        """Work for each organization that is found, and return how much was done. Raises `Unavailable`."""
        done, after = 0, None
        while page := await find(after):
            done += await self._all(page, work)
            after = page[-1]
        return done + await self.all((), work)

    async def all(self, org_ids: tuple[OrgId, ...], work: Work) -> int:
        """Work for each of the organizations, and return how much was done; more than that while any goes on.

        Raises `Unavailable` once all have had their turn.
        """
        done = await self._all(org_ids, work)
        if not done and self._going:
            # There is more to come: who asks again at once is to be no busier for that.
            await self._wait(self.slow_after.total_seconds())
            done = self._settle()
        return done + len(self._going)

    async def finish(self) -> None:
        """Wait for what still goes on. Raises `Unavailable`."""
        try:
            if self._going:
                await asyncio.wait(self._tasks())
        except asyncio.CancelledError:
            await self._cut_short()
            raise
        self._settle()

    def passed_over(self) -> frozenset[OrgId]:
        """Return the organizations for which nothing would be begun now."""
        return frozenset(self._going) | {org_id for org_id in tuple(self._alone_until) if not self._may(org_id)}

    async def close(self) -> None:
        """End what still goes on, after a moment."""
        try:
            if self._going:
                await asyncio.wait(self._tasks(), timeout=1.0)
        finally:
            await self._cut_short()

    async def _all(self, org_ids: tuple[OrgId, ...], work: Work) -> int:
        """Begin for all that may be begun, and wait until nothing goes on that is not slow."""
        pending = deque(org_id for org_id in org_ids if self._may(org_id))
        done = self._settle()
        try:
            while pending or self._fast():
                while pending and self._has_room():
                    org_id = pending.popleft()
                    self._going[org_id] = (asyncio.ensure_future(self._work(org_id, work)), monotonic())
                await self._wait(self._next_slow_in_s())
                done += self._settle(quietly=bool(pending))
        except asyncio.CancelledError:
            await self._cut_short()
            raise
        return done

    def _settle(self, *, quietly: bool = False) -> int:
        """Forget what has ended and return how much that did; raise what went wrong, later where it is to be quiet."""
        done, wrong = 0, None
        for org_id, (task, _) in tuple(self._going.items()):
            if not task.done():
                continue
            error = None if task.cancelled() else task.exception()
            if error is not None and quietly:
                continue
            del self._going[org_id]
            if error is not None:
                wrong = error
            elif not task.cancelled():
                done += task.result()
        if wrong is not None:
            raise wrong
        return done

    def _fast(self) -> list[float]:
        """Return when that began which goes on and is not slow yet."""
        since = monotonic() - self.slow_after.total_seconds()
        return [began for task, began in self._going.values() if began > since and not task.done()]

    def _has_room(self) -> bool:
        going = sum(not task.done() for task, _ in self._going.values())
        return len(self._fast()) < AT_ONCE and going < 2 * AT_ONCE

    def _next_slow_in_s(self) -> float | None:
        fast = self._fast()
        return max(0.0, min(fast) + self.slow_after.total_seconds() - monotonic()) + 0.001 if fast else None

    async def _wait(self, most_s: float | None) -> None:
        if going := [task for task in self._tasks() if not task.done()]:
            await asyncio.wait(going, timeout=most_s, return_when=asyncio.FIRST_COMPLETED)

    def _tasks(self) -> list[asyncio.Task[int]]:
        return [task for task, _ in self._going.values()]

    async def _cut_short(self) -> None:
        tasks = self._tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._going.clear()

    def _may(self, org_id: OrgId) -> bool:
        if org_id in self._going:
            return False
        until = self._alone_until.pop(org_id, None)
        if until is None or until <= self.clock.now():
            return True
        self._alone_until[org_id] = until
        return False

    async def _work(self, org_id: OrgId, work: Work) -> int:
        by = system_actor(org_id, self.actor)
        try:
            return await (work(by) if self.leases is None else self._leased(self.leases, by, work))
        except Unavailable:
            raise
        except Exception as error:
            self._alone_until[org_id] = self.clock.now() + LEFT_ALONE_FOR
            code = error.code if isinstance(error, AmssError) else type(error).__name__
            _log.error(
                "work for an organization failed", actor=self.actor, org_id=str(org_id), code=code, exc_info=error
            )
            return 0

    async def _leased(self, leases: Leases, by: Actor, work: Work) -> int:
        """Work under the organization's lease, prolonged as long as that takes; 0 where another worker has it."""
        name = f"{self.actor}:{by.org_id}"
        lease = await leases.take(name, holder=self.worker, at=self.clock.now(), lasts=self.lease_lasts)
        if lease is None:
            return 0
        task = asyncio.ensure_future(work(by))
        try:
            while not (await asyncio.wait({task}, timeout=self.lease_lasts.total_seconds() / 3))[0]:
                at = self.clock.now()
                prolonged = await leases.take(name, holder=self.worker, at=at, lasts=self.lease_lasts)
                if prolonged is None:
                    raise Unavailable("the lease", f"another worker took over {name}")
                lease = prolonged
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await leases.release([lease])
