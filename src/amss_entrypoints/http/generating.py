"""Making the tasks that follow from a command, right after its answer: the worker would make them a little later."""

import asyncio
from typing import Final

import structlog

from amss_domain.shared.actor import system_actor
from amss_domain.shared.errors import AmssError
from amss_domain.shared.ids import OrgId
from amss_entrypoints.container import Container

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("amss.http")


class Generating:
    """Generates an organization's tasks in the background, one pass at a time; a pass costs what is due."""

    def __init__(self, services: Container) -> None:
        self._services = services
        self._running: dict[OrgId, asyncio.Task[None]] = {}
        self._again: set[OrgId] = set()

    def wake(self, org_id: OrgId) -> None:
        """Have a pass begin after this, now or when the one under way has ended."""
        if org_id in self._running:
            self._again.add(org_id)
        else:
            self._running[org_id] = asyncio.create_task(self._run(org_id))

    async def finish(self) -> None:
        """Wait for the passes under way."""
        while self._running:
            await asyncio.gather(*self._running.values())

    async def _run(self, org_id: OrgId) -> None:
        try:
            while True:
                self._again.discard(org_id)
                await self._services.generate_due_tasks()(system_actor(org_id, "generator"))
                if org_id not in self._again:
                    return
        except AmssError as error:
            # What is not made now is made by the next pass: nothing is lost.
            _log.warning("tasks not generated", org_id=str(org_id), code=error.code, why=str(error))
        finally:
            del self._running[org_id]
