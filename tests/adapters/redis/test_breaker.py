"""The circuit breaker: one failure opens it, one success closes it, and in between hardly anything is tried."""

import asyncio
import time

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from amss_adapters.redis.breaker import Breaker
from amss_domain.shared.errors import Unavailable


class Server:
    """Answers or not, on a clock that stands still."""

    def __init__(self) -> None:
        self.now = 0.0
        self.down = False
        self.asked = 0
        self.said: list[bool] = []
        self.breaker = Breaker(budget_s=20.0, pause_s=3.0, on_state_change=self.said.append, now=lambda: self.now)

    async def answer(self) -> str:
        """Answer, unless it is down."""
        self.asked += 1
        if self.down:
            raise RedisConnectionError("nobody listens")
        return "pong"

    async def ask(self) -> str | None:
        """Return the answer, None when there is none."""
        try:
            return await self.breaker.run(self.answer)
        except Unavailable:
            return None


async def test_what_answers_is_asked_every_time() -> None:
    """Nothing is said while all is well."""
    server = Server()

    assert [await server.ask() for _ in range(5)] == ["pong"] * 5
    assert (server.asked, server.said) == (5, [])


async def test_what_does_not_answer_is_asked_once_in_a_while() -> None:
    """After a failure all calls fail at once, but for one after each pause; it is said once."""
    server = Server()
    server.down = True

    for _ in range(10):
        assert [await server.ask() for _ in range(10)] == [None] * 10
        server.now += 1.0

    assert server.asked == 4
    assert server.said == [False]


async def test_one_answer_is_enough() -> None:
    """After a trial that succeeds everything is let through again, and that is said once."""
    server = Server()
    server.down = True
    await server.ask()
    server.down = False

    before = await server.ask()
    server.now += 3.0
    after = [await server.ask() for _ in range(3)]

    assert (before, after) == (None, ["pong"] * 3)
    assert (server.said, server.breaker.available) == ([False, True], True)


async def test_a_trial_under_way_holds_up_nobody() -> None:
    """While one call tries, the others fail at once."""
    server = Server()
    server.down = True
    await server.ask()
    server.down = False
    server.now += 3.0
    going_on = asyncio.Event()

    async def slow() -> str:
        await going_on.wait()
        return await server.answer()

    trial = asyncio.ensure_future(server.breaker.run(slow))
    await asyncio.sleep(0)
    assert await server.ask() is None
    going_on.set()

    assert await trial == "pong"
    assert await server.ask() == "pong"


async def test_an_answer_from_before_the_failure_proves_nothing() -> None:
    """A call that began while all was well and ends after a failure does not close the circuit."""
    server = Server()
    going_on = asyncio.Event()

    async def slow() -> str:
        await going_on.wait()
        return await server.answer()

    early = asyncio.ensure_future(server.breaker.run(slow))
    await asyncio.sleep(0)
    server.down = True
    await server.ask()
    server.down = False
    going_on.set()

    assert await early == "pong"
    assert (server.breaker.available, server.said) == (False, [False])


async def test_many_failures_at_once_are_one() -> None:
    """Calls that were under way when the server went fail all, and it is said once."""
    server = Server()
    server.down = True

    assert await asyncio.gather(*(server.ask() for _ in range(20))) == [None] * 20
    assert server.said == [False]


async def test_who_takes_too_long_is_not_waited_for() -> None:
    """Past its budget a call is given up."""
    said: list[bool] = []
    breaker = Breaker(budget_s=0.01, pause_s=3.0, on_state_change=said.append)

    with pytest.raises(Unavailable):
        await breaker.run(asyncio.Event().wait)

    assert said == [False]


async def test_being_cancelled_is_no_failure() -> None:
    """Who gives up by himself says nothing about the server."""
    server = Server()
    waiting = asyncio.ensure_future(server.breaker.run(asyncio.Event().wait))
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert (server.breaker.available, server.said) == (True, [])


async def test_mistakes_pass_through() -> None:
    """What is no failure of the server is not taken for one."""
    server = Server()

    async def mistaken() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await server.breaker.run(mistaken)

    assert server.breaker.available


async def test_a_busy_process_is_no_missing_server() -> None:
    """An answer that came while this process had no time to look counts, even when its budget is over by then."""
    said: list[bool] = []
    breaker = Breaker(budget_s=0.04, pause_s=3.0, on_state_change=said.append)

    async def answer() -> str:
        loop = asyncio.get_running_loop()
        loop.call_soon(time.sleep, 0.2)
        for _ in range(5):
            await asyncio.sleep(0)
        return "pong"

    assert await breaker.run(answer) == "pong"
    assert said == []
