"""The laws of waking."""

from datetime import timedelta
from typing import ClassVar

import pytest

from amss_domain.relay.ports import Waking
from amss_domain.testing.contracts.contract import assert_waits, ending, meanwhile

_PATIENT = timedelta(seconds=10)
_SOON = timedelta(milliseconds=20)


class WakingContract:
    """Laws that waking keeps; a subclass gives the fixtures `sleeper`, who waits, and `caller`, who wakes.

    They may be one, or stand for two processes.
    """

    pytestmark: ClassVar[pytest.MarkDecorator] = pytest.mark.asyncio

    async def test_who_waits_is_woken(self, sleeper: Waking, caller: Waking) -> None:
        """A call ends the waiting, long before its time is up."""
        async with meanwhile(sleeper.awoken("outbox", wait=_PATIENT)) as task:
            await assert_waits(task)
            caller.wake("outbox")

            assert await ending(task) is True

    async def test_who_is_not_called_waits_to_the_end(self, sleeper: Waking) -> None:
        """Without a call the waiting ends by itself, and says so."""
        assert await ending(sleeper.awoken("outbox", wait=_SOON)) is False

    async def test_a_call_is_not_missed_by_who_is_busy(self, sleeper: Waking, caller: Waking) -> None:
        """Who was called since the last time is awake at once, however often it was called."""
        await sleeper.awoken("outbox", wait=_SOON)
        async with meanwhile(sleeper.awoken("arrived", wait=_PATIENT)) as arrived:
            for _ in range(3):
                caller.wake("outbox")
            caller.wake("arrived")
            await ending(arrived)

        assert await ending(sleeper.awoken("outbox", wait=_PATIENT)) is True

    async def test_topics_are_heard_apart(self, sleeper: Waking, caller: Waking) -> None:
        """A call of one topic wakes nobody who waits for another."""
        async with meanwhile(sleeper.awoken("deliveries", wait=_PATIENT)) as task:
            await assert_waits(task)
            caller.wake("outbox")
            await assert_waits(task)
            caller.wake("deliveries")

            assert await ending(task) is True

    async def test_each_call_wakes_anew(self, sleeper: Waking, caller: Waking) -> None:
        """Who was woken and waits again is woken again."""
        for _ in range(3):
            async with meanwhile(sleeper.awoken("outbox", wait=_PATIENT)) as task:
                await assert_waits(task)
                caller.wake("outbox")

                assert await ending(task) is True
