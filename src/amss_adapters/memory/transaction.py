"""A transaction over one organization's rows: what it sees, what it changes and what it holds, until it ends."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from enum import Enum
from heapq import merge
from itertools import chain, islice
from typing import Any, Generic, NoReturn, TypeVar, cast
from uuid import UUID

from amss_adapters.memory.locks import Holder
from amss_adapters.memory.sorted_keys import SortKey
from amss_adapters.memory.tables import Groups, R, Rows, Table, Unique, Versioned
from amss_adapters.memory.tenant import Tenant
from amss_domain.shared.errors import (
    AlreadyExists,
    AmssError,
    BrokenReference,
    InvariantBroken,
    NotFound,
    StaleVersion,
)
from amss_domain.shared.page import Page

V = TypeVar("V", bound=Versioned)


def _no_conflict(_: Tenant) -> AmssError | None:
    return None


class _State(Enum):
    NEW = "open it with `async with` first"
    OPEN = "open"
    COMMITTING = "its commit has begun"
    COMMITTED = "it was committed; open another"
    LEFT = "it was left; open another"


class Transaction:
    """READ COMMITTED as PostgreSQL has it: a read sees what is committed by then, and this transaction's own changes.

    A conflict that shows is raised at once, lets go of everything held, and is raised again by whatever is tried
    afterwards. Others' saves of what this one holds wait in their commit, and so do this one's of what others hold.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.org_id = tenant.org_id
        self.saved: dict[tuple[Table[Any], UUID], int] = {}
        self._tenant = tenant
        self._holder = Holder()
        self._views: dict[Table[Any], View[Any]] = {}
        self._conflict: AmssError | None = None
        self._state = _State.NEW

    def begin(self) -> None:
        """Make it usable. Raises RuntimeError the second time."""
        if self._state is not _State.NEW:
            raise RuntimeError("a unit of work is entered once; open another")
        self._state = _State.OPEN

    def require_open(self) -> None:
        """Raise RuntimeError before it began and after it ended."""
        if self._state is not _State.OPEN:
            raise RuntimeError(f"this unit of work cannot be used: {self._state.value}")

    def require_usable(self) -> None:
        """Raise RuntimeError unless it is open, or the conflict that it met."""
        if self._conflict is not None:
            raise self._conflict
        if self._state is not _State.OPEN:
            self.require_open()

    def view(self, table: Table[R]) -> "View[R]":
        """Return the table's rows as this transaction sees and changes them."""
        view = self._views.get(table)
        if view is None:
            view = self._views[table] = View(self, table, self._tenant.rows(table))
        return cast("View[R]", view)

    def fail(self, conflict: AmssError) -> NoReturn:
        """Raise the conflict; nothing can be committed any more."""
        self._conflict = conflict
        self._tenant.locks.release(self._holder)
        raise conflict

    async def hold(self, table: Table[R], row_ids: Iterable[UUID]) -> None:
        """Hold rows until the end, in the order given, waiting for whoever holds them.

        Raises `StaleVersion` where waiting would close a circle of waiters.
        """
        self.require_usable()
        await self._hold((table, row_id) for row_id in row_ids)

    async def commit(
        self, attach: Callable[[Tenant], None], *, conflict: Callable[[Tenant], AmssError | None] = _no_conflict
    ) -> None:
        """Make all changes and what `attach` adds to what is committed at once, or nothing; then it is over.

        What `conflict` finds is reported first; then a stale version, since trying again helps against it.
        """
        self.require_usable()
        self._state = _State.COMMITTING
        await self._hold(self.saved)
        # Nothing is awaited from here on, so nobody sees or changes anything in between.
        found = conflict(self._tenant)
        if found is not None:
            self.fail(found)
        for check in (View.check_versions, View.check_keys):
            for view in self._views.values():
                check(view)
        attach(self._tenant)
        for view in self._views.values():
            view.publish()
        self._end(_State.COMMITTED)

    def leave(self) -> None:
        """Forget what was not committed and let go of everything held."""
        self._end(_State.LEFT)

    async def _hold(self, keys: Iterable[tuple[Table[Any], UUID]]) -> None:
        for key in keys:
            if key not in self._holder.held and not await self._tenant.locks.acquire(self._holder, key):
                table, row_id = key
                self.fail(StaleVersion(table.kind, row_id))

    def _end(self, state: _State) -> None:
        self._state = state
        self._conflict = None
        self._tenant.locks.release(self._holder)
        # They point back here: left in place, they would wait for the garbage collector.
        self._views.clear()


class View(Generic[R]):
    """One table's rows in a transaction: those committed by now, under the transaction's own."""

    __slots__ = ("_committed", "_own", "_table", "_transaction")

    def __init__(self, transaction: Transaction, table: Table[R], committed: Rows[R]) -> None:
        self._transaction = transaction
        self._table = table
        self._committed = committed
        self._own: Rows[R] | None = None

    def find(self, row_id: UUID) -> R | None:
        """Return the row with that id; None when there is none."""
        self._transaction.require_usable()
        return self._find(row_id)

    def get(self, row_id: UUID) -> R:
        """Return the row with that id. Raises `NotFound`."""
        row = self.find(row_id)
        if row is None:
            raise NotFound(self._table.kind, row_id)
        return row

    def get_many(self, row_ids: Collection[UUID]) -> tuple[R, ...]:
        """Return the rows with those ids in the order of the ids, unknown ones left out."""
        self._transaction.require_usable()
        found = (self._find(row_id) for row_id in sorted(set(row_ids), key=_number))
        return tuple(row for row in found if row is not None)

    def everything(self) -> Iterator[R]:
        """Go through all rows, in no order."""
        self._transaction.require_usable()
        own = {} if self._own is None else self._own.by_id
        committed = (row for row in self._committed.by_id.values() if row.id not in own)
        return chain(committed, own.values())

    def by_key(self, index: Unique[R], key: Hashable) -> R | None:
        """Return the row that has the key; None when there is none."""
        self._transaction.require_usable()
        if self._own is not None:
            own = self._own.holder(index, key)
            if own is not None:
                return self._own.by_id[own]
        other = self._committed.holder(index, key)
        if other is None or (self._own is not None and other in self._own.by_id):
            return None
        return self._committed.by_id[other]

    def by_keys(self, index: Unique[R], keys: Iterable[Hashable]) -> tuple[R, ...]:
        """Return the rows that have the keys in the order of their ids, unknown ones left out."""
        found = {row.id: row for key in keys if (row := self.by_key(index, key)) is not None}
        return tuple(found[row_id] for row_id in sorted(found, key=_number))

    def group(self, index: Groups[R], key: Hashable, after: SortKey = (), *, descending: bool = False) -> Iterator[R]:
        """Go through the rows of a group in its order, from the start or those after a sort key; or the last first."""
        self._transaction.require_usable()
        committed, own = self._committed, self._own
        places = committed.members(index, key, after, descending=descending)
        if own is None:
            return (committed.by_id[place[-1]] for place in places)
        others = (place for place in places if place[-1] not in own.by_id)
        mine = own.members(index, key, after, descending=descending)
        return (
            own.by_id.get(place[-1]) or committed.by_id[place[-1]] for place in merge(others, mine, reverse=descending)
        )

    def following(
        self, index: Groups[R], key: Hashable, after: UUID | None, *, descending: bool = False
    ) -> Iterator[R]:
        """Go through the rows of a group after the row with that id, from the start for None; none after an unknown."""
        row = None if after is None else self.find(after)
        if after is not None and row is None:
            return iter(())
        place = () if row is None else index.order(row)
        return self.group(index, key, place, descending=descending)

    def groups(self, index: Groups[R], keys: Collection[Hashable]) -> tuple[R, ...]:
        """Return the rows of several groups in the order of their ids."""
        rows = {row.id: row for key in set(keys) for row in self.group(index, key)}
        return tuple(rows[row_id] for row_id in sorted(rows, key=_number))

    def size(self, index: Groups[R], key: Hashable) -> int:
        """Return how many rows a group has at most."""
        return self._committed.size(index, key) + (0 if self._own is None else self._own.size(index, key))

    async def get_for_update(self, row_id: UUID) -> R:
        """Hold the row until the end and return it as it is then. Raises `NotFound`, `StaleVersion`."""
        self.get(row_id)
        await self._transaction.hold(self._table, (row_id,))
        return self.get(row_id)

    async def held(self, rows: Iterable[R], still: Callable[[R], bool] | None = None) -> tuple[R, ...]:
        """Hold the rows in the order given and return them as they are then.

        As in PostgreSQL, a row for which `still` is false after waiting is held and left out, and rows that others
        committed meanwhile are not looked for. Raises `StaleVersion`.
        """
        row_ids = [row.id for row in rows]
        await self._transaction.hold(self._table, row_ids)
        fresh = tuple(self.get(row_id) for row_id in row_ids)
        return fresh if still is None else tuple(row for row in fresh if still(row))

    def add(self, row: R) -> None:
        """Put in a new row. Raises `AlreadyExists`, `BrokenReference`, `InvariantBroken` and what its keys say."""
        if self.find(row.id) is not None:
            self._transaction.fail(AlreadyExists(self._table.kind, str(row.id)))
        self._put(row)

    def save(self: "View[V]", row: V, *, was: V) -> None:
        """Replace a row that is still as `was`. Raises `StaleVersion` and whatever `add` does."""
        current = self.find(row.id)
        if current is None or current.version != was.version:
            self._transaction.fail(StaleVersion(self._table.kind, row.id))
        if self._own is None or row.id not in self._own.by_id:
            self._transaction.saved[self._table, row.id] = was.version
        self._put(row)

    def check_versions(self) -> None:
        """Fail if a row saved is not the version it was, or a row added is there by now."""
        for row in self._own_rows():
            committed = self._committed.by_id.get(row.id)
            was = self._transaction.saved.get((self._table, row.id))
            if was is None and committed is not None:
                self._transaction.fail(AlreadyExists(self._table.kind, str(row.id)))
            if was is not None and (committed is None or cast(Versioned, committed).version != was):
                self._transaction.fail(StaleVersion(self._table.kind, row.id))

    def check_keys(self) -> None:
        """Fail if a row's key is another's by now."""
        for row in self._own_rows():
            self._check_keys_of(row)

    def publish(self) -> None:
        """Commit the transaction's own rows."""
        for row in self._own_rows():
            self._committed.put(row)

    def _own_rows(self) -> Iterable[R]:
        return () if self._own is None else self._own.by_id.values()

    def _find(self, row_id: UUID) -> R | None:
        own = None if self._own is None else self._own.by_id.get(row_id)
        return self._committed.by_id.get(row_id) if own is None else own

    def _put(self, row: R) -> None:
        table, fail = self._table, self._transaction.fail
        if table.owner(row) != self._transaction.org_id:
            fail(BrokenReference(f"{table.name}_org_fkey"))
        for check in table.checks:
            if not check.holds(row):
                fail(InvariantBroken(check.name))
        self._check_keys_of(row)
        for reference in table.references:
            target = reference.id(row)
            # What is referred to is never removed: what is there now is there at commit.
            if target is not None and self._transaction.view(reference.table or table).find(target) is None:
                fail(BrokenReference(reference.name))
        if self._own is None:
            self._own = Rows(table)
        self._own.put(row)

    def _check_keys_of(self, row: R) -> None:
        own = self._own
        for index in self._table.uniques:
            key = index.key(row)
            if key is None:
                continue
            mine = None if own is None else own.holder(index, key)
            if mine is not None and mine != row.id:
                self._transaction.fail(index.conflict(row, mine))
            other = self._committed.holder(index, key)
            if other is not None and other != row.id and (own is None or other not in own.by_id):
                self._transaction.fail(index.conflict(row, other))


def page_of(rows: Iterable[R], limit: int) -> Page[R]:
    """Return the first `limit` rows, and where the next page starts if there are more."""
    items = tuple(islice(rows, limit + 1))
    if len(items) <= limit:
        return Page(items)
    return Page(items[:limit], items[limit - 1].id)


def _number(row_id: UUID) -> int:
    return row_id.int
