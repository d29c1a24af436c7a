"""Alerts: listing them, and dealing with them."""

from typing import Any

from attrs import frozen

from amss_domain.alerts.alert import Alert as Kept
from amss_domain.alerts.alert import AlertKind, AlertStatus, Severity
from amss_domain.alerts.ports import AlertFilter
from amss_domain.shared.ids import AlertId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.alerts import Alert, AlertNote, many, one
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing

_TAG = "alerts"


@frozen(kw_only=True)
class AlertQuery:
    """Which alerts."""

    kind: AlertKind | None = None
    status: AlertStatus | None = None
    severity: Severity | None = None


async def list_(call: Call[AlertQuery, None]) -> Page[Kept]:
    """List alerts."""
    query = call.query
    filter = AlertFilter(kind=query.kind, status=query.status, severity=query.severity)
    return await call.services.list_alerts()(call.actor, call.page, filter=filter)


async def get(call: Call[None, None]) -> Kept:
    """Look at an alert."""
    return await call.services.get_alert()(call.actor, AlertId(call.id("alert_id")))


async def acknowledge(call: Call[None, AlertNote | None]) -> Kept:
    """Acknowledge an alert."""
    return await call.use(call.services.acknowledge_alert)(
        call.actor,
        AlertId(call.id("alert_id")),
        note=None if call.body is None else call.body.note,
        expected_version=call.expected_version,
    )


async def resolve(call: Call[None, AlertNote | None]) -> Kept:
    """Resolve an alert."""
    return await call.use(call.services.resolve_alert)(
        call.actor,
        AlertId(call.id("alert_id")),
        note=None if call.body is None else call.body.note,
        expected_version=call.expected_version,
    )


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="GET",
        path="/alerts",
        name="listAlerts",
        tag=_TAG,
        summary="List alerts",
        description="The latest first, unless asked otherwise.",
        permission="tasks:read",
        query=AlertQuery,
        result=Alert,
        listing=Listing(default="-created_at"),
        handler=list_,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path="/alerts/{alert_id}",
        name="getAlert",
        tag=_TAG,
        summary="Look at an alert",
        permission="tasks:read",
        result=Alert,
        etag=True,
        handler=get,
        answer=one,
    ),
    Endpoint(
        method="POST",
        path="/alerts/{alert_id}/acknowledge",
        name="acknowledgeAlert",
        tag=_TAG,
        summary="Say that you look into an alert",
        description="It is then not escalated. Doing so again changes nothing.",
        permission="alerts:write",
        body=AlertNote,
        body_optional=True,
        result=Alert,
        versioned=True,
        etag=True,
        handler=acknowledge,
        answer=one,
        problems=("refused",),
        example={"note": "The aircraft is in the hangar."},
    ),
    Endpoint(
        method="POST",
        path="/alerts/{alert_id}/resolve",
        name="resolveAlert",
        tag=_TAG,
        summary="Say that an alert is dealt with",
        description="Many go away by themselves, when their cause does. Doing so again changes nothing.",
        permission="alerts:write",
        body=AlertNote,
        body_optional=True,
        result=Alert,
        versioned=True,
        etag=True,
        handler=resolve,
        answer=one,
        example={"note": "Ordered ten more."},
    ),
)
