"""Organizations are worked for side by side: one that is slow or fails is in nobody's way."""

import asyncio
from datetime import timedelta

import pytest
from attrs import define, field

from amss_adapters.memory import MemoryBackend
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import Unavailable
from amss_domain.shared.ids import OrgId
from amss_domain.testing.stand_ins import FRESH_IDS, CountingIds, ManualClock
from amss_entrypoints.worker.jobs.organizations import AT_ONCE, LEFT_ALONE_FOR, Organizations

_SLOW_AFTER = timedelta(milliseconds=20)
_PATIENCE_S = 20.0


@define
class Work:
    """Does one thing for each organization; for some only once it is let, or never."""

    slow: dict[OrgId, asyncio.Event] = field(factory=dict)
    wrong: dict[OrgId, Exception] = field(factory=dict)
    begun: list[OrgId] = field(factory=list)
    ended: list[OrgId] = field(factory=list)

    async def __call__(self, by: Actor) -> int:
        """Do it."""
        self.begun.append(by.org_id)
        if by.org_id in self.wrong:
            raise self.wrong[by.org_id]
        if by.org_id in self.slow:
            await self.slow[by.org_id].wait()
        self.ended.append(by.org_id)
        return 1


def _some(count: int) -> tuple[OrgId, ...]:
    return tuple(OrgId(FRESH_IDS.new()) for _ in range(count))


def _organizations(**more: object) -> Organizations:
    settings: dict[str, object] = {"clock": ManualClock(), "slow_after": _SLOW_AFTER, **more}
    return Organizations(actor="test", worker="one", **settings)  # type: ignore[arg-type]


async def test_a_slow_one_goes_on_while_the_others_have_their_turn() -> None:
    """The run returns without it, another passes over it, and what it did is counted once it is done."""
    organizations, org_ids, work = _organizations(), _some(3), Work()
    work.slow[org_ids[0]] = asyncio.Event()

    async with asyncio.timeout(_PATIENCE_S):
        first = await organizations.all(org_ids, work)
        second = await organizations.all(org_ids, work)
        assert organizations.passed_over() == {org_ids[0]}
        work.slow[org_ids[0]].set()
        await organizations.finish()

    assert (first, second) == (3, 3)
    assert work.begun.count(org_ids[0]) == work.ended.count(org_ids[0]) == 1
    assert organizations.passed_over() == frozenset()


async def test_the_slow_do_not_take_all_places() -> None:
    """As many as have places may be slow at once, and others still have theirs."""
    organizations, org_ids, work = _organizations(), _some(AT_ONCE + 3), Work()
    work.slow = {org_id: asyncio.Event() for org_id in org_ids[:AT_ONCE]}

    async with asyncio.timeout(_PATIENCE_S):
        await organizations.all(org_ids, work)

    assert set(work.ended) == set(org_ids[AT_ONCE:])
    await organizations.close()


async def test_while_one_goes_on_asking_again_waits_for_it() -> None:
    """So that a worker that runs until nothing is left does not run in circles meanwhile."""
    organizations, org_ids, work = _organizations(), _some(1), Work()
    work.slow[org_ids[0]] = asyncio.Event()

    async with asyncio.timeout(_PATIENCE_S):
        assert await organizations.all(org_ids, work) == 1
        asyncio.get_running_loop().call_later(0.005, work.slow[org_ids[0]].set)
        assert await organizations.all((), work) == 1
        assert await organizations.all((), work) == 0


async def test_what_is_not_available_for_one_keeps_no_other_from_its_turn() -> None:
    """All have their turn, whoever goes on is not cut short, and then it is told."""
    organizations, org_ids, work = _organizations(), _some(3 * AT_ONCE), Work()
    work.wrong[org_ids[0]] = Unavailable("the mail server", "it is closed")

    async with asyncio.timeout(_PATIENCE_S):
        with pytest.raises(Unavailable):
            await organizations.all(org_ids, work)

        await organizations.finish()

    assert set(work.ended) == set(org_ids[1:])


async def test_who_fails_is_left_alone_for_a_while() -> None:
    """And is known to be, so that nobody looks for work there."""
    clock, org_ids, work = ManualClock(), _some(2), Work()
    organizations = _organizations(clock=clock)
    work.wrong[org_ids[0]] = ValueError("no such thing")

    done = [await organizations.all(org_ids, work), await organizations.all(org_ids, work)]
    passed_over = organizations.passed_over()
    clock.advance(LEFT_ALONE_FOR)
    await organizations.all(org_ids, work)

    assert done == [1, 1]
    assert passed_over == {org_ids[0]}
    assert work.begun.count(org_ids[0]) == 2


async def test_the_lease_of_a_slow_one_is_prolonged() -> None:
    """However long it takes, no other worker begins; once it is done another may."""
    clock = ManualClock()
    leases = MemoryBackend(clock=clock, ids=CountingIds()).leases
    lasts = timedelta(milliseconds=30)
    ours, theirs = (
        Organizations(actor="test", worker=name, clock=clock, leases=leases, slow_after=_SLOW_AFTER, lease_lasts=lasts)
        for name in ("one", "other")
    )
    org_ids, work = _some(1), Work()
    work.slow[org_ids[0]] = asyncio.Event()

    async with asyncio.timeout(_PATIENCE_S):
        await ours.all(org_ids, work)
        clock.advance(lasts * 0.9)
        while (await leases.held([f"test:{org_ids[0]}"], at=clock.now()))[0].expires_at < clock.now() + lasts:
            await asyncio.sleep(0.001)
        clock.advance(lasts * 0.9)
        await theirs.all(org_ids, work)
        begun_meanwhile = len(work.begun)
        work.slow[org_ids[0]].set()
        await ours.finish()
        await theirs.all(org_ids, work)

    assert begun_meanwhile == 1
    assert len(work.begun) == 2


async def test_what_goes_on_at_the_end_is_cut_short() -> None:
    """Nothing is left behind."""
    organizations, org_ids, work = _organizations(), _some(1), Work()
    work.slow[org_ids[0]] = asyncio.Event()
    await organizations.all(org_ids, work)

    async with asyncio.timeout(_PATIENCE_S):
        await organizations.close()

    assert work.ended == []
    assert organizations.passed_over() == frozenset()
