"""What happens to alerts."""

from typing import ClassVar
from uuid import UUID

from attrs import frozen

from amss_domain.shared.events import Event


@frozen(kw_only=True)
class AlertEvent(Event):
    """Something that happened to an alert; `subject_id` is the id of what it is about, a `subject_type`."""

    kind: str
    severity: str
    subject_type: str
    subject_id: UUID
    title: str


@frozen(kw_only=True)
class AlertRaised(AlertEvent):
    """Something came up that somebody has to look at."""

    type: ClassVar[str] = "alert.raised"


@frozen(kw_only=True)
class AlertAcknowledged(AlertEvent):
    """Somebody is looking into an alert."""

    type: ClassVar[str] = "alert.acknowledged"


@frozen(kw_only=True)
class AlertEscalated(AlertEvent):
    """Nobody has acknowledged an alert for too long."""

    type: ClassVar[str] = "alert.escalated"


@frozen(kw_only=True)
class AlertResolved(AlertEvent):
    """What an alert was about is dealt with, or gone."""

    type: ClassVar[str] = "alert.resolved"
