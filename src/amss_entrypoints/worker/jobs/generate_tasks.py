"""Making the tasks that are to appear."""

from datetime import timedelta
from functools import partial

from attrs import frozen

from amss_domain.scheduling.ports import GENERATE, WorkQueue
from amss_domain.scheduling.use_cases.generate_due_tasks import GenerateDueTasks
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.jobs.organizations import PAGE, Organizations


@frozen(kw_only=True)
class GenerateTasks:
    """Makes tasks in every organization in which some have to appear: when woken, and as days pass."""

    name = "generate-tasks"
    topics = (GENERATE,)
    rest = Rest.of(timedelta(seconds=30))
    alone = False

    organizations: Organizations
    queue: WorkQueue
    generate: GenerateDueTasks
    clock: Clock

    async def run(self) -> int:
        """Make what is to be made, and return how many links, changes of links and tasks that were."""
        at = self.clock.now()
        find = partial(self.queue.to_generate, at=at, limit=PAGE)
        return await self.organizations.each(lambda after: find(after=after), self._make)

    async def close(self) -> None:
        """End what still goes on; what is not done is found again."""
        await self.organizations.close()

    async def _make(self, by: Actor) -> int:
        made = await self.generate(by)
        return made.linked + made.followed + made.tasks
