"""Alerts."""

from collections.abc import Collection, Hashable
from datetime import datetime
from itertools import islice
from operator import attrgetter
from uuid import UUID

from amss_adapters.memory.access import ORGANIZATIONS
from amss_adapters.memory.tables import Groups, Reference, Table, Unique, after_id
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.alerts.alert import Alert, AlertKind, AlertStatus, Severity
from amss_domain.alerts.ports import AlertFilter
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import AlertId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_UNRESOLVED: Unique[Alert] = Unique(
    lambda alert: None if alert.is_resolved else (alert.kind, alert.subject_id),
    lambda alert, _: AlreadyExists("unresolved alert", f"{alert.kind.value} {alert.subject_id}"),
)


def _lists(alert: Alert) -> tuple[Hashable, ...]:
    return (None, alert.kind, alert.status, alert.severity)


def _is_unattended(alert: Alert) -> bool:
    return alert.status is AlertStatus.OPEN and alert.escalated_at is None and alert.severity is not Severity.INFO


_LISTED: Groups[Alert] = Groups(_lists)
_OF_SUBJECT: Groups[Alert] = Groups(lambda alert: () if alert.is_resolved else (alert.subject_id,))
_EVER: Groups[Alert] = Groups(lambda alert: ((alert.kind, alert.subject_id),))
_UNATTENDED: Groups[Alert] = Groups(
    lambda alert: (alert.kind is AlertKind.OVERDUE,) if _is_unattended(alert) else (),
    order=lambda alert: (alert.created_at, alert.id),
)
ALERTS: Table[Alert] = Table(
    name="alerts",
    kind="alert",
    uniques=(_UNRESOLVED,),
    groups=(_LISTED, _OF_SUBJECT, _EVER, _UNATTENDED),
    references=(Reference("alerts_org_id_fkey", attrgetter("org_id"), ORGANIZATIONS),),
)


class MemoryAlerts:
    """The organization's alerts."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(ALERTS)

    async def get(self, alert_id: AlertId, /) -> Alert:
        """Return the alert. Raises `NotFound`."""
        return self._rows.get(alert_id)

    async def get_for_update(self, alert_id: AlertId, /) -> Alert:
        """Hold the alert until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(alert_id)

    async def page(self, request: PageRequest, /, *, filter: AlertFilter) -> Page[Alert]:
        """Return the alerts that match by id. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"there is no order of alerts by {order.by}")
        wanted = {filter.kind, filter.status, filter.severity} - {None}
        narrowest = filter.kind or filter.status or filter.severity
        found = self._rows.group(_LISTED, narrowest, after_id(request.after), descending=order.descending)
        return page_of((alert for alert in found if wanted <= set(_lists(alert))), request.limit)

    async def unresolved_of_for_update(self, subject_ids: Collection[UUID], /) -> tuple[Alert, ...]:
        """Hold the unresolved alerts about the subjects until the end and return them by id."""
        return await self._rows.held(self._rows.groups(_OF_SUBJECT, subject_ids), lambda alert: not alert.is_resolved)

    async def raised_for(self, kind: AlertKind, subject_ids: Collection[UUID], /) -> frozenset[UUID]:
        """Return those of the subjects about which an alert of the kind was ever raised."""
        return frozenset(one for one in subject_ids if any(True for _ in self._rows.group(_EVER, (kind, one))))

    async def unattended_for_update(
        self, *, before: datetime, overdue_before: datetime, limit: int
    ) -> tuple[Alert, ...]:
        """Hold the alerts that nobody has acknowledged for too long until the end and return them, oldest first."""
        found = [
            alert
            for is_overdue, deadline in ((True, overdue_before), (False, before))
            for alert in islice(self._rows.group(_UNATTENDED, is_overdue), limit)
            if alert.created_at < deadline
        ]
        found.sort(key=lambda alert: (alert.created_at, alert.id))
        return await self._rows.held(found[:limit], _is_unattended)

    def add(self, alert: Alert, /) -> None:
        """Add an alert. Raises `AlreadyExists` where an unresolved one of the kind and subject is there."""
        self._rows.add(alert)

    def save(self, alert: Alert, /, *, was: Alert) -> None:
        """Save a changed alert. Raises `StaleVersion`."""
        self._rows.save(alert, was=was)


def has_unattended(tenant: Tenant, *, before: datetime, overdue_before: datetime) -> bool:
    """Tell whether an alert of the organization has waited too long to be acknowledged."""
    rows = tenant.rows(ALERTS)
    oldest = {is_overdue: next(rows.members(_UNATTENDED, is_overdue), None) for is_overdue in (True, False)}
    return any(
        place is not None and rows.by_id[place[-1]].created_at < deadline
        for place, deadline in ((oldest[True], overdue_before), (oldest[False], before))
    )
