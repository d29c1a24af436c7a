"""The clock that is set by hand, the ids that count, and the faults that come when ordered."""

from datetime import timedelta
from uuid import UUID

import pytest

from amss_adapters.memory import MemoryBackend
from amss_domain.inventory.part import PartDescription
from amss_domain.inventory.use_cases.define_part import DefinePart
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.builders import a_part
from amss_domain.testing.faults import FailsOnCall
from amss_domain.testing.stand_ins import NOON, CountingIds, ManualClock, a_fresh_block, number_of
from amss_domain.testing.tenant import Tenant, a_tenant


@pytest.fixture
async def tenant() -> Tenant:
    """An organization in a memory of its own."""
    return await a_tenant(MemoryBackend(clock=ManualClock(), ids=CountingIds()))


def test_a_manual_clock_stands_still_until_told_to_go_on() -> None:
    """The clock tells the same time again and again, and another only after it was advanced."""
    clock = ManualClock()

    told = [clock.now(), clock.now(), clock.advance(timedelta(minutes=5)), clock.now()]

    assert told == [NOON, NOON, NOON + timedelta(minutes=5), NOON + timedelta(minutes=5)]


def test_a_manual_clock_does_not_go_back() -> None:
    """Time that was told is past."""
    with pytest.raises(ValueError, match="does not go back"):
        ManualClock().advance(timedelta(seconds=-1))


def test_counting_ids_are_the_same_in_every_run() -> None:
    """Two factories count alike, from 1 up, in the form of UUID version 7."""
    first, second = CountingIds(), CountingIds()

    ids = [first.new() for _ in range(3)]

    assert ids == [second.new() for _ in range(3)] == sorted(ids)
    assert [number_of(one) for one in ids] == [1, 2, 3]
    assert ids[0] == UUID("00000000-0000-7000-8000-000000000001")
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}


def test_ids_of_a_higher_block_sort_after() -> None:
    """Blocks keep factories apart, in their order."""
    low, high = CountingIds(7), CountingIds(8)
    ids = [high.new(), low.new(), high.new(), low.new()]

    assert sorted(ids) == [ids[1], ids[3], ids[0], ids[2]]
    assert a_fresh_block() != a_fresh_block()


@pytest.mark.parametrize("block", [-1, 1 << 48])
def test_a_block_out_of_range_is_refused(block: int) -> None:
    """A block has 48 bits."""
    with pytest.raises(ValueError, match="a block is from 0"):
        CountingIds(block)


async def test_the_call_that_was_ordered_fails_and_no_other(tenant: Tenant) -> None:
    """Of three calls of a port the second fails, without effect, and the others go through."""
    faults = FailsOnCall(2)
    parts = [a_part(org_id=tenant.id) for _ in range(3)]
    async with tenant.open() as uow:
        failing = faults.around(uow.parts)
        failing.add(parts[0])
        with pytest.raises(Unavailable):
            failing.add(parts[1])
        failing.add(parts[2])
        await uow.commit()

    async with tenant.open() as uow:
        kept = await uow.parts.get_many([part.id for part in parts])

    assert kept == (parts[0], parts[2])
    assert faults.calls == 3


async def test_calls_are_counted_over_a_whole_unit_of_work(tenant: Tenant) -> None:
    """Entering, the calls of repositories, recording and committing are counted together; facts are not."""
    faults = FailsOnCall(0)
    open_uow = faults.opening(tenant.backend.open_uow)

    await DefinePart(open_uow, ManualClock(), CountingIds())(
        tenant.actor, part_number="MS20470", about=PartDescription()
    )
    async with open_uow(tenant.id, tenant.actor) as uow:
        facts = (uow.org_id, uow.actor)

    # Enter, add, record, commit; and enter again.
    assert faults.calls == 5
    assert facts == (tenant.id, tenant.actor)


async def test_the_error_may_be_chosen(tenant: Tenant) -> None:
    """A fault is whatever it is told to be."""
    open_uow = FailsOnCall(1, error=ConnectionError("unplugged")).opening(tenant.backend.open_uow)

    with pytest.raises(ConnectionError, match="unplugged"):
        await open_uow(tenant.id, tenant.actor).__aenter__()
