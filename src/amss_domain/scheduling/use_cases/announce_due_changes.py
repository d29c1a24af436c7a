"""Announcing what passing days made due."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.scheduling.evaluation import announce_all
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class AnnounceDueChanges:
    """Announce each open task's due status that changed because days passed, once each.

    A pass costs what changed: tasks are found by the day on which they change. `batch` is how many one unit of work
    takes.
    """

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock
    batch: int = 200

    async def __call__(self, by: Actor) -> int:
        """Return how many changes were announced. Raises `NotPermitted`."""
        authorize(by, "tasks:write")
        announced = 0
        while True:
            step = await on_fresh_data(lambda: self._step(by))
            if step is None:
                return announced
            announced += step

    async def _step(self, by: Actor) -> int | None:
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            ids = await uow.tasks.changing(today.on, limit=self.batch)
            if not ids:
                return None
            seen = await uow.tasks.get_many(ids)
            aircraft = await uow.fleet.get_many_for_update({task.aircraft_id for task in seen})
            tasks = [task for task in await uow.tasks.get_many_for_update(ids) if task.status.is_open]
            announced = await announce_all(uow, tasks, {one.id: one for one in aircraft}, today=today)
            await uow.commit()
        return announced
