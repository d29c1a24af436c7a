"""A client of the API as a careful program writes it: what gets no answer is sent again under the same key."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from attrs import define, field, frozen
from tests.faults.installation import EMAIL, ORGANIZATION, PASSWORD, Serving

_REQUEST_TIMEOUT_S = 60.0
_PAUSE_S = 0.1


@frozen(kw_only=True)
class Answer:
    """What came back, as far as it has to be the same every time."""

    status: int
    body: bytes
    location: str | None
    etag: str | None
    replayed: bool = field(eq=False)
    headers: Mapping[str, str] = field(eq=False, repr=False)

    @property
    def document(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The code of a problem; None for what is none."""
        is_problem = self.headers.get("Content-Type", "").startswith("application/problem+json")
        return self.document["code"] if is_problem else None

    @property
    def says_when_to_retry(self) -> bool:
        """Whether it is a problem document that says when to come again."""
        return self.code is not None and int(self.headers.get("Retry-After", "0")) >= 1


@frozen(kw_only=True)
class Command:
    """A change under a key."""

    method: str
    path: str
    body: Mapping[str, object] = field(hash=False)
    key: str


@define
class Client:
    """Sends requests as one user; `seen` counts what came of each, answers and failures alike."""

    http: aiohttp.ClientSession
    url: str
    token: str = ""
    seen: Counter[str] = field(factory=Counter)

    async def once(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        timeout_s: float = _REQUEST_TIMEOUT_S,
    ) -> Answer:
        """Return the answer to a request that is sent once. Raises `aiohttp.ClientError`, `TimeoutError`."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if key is not None:
            headers["Idempotency-Key"] = key
            # Kept in the audit trail: so each effect is found by the key that had it.
            headers["X-Request-ID"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self.http.request(
                method,
                f"{self.url}/api/v1{path}",
                data=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as response:
                answer = Answer(
                    status=response.status,
                    body=await response.read(),
                    location=response.headers.get("Location"),
                    etag=response.headers.get("ETag"),
                    replayed=response.headers.get("Idempotent-Replayed") == "true",
                    headers=dict(response.headers),
                )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.seen[type(error).__name__] += 1
            raise
        self.seen[f"{answer.status} {answer.code or 'ok'}"] += 1
        return answer

    async def until_answered(self, command: Command) -> Answer:
        """Return the answer to a command that is sent again, under its key, for as long as it gets none."""
        while True:
            try:
                answer = await self.once(command.method, command.path, command.body, key=command.key)
            except (aiohttp.ClientError, OSError, TimeoutError):
                await asyncio.sleep(_PAUSE_S)
                continue
            if answer.status not in (429, 503) and answer.code != "key_in_use":
                return answer
            assert answer.says_when_to_retry, answer
            await asyncio.sleep(_PAUSE_S)

    async def made(self, path: str, body: object) -> Any:
        """Return what a POST made."""
        answer = await self.once("POST", path, body)
        assert answer.status == 201, answer
        return answer.document

    async def log_in(self) -> Any:
        """Log in as the administrator, and return the tokens."""
        body = {"org_id": ORGANIZATION, "email": EMAIL, "password": PASSWORD}
        answer = await self.once("POST", "/auth/login", body)
        assert answer.status == 200, answer
        self.token = answer.document["access_token"]
        return answer.document


@asynccontextmanager
async def connected(
    serving: Serving, *, connections: int = 100, kept: bool = True, log_in: bool = True
) -> AsyncIterator[Client]:
    """Yield a client with so many connections; logged in, it may ask as often as it likes.

    Connections that are not `kept` serve one request each, so that every process gets its share.
    """
    connector = aiohttp.TCPConnector(limit=connections, force_close=not kept)
    async with aiohttp.ClientSession(connector=connector) as http:
        client = Client(http, serving.url)
        if log_in:
            await client.log_in()
            me = await client.once("GET", "/auth/me")
            plenty = {"rate_limit_per_minute": 1_000_000}
            policy = f"/organizations/{me.document['user']['org_id']}/policy"
            answer = await client.once("PUT", policy, plenty)
            assert answer.status == 200, answer
        yield client
