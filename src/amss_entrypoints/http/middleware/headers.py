"""Headers that protect whoever shows an answer in a browser, and those that let other origins read it."""

from collections.abc import Collection, Mapping
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from amss_entrypoints.http.dispatch import COMMON_HEADERS

SECURITY: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cache-Control": "no-store",
}

_ALLOWED: Final[Mapping[str, str]] = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-ID, traceparent"
    ),
    "Access-Control-Max-Age": "600",
}
_EXPOSED: Final = "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, Idempotent-Replayed"


def headers(origins: Collection[str]) -> Middleware:
    """Return a middleware that sets them on every answer; `origins` are those that may read it, `*` all."""

    @web.middleware
    async def protected(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        allowed = origin is not None and (origin in origins or "*" in origins)
        common = {**SECURITY, **({"Vary": "Origin"} if origins else {})}
        if allowed and origin is not None:
            common |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED}
        # What is sent while it is made is on its way before it comes back here.
        request[COMMON_HEADERS] = common
        if allowed and request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: web.StreamResponse = web.Response(status=204, headers=_ALLOWED)
        else:
            response = await handler(request)
        if response.prepared:
            return response
        for name, value in common.items():
            response.headers.setdefault(name, value)
        return response

    return protected
