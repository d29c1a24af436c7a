"""What can go wrong with programs and tasks."""

from amss_domain.shared.errors import AmssError
from amss_domain.shared.ids import TaskId


class OpenTaskExists(AmssError):
    """The link has its open task already."""

    code = "open_task_exists"

    def __init__(self, task_id: TaskId | None) -> None:
        which = "" if task_id is None else f" ({task_id})"
        super().__init__(f"this program has an open task on the aircraft already{which}; complete or cancel that one")
        self.task_id: TaskId | None = task_id
