"""The due status of open tasks that days have changed since it was last announced."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.evaluation import assessed, programs_of
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.shared.ids import TaskId

_ALL: Final = 10_000_000
_BATCH: Final = 500


async def restated(uow: SchedulingWork, on: date) -> dict[TaskId, DueStatus]:
    """Return the due status on the day of each open task for which it is not the one announced.

    Usage is announced with the usage, so only passing days can have changed one; few have while the worker runs.
    """
    found: dict[TaskId, DueStatus] = {}
    for batch in _batches(await uow.tasks.changing(on, limit=_ALL)):
        tasks = await uow.tasks.get_many(batch)
        aircraft = {one.id: one for one in await uow.fleet.get_many({task.aircraft_id for task in tasks})}
        programs = await programs_of(uow, tasks)
        for task in tasks:
            program = None if task.program_id is None else programs[task.program_id]
            status = assessed(task, program, aircraft[task.aircraft_id], on=on).status
            if status is not task.announced:
                found[task.id] = status
    return found


def _batches(ids: Sequence[TaskId]) -> Iterator[Sequence[TaskId]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
