"""The laws of imports bite: each adapter here is broken in one way, and the law that forbids it fails."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from attrs import evolve
from tests.contracts.test_broken_adapters import Backend, Sound, observe

from amss_adapters.memory import imports as memory
from amss_adapters.memory.imports import MemoryImportQueue, MemoryImports
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import page_of
from amss_domain.imports.batch import Import, KeptRow
from amss_domain.imports.model import RowResult
from amss_domain.imports.ports import ANY_IMPORT, ANY_ROW, Claim, ImportFilter, RowFilter
from amss_domain.relay.model import Backlog
from amss_domain.shared.ids import ImportId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing import contracts
from amss_domain.testing.contracts.contract import Contract


class LosesWarnings(Sound):
    """Keeps reasons of rows that were rejected, and of no others."""

    class Careless(MemoryImports):
        def add_rows(self, import_id: ImportId, attempt: int, results: Sequence[RowResult], /) -> None:
            sure = [evolve(one, violations=()) if one.warned else one for one in results]
            super().add_rows(import_id, attempt, sure)

    @property
    def imports(self) -> Careless:
        return self.Careless(self._transaction)


class MixesAttempts(Sound):
    """Lists the rows of the first attempt, whichever is asked for."""

    class Mixing(MemoryImports):
        async def rows(
            self, import_id: ImportId, attempt: int, request: PageRequest, /, *, filter: RowFilter = ANY_ROW
        ) -> Page[KeptRow]:
            return await super().rows(import_id, min(attempt, 1), request, filter=filter)

    @property
    def imports(self) -> Mixing:
        return self.Mixing(self._transaction)


class GoesOnAtTheNextRun(Sound):
    """Leaves out what is left of a run when a page ended in the middle of it."""

    class Leaping(MemoryImports):
        async def rows(
            self, import_id: ImportId, attempt: int, request: PageRequest, /, *, filter: RowFilter = ANY_ROW
        ) -> Page[KeptRow]:
            after = 0 if request.after is None else request.after.int
            found = self._runs.group(memory._RUNS_BY_NUMBER, (import_id, attempt, filter), (after + 1,))
            rows = [row for kept in found if kept.run.first > after for row in kept.run.rows(after=after)]
            return page_of(iter(rows), request.limit)

    @property
    def imports(self) -> Leaping:
        return self.Leaping(self._transaction)


class ListsEveryKind(Sound):
    """Lists imports of a status whatever their kind is."""

    class Listing(MemoryImports):
        async def page(self, request: PageRequest, /, *, filter: ImportFilter = ANY_IMPORT) -> Page[Import]:
            return await super().page(request, filter=evolve(filter, kind=None))

    @property
    def imports(self) -> Listing:
        return self.Listing(self._transaction)


class AsksForNoToken(Sound):
    """Lets a worker go on whose claim somebody else has taken over."""

    class Trusting(MemoryImports):
        async def hold_claimed(self, claim: Claim, /) -> Import:
            return await self._rows.get_for_update(claim.import_id)

    @property
    def imports(self) -> Trusting:
        return self.Trusting(self._transaction)


class LooksWithoutHolding(Sound):
    """Returns what is claimed and does not hold it."""

    class Looking(MemoryImports):
        async def hold_claimed(self, claim: Claim, /) -> Import:
            return self._rows.get(claim.import_id)

    @property
    def imports(self) -> Looking:
        return self.Looking(self._transaction)


class FreesWhatItSaves(Sound):
    """Ends the claim on whatever is saved."""

    class Freeing(MemoryImports):
        def save(self, import_: Import, /, *, was: Import) -> None:
            super().save(import_, was=was)
            claimed = self._claims.get(import_.id)
            self._claims.save(evolve(claimed, until=None, version=claimed.version + 1), was=claimed)

    @property
    def imports(self) -> Freeing:
        return self.Freeing(self._transaction)


class CountsTriesForEver(Sound):
    """Counts the claims on an import that gets on as if they had been in vain."""

    class Counting(MemoryImports):
        def prolong(self, claim: Claim, /, *, until: datetime, further: bool = False) -> None:
            super().prolong(claim, until=until, further=further)
            claimed = self._claims.get(claim.import_id)
            self._claims.save(evolve(claimed, tries=claim.tries, version=claimed.version + 1), was=claimed)

    @property
    def imports(self) -> Counting:
        return self.Counting(self._transaction)


class TriesAnewWhoeverAsks(Sound):
    """Takes every prolonging for a sign that the import came further."""

    class Hopeful(MemoryImports):
        def prolong(self, claim: Claim, /, *, until: datetime, further: bool = False) -> None:
            super().prolong(claim, until=until, further=True)

    @property
    def imports(self) -> Hopeful:
        return self.Hopeful(self._transaction)


class CountsEveryImport(Sound):
    """Counts what is finished as unfinished."""

    class Counting(MemoryImports):
        async def unfinished(self) -> int:
            return sum(1 for _ in self._rows.group(memory._LISTED, ANY_IMPORT))

    @property
    def imports(self) -> Counting:
        return self.Counting(self._transaction)


class SoundQueue(MemoryImportQueue):
    """A queue without a fault; the others differ from it in one thing each."""

    @classmethod
    def of(cls, backend: Backend) -> "SoundQueue":
        """Return such a queue over what the backend keeps."""
        return cls(backend._known)


class RemembersNoClaim(SoundQueue):
    """Gives out an import and does not remember that it did."""

    async def claim(self, worker: str, *, at: datetime, lasts: timedelta) -> Claim | None:
        return await super().claim(worker, at=at, lasts=timedelta())


class GivesOutOneToken(SoundQueue):
    """Gives every claim on an import the same token."""

    async def claim(self, worker: str, *, at: datetime, lasts: timedelta) -> Claim | None:
        claim = await super().claim(worker, at=at, lasts=lasts)
        if claim is None:
            return None
        claims = self._tenants[claim.org_id].rows(memory._CLAIMS)
        was = claims.by_id[claim.import_id]
        claims.put(evolve(was, token=1, version=was.version + 1))
        return evolve(claim, token=1)


class GivesOutAllAtOnce(SoundQueue):
    """Gives out the second import of an organization while the first is worked off."""

    def _heads(self) -> Iterator[tuple[Tenant, Import]]:
        for tenant in self._tenants.values():
            for import_ in memory._unfinished(tenant):
                yield tenant, import_


class ServesWhoWasThereFirst(SoundQueue):
    """Gives out what was queued first, whosever it is."""

    def _heads(self) -> Iterator[tuple[Tenant, Import]]:
        waiting = [
            (tenant, import_)
            for tenant, import_ in super()._heads()
            if tenant.rows(memory._CLAIMS).by_id[import_.id].until is None
        ]
        yield from sorted(waiting, key=lambda head: head[1].id)[:1]


class ProlongsForAnybody(SoundQueue):
    """Takes the word of whoever had a claim once."""

    async def _change(self, claim: Claim, change: Callable[[memory._Claimed], memory._Claimed]) -> bool:
        latest = self._tenants[claim.org_id].rows(memory._CLAIMS).by_id[claim.import_id]
        return await super()._change(evolve(claim, token=latest.token), change)


class ProlongsAndTriesAnew(SoundQueue):
    """Forgets the tries of who prolongs a claim without having come further."""

    async def prolong(self, claim: Claim, /, *, until: datetime) -> bool:
        return await self._change(claim, lambda was: evolve(was, until=until, tries=0))


class ForgetsPauses(SoundQueue):
    """Leaves an import alone and does not count how often."""

    async def pause(self, claim: Claim, /, *, until: datetime) -> None:
        await self.prolong(claim, until=until)


class CountsWhatIsReleased(SoundQueue):
    """Takes a claim that was given back for one in vain."""

    async def release(self, claim: Claim, /) -> None:
        await self._change(claim, lambda was: evolve(was, until=None))


class SeesOwnAsOthers(SoundQueue):
    """Takes whatever is unfinished for what others wait for."""

    async def others_wait(self, claim: Claim, /, *, at: datetime) -> bool:
        return (await self.backlog()).waiting > 1


class NobodyElseWaits(SoundQueue):
    """Never sees anybody waiting."""

    async def others_wait(self, claim: Claim, /, *, at: datetime) -> bool:
        return False


class WaitsForTheClaimToRunOut(SoundQueue):
    """Leaves a claim as it is when it is given back."""

    async def release(self, claim: Claim, /) -> None:
        pass


class CountsWhatIsFinished(SoundQueue):
    """Counts every import there ever was as waiting."""

    async def backlog(self) -> Backlog:
        found = [one for tenant in self._tenants.values() for one in tenant.rows(memory.IMPORTS).by_id.values()]
        return Backlog(waiting=len(found), oldest_at=min((one.created_at for one in found), default=None))


def working(work: type[Sound]) -> Callable[[], Backend]:
    """Return what makes a backend with units of work of that kind."""
    return lambda: Backend(work)


def queueing(queue: type[SoundQueue]) -> Callable[[], Backend]:
    """Return what makes a backend with a queue of that kind."""

    def make() -> Backend:
        backend = Backend()
        backend.import_queue = queue.of(backend)
        return backend

    return make


IMPORTS, QUEUE = contracts.ImportsContract, contracts.ImportQueueContract

BROKEN: list[tuple[type, Callable[[], Backend], type[Contract], str]] = [
    *(
        (kind, working(kind), contract, law)
        for kind, contract, law in (
            (LosesWarnings, IMPORTS, "test_rows_come_back_by_number"),
            (MixesAttempts, IMPORTS, "test_rows_come_back_by_number"),
            (GoesOnAtTheNextRun, IMPORTS, "test_rows_go_on_after_any_number"),
            (ListsEveryKind, IMPORTS, "test_a_page_has_only_what_matches"),
            (AsksForNoToken, IMPORTS, "test_only_the_latest_claim_holds"),
            (AsksForNoToken, QUEUE, "test_a_claim_that_was_lost_does_nothing"),
            (LooksWithoutHolding, QUEUE, "test_what_is_held_is_not_given_out"),
            (FreesWhatItSaves, QUEUE, "test_what_is_saved_leaves_the_claim"),
            (CountsTriesForEver, QUEUE, "test_only_who_comes_further_is_tried_anew"),
            (TriesAnewWhoeverAsks, QUEUE, "test_only_who_comes_further_is_tried_anew"),
            (CountsEveryImport, IMPORTS, "test_the_unfinished_are_counted"),
        )
    ),
    *(
        (kind, queueing(kind), QUEUE, law)
        for kind, law in (
            (RemembersNoClaim, "test_an_import_is_claimed_once"),
            (GivesOutOneToken, "test_an_import_is_claimed_once"),
            (GivesOutOneToken, "test_a_claim_that_was_lost_does_nothing"),
            (GivesOutAllAtOnce, "test_an_organizations_imports_come_in_their_order"),
            (ServesWhoWasThereFirst, "test_who_waited_longest_comes_first"),
            (ProlongsForAnybody, "test_a_claim_that_was_lost_does_nothing"),
            (WaitsForTheClaimToRunOut, "test_what_is_released_is_claimed_at_once"),
            (ProlongsAndTriesAnew, "test_only_who_comes_further_is_tried_anew"),
            (ForgetsPauses, "test_what_is_paused_is_left_alone_for_so_long"),
            (CountsWhatIsReleased, "test_what_is_released_is_claimed_at_once"),
            (ServesWhoWasThereFirst, "test_who_was_worked_for_last_comes_last"),
            (SeesOwnAsOthers, "test_others_wait_while_there_is_something_of_theirs_to_claim"),
            (NobodyElseWaits, "test_others_wait_while_there_is_something_of_theirs_to_claim"),
            (CountsWhatIsFinished, "test_the_backlog_counts_what_is_not_finished"),
        )
    ),
]


@pytest.mark.parametrize(
    ("make", "contract", "law"),
    [pytest.param(*each[1:], id=f"{each[0].__name__}-{each[3][5:]}") for each in BROKEN],
)
def test_a_broken_adapter_is_caught(make: Callable[[], Backend], contract: type[Contract], law: str) -> None:
    """The law that the adapter breaks fails."""
    observed = observe(make, [(contract, law)])

    assert law in observed.failed


def test_a_sound_adapter_passes() -> None:
    """The same laws pass for adapters without a fault, run in the same way."""
    laws = {(contract, law) for *_, contract, law in BROKEN}

    for make in (Backend, queueing(SoundQueue)):
        observed = observe(make, sorted(laws, key=str))

        assert observed.failed == set()
        assert observed.passed == {law for _, law in laws}
