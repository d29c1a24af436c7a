"""What travels from the outbox to those who follow it, and what holds the way together."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from attrs import frozen

from amss_domain.shared.ids import EventId, OrgId

LANES: Final = 16
"""The outbox is published in so many lanes; one aggregate's messages keep to one lane."""

GROUP: Final = "amss"
"""The group of readers that tells all who follow."""

OUTBOX: Final = "outbox"
"""What to wake when messages were committed."""

DELIVERIES: Final = "deliveries"
"""What to wake when there may be deliveries to send."""

INBOX: Final = "inbox"
"""What to wake when there may be something in the inbox of a follower inside."""


@frozen(kw_only=True)
class Notice:
    """Word of one message in the outbox, as it travels: enough to find it, and to keep it in order.

    `seq` grows in the order recorded for each aggregate.
    """

    org_id: OrgId
    event_id: EventId
    event_type: str
    aggregate_id: UUID
    version: int
    seq: int
    occurred_at: datetime

    @property
    def stream(self) -> str:
        """The stream it goes to: `events:tasks` for `task.completed`."""
        return stream_of(self.event_type)


@frozen(kw_only=True)
class StreamEntry:
    """One entry of a stream as a group of readers was given it, for the `times`-th time."""

    stream: str
    id: str
    notice: Notice
    times: int = 1


@frozen(kw_only=True)
class Lease:
    """The right to do something alone until `expires_at`.

    `token` grows with each new holder of the name: what is guarded by a lease refuses a token that is no longer the
    latest, so that a holder who was away too long can do no harm.
    """

    name: str
    holder: str
    token: int
    expires_at: datetime


@frozen(kw_only=True)
class Backlog:
    """How much waits, and since when the oldest of it; None when nothing does."""

    waiting: int
    oldest_at: datetime | None = None

    def age(self, at: datetime) -> timedelta:
        """Return how long the oldest has waited."""
        return max(at - self.oldest_at, timedelta(0)) if self.oldest_at else timedelta(0)


@frozen(kw_only=True)
class DeadLetter:
    """An entry of a stream that a group of readers could not work off, kept until it is replayed."""

    notice: Notice
    group: str
    reason: str
    failed_at: datetime
    times: int
    replayed_at: datetime | None = None


@frozen(kw_only=True)
class Setback:
    """What a follower inside could not work off, and how often it has failed with it."""

    notice: Notice
    times: int


@frozen(kw_only=True)
class JobRun:
    """One run of a job of the worker: how much it did, and what went wrong if anything did."""

    job: str
    worker: str
    started_at: datetime
    finished_at: datetime
    done: int = 0
    error: str | None = None


def lane_of(aggregate_id: UUID) -> int:
    """Return the lane that messages of the object keep to: the last four bits of its id, which are random."""
    return aggregate_id.int & (LANES - 1)


_PLURALS: Final = {"aircraft": "aircraft", "compliance": "compliance", "part": "parts", "api_key": "api_keys"}


def stream_of(event_type: str) -> str:
    """Return the name of the stream that events of the type go to."""
    noun = event_type.partition(".")[0]
    return f"events:{_PLURALS.get(noun, noun + 's')}"
