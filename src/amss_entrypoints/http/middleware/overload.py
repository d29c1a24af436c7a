"""A bound on the requests that are worked on at a time; who comes beyond it is told so at once."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from amss_entrypoints.http.metrics import IN_FLIGHT
from amss_entrypoints.http.problems import RequestRejected

NEVER_SHED: Final = frozenset({"/health", "/ready", "/metrics"})


def overload(limit: int) -> Middleware:
    """Return a middleware that lets so many requests in at a time."""
    inside = 0

    @web.middleware
    async def bounded(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal inside
        if inside >= limit and request.path not in NEVER_SHED:
            detail = "There is more to do than can be done at present. Try again in a moment."
            raise RequestRejected("overloaded", detail, headers={"Retry-After": "1"})
        inside += 1
        IN_FLIGHT.inc()
        try:
            return await handler(request)
        finally:
            inside -= 1
            IN_FLIGHT.dec()

    return bounded
