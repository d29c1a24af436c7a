"""Notes on tasks, the labour they took, and what they wait for."""

from operator import attrgetter

from amss_adapters.memory.access import USERS
from amss_adapters.memory.tables import Check, Groups, Reference, Table, Unique
from amss_adapters.memory.tasks import TASKS
from amss_adapters.memory.transaction import Transaction
from amss_domain.scheduling.dependency import Dependency
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import DependencyId, TaskId

_NOTES_OF: Groups[TaskNote] = Groups(lambda note: (note.task_id,))
_NOTES: Table[TaskNote] = Table(
    name="task_notes",
    kind="note",
    groups=(_NOTES_OF,),
    references=(
        Reference("task_notes_task_fkey", attrgetter("task_id"), TASKS),
        Reference("task_notes_user_fkey", attrgetter("user_id"), USERS),
    ),
)

_LABOUR_OF: Groups[Labour] = Groups(lambda labour: (labour.task_id,))
_LABOUR: Table[Labour] = Table(
    name="task_labour",
    kind="labour entry",
    groups=(_LABOUR_OF,),
    references=(
        Reference("task_labour_task_fkey", attrgetter("task_id"), TASKS),
        Reference("task_labour_user_fkey", attrgetter("user_id"), USERS),
    ),
    checks=(Check("task_labour_hours_check", lambda labour: labour.hours > 0),),
)


def _pair(dependency: Dependency) -> tuple[TaskId, TaskId] | None:
    return (dependency.task_id, dependency.depends_on) if dependency.removed_at is None else None


def _ends(dependency: Dependency) -> tuple[tuple[str, TaskId], ...]:
    if dependency.removed_at is not None:
        return ()
    return ("of", dependency.task_id), ("on", dependency.depends_on)


_BY_PAIR: Unique[Dependency] = Unique(
    _pair, lambda one, _: AlreadyExists("dependency", f"of task {one.task_id} on {one.depends_on}")
)
_BY_END: Groups[Dependency] = Groups(_ends)
_DEPENDENCIES: Table[Dependency] = Table(
    name="task_dependencies",
    kind="dependency",
    uniques=(_BY_PAIR,),
    groups=(_BY_END,),
    references=(
        Reference("task_dependencies_task_fkey", attrgetter("task_id"), TASKS),
        Reference("task_dependencies_depends_on_fkey", attrgetter("depends_on"), TASKS),
    ),
    checks=(Check("task_dependencies_other_check", lambda one: one.task_id != one.depends_on),),
)


class MemoryTaskLog:
    """What was written down while the organization's tasks were worked on."""

    def __init__(self, transaction: Transaction) -> None:
        self._notes = transaction.view(_NOTES)
        self._labour = transaction.view(_LABOUR)

    async def notes(self, task_id: TaskId, /) -> tuple[TaskNote, ...]:
        """Return the task's notes in the order of their ids."""
        return tuple(self._notes.group(_NOTES_OF, task_id))

    async def labour(self, task_id: TaskId, /) -> tuple[Labour, ...]:
        """Return the task's labour in the order of the ids."""
        return tuple(self._labour.group(_LABOUR_OF, task_id))

    def note(self, note: TaskNote, /) -> None:
        """Add a note. Raises `BrokenReference`."""
        self._notes.add(note)

    def record(self, labour: Labour, /) -> None:
        """Add hours worked. Raises `BrokenReference`, `InvariantBroken`."""
        self._labour.add(labour)


class MemoryDependencies:
    """What the organization's tasks wait for."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(_DEPENDENCIES)

    async def get(self, dependency_id: DependencyId, /) -> Dependency:
        """Return the dependency, also a removed one. Raises `NotFound`."""
        return self._rows.get(dependency_id)

    async def of_task(self, task_id: TaskId, /) -> tuple[Dependency, ...]:
        """Return what the task waits for, in the order of the ids."""
        return tuple(self._rows.group(_BY_END, ("of", task_id)))

    async def on_task(self, task_id: TaskId, /) -> tuple[Dependency, ...]:
        """Return what waits for the task, in the order of the ids."""
        return tuple(self._rows.group(_BY_END, ("on", task_id)))

    async def downstream(self, task_id: TaskId, /) -> tuple[Dependency, ...]:
        """Return all through which others wait for the task, in the order of the ids."""
        found: dict[DependencyId, Dependency] = {}
        ends = [task_id]
        while ends:
            fresh = [one for one in self._rows.groups(_BY_END, [("on", end) for end in ends]) if one.id not in found]
            found.update((one.id, one) for one in fresh)
            ends = [one.task_id for one in fresh]
        return tuple(found[dependency_id] for dependency_id in sorted(found))

    def add(self, dependency: Dependency, /) -> None:
        """Add a dependency. Raises `AlreadyExists` for a pair that has one, `BrokenReference`, `InvariantBroken`."""
        self._rows.add(dependency)

    def save(self, dependency: Dependency, /, *, was: Dependency) -> None:
        """Save a changed dependency. Raises `StaleVersion`."""
        self._rows.save(dependency, was=was)
