"""Commands to tasks."""

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.program import RequiredPart
from amss_domain.scheduling.task import Task, TaskStatus, Work
from amss_domain.scheduling.use_cases.complete_task import Report
from amss_domain.scheduling.use_cases.due_list import DueItem, Question
from amss_domain.shared.ids import PartId
from amss_domain.shared.page import PageRequest
from amss_domain.shared.units import HOURS
from amss_domain.testing.state_machine.fleet_commands import FleetCommands
from amss_domain.testing.state_machine.pair import ACTORS, NUMBERS, REASONS, WORKER, pick
from amss_domain.testing.tenant import all_of
from amss_domain.testing.workshop import Workshop

_WAITING: Final = frozenset(status for status in TaskStatus if status.is_waiting)
_IN_PROGRESS: Final = frozenset({TaskStatus.IN_PROGRESS})
_OPEN: Final = _WAITING | _IN_PROGRESS
_COMPLETED: Final = frozenset({TaskStatus.COMPLETED})

_MORE: Final = st.none() | st.decimals(0, 9, places=1)


class TaskCommands(FleetCommands):
    """Planning, assigning, starting, completing, cancelling and voiding tasks, and asking what is due."""

    @rule(by=ACTORS, aircraft=NUMBERS, kind=st.sampled_from(["defect", "repair"]), part=st.none() | NUMBERS)
    def plan(self, by: str, aircraft: int, kind: str, part: int | None) -> None:
        """Plan work that no program asks for."""
        needed = () if part is None else (RequiredPart(pick(self.parts, part), 1),)
        work = Work(title="Repair the oil leak", kind=kind, required_parts=needed)
        self.ask(lambda shop: shop.plan_task(self.actors[by], pick(self.aircraft, aircraft), work))

    @rule(by=ACTORS, number=NUMBERS, user=NUMBERS)
    def assign(self, by: str, number: int, user: int) -> None:
        """Give a task to somebody."""
        task = self.a_task(number, _OPEN)
        self.ask(lambda shop: shop.assign_task(self.actors[by], task.id, self.somebody(user)))

    @rule(by=ACTORS, number=NUMBERS)
    def start(self, by: str, number: int) -> None:
        """Begin work on a task."""
        task = self.a_task(number, _WAITING)
        self.ask(lambda shop: shop.start_task(self.actors[by], task.id))

    @rule(by=ACTORS, number=NUMBERS, part=st.none() | NUMBERS, quantity=st.integers(0, 4), start=st.booleans())
    def reserve(self, by: str, number: int, part: int | None, quantity: int, start: bool) -> None:
        """Reserve parts for a task."""
        task = self.a_task(number, _OPEN)
        wanted = None if part is None else {pick(self.parts, part): quantity}
        self.ask(lambda shop: shop.reserve_parts(self.actors[by], task.id, wanted, start=start))

    @rule(by=ACTORS, number=NUMBERS, passed=st.booleans())
    def check_item(self, by: str, number: int, passed: bool) -> None:
        """Check the first item of a task's checklist."""
        task = self.a_task(number, _IN_PROGRESS)
        self.ask(lambda shop: shop.check_item(self.actors[by], task.id, 0, passed=passed))

    @rule(by=ACTORS, number=NUMBERS, ago=st.sampled_from([0, 0, 1, 2, -1]), more=_MORE, part=st.none() | NUMBERS)
    def complete(self, by: str, number: int, ago: int, more: Decimal | None, part: int | None) -> None:
        """Complete a task, with readings ahead of the ledger and parts used or neither."""
        task = self.a_task(number, _IN_PROGRESS)
        used = None if part is None else {pick(self.parts, part): 1}
        self._complete(by, task, ago=ago, more=more, used=used)

    @rule(number=NUMBERS, more=_MORE)
    def do_at_once(self, number: int, more: Decimal | None) -> None:
        """Begin a task, pass its checklist and complete it."""
        task = self.a_task(number, _OPEN)
        actor = self.actors[WORKER]
        self.ask(lambda shop: shop.start_task(actor, task.id))
        if task.work.checklist:
            self.ask(lambda shop: shop.check_item(actor, task.id, 0, passed=True))
        self._complete(WORKER, task, ago=0, more=more, used=None)

    @rule(by=ACTORS, number=NUMBERS, reason=REASONS)
    def cancel(self, by: str, number: int, reason: str) -> None:
        """Cancel a task."""
        task = self.a_task(number, _OPEN)
        self.ask(lambda shop: shop.cancel_task(self.actors[by], task.id, reason=reason))

    @rule(by=ACTORS, number=NUMBERS, reason=REASONS)
    def void(self, by: str, number: int, reason: str) -> None:
        """Void the completion of a task."""
        task = self.a_task(number, _COMPLETED)
        self.ask(lambda shop: shop.void_completion(self.actors[by], task.id, reason=reason))

    @rule(by=ACTORS, ago=st.sampled_from([None, 0, 5]))
    def ask_what_is_due(self, by: str, ago: int | None) -> None:
        """Ask for the due list with every explanation, now or as of a day past."""
        question = Question(as_of=None if ago is None else self.day(ago), explain=True)

        async def due(shop: Workshop) -> list[DueItem]:
            return [item async for item in shop.due_list(self.actors[by], question)]

        self.ask(due)

    @rule(by=ACTORS, status=st.none() | st.sampled_from(TaskStatus), limit=st.integers(1, 3), number=NUMBERS)
    def list_tasks(self, by: str, status: TaskStatus | None, limit: int, number: int) -> None:
        """List a page of tasks and look at the one before it."""
        task = self.a_task(number)
        request = PageRequest(limit=limit, after=task.id)
        wanted = TaskFilter(statuses=() if status is None else (status,))
        self.ask(lambda shop: shop.list_tasks(self.actors[by], request, filter=wanted))
        self.ask(lambda shop: shop.get_task(self.actors[by], task.id))

    def a_task(self, number: int, statuses: Collection[TaskStatus] = ()) -> Task:
        """Return one of the tasks, most often one in such a state if there is any."""
        tasks = self.look(lambda uow: all_of(lambda request: uow.tasks.page(request, filter=TaskFilter())))
        fitting = [task for task in tasks if task.status in statuses]
        return pick(fitting if fitting and number % 8 else tasks, number)

    def _complete(self, by: str, task: Task, *, ago: int, more: Decimal | None, used: dict[PartId, int] | None) -> None:
        aircraft = self.look(lambda uow: uow.fleet.get(task.aircraft_id))
        report = Report(
            completed_on=self.day(ago),
            readings={} if more is None else {HOURS: aircraft.head.face(HOURS) + more},
            parts_used=used,
        )
        self.ask(lambda shop: shop.complete_task(self.actors[by], task.id, report))
