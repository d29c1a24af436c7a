"""Commands that plan the work of tasks: what, when, after what, and whether later than it should be."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from amss_domain.scheduling.changes import TaskChanges
from amss_domain.scheduling.dependency import DependencyKind
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.program import Priority
from amss_domain.scheduling.task import TaskStatus, Work
from amss_domain.shared.page import Order, PageRequest
from amss_domain.shared.unset import UNSET, Unset
from amss_domain.testing.state_machine.pair import ACTORS, NUMBERS, REASONS, pick
from amss_domain.testing.state_machine.task_commands import TaskCommands
from amss_domain.testing.workshop import Workshop

_OPEN: Final = frozenset(status for status in TaskStatus if status.is_open)
_ORDERS: Final = st.builds(Order, st.sampled_from(["created_at", "due_at_date", "updated_at"]), st.booleans())
_HOURS: Final = st.integers(0, 20)


class PlanningCommands(TaskCommands):
    """Changing, moving, putting off and ordering tasks, and writing down what was done."""

    @rule(by=ACTORS, aircraft=NUMBERS, program=NUMBERS)
    def plan_early(self, by: str, aircraft: int, program: int) -> None:
        """Ask for a program's next task by hand."""
        aircraft_id, program_id = pick(self.aircraft, aircraft), pick(self.programs, program)
        work = Work(title="")
        self.ask(lambda shop: shop.plan_task(self.actors[by], aircraft_id, work, program_id=program_id))

    @rule(
        by=ACTORS,
        number=NUMBERS,
        title=st.sampled_from([UNSET, "Wash", " "]),
        priority=st.sampled_from([UNSET, *Priority]),
        expected=st.sampled_from([None, None, 0, 1]),
    )
    def change(
        self, by: str, number: int, title: str | Unset, priority: Priority | Unset, expected: int | None
    ) -> None:
        """Change what a task says; `expected` versions behind the one it has."""
        task = self.a_task(number, _OPEN)
        changes = TaskChanges(title=title, priority=priority)
        version = None if expected is None else task.version - expected
        self.ask(lambda shop: shop.change_task(self.actors[by], task.id, changes, expected_version=version))

    @rule(by=ACTORS, number=NUMBERS, start=_HOURS, length=st.integers(-1, 9), reason=REASONS, preview=st.booleans())
    def move(self, by: str, number: int, start: int, length: int, reason: str, preview: bool) -> None:
        """Move a task's planned window, or ask what that would mean."""
        task = self.a_task(number, _OPEN)
        at = self.clock.now() + timedelta(hours=start)
        self.ask(
            lambda shop: shop.reschedule_task(
                self.actors[by],
                task.id,
                planned_start=at,
                planned_end=at + timedelta(hours=length),
                reason=reason,
                preview=preview,
            )
        )

    @rule(by=ACTORS, number=NUMBERS, more=st.integers(-5, 50), days=st.none() | st.integers(-5, 90), reason=REASONS)
    def put_off(self, by: str, number: int, more: int, days: int | None, reason: str) -> None:
        """Put a task off by so much of each meter, and to a day if one is given."""
        task = self.a_task(number, frozenset({TaskStatus.SCHEDULED}))
        due = {point.limit: point.at + more for point in task.due if point.at is not None} or {"hours": Decimal(more)}
        later = {} if days is None else {"days": self.day(-days)}
        self.ask(
            lambda shop: shop.defer_task(
                self.actors[by], task.id, authority="CAMO", reason=reason, due={**due, **later}
            )
        )

    @rule(by=ACTORS, number=NUMBERS, other=NUMBERS, kind=st.sampled_from(DependencyKind))
    def wait_for(self, by: str, number: int, other: int, kind: DependencyKind) -> None:
        """Make a task wait for another, and say what it waits for then."""
        task, before = self.a_task(number, _OPEN), self.a_task(other, _OPEN)
        self.ask(lambda shop: shop.add_dependency(self.actors[by], task.id, before.id, kind=kind))
        self.ask(lambda shop: shop.list_dependencies(self.actors[by], task.id))

    @rule(by=ACTORS, number=NUMBERS, other=NUMBERS)
    def wait_no_longer(self, by: str, number: int, other: int) -> None:
        """Let a task wait for another no longer."""
        task, before = self.a_task(number, _OPEN), self.a_task(other, _OPEN)
        self.ask(lambda shop: shop.remove_dependency(self.actors[by], task.id, before.id))

    @rule(by=ACTORS, number=NUMBERS, hours=st.decimals(0, 25, places=2), user=st.none() | NUMBERS)
    def write_down(self, by: str, number: int, hours: Decimal, user: int | None) -> None:
        """Write a note on a task, and how long somebody worked on it."""
        task = self.a_task(number)
        user_id = None if user is None else self.somebody(user)
        self.ask(lambda shop: shop.add_note(self.actors[by], task.id, f"{hours} hours"))
        self.ask(lambda shop: shop.add_labour(self.actors[by], task.id, hours=hours, user_id=user_id))

    @rule(
        by=ACTORS,
        order=_ORDERS,
        statuses=st.lists(st.sampled_from(TaskStatus), max_size=2),
        due_statuses=st.lists(st.sampled_from(DueStatus), max_size=2),
        unassigned=st.booleans(),
        days=st.none() | st.integers(-5, 90),
        number=st.none() | NUMBERS,
    )
    def list_in_order(
        self,
        *,
        by: str,
        order: Order,
        statuses: list[TaskStatus],
        due_statuses: list[DueStatus],
        unassigned: bool,
        days: int | None,
        number: int | None,
    ) -> None:
        """List a page of tasks in some order."""
        filter = TaskFilter(
            statuses=tuple(statuses),
            due_statuses=tuple(due_statuses),
            unassigned=unassigned,
            due_before=None if days is None else self.day(-days),
        )
        after = None if number is None else self.a_task(number).id
        request = PageRequest(order=order, limit=3, after=after)
        self.ask(lambda shop: shop.list_tasks(self.actors[by], request, filter=filter))

    @rule(by=ACTORS, number=NUMBERS)
    def look_back(self, by: str, number: int) -> None:
        """Ask what happened to a task."""
        task = self.a_task(number)

        async def what_happened(shop: Workshop) -> list[tuple[str, object]]:
            page = await shop.task_history(self.actors[by], task.id, PageRequest())
            return sorted((entry.action, entry.version) for entry in page.items)

        self.ask(what_happened)
