"""Notes on tasks, the labour they took, and what they wait for."""

from typing import Final, cast

from amss_adapters.postgres.codec import (
    Params,
    Row,
    from_day,
    from_id,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    to_day,
    to_decimal,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table
from amss_domain.scheduling.dependency import Dependency, DependencyKind
from amss_domain.scheduling.log import Labour, TaskNote
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import DependencyId, LabourId, OrgId, TaskId, TaskNoteId, UserId

_SQL: Final = statements("task_log")
_NOTE: Final = Kind[TaskNote]("note")
_LABOUR: Final = Kind[Labour]("labour entry")


def _note_from(row: Row, org_id: OrgId) -> TaskNote:
    id, task_id, text, written_by, user_id, created_at = row
    return TaskNote(
        id=cast(TaskNoteId, to_id(id)),
        org_id=org_id,
        task_id=cast(TaskId, to_id(task_id)),
        text=to_text(text),
        written_by=to_text(written_by),
        user_id=cast("UserId | None", perhaps(to_id, user_id)),
        created_at=to_instant(created_at),
    )


def _labour_from(row: Row, org_id: OrgId) -> Labour:
    id, task_id, user_id, hours, worked_on, note, recorded_by, created_at = row
    return Labour(
        id=cast(LabourId, to_id(id)),
        org_id=org_id,
        task_id=cast(TaskId, to_id(task_id)),
        user_id=cast("UserId | None", perhaps(to_id, user_id)),
        hours=to_decimal(hours),
        worked_on=to_day(worked_on),
        note=perhaps(to_text, note),
        recorded_by=to_text(recorded_by),
        created_at=to_instant(created_at),
    )


def _dependency_from(row: Row, org_id: OrgId) -> Dependency:
    id, task_id, depends_on, kind, removed_at, created_at, updated_at, version = row
    return Dependency(
        id=cast(DependencyId, to_id(id)),
        org_id=org_id,
        task_id=cast(TaskId, to_id(task_id)),
        depends_on=cast(TaskId, to_id(depends_on)),
        kind=DependencyKind(to_text(kind)),
        removed_at=perhaps(to_instant, removed_at),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _dependency_fields(dependency: Dependency) -> Params:
    return (
        from_id(dependency.task_id),
        from_id(dependency.depends_on),
        from_text(dependency.kind.value),
        maybe(from_instant, dependency.removed_at),
        from_instant(dependency.updated_at),
        from_number(dependency.version),
    )


def _pair_taken(dependency: Dependency) -> AlreadyExists:
    return AlreadyExists("dependency", f"of task {dependency.task_id} on {dependency.depends_on}")


_DEPENDENCIES: Final = Table[Dependency](
    name="task_dependencies",
    kind=Kind("dependency", {"task_dependencies_pair_key": _pair_taken}),
    read=_dependency_from,
    fields=_dependency_fields,
    insert=_SQL["dependency_insert"],
    update=_SQL["dependency_update"],
)


class PostgresTaskLog:
    """What was written down while the organization's tasks were worked on."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def notes(self, task_id: TaskId, /) -> tuple[TaskNote, ...]:
        """Return the task's notes in the order of their ids."""
        session = self._session
        rows = await session.read(_SQL["note_of_task"], (session.org, from_id(task_id)), _NOTE)
        return tuple(_note_from(row, session.org_id) for row in rows)

    async def labour(self, task_id: TaskId, /) -> tuple[Labour, ...]:
        """Return the task's labour in the order of the ids."""
        session = self._session
        rows = await session.read(_SQL["labour_of_task"], (session.org, from_id(task_id)), _LABOUR)
        return tuple(_labour_from(row, session.org_id) for row in rows)

    def note(self, note: TaskNote, /) -> None:
        """Add a note. Conflicts: `BrokenReference`."""
        self._session.require_own(note.org_id, "task_notes")
        params = (
            self._session.org,
            from_id(note.id),
            from_id(note.task_id),
            from_text(note.text),
            from_text(note.written_by),
            maybe(from_id, note.user_id),
            from_instant(note.created_at),
        )
        self._session.queue(_SQL["note_insert"], params, Subject(_NOTE, note.id, note))

    def record(self, labour: Labour, /) -> None:
        """Add hours worked. Conflicts: `BrokenReference`, `InvariantBroken`."""
        self._session.require_own(labour.org_id, "task_labour")
        params = (
            self._session.org,
            from_id(labour.id),
            from_id(labour.task_id),
            maybe(from_id, labour.user_id),
            from_number(labour.hours),
            from_day(labour.worked_on),
            maybe(from_text, labour.note),
            from_text(labour.recorded_by),
            from_instant(labour.created_at),
        )
        self._session.queue(_SQL["labour_insert"], params, Subject(_LABOUR, labour.id, labour))


class PostgresDependencies:
    """What the organization's tasks wait for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, dependency_id: DependencyId, /) -> Dependency:
        """Return the dependency, also a removed one. Raises `NotFound`."""
        return await _DEPENDENCIES.one(self._session, _SQL["dependency_get"], dependency_id)

    async def of_task(self, task_id: TaskId, /) -> tuple[Dependency, ...]:
        """Return what the task waits for, in the order of the ids."""
        return await _DEPENDENCIES.found(self._session, _SQL["dependency_of_task"], from_id(task_id))

    async def on_task(self, task_id: TaskId, /) -> tuple[Dependency, ...]:
        """Return what waits for the task, in the order of the ids."""
        return await _DEPENDENCIES.found(self._session, _SQL["dependency_on_task"], from_id(task_id))

    async def downstream(self, task_id: TaskId, /) -> tuple[Dependency, ...]:
        """Return all through which others wait for the task, in the order of the ids."""
        return await _DEPENDENCIES.found(self._session, _SQL["dependency_downstream"], from_id(task_id))

    def add(self, dependency: Dependency, /) -> None:
        """Add a dependency. Conflicts: `AlreadyExists` for a pair that has one, `BrokenReference`."""
        _DEPENDENCIES.add(self._session, dependency)

    def save(self, dependency: Dependency, /, *, was: Dependency) -> None:
        """Save a changed dependency. Conflicts: `StaleVersion`."""
        _DEPENDENCIES.save(self._session, dependency, was=was)
