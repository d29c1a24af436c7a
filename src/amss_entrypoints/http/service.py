"""The endpoints of the service itself: whether it lives, whether it can serve, and what it offers."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from amss_domain.access.errors import UnknownOrganization
from amss_domain.shared.errors import AmssError
from amss_domain.shared.ids import OrgId
from amss_entrypoints.container import Container
from amss_entrypoints.http.metrics import exposition
from amss_entrypoints.http.published import as_json, as_yaml

_DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_ASSETS: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-standalone-preset.js": "text/javascript",
}
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>AMSS API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/swagger-ui-standalone-preset.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START: Final = """window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
});
"""


def public_routes(app: web.Application, services: Container) -> None:
    """Add what clients and whoever runs the service need: health, readiness and the keys of access tokens."""
    app.router.add_get("/health", _health)
    app.router.add_get("/ready", _ready_of(services))
    app.router.add_get("/.well-known/jwks.json", _keys_of(services))


def metrics_routes(app: web.Application) -> None:
    """Add what Prometheus asks for."""
    app.router.add_get("/metrics", _metrics)


def docs_routes(app: web.Application) -> None:
    """Add the OpenAPI document, and the page that shows it."""
    app.router.add_get("/openapi.json", _published(as_json, "application/json"))
    app.router.add_get("/openapi.yaml", _published(as_yaml, "application/yaml"))
    app.router.add_get("/docs", _static(_PAGE.encode(), "text/html"))
    app.router.add_get("/docs/start.js", _static(_START.encode(), "text/javascript"))
    for name, kind in _ASSETS.items():
        app.router.add_get(f"/docs/{name}", _static(files("swagger_ui").joinpath("static", name).read_bytes(), kind))


async def _health(_: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "ok"})


async def _metrics(_: web.Request) -> web.StreamResponse:
    body, kind = exposition()
    return web.Response(body=body, headers={"Content-Type": kind})


def _ready_of(services: Container) -> Handler:
    async def ready(_: web.Request) -> web.StreamResponse:
        """Ask the database for an organization that nobody has: it answers, or it does not."""
        try:
            with suppress(UnknownOrganization):
                await services.directory().by_id(OrgId(services.ids().new()))
        except AmssError as error:
            return web.json_response({"status": "unavailable", "code": error.code}, status=503)
        return web.json_response({"status": "ready"})

    return ready


def _keys_of(services: Container) -> Handler:
    async def keys(_: web.Request) -> web.StreamResponse:
        return web.json_response(services.key_set(), headers={"Cache-Control": "public, max-age=300"})

    return keys


def _published(write: Callable[[], bytes], content_type: str) -> Handler:
    async def serve(_: web.Request) -> web.StreamResponse:
        # Writing takes a while the first time, which neither the start nor other requests are to wait for.
        return _document(await asyncio.to_thread(write), content_type)

    return serve


def _static(content: bytes, content_type: str) -> Handler:
    async def serve(_: web.Request) -> web.StreamResponse:
        return _document(content, content_type)

    return serve


def _document(content: bytes, content_type: str) -> web.StreamResponse:
    response = web.Response(body=content, content_type=content_type, charset="utf-8")
    response.headers["Content-Security-Policy"] = _DOCS_POLICY
    response.headers["Cache-Control"] = "max-age=300"
    return response
