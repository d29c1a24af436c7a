"""Who holds what, and who waits for whom."""

import asyncio
from asyncio import Task, create_task, sleep

import pytest

from amss_adapters.memory.locks import Holder, Locks


async def settle() -> None:
    """Let every task go on until it waits for something."""
    for _ in range(5):
        await sleep(0)


async def waiting(locks: Locks, holder: Holder, key: str) -> Task[bool]:
    """Return the task of a holder that waits for the key."""
    task = create_task(locks.acquire(holder, key))
    await settle()
    assert not task.done()
    return task


async def test_it_goes_to_who_came_first() -> None:
    """A released object goes to one waiter at a time, in the order they came."""
    locks, first, second, third = Locks(), Holder(), Holder(), Holder()
    await locks.acquire(first, "a")
    seconds = await waiting(locks, second, "a")
    thirds = await waiting(locks, third, "a")

    locks.release(first)
    await settle()

    assert (seconds.done(), thirds.done()) == (True, False)
    locks.release(second)
    assert await thirds
    assert third.held == {"a"}


async def test_what_is_held_is_not_waited_for_again() -> None:
    """Holding what one holds already does not wait, and one release lets go of it."""
    locks, holder = Locks(), Holder()

    assert [await locks.acquire(holder, "a") for _ in range(2)] == [True, True]

    locks.release(holder)
    assert await locks.acquire(Holder(), "a")


@pytest.mark.parametrize("size", [2, 3, 7])
async def test_a_circle_is_not_closed(size: int) -> None:
    """Who would wait for somebody that waits for it, over any number of others, is told so at once."""
    locks, holders = Locks(), [Holder() for _ in range(size)]
    for number, holder in enumerate(holders):
        await locks.acquire(holder, str(number))
    waiters = [await waiting(locks, holders[number], str(number + 1)) for number in range(size - 1)]

    assert await locks.acquire(holders[-1], "0") is False

    locks.release(holders[-1])
    for holder, waiter in zip(reversed(holders[:-1]), reversed(waiters), strict=True):
        assert await waiter
        locks.release(holder)


async def test_a_line_is_no_circle() -> None:
    """Waiting behind others who wait is no reason to be refused."""
    locks, first, second, third = Locks(), Holder(), Holder(), Holder()
    await locks.acquire(first, "a")
    await locks.acquire(second, "b")
    seconds = await waiting(locks, second, "a")
    thirds = await waiting(locks, third, "b")

    locks.release(first)
    assert await seconds
    locks.release(second)

    assert await thirds


async def test_who_is_cancelled_leaves_the_line() -> None:
    """A cancelled waiter does not get its turn; the next one does."""
    locks, first, second, third = Locks(), Holder(), Holder(), Holder()
    await locks.acquire(first, "a")
    seconds = await waiting(locks, second, "a")
    thirds = await waiting(locks, third, "a")

    seconds.cancel()
    await asyncio.wait([seconds])
    locks.release(first)

    assert await thirds
    assert (seconds.cancelled(), second.held) == (True, set())


@pytest.mark.parametrize("cancelled_first", [True, False])
async def test_a_turn_that_comes_with_a_cancellation_is_passed_on(cancelled_first: bool) -> None:
    """A waiter cancelled in the same step as its turn comes, before or after, does not keep the object."""
    locks, first, second, third = Locks(), Holder(), Holder(), Holder()
    await locks.acquire(first, "a")
    seconds = await waiting(locks, second, "a")
    thirds = await waiting(locks, third, "a")

    if cancelled_first:
        seconds.cancel()
        locks.release(first)
    else:
        locks.release(first)
        seconds.cancel()

    assert await thirds
    assert (seconds.cancelled(), second.held) == (True, set())


async def test_who_gave_up_closes_no_circle() -> None:
    """A waiter that is cancelled but has not noticed yet waits for nobody."""
    locks, first, second = Locks(), Holder(), Holder()
    await locks.acquire(first, "a")
    await locks.acquire(second, "b")
    seconds = await waiting(locks, second, "a")

    seconds.cancel()
    asyncio.get_running_loop().call_soon(locks.release, second)

    assert await locks.acquire(first, "b")


async def test_whose_turn_has_come_waits_for_nobody() -> None:
    """Who gets the object, but has not gone on yet, is waited for like any holder."""
    locks, first, second, third = Locks(), Holder(), Holder(), Holder()
    await locks.acquire(first, "a")
    seconds = await waiting(locks, second, "a")

    locks.release(first)
    asyncio.get_running_loop().call_soon(locks.release, second)

    assert await locks.acquire(third, "a")
    assert await seconds


async def test_who_ends_while_it_waits_is_told() -> None:
    """Releasing everything of a holder that still waits ends its waiting with an error, and the line moves on."""
    locks, first, second, third = Locks(), Holder(), Holder(), Holder()
    await locks.acquire(first, "a")
    seconds = await waiting(locks, second, "a")
    thirds = await waiting(locks, third, "a")

    locks.release(second)
    locks.release(first)

    with pytest.raises(RuntimeError, match="ended while it still waited"):
        await seconds
    assert await thirds


async def test_one_holder_waits_for_one_thing_at_a_time() -> None:
    """A second wait of the same holder is refused: circles could no longer be told by it."""
    locks, first, second = Locks(), Holder(), Holder()
    await locks.acquire(first, "a")
    await locks.acquire(first, "b")
    seconds = await waiting(locks, second, "a")

    with pytest.raises(RuntimeError, match="one thing at a time"):
        await locks.acquire(second, "b")

    locks.release(first)
    assert await seconds
