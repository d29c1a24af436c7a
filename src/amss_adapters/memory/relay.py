"""The relay: queues over every organization's messages, leases, dead letters, inboxes and what the jobs noted."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import islice

from attrs import evolve

from amss_adapters.memory.messages import Failed, Kept, Messages, backlog_of
from amss_adapters.memory.transaction import Transaction
from amss_domain.relay.model import Backlog, DeadLetter, JobRun, Lease, Notice, Setback, lane_of
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.outbox import OutboxMessage


class MemoryLeases:
    """Rights to do something alone, as `Leases` promises."""

    def __init__(self) -> None:
        self._latest: dict[str, Lease] = {}
        self._released: set[str] = set()

    async def take(self, name: str, *, holder: str, at: datetime, lasts: timedelta) -> Lease | None:
        """Return the lease, prolonged when it is the holder's already; None while it is another's."""
        latest = self._latest.get(name)
        if latest is not None and name not in self._released:
            if latest.holder == holder:
                self._latest[name] = evolve(latest, expires_at=at + lasts)
                return self._latest[name]
            if latest.expires_at > at:
                return None
        token = 1 if latest is None else latest.token + 1
        self._released.discard(name)
        self._latest[name] = Lease(name=name, holder=holder, token=token, expires_at=at + lasts)
        return self._latest[name]

    async def take_some(
        self, names: Sequence[str], *, holder: str, at: datetime, lasts: timedelta, limit: int
    ) -> tuple[Lease, ...]:
        """Return up to so many leases, those first that are the holder's already."""
        taken: list[Lease] = []
        for name in sorted(names, key=lambda name: not self._is_of(name, holder)):
            if len(taken) == limit:
                break
            if (lease := await self.take(name, holder=holder, at=at, lasts=lasts)) is not None:
                taken.append(lease)
        return tuple(taken)

    async def release(self, leases: Collection[Lease], /) -> None:
        """Free the names of those that are the latest."""
        self._released |= {lease.name for lease in leases if self.is_latest(lease)}

    async def held(self, names: Collection[str], *, at: datetime) -> tuple[Lease, ...]:
        """Return the leases of the names that run at that time, by name."""
        running = (self._latest[name] for name in sorted(set(names)) if name in self._latest)
        return tuple(lease for lease in running if lease.expires_at > at and lease.name not in self._released)

    def is_latest(self, lease: Lease) -> bool:
        """Tell whether nobody has had the name since, and the holder still has it."""
        latest = self._latest.get(lease.name)
        return latest is not None and latest.token == lease.token and lease.name not in self._released

    def _is_of(self, name: str, holder: str) -> bool:
        latest = self._latest.get(name)
        return latest is not None and latest.holder == holder and name not in self._released


class MemoryOutboxQueue:
    """The messages of all organizations on their way out."""

    def __init__(self, messages: Messages, leases: MemoryLeases) -> None:
        self._messages = messages
        self._leases = leases

    async def unpublished(self, *, lanes: Collection[int], limit: int) -> tuple[Notice, ...]:
        """Return so many of the lanes that are not published, in the order committed."""
        waiting = (kept.notice for kept in self._messages.unpublished())
        return tuple(islice((one for one in waiting if lane_of(one.aggregate_id) in lanes), limit))

    async def mark_published(self, notices: Sequence[Notice], *, leases: Collection[Lease], at: datetime) -> bool:
        """Mark them; change nothing and return False when a lease is no longer the latest."""
        if not all(self._leases.is_latest(lease) for lease in leases):
            return False
        for notice in notices:
            self._messages.mark_published(notice.event_id, at=at)
        return True

    async def publish_again(self, *, before: datetime, limit: int) -> int:
        """Make those unpublished that were published before then and that nobody was told of."""
        lost = (kept for kept in self._messages.published() if kept.published_at and kept.published_at < before)
        found = tuple(islice(lost, limit))
        for kept in found:
            self._messages.mark_published(kept.message.id, at=None)
        return len(found)

    async def not_fanned_out(self, *, limit: int) -> tuple[Notice, ...]:
        """Return so many that nobody was told of, in the order committed."""
        return tuple(kept.notice for kept in islice(self._messages.unfanned(), limit))

    async def backlog(self) -> Backlog:
        """Return how many are not published."""
        return self._messages.backlog()

    async def unfanned(self) -> Backlog:
        """Return how many nobody was told of."""
        return self._messages.unfanned_backlog()

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove so many that everybody was told of before then, unless a dead letter waits for them."""
        dead = self._messages.dead
        old = (kept for kept in self._messages.told() if kept.fanned_out_at and kept.fanned_out_at < before)
        found = tuple(islice((kept for kept in old if kept.message.id not in dead), limit))
        if not dry_run:
            for kept in found:
                self._messages.remove(kept.message.id)
        return len(found)


class MemoryDeadLetters:
    """Entries that could not be worked off."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._letters: dict[tuple[EventId, str], DeadLetter] = {}

    async def add(self, letters: Sequence[DeadLetter], /) -> None:
        """Keep letters in place of those of the same event and group, and take their messages out of the way."""
        for letter in letters:
            event_id = letter.notice.event_id
            self._letters[event_id, letter.group] = letter
            self._messages.dead.add(event_id)
            self._messages.mark_fanned_out(event_id, at=letter.failed_at)

    async def list(self, *, limit: int, org_id: OrgId | None = None) -> tuple[DeadLetter, ...]:
        """Return so many that were not replayed, oldest first."""
        waiting = [
            letter
            for letter in self._letters.values()
            if letter.replayed_at is None and org_id in (None, letter.notice.org_id)
        ]
        return tuple(sorted(waiting, key=lambda letter: (letter.failed_at, letter.notice.seq))[:limit])

    async def replay(self, event_ids: Collection[EventId], *, at: datetime) -> int:
        """Mark those named as replayed and send their messages on their way again."""
        wanted = set(event_ids)
        found = [
            (key, letter) for key, letter in self._letters.items() if key[0] in wanted and letter.replayed_at is None
        ]
        for key, letter in found:
            self._letters[key] = evolve(letter, replayed_at=at)
            self._messages.dead.discard(key[0])
            self._messages.mark_published(key[0], at=None)
            self._messages.mark_fanned_out(key[0], at=None)
        return len(found)

    def purge(self, *, before: datetime, limit: int, dry_run: bool) -> int:
        """Remove so many that were replayed before then, or count them."""
        old = (key for key, letter in self._letters.items() if letter.replayed_at and letter.replayed_at < before)
        found = tuple(islice(old, limit))
        if not dry_run:
            for key in found:
                del self._letters[key]
        return len(found)


class MemoryInboxes:
    """Whose followers have something to do."""

    def __init__(self, messages: Messages) -> None:
        self._inbox = messages.inbox

    async def waiting(
        self, follower: str, *, limit: int, at: datetime | None = None, but: Collection[OrgId] = ()
    ) -> tuple[OrgId, ...]:
        """Return so many organizations in whose inbox something waits for the follower, longest waiting first."""
        waiting = {org_id: rows for org_id, rows in self._inbox.waiting(follower, at=at).items() if org_id not in but}
        return tuple(sorted(waiting, key=lambda org_id: _seq(waiting[org_id][0]))[:limit])

    async def backlog(self, follower: str) -> Backlog:
        """Return how much waits for the follower."""
        return backlog_of([kept for rows in self._inbox.waiting(follower).values() for kept in rows])


class MemoryInbox:
    """What waits for followers inside the transaction's organization."""

    def __init__(self, transaction: Transaction, messages: Messages) -> None:
        self._transaction = transaction
        self._inbox = messages.inbox
        self._done: set[tuple[str, EventId]] = set()
        self._failed: dict[tuple[str, EventId], Failed] = {}

    async def take(self, follower: str, *, limit: int, at: datetime | None = None) -> tuple[OutboxMessage, ...]:
        """Hold and return so many that nobody else holds, oldest first."""
        self._transaction.require_usable()
        mine = len(self._done)
        held = self._inbox.hold(follower, self._transaction.org_id, holder=self, limit=limit + mine, at=at)
        rest = (kept.message for kept in held if (follower, kept.message.id) not in self._done)
        return tuple(islice(rest, limit))

    def done(self, follower: str, event_ids: Collection[EventId], /) -> None:
        """Remove them when this is committed."""
        self._transaction.require_usable()
        self._done |= {(follower, event_id) for event_id in event_ids}

    async def put_off(self, follower: str, event_id: EventId, /, *, until: datetime) -> Setback | None:
        """Count a failure with a message and put it off when this is committed."""
        self._transaction.require_usable()
        kept = self._inbox.find(follower, self._transaction.org_id, event_id)
        if kept is None:
            return None
        times = self._inbox.failures(follower, event_id) + 1
        self._failed[follower, event_id] = Failed(times=times, until=until)
        return Setback(notice=kept.notice, times=times)

    def publish(self) -> None:
        """Keep what was put off and remove what was done: it is committed."""
        for (follower, event_id), failed in self._failed.items():
            self._inbox.put_off(follower, event_id, failed)
        for follower, event_id in self._done:
            self._inbox.remove(follower, self._transaction.org_id, (event_id,))

    def let_go(self) -> None:
        """Let others have what is held."""
        self._inbox.let_go(self)


class MemoryJobLog:
    """When each job last ran."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], JobRun] = {}

    async def note(self, run: JobRun, /) -> None:
        """Keep the run in place of the one before."""
        self._runs[run.job, run.worker] = run

    async def runs(self) -> tuple[JobRun, ...]:
        """Return the last run of each job and worker, by job."""
        return tuple(self._runs[key] for key in sorted(self._runs))

    def purge(self, *, before: datetime, limit: int, dry_run: bool) -> int:
        """Remove so many of workers that noted none since then, or count them."""
        here = {run.worker for run in self._runs.values() if run.finished_at >= before}
        found = tuple(islice((key for key, run in self._runs.items() if run.worker not in here), limit))
        if not dry_run:
            for key in found:
                del self._runs[key]
        return len(found)


def _seq(kept: Kept) -> int:
    return kept.seq
