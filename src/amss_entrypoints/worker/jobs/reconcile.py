"""Publishing again what streams have lost."""

from datetime import timedelta

from attrs import frozen

from amss_domain.relay.use_cases.reconcile import Reconcile as ReconcileStreams
from amss_entrypoints.worker.job import Rest


@frozen(kw_only=True)
class Reconcile:
    """Finds what was published and never arrived."""

    name = "reconcile"
    topics = ()
    rest = Rest.of(timedelta(seconds=10))
    alone = True

    reconcile: ReconcileStreams

    async def run(self) -> int:
        """Have a portion published again, and return how many messages that are."""
        return await self.reconcile()

    async def close(self) -> None:
        """Do nothing: a pass leaves nothing behind."""
