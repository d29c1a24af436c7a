"""Alerts."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_id,
    from_ids,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import FACTS
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.alerts.alert import Alert, AlertKind, AlertStatus, Severity
from amss_domain.alerts.ports import AlertFilter
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import AlertId, OrgId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_SQL: Final = statements("alerts")


def _alert_from(row: Row, org_id: OrgId) -> Alert:
    id, kind, severity, subject_type, subject_id, title, details, status, *more = row
    acknowledged_at, acknowledged_by, acknowledged_note, escalated_at, *last = more
    resolved_at, resolved_by, resolved_note, created_at, updated_at, version = last
    return Alert(
        id=cast(AlertId, to_id(id)),
        org_id=org_id,
        kind=AlertKind(to_text(kind)),
        severity=Severity(to_text(severity)),
        subject_type=to_text(subject_type),
        subject_id=to_id(subject_id),
        title=to_text(title),
        details=FACTS.read(details),
        status=AlertStatus(to_text(status)),
        acknowledged_at=perhaps(to_instant, acknowledged_at),
        acknowledged_by=perhaps(to_text, acknowledged_by),
        acknowledged_note=perhaps(to_text, acknowledged_note),
        escalated_at=perhaps(to_instant, escalated_at),
        resolved_at=perhaps(to_instant, resolved_at),
        resolved_by=perhaps(to_text, resolved_by),
        resolved_note=perhaps(to_text, resolved_note),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _alert_fields(alert: Alert) -> Params:
    return (
        from_text(alert.kind.value),
        from_text(alert.severity.value),
        from_text(alert.subject_type),
        from_id(alert.subject_id),
        from_text(alert.title),
        FACTS.write(alert.details),
        from_text(alert.status.value),
        maybe(from_instant, alert.acknowledged_at),
        maybe(from_text, alert.acknowledged_by),
        maybe(from_text, alert.acknowledged_note),
        maybe(from_instant, alert.escalated_at),
        maybe(from_instant, alert.resolved_at),
        maybe(from_text, alert.resolved_by),
        maybe(from_text, alert.resolved_note),
        from_instant(alert.updated_at),
        from_number(alert.version),
    )


def _raised_already(alert: Alert) -> AlreadyExists:
    return AlreadyExists("unresolved alert", f"{alert.kind.value} {alert.subject_id}")


_ALERTS: Final = Table[Alert](
    name="alerts",
    kind=Kind("alert", {"alerts_unresolved_key": _raised_already}),
    read=_alert_from,
    fields=_alert_fields,
    insert=_SQL["alert_insert"],
    update=_SQL["alert_update"],
)


class PostgresAlerts:
    """The organization's alerts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, alert_id: AlertId, /) -> Alert:
        """Return the alert. Raises `NotFound`."""
        return await _ALERTS.one(self._session, _SQL["alert_get"], alert_id)

    async def get_for_update(self, alert_id: AlertId, /) -> Alert:
        """Hold the alert until the end and return it. Raises `NotFound`."""
        return await _ALERTS.one(self._session, _SQL["alert_hold"], alert_id)

    async def page(self, request: PageRequest, /, *, filter: AlertFilter) -> Page[Alert]:
        """Return the alerts that match by id. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of alerts by {order.by}")
        after = (LAST_ID if order.descending else NO_ID) if request.after is None else from_id(request.after)
        name, wanted = _narrowest(filter)
        statement = _SQL[f"{name}_last_first" if order.descending else name]
        found = await _ALERTS.found(self._session, statement, after, from_number(request.limit + 1), *wanted)
        return page_of(found, request.limit)

    async def unresolved_of_for_update(self, subject_ids: Collection[UUID], /) -> tuple[Alert, ...]:
        """Hold the unresolved alerts about the subjects until the end and return them by id."""
        return await _ALERTS.many(self._session, _SQL["alert_hold_unresolved"], subject_ids)

    async def raised_for(self, kind: AlertKind, subject_ids: Collection[UUID], /) -> frozenset[UUID]:
        """Return those of the subjects about which an alert of the kind was ever raised."""
        if not subject_ids:
            self._session.require_usable()
            return frozenset()
        params = (self._session.org, from_ids(subject_ids), from_text(kind.value))
        rows = await self._session.read(_SQL["alert_raised_for"], params, _ALERTS.kind)
        return frozenset(to_id(subject_id) for (subject_id,) in rows)

    async def unattended_for_update(
        self, *, before: datetime, overdue_before: datetime, limit: int
    ) -> tuple[Alert, ...]:
        """Hold the alerts that nobody has acknowledged for too long until the end and return them, oldest first."""
        params = (from_instant(before), from_instant(overdue_before), from_number(limit))
        return await _ALERTS.found(self._session, _SQL["alert_hold_unattended"], *params)

    def add(self, alert: Alert, /) -> None:
        """Add an alert. Conflicts: `AlreadyExists` where an unresolved one of the kind and subject is there."""
        _ALERTS.add(self._session, alert)

    def save(self, alert: Alert, /, *, was: Alert) -> None:
        """Save a changed alert. Conflicts: `StaleVersion`."""
        _ALERTS.save(self._session, alert, was=was)


def _narrowest(filter: AlertFilter) -> tuple[str, Params]:
    """Return the statement whose index leaves the fewest alerts to look through, and what it asks for."""
    kind = None if filter.kind is None else from_text(filter.kind.value)
    status = None if filter.status is None else from_text(filter.status.value)
    severity = None if filter.severity is None else from_text(filter.severity.value)
    if kind is not None:
        return "alert_page_of_kind", (kind, status, severity)
    if status is not None:
        return "alert_page_of_status", (status, severity)
    if severity is not None:
        return "alert_page_of_severity", (severity,)
    return "alert_page", ()
