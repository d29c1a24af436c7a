"""The memory backend keeps every law."""

import pytest

from amss_adapters.memory import MemoryBackend
from amss_domain.testing.contracts import BackendContract
from amss_domain.testing.stand_ins import CountingIds, ManualClock


class TestMemory(BackendContract):
    """Every law of every port, kept in memory."""

    @pytest.fixture
    def backend(self) -> MemoryBackend:
        """A memory of its own for every law."""
        return MemoryBackend(clock=ManualClock(), ids=CountingIds())
