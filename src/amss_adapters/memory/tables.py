"""Tables: rows by id, the indexes over them, and what they may not break."""

from collections.abc import Callable, Hashable, Iterator
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from attrs import frozen

from amss_adapters.memory.sorted_keys import SortedKeys, SortKey
from amss_domain.shared.errors import AmssError
from amss_domain.shared.ids import OrgId


class Row(Protocol):
    """What a table holds: something with an identity."""

    @property
    def id(self) -> UUID: ...


class Versioned(Row, Protocol):
    """What can be saved again, guarded by its version."""

    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Row)


def by_id(row: Row) -> SortKey:
    """Sort by id; as UUIDs compare as the numbers they are, and numbers compare faster."""
    return (row.id.int, row.id)


def after_id(id: UUID | None) -> SortKey:
    """Return the sort key to go on after, for rows sorted by id; the one before all of them for None."""
    return () if id is None else (id.int, id)


@frozen(eq=False)
class Unique(Generic[R]):
    """A key that one row at most has; rows for which it is None have none.

    `conflict` makes the error for a row whose key the row with the given id has.
    """

    key: Callable[[R], Hashable | None]
    conflict: Callable[[R, UUID], AmssError]


@frozen(eq=False)
class Groups(Generic[R]):
    """Rows that belong together, in order: each row is in the group of every one of its keys."""

    keys: Callable[[R], tuple[Hashable, ...]]
    order: Callable[[R], SortKey] = by_id


@frozen(eq=False)
class Reference(Generic[R]):
    """The id of a row of another table, of the same one when `table` is None; a None for id refers to nothing."""

    name: str
    id: Callable[[R], UUID | None]
    table: "Table[Any] | None"


@frozen(eq=False)
class Check(Generic[R]):
    """What must hold for every row."""

    name: str
    holds: Callable[[R], bool]


@frozen(eq=False, kw_only=True)
class Table(Generic[R]):
    """What one kind of row is called, found by and held to; `owner` is the organization that a row belongs to."""

    name: str
    kind: str
    owner: Callable[[R], OrgId] = attrgetter("org_id")
    uniques: tuple[Unique[R], ...] = ()
    groups: tuple[Groups[R], ...] = ()
    references: tuple[Reference[R], ...] = ()
    checks: tuple[Check[R], ...] = ()


class Rows(Generic[R]):
    """Rows of one table by id, and its indexes over just them.

    The committed rows of an organization are one of these, and so are those that a unit of work has changed.
    """

    __slots__ = ("_groups", "_uniques", "by_id")

    def __init__(self, table: Table[R]) -> None:
        self.by_id: dict[UUID, R] = {}
        self._uniques: dict[Unique[R], dict[Hashable, UUID]] = {index: {} for index in table.uniques}
        self._groups: dict[Groups[R], dict[Hashable, SortedKeys]] = {index: {} for index in table.groups}

    def put(self, row: R) -> None:
        """Add the row or replace the one with its id; what it costs does not depend on how many others there are."""
        before = self.by_id.get(row.id)
        self.by_id[row.id] = row
        for unique, holders in self._uniques.items():
            _reindex(unique, holders, before, row)
        for groups, members in self._groups.items():
            _regroup(groups, members, before, row)

    def remove(self, row_id: UUID) -> None:
        """Take out a row that nothing refers to."""
        row = self.by_id.pop(row_id)
        for unique, holders in self._uniques.items():
            key = unique.key(row)
            if key is not None and holders.get(key) == row_id:
                del holders[key]
        for groups, members in self._groups.items():
            _leave(members, groups.keys(row), groups.order(row))

    def holder(self, index: Unique[R], key: Hashable) -> UUID | None:
        """Return the id of the row that has the key."""
        return self._uniques[index].get(key)

    def members(
        self, index: Groups[R], key: Hashable, after: SortKey = (), *, descending: bool = False
    ) -> Iterator[SortKey]:
        """Go through the sort keys of a group after `after`; the last item of each is the row's id.

        With `descending` the greatest comes first, and what comes after is less.
        """
        group = self._groups[index].get(key)
        if group is None:
            return iter(())
        return group.before(after) if descending else group.after(after)

    def size(self, index: Groups[R], key: Hashable) -> int:
        """Return how many rows a group has."""
        return len(self._groups[index].get(key, ()))


def _reindex(index: Unique[R], holders: dict[Hashable, UUID], before: R | None, row: R) -> None:
    old = None if before is None else index.key(before)
    new = index.key(row)
    if old == new:
        return
    # Another row of the same commit may have taken the key over already.
    if old is not None and holders.get(old) == row.id:
        del holders[old]
    if new is not None:
        holders[new] = row.id


def _regroup(index: Groups[R], members: dict[Hashable, SortedKeys], before: R | None, row: R) -> None:
    old_keys = () if before is None else index.keys(before)
    new_keys = index.keys(row)
    if not old_keys and not new_keys:
        return
    old_place = () if before is None else index.order(before)
    new_place = index.order(row)
    if old_keys == new_keys and old_place == new_place:
        return
    _leave(members, old_keys, old_place)
    for key in new_keys:
        if key not in members:
            members[key] = SortedKeys()
        members[key].add(new_place)


def _leave(members: dict[Hashable, SortedKeys], keys: tuple[Hashable, ...], place: SortKey) -> None:
    for key in keys:
        members[key].remove(place)
        if not members[key]:
            del members[key]
