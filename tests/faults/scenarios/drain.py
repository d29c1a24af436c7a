"""Asked to end under load, the processes answer everything that reached them, and then end."""

import asyncio
import json
import signal
import time
from collections import Counter
from uuid import uuid4

from attrs import define, field
from tests.faults.client import Command, connected
from tests.faults.installation import Installation, Serving
from tests.faults.raw import Closed, Connection, Lost, Refused
from tests.faults.scenarios.commands import assert_each_once

_GRACE_S = 30.0


@define
class _Load:
    """Clients that each send one request after the other, on a connection that they keep for as long as they may."""

    url: str
    token: str
    outcomes: Counter[str] = field(factory=Counter)
    acknowledged: list[Command] = field(factory=list)

    async def run(self, *, think_s: float, requests_a_connection: int) -> None:
        """Send requests until nobody takes a connection any more."""
        while True:
            try:
                connection = await Connection.to(self.url)
            except Refused:
                self.outcomes["refused"] += 1
                return
            try:
                for _ in range(requests_a_connection):
                    await self._ask(connection)
                    await asyncio.sleep(think_s)
            except Closed:
                self.outcomes["closed before anything was sent"] += 1
            except Lost as lost:
                self.outcomes[f"lost: {lost}"] += 1
            finally:
                connection.close()

    async def _ask(self, connection: Connection) -> None:
        key = uuid4().hex
        command = Command(method="POST", path="/parts", body={"part_number": f"P-{key}"}, key=key)
        status, body = await connection.ask(
            command.method,
            f"/api/v1{command.path}",
            json.dumps(command.body).encode(),
            Authorization=f"Bearer {self.token}",
            Content_Type="application/json",
            Idempotency_Key=key,
            X_Request_ID=key,
        )
        self.outcomes[str(status)] += 1
        if status == 201:
            self.acknowledged.append(command)
        else:
            assert status == 503, body


async def drain(installation: Installation, *, clients: int, load_s: float, rounds: int) -> str:
    """End processes under load, several times; return the figures."""
    took: list[float] = []
    outcomes: Counter[str] = Counter()
    for number in range(rounds):
        serving = installation.serving(processes=2)
        load = await _loaded(serving, clients)
        running = [
            asyncio.create_task(load.run(think_s=0.001 * (one % 40), requests_a_connection=1 + one % 20))
            for one in range(clients)
        ]
        await asyncio.sleep(load_s)
        began = time.monotonic()
        serving.process.send_signal((signal.SIGTERM, signal.SIGINT)[number % 2])
        await asyncio.wait_for(asyncio.gather(*running), _GRACE_S)
        code = await asyncio.to_thread(serving.process.wait, _GRACE_S)
        took.append(time.monotonic() - began)

        assert code == 0
        assert not [one for one in load.outcomes if one.startswith("lost")], load.outcomes
        assert load.outcomes["201"] >= clients
        assert load.outcomes["refused"] == clients
        assert_each_once(installation.postgres, load.acknowledged)
        outcomes += load.outcomes
    assert max(took) < _GRACE_S
    return f"ended within {max(took):.1f} s, {rounds} times, under {clients} clients: {dict(outcomes)}"


async def _loaded(serving: Serving, clients: int) -> _Load:
    async with connected(serving, connections=4) as client:
        return _Load(client.url, client.token)
