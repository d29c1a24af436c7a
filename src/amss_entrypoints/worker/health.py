"""Where a worker can be asked how it is: metrics, whether it lives, and whether it can do anything."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

from amss_domain.shared.errors import AmssError
from amss_domain.shared.violation import Violation
from amss_entrypoints.settings import Address, InvalidSettings

_ENDS_WITHIN_S: Final = 2.0


@asynccontextmanager
async def answering(address: Address, *, ready: Callable[[], Awaitable[object]], metrics: bool) -> AsyncIterator[None]:
    """Answer at the address: `GET /health`, `/ready` (503 while `ready` raises) and, with `metrics`, `/metrics`.

    Raises `InvalidSettings` when nobody can listen there.
    """

    async def say_ready(_: web.Request) -> web.StreamResponse:
        try:
            await ready()
        except AmssError as error:
            return web.json_response({"status": "unavailable", "code": error.code}, status=503)
        return web.json_response({"status": "ready"})

    app = web.Application()
    app.router.add_get("/health", _health)
    app.router.add_get("/ready", say_ready)
    if metrics:
        app.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_ENDS_WITHIN_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, address.host or None, address.port).start()
        except OSError as error:
            message = f"METRICS_ADDR is {address}, where nobody can listen: {error.strerror or error}"
            raise InvalidSettings([Violation("invalid_setting", message, "METRICS_ADDR")]) from error
        yield
    finally:
        await runner.cleanup()


async def _health(_: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "ok"})


async def _metrics(_: web.Request) -> web.StreamResponse:
    registry: CollectorRegistry = REGISTRY
    if ValueClass.__name__ == "MmapedValue":
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
