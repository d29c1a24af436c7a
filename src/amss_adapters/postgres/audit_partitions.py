"""Room for the audit trail: its partitions, one a month."""

from datetime import date
from typing import Any, Final

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.codec import from_day, from_number
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call

_MAKE: Final = statements("audit_partitions")["audit_partitions_make"]
_PARTITION: Final = Kind[Any]("audit partition")


class PostgresAuditPartitions:
    """Makes partitions, through a function of the owner's."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def prepare(self, day: date, *, months: int) -> int:
        """Make the partitions of so many months that there are not yet, and return how many."""
        call = Call(_MAKE, (from_day(day), from_number(months)))
        return len(await self._across.rows(_PARTITION, call))
