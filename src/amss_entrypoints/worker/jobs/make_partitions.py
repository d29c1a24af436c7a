"""Making room for the audit trail of the months to come."""

from datetime import timedelta
from typing import Final

from attrs import frozen

from amss_domain.audit.ports import AuditPartitions
from amss_domain.shared.clock import Clock
from amss_entrypoints.worker.job import Rest

MONTHS: Final = 4
"""The current month and so many less one after it have room."""


@frozen(kw_only=True)
class MakePartitions:
    """Makes the partitions of the audit trail well before they are needed."""

    name = "make-partitions"
    topics = ()
    rest = Rest.of(timedelta(hours=6))
    alone = True

    partitions: AuditPartitions
    clock: Clock

    async def run(self) -> int:
        """Make what is missing, and return how many partitions that were."""
        return await self.partitions.prepare(self.clock.now().date(), months=MONTHS)

    async def close(self) -> None:
        """Do nothing: a pass leaves nothing behind."""
