"""Alerts as clients get them, and what they say about them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import frozen

from amss_domain.alerts.alert import Alert as Kept
from amss_domain.alerts.alert import AlertKind, AlertStatus, Severity
from amss_domain.shared.page import Page
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Instant, Reason


@frozen(kw_only=True)
class AlertNote:
    """What there is to say about it, if anything."""

    note: Reason | None = None


@frozen(kw_only=True)
class Alert:
    """Something that somebody has to look at.

    It came up at `created_at`. `subject_id` is the id of what it is about: a `task`, `part`, row of `stock`, `aircraft`
    or `webhook`. `details` are what was known of that when it was raised. `resolved_by` is null when it went away by
    itself. `escalated_at` says when it had been open for too long.
    """

    id: UUID
    kind: AlertKind
    severity: Severity
    status: AlertStatus
    title: str
    subject_type: str
    subject_id: UUID
    details: Mapping[str, Any]
    created_at: Instant
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    acknowledged_note: str | None
    escalated_at: Instant | None
    resolved_at: Instant | None
    resolved_by: str | None
    resolved_note: str | None
    updated_at: Instant
    version: int


def alert_of(kept: Kept) -> Alert:
    """Return the alert as clients get it."""
    return Alert(
        id=kept.id,
        kind=kept.kind,
        severity=kept.severity,
        status=kept.status,
        title=kept.title,
        subject_type=kept.subject_type,
        subject_id=kept.subject_id,
        details=kept.details,
        created_at=kept.created_at,
        acknowledged_at=kept.acknowledged_at,
        acknowledged_by=kept.acknowledged_by,
        acknowledged_note=kept.acknowledged_note,
        escalated_at=kept.escalated_at,
        resolved_at=kept.resolved_at,
        resolved_by=kept.resolved_by,
        resolved_note=kept.resolved_note,
        updated_at=kept.updated_at,
        version=kept.version,
    )


def one(kept: Kept) -> Answer:
    """Return the answer that shows an alert."""
    return Answer(body=alert_of(kept), version=kept.version)


def many(page: Page[Kept]) -> Answer:
    """Return the answer that lists alerts."""
    return Answer(body=tuple(map(alert_of, page.items)), next_after=page.next_after)
