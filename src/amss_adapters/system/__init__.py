"""What the machine provides: time and identities."""

from amss_adapters.system.clock import SystemClock
from amss_adapters.system.id_factory import Uuid7Factory

__all__ = ["SystemClock", "Uuid7Factory"]
