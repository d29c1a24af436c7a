"""Valkey goes away under load and comes back: nobody fails for it, and nobody gets to try passwords without end."""

import asyncio
import os
import signal
import time
from collections import Counter
from pathlib import Path

from attrs import define, field
from tests.faults.client import Client, connected
from tests.faults.installation import EMAIL, ORGANIZATION, Installation, Serving, eventually
from tests.faults.scenarios.commands import Ground, command_of, prepared

_PROCESSES = 2
_CLIENTS = 12
# Of the quota of an account: at once, and what comes back while the test asks.
_LOGINS, _LOGINS_BACK_S = 10, 6.0


@define
class _Load:
    """Clients that read and write, and expect every request to succeed."""

    client: Client
    ground: Ground
    ended: bool = False
    slowest_s: float = 0.0
    _numbers: int = field(default=0)

    async def run(self) -> None:
        """Send requests until told to end."""
        while not self.ended:
            self._numbers += 1
            command = command_of(self.ground, self._numbers)
            began = time.monotonic()
            if self._numbers % 2:
                answer = await self.client.once("GET", "/parts?limit=5")
            else:
                answer = await self.client.once(command.method, command.path, command.body, key=command.key)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            assert answer.status in (200, 201), answer
            await asyncio.sleep(0.02)


async def valkey_away(installation: Installation, *, outages: int, away_s: float) -> str:
    """Kill Valkey, then stop it for some time, both under load; return the figures."""
    serving = installation.serving(processes=_PROCESSES)
    valkey = installation.valkey
    logins: Counter[str] = Counter()
    async with connected(serving, connections=_CLIENTS + 40, kept=False) as client:
        load = _Load(client, await prepared(client, 60))
        running = [asyncio.create_task(load.run()) for _ in range(_CLIENTS)]
        await asyncio.sleep(1)
        for number in range(outages):
            await asyncio.to_thread(valkey.stop)
            assert await _told(serving, "redis is away", _PROCESSES * (number + 1))
            began = time.monotonic()
            tried = await _guess(client, f"{number}-{EMAIL}", 40)
            allowed = _PROCESSES * (_LOGINS + 1 + int((time.monotonic() - began) / _LOGINS_BACK_S))
            assert _LOGINS <= tried["401 bad_credentials"] <= allowed, tried
            assert tried.keys() == {"401 bad_credentials", "429 rate_limited"}
            logins += tried
            await asyncio.sleep(away_s)
            assert serving.events("redis is back") == _PROCESSES * number
            await asyncio.to_thread(valkey.start)
            assert await _told(serving, "redis is back", _PROCESSES * (number + 1))
        # Now both count together again.
        tried = await _guess(client, f"after-{EMAIL}", 20)
        assert _LOGINS <= tried["401 bad_credentials"] <= _LOGINS + 2, tried

        # Killed it is back before long by itself; whether a process notices depends on what it was about.
        valkey.kill()
        await asyncio.sleep(1)
        assert await asyncio.to_thread(eventually, lambda: _is_even(serving), within_s=30)
        load.ended = True
        await asyncio.gather(*running)
        seen = dict(client.seen)
    assert not [one for one in seen if one.startswith("5")], seen
    assert serving.events("redis is away") <= _PROCESSES * (outages + 1)
    return f"{outages} outages: slowest answer {load.slowest_s:.2f} s, guesses {dict(logins)}, all {seen}"


async def valkey_of_up_killed(installation: Installation, *, home: Path) -> str:
    """Kill the Valkey that `amss up` brought along; it comes back, and the log says so."""
    serving, word = await asyncio.to_thread(installation.up, home)
    async with connected(serving, log_in=False) as client:
        body = {"org_id": word["organization"], "email": "admin@demo.local", "password": word["password"]}
        client.token = (await client.once("POST", "/auth/login", body)).document["access_token"]
        os.kill(int((home / "valkey" / "server.pid").read_text().split()[0]), signal.SIGKILL)
        until = time.monotonic() + 60
        while serving.events("redis is back") < 1 or not _is_even(serving):
            assert time.monotonic() < until, serving.said()
            assert (await client.once("GET", "/auth/me")).status in (200, 429)
            await asyncio.sleep(0.05)
        seen = dict(client.seen)
    assert serving.end(signal.SIGINT) == 0
    return f"amss up lost its Valkey and has it again: {seen}"


async def _guess(client: Client, email: str, times: int) -> Counter[str]:
    """Try to log in to one account with wrong passwords, all at once."""
    body = {"org_id": ORGANIZATION, "email": email, "password": "a wrong password"}
    answers = await asyncio.gather(*(client.once("POST", "/auth/login", body) for _ in range(times)))
    assert all(answer.says_when_to_retry for answer in answers if answer.status == 429)
    return Counter(f"{answer.status} {answer.code}" for answer in answers)


async def _told(serving: Serving, text: str, times: int) -> bool:
    """Tell whether the log comes to say it so many times, and does not say it once more."""
    came = await asyncio.to_thread(eventually, lambda: serving.events(text) >= times, within_s=30)
    return came and serving.events(text) == times


def _is_even(serving: Serving) -> bool:
    return serving.events("redis is away") == serving.events("redis is back")
