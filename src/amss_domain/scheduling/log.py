"""What is written down while a task is worked on: notes, and the hours it took; nothing of it is ever changed."""

from datetime import date, datetime
from decimal import Decimal

from attrs import frozen

from amss_domain.scheduling.events import TaskLabourRecorded, TaskNoted
from amss_domain.scheduling.task import Task
from amss_domain.shared.ids import LabourId, OrgId, TaskId, TaskNoteId, UserId
from amss_domain.shared.units import HOURS, exact_amount
from amss_domain.shared.violation import Violation

_LONGEST_NOTE = 10_000


@frozen(kw_only=True)
class TaskNote:
    """What somebody wrote on a task; `written_by` is the name that one had then, `user_id` is None for no user."""

    id: TaskNoteId
    org_id: OrgId
    task_id: TaskId
    text: str
    written_by: str
    user_id: UserId | None
    created_at: datetime

    def written(self, task: Task) -> TaskNoted:
        """Announce that it was written on the task."""
        return TaskNoted(
            aggregate_id=task.id,
            version=task.version,
            occurred_at=self.created_at,
            aircraft_id=task.aircraft_id,
            program_id=task.program_id,
            title=task.work.title,
            note_id=self.id,
            text=self.text,
        )


@frozen(kw_only=True)
class Labour:
    """So many hours that somebody worked on a task on a day; `user_id` is None where that was no user."""

    id: LabourId
    org_id: OrgId
    task_id: TaskId
    user_id: UserId | None
    hours: Decimal
    worked_on: date
    note: str | None
    recorded_by: str
    created_at: datetime

    def recorded(self, task: Task) -> TaskLabourRecorded:
        """Announce that it was recorded for the task."""
        return TaskLabourRecorded(
            aggregate_id=task.id,
            version=task.version,
            occurred_at=self.created_at,
            aircraft_id=task.aircraft_id,
            program_id=task.program_id,
            title=task.work.title,
            labour_id=self.id,
            user_id=self.user_id,
            hours=self.hours,
            worked_on=self.worked_on,
        )


def violations_of_note(text: str) -> tuple[Violation, ...]:
    """Return what is wrong with the text of a note."""
    if text.strip() and len(text) <= _LONGEST_NOTE:
        return ()
    return (Violation("invalid_note", f"a note has 1 to {_LONGEST_NOTE} characters", "text"),)


def violations_of_labour(hours: Decimal, note: str | None) -> tuple[Violation, ...]:
    """Return what is wrong with hours worked in one day: more than 0 and at most 24, in hundredths."""
    found = []
    try:
        possible = 0 < exact_amount(hours, HOURS) <= 24
    except ValueError:
        possible = False
    if not possible:
        message = "hours worked on one day are more than 0 and at most 24, with up to two decimals"
        found.append(Violation("invalid_hours", message, "hours"))
    if note is not None and len(note) > _LONGEST_NOTE:
        found.append(Violation("invalid_note", f"a note has at most {_LONGEST_NOTE} characters", "note"))
    return tuple(found)
