"""Run as a process of its own: many tasks spend one quota; what comes out is how many units they got.

Called as `spender.py ADDRESS KEY LIMIT WINDOW_S TASKS TIMES`; begins when standard input ends.
"""

import asyncio
import sys
from collections.abc import Sequence

from amss_adapters.redis import RedisRateLimiter, connect
from amss_domain.shared.rate_limit import Demand, Quota, Verdict


class NeverAsked:
    """A local limiter that nobody asks while Redis answers."""

    async def take(self, demands: Sequence[Demand], /) -> tuple[Verdict, ...]:
        """Fail."""
        raise AssertionError("Redis did not answer")


async def spend(address: str, key: str, quota: Quota, tasks: int, times: int) -> int:
    """Return how many units all tasks got together."""
    demands = [Demand(key=key, quota=quota)]
    async with connect(address) as client:
        limiter = RedisRateLimiter(client, local=NeverAsked(), budget_s=60.0)

        async def ask() -> int:
            return sum([(await limiter.take(demands))[0].allowed for _ in range(times)])

        return sum(await asyncio.gather(*(ask() for _ in range(tasks))))


def main() -> None:
    """Spend and tell."""
    address, key, *numbers = sys.argv[1:]
    limit, window_s, tasks, times = map(int, numbers)
    sys.stdin.read()
    quota = Quota(name="org", limit=limit, window_s=window_s)
    sys.stdout.write(f"{asyncio.run(spend(address, key, quota, tasks, times))}\n")


if __name__ == "__main__":
    main()
