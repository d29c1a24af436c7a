"""Completes every open task of the demo organization and generates in between, as often as told, whoever else does too.

Prints how many tasks it completed.
"""

import asyncio
import sys

from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import TaskStatus
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import Refused, StaleVersion
from amss_domain.shared.page import PageRequest
from amss_entrypoints.container import Database, open_database
from amss_entrypoints.settings import read_settings


async def work(database: Database, rounds: int) -> int:
    """Return how many tasks were completed here."""
    completed = 0
    async with database.services() as services:
        organization = await services.directory().by_slug("demo-org")
        actor = system_actor(organization.id, "worker")
        for _ in range(rounds):
            wanted = TaskFilter(statuses=(TaskStatus.SCHEDULED,))
            page = await services.list_tasks()(actor, PageRequest(limit=200), filter=wanted)
            for view in page.items:
                try:
                    await services.start_task()(actor, view.task.id)
                    await services.complete_task()(actor, view.task.id, Report())
                    completed += 1
                except (Refused, StaleVersion):
                    # The other one was first.
                    continue
            await services.generate_due_tasks()(actor)
    return completed


if __name__ == "__main__":
    with open_database(read_settings()) as opened:
        print(asyncio.run(work(opened, int(sys.argv[1]))))
