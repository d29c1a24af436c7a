"""Every endpoint of the API, one file a feature; a handler reads, calls one use case, and its answer is formatted."""

from collections.abc import Mapping
from typing import Any, Final

from amss_entrypoints.http.endpoint import Endpoint
from amss_entrypoints.http.routes import (
    aircraft,
    alerts,
    api_keys,
    audit,
    auth,
    due,
    imports,
    organizations,
    parts,
    programs,
    reports,
    stock,
    task_planning,
    tasks,
    usage,
    users,
    webhooks,
)

TAGS: Final[Mapping[str, str]] = {
    "auth": "Logging in and out.",
    "organizations": "Operators and their policies.",
    "users": "People who act for an organization.",
    "api keys": "Keys for programs that call the API.",
    "aircraft": "The fleet, its meters and their ledgers.",
    "programs": "Maintenance programs and the aircraft they apply to.",
    "tasks": "Work that is to be done, and how it was done.",
    "parts": "Parts, stock and reservations.",
    "imports": "Tables that are uploaded, and what became of their rows.",
    "webhooks": "Who is told of which events, and what became of it.",
    "compliance": "Whether aircraft may be dispatched.",
    "alerts": "What somebody has to look at.",
    "audit": "Who did what, when, from where and why.",
    "reports": "Figures over the whole organization.",
    "service": "The service itself.",
}

ENDPOINTS: Final[tuple[Endpoint[Any, Any, Any], ...]] = (
    *auth.ENDPOINTS,
    *organizations.ENDPOINTS,
    *users.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *aircraft.ENDPOINTS,
    *usage.ENDPOINTS,
    *programs.ENDPOINTS,
    *tasks.ENDPOINTS,
    *task_planning.ENDPOINTS,
    *parts.ENDPOINTS,
    *stock.ENDPOINTS,
    *due.ENDPOINTS,
    *imports.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *reports.ENDPOINTS,
    *alerts.ENDPOINTS,
    *audit.ENDPOINTS,
)
