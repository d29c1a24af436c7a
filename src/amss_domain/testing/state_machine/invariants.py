"""What must hold after every command, whatever came before."""

import asyncio
from collections import Counter

from attrs import evolve
from hypothesis.stateful import invariant

from amss_domain.fleet.ledger import Ledger
from amss_domain.inventory.stock import ReservationStatus
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import TaskId
from amss_domain.testing.backend import Backend
from amss_domain.testing.snapshot import Snapshot, snapshot
from amss_domain.testing.state_machine.pair import Pair


class Invariants(Pair):
    """Stock that adds up, tasks that stay done, ledgers that sum to their heads, a trail that only grows."""

    def __init__(self, left: Backend, right: Backend, runner: asyncio.Runner) -> None:
        super().__init__(left, right, runner)
        self.closed: dict[TaskId, Task] = {}
        self.recorded: int = 0

    @invariant()
    def holds(self) -> None:
        """Look at everything the left one has."""
        now = self.runner.run(snapshot(self.shops[0].tenant))
        _stock_adds_up(now)
        _ledgers_sum_to_their_heads(now)
        _links_have_one_open_task(now)
        _nothing_waits_in_a_circle(now)
        self._closed_tasks_stay(now)
        self._the_trail_only_grows(now)

    def _closed_tasks_stay(self, now: Snapshot) -> None:
        before = self.closed
        self.closed = {task.id: task for task in now.tasks if not task.status.is_open}
        for task_id, task in before.items():
            after = self.closed[task_id]
            if after != task:
                assert task.voiding is None
                assert evolve(after, voiding=None, updated_at=task.updated_at, version=task.version) == task

    def _the_trail_only_grows(self, now: Snapshot) -> None:
        assert len(now.entries) >= self.recorded
        self.recorded = len(now.entries)
        # Everything that a subscriber is told stands in the trail too.
        told = Counter((message.event_type, message.aggregate_id, message.version) for message in now.messages)
        assert told <= Counter(
            (f"{entry.resource_type}.{entry.action}", entry.resource_id, entry.version) for entry in now.entries
        )


def _stock_adds_up(now: Snapshot) -> None:
    held: Counter[object] = Counter()
    for reservations in now.reservations.values():
        for one in reservations:
            assert 0 <= one.quantity_consumed <= one.quantity
            if one.status is ReservationStatus.RESERVED:
                held[one.stock_id] += one.quantity
    for row in now.stock:
        assert 0 <= row.quantity_reserved <= row.quantity_on_hand
        assert row.quantity_reserved == held[row.id]
        assert row.quantity_on_hand == sum(movement.quantity for movement in now.movements[row.id])


def _ledgers_sum_to_their_heads(now: Snapshot) -> None:
    for aircraft in now.fleet:
        assert aircraft.head == Ledger(now.ledgers[aircraft.id]).head


def _nothing_waits_in_a_circle(now: Snapshot) -> None:
    waits_for = {task_id: {one.depends_on for one in of_task} for task_id, of_task in now.dependencies.items()}
    free = [task_id for task_id, others in waits_for.items() if not others]
    while free:
        for task_id in free:
            del waits_for[task_id]
        for others in waits_for.values():
            others.difference_update(free)
        free = [task_id for task_id, others in waits_for.items() if not others]
    assert waits_for == {}


def _links_have_one_open_task(now: Snapshot) -> None:
    opened = Counter(task.link_id for task in now.tasks if task.status.is_open and task.link_id)
    assert max(opened.values(), default=0) <= 1
