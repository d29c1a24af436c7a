"""Everything in memory: a real backend for tests and for programs that embed the domain."""

from amss_adapters.memory.backend import MemoryBackend
from amss_adapters.memory.unit_of_work import MemoryUnitOfWork

__all__ = ["MemoryBackend", "MemoryUnitOfWork"]
