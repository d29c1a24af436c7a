"""Raising and resolving alerts inside a unit of work."""

from datetime import datetime
from uuid import UUID

from attrs import define, field

from amss_domain.alerts.alert import Alert, AlertKind, Cause, alert_of
from amss_domain.alerts.ports import AlertsWork
from amss_domain.alerts.rules import SUPERSEDED_BY
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import AlertId


@define(eq=False)
class Book:
    """The alerts about some subjects that are not resolved, held, and what becomes of them."""

    uow: AlertsWork
    ids: IdFactory
    at: datetime
    changes: int = 0
    _unresolved: dict[tuple[AlertKind, UUID], Alert] = field(factory=dict)

    def enter(self, alerts: tuple[Alert, ...]) -> None:
        """Take in alerts that are held."""
        self._unresolved.update({(alert.kind, alert.subject_id): alert for alert in alerts})

    def raise_(self, cause: Cause) -> None:
        """Raise an alert unless there is one of the kind and subject, and resolve those that it supersedes."""
        for kind in SUPERSEDED_BY.get(cause.kind, ()):
            self.resolve(kind, cause.subject_id)
        if (cause.kind, cause.subject_id) in self._unresolved:
            return
        alert = alert_of(cause, id=AlertId(self.ids.new()), org_id=self.uow.org_id, at=self.at)
        self.uow.alerts.add(alert)
        self.uow.record(alert.raised())
        self._unresolved[alert.kind, alert.subject_id] = alert
        self.changes += 1

    def resolve(self, kind: AlertKind, subject_id: UUID) -> None:
        """Resolve the alert of the kind and subject, if there is one: what it was about is gone."""
        alert = self._unresolved.pop((kind, subject_id), None)
        if alert is None:
            return
        resolved, event = alert.resolved(None, note=None, at=self.at)
        self.uow.alerts.save(resolved, was=alert)
        self.uow.record(event)
        self.changes += 1
