"""Every organization's messages on their way out: how far each has come, and which followers inside it waits for."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator
from datetime import datetime
from uuid import UUID

from attrs import define, frozen

from amss_adapters.memory.sorted_keys import SortedKeys
from amss_domain.alerts.letters import QueuedLetter
from amss_domain.relay.model import Backlog, Notice
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.outbox import OutboxMessage


@frozen(kw_only=True)
class Failed:
    """How often a follower failed with a message, and until when it is left alone."""

    times: int
    until: datetime


@define(eq=False)
class Kept:
    """One message, and how far it has come."""

    message: OutboxMessage
    seq: int
    published_at: datetime | None = None
    fanned_out_at: datetime | None = None

    @property
    def notice(self) -> Notice:
        """Word of it."""
        message = self.message
        return Notice(
            org_id=message.org_id,
            event_id=message.id,
            event_type=message.event_type,
            aggregate_id=message.aggregate_id,
            version=message.version,
            seq=self.seq,
            occurred_at=message.occurred_at,
        )


class InboxRows:
    """What waits for the followers inside, of all organizations, and who holds what of it."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, OrgId], dict[EventId, Kept]] = defaultdict(dict)
        self._held: dict[tuple[str, EventId], object] = {}
        self._failed: dict[tuple[str, EventId], Failed] = {}

    def put(self, follower: str, kept: Kept) -> None:
        """Put a message before a follower, once."""
        self._rows[follower, kept.message.org_id].setdefault(kept.message.id, kept)

    def waiting(self, follower: str, *, at: datetime | None = None) -> dict[OrgId, list[Kept]]:
        """Return what waits for the follower and is not put off, of each organization, the oldest first."""
        found = {
            org_id: [kept for kept in sorted(rows.values(), key=_seq) if self._is_due(follower, kept, at)]
            for (whose, org_id), rows in self._rows.items()
            if whose == follower
        }
        return {org_id: rows for org_id, rows in found.items() if rows}

    def find(self, follower: str, org_id: OrgId, event_id: EventId) -> Kept | None:
        """Return a message that waits for the follower, None when it does not."""
        return self._rows[follower, org_id].get(event_id)

    def failures(self, follower: str, event_id: EventId) -> int:
        """Return how often the follower failed with a message."""
        failed = self._failed.get((follower, event_id))
        return 0 if failed is None else failed.times

    def put_off(self, follower: str, event_id: EventId, failed: Failed) -> None:
        """Keep how often the follower failed with a message, and until when it is left alone."""
        self._failed[follower, event_id] = failed

    def hold(
        self, follower: str, org_id: OrgId, *, holder: object, limit: int, at: datetime | None = None
    ) -> tuple[Kept, ...]:
        """Return so many that nobody else holds and that are not put off, held from then on, the oldest first."""
        taken: list[Kept] = []
        for kept in sorted(self._rows[follower, org_id].values(), key=_seq):
            if len(taken) == limit:
                break
            if not self._is_due(follower, kept, at):
                continue
            if self._held.setdefault((follower, kept.message.id), holder) is holder:
                taken.append(kept)
        return tuple(taken)

    def let_go(self, holder: object) -> None:
        """Let go of everything the holder holds."""
        self._held = {key: other for key, other in self._held.items() if other is not holder}

    def remove(self, follower: str, org_id: OrgId, event_ids: Collection[EventId]) -> None:
        """Take out what the follower is done with."""
        rows = self._rows[follower, org_id]
        for event_id in event_ids:
            rows.pop(event_id, None)
            self._failed.pop((follower, event_id), None)

    def _is_due(self, follower: str, kept: Kept, at: datetime | None) -> bool:
        failed = self._failed.get((follower, kept.message.id))
        return at is None or failed is None or failed.until <= at


class Messages:
    """The messages of all organizations in the order committed, found by everything that somebody asks for.

    Nothing here is awaited, so whatever is done in one step of the event loop is done at once for everybody.
    """

    def __init__(self) -> None:
        self._last_seq = 0
        self._kept: dict[EventId, Kept] = {}
        self._lists: dict[Hashable, SortedKeys] = defaultdict(SortedKeys)
        self.inbox = InboxRows()
        self.letters: dict[tuple[OrgId, str], QueuedLetter] = {}
        # Those that nothing happens to any more until somebody replays them.
        self.dead: set[EventId] = set()

    def add(self, message: OutboxMessage) -> None:
        """Put in a message that was committed just now."""
        self._last_seq += 1
        kept = self._kept[message.id] = Kept(message, self._last_seq)
        self._enlist(kept)

    def find(self, event_id: EventId) -> Kept | None:
        """Return a message, None when it is not there any more."""
        return self._kept.get(event_id)

    def unpublished_of(self, org_id: OrgId) -> Iterator[Kept]:
        """Go through an organization's messages that are not published, in the order committed."""
        return self._of(("org", org_id))

    def unpublished(self) -> Iterator[Kept]:
        """Go through the messages that are not published, in the order committed."""
        return self._of("unpublished")

    def unfanned(self) -> Iterator[Kept]:
        """Go through the messages that nobody was told of, in the order committed."""
        return self._of("unfanned")

    def published(self) -> Iterator[Kept]:
        """Go through the messages that are published and that nobody was told of, in the order committed."""
        return self._of("published")

    def told(self) -> Iterator[Kept]:
        """Go through the messages that everybody was told of, in the order committed."""
        return self._of("told")

    def earlier_waits(self, org_id: OrgId, aggregate_id: UUID, seq: int) -> bool:
        """Tell whether a message of the object before `seq` still waits for everybody to be told of it."""
        first = next(iter(self._lists[("object", org_id, aggregate_id)].after()), None)
        return first is not None and first[0] < seq

    def mark_published(self, event_id: EventId, *, at: datetime | None) -> None:
        """Mark a message as published then, or as not published; one that is gone is left alone."""
        if (kept := self._kept.get(event_id)) is not None:
            self._delist(kept)
            kept.published_at = at
            self._enlist(kept)

    def mark_fanned_out(self, event_id: EventId, *, at: datetime | None) -> None:
        """Mark a message as one that everybody was told of then, or as one that nobody was told of."""
        if (kept := self._kept.get(event_id)) is not None:
            self._delist(kept)
            kept.fanned_out_at = at
            self._enlist(kept)

    def remove(self, event_id: EventId) -> None:
        """Take out a message; the inboxes it waits in keep it."""
        self._delist(self._kept.pop(event_id))

    def backlog(self) -> Backlog:
        """Return how many are not published."""
        return backlog_of(list(self.unpublished()))

    def unfanned_backlog(self) -> Backlog:
        """Return how many nobody was told of."""
        return backlog_of(list(self.unfanned()))

    def _of(self, key: Hashable) -> Iterator[Kept]:
        return (self._kept[place[-1]] for place in self._lists[key].after())

    def _enlist(self, kept: Kept) -> None:
        for key in _lists_of(kept):
            self._lists[key].add((kept.seq, kept.message.id))

    def _delist(self, kept: Kept) -> None:
        for key in _lists_of(kept):
            self._lists[key].remove((kept.seq, kept.message.id))
            if not self._lists[key]:
                del self._lists[key]


def backlog_of(waiting: Collection[Kept]) -> Backlog:
    """Return how much it is and since when the oldest waits."""
    oldest = min((kept.message.occurred_at for kept in waiting), default=None)
    return Backlog(waiting=len(waiting), oldest_at=oldest)


def _lists_of(kept: Kept) -> tuple[Hashable, ...]:
    message = kept.message
    keys: list[Hashable] = []
    if kept.published_at is None:
        keys += ["unpublished", ("org", message.org_id)]
    if kept.fanned_out_at is not None:
        keys.append("told")
    else:
        keys += ["unfanned", ("object", message.org_id, message.aggregate_id)]
        if kept.published_at is not None:
            keys.append("published")
    return tuple(keys)


def _seq(kept: Kept) -> int:
    return kept.seq
