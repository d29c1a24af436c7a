"""A workshop over the memory backend for every unit test that tells a story."""

import pytest

from amss_adapters.memory import MemoryBackend
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_domain.testing.tenant import a_tenant
from amss_domain.testing.workshop import Workshop


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still until told to go on."""
    return ManualClock()


@pytest.fixture
async def workshop(clock: ManualClock) -> Workshop:
    """One organization at work on a memory backend of its own."""
    ids = CountingIds()
    return Workshop(await a_tenant(MemoryBackend(clock=clock, ids=ids)), clock=clock, ids=ids)
