"""How one kind of object is kept in rows, and what is done alike with all of them."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from attrs import frozen

from amss_adapters.postgres.codec import NO_ID, Params, Row, from_id, from_ids, from_instant, from_number
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import Statement
from amss_domain.shared.errors import NotFound
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import Page, PageRequest


class Stored(Protocol):
    """What has an id, an organization and a version."""

    @property
    def id(self) -> UUID: ...

    @property
    def org_id(self) -> OrgId: ...

    @property
    def created_at(self) -> datetime: ...

    @property
    def version(self) -> int: ...


class Identified(Protocol):
    """What has an id."""

    @property
    def id(self) -> UUID: ...


S = TypeVar("S", bound=Stored)
I = TypeVar("I", bound=Identified)  # noqa: E741  # one letter as its neighbours


@frozen(eq=False, kw_only=True)
class Table(Generic[S]):
    """The rows of one kind of object.

    `read` makes the object from a row and its organization's id, `fields` writes its columns from the fourth on.
    `insert` takes organization, id, time of creation and fields; `update` takes organization, id, the version it was
    and fields, and fails unless it hits one row.
    """

    name: str
    kind: Kind[S]
    read: Callable[[Row, OrgId], S]
    fields: Callable[[S], Params]
    insert: Statement
    update: Statement

    def add(self, session: Session, thing: S) -> None:
        """Collect the insertion of a new object."""
        session.require_own(thing.org_id, self.name)
        params = (session.org, from_id(thing.id), from_instant(thing.created_at), *self.fields(thing))
        session.queue(self.insert, params, Subject(self.kind, thing.id, thing))

    def save(self, session: Session, thing: S, *, was: S) -> None:
        """Collect the change of an object that is still as `was`."""
        session.require_own(thing.org_id, self.name)
        params = (session.org, from_id(thing.id), from_number(was.version), *self.fields(thing))
        session.queue(self.update, params, Subject(self.kind, thing.id, thing))

    async def one(self, session: Session, statement: Statement, identity: UUID) -> S:
        """Return the object that a statement finds by organization and id. Raises `NotFound`."""
        rows = await session.read(statement, (session.org, from_id(identity)), self.kind)
        if not rows:
            raise NotFound(self.kind.name, identity)
        return self.read(rows[0], session.org_id)

    async def many(self, session: Session, statement: Statement, identities: Collection[UUID]) -> tuple[S, ...]:
        """Return the objects that a statement finds by organization and an array of ids, in its order."""
        if not identities:
            session.require_usable()
            return ()
        return await self.found(session, statement, from_ids(identities))

    async def found(self, session: Session, statement: Statement, *params: bytes | None) -> tuple[S, ...]:
        """Return the objects that a statement finds by organization and further parameters, in its order."""
        rows = await session.read(statement, (session.org, *params), self.kind)
        return tuple(self.read(row, session.org_id) for row in rows)

    async def page(
        self, session: Session, statement: Statement, request: PageRequest, *params: bytes | None
    ) -> Page[S]:
        """Return a page from a statement that takes organization, the id to start after, a limit and the `params`."""
        return page_of(await self.found(session, statement, *place(request), *params), request.limit)


def place(request: PageRequest) -> Params:
    """Return where a page starts, and one more than its length: whether others follow shows in that."""
    return (from_id(request.after) if request.after else NO_ID, from_number(request.limit + 1))


def page_of(found: Iterable[I], limit: int) -> Page[I]:
    """Return the page of what was found for it, which may be one more."""
    items = tuple(found)
    if len(items) <= limit:
        return Page(items)
    return Page(items[:limit], items[limit - 1].id)
