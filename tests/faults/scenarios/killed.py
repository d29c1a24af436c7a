"""Processes are killed at any instant while commands are carried out: each command has its effect once all the same."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from random import Random

from attrs import define, field
from tests.faults.client import Answer, Client, Command, connected
from tests.faults.installation import Installation, Serving, eventually, is_alive
from tests.faults.scenarios.commands import Ground, assert_each_once, command_of, prepared

_CLIENTS = 24


@define
class _Load:
    """Clients that send one command after the other, and each of them until it is answered."""

    client: Client
    ground: Ground
    answered: dict[Command, Answer] = field(factory=dict)
    ended: bool = False
    _numbers: int = 0

    async def run(self) -> None:
        """Send commands until told to end."""
        while not self.ended:
            self._numbers += 1
            command = command_of(self.ground, self._numbers)
            self.answered[command] = await self.client.until_answered(command)


async def killed(installation: Installation, *, load_s: float, parents: int, seed: int) -> str:
    """Kill processes again and again while clients send commands; return the figures."""
    chance = Random(seed)
    serving = await asyncio.to_thread(installation.serving, processes=2)
    async with connected(serving, connections=_CLIENTS) as client:
        load = _Load(client, await prepared(client, 600))
        running = [asyncio.create_task(load.run()) for _ in range(_CLIENTS)]
        children, trees = 0, 0
        for part in range(parents + 1):
            until = time.monotonic() + load_s / (parents + 1)
            while time.monotonic() < until:
                await asyncio.sleep(chance.uniform(0.05, 1.5))
                children += _kill_one(serving, chance)
            if part < parents:
                # With the parent alone its processes come to their end by themselves; with all at once nobody can.
                victims = [serving.process.pid, *(serving.children() if part % 2 else ())]
                trees += 1
                serving = await _replaced(installation, serving, victims)
        load.ended = True
        await asyncio.wait_for(asyncio.gather(*running), 60)

        again = await asyncio.gather(*map(client.until_answered, load.answered))
        assert again == list(load.answered.values())
        assert all(answer.replayed for answer in again)
        seen = dict(client.seen)
    assert {answer.status for answer in again} <= {200, 201}, seen
    assert not [one for one in seen if one.startswith("500")], (seen, serving.said())
    assert_each_once(installation.postgres, list(load.answered))
    assert installation.postgres.idle_in_transaction() == 0
    assert await asyncio.to_thread(eventually, lambda: len(serving.children()) == 2)
    return f"{children} processes and {trees} parents killed, {len(again)} commands each had its effect once: {seen}"


def _kill_one(serving: Serving, chance: Random) -> int:
    children = serving.children()
    if not children:
        return 0
    with suppress(ProcessLookupError):
        os.kill(chance.choice(children), signal.SIGKILL)
    return 1


async def _replaced(installation: Installation, serving: Serving, victims: list[int]) -> Serving:
    """Kill the processes, and start the command again as whoever supervises it would."""
    left = serving.children()
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(serving.process.wait)
    assert await asyncio.to_thread(eventually, lambda: not any(map(is_alive, left)))
    return await asyncio.to_thread(installation.serve, processes=2, port=serving.port)
