"""What happens to webhooks."""

from datetime import datetime
from typing import ClassVar

from attrs import frozen

from amss_domain.shared.events import Event
from amss_domain.shared.ids import DeliveryId, EventId


@frozen(kw_only=True)
class WebhookCreated(Event):
    """A webhook was made."""

    type: ClassVar[str] = "webhook.created"
    public: ClassVar[bool] = False
    url: str


@frozen(kw_only=True)
class WebhookUpdated(Event):
    """A webhook was changed, paused, resumed or enabled again."""

    type: ClassVar[str] = "webhook.updated"
    public: ClassVar[bool] = False
    url: str


@frozen(kw_only=True)
class WebhookArchived(Event):
    """A webhook is no longer; what it was sent stays on record."""

    type: ClassVar[str] = "webhook.archived"
    public: ClassVar[bool] = False
    url: str


@frozen(kw_only=True)
class WebhookSecretRotated(Event):
    """A webhook has a new secret; the former one signs as well until `former_until`."""

    type: ClassVar[str] = "webhook.secret_rotated"
    public: ClassVar[bool] = False
    former_until: datetime


@frozen(kw_only=True)
class WebhookDisabled(Event):
    """A webhook is sent nothing any more, because it said so (410) or failed for too long.

    Others hear of it: so of its URL there are scheme, host and port alone.
    """

    type: ClassVar[str] = "webhook.disabled"
    url: str


@frozen(kw_only=True)
class WebhookFailed(Event):
    """A delivery was given up after its last attempt.

    Others hear of it: so of the webhook's URL there are scheme, host and port alone.
    """

    type: ClassVar[str] = "webhook.delivery_failed"
    url: str
    delivery_id: DeliveryId
    event_id: EventId
    event_type: str
    attempts: int


@frozen(kw_only=True)
class WebhookTested(Event):
    """Somebody asked for a test delivery; it goes to that webhook alone."""

    type: ClassVar[str] = "webhook.test"
    public: ClassVar[bool] = False


@frozen(kw_only=True)
class WebhookRedelivered(Event):
    """Somebody asked for deliveries to be sent again; `since` and `until` bound when they were made, if a range was."""

    type: ClassVar[str] = "webhook.redelivered"
    public: ClassVar[bool] = False
    deliveries: int
    delivery_id: DeliveryId | None = None
    since: datetime | None = None
    until: datetime | None = None
