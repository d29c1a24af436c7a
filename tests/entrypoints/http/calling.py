"""Calling the API over one world, as a client would."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from attrs import field, frozen
from multidict import CIMultiDictProxy
from tests.entrypoints.http.cases import BOUNDARY, Case, File
from tests.entrypoints.http.described import faults_of
from tests.entrypoints.http.world import World

from amss_domain.access.model import Role
from amss_entrypoints.http.app import Conditions, application
from amss_entrypoints.http.endpoint import BASE

NO_DOCS = Conditions(internal_elsewhere=True)
"""The documentation takes a second to write: only tests of it have it served."""


@frozen(eq=False)
class Reply:
    """What came back."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The code of the problem; None when it is none."""
        kind = self.headers.get("Content-Type", "")
        return str(self.json["code"]) if kind.startswith("application/problem+json") else None

    def __str__(self) -> str:
        return f"{self.status} {self.body[:500]!r}"


@frozen(eq=False)
class Api:
    """One application over one world, and what it takes to call it.

    Every answer is held against the published document; `faults` are the differences.
    """

    world: World
    client: "TestClient[Request, Application]"
    faults: list[str] = field(factory=list)

    @property
    def ids(self) -> Mapping[str, str]:
        """The ids of what is at home."""
        return self.world.home.ids

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: Role | str | None = Role.ADMIN,
        token: str | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Reply:
        """Send a request below the base of the API, as whoever has the role at home; `token` is used instead of theirs.

        `body` is sent as JSON, a `File` as a form, `data` as it is; None sends no body.
        """
        sent = dict(headers or {})
        if token is None and by is not None:
            token = self.world.token(by)
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        if isinstance(body, File):
            data = body.form
            sent.setdefault("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        elif body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        where = path if path.startswith(BASE) or path in _ROOT else BASE + path
        if query:
            where += "?" + urlencode(query, doseq=True)
        return await self.send(method, where, sent, data)

    async def send(self, method: str, target: str, headers: Mapping[str, str], data: bytes | None = None) -> Reply:
        """Send a request as it is given."""
        # What aiohttp would add by itself is part of what is tested.
        automatic = [name for name in ("Content-Type", "Accept", "User-Agent") if name not in headers]
        body = data if data is None or len(data) < _LARGE else BytesIO(data)
        async with self.client.request(
            method, target, headers=headers, data=body, skip_auto_headers=automatic, allow_redirects=False
        ) as response:
            reply = Reply(response.status, response.headers, await response.read())
        self.faults.extend(faults_of(method, urlsplit(target).path, reply.status, reply.headers, reply.body))
        return reply

    async def run(self, case: Case, *, by: Role | str | None = None, **more: Any) -> Reply:
        """Send the request of a case, as whoever it is for unless somebody else is named."""
        one = case.filled(self.ids)
        who = None if one.endpoint.public else by or one.by
        return await self.ask(one.endpoint.method, one.target(), one.body, query=one.query, by=who, **more)

    async def get(self, path: str, **more: Any) -> Reply:
        """Read."""
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: object = None, **more: Any) -> Reply:
        """Send a command."""
        return await self.ask("POST", path, body, **more)

    async def walk(self, path: str, *, by: Role | str = Role.ADMIN, **query: object) -> list[Any]:
        """Return the items of all pages of a list, going by their links."""
        items: list[Any] = []
        reply = await self.get(path, by=by, query=query)
        while True:
            assert reply.status == 200, str(reply)
            items += reply.json["items"]
            following = reply.json["next_cursor"]
            if following is None:
                assert "Link" not in reply.headers
                return items
            target = reply.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
            assert parse_qs(urlsplit(target).query)["cursor"] == [following]
            reply = await self.send("GET", target, {"Authorization": f"Bearer {self.world.token(by)}"})


_LARGE = 100_000
_ROOT = ("/health", "/ready", "/metrics", "/openapi.json", "/openapi.yaml", "/docs", "/.well-known/jwks.json")


@asynccontextmanager
async def calling(world: World, conditions: Conditions = NO_DOCS) -> AsyncIterator[Api]:
    """Serve the world on a port of this machine for as long as this lasts."""
    server = TestServer(application(world.services, conditions))
    async with TestClient(server) as client:
        api = Api(world, client)
        yield api
    assert not api.faults, "\n".join(dict.fromkeys(api.faults))
