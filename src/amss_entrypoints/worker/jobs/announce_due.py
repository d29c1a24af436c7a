"""Announcing what passing days make due."""

from datetime import timedelta
from functools import partial

from attrs import frozen

from amss_domain.scheduling.ports import WorkQueue
from amss_domain.scheduling.use_cases.announce_due_changes import AnnounceDueChanges
from amss_domain.shared.clock import Clock
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.jobs.organizations import PAGE, Organizations


@frozen(kw_only=True)
class AnnounceDue:
    """Announces, in every organization once the day has come there, what it makes due."""

    name = "announce-due"
    topics = ()
    rest = Rest.of(timedelta(seconds=60))
    alone = False

    organizations: Organizations
    queue: WorkQueue
    announce: AnnounceDueChanges
    clock: Clock

    async def run(self) -> int:
        """Announce what is to be announced, and return how many changes that were."""
        find = partial(self.queue.to_announce, at=self.clock.now(), limit=PAGE)
        return await self.organizations.each(lambda after: find(after=after), self.announce)

    async def close(self) -> None:
        """End what still goes on; what is not done is found again."""
        await self.organizations.close()
