"""Completes every open task of the demo organization if told to, then runs the generator so many times.

Prints how many tasks it completed, and how many it made when running the generator.
"""

import asyncio
import sys

from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import TaskStatus
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import Refused, StaleVersion
from amss_domain.shared.page import PageRequest
from amss_entrypoints.container import Database, as_worker, open_database
from amss_entrypoints.settings import read_settings
from amss_entrypoints.worker.jobs import jobs_over


async def work(database: Database, times: int) -> tuple[int, int]:
    """Return how many tasks were completed and made here, the latter by the use case and by the worker's job."""
    completed = made = 0
    async with as_worker(database).services() as services:
        organization = await services.directory().by_slug("demo-org")
        actor = system_actor(organization.id, "worker")
        page = await services.list_tasks()(
            actor, PageRequest(limit=200), filter=TaskFilter(statuses=(TaskStatus.SCHEDULED,))
        )
        for view in page.items:
            try:
                await services.start_task()(actor, view.task.id)
                await services.complete_task()(actor, view.task.id, Report())
                completed += 1
            except (Refused, StaleVersion):
                # Another process was first.
                continue
        (job,) = [one for one in jobs_over(services, worker="generator") if one.name == "generate-tasks"]
        for _ in range(times):
            made += (await services.generate_due_tasks()(actor)).tasks
            made += await job.run()
    return completed, made


if __name__ == "__main__":
    with open_database(read_settings()) as opened:
        print(*asyncio.run(work(opened, int(sys.argv[1]))))
