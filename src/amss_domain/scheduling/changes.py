"""What is to be different about the work of a task."""

from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from attrs import evolve, frozen

from amss_domain.scheduling.program import Priority, RequiredPart
from amss_domain.scheduling.task import Work
from amss_domain.shared.unset import UNSET, Unset

V = TypeVar("V")


@frozen(kw_only=True)
class TaskChanges:
    """What is to be different about a task; `UNSET` leaves a field as it is, None empties it."""

    title: str | Unset = UNSET
    description: str | Unset | None = UNSET
    kind: str | Unset = UNSET
    priority: Priority | Unset = UNSET
    planned_start: datetime | Unset | None = UNSET
    planned_end: datetime | Unset | None = UNSET
    estimated_hours: Decimal | Unset | None = UNSET
    required_parts: tuple[RequiredPart, ...] | Unset = UNSET

    def of_work(self, work: Work) -> Work:
        """Return what becomes of the work."""
        return evolve(
            work,
            title=_changed(work.title, self.title),
            description=_changed(work.description, self.description),
            kind=_changed(work.kind, self.kind),
            priority=_changed(work.priority, self.priority),
            planned_start=_changed(work.planned_start, self.planned_start),
            planned_end=_changed(work.planned_end, self.planned_end),
            estimated_hours=_changed(work.estimated_hours, self.estimated_hours),
            required_parts=_changed(work.required_parts, self.required_parts),
        )


def _changed(before: V, change: V | Unset) -> V:
    return before if isinstance(change, Unset) else change
