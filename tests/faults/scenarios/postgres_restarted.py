"""PostgreSQL is stopped, killed and started again under load: requests fail as they should, and then work again."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from attrs import define, field
from tests.faults.client import Client, Command, connected
from tests.faults.installation import Installation, Postgres
from tests.faults.scenarios.commands import Ground, assert_each_once, command_of, prepared

_WRITERS, _READERS = 16, 8
_RECOVERED_WITHIN_S = 60.0
# Longer than whatever AMSS itself waits for: nobody is left hanging.
_LONGEST_ANSWER_S = 30.0


@define
class _Load:
    """Clients that read and write; what may fail is told apart from what may not."""

    client: Client
    ground: Ground
    answered: list[Command] = field(factory=list)
    ended: bool = False
    slowest_s: float = 0.0
    _numbers: int = 0

    async def write(self) -> None:
        """Send commands, each until it is answered."""
        while not self.ended:
            self._numbers += 1
            command = command_of(self.ground, self._numbers)
            answer = await self.client.until_answered(command)
            assert answer.status in (200, 201), answer
            self.answered.append(command)

    async def read(self) -> None:
        """Read, and expect nothing but the thing itself or a problem that says when to come again."""
        while not self.ended:
            began = time.monotonic()
            answer = await self.client.once("GET", "/parts?limit=5")
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            assert answer.status == 200 or (answer.status == 503 and answer.says_when_to_retry), answer
            await asyncio.sleep(0.02)


async def postgres_restarted(installation: Installation, *, rounds: int) -> str:
    """Stop, kill and start it, so many times each; return the figures."""
    serving = installation.serving(processes=2)
    processes = serving.children()
    postgres = installation.postgres
    took: dict[str, float] = {}
    async with connected(serving, connections=_WRITERS + _READERS + 2) as client:
        load = _Load(client, await prepared(client, 600))
        client.seen.clear()
        running = [asyncio.create_task(load.write()) for _ in range(_WRITERS)]
        running += [asyncio.create_task(load.read()) for _ in range(_READERS)]
        for _ in range(rounds):
            for name, hurt in (("stopped", _restart), ("killed", _kill), ("backend killed", _kill_backend)):
                await asyncio.sleep(1)
                began = time.monotonic()
                await hurt(postgres)
                await _works_again(load)
                took[name] = max(took.get(name, 0.0), time.monotonic() - began)
                assert serving.children() == processes
        await asyncio.sleep(1)
        load.ended = True
        await asyncio.wait_for(asyncio.gather(*running), _RECOVERED_WITHIN_S)
        seen = dict(client.seen)
    assert postgres.idle_in_transaction() == 0
    assert_each_once(postgres, load.answered)
    assert {outcome[:3] for outcome in seen} <= {"200", "201", "409", "503"}, (seen, serving.said()[-3000:])
    assert not [one for one in seen if one.startswith("409") and one != "409 key_in_use"], seen
    assert load.slowest_s < _LONGEST_ANSWER_S
    recovered = ", ".join(f"{name}: {seconds:.1f} s" for name, seconds in took.items())
    return f"worked again after {recovered}; slowest {load.slowest_s:.1f} s; {len(load.answered)} commands; {seen}"


async def _restart(postgres: Postgres) -> None:
    await asyncio.to_thread(postgres.stop)
    await asyncio.sleep(1)
    await asyncio.to_thread(postgres.start)


async def _kill(postgres: Postgres) -> None:
    pid = postgres.pid()
    postgres.kill()
    await _until(lambda: asyncio.to_thread(_is_another, postgres, pid))


async def _kill_backend(postgres: Postgres) -> None:
    """Kill one connection's process, whereupon the server ends all of them and recovers."""
    rows = await asyncio.to_thread(
        postgres.rows, "SELECT pid FROM pg_stat_activity WHERE usename = 'amss_app' ORDER BY random() LIMIT 1"
    )
    with suppress(ProcessLookupError):
        os.kill(int(str(rows[0][0])), signal.SIGKILL)


def _is_another(postgres: Postgres, pid: int) -> bool:
    with suppress(OSError, IndexError):
        return postgres.pid() != pid and postgres.answers()
    return False


async def _works_again(load: _Load) -> None:
    """Wait until commands are answered again, by every process."""
    before = len(load.answered)

    async def some_were_answered() -> bool:
        return len(load.answered) > before + 2 * _WRITERS

    await _until(some_were_answered)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_RECOVERED_WITHIN_S):
        while not await holds():
            await asyncio.sleep(0.05)
