"""Many clients send the same commands at once, each many times: each command has its effect once."""

import asyncio
import time
from itertools import chain, repeat

from attrs import evolve
from tests.faults.client import Answer, connected
from tests.faults.installation import Installation
from tests.faults.scenarios.commands import assert_each_once, assert_one_answer, command_of, prepared


async def duplicates(installation: Installation, *, commands: int, each: int, connections: int) -> str:
    """Send every command so many times at once to two processes; return the figures."""
    serving = installation.serving(processes=2)
    async with connected(serving, connections=connections) as client:
        ground = await prepared(client, commands)
        wanted = [command_of(ground, number) for number in range(commands)]
        client.seen.clear()
        began = time.monotonic()
        # Those of one key side by side, so that they meet.
        sent = [client.until_answered(one) for one in chain.from_iterable(repeat(one, each) for one in wanted)]
        answers = await asyncio.gather(*sent)
        took_s = time.monotonic() - began
        seen = dict(client.seen)
        by_key: dict[str, list[Answer]] = {}
        for command, answer in zip(chain.from_iterable(repeat(one, each) for one in wanted), answers, strict=True):
            by_key.setdefault(command.key, []).append(answer)

        for of_one in by_key.values():
            assert_one_answer(of_one)
            assert sum(not answer.replayed for answer in of_one) == 1
        assert_each_once(installation.postgres, wanted)
        assert not [outcome for outcome in seen if outcome.startswith("500")], seen

        others = [evolve(one, body={**one.body, **_another(one.method, one.path)}) for one in wanted[:50]]
        refused = await asyncio.gather(*map(client.until_answered, others))
        assert {(answer.status, answer.code) for answer in refused} == {(422, "key_reused")}
        assert_each_once(installation.postgres, wanted)
    assert installation.postgres.idle_in_transaction() == 0
    # How busy the machine is shows in warnings; a fault of the server would be an error.
    assert serving.events('"level": "error"') == 0, serving.said()[-3000:]
    rate = sum(seen.values()) / took_s
    return f"{len(answers)} duplicates of {commands} commands in {took_s:.1f} s ({rate:.0f} requests/s): {seen}"


def _another(method: str, path: str) -> dict[str, object]:
    """Return a valid change of the body of a command."""
    if path in ("/parts", "/tasks"):
        return {"description": "another"}
    if path.startswith("/parts/"):
        return {"description": "another"}
    if path.startswith("/inventory"):
        return {"quantity_on_hand": 2} if method == "POST" else {"difference": -2}
    return {"hours": 0.2}
