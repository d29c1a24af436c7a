"""Working off what was uploaded: every row once and counted once, wherever the worker was stopped."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Self, cast

import pytest
from attrs import evolve, frozen

from amss_adapters.csv.table import CsvText
from amss_adapters.memory import MemoryBackend
from amss_adapters.memory.import_storage import MemoryImportStorage
from amss_domain.access.model import Policy
from amss_domain.imports.batch import Counts, Import, ImportStatus, KeptRow, runs_of
from amss_domain.imports.errors import ClaimLost, FileTooLarge
from amss_domain.imports.model import Effect, ImportKind, RowResult, SourceRow
from amss_domain.imports.ports import ANY_ROW, Claim, ImportQueue, ImportsWork
from amss_domain.imports.use_cases.aircraft import AircraftRows
from amss_domain.imports.use_cases.import_rows import ImportRows
from amss_domain.imports.use_cases.process_imports import ProcessImports
from amss_domain.imports.use_cases.read_imports import GetImport, ListImportRows
from amss_domain.imports.use_cases.turns import Turn
from amss_domain.imports.use_cases.upload import DiscardUpload, QueueImport, StoreUpload, Upload
from amss_domain.scheduling.follow_up import FollowFleet
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import AlreadyExists, NotFound, Refused, Unavailable
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import ImportId, OrgId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.tenant import a_tenant, all_of
from amss_domain.testing.workshop import Workshop

AIRCRAFT, USAGE, PROGRAMS = ImportKind.AIRCRAFT, ImportKind.USAGE, ImportKind.PROGRAMS
FLEET = "registration,current_hours,as_of\n" + "".join(f"N{number},100,2026-01-01\n" for number in range(1, 8))
FLIGHTS = "registration,occurred_on,hours\n" + "".join(
    f"{'X' if number in (3, 17) else 'N'}{number % 7 + 1},2026-01-{number % 20 + 1:02},1.25\n" for number in range(30)
)
_MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process was killed."""


@frozen
class Desk:
    """Where tables are uploaded, and workers that work them off."""

    workshop: Workshop
    storage: MemoryImportStorage
    process: ProcessImports

    @classmethod
    def of(cls, workshop: Workshop) -> Self:
        """Return one over the workshop's backend, whose units of work take five rows each."""
        backend = workshop.tenant.backend
        assert isinstance(backend, MemoryBackend)
        storage = MemoryImportStorage(workshop.clock, CsvText)
        rows = ImportRows(backend.open_uow, workshop.clock, FRESH_IDS, FollowFleet(FRESH_IDS), chunk_rows=5)
        process = ProcessImports(
            backend.open_uow, workshop.clock, backend.import_queue, storage, rows, workshop.generate_due_tasks
        )
        return cls(workshop, storage, process)

    async def upload(self, kind: ImportKind, table: str | bytes, *, dry_run: bool = False) -> Import:
        """Upload a table."""
        upload = await self.store(table.encode() if isinstance(table, str) else table)
        queue = QueueImport(self.process.open_uow, self.workshop.clock)
        return await queue(self.workshop.actor, kind, upload, dry_run=dry_run)

    async def store(self, content: bytes, name: str = "C:\\tables\\fleet.csv") -> Upload:
        """Store a table in pieces of seven bytes."""

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(content), 7):
                yield content[start : start + 7]

        return await StoreUpload(self.process.open_uow, FRESH_IDS, self.storage)(self.workshop.actor, name, chunks())

    async def found(self, one: Import) -> Import:
        """Return the import as it is now."""
        return await GetImport(self.process.open_uow)(self.workshop.actor, one.id)

    async def rows(self, one: Import) -> tuple[KeptRow, ...]:
        """Return what became of its rows."""

        async def page(request: PageRequest) -> Page[KeptRow]:
            return await ListImportRows(self.process.open_uow)(self.workshop.actor, one.id, request, filter=ANY_ROW)

        return await all_of(page, limit=3)

    async def flown(self) -> list[tuple[str, int]]:
        """Return the hours and the number of entries of every aircraft."""
        found = []
        for number in range(1, 8):
            aircraft = await self.workshop.find_aircraft(self.workshop.actor, f"N{number}")
            ledger = await self.workshop.read_ledger(self.workshop.actor, aircraft.id)
            found.append((str(aircraft.current_hours), len(ledger.entries)))
        return found


@pytest.fixture
def desk(workshop: Workshop) -> Desk:
    """Takes tables at the workshop."""
    return Desk.of(workshop)


class Failing:
    """Opens units of work of which the one with a number, and before or after what it commits, fails."""

    def __init__(self, desk: Desk, at: int, error: BaseException, *, after: bool = False) -> None:
        self._open = desk.process.open_uow
        self.left = at
        self._error = error
        self._after = after

    def __call__(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> ImportsWork:
        """Open one."""
        uow = self._open(org_id, actor, idempotency=idempotency)
        commit = uow.commit

        async def failing(result: object = None, /) -> None:
            self.left -= 1
            if self.left == 0 and not self._after:
                raise self._error
            await commit(result)
            if self.left == 0:
                raise self._error

        uow.commit = failing  # type: ignore[method-assign]
        return uow

    def process(self, desk: Desk) -> ProcessImports:
        """Return a worker that works over these units of work."""
        process = desk.process
        rows = evolve(process.import_rows, open_uow=self)
        return evolve(process, open_uow=self, import_rows=rows)


async def test_what_was_uploaded_is_worked_off(desk: Desk, workshop: Workshop) -> None:
    """It goes from queued to completed; both are announced, with the name of the file and the counts."""
    queued = await desk.upload(AIRCRAFT, FLEET)
    assert (queued.status, queued.file_name, queued.bytes_total) == (ImportStatus.QUEUED, "fleet.csv", len(FLEET))

    done = await desk.process("worker")

    assert done == await desk.found(queued)
    assert done is not None
    assert (done.status, done.counts, done.last_row) == (ImportStatus.COMPLETED, Counts(created=7), 8)
    assert (done.bytes_done, done.columns) == (len(FLEET), ("registration", "current_hours", "as_of"))
    assert [row.number for row in await desk.rows(done)] == list(range(2, 9))
    told = [one for one in await workshop.tenant.messages() if one.event_type.startswith("import.")]
    assert [one.event_type for one in told] == ["import.queued", "import.completed"]
    assert told[1].payload["created"] == 7
    actors = {entry.actor_id for entry in await workshop.tenant.entries() if entry.resource_type == "aircraft"}
    assert actors == {"worker"}
    assert await desk.process("worker") is None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 9))
async def test_killed_at_any_commit_every_row_counts_once(desk: Desk, at: int, *, after: bool) -> None:
    """Just before or just after any commit: the next worker goes on, and all comes out as if nothing had happened."""
    await desk.upload(AIRCRAFT, FLEET)
    await desk.process("worker")
    flights = await desk.upload(USAGE, FLIGHTS)
    with pytest.raises(Killed):
        await Failing(desk, at, Killed(), after=after).process(desk)("first")

    done = await desk.process("second")

    if after and at == 8:
        assert done is None
    found = await desk.found(flights)
    assert (found.status, found.counts) == (ImportStatus.COMPLETED, Counts(created=28, rejected=2))
    rows = await desk.rows(flights)
    assert [row.number for row in rows] == list(range(2, 32))
    assert [row.number for row in rows if row.effect is Effect.REJECTED] == [5, 19]
    assert await desk.flown() == [
        ("106.25", 6),
        ("106.25", 6),
        ("105.00", 5),
        ("102.50", 3),
        ("105.00", 5),
        ("105.00", 5),
        ("105.00", 5),
    ]


async def test_a_claim_that_ran_out_ends_the_work_of_who_had_it(desk: Desk, workshop: Workshop) -> None:
    """Who was away for too long commits nothing more, and says what became of the import."""
    await desk.upload(AIRCRAFT, FLEET)
    queue = desk.process.queue
    chunks = 0

    async def overtake(_: str) -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 1:
            workshop.clock.advance(2 * _MINUTE)
            assert await queue.claim("second", at=workshop.clock.now(), lasts=_MINUTE)

    done = await evolve(desk.process, import_rows=_after_each_chunk(desk, overtake))("first")

    assert done is not None
    assert (done.status, done.counts.rows) == (ImportStatus.RUNNING, 5)
    workshop.clock.advance(2 * _MINUTE)
    done = await desk.process("third")
    assert done is not None
    assert (done.status, done.counts) == (ImportStatus.COMPLETED, Counts(created=7))


def _after_each_chunk(desk: Desk, then: Callable[[str], object]) -> ImportRows:
    rows = desk.process.import_rows
    open_uow = rows.open_uow

    def opening(org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> ImportsWork:
        uow = open_uow(org_id, actor, idempotency=idempotency)
        commit = uow.commit

        async def and_then(result: object = None, /) -> None:
            await commit(result)
            await then("chunk")  # type: ignore[misc]

        uow.commit = and_then  # type: ignore[method-assign]
        return uow

    return evolve(rows, open_uow=opening)


async def test_rows_that_cannot_be_taken_in_together_are_found(desk: Desk) -> None:
    """A conflict of one row rejects that one; the others, and the counts of all, are as they should be."""
    await desk.upload(AIRCRAFT, FLEET)
    conflict = AlreadyExists("aircraft", "N3")

    def unlucky(org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> ImportsWork:
        uow = desk.process.open_uow(org_id, actor, idempotency=idempotency)
        add = uow.fleet.add

        class Fleet:
            def __getattr__(self, name: str) -> object:
                return getattr(type(uow).fleet.fget(uow), name)  # type: ignore[attr-defined]

            def add(self, aircraft: object) -> None:
                if getattr(aircraft, "registration", None) == "N3":
                    raise conflict
                add(aircraft)  # type: ignore[arg-type]

        return _With(uow, Fleet())  # type: ignore[return-value]

    done = await evolve(desk.process, import_rows=evolve(desk.process.import_rows, open_uow=unlucky))("worker")

    assert done is not None
    assert (done.status, done.counts) == (ImportStatus.COMPLETED, Counts(created=6, rejected=1))
    (row,) = [row for row in await desk.rows(done) if row.effect is Effect.REJECTED]
    assert (row.number, [one.code for one in row.violations]) == (4, ["already_exists"])


class _With:
    """A unit of work with another fleet."""

    def __init__(self, uow: ImportsWork, fleet: object) -> None:
        self._uow = uow
        self.fleet = fleet

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._uow, name)
        return found

    async def __aenter__(self) -> Self:
        await self._uow.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._uow.__aexit__(*error)  # type: ignore[arg-type]


@pytest.mark.parametrize("at", range(1, 5))
async def test_a_dry_run_that_was_killed_goes_on(desk: Desk, workshop: Workshop, at: int) -> None:
    """Every row is counted and listed once, and nothing of the fleet is there."""
    dry = await desk.upload(AIRCRAFT, FLEET, dry_run=True)
    with pytest.raises(Killed):
        await Failing(desk, at, Killed(), after=True).process(desk)("first")

    await desk.process("second")

    done = await desk.found(dry)
    assert (done.status, done.counts) == (ImportStatus.COMPLETED, Counts(created=7))
    assert [row.number for row in await desk.rows(dry)] == list(range(2, 9))
    assert (await workshop.list_aircraft(workshop.actor, PageRequest())).items == ()


async def test_a_table_that_cannot_be_read_fails_with_its_reasons(desk: Desk, workshop: Workshop) -> None:
    """A wrong header takes nothing; the failure is announced with the reasons."""
    failed = await desk.upload(AIRCRAFT, "tail,model\nN1,A320\n")

    done = await desk.process("worker")

    assert done is not None
    assert (done.status, [one.code for one in done.reasons]) == (
        ImportStatus.FAILED,
        ["unknown_column", "missing_column"],
    )
    told = [one for one in await workshop.tenant.messages() if one.event_type == "import.failed"]
    assert [one.aggregate_id for one in told] == [failed.id]


async def test_a_file_that_is_gone_fails(desk: Desk) -> None:
    """It is said so, and nothing hangs."""
    gone = await desk.upload(AIRCRAFT, FLEET)
    await desk.storage.discard(gone.storage_key)

    done = await desk.process("worker")

    assert done is not None
    assert (done.status, [one.code for one in done.reasons]) == (ImportStatus.FAILED, ["file_not_found"])


async def test_while_something_is_away_it_waits(desk: Desk, workshop: Workshop) -> None:
    """`Unavailable` is raised, and the import left alone for a while, longer from time to time."""
    kept = await desk.upload(AIRCRAFT, FLEET)
    for pause in (10, 20, 40, 80, 160, 320, 320, 320):
        with pytest.raises(Unavailable):
            await Failing(desk, 1, Unavailable("the database", "away")).process(desk)("worker")
        workshop.clock.advance(timedelta(seconds=pause - 1))
        assert await desk.process("worker") is None
        workshop.clock.advance(timedelta(seconds=1))

    await desk.process("worker")

    assert (await desk.found(kept)).status is ImportStatus.COMPLETED


async def test_what_never_becomes_available_fails_in_the_end(desk: Desk, workshop: Workshop) -> None:
    """So that the organization's next import has its turn."""
    kept = await desk.upload(AIRCRAFT, FLEET)
    for _ in range(100):
        with pytest.raises(Unavailable):
            await Failing(desk, 1, Unavailable("the database", "away")).process(desk)("worker")
        workshop.clock.advance(6 * _MINUTE)

    await desk.process("worker")

    done = await desk.found(kept)
    assert (done.status, [one.code for one in done.reasons]) == (ImportStatus.FAILED, ["unavailable"])


class NoTasks:
    """Cannot make any tasks."""

    async def __call__(self, by: Actor) -> None:
        """Raise."""
        raise ZeroDivisionError


async def test_what_fails_after_all_rows_fails_in_the_end(desk: Desk, workshop: Workshop) -> None:
    """Making the tasks makes the claim last longer, and is no sign that the import came any further."""
    kept = await desk.upload(AIRCRAFT, FLEET)
    broken = evolve(desk.process, generate_due_tasks=NoTasks())  # type: ignore[arg-type]
    # The first time all rows are taken in; then it is tried five times in vain.
    for _ in range(6):
        with pytest.raises(ZeroDivisionError):
            await broken("worker")
        workshop.clock.advance(6 * _MINUTE)

    await broken("worker")

    done = await desk.found(kept)
    assert (done.status, [one.code for one in done.reasons]) == (ImportStatus.FAILED, ["interrupted"])
    assert done.counts == Counts(created=7)


async def test_a_dry_run_that_ends_every_worker_fails_in_the_end(desk: Desk, workshop: Workshop) -> None:
    """It goes on where it was, and comes no further than what ends it."""
    dry = await desk.upload(AIRCRAFT, FLEET, dry_run=True)
    with pytest.raises(ZeroDivisionError):
        await Failing(desk, 3, ZeroDivisionError()).process(desk)("worker")
    for _ in range(5):
        workshop.clock.advance(_MINUTE)
        with pytest.raises(ZeroDivisionError):
            await Failing(desk, 1, ZeroDivisionError()).process(desk)("worker")
    workshop.clock.advance(_MINUTE)

    await desk.process("worker")

    done = await desk.found(dry)
    assert (done.status, [one.code for one in done.reasons]) == (ImportStatus.FAILED, ["interrupted"])
    assert done.counts == Counts(created=5)


async def test_a_long_import_leaves_others_their_turn(desk: Desk, workshop: Workshop) -> None:
    """Left at a chunk once its turn is over and another organization waits; gone on with after that one."""
    await desk.upload(AIRCRAFT, FLEET)
    await desk.process("worker")
    flights = await desk.upload(USAGE, FLIGHTS)
    other = await a_tenant(workshop.tenant.backend)
    theirs = evolve(desk, workshop=Workshop(other, clock=workshop.clock, ids=FRESH_IDS))
    fleets: list[Import] = []

    async def take_time(_: str) -> None:
        workshop.clock.advance(timedelta(seconds=6))
        if not fleets:
            fleets.append(await theirs.upload(AIRCRAFT, FLEET))

    slow = evolve(desk.process, import_rows=_after_each_chunk(desk, take_time))
    turns = []
    while (one := await slow("worker")) is not None:
        turns.append((one.id, one.is_finished, one.counts.rows))

    assert turns == [(flights.id, False, 15), (fleets[0].id, True, 7), (flights.id, True, 30)]
    assert [row.number for row in await desk.rows(flights)] == list(range(2, 32))
    assert (await desk.flown())[0] == ("106.25", 6)


async def test_who_is_to_end_leaves_the_rest_to_others(desk: Desk) -> None:
    """At the next chunk, and the next worker goes on there at once."""
    await desk.upload(AIRCRAFT, FLEET)

    left = await desk.process("worker", ending=lambda: True)
    done = await desk.process("another")

    assert left is not None
    assert (left.status, left.counts.rows) == (ImportStatus.RUNNING, 5)
    assert done is not None
    assert (done.status, done.counts) == (ImportStatus.COMPLETED, Counts(created=7))


async def test_what_was_worked_through_is_not_read_again(
    desk: Desk, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are passed over without anybody asking what they say, in a thread, and the claim is kept meanwhile."""
    await desk.upload(AIRCRAFT, FLEET)
    await desk.process("worker", ending=lambda: True)
    read: list[int] = []
    sources: list[SourceRow] = []
    monkeypatch.setattr(AircraftRows, "passed_over", lambda _: sources.append)
    plain = AircraftRows.read

    def reading(rows: AircraftRows, source: SourceRow) -> object:
        read.append(source.number)
        return plain(rows, source)

    monkeypatch.setattr(AircraftRows, "read", reading)

    await desk.process("another")

    assert read == [7, 8]
    assert [row.number for row in sources] == [2, 3, 4, 5, 6]


async def test_a_claim_is_kept_while_rows_are_passed_over(desk: Desk, workshop: Workshop) -> None:
    """However long that takes; whoever lost it all the same works no further."""
    await desk.upload(AIRCRAFT, FLEET)
    claim = await desk.process.queue.claim("worker", at=workshop.clock.now(), lasts=_MINUTE)
    assert claim is not None
    ours = desk.process.queue
    until = workshop.clock.now() + 10 * _MINUTE

    class Endless(CsvText):
        async def skip(self, until: int, /, *, most: int, see: object = None) -> bool:
            workshop.clock.advance(_MINUTE * 0.75)
            return True

    slow = Turn(
        claim,
        Endless(b"", ""),
        cast(ImportQueue, _Watched(ours, workshop, until)),
        workshop.clock,
        _MINUTE,
        _MINUTE,
        9,
        lambda: False,
    )

    with pytest.raises(ClaimLost):
        await slow.pass_over(None)

    assert workshop.clock.now() >= until


class _Watched:
    """A queue of which somebody else takes a claim at an instant, and not before it has run out."""

    def __init__(self, queue: ImportQueue, workshop: Workshop, at: datetime) -> None:
        self._queue = queue
        self._workshop = workshop
        self._at = at

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._queue, name)
        return found

    async def prolong(self, claim: Claim, /, *, until: datetime) -> bool:
        now = self._workshop.clock.now()
        late = now + timedelta(days=1) if now >= self._at else now
        assert (await self._queue.claim("thief", at=late, lasts=_MINUTE) is not None) is (now >= self._at)
        return await self._queue.prolong(claim, until=until)


async def test_an_organization_may_not_fill_the_queue(desk: Desk, workshop: Workshop) -> None:
    """A hundred may wait; the next is refused until one is finished."""
    for _ in range(100):
        await desk.upload(AIRCRAFT, "registration\nN1\n")

    with pytest.raises(Refused) as refused:
        await desk.upload(AIRCRAFT, FLEET)

    assert [one.code for one in refused.value.violations] == ["too_many_imports"]
    await desk.process("worker")
    await desk.upload(AIRCRAFT, FLEET)


async def test_a_header_without_end_is_one_reason(desk: Desk) -> None:
    """What is not looked at is not kept either, and one long name is cut."""
    for header in ("registration" + ",x" * 500_000, "x" * 900_000):
        kept = await desk.upload(AIRCRAFT, f"{header}\n1\n")
        await desk.process("worker")

        done = await desk.found(kept)
        assert done.status is ImportStatus.FAILED
        assert len(done.reasons) <= 2
        assert sum(len(one.message) + len(one.subject or "") for one in done.reasons) < 2000
        assert sum(map(len, done.columns)) < 1000


async def test_a_chunk_and_a_page_end_where_rows_are_long(desk: Desk) -> None:
    """What is held in memory at once is bounded by characters too, and no row is lost by that."""
    long = "x" * 30_000
    table = "name,applies_to\n" + "".join(f"P{number},{long}{number}\n" for number in range(200))
    kept = await desk.upload(PROGRAMS, table)
    rows = evolve(desk.process.import_rows, chunk_rows=1000, chunk_characters=1_000_000)

    await evolve(desk.process, import_rows=rows)("worker")

    done = await desk.found(kept)
    assert (done.counts, done.version) == (Counts(rejected=200), 9)
    list_rows = ListImportRows(desk.process.open_uow)
    page = await list_rows(desk.workshop.actor, kept.id, PageRequest(limit=200))
    assert sum(len(row.cells["applies_to"]) for row in page.items) <= 2_000_000
    found = await all_of(lambda request: list_rows(desk.workshop.actor, kept.id, request), limit=200)
    assert [row.number for row in found] == list(range(2, 202))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\nb\x1b[31m.csv", "a\ufffdb\ufffd[31m.csv"),
        ("evil\u202evsc.exe", "evil\ufffdvsc.exe"),
        ("../../etc/passwd", "passwd"),
        ("é" * 300, "é" * 255),
        ("Flotte Zürich\u00a0✈.csv", "Flotte Zürich\u00a0✈.csv"),
        ("/", "table.csv"),
    ],
)
async def test_a_file_is_called_what_a_line_can_show(desk: Desk, sent: str, kept: str) -> None:
    """Its name is for people alone; where it is kept has nothing to do with it."""
    upload = await desk.store(b"x", sent)

    assert upload.file_name == kept
    assert upload.stored.key.endswith(f"/{upload.id}.csv")


async def test_what_ends_every_worker_fails_in_the_end(desk: Desk, workshop: Workshop) -> None:
    """After five times at the same place nobody tries again, and the next import has its turn."""
    bad = await desk.upload(AIRCRAFT, FLEET)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            await Failing(desk, 1, ZeroDivisionError()).process(desk)("worker")
        workshop.clock.advance(_MINUTE)

    done = await desk.process("worker")

    assert done is not None
    assert (done.id, done.status, [one.code for one in done.reasons]) == (bad.id, ImportStatus.FAILED, ["interrupted"])


async def test_the_tasks_that_follow_are_made(desk: Desk, workshop: Workshop) -> None:
    """After aircraft and programs, the tasks of both are there when the import is completed."""
    await desk.upload(PROGRAMS, "name,interval_hours,applies_to\n100 h,100,all\n")
    await desk.upload(AIRCRAFT, FLEET)

    await desk.process("worker")
    await desk.process("worker")

    created = [one for one in await workshop.tenant.messages() if one.event_type == "task.created"]
    assert len(created) == 7


async def test_an_upload_that_was_not_queued_is_discarded(desk: Desk, workshop: Workshop) -> None:
    """One that was queued stays, as does one of which nobody can say."""
    discard = DiscardUpload(desk.process.open_uow, desk.storage)
    queued = await desk.upload(AIRCRAFT, FLEET)
    loose = await desk.store(b"registration\n")

    def away(org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> ImportsWork:
        raise Unavailable("the database", "away")

    await evolve(discard, open_uow=away)(workshop.actor, loose)
    assert len(await desk.storage.keys(before=workshop.clock.now() + _MINUTE, limit=9)) == 2

    await discard(workshop.actor, loose)
    await discard(workshop.actor, Upload(id=queued.id, file_name="", stored=loose.stored))

    assert await desk.storage.keys(before=workshop.clock.now() + _MINUTE, limit=9) == (queued.storage_key,)


async def test_the_policy_says_how_large_a_file_may_be(desk: Desk, workshop: Workshop) -> None:
    """To the byte."""
    await workshop.change_policy(workshop.actor, Policy(import_max_bytes=1024 * 1024))

    await desk.store(b"x" * 1024 * 1024)
    with pytest.raises(FileTooLarge, match="1,048,576"):
        await desk.store(b"x" * (1024 * 1024 + 1))


async def test_another_organizations_import_is_not_found(desk: Desk, workshop: Workshop) -> None:
    """Neither it nor its rows."""
    unknown = ImportId(FRESH_IDS.new())

    with pytest.raises(NotFound):
        await GetImport(desk.process.open_uow)(workshop.actor, unknown)
    with pytest.raises(NotFound):
        await ListImportRows(desk.process.open_uow)(workshop.actor, unknown, PageRequest())


def test_rows_nobody_looks_at_are_kept_as_runs() -> None:
    """A table of which all rows are taken is kept as one."""
    results: Sequence[RowResult] = [RowResult(number, {"a": "b"}, Effect.CREATED) for number in range(2, 1000)]

    assert [(run.first, run.last) for run in runs_of(results)] == [(2, 999)]
