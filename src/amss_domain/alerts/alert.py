"""Alerts: what they are about, how grave it is, and what was done about it."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Final, Self, TypeVar
from uuid import UUID

from attrs import evolve, field, frozen

from amss_domain.alerts.events import AlertAcknowledged, AlertEscalated, AlertEvent, AlertRaised, AlertResolved
from amss_domain.shared.events import changes_between
from amss_domain.shared.ids import AlertId, OrgId
from amss_domain.shared.plain import JsonValue

E = TypeVar("E", bound=AlertEvent)

MAX_NOTE_LENGTH: Final = 1000
"""How many characters a note on an alert has at most."""


class AlertKind(Enum):
    """What came up."""

    DUE_SOON = "due_soon"
    DUE = "due"
    OVERDUE = "overdue"
    LOW_STOCK = "low_stock"
    EXPIRING_STOCK = "expiring_stock"
    IMPLAUSIBLE_USAGE = "implausible_usage"
    WEBHOOK_FAILING = "webhook_failing"
    WEBHOOK_DISABLED = "webhook_disabled"


class Severity(Enum):
    """How grave it is; what merely informs is not escalated."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertStatus(Enum):
    """What was done about it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


SEVERITIES: Final[Mapping[AlertKind, Severity]] = {
    AlertKind.DUE_SOON: Severity.INFO,
    AlertKind.DUE: Severity.WARNING,
    AlertKind.OVERDUE: Severity.CRITICAL,
    AlertKind.LOW_STOCK: Severity.WARNING,
    AlertKind.EXPIRING_STOCK: Severity.WARNING,
    AlertKind.IMPLAUSIBLE_USAGE: Severity.WARNING,
    AlertKind.WEBHOOK_FAILING: Severity.WARNING,
    AlertKind.WEBHOOK_DISABLED: Severity.CRITICAL,
}
"""How grave each kind is."""

_HANDLED: Final = frozenset(
    {"status", "acknowledged_at", "acknowledged_by", "escalated_at", "resolved_at", "resolved_by"}
)


@frozen(kw_only=True)
class Cause:
    """What an alert is raised for: the object, and what is to be said of it in one line."""

    kind: AlertKind
    subject_type: str
    subject_id: UUID
    title: str
    details: Mapping[str, JsonValue] = field(factory=dict)


@frozen(kw_only=True)
class Alert:
    """One thing that somebody has to look at; of a kind and subject there is one at most that is not resolved.

    `acknowledged_by` and `resolved_by` name who did it; nobody resolved what went away by itself. `escalated_at` says
    when it had been open for too long without being acknowledged.
    """

    id: AlertId
    org_id: OrgId
    kind: AlertKind
    severity: Severity
    subject_type: str
    subject_id: UUID
    title: str
    details: Mapping[str, JsonValue] = field(factory=dict)
    status: AlertStatus = AlertStatus.OPEN
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_note: str | None = None
    escalated_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolved_note: str | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def is_resolved(self) -> bool:
        """Tell whether it is dealt with or gone."""
        return self.status is AlertStatus.RESOLVED

    def raised(self) -> AlertRaised:
        """Announce that it came up."""
        return self._told(AlertRaised, self, self.created_at)

    def acknowledged(self, by: str, *, note: str | None, at: datetime) -> tuple[Self, AlertEvent]:
        """Return the alert as one that somebody looks into."""
        return self._become(
            evolve(
                self,
                status=AlertStatus.ACKNOWLEDGED,
                acknowledged_at=at,
                acknowledged_by=by,
                acknowledged_note=note,
            ),
            AlertAcknowledged,
            at,
            reason=note,
        )

    def escalated(self, *, at: datetime) -> tuple[Self, AlertEvent]:
        """Return the alert as one that nobody has looked into for too long."""
        return self._become(evolve(self, escalated_at=at), AlertEscalated, at)

    def resolved(self, by: str | None, *, note: str | None, at: datetime) -> tuple[Self, AlertEvent]:
        """Return the alert as dealt with, by nobody if it went away by itself."""
        return self._become(
            evolve(self, status=AlertStatus.RESOLVED, resolved_at=at, resolved_by=by, resolved_note=note),
            AlertResolved,
            at,
            reason=note,
        )

    def _become(
        self, other: Self, kind: type[AlertEvent], at: datetime, *, reason: str | None = None
    ) -> tuple[Self, AlertEvent]:
        changed = evolve(other, updated_at=at, version=self.version + 1)
        return changed, self._told(kind, changed, at, reason=reason)

    def _told(self, kind: type[E], now: Self, at: datetime, *, reason: str | None = None) -> E:
        changes = changes_between(None if now is self else self, now)
        return kind(
            aggregate_id=self.id,
            version=now.version,
            occurred_at=at,
            changes=changes if now is self else tuple(one for one in changes if one.field in _HANDLED),
            reason=reason,
            kind=self.kind.value,
            severity=self.severity.value,
            subject_type=self.subject_type,
            subject_id=self.subject_id,
            title=self.title,
        )


def alert_of(cause: Cause, *, id: AlertId, org_id: OrgId, at: datetime) -> Alert:
    """Return a new alert, open, of the severity that its kind has."""
    return Alert(
        id=id,
        org_id=org_id,
        kind=cause.kind,
        severity=SEVERITIES[cause.kind],
        subject_type=cause.subject_type,
        subject_id=cause.subject_id,
        title=cause.title,
        details=cause.details,
        created_at=at,
        updated_at=at,
    )
