"""What an event is: the only way a change is announced."""

from datetime import datetime
from functools import cache
from typing import ClassVar, TypeVar
from uuid import UUID

from attrs import AttrsInstance, fields, frozen

from amss_domain.shared.plain import JsonValue, plain

E = TypeVar("E", bound=AttrsInstance)


@frozen
class Change:
    """One field's value before and after; None before means that it was not there."""

    field: str
    before: JsonValue
    after: JsonValue


@frozen(kw_only=True)
class Event:
    """Something that happened to one object, as a fact in the past tense.

    `type` is `<resource>.<action>`. A `public` event is also put into the outbox; every event becomes an audit entry.
    `version` is the object's version after it happened. Fields that a subclass adds are its facts.
    """

    type: ClassVar[str]
    public: ClassVar[bool] = True

    aggregate_id: UUID
    version: int
    occurred_at: datetime
    changes: tuple[Change, ...] = ()
    reason: str | None = None

    @property
    def resource(self) -> str:
        """The noun of the type: `task` of `task.completed`."""
        return self.type.partition(".")[0]

    @property
    def action(self) -> str:
        """The verb of the type: `completed` of `task.completed`."""
        return self.type.partition(".")[2]

    def data(self) -> dict[str, JsonValue]:
        """Return the facts for subscribers: the object's id as `<resource>_id`, and every field a subclass added."""
        facts: dict[str, JsonValue] = {f"{self.resource}_id": str(self.aggregate_id)}
        kind: type[AttrsInstance] = type(self)
        for name in _fields_besides(_COMMON, kind):
            facts[name] = plain(getattr(self, name))
        return facts


_COMMON = frozenset(field.name for field in fields(Event))


# Bookkeeping that every save touches says nothing about what changed.
_BOOKKEEPING = frozenset({"id", "org_id", "version", "created_at", "updated_at"})


def changes_between(before: E | None, after: E) -> tuple[Change, ...]:
    """Return every field that differs, in the order of the class; all that is set when `before` is None."""
    changes = []
    for name in _fields_besides(_BOOKKEEPING, type(after)):
        old = None if before is None else getattr(before, name)
        new = getattr(after, name)
        if old != new:
            changes.append(Change(name, plain(old), plain(new)))
    return tuple(changes)


@cache
def _fields_besides(left_out: frozenset[str], kind: type[AttrsInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in left_out)
