"""Request ids, and one line in the log for every request."""

import re
from time import perf_counter
from typing import Final
from uuid import uuid4  # noqa: TID251 - a request is no object of the domain

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from amss_entrypoints.http.dispatch import ACTOR, REQUEST_ID
from amss_entrypoints.http.metrics import count
from amss_entrypoints.http.places import SHED

_LOOKS_LIKE_ONE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}")
_TRACE: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")

_log: structlog.stdlib.BoundLogger = structlog.get_logger("amss.http")


@web.middleware
async def requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Know the request by the id that it came with, or else by a new one, and log how it went."""
    given = request.headers.get("X-Request-ID", "")
    request_id = given if _LOOKS_LIKE_ONE.fullmatch(given) else uuid4().hex
    request[REQUEST_ID] = request_id
    started = perf_counter()
    response = await handler(request)
    if not response.prepared:
        response.headers["X-Request-ID"] = request_id
    duration_s = perf_counter() - started
    count(method=request.method, route=route_of(request), status=response.status, seconds=duration_s)
    # What was turned away because there was too much to do is told of in sum: a line for each would add to it.
    if SHED not in request:
        _write(request, response.status, duration_s)
    return response


def route_of(request: web.Request) -> str:
    """Return the template of the path that was asked for, which says nothing of whom it concerns."""
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical


def trace_of(request: web.Request) -> str | None:
    """Return the trace that the request belongs to (W3C Trace Context), if it says so."""
    found = _TRACE.fullmatch(request.headers.get("traceparent", ""))
    return found[1] if found and int(found[1], 16) and int(found[2], 16) else None


def _write(request: web.Request, status: int, duration_s: float) -> None:
    actor = request.get(ACTOR)
    _log.info(
        "request",
        method=request.method,
        route=route_of(request),
        status=status,
        ms=round(duration_s * 1000, 1),
        request_id=request[REQUEST_ID],
        trace_id=trace_of(request),
        org_id=None if actor is None else str(actor.org_id),
        actor_id=None if actor is None else actor.id,
    )
