"""The laws of the relay bite: each part here is broken in one way, and the law that forbids it fails."""

import contextlib
import io
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from amss_adapters.memory import MemoryBackend
from amss_adapters.memory.letters import MemoryLetterQueue
from amss_adapters.memory.messages import InboxRows, Kept
from amss_adapters.memory.relay import (
    MemoryDeadLetters,
    MemoryInboxes,
    MemoryJobLog,
    MemoryLeases,
    MemoryOutboxQueue,
)
from amss_adapters.memory.streams import MemoryStreams
from amss_adapters.memory.waking import MemoryWaking
from amss_domain.alerts.letters import QueuedLetter
from amss_domain.relay.model import LANES, DeadLetter, JobRun, Lease, Notice, StreamEntry
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.testing import contracts
from amss_domain.testing.stand_ins import CountingIds, ManualClock


class Backend(MemoryBackend):
    """A memory backend in which parts of the relay are replaced by others of the same class."""

    def __init__(self, leases: type[MemoryLeases] = MemoryLeases, **parts: Callable[["Backend"], object]) -> None:
        super().__init__(clock=ManualClock(), ids=CountingIds())
        self.leases = leases()
        self.outbox_queue = MemoryOutboxQueue(self.messages, self.leases)
        for name, make in parts.items():
            setattr(self, name, make(self))


class GivesToAll(MemoryLeases):
    """Lets everybody have every name."""

    async def take(self, name: str, *, holder: str, at: datetime, lasts: timedelta) -> Lease | None:
        """Take it from whoever has it."""
        self._released.add(name)
        return await super().take(name, holder=holder, at=at, lasts=lasts)


class CountsNothing(MemoryLeases):
    """Gives the same token to whoever takes over."""

    async def take(self, name: str, *, holder: str, at: datetime, lasts: timedelta) -> Lease | None:
        """Take it under the first token again."""
        lease = await super().take(name, holder=holder, at=at, lasts=lasts)
        if lease is not None:
            lease = self._latest[name] = evolve(lease, token=1)
        return lease


class ReleasesForAnybody(MemoryLeases):
    """Frees a name for whoever once had it."""

    async def release(self, leases: Collection[Lease], /) -> None:
        """Free the names."""
        self._released |= {lease.name for lease in leases}


class TakesWhatComesFirst(MemoryLeases):
    """Takes names in their order, whoever's they are."""

    def _is_of(self, name: str, holder: str) -> bool:
        return False


class TellsOfThoseThatRanOut(MemoryLeases):
    """Takes a lease that ran out for one that is held."""

    async def held(self, names: Collection[str], *, at: datetime) -> tuple[Lease, ...]:
        """Return those that ever were."""
        return await super().held(names, at=at - timedelta(days=365))


class MarksUnderAnyLease(MemoryOutboxQueue):
    """Lets those mark who were away too long."""

    async def mark_published(self, notices: Sequence[Notice], *, leases: Collection[Lease], at: datetime) -> bool:
        """Mark them."""
        return await super().mark_published(notices, leases=(), at=at)


class GoesOnFromTheLast(MemoryOutboxQueue):
    """Remembers when the last message happened that it has marked, and looks only at later ones, as a cursor does."""

    last: datetime | None = None

    async def unpublished(self, *, lanes: Collection[int], limit: int) -> tuple[Notice, ...]:
        """Return those after the last one marked."""
        found = await super().unpublished(lanes=lanes, limit=limit)
        return tuple(notice for notice in found if self.last is None or notice.occurred_at > self.last)

    async def mark_published(self, notices: Sequence[Notice], *, leases: Collection[Lease], at: datetime) -> bool:
        """Remember the last one."""
        self.last = max(notice.occurred_at for notice in notices)
        return await super().mark_published(notices, leases=leases, at=at)


class MixesLanes(MemoryOutboxQueue):
    """Gives everybody everything."""

    async def unpublished(self, *, lanes: Collection[int], limit: int) -> tuple[Notice, ...]:
        """Return those of all lanes."""
        return await super().unpublished(lanes=range(LANES), limit=limit)


class PublishesAllAgain(MemoryOutboxQueue):
    """Publishes again whatever was published, however short ago."""

    async def publish_again(self, *, before: datetime, limit: int) -> int:
        """Publish again all there is."""
        return await super().publish_again(before=before + timedelta(days=10_000), limit=limit)


class ForgetsThatItWasPublished(MemoryOutboxQueue):
    """Finds only what was not published among what nobody was told of."""

    async def not_fanned_out(self, *, limit: int) -> tuple[Notice, ...]:
        """Return the unpublished."""
        return await self.unpublished(lanes=range(LANES), limit=limit)


class PurgesTheDead(MemoryOutboxQueue):
    """Removes also what might be replayed."""

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove all that is old."""
        self._messages.dead.clear()
        return await super().purge(before=before, limit=limit, dry_run=dry_run)


class PurgesWhileCounting(MemoryOutboxQueue):
    """Removes what it was only to count."""

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove it."""
        return await super().purge(before=before, limit=limit)


class LeavesThemInTheWay(MemoryDeadLetters):
    """Keeps letters and lets their messages go round."""

    async def add(self, letters: Sequence[DeadLetter], /) -> None:
        """Keep the letters alone."""
        await super().add(letters)
        for letter in letters:
            self._messages.mark_fanned_out(letter.notice.event_id, at=None)


class ReplaysOnPaper(MemoryDeadLetters):
    """Marks letters as replayed and leaves their messages where they are."""

    async def replay(self, event_ids: Collection[EventId], *, at: datetime) -> int:
        """Mark the letters."""
        messages, self._messages = self._messages, Backend().messages
        try:
            return await super().replay(event_ids, at=at)
        finally:
            self._messages = messages


class KeepsEveryLetter(MemoryDeadLetters):
    """Keeps a letter beside the one before."""

    async def list(self, *, limit: int, org_id: OrgId | None = None) -> tuple[DeadLetter, ...]:
        """Return each letter twice."""
        found = await super().list(limit=limit, org_id=org_id)
        return tuple(letter for letter in found for _ in range(1 + (letter.times > 5)))[:limit]


class HoldsNothingInInboxes(InboxRows):
    """Hands the same messages to all who ask."""

    def hold(
        self, follower: str, org_id: OrgId, *, holder: object, limit: int, at: datetime | None = None
    ) -> tuple[Kept, ...]:
        """Return them to everybody."""
        self._held.clear()
        return super().hold(follower, org_id, holder=holder, limit=limit, at=at)


class PutsNothingOff(InboxRows):
    """Gives out again what is put off."""

    def hold(
        self, follower: str, org_id: OrgId, *, holder: object, limit: int, at: datetime | None = None
    ) -> tuple[Kept, ...]:
        """Return them whatever time it is."""
        return super().hold(follower, org_id, holder=holder, limit=limit)


class LetsNothingGo(InboxRows):
    """Keeps what was taken from everybody for good."""

    def let_go(self, holder: object) -> None:
        """Keep it."""


class ForgetsThatItWasDone(InboxRows):
    """Has what is done there again."""

    def remove(self, follower: str, org_id: OrgId, event_ids: Collection[EventId]) -> None:
        """Leave it."""


class NamesOrganizationsByTheirIds(MemoryInboxes):
    """Names organizations in the order of their ids."""

    async def waiting(
        self, follower: str, *, limit: int, at: datetime | None = None, but: Collection[OrgId] = ()
    ) -> tuple[OrgId, ...]:
        """Return them by id."""
        return tuple(sorted(await super().waiting(follower, limit=100_000, at=at, but=but)))[:limit]


class PassesOverNobody(MemoryInboxes):
    """Names those that are to be left out as well."""

    async def waiting(
        self, follower: str, *, limit: int, at: datetime | None = None, but: Collection[OrgId] = ()
    ) -> tuple[OrgId, ...]:
        """Return all."""
        return await super().waiting(follower, limit=limit, at=at)


class GivesLettersToAll(MemoryLetterQueue):
    """Claims nothing."""

    async def claim(
        self, *, at: datetime, until: datetime, limit: int, per_organization: int
    ) -> tuple[QueuedLetter, ...]:
        """Return what is due, and leave it due."""
        return await super().claim(at=at, until=at, limit=limit, per_organization=per_organization)


class LetsOneHaveAllLetters(MemoryLetterQueue):
    """Knows no shares."""

    async def claim(
        self, *, at: datetime, until: datetime, limit: int, per_organization: int
    ) -> tuple[QueuedLetter, ...]:
        """Return what is due, whosever it is."""
        return await super().claim(at=at, until=until, limit=limit, per_organization=limit)


class PutsOffWhatAnotherHas(MemoryLetterQueue):
    """Does not look who has a letter."""

    def _change(self, was: QueuedLetter, queued: QueuedLetter) -> None:
        """Change it."""
        self._letters[queued.org_id, queued.letter.id] = queued


class KeepsTheFirstRun(MemoryJobLog):
    """Notes a job once."""

    async def note(self, run: JobRun, /) -> None:
        """Note it if it is the first."""
        if (run.job, run.worker) not in self._runs:
            await super().note(run)


class CutsByLength(MemoryStreams):
    """Trims streams to a length, read or not, as MAXLEN does."""

    async def trim(self) -> int:
        """Leave one entry in each."""
        removed = 0
        for stream in self._streams.values():
            for (number,) in tuple(stream.order.before(()))[1:]:
                stream.order.remove((number,))
                removed += 1
        return removed


class GivesToEveryReader(MemoryStreams):
    """Takes each reader for a group of its own."""

    async def read(self, *, group: str, reader: str, limit: int, wait: timedelta) -> tuple[StreamEntry, ...]:
        """Read all of it."""
        return await super().read(group=f"{group} {reader}", reader=reader, limit=limit, wait=wait)


class BeginsAtTheEnd(MemoryStreams):
    """Lets a new group begin with what comes next."""

    async def read(self, *, group: str, reader: str, limit: int, wait: timedelta) -> tuple[StreamEntry, ...]:
        """Skip what a new group finds."""
        if not any(group in stream.groups for stream in self._streams.values()):
            await super().read(group=group, reader=reader, limit=100_000, wait=timedelta(0))
        return await super().read(group=group, reader=reader, limit=limit, wait=wait)


class TakesFromTheBusy(MemoryStreams):
    """Takes over what somebody was given just now."""

    async def take_over(self, *, group: str, reader: str, idle: timedelta, limit: int) -> tuple[StreamEntry, ...]:
        """Take over everything."""
        return await super().take_over(group=group, reader=reader, idle=timedelta(0), limit=limit)


class LosesCount(MemoryStreams):
    """Does not know how many times an entry was given."""

    async def take_over(self, *, group: str, reader: str, idle: timedelta, limit: int) -> tuple[StreamEntry, ...]:
        """Say that it was the first time."""
        found = await super().take_over(group=group, reader=reader, idle=idle, limit=limit)
        return tuple(evolve(entry, times=1) for entry in found)


class LooksOnce(MemoryStreams):
    """Does not wait for anything."""

    async def read(self, *, group: str, reader: str, limit: int, wait: timedelta) -> tuple[StreamEntry, ...]:
        """Return what is there."""
        return await super().read(group=group, reader=reader, limit=limit, wait=timedelta(0))


class ReadsAShareOfEach(MemoryStreams):
    """Counts its limit for each stream."""

    def _read(self, group: str, reader: str, limit: int) -> tuple[StreamEntry, ...]:
        return super()._read(group, reader, 3 * limit)


class ForgetsCalls(MemoryWaking):
    """Wakes those alone who wait already."""

    async def awoken(self, topic: str, *, wait: timedelta) -> bool:
        """Forget what was called for before, and wait only until that shows."""
        self._called[topic].clear()
        return await super().awoken(topic, wait=min(wait, timedelta(milliseconds=200)))


class WakesAll(MemoryWaking):
    """Knows no topics."""

    def wake(self, topic: str, /) -> None:
        """Wake everybody."""
        for name in (topic, *self._called):
            super().wake(name)


class StaysAwake(MemoryWaking):
    """Never goes to sleep again."""

    async def awoken(self, topic: str, *, wait: timedelta) -> bool:
        """Remember the call for good."""
        woken = await super().awoken(topic, wait=wait)
        if woken:
            self.wake(topic)
        return woken


class Given:
    """A plugin for a run of pytest inside this one: gives what is tried, and keeps which laws failed."""

    def __init__(self, made: dict[str, Callable[[], Any]]) -> None:
        self.backend_of: Callable[[], Backend] = made.get("backend", Backend)
        self.streams_of: Callable[[], MemoryStreams] = made.get("streams", streams(MemoryStreams))
        self.waking_of: Callable[[], MemoryWaking] = made.get("waking", MemoryWaking)
        self.failed: set[str] = set()
        self.passed: set[str] = set()

    @pytest.fixture
    def backend(self) -> Backend:
        """A backend of its own for every law."""
        return self.backend_of()

    @pytest.fixture
    def streams(self) -> MemoryStreams:
        """Streams of their own for every law."""
        return self.streams_of()

    @pytest.fixture
    def sleeper(self) -> MemoryWaking:
        """Who waits."""
        return self.waking_of()

    @pytest.fixture
    def caller(self, sleeper: MemoryWaking) -> MemoryWaking:
        """Who calls."""
        return sleeper

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome under the law's name."""
        law = report.nodeid.rpartition("::")[2].partition("[")[0]
        if report.failed:
            self.failed.add(law)
        elif report.when == "call":
            self.passed.add(law)


def an_inbox(rows: type[InboxRows]) -> Callable[[], Backend]:
    """Return what makes a backend with inboxes of the kind."""

    def make() -> Backend:
        backend = Backend()
        backend.messages.inbox = rows()
        backend.inboxes = MemoryInboxes(backend.messages)
        return backend

    return make


def a_queue(kind: type[MemoryOutboxQueue]) -> Callable[[], Backend]:
    """Return what makes a backend with a queue of the kind."""
    return lambda: Backend(outbox_queue=lambda backend: kind(backend.messages, backend.leases))


def letters(kind: type[MemoryDeadLetters]) -> Callable[[], Backend]:
    """Return what makes a backend with dead letters of the kind."""
    return lambda: Backend(dead_letters=lambda backend: kind(backend.messages))


def streams(kind: type[MemoryStreams]) -> Callable[[], MemoryStreams]:
    """Return what makes streams of the kind."""
    return lambda: kind(clock=ManualClock())


LEASES, QUEUE, LETTERS = contracts.LeasesContract, contracts.OutboxQueueContract, contracts.DeadLettersContract
INBOX, STREAMS, WAKING = contracts.InboxContract, contracts.StreamsContract, contracts.WakingContract

BROKEN: list[tuple[Callable[[], Any], type, str]] = [
    (lambda: Backend(GivesToAll), LEASES, "test_one_holder_has_it"),
    (lambda: Backend(GivesToAll), LEASES, "test_of_many_at_once_one_gets_it"),
    (lambda: Backend(CountsNothing), LEASES, "test_who_takes_over_gets_a_higher_token"),
    (lambda: Backend(ReleasesForAnybody), LEASES, "test_what_is_not_the_latest_is_released_in_vain"),
    (lambda: Backend(TakesWhatComesFirst), LEASES, "test_some_are_taken_own_ones_first"),
    (lambda: Backend(TellsOfThoseThatRanOut), LEASES, "test_those_held_are_told"),
    (a_queue(MarksUnderAnyLease), QUEUE, "test_a_lease_that_was_taken_over_marks_nothing"),
    (a_queue(GoesOnFromTheLast), QUEUE, "test_none_is_passed_over_whatever_the_order_of_commits"),
    (a_queue(MixesLanes), QUEUE, "test_each_lane_has_its_own"),
    (a_queue(PublishesAllAgain), QUEUE, "test_what_was_lost_on_the_way_is_published_again"),
    (a_queue(ForgetsThatItWasPublished), QUEUE, "test_what_nobody_was_told_of_is_found_published_or_not"),
    (a_queue(PurgesTheDead), QUEUE, "test_what_a_dead_letter_waits_for_is_kept"),
    (a_queue(PurgesWhileCounting), QUEUE, "test_what_everybody_was_told_of_is_removed_in_the_end"),
    (letters(LeavesThemInTheWay), LETTERS, "test_a_dead_letter_holds_nothing_up"),
    (letters(ReplaysOnPaper), LETTERS, "test_what_is_replayed_goes_its_way_again"),
    (letters(KeepsEveryLetter), LETTERS, "test_a_letter_takes_the_place_of_the_one_before"),
    (an_inbox(HoldsNothingInInboxes), INBOX, "test_two_at_once_get_different_messages"),
    (an_inbox(LetsNothingGo), INBOX, "test_what_is_not_done_is_there_again"),
    (an_inbox(ForgetsThatItWasDone), INBOX, "test_messages_wait_until_they_are_done"),
    (an_inbox(PutsNothingOff), contracts.InboxContract, "test_what_is_put_off_makes_way"),
    (
        lambda: Backend(inboxes=lambda backend: PassesOverNobody(backend.messages)),
        contracts.InboxContract,
        "test_who_waits_may_be_passed_over",
    ),
    (
        lambda: Backend(letter_queue=lambda backend: GivesLettersToAll(backend.messages)),
        contracts.LettersContract,
        "test_what_is_claimed_nobody_else_gets",
    ),
    (
        lambda: Backend(letter_queue=lambda backend: LetsOneHaveAllLetters(backend.messages)),
        contracts.LettersContract,
        "test_each_organization_has_its_share",
    ),
    (
        lambda: Backend(letter_queue=lambda backend: PutsOffWhatAnotherHas(backend.messages)),
        contracts.LettersContract,
        "test_who_lost_a_claim_changes_nothing",
    ),
    (
        lambda: Backend(inboxes=lambda backend: NamesOrganizationsByTheirIds(backend.messages)),
        INBOX,
        "test_organizations_that_wait_longest_come_first",
    ),
    (
        lambda: Backend(job_log=lambda _: KeepsTheFirstRun()),
        contracts.JobLogContract,
        "test_the_last_run_of_each_job_and_worker_is_kept",
    ),
    (streams(CutsByLength), STREAMS, "test_trimming_removes_what_all_have_acknowledged"),
    (streams(CutsByLength), STREAMS, "test_trimming_leaves_what_nobody_has_read"),
    (streams(GivesToEveryReader), STREAMS, "test_each_entry_goes_to_one_reader"),
    (streams(BeginsAtTheEnd), STREAMS, "test_each_group_gets_everything"),
    (streams(TakesFromTheBusy), STREAMS, "test_what_is_idle_is_taken_over"),
    (streams(LosesCount), STREAMS, "test_what_is_idle_is_taken_over"),
    (streams(LooksOnce), STREAMS, "test_reading_waits_for_the_first"),
    (streams(ReadsAShareOfEach), STREAMS, "test_no_more_are_read_than_asked_for"),
    (ForgetsCalls, WAKING, "test_a_call_is_not_missed_by_who_is_busy"),
    (WakesAll, WAKING, "test_topics_are_heard_apart"),
    (StaysAwake, WAKING, "test_each_call_wakes_anew"),
]


def observe(make: Callable[[], Any] | None, laws: Collection[tuple[type, str]]) -> Given:
    """Run these laws against what is made, or against all that is sound."""
    is_of: dict[type, str] = {STREAMS: "streams", WAKING: "waking"}
    given = Given({is_of.get(contract, "backend"): make for contract, _ in laws if make is not None})
    wanted = [f"{contract.__module__}::{contract.__name__}::{law}" for contract, law in laws]
    quiet = ("-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:faulthandler")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = pytest.main([*quiet, "-o", "python_classes=*Contract", "--pyargs", *wanted], plugins=[given])
    assert status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), said.getvalue()
    return given


@pytest.mark.parametrize(
    ("make", "contract", "law"),
    [pytest.param(*each, id=f"{number}-{each[2][5:]}") for number, each in enumerate(BROKEN)],
)
def test_a_broken_part_is_caught(make: Callable[[], Any], contract: type, law: str) -> None:
    """The law that the part breaks fails."""
    given = observe(make, [(contract, law)])

    assert law in given.failed


def test_sound_parts_pass() -> None:
    """The same laws pass for parts without a fault, run in the same way."""
    laws = {(contract, law) for _, contract, law in BROKEN}

    given = observe(None, sorted(laws, key=str))

    assert given.failed == set()
    assert given.passed == {law for _, law in laws}
