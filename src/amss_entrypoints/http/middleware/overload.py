"""A bound on the requests that are worked on at a time; who comes beyond it is told so at once."""

from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from amss_entrypoints.http.places import PLACES, SHED, Places
from amss_entrypoints.http.problems import RequestRejected

NEVER_SHED: Final = frozenset({"/health", "/ready", "/metrics"})

_TOLD_EVERY_S: Final = 10.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger("amss.http")


def overload(limit: int, now: Callable[[], float] = monotonic) -> Middleware:
    """Return a middleware that lets so many requests in at a time; the log hears of it now and then."""
    places = Places(limit)
    shed = 0
    tell_at = 0.0

    @web.middleware
    async def bounded(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal shed, tell_at
        if request.path in NEVER_SHED:
            return await handler(request)
        request[PLACES] = places
        try:
            with places.taken():
                return await handler(request)
        except RequestRejected as rejected:
            if rejected.reason == "overloaded":
                request[SHED] = True
                shed += 1
                if now() >= tell_at:
                    _log.warning("overloaded", limit=limit, requests_shed=shed)
                    shed, tell_at = 0, now() + _TOLD_EVERY_S
            raise

    return bounded
