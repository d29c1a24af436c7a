"""The way of a request through an endpoint: who calls, how often, what was sent, the handler, and the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, Final, cast
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from attrs import define, evolve, frozen

from amss_domain.access.rules import authorize
from amss_domain.access.use_cases.sessions import Origin
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import AmssError, Unavailable
from amss_domain.shared.idempotency import Answered, Idempotency
from amss_domain.shared.ids import OrgId
from amss_entrypoints.container import Container
from amss_entrypoints.http.authentication import Authentication, Caller, nobody
from amss_entrypoints.http.client import Networks, address_of
from amss_entrypoints.http.conditions import etag_of, expected_version, is_unchanged
from amss_entrypoints.http.cursors import cursor_after
from amss_entrypoints.http.endpoint import CSV, JSON, Answer, Call, Endpoint, Table
from amss_entrypoints.http.keys import key_of
from amss_entrypoints.http.limits import Limits
from amss_entrypoints.http.policies import Policies
from amss_entrypoints.http.problems import RequestRejected
from amss_entrypoints.http.reading import body_of, listing_of, path_of, query_of
from amss_entrypoints.http.schema import ENCODER
from amss_entrypoints.http.uploading import uploaded

ACTOR: Final = web.RequestKey("actor", Actor)
REQUEST_ID: Final = web.RequestKey("request_id", str)
RATE_HEADERS: Final = web.RequestKey("rate_headers", dict)
COMMON_HEADERS: Final = web.RequestKey("common_headers", dict)

HANDLER_TIMEOUT_S: Final = 60.0
"""How long an answer may take; exports, which are sent while they are made, may take as long as they need."""

UPLOAD_TIMEOUT_S: Final = 900.0
"""How long it may take until a file has come and is answered."""

_REPLAYED: Final = "Idempotent-Replayed"


@frozen(kw_only=True)
class Ready:
    """An answer as it goes out, and as it is kept for repetitions: without secrets that are shown once."""

    status: int
    body: bytes
    etag: str | None = None
    location: str | None = None


_READ_READY = msgspec.msgpack.Decoder(Ready).decode
_WRITE_READY = msgspec.msgpack.Encoder().encode


@frozen(kw_only=True, eq=False)
class Dispatcher:
    """Serves endpoints: everything that all of them have in common stands here, in the order in which it happens."""

    services: Container
    clock: Clock
    authentication: Authentication
    limits: Limits
    policies: Policies
    trusted_proxies: Networks
    running: set[tuple[str, str]]

    def handler_of(self, endpoint: Endpoint[Any, Any, Any]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the endpoint as aiohttp takes it."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                async with asyncio.timeout(_timeout_s(endpoint)):
                    return await self._serve(request, endpoint)
            except TimeoutError as late:
                raise Unavailable("the answer", f"it took more than {_timeout_s(endpoint):g} s; try again") from late

        return handle

    async def _serve(self, request: web.Request, endpoint: Endpoint[Any, Any, Any]) -> web.StreamResponse:
        origin = Origin(request_id=request[REQUEST_ID], address=address_of(request, self.trusted_proxies))
        caller = await self._admit(request, endpoint, origin)
        as_csv = _accepts_csv(request, endpoint)
        path = path_of(request, endpoint)
        query, page = query_of(request, endpoint)
        key = key_of(request.headers.get("Idempotency-Key")) if endpoint.keyed else None
        call: Call[Any, Any] = Call(
            services=self.services,
            actor=caller.actor,
            session_id=caller.session_id,
            origin=origin,
            path=path,
            query=query,
            body=None,
            page=page,
            expected_version=await self._expected(request, endpoint, caller.actor),
            accept_csv=as_csv,
            headers={**request.get(COMMON_HEADERS, {}), **request.get(RATE_HEADERS, {})} if endpoint.streams else {},
            request=request if endpoint.streams else None,
        )
        if not endpoint.uploads:
            body, raw = await body_of(request, endpoint)
            return await self._answer(request, endpoint, evolve(call, body=body), key, raw)
        upload, raw = await uploaded(request, self.services.store_upload(), caller.actor)
        try:
            response = await self._answer(request, endpoint, evolve(call, body=upload), key, raw)
        except BaseException:
            await self.services.discard_upload()(caller.actor, upload)
            raise
        if _REPLAYED in response.headers:
            await self.services.discard_upload()(caller.actor, upload)
        return response

    async def _answer(
        self, request: web.Request, endpoint: Endpoint[Any, Any, Any], call: Call[Any, Any], key: str | None, raw: bytes
    ) -> web.StreamResponse:
        """Have the handler called, and answer with its result."""
        if key is not None:
            return await self._once(request, endpoint, call, key, raw)
        result = await endpoint.handler(call)
        self._follow_up(endpoint, call.actor.org_id)
        if isinstance(result, web.StreamResponse):
            return result
        if call.accept_csv and endpoint.table is not None:
            return self._as_csv(request, endpoint, result)
        return _respond(request, endpoint, endpoint.answer(result))

    def _follow_up(self, endpoint: Endpoint[Any, Any, Any], org_id: OrgId) -> None:
        if endpoint.changes_policy:
            self.policies.forget(org_id)
        if endpoint.wakes is not None:
            self.services.waking().wake(endpoint.wakes)

    def _as_csv(self, request: web.Request, endpoint: Endpoint[Any, Any, Any], result: Any) -> web.Response:
        table = cast("Callable[[Any], Table]", endpoint.table)(result)
        line = self.services.csv_line()
        text = "".join([line(table.header), *map(line, table.rows)])
        more: dict[str, str] = {}
        if endpoint.listing is not None:
            _, more = _listed(request, endpoint, endpoint.answer(result))
        return web.Response(text=text, content_type=CSV, charset="utf-8", headers=more)

    async def _admit(self, request: web.Request, endpoint: Endpoint[Any, Any, Any], origin: Origin) -> Caller:
        if endpoint.public:
            return Caller(nobody(origin))
        caller = await self.authentication.caller_of(request, origin)
        actor = request[ACTOR] = caller.actor
        request[RATE_HEADERS] = await self.limits.spend(actor, await self.policies.of(actor.org_id))
        if endpoint.permission is not None:
            authorize(actor, endpoint.permission)
        return caller

    async def _expected(self, request: web.Request, endpoint: Endpoint[Any, Any, Any], actor: Actor) -> int | None:
        if not endpoint.versioned:
            return None
        if_match = request.headers.get("If-Match")
        if if_match is None and (await self.policies.of(actor.org_id)).require_if_match:
            detail = "Your organization's policy asks for If-Match: send the ETag of what you have read."
            raise RequestRejected("precondition_required", detail)
        return expected_version(if_match)

    async def _once(
        self, request: web.Request, endpoint: Endpoint[Any, Any, Any], call: Call[Any, Any], key: str, raw: bytes
    ) -> web.StreamResponse:
        """Serve a keyed command: at most one of a key runs in this process, and at most one commits in the database."""
        actor = call.actor
        scope = f"{actor.kind.value}:{actor.id} {request.method} {request.path}"
        fingerprint = sha256(urlencode(sorted(request.query.items())).encode() + b"\n" + raw).digest()
        if (scope, key) in self.running:
            detail = "The first request with this idempotency key is still being carried out."
            raise RequestRejected("key_in_use", detail, headers={"Retry-After": "1"})
        self.running.add((scope, key))
        try:
            where = actor.org_id if endpoint.keyed_in is None else endpoint.keyed_in(call, key)
            once = _Once(endpoint)
            idempotency = Idempotency(
                scope=scope,
                key=key,
                fingerprint=fingerprint,
                at=self.clock.now(),
                answer=once.kept,
            )
            try:
                result = await endpoint.handler(evolve(call, idempotency=idempotency))
            except AmssError:
                # Hardly any request is a repetition, so the key is looked up only now: one that is was refused for its
                # key, or for what the first request did before it came to that.
                if (known := await self._known(actor, where, scope, key)) is None:
                    raise
                return _replayed(known, fingerprint)
            self._follow_up(endpoint, actor.org_id)
            return _sent(once.sent(result), {})
        finally:
            self.running.discard((scope, key))

    async def _known(self, actor: Actor, where: OrgId, scope: str, key: str) -> Answered | None:
        async with self.services.open_uow()(where, evolve(actor, org_id=where)) as uow:
            return await uow.answers.get(scope, key, at=self.clock.now())


def _timeout_s(endpoint: Endpoint[Any, Any, Any]) -> float | None:
    if endpoint.streams:
        return None
    return UPLOAD_TIMEOUT_S if endpoint.uploads else HANDLER_TIMEOUT_S


def _accepts_csv(request: web.Request, endpoint: Endpoint[Any, Any, Any]) -> bool:
    """Tell whether the client would rather have CSV. Raises `RequestRejected` when it takes nothing we have."""
    accept = request.headers.get("Accept")
    if not accept:
        return False
    kinds = [one.split(";")[0].strip().lower() for one in accept.split(",")]
    if endpoint.csv and CSV in kinds:
        return True
    if {JSON, "application/*", "*/*", "application/problem+json"} & set(kinds) or endpoint.result is None:
        return False
    offered = f"{JSON} and {CSV}" if endpoint.csv else JSON
    raise RequestRejected("not_acceptable", f"Answers come as {offered}; ask for that in Accept.")


@define(eq=False)
class _Once:
    """Makes the answer to a keyed command: once, although it is both kept and sent."""

    endpoint: Endpoint[Any, Any, Any]
    _of: Any = None
    _ready: Ready | None = None

    def kept(self, result: Any) -> bytes:
        """Return what repetitions get."""
        answer = self.endpoint.answer(result)
        ready = _ready(self.endpoint, answer, answer.body if answer.kept is None else answer.kept)
        if answer.kept is None:
            self._of, self._ready = result, ready
        return _WRITE_READY(ready)

    def sent(self, result: Any) -> Ready:
        """Return what is sent."""
        if self._ready is not None and self._of is result:
            return self._ready
        answer = self.endpoint.answer(result)
        return _ready(self.endpoint, answer, answer.body)


def _ready(endpoint: Endpoint[Any, Any, Any], answer: Answer, body: Any) -> Ready:
    return Ready(
        status=answer.status or endpoint.status,
        body=b"" if body is None else ENCODER.encode(body),
        etag=None if answer.version is None else etag_of(answer.version),
        location=answer.location,
    )


def _replayed(known: Answered, fingerprint: bytes) -> web.Response:
    if known.fingerprint != fingerprint:
        detail = "This idempotency key was used for a request with another body. Use a new key for a new request."
        raise RequestRejected("key_reused", detail)
    return _sent(_READ_READY(known.answer), {_REPLAYED: "true"})


def _respond(request: web.Request, endpoint: Endpoint[Any, Any, Any], answer: Answer) -> web.StreamResponse:
    version = answer.version if request.method == "GET" else None
    if version is not None and is_unchanged(request.headers.get("If-None-Match"), version):
        return web.Response(status=304, headers={"ETag": etag_of(version)})
    more: dict[str, str] = {}
    if endpoint.listing is not None:
        answer, more = _listed(request, endpoint, answer)
    return _sent(_ready(endpoint, answer, answer.body), more)


def _listed(request: web.Request, endpoint: Endpoint[Any, Any, Any], answer: Answer) -> tuple[Answer, dict[str, str]]:
    cursor: str | None = None
    more: dict[str, str] = {}
    if answer.next_after is not None:
        cursor = cursor_after(answer.next_after, listing_of(request, endpoint))
        query = urlencode(
            [*((name, value) for name, value in request.query.items() if name != "cursor"), ("cursor", cursor)]
        )
        more["Link"] = f'<{request.path}?{query}>; rel="next"'
    return evolve(answer, body={"items": answer.body, "next_cursor": cursor}), more


def _sent(ready: Ready, more: Mapping[str, str]) -> web.Response:
    headers = dict(more)
    if ready.etag is not None:
        headers["ETag"] = ready.etag
    if ready.location is not None:
        headers["Location"] = ready.location
    if not ready.body:
        return web.Response(status=ready.status, headers=headers)
    return web.Response(body=ready.body, status=ready.status, headers=headers, content_type=JSON)
