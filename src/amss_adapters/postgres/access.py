"""Organizations and users."""

from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Params,
    Row,
    from_flag,
    from_id,
    from_instant,
    from_number,
    from_text,
    maybe,
    perhaps,
    to_flag,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.documents import POLICY
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.model import Organization, Role, User
from amss_domain.access.ports import UserFilter
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_SQL: Final = statements("access")

_PAST_ALL_ADDRESSES: Final = chr(0x10FFFF) * 65
"""What sorts after every e-mail address."""

ORGANIZATION: Final = Kind[Organization](
    "organization",
    {"organizations_slug_key": lambda organization: AlreadyExists("organization", organization.slug)},
)


def organization_from(row: Row) -> Organization:
    """Read an organization."""
    id, slug, name, policy, created_at, updated_at, version = row
    return Organization(
        id=cast(OrgId, to_id(id)),
        slug=to_text(slug),
        name=to_text(name),
        policy=POLICY.read(policy),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _organization_fields(organization: Organization) -> Params:
    return (
        from_text(organization.name),
        POLICY.write(organization.policy),
        from_instant(organization.updated_at),
        from_number(organization.version),
    )


def user_from(row: Row, org_id: OrgId) -> User:
    """Read a user."""
    id, email, name, role, active, created_at, updated_at, version = row
    return User(
        id=cast(UserId, to_id(id)),
        org_id=org_id,
        email=to_text(email),
        name=to_text(name),
        role=Role(to_text(role)),
        active=to_flag(active),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _user_fields(user: User) -> Params:
    return (
        from_text(user.email),
        from_text(user.email.lower()),
        from_text(user.name),
        from_text(user.role.value),
        from_flag(user.active),
        from_instant(user.updated_at),
        from_number(user.version),
    )


USERS: Final = Table[User](
    name="users",
    kind=Kind("user", {"users_email_key": lambda user: AlreadyExists("user", user.email)}),
    read=user_from,
    fields=_user_fields,
    insert=_SQL["user_insert"],
    update=_SQL["user_update"],
)


class PostgresOrganizations:
    """The session's own organization."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def current(self) -> Organization:
        """Return the organization. Raises `UnknownOrganization` before it was added."""
        return await self._current("organization_get")

    async def current_for_update(self) -> Organization:
        """Hold the organization until the end and return it. Raises `UnknownOrganization`."""
        return await self._current("organization_hold")

    def add(self, organization: Organization, /) -> None:
        """Add the organization. Conflicts: `AlreadyExists` for a slug in use, `BrokenReference` for another id."""
        self._session.require_own(organization.id, "organizations")
        params = (
            self._session.org,
            from_text(organization.slug),
            from_instant(organization.created_at),
            *_organization_fields(organization),
        )
        self._session.queue(_SQL["organization_insert"], params, Subject(ORGANIZATION, organization.id, organization))

    def save(self, organization: Organization, /, *, was: Organization) -> None:
        """Save the changed organization, whose slug stays. Conflicts: `StaleVersion`."""
        self._session.require_own(organization.id, "organizations")
        params = (
            self._session.org,
            from_text(organization.slug),
            from_number(was.version),
            *_organization_fields(organization),
        )
        self._session.queue(_SQL["organization_update"], params, Subject(ORGANIZATION, organization.id, organization))

    async def _current(self, statement: str) -> Organization:
        rows = await self._session.read(_SQL[statement], (self._session.org,), ORGANIZATION)
        if not rows:
            raise UnknownOrganization(self._session.org_id)
        return organization_from(rows[0])


class PostgresUsers:
    """The organization's users."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, user_id: UserId, /) -> User:
        """Return the user. Raises `NotFound`."""
        return await USERS.one(self._session, _SQL["user_get"], user_id)

    async def get_for_update(self, user_id: UserId, /) -> User:
        """Hold the user until the end and return it. Raises `NotFound`."""
        return await USERS.one(self._session, _SQL["user_hold"], user_id)

    async def by_email(self, email: str, /) -> User | None:
        """Return the user with that e-mail address, whatever its case; None when there is none."""
        found = await USERS.found(self._session, _SQL["user_by_email"], from_text(email.lower()))
        return found[0] if found else None

    async def all(self) -> tuple[User, ...]:
        """Return every user by e-mail address."""
        return await USERS.found(self._session, _SQL["user_all"])

    async def page(self, request: PageRequest, /, *, filter: UserFilter) -> Page[User]:
        """Return the users that match, by id or by address. Raises ValueError for another order."""
        statement, params = _listed(request, filter)
        return page_of(await USERS.found(self._session, _SQL[statement], *params), request.limit)

    async def active_admins(self) -> int:
        """Return how many admins have access."""
        rows = await self._session.read(_SQL["user_active_admins"], (self._session.org,), USERS.kind)
        return to_int(rows[0][0])

    def add(self, user: User, /) -> None:
        """Add a user. Conflicts: `AlreadyExists` for an e-mail address in use."""
        USERS.add(self._session, user)

    def save(self, user: User, /, *, was: User) -> None:
        """Save a changed user. Conflicts: `StaleVersion`, `AlreadyExists`."""
        USERS.save(self._session, user, was=was)


class PostgresPasswords:
    """The hashes of the users' passwords."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hash_of(self, user_id: UserId, /) -> str | None:
        """Return the hash; None for a user without a password, and for an unknown one."""
        rows = await self._session.read(_SQL["password_get"], (self._session.org, from_id(user_id)), USERS.kind)
        return perhaps(to_text, rows[0][0]) if rows else None

    def put(self, user_id: UserId, hashed: str, /) -> None:
        """Set the hash. Conflicts: `StaleVersion` for a user who is not there."""
        params = (self._session.org, from_id(user_id), from_text(hashed))
        self._session.queue(_SQL["password_put"], params, Subject(USERS.kind, user_id))


def _listed(request: PageRequest, filter: UserFilter) -> tuple[str, Params]:
    """Return the statement that lists in the order from an index, and its parameters but for the organization."""
    order = request.order or OLDEST_FIRST
    last_first = order.descending
    if order.by not in ("created_at", "email"):
        raise ValueError(f"there is no order of users by {order.by}")
    place = (LAST_ID if last_first else NO_ID) if request.after is None else from_id(request.after)
    role = () if filter.role is None else (from_text(filter.role.value),)
    params: Params = (place, from_number(request.limit + 1), maybe(from_flag, filter.active))
    if filter.email is not None:
        shown = NO_ID if request.after is None else from_id(request.after)
        return "user_page_of_email", (shown, *params[1:], from_text(filter.email.lower()), *(role or (None,)))
    if order.by == "email":
        start = None if request.after is not None else from_text(_PAST_ALL_ADDRESSES if last_first else "")
        return _BY_EMAIL[bool(role), last_first], (*params, start, *role)
    return _BY_ID[bool(role), last_first], (*params, *role)


_BY_ID: Final = {
    (False, False): "user_page",
    (False, True): "user_page_last_first",
    (True, False): "user_page_of_role",
    (True, True): "user_page_of_role_last_first",
}
_BY_EMAIL: Final = {
    (False, False): "user_page_by_email",
    (False, True): "user_page_by_email_last_first",
    (True, False): "user_page_of_role_by_email",
    (True, True): "user_page_of_role_by_email_last_first",
}
