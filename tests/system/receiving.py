"""A receiver of webhooks as somebody else would write one: it verifies what comes in every way, and keeps it."""

import asyncio
import hashlib
import hmac
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import standardwebhooks
import svix
from aiohttp import web
from attrs import define, field, frozen

_TIMEOUT_S: Final = 30.0


@frozen(kw_only=True)
class Received:
    """One request that came in, and who accepted it: for each secret that the receiver knows, the verifiers' names.

    `at` is the reading of `time.monotonic` when all of it was there.
    """

    headers: Mapping[str, str]
    body: bytes
    at: float
    accepted_by: Mapping[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        """What tells repeats from each other."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """What it says."""
        document: dict[str, Any] = json.loads(self.body)
        return document


@define(eq=False)
class Hook:
    """One place that webhooks can name, with the secrets that the receiver knows of it.

    It gives the answers in `answers`, one after the other, and then 200; or always `always`, if that is set. What one
    of the verifiers rejects is answered with 401, whatever was to come.
    """

    url: str
    secrets: list[str] = field(factory=list)
    answers: deque[int] = field(factory=deque)
    always: int | None = None
    _received: list[Received] = field(init=False, factory=list)
    _lock: threading.Lock = field(init=False, factory=threading.Lock)

    @property
    def received(self) -> tuple[Received, ...]:
        """What came, the first one first."""
        with self._lock:
            return tuple(self._received)

    def of(self, event_type: str) -> tuple[Received, ...]:
        """Return what came of a type."""
        return tuple(one for one in self.received if one.event["event"] == event_type)

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Keep a request, and return the status of the answer."""
        accepted = {secret: verifiers_that_accept(headers, body, secret) for secret in self.secrets}
        with self._lock:
            self._received.append(Received(headers=headers, body=body, at=time.monotonic(), accepted_by=accepted))
            if any(names != VERIFIERS for names in accepted.values()):
                return 401
            if self.always is not None:
                return self.always
            return self.answers.popleft() if self.answers else 200


@define(eq=False)
class Receiver:
    """An HTTP server with any number of places."""

    base: str
    _hooks: dict[str, Hook] = field(init=False, factory=dict)

    def hook(self, *secrets: str) -> Hook:
        """Return a new place, where all of the secrets are to verify what comes."""
        path = f"/webhooks/amss/{len(self._hooks)}"
        hook = self._hooks[path] = Hook(f"{self.base}{path}", list(secrets))
        return hook

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request as its place has it."""
        hook = self._hooks[request.path]
        return web.Response(status=hook.take(dict(request.headers), await request.read()), text="seen")


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Yield a receiver on this machine, which answers from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    receiver = Receiver("")
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def listen() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    try:
        receiver.base = asyncio.run_coroutine_threadsafe(listen(), loop).result(_TIMEOUT_S)
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_TIMEOUT_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_TIMEOUT_S)
        loop.close()


def verifiers_that_accept(headers: Mapping[str, str], body: bytes, secret: str) -> tuple[str, ...]:
    """Return the names of those who accept the request with the secret."""
    return tuple(name for name, accepts in _VERIFIERS.items() if accepts(headers, body, secret))


def _hmac(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Tell whether the plain HMAC of the body is there, keyed with the text of the secret."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    signatures = [headers.get(name, "") for name in ("X-AMSS-Signature", "X-AMSS-Signature-Former")]
    return any(hmac.compare_digest(expected, one) for one in signatures)


def _standardwebhooks(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    try:
        read = standardwebhooks.Webhook(_given_to_packages(secret)).verify(body, dict(headers))
    except standardwebhooks.WebhookVerificationError:
        return False
    return bool(read == json.loads(body))


def _svix(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    try:
        svix.Webhook(_given_to_packages(secret)).verify(body, dict(headers))
    except svix.WebhookVerificationError:
        return False
    return True


def _given_to_packages(secret: str) -> str | bytes:
    """Return the secret as both packages take it: one of a client's own as its bytes."""
    return secret if secret.startswith("whsec_") else secret.encode()


_VERIFIERS: Final[Mapping[str, Callable[[Mapping[str, str], bytes, str], bool]]] = {
    "hmac": _hmac,
    "standardwebhooks": _standardwebhooks,
    "svix": _svix,
}

VERIFIERS: Final = tuple(_VERIFIERS)
"""Everybody who has to accept a delivery."""


def not_accepted(received: Sequence[Received]) -> list[str]:
    """Return the ids of what one of the verifiers rejected with a secret that is good, or that nobody looked at."""
    return [one.id for one in received if not one.accepted_by or {*one.accepted_by.values()} != {VERIFIERS}]
