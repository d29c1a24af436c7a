"""Backends given the same commands answer alike."""

import asyncio

from amss_adapters.memory import MemoryBackend
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_domain.testing.state_machine import check_same_answers


def in_memory() -> MemoryBackend:
    """Return an empty memory."""
    return MemoryBackend(clock=ManualClock(), ids=CountingIds())


def test_memory_answers_as_memory_does() -> None:
    """The control: a backend answers as another of its kind does, so that a difference elsewhere means something."""
    with asyncio.Runner() as runner:
        check_same_answers(in_memory, in_memory, runner=runner)
