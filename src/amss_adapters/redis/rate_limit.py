"""Rate limits counted in Redis, for all processes together."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Final

from attrs import field, frozen
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from amss_adapters.redis.breaker import Breaker
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.rate_limit import Demand, RateLimiter, Verdict, verdicts_of

_SCRIPT: Final = files("amss_adapters.redis").joinpath("take.lua").read_text(encoding="utf-8")
_SCRIPT_ID: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()

# Calls that travel together: bounds how long Redis serves nobody else.
_TOGETHER: Final = 64


@frozen
class Taken:
    """What a call found: the instant, and for each demand when its quota was whole before, in microseconds."""

    now_us: int
    whole_at_us: tuple[int, ...]


class SharedCount:
    """The count in Redis: one script call for all demands of a `take`, by the server's clock.

    A count is kept under `<prefix><key>:<name of the quota>`, such as `ratelimit:org:<uuid>:org`, for no longer than it
    takes until the quota is whole. In a Cluster all keys of a call have to lie in one slot: give a prefix with a hash
    tag there, `{ratelimit}:`.
    """

    def __init__(self, client: Redis, *, prefix: str = "ratelimit:") -> None:
        self._client = client
        self._prefix = prefix

    async def take(self, calls: Sequence[Sequence[Demand]]) -> list[Taken]:
        """Take a unit of every demand or of none, for each call in turn, in one round trip.

        Raises what the client raises.
        """
        answers = await self._ask(calls)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            # The first call of all, or the server was started anew.
            await self._client.script_load(_SCRIPT)
            again = [number for number, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
            for number, answer in zip(again, await self._ask([calls[number] for number in again]), strict=True):
                answers[number] = answer
        return [_taken(answer) for answer in answers]

    async def _ask(self, calls: Sequence[Sequence[Demand]]) -> list[list[int] | RedisError]:
        async with self._client.pipeline(transaction=False) as pipe:
            for demands in calls:
                keys = [f"{self._prefix}{demand.key}:{demand.quota.name}" for demand in demands]
                numbers = [number for demand in demands for number in (demand.quota.unit_us, demand.quota.limit)]
                pipe.evalsha(_SCRIPT_ID, len(keys), *keys, *numbers)
            answers: list[list[int] | RedisError] = await pipe.execute(raise_on_error=False)
        return answers


def _taken(answer: list[int] | RedisError) -> Taken:
    if isinstance(answer, RedisError):
        raise answer
    now_us, *before = answer
    return Taken(now_us, tuple(before))


@frozen(eq=False)
class _Call:
    """One `take` that waits for its turn."""

    demands: Sequence[Demand]
    taken: asyncio.Future[Taken] = field(factory=lambda: asyncio.get_running_loop().create_future())


class RedisRateLimiter:
    """Keeps count in Redis, and through `local` while Redis is away; for one event loop.

    What is asked for while Redis has not answered yet travels together, next. An answer that takes longer than
    `budget_s` is not waited for; then Redis is asked once in every `pause_s` until it answers again. `on_state_change`
    is told once when it goes away (False) and once when it is back (True). What was counted meanwhile by either is not
    told to the other.
    """

    def __init__(
        self,
        client: Redis,
        *,
        local: RateLimiter,
        on_state_change: Callable[[bool], None] = lambda _: None,
        prefix: str = "ratelimit:",
        budget_s: float = 0.02,
        pause_s: float = 3.0,
    ) -> None:
        self._client = client
        self._count = SharedCount(client, prefix=prefix)
        self._local = local
        self._breaker = Breaker(budget_s=budget_s, pause_s=pause_s, on_state_change=on_state_change)
        self._waiting: deque[_Call] = deque()
        self._sending: asyncio.Task[None] | None = None

    @property
    def available(self) -> bool:
        """Whether Redis answered last."""
        return self._breaker.available

    async def take(self, demands: Sequence[Demand], /) -> tuple[Verdict, ...]:
        """Take a unit of every demand or of none, and say what came of it."""
        if not demands:
            return ()
        if not self._breaker.lets_through:
            return await self._local.take(demands)
        call = _Call(demands)
        self._waiting.append(call)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        try:
            taken = await call.taken
        except Unavailable:
            return await self._local.take(demands)
        return verdicts_of(demands, taken.whole_at_us, now_us=taken.now_us)

    async def _send_all(self) -> None:
        """Send what waits, until nothing does."""
        try:
            while self._waiting:
                calls = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER))]
                try:
                    await self._send(calls)
                finally:
                    # Whatever happened, nobody is left waiting.
                    _refuse(calls)
        finally:
            self._sending = None
            _refuse(self._waiting)

    async def _send(self, calls: Sequence[_Call]) -> None:
        try:
            answers = await self._breaker.run(lambda: self._count.take([call.demands for call in calls]))
        except Unavailable:
            # One that became a replica, say, is not to be asked over the same connection again.
            await self._client.connection_pool.disconnect(inuse_connections=False)
            return
        for call, taken in zip(calls, answers, strict=True):
            if not call.taken.done():
                call.taken.set_result(taken)


def _refuse(calls: Sequence[_Call]) -> None:
    for call in calls:
        if not call.taken.done():
            call.taken.set_exception(Unavailable("Redis", "it did not count"))
