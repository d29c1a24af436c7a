"""What the story of `amss demo` looks at."""

from attrs import frozen

from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import Stock
from amss_domain.scheduling.due import LimitAssessment
from amss_domain.scheduling.ports import TaskFilter
from amss_domain.scheduling.task import Task, TaskStatus
from amss_domain.scheduling.use_cases.due_list import DueItem, Question
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import AircraftId, TaskId
from amss_domain.shared.page import PageRequest
from amss_entrypoints.cli.demo_tables import STORY_AIRCRAFT, STORY_PROGRAM
from amss_entrypoints.cli.due_list import point_of
from amss_entrypoints.cli.paging import every
from amss_entrypoints.cli.session import Session


@frozen
class View:
    """The demo fleet as it stands."""

    session: Session

    async def due(self) -> list[DueItem]:
        """Return the due list."""
        return [item async for item in self.session.services.due_list()(self.session.actor, Question())]

    async def story_item(self) -> DueItem:
        """Return the line of the due list that the story is about, with its trace. Raises `NotFound`."""
        question = Question(registration=STORY_AIRCRAFT, explain=True)
        async for item in self.session.services.due_list()(self.session.actor, question):
            if is_story(item):
                return item
        raise NotFound("requirement", f"{STORY_PROGRAM} of {STORY_AIRCRAFT}")

    async def open_task(self) -> Task:
        """Return the open task that the story is about. Raises `NotFound`."""
        item = await self.story_item()
        if item.task is None:
            raise NotFound("open task", f"of {STORY_PROGRAM} on {STORY_AIRCRAFT}")
        return item.task

    async def latest_done(self, aircraft_id: AircraftId) -> Task | None:
        """Return the latest task of the story's program that was completed; None when there is none."""
        program = await self.session.services.find_program()(self.session.actor, STORY_PROGRAM)
        wanted = TaskFilter(statuses=(TaskStatus.COMPLETED,), aircraft_id=aircraft_id, program_id=program.id)
        fetch = self.session.services.list_tasks()
        done = [view.task async for view in every(lambda one: fetch(self.session.actor, one, filter=wanted))]
        return done[-1] if done else None

    async def entries(self, task_id: TaskId) -> list[AuditEntry]:
        """Return what the audit trail says of the task and of the parts it used, oldest first."""
        search, actor = self.session.services.search_audit(), self.session.actor
        of_task = await search(actor, PageRequest(), filter=AuditFilter(resource_type="task", resource_id=task_id))
        of_parts = await search(actor, PageRequest(limit=200), filter=AuditFilter(resource_type="part"))
        about = [entry for entry in of_parts.items if entry.data.get("task_id") == str(task_id)]
        # Low stock is a matter of the part, whichever task took the last of it.
        moments = {entry.occurred_at for entry in about}
        low = [entry for entry in of_parts.items if entry.action == "low_stock" and entry.occurred_at in moments]
        return sorted([*of_task.items, *about, *low], key=lambda entry: (entry.occurred_at, entry.id))

    async def reserved(self, task_id: TaskId) -> list[tuple[Stock, Part, int]]:
        """Return the rows of stock that the task holds some of, with their parts and how many."""
        _, reservations = await self.session.services.get_task()(self.session.actor, task_id)
        fetch = self.session.services.list_stock()
        rows = {row.id: (row, part) async for row, part in every(lambda one: fetch(self.session.actor, one))}
        taken = [(*rows[one.stock_id], one.quantity) for one in reservations]
        return sorted(taken, key=lambda one: (one[1].part_number, one[0].created_at, one[0].id))


def is_story(item: DueItem) -> bool:
    """Tell whether the line of the due list is the one that the story is about."""
    return item.registration == STORY_AIRCRAFT and item.program == STORY_PROGRAM


def due_of(item: DueItem) -> str:
    """Return where the item falls due, in words."""
    return point_of(_driving(item))[0]


def left_of(item: DueItem) -> str:
    """Return what remains of the item, in words."""
    return point_of(_driving(item))[1]


def _driving(item: DueItem) -> LimitAssessment | None:
    return next((one for one in item.assessment.limits if one.point.limit == item.assessment.driver), None)
