"""More clients than can be served: those beyond the limit are told so at once, and the others are served on."""

import asyncio
import time
from uuid import uuid4

from attrs import define, field
from tests.faults.client import Client, connected
from tests.faults.installation import Installation

_FEW = 24
# Who is shed comes again a little later, so that those who are served have the machine.
_BACK_OFF_S = 0.2


@define
class _Measured:
    """What became of requests in some time: how long each answer took, by whether it was the thing itself."""

    took_s: float
    done: list[float] = field(factory=list)
    shed: list[float] = field(factory=list)

    @property
    def rate(self) -> float:
        """How many requests were served in a second."""
        return len(self.done) / self.took_s


async def overload(installation: Installation, *, clients: int, load_s: float, at_least: float) -> str:
    """Have few clients and then many send all they can to one process; return the figures.

    Of what few clients get done many get done `at_least` so much, together.
    """
    serving = installation.serving(processes=1)
    async with connected(serving, connections=clients) as client:
        few = await _measured(client, _FEW, load_s)
        many = await _measured(client, clients, load_s)
        again = await _measured(client, _FEW, load_s)
        seen = dict(client.seen)
    assert not few.shed
    assert not again.shed
    assert many.shed
    assert set(seen) <= {"200 ok", "201 ok", "503 overloaded"}, seen
    assert many.rate > few.rate * at_least, (few.rate, many.rate)
    quick, served = _most(many.shed), _most(many.done)
    assert quick < max(1.0, served), (quick, served)
    # A few lines tell of it, however many were shed.
    assert 1 <= serving.events("overloaded") <= 2 + load_s / 5
    assert len(serving.said().splitlines()) == serving.events("overloaded")
    return (
        f"{_FEW} clients {few.rate:.0f}/s, {clients} clients {many.rate:.0f}/s, then {again.rate:.0f}/s; "
        f"{len(many.shed)} shed, 95 % within {quick:.3f} s (served: {served:.3f} s): {seen}"
    )


async def _measured(client: Client, clients: int, load_s: float) -> _Measured:
    measured = _Measured(load_s)
    until = time.monotonic() + load_s

    async def run() -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            answer = await client.once("POST", "/parts", {"part_number": f"P-{uuid4().hex}"})
            took_s = time.monotonic() - began
            if answer.status == 503:
                assert answer.says_when_to_retry, answer
                measured.shed.append(took_s)
                await asyncio.sleep(_BACK_OFF_S)
            else:
                measured.done.append(took_s)

    await asyncio.gather(*(run() for _ in range(clients)))
    return measured


def _most(seconds: list[float]) -> float:
    """Return within how many seconds 95 of 100 were answered."""
    return sorted(seconds)[len(seconds) * 95 // 100]
