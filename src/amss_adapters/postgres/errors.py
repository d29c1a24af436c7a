"""What the database refused, as an error of the domain; nothing of the driver or of SQL gets into a message."""

from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

import psycopg
from attrs import field, frozen
from psycopg import pq
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGresult

from amss_adapters.postgres.codec import unstorable_text
from amss_adapters.postgres.pool import DATABASE
from amss_adapters.postgres.wire import ConnectionLost
from amss_domain.shared.errors import (
    AlreadyExists,
    AmssError,
    BrokenReference,
    InvalidInput,
    InvariantBroken,
    StaleVersion,
    Unavailable,
)
from amss_domain.shared.violation import Violation

E = TypeVar("E")

# PostgreSQL docs, appendix A; AM001 is ours, raised by amss_expect_one.
_NOT_ONE_ROW: Final = "AM001"
_UNIQUE: Final = "23505"
_FOREIGN_KEY: Final = "23503"
_SERIALIZATION: Final = ("40001", "40P01")
_TEXT: Final = ("22P05", "22021", "22P02")
_PRIVILEGE: Final = "42501"
_TIMEOUTS: Final = ("55P03", "57014", "25P03")
_PREPARED: Final = ("26000", "42P05")
_STOPPING: Final = ("57P01", "57P02", "57P03")
# Beyond those above, what passes or is put right without changing what was asked for: the connection, room and memory,
# the operator and the server itself, what lies under it; a server that only reads is about to be replaced.
_PASSING: Final = ("08", "53", "57", "58", "40003", "25006", "25P04")
_SCHEMA: Final = ("42P01", "42703", "42883", "3F000")


@frozen(eq=False)
class Kind(Generic[E]):
    """What one kind of object is called in errors, and the named error of each constraint of its own.

    `conflicts` makes the error for an object by the name of the constraint, or by the SQLSTATE where there is none.
    """

    name: str
    conflicts: Mapping[str, Callable[[E], AmssError]] = field(factory=dict)


@frozen(eq=False)
class Subject(Generic[E]):
    """The object that a statement is about, for errors; `identity` is its id."""

    kind: Kind[E]
    identity: object
    thing: E | None = None


class DatabaseFault(RuntimeError):
    """The database refused a statement for a reason that no waiting cures, and that none of ours is known for."""


def refusal(result: PGresult, subject: Subject[E]) -> AmssError | DatabaseFault:
    """Return the error for a failed statement, with the driver's own as its cause."""
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    constraint = (result.error_field(pq.DiagnosticField.CONSTRAINT_NAME) or b"").decode()
    error = _refusal(state, constraint, subject)
    error.__cause__ = error_from_result(result)
    return error


def loss(lost: ConnectionLost) -> Unavailable:
    """Return the error for a connection that ended."""
    error = Unavailable(DATABASE, "the connection was lost; whether the change was made is not known")
    error.__cause__ = psycopg.OperationalError(str(lost))
    return error


def _refusal(state: str, constraint: str, subject: Subject[E]) -> AmssError | DatabaseFault:
    conflict = subject.kind.conflicts.get(constraint or state)
    if conflict is not None and subject.thing is not None:
        return conflict(subject.thing)
    if state == _NOT_ONE_ROW or state in _SERIALIZATION:
        return StaleVersion(subject.kind.name, subject.identity)
    if state == _UNIQUE:
        return AlreadyExists(subject.kind.name, str(subject.identity))
    if state == _FOREIGN_KEY:
        return BrokenReference(constraint)
    if state.startswith("23"):
        return InvariantBroken(constraint or f"{subject.kind.name}_complete")
    if state in _TEXT:
        return unstorable_text()
    if state.startswith("22"):
        return InvalidInput(
            [Violation("unstorable_value", f"the {subject.kind.name} holds a value that is out of range")]
        )
    return _unavailable(state)


def _unavailable(state: str) -> Unavailable | DatabaseFault:
    if state in _TIMEOUTS:
        return Unavailable(DATABASE, "it took too long, or waited too long for somebody else; try again")
    if state == _PRIVILEGE:
        return Unavailable(
            DATABASE, "its role may not do this; run `amss migrate up` with the owner's DB_MIGRATION_URL"
        )
    if state in _STOPPING:
        return Unavailable(DATABASE, "its server is stopping or starting; try again")
    if state in _SCHEMA:
        return Unavailable(DATABASE, "its schema is not the one expected; run `amss migrate up`")
    if state in _PREPARED:
        return Unavailable(DATABASE, "a pooler in between loses prepared statements; turn them off in the settings")
    if not state or state.startswith(_PASSING):
        return Unavailable(DATABASE, f"it gave up with state {state or 'unknown'}")
    return DatabaseFault(f"the database refused a statement with state {state}")
