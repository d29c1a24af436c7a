"""The application: every endpoint of the API and of the service, behind the middleware that all share."""

from collections.abc import Collection, Sequence
from time import monotonic
from typing import Any

from aiohttp import web
from attrs import frozen

from amss_entrypoints.container import Container
from amss_entrypoints.http.authentication import Authentication
from amss_entrypoints.http.client import Networks
from amss_entrypoints.http.dispatch import Dispatcher
from amss_entrypoints.http.endpoint import BASE, Endpoint
from amss_entrypoints.http.limits import Limits
from amss_entrypoints.http.middleware.failures import failures
from amss_entrypoints.http.middleware.headers import headers
from amss_entrypoints.http.middleware.overload import overload
from amss_entrypoints.http.middleware.requests import requests
from amss_entrypoints.http.policies import Policies
from amss_entrypoints.http.reading import MAX_BODY_BYTES
from amss_entrypoints.http.routes import ENDPOINTS
from amss_entrypoints.http.service import docs_routes, metrics_routes, public_routes


@frozen(kw_only=True)
class Conditions:
    """What an installation decides about its API.

    `origins` may read answers in browsers. `trusted_proxies` may say for whom they call. At most `max_in_flight`
    requests are worked on at a time. `metrics` are counted for whoever asks, and with `internal_elsewhere` they and the
    documentation are not for everybody.
    """

    origins: Collection[str] = ()
    trusted_proxies: Networks = ()
    max_in_flight: int = 64
    metrics: bool = False
    internal_elsewhere: bool = False


def application(services: Container, conditions: Conditions | None = None) -> web.Application:
    """Return the API over the services."""
    conditions = conditions or Conditions()
    app = web.Application(
        middlewares=[
            requests,
            headers(frozenset(conditions.origins)),
            failures,
            overload(conditions.max_in_flight),
        ],
        client_max_size=MAX_BODY_BYTES,
    )
    dispatcher = dispatcher_of(services, conditions)
    add_endpoints(app, dispatcher, ENDPOINTS)
    public_routes(app, services)
    if not conditions.internal_elsewhere:
        _internal_routes(app, conditions)
    return app


def internal_application(services: Container, conditions: Conditions) -> web.Application:
    """Return what is served at an internal address: metrics, documentation, and whether the process is well."""
    app = web.Application(middlewares=[requests, headers(frozenset(conditions.origins)), failures])
    public_routes(app, services)
    _internal_routes(app, conditions)
    return app


def _internal_routes(app: web.Application, conditions: Conditions) -> None:
    if conditions.metrics:
        metrics_routes(app)
    docs_routes(app)


def dispatcher_of(services: Container, conditions: Conditions) -> Dispatcher:
    """Return what serves the endpoints."""
    clock = services.clock()
    return Dispatcher(
        services=services,
        clock=clock,
        authentication=Authentication(
            access_tokens=services.access_tokens(),
            authenticate_api_key=services.authenticate_api_key(),
            clock=clock,
        ),
        limits=Limits(limiter=services.rate_limiter()),
        policies=Policies(services.directory(), monotonic),
        trusted_proxies=conditions.trusted_proxies,
        running=set(),
    )


def add_endpoints(app: web.Application, dispatcher: Dispatcher, endpoints: Sequence[Endpoint[Any, Any, Any]]) -> None:
    """Add the endpoints to the application, below the base of the API."""
    for endpoint in endpoints:
        app.router.add_route(endpoint.method, f"{BASE}{endpoint.path}", dispatcher.handler_of(endpoint))
