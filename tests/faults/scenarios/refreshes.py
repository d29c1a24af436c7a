"""One refresh token is used many times at once, and once more when it is long spent."""

import asyncio
from collections import Counter

from tests.faults.client import Answer, Client, connected
from tests.faults.installation import Installation

_GRACE_S = 10.0


async def refreshes(installation: Installation, *, at_once: int, rounds: int, steal: bool) -> str:
    """Refresh at once, and with `steal` replay a spent token after the grace; return the figures."""
    serving = installation.serving(processes=2)
    outcomes: Counter[str] = Counter()
    async with connected(serving, connections=at_once) as client:
        first = (await client.log_in())["refresh_token"]
        newest = first
        for _ in range(rounds):
            installation.valkey.forget()
            spent = newest
            answers = await asyncio.gather(*(_refreshed(client, spent) for _ in range(at_once)))
            outcomes.update(f"{answer.status} {answer.code or 'ok'}" for answer in answers)
            (granted,) = [answer for answer in answers if answer.status == 200]
            assert {answer.code for answer in answers if answer is not granted} == {"bad_credentials"}
            newest = granted.document["refresh_token"]
        assert _tokens(installation) == rounds + 1

        successor = await _refreshed(client, newest)
        assert successor.status == 200, successor
        newest = successor.document["refresh_token"]
        client.token = successor.document["access_token"]
        assert (await client.once("GET", "/auth/me")).status == 200
        if steal:
            # Nothing but time makes of a token sent twice a stolen one.
            await asyncio.sleep(_GRACE_S + 1)
            assert (await _refreshed(client, first)).code == "bad_credentials"
            assert (await _refreshed(client, newest)).code == "bad_credentials"
            assert _stolen(installation) == 1
    return f"{rounds} times {at_once} refreshes at once: {dict(outcomes)}"


async def _refreshed(client: Client, token: str) -> Answer:
    return await client.once("POST", "/auth/refresh", {"refresh_token": token})


def _stolen(installation: Installation) -> int:
    """Return how often a token was found to be stolen."""
    return installation.postgres.count("SELECT count(*) FROM audit_logs WHERE action = 'token_reused'")


def _tokens(installation: Installation) -> int:
    """Return how many refresh tokens the newest session has had."""
    return installation.postgres.count(
        "SELECT count(*) FROM refresh_tokens"
        " WHERE session_id = (SELECT id FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1)"
    )
