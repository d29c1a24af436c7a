"""The laws of the queue of imports: who works what off, and when somebody else may."""

import asyncio
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from attrs import evolve

from amss_domain.imports.batch import Import
from amss_domain.imports.errors import ClaimLost
from amss_domain.imports.model import Effect, RowResult
from amss_domain.imports.ports import Claim
from amss_domain.testing.backend import Backend, Capabilities
from amss_domain.testing.builders import an_import
from amss_domain.testing.contracts.contract import Contract, assert_waits, ending, meanwhile
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant

_MINUTE = timedelta(minutes=1)
_LONG = timedelta(days=3650)
_LATER = NOON + 30 * _MINUTE
_WORKERS = 8


class ImportQueueContract(Contract):
    """The laws of `ImportQueue`, and of what `Imports` promises of claims."""

    @pytest_asyncio.fixture(autouse=True)
    async def quiet(self, backend: Backend) -> None:
        """Nothing waits that others left: it is claimed for longer than any law lasts."""
        while await backend.import_queue.claim("nobody", at=NOON + _LONG, lasts=_LONG):
            pass

    async def test_an_import_is_claimed_once(self, ours: Tenant) -> None:
        """While a claim lasts nobody else gets the import; then it is given out again under a greater token."""
        kept = await _queued(ours)

        first = await _claim(ours, NOON)
        meanwhile_ = await _claim(ours, NOON + _MINUTE / 2)
        second = await _claim(ours, NOON + _MINUTE)

        assert first is not None
        assert second is not None
        assert (first.org_id, first.import_id, first.tries) == (ours.id, kept.id, 1)
        assert meanwhile_ is None
        assert second == evolve(first, token=second.token, tries=2)
        assert second.token > first.token

    async def test_however_many_ask_at_once_one_gets_it(self, ours: Tenant, theirs: Tenant) -> None:
        """Two imports of two organizations go to two of many workers."""
        kept = {(await _queued(ours)).id, (await _queued(theirs)).id}

        claims = await asyncio.gather(*(_claim(ours, NOON, worker=f"worker-{one}") for one in range(_WORKERS)))

        given = [claim.import_id for claim in claims if claim is not None]
        assert len(given) <= len(kept)
        # Who came when both were being given out got nothing, and nothing is lost by that.
        while (claim := await _claim(ours, NOON)) is not None:
            given.append(claim.import_id)
        assert sorted(given) == sorted(kept)

    async def test_an_organizations_imports_come_in_their_order(self, ours: Tenant) -> None:
        """The next is given out once the one before is finished, and not before."""
        first, second = await _queued(ours), await _queued(ours)
        claim = await _claim(ours, NOON)
        assert claim is not None
        assert claim.import_id == first.id
        assert await _claim(ours, NOON) is None

        await _finish(ours, claim)

        following = await _claim(ours, NOON)
        assert following is not None
        assert following.import_id == second.id

    async def test_who_waited_longest_comes_first(self, ours: Tenant, theirs: Tenant) -> None:
        """Of two organizations the one whose last import is longer ago has its turn, whoever was queued first."""
        for tenant, at in ((ours, NOON + _MINUTE), (theirs, NOON)):
            await tenant.keep(_finished(tenant, at))
        mine, other = await _queued(ours), await _queued(theirs)

        claims = [await _claim(ours, NOON), await _claim(ours, NOON)]

        assert [claim and claim.import_id for claim in claims] == [other.id, mine.id]

    async def test_a_claim_that_is_prolonged_lasts_longer(self, ours: Tenant) -> None:
        """Both ways: through the queue at once, and with a unit of work; it stays the same try."""
        kept = await _queued(ours)
        claim = await _claim(ours, NOON)
        assert claim is not None
        assert await ours.backend.import_queue.prolong(claim, until=NOON + 2 * _MINUTE)
        assert await _claim(ours, NOON + _MINUTE) is None

        async with ours.open() as uow:
            assert (await uow.imports.hold_claimed(claim)).id == kept.id
            uow.imports.prolong(claim, until=NOON + 3 * _MINUTE)
            await uow.commit()

        assert await _claim(ours, NOON + 2 * _MINUTE) is None
        again = await _claim(ours, NOON + 3 * _MINUTE)
        assert again is not None
        assert again.tries == 2

    async def test_only_who_comes_further_is_tried_anew(self, ours: Tenant) -> None:
        """Tries and pauses are counted from where the import last came any further, however often it was prolonged."""
        await _queued(ours)
        queue = ours.backend.import_queue
        paused = await _claim(ours, NOON)
        assert paused is not None
        await queue.pause(paused, until=NOON)
        for number in range(1, 4):
            claim = await _claim(ours, NOON)
            assert claim is not None
            assert (claim.tries, claim.pauses) == (number, 1)
            assert await queue.prolong(claim, until=NOON)
            async with ours.open() as uow:
                await uow.imports.hold_claimed(claim)
                uow.imports.prolong(claim, until=NOON)
                await uow.commit()

        claim = await _claim(ours, NOON)
        assert claim is not None
        async with ours.open() as uow:
            await uow.imports.hold_claimed(claim)
            uow.imports.prolong(claim, until=NOON, further=True)
            await uow.commit()

        anew = await _claim(ours, NOON)
        assert anew is not None
        assert (anew.tries, anew.pauses) == (1, 0)

    async def test_what_is_released_is_claimed_at_once(self, ours: Tenant) -> None:
        """Nobody waits for the claim to run out, and it was no try in vain."""
        await _queued(ours)
        claim = await _claim(ours, NOON)
        assert claim is not None

        await ours.backend.import_queue.release(claim)

        again = await _claim(ours, NOON)
        assert again is not None
        assert again.tries == 1

    async def test_what_is_paused_is_left_alone_for_so_long(self, ours: Tenant) -> None:
        """Each pause counts, and not as a try."""
        await _queued(ours)
        for number in range(3):
            claim = await _claim(ours, NOON + number * 2 * _MINUTE)
            assert claim is not None
            assert (claim.tries, claim.pauses) == (1, number)

            await ours.backend.import_queue.pause(claim, until=NOON + (number + 1) * 2 * _MINUTE)

            assert await _claim(ours, NOON + (number * 2 + 1.5) * _MINUTE) is None

    async def test_who_was_worked_for_last_comes_last(self, ours: Tenant, theirs: Tenant) -> None:
        """An import that was left in the middle waits behind an organization for which nothing was imported since."""
        begun = await _queued(ours)
        await ours.change(begun, begun.begun(("registration",), at=NOON + _MINUTE))
        await theirs.keep(_finished(theirs, NOON))
        other = await _queued(theirs)

        claims = [await _claim(ours, NOON + _MINUTE), await _claim(ours, NOON + _MINUTE)]

        assert [claim and claim.import_id for claim in claims] == [other.id, begun.id]

    async def test_others_wait_while_there_is_something_of_theirs_to_claim(self, ours: Tenant, theirs: Tenant) -> None:
        """Not the organization's own next one, and neither what is worked off nor what is to come after that."""
        await _queued(ours)
        await _queued(ours)
        claim = await _claim(ours, NOON)
        assert claim is not None
        queue = ours.backend.import_queue
        assert not await queue.others_wait(claim, at=NOON)
        await _queued(theirs)

        assert await queue.others_wait(claim, at=NOON)

        await _queued(theirs)
        assert await _claim(theirs, NOON) is not None
        assert not await queue.others_wait(claim, at=NOON)
        assert await queue.others_wait(claim, at=NOON + _MINUTE)

    async def test_a_claim_that_was_lost_does_nothing(self, ours: Tenant) -> None:
        """It is neither prolonged nor released, and no unit of work goes on under it."""
        await _queued(ours)
        lost = await _claim(ours, NOON)
        assert lost is not None
        assert await _claim(ours, NOON + _MINUTE) is not None
        queue = ours.backend.import_queue

        assert not await queue.prolong(lost, until=_LATER)
        await queue.pause(lost, until=NOON)
        await queue.release(lost)

        assert await _claim(ours, NOON + _MINUTE) is None
        async with ours.open() as uow:
            with pytest.raises(ClaimLost):
                await uow.imports.hold_claimed(lost)

    async def test_what_is_held_is_not_given_out(self, ours: Tenant, can: Capabilities) -> None:
        """While its claimant's unit of work holds it nobody can claim it, even if the claim has run out."""
        can.need_holding()
        await _queued(ours)
        claim = await _claim(ours, NOON)
        assert claim is not None

        async with ours.open() as uow:
            was = await uow.imports.hold_claimed(claim)
            assert await ending(_claim(ours, _LATER)) is None
            uow.imports.add_rows(was.id, 1, [RowResult(2, {}, Effect.CREATED)])
            uow.imports.prolong(claim, until=_LATER + _MINUTE)
            async with meanwhile(ours.backend.import_queue.release(claim)) as releasing:
                await assert_waits(releasing)
                await uow.commit()
                await ending(releasing)

        assert await _claim(ours, _LATER) is not None

    async def test_what_is_saved_leaves_the_claim(self, ours: Tenant) -> None:
        """Whoever saves an import changes nothing about who works it off."""
        kept = await _queued(ours)
        claim = await _claim(ours, NOON)
        assert claim is not None

        await ours.change(kept, kept.begun(("registration",), at=NOON))

        assert await _claim(ours, NOON) is None
        async with ours.open() as uow:
            assert (await uow.imports.hold_claimed(claim)).attempt == 1

    async def test_the_backlog_counts_what_is_not_finished(self, ours: Tenant, theirs: Tenant) -> None:
        """Queued and running ones of all organizations, and since when the oldest of them waits."""
        before = await ours.backend.import_queue.backlog()
        old = an_import(org_id=ours.id, at=NOON - _LONG * 2)
        await ours.keep(old, _finished(ours, NOON))
        await _queued(theirs)

        now = await ours.backend.import_queue.backlog()

        assert now.waiting == before.waiting + 2
        assert now.oldest_at == min(old.created_at, before.oldest_at or old.created_at)


async def _queued(tenant: Tenant) -> Import:
    kept = an_import(org_id=tenant.id)
    await tenant.keep(kept)
    return kept


def _finished(tenant: Tenant, at: datetime) -> Import:
    done, _ = an_import(org_id=tenant.id).completed(at=at)
    return done


async def _claim(tenant: Tenant, at: datetime, *, worker: str = "worker") -> Claim | None:
    return await tenant.backend.import_queue.claim(worker, at=at, lasts=_MINUTE)


async def _finish(tenant: Tenant, claim: Claim) -> None:
    async with tenant.open() as uow:
        was = await uow.imports.hold_claimed(claim)
        done, _ = was.completed(at=NOON)
        uow.imports.save(done, was=was)
        await uow.commit()
