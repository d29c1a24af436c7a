"""The contract suite bites: each adapter here is broken in one way, and the law that forbids it fails."""

import asyncio
import contextlib
import io
from collections.abc import Callable
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from attrs import evolve

from amss_adapters.memory import MemoryBackend
from amss_domain.fleet.ledger import Ledger
from amss_domain.shared.errors import AmssError, NotFound
from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing import contracts
from amss_domain.testing.stand_ins import CountingIds, ManualClock


class Around:
    """Something that behaves as what it stands around, except where a subclass says otherwise."""

    def __init__(self, real: object) -> None:
        self.real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


class Sound(Around):
    """A unit of work without a fault, for the control; the others differ from it in one thing each."""

    # Set by the backend that opened it.
    backend: "Backend"

    async def __aenter__(self) -> "Sound":
        await self.real.__aenter__()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.real.__aexit__(*raised)


class Backend:
    """A memory backend whose units of work are of the kind given."""

    def __init__(self, work: type[Sound] = Sound) -> None:
        self.real = MemoryBackend(clock=ManualClock(), ids=CountingIds())
        self.directory = self.real.directory
        self.work = work

    def open_uow(self, org_id: object, actor: object) -> Sound:
        uow = self.work(self.real.open_uow(org_id, actor))
        uow.backend = self
        return uow


class ForgetsTheOutbox(Sound):
    """Writes entries and no messages."""

    @property
    def outbox(self) -> object:
        class Empty(Around):
            async def unpublished(self, *, limit: int) -> tuple[object, ...]:
                return ()

        return Empty(self.real.outbox)


class LosesTheSecondEvent(Sound):
    """Keeps one event of each unit of work."""

    recorded = False

    def record(self, event: object) -> None:
        if not self.recorded:
            self.real.record(event)
        self.recorded = True


class AnnouncesTooEarly(Sound):
    """Writes each event at once, in a unit of work of its own."""

    pending = ()

    def record(self, event: object) -> None:
        self.pending = (*self.pending, event)

    async def __aexit__(self, *raised: object) -> None:
        await self.real.__aexit__(*raised)
        async with self.backend.real.open_uow(self.org_id, self.actor) as another:
            for event in self.pending:
                another.record(event)
            await another.commit()


class CommitsByItself(Sound):
    """Commits on leaving, asked to or not."""

    async def __aexit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if kind is None:
            # A unit of work that was committed already, or met a conflict, has nothing more to commit.
            with contextlib.suppress(RuntimeError, AmssError):
                await self.real.commit()
        await self.real.__aexit__(kind, *raised)


class CommitsPieceByPiece(Sound):
    """Commits each part added in a transaction of its own."""

    added = ()

    @property
    def parts(self) -> object:
        work = self

        class Collecting(Around):
            def add(self, part: object) -> None:
                work.added = (*work.added, part)

        return Collecting(self.real.parts)

    async def commit(self) -> None:
        for part in self.added:
            async with self.backend.real.open_uow(self.org_id, self.actor) as another:
                another.parts.add(part)
                await another.commit()
        await self.real.commit()


class SeesOtherOrganizations(Sound):
    """Finds an aircraft by its id wherever it is."""

    @property
    def fleet(self) -> object:
        work = self

        class Everywhere(Around):
            async def get(self, aircraft_id: object) -> object:
                for organization in await work.backend.directory.everyone():
                    async with work.backend.real.open_uow(organization.id, work.actor) as another:
                        with contextlib.suppress(NotFound):
                            return await another.fleet.get(aircraft_id)
                return await self.real.get(aircraft_id)

        return Everywhere(self.real.fleet)


class RefersToOtherOrganizations(Sound):
    """Keeps stock of parts that the organization does not have."""

    @property
    def stock(self) -> object:
        class Lenient(Around):
            def add(self, stock: object) -> None:
                with contextlib.suppress(AmssError):
                    self.real.add(stock)

        return Lenient(self.real.stock)

    async def commit(self) -> None:
        with contextlib.suppress(AmssError):
            await self.real.commit()


class IgnoresVersions(Sound):
    """Saves a part over whatever is there."""

    saved = ()

    @property
    def parts(self) -> object:
        work = self

        class Overwriting(Around):
            def save(self, part: object, *, was: object) -> None:
                work.saved = (*work.saved, part)

        return Overwriting(self.real.parts)

    async def commit(self) -> None:
        for part in self.saved:
            self.real.parts.save(part, was=await self.real.parts.get(part.id))
        await self.real.commit()


class HoldsNothing(Sound):
    """Reads stock for update without holding it, and saves it over whatever is there: it oversells."""

    saved = ()

    @property
    def stock(self) -> object:
        work = self

        class Unguarded(Around):
            async def of_parts(self, part_ids: object, *, for_update: bool = False) -> object:
                rows = await self.real.of_parts(part_ids)
                await asyncio.sleep(0)
                return rows

            def save(self, row: object, *, was: object) -> None:
                work.saved = (*work.saved, row)

        return Unguarded(self.real.stock)

    async def commit(self) -> None:
        for row in self.saved:
            now = await self.real.stock.get(row.id)
            self.real.stock.save(evolve(row, version=now.version + 1), was=now)
        await self.real.commit()


class HoldsInTheOrderAskedFor(Sound):
    """Holds aircraft in the order in which they are named, and waits as a database would."""

    @property
    def fleet(self) -> object:
        class Disorderly(Around):
            async def get_many_for_update(self, aircraft_ids: object) -> object:
                held = []
                for aircraft_id in aircraft_ids:
                    held.append(await self.real.get_for_update(aircraft_id))
                    await asyncio.sleep(0)
                return tuple(sorted(held, key=lambda one: one.id))

        return Disorderly(self.real.fleet)


class LooksAtCaseInKeys(Sound):
    """Keeps part numbers as they are written, so that their case counts."""

    @property
    def parts(self) -> object:
        def hexed(part: object) -> object:
            return evolve(part, part_number=part.part_number.encode().hex())

        def plain(part: object) -> object:
            return evolve(part, part_number=bytes.fromhex(part.part_number).decode())

        class Exact(Around):
            def add(self, part: object) -> None:
                self.real.add(hexed(part))

            def save(self, part: object, *, was: object) -> None:
                self.real.save(hexed(part), was=hexed(was))

            async def get(self, part_id: object) -> object:
                return plain(await self.real.get(part_id))

            async def by_numbers(self, numbers: object, *, for_update: bool = False) -> dict[str, object]:
                found = await self.real.by_numbers([number.encode().hex() for number in numbers], for_update=for_update)
                return {plain(part).part_number.lower(): plain(part) for part in found.values()}

        return Exact(self.real.parts)


class NeverFreesKeys(Sound):
    """Refuses the number of an archived part."""

    @property
    def parts(self) -> object:
        class Archive(Around):
            def save(self, part: object, *, was: object) -> None:
                # Somebody keeps the number from now on.
                self.real.save(part, was=was)
                if part.archived_at is not None:
                    self.real.add(evolve(part, id=CountingIds(block=9).new(), archived_at=None, version=1))

        return Archive(self.real.parts)


class AllowsTwoOpenTasks(Sound):
    """Does not look for the open task that a link has."""

    @property
    def tasks(self) -> object:
        class Unchecked(Around):
            def add(self, task: object) -> None:
                self.real.add(evolve(task, link_id=None))

        return Unchecked(self.real.tasks)


class SkipsAnItem(Sound):
    """Starts each page of parts one too late."""

    @property
    def parts(self) -> object:
        class Skipping(Around):
            async def page(self, request: PageRequest) -> Page[object]:
                page = await self.real.page(request)
                if page.next_after is None:
                    return page
                (skipped, *_) = (await self.real.page(PageRequest(limit=1, after=page.next_after))).items
                return Page(page.items, skipped.id)

        return Skipping(self.real.parts)


class CountsPages(Sound):
    """Keeps its place in the list of parts by counting, so that what is added moves it."""

    @property
    def parts(self) -> object:
        backend = self.backend

        class Counting(Around):
            async def page(self, request: PageRequest) -> Page[object]:
                skip = backend.__dict__.setdefault("places", {}).get(request.after, 0)
                everything = (await self.real.page(PageRequest(limit=200))).items
                items = everything[skip : skip + request.limit]
                if skip + len(items) == len(everything):
                    return Page(items, None)
                backend.places[items[-1].id] = skip + len(items)
                return Page(items, items[-1].id)

        return Counting(self.real.parts)


class CountsCorrectionsLate(Sound):
    """Sums up a day without the corrections of it."""

    @property
    def usage(self) -> object:
        class Uncorrected(Around):
            async def totals_on(self, aircraft_id: object, day: object) -> object:
                entries = (await self.real.ledger(aircraft_id)).entries
                return Ledger(entry for entry in entries if entry.corrects is None).totals(as_of=day)

        return Uncorrected(self.real.usage)


class ForgetsEndedLinks(Sound):
    """Has no link of an aircraft that has ended."""

    @property
    def links(self) -> object:
        class Active(Around):
            async def of_aircraft(self, aircraft_ids: object, *, for_update: bool = False) -> object:
                links = await self.real.of_aircraft(aircraft_ids, for_update=for_update)
                return tuple(link for link in links if link.is_active)

        return Active(self.real.links)


class ForgetsHundredths(Sound):
    """Keeps one decimal of what a part costs."""

    @property
    def parts(self) -> object:
        def rounded(part: object) -> object:
            price = part.about.unit_price
            tenths = None if price is None else price.quantize(Decimal("0.1"), ROUND_HALF_UP)
            return evolve(part, about=evolve(part.about, unit_price=tenths))

        class Rounding(Around):
            def add(self, part: object) -> None:
                self.real.add(rounded(part))

        return Rounding(self.real.parts)


class TakesEmptyForNothing(Sound):
    """Keeps an empty text as no text."""

    @property
    def parts(self) -> object:
        class Emptying(Around):
            def add(self, part: object) -> None:
                self.real.add(evolve(part, about=evolve(part.about, description=part.about.description or None)))

        return Emptying(self.real.parts)


class CutsInstants(Sound):
    """Keeps instants to the second."""

    @property
    def users(self) -> object:
        class Cutting(Around):
            def add(self, user: object) -> None:
                self.real.add(evolve(user, created_at=user.created_at.replace(microsecond=0)))

        return Cutting(self.real.users)


class CountsReads(Sound):
    """Notes each look at a task in the task, and keeps the note."""

    @property
    def tasks(self) -> object:
        class Noting(Around):
            async def get(self, task_id: object) -> object:
                task = await self.real.get(task_id)
                self.real.save(evolve(task, updated_at=task.updated_at + timedelta(seconds=1)), was=task)
                return task

        return Noting(self.real.tasks)


class ShowsOnlyWhatIsCommitted(Sound):
    """Does not see its own changes of programs."""

    @property
    def programs(self) -> object:
        work = self

        class Committed(Around):
            async def get(self, program_id: object) -> object:
                async with work.backend.real.open_uow(work.org_id, work.actor) as another:
                    return await another.programs.get(program_id)

        return Committed(self.real.programs)


class TellsNewestLast(Sound):
    """Lists the audit trail from its beginning."""

    @property
    def audit(self) -> object:
        class Backwards(Around):
            async def page(self, request: PageRequest, *, filter: object) -> Page[object]:
                page = await self.real.page(PageRequest(limit=200), filter=filter)
                items = page.items[::-1]
                ids = [entry.id for entry in items]
                first = ids.index(request.after) + 1 if request.after in ids else 0
                some = items[first : first + request.limit]
                return Page(some, some[-1].id if first + len(some) < len(items) else None)

        return Backwards(self.real.audit)


BROKEN = [
    (ForgetsTheOutbox, contracts.OutboxContract, "test_each_public_event_becomes_one_message"),
    (LosesTheSecondEvent, contracts.AuditTrailContract, "test_each_event_becomes_one_entry"),
    (AnnouncesTooEarly, contracts.UnitOfWorkContract, "test_leaving_without_a_commit_changes_nothing"),
    (CommitsByItself, contracts.FleetContract, "test_nothing_is_added_without_a_commit"),
    (CommitsPieceByPiece, contracts.UnitOfWorkContract, "test_a_conflict_in_the_last_change_undoes_all"),
    (SeesOtherOrganizations, contracts.FleetContract, "test_other_organizations_do_not_see_it"),
    (RefersToOtherOrganizations, contracts.StockRowsContract, "test_stock_is_of_a_part_of_the_organization"),
    (IgnoresVersions, contracts.PartsContract, "test_a_stale_save_is_refused"),
    (HoldsNothing, contracts.ConcurrencyContract, "test_many_reservations_never_oversell"),
    (HoldsNothing, contracts.StockRowsContract, "test_who_holds_it_makes_others_wait"),
    (HoldsInTheOrderAskedFor, contracts.ConcurrencyContract, "test_many_held_at_once_are_held_in_one_order"),
    (LooksAtCaseInKeys, contracts.PartsContract, "test_a_key_is_unique_whatever_its_case"),
    (NeverFreesKeys, contracts.PartsContract, "test_archiving_frees_the_key"),
    (AllowsTwoOpenTasks, contracts.TasksContract, "test_a_link_has_one_open_task"),
    (SkipsAnItem, contracts.PartsContract, "test_pages_have_everything_once_in_the_order_of_the_ids"),
    (CountsPages, contracts.PartsContract, "test_pages_stay_in_step_while_others_are_added"),
    (CountsCorrectionsLate, contracts.UsageContract, "test_corrections_count_on_the_day_of_what_they_correct"),
    (ForgetsEndedLinks, contracts.LinksContract, "test_aircraft_have_all_their_links"),
    (ForgetsHundredths, contracts.PartsContract, "test_what_was_added_is_read_back_equal"),
    (TakesEmptyForNothing, contracts.PartsContract, "test_what_was_added_is_read_back_equal"),
    (CutsInstants, contracts.UsersContract, "test_what_was_added_is_read_back_equal"),
    (CountsReads, contracts.TasksContract, "test_reading_changes_nothing"),
    (ShowsOnlyWhatIsCommitted, contracts.ProgramsContract, "test_a_unit_of_work_sees_its_own_changes"),
    (TellsNewestLast, contracts.AuditTrailContract, "test_entries_come_newest_first"),
]


class Observed:
    """A plugin for a run of pytest inside this one: gives the backend, and keeps what became of each law."""

    def __init__(self, make: Callable[[], Backend]) -> None:
        self.make = make
        self.passed: set[str] = set()
        self.failed: set[str] = set()

    @pytest.fixture
    def backend(self) -> Backend:
        """A backend of its own for every law."""
        return self.make()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome under the law's name."""
        law = report.nodeid.rpartition("::")[2].partition("[")[0]
        if report.failed:
            self.failed.add(law)
        elif report.when == "call":
            self.passed.add(law)


def observe(make: Callable[[], Backend], laws: list[tuple[type, str]]) -> Observed:
    """Run these laws of these contracts against the backend."""
    observed = Observed(make)
    wanted = [f"{contract.__module__}::{contract.__name__}::{law}" for contract, law in laws]
    quiet = ("-q", "--no-header", "--hypothesis-seed=0", "-p", "no:cacheprovider", "-p", "no:faulthandler")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = pytest.main([*quiet, "-o", "python_classes=*Contract", "--pyargs", *wanted], plugins=[observed])
    assert status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), said.getvalue()
    return observed


@pytest.mark.parametrize(
    ("work", "contract", "law"), [pytest.param(*each, id=f"{each[0].__name__}-{each[2][5:]}") for each in BROKEN]
)
def test_a_broken_adapter_is_caught(work: type[Sound], contract: type, law: str) -> None:
    """The law that the adapter breaks fails."""
    observed = observe(lambda: Backend(work), [(contract, law)])

    assert law in observed.failed


def test_a_sound_adapter_passes() -> None:
    """The same laws pass for an adapter without a fault, run in the same way."""
    laws = {(contract, law) for _, contract, law in BROKEN}

    observed = observe(Backend, sorted(laws, key=str))

    assert observed.failed == set()
    assert observed.passed == {law for _, law in laws}
