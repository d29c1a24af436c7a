"""What the relay needs: queues that reach across organizations, streams, and leases."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from amss_domain.access.ports import AccessWork
from amss_domain.relay.model import Backlog, DeadLetter, JobRun, Lease, Notice, Setback, StreamEntry
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.outbox import OutboxMessage


class Leases(Protocol):
    """Rights to do something alone, of the whole installation.

    - At any time a name has one holder at most; whoever asks while another's lease runs gets None.
    - `take` gives its holder the same lease again, prolonged; any other holder gets a higher token than all before.
    - `release` frees the name at once; a lease that is no longer the latest is released without effect.
    - `take_some` takes up to `limit` of the names, those first that the holder has already.
    - `held` returns the leases of the names that run at that time, whoever holds them, by name.
    """

    async def take(self, name: str, *, holder: str, at: datetime, lasts: timedelta) -> Lease | None: ...

    async def take_some(
        self, names: Sequence[str], *, holder: str, at: datetime, lasts: timedelta, limit: int
    ) -> tuple[Lease, ...]: ...

    async def release(self, leases: Collection[Lease], /) -> None: ...

    async def held(self, names: Collection[str], *, at: datetime) -> tuple[Lease, ...]: ...


class OutboxQueue(Protocol):
    """The messages of all organizations on their way out.

    - `unpublished` returns those of the lanes that were committed and not published, by `seq`; those of one aggregate
      are therefore in the order recorded, and none is passed over for good whatever order transactions commit in.
    - `mark_published` marks them under a lease; under one that is no longer the latest it changes nothing and returns
      False.
    - `publish_again` makes those unpublished that were published before `before` and have not been fanned out, and
      returns how many: what a stream lost is put into it again.
    - `not_fanned_out` returns those that nobody was told of yet, published or not, by `seq`.
    - `backlog` counts those that are not published, `unfanned` those that are not fanned out.
    - `purge` removes up to `limit` that were fanned out before `before` and that no dead letter waits for, and returns
      how many; with `dry_run` it only counts them.
    """

    async def unpublished(self, *, lanes: Collection[int], limit: int) -> tuple[Notice, ...]: ...

    async def mark_published(self, notices: Sequence[Notice], *, leases: Collection[Lease], at: datetime) -> bool: ...

    async def publish_again(self, *, before: datetime, limit: int) -> int: ...

    async def not_fanned_out(self, *, limit: int) -> tuple[Notice, ...]: ...

    async def backlog(self) -> Backlog: ...

    async def unfanned(self) -> Backlog: ...

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int: ...


class EventStreams(Protocol):
    """Streams of notices, each read by groups of readers; what they hold may be lost at any time.

    - `publish` appends to each notice's stream in the order given.
    - `read` gives each entry of any stream to one reader of the group, in the order of its stream, and waits up to
      `wait` for the first; a group that is new reads from the beginning.
    - An entry that was not acknowledged is `take_over`n by the reader who asks, once it has been idle for `idle`; it
      says how many times it was given. Entries that the stream no longer has are not among them.
    - `acknowledge` settles entries for the group.
    - `trim` removes what every group has acknowledged and nothing else; it returns how many entries went.
    - `lag` counts, for a group, what it has not acknowledged.
    - All raise `Unavailable` while the server is away.
    """

    async def publish(self, notices: Sequence[Notice], /) -> None: ...

    async def read(self, *, group: str, reader: str, limit: int, wait: timedelta) -> tuple[StreamEntry, ...]: ...

    async def take_over(self, *, group: str, reader: str, idle: timedelta, limit: int) -> tuple[StreamEntry, ...]: ...

    async def acknowledge(self, entries: Sequence[StreamEntry], *, group: str) -> None: ...

    async def trim(self) -> int: ...

    async def lag(self, *, group: str) -> int: ...


class DeadLetters(Protocol):
    """Entries that a group could not work off, of all organizations.

    - `add` keeps a letter; one of the same event and group that is there already is replaced. Its message counts as
      fanned out at `failed_at` from then on: it is not published again, and holds nothing back.
    - `list` returns those not replayed, oldest first, of one organization or of all.
    - `replay` marks those named and makes their messages in the outbox unpublished and not fanned out again; it returns
      how many there were.
    """

    async def add(self, letters: Sequence[DeadLetter], /) -> None: ...

    async def list(self, *, limit: int, org_id: OrgId | None = None) -> tuple[DeadLetter, ...]: ...

    async def replay(self, event_ids: Collection[EventId], *, at: datetime) -> int: ...


class Waking(Protocol):
    """A signal between processes that there is something to do; it may be lost, never delayed for long.

    - `wake` returns at once and never raises; calls close together travel as one.
    - `awoken` returns when somebody called `wake` with the topic since the last time it returned, or after `wait`.
    """

    def wake(self, topic: str, /) -> None: ...

    async def awoken(self, topic: str, *, wait: timedelta) -> bool: ...


class FanOut(Protocol):
    """Puts messages before all who follow them: a delivery for each webhook that wants it, an inbox entry for each
    follower inside.

    - `tell` does so for each of the messages that was not fanned out before, marks it as fanned out, and returns how
      many there were: all of it in one transaction, so a message that is told again changes nothing.
    - A webhook gets what happened since it was made and while it wants events of the type, also while it is paused;
      one that is archived or disabled gets nothing.
    - `followers` says which types each follower inside wants.
    """

    async def tell(
        self, notices: Sequence[Notice], *, followers: Mapping[str, frozenset[str]], at: datetime
    ) -> int: ...


class Inboxes(Protocol):
    """Whose followers have something to do, across organizations.

    - `waiting` returns organizations in whose inbox something waits for the follower, longest waiting first, and none
      of those in `but`; what is put off until after `at` does not count when that is given.
    """

    async def waiting(
        self, follower: str, *, limit: int, at: datetime | None = None, but: Collection[OrgId] = ()
    ) -> tuple[OrgId, ...]: ...

    async def backlog(self, follower: str) -> Backlog: ...


class Inbox(Protocol):
    """What waits for followers inside one organization, as part of a unit of work.

    - `take` holds and returns up to `limit` of the messages that wait for the follower and that nobody else holds, the
      oldest first; what is put off until after `at` is passed over when that is given.
    - `done` removes them; a message that was taken and not done is there again after the unit of work.
    - `put_off` counts a failure with a message and puts it off; it returns how often it failed, None when the message
      is not there any more.
    """

    async def take(self, follower: str, *, limit: int, at: datetime | None = None) -> tuple[OutboxMessage, ...]: ...

    async def put_off(self, follower: str, event_id: EventId, /, *, until: datetime) -> Setback | None: ...

    def done(self, follower: str, event_ids: Collection[EventId], /) -> None: ...


class InboxWork(AccessWork, Protocol):
    """A unit of work that reaches the inbox of the followers inside."""

    @property
    def inbox(self) -> Inbox: ...


class JobLog(Protocol):
    """When each job of the worker last ran, by whom, and what came of it; kept for whoever looks.

    - `note` keeps the run; a run of the same job and worker replaces the one before.
    - `runs` returns the last run of each job and worker, by job.
    """

    async def note(self, run: JobRun, /) -> None: ...

    async def runs(self) -> tuple[JobRun, ...]: ...
