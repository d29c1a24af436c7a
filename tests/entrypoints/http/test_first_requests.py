"""When a key is looked up: not for a first request, which has its effect at once, and before whatever is refused."""

from collections.abc import Callable
from datetime import datetime

import pytest
from tests.entrypoints.http.calling import Api

from amss_adapters.memory.answers import MemoryAnswers
from amss_domain.shared.idempotency import Answered


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Returns the keys that were looked up since it was last asked."""
    seen: list[str] = []
    get = MemoryAnswers.get

    async def seeing(answers: MemoryAnswers, scope: str, key: str, /, *, at: datetime) -> Answered | None:
        seen.append(key)
        return await get(answers, scope, key, at=at)

    def since() -> list[str]:
        found = seen.copy()
        seen.clear()
        return found

    monkeypatch.setattr(MemoryAnswers, "get", seeing)
    return since


async def test_a_first_request_looks_for_no_key(api: Api, looked_up: Callable[[], list[str]]) -> None:
    """Hardly any request is a repetition: the key shows when the effect is to be kept, and costs nothing before."""
    first = await api.post("/parts", {"part_number": "one"}, headers={"Idempotency-Key": "a"})

    assert first.status == 201
    assert looked_up() == []


async def test_what_would_be_refused_is_looked_up_first(api: Api, looked_up: Callable[[], list[str]]) -> None:
    """A repetition gets the first answer although its effect now stands in its way; another command is refused."""
    body = {"part_number": "one"}
    first = await api.post("/parts", body, headers={"Idempotency-Key": "a"})
    again = await api.post("/parts", body, headers={"Idempotency-Key": "a"})
    other = await api.post("/parts", body, headers={"Idempotency-Key": "b"})

    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert (other.status, other.code) == (409, "already_exists")
    assert looked_up() == ["a", "b"]
