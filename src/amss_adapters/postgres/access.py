"""Organizations and users."""

from typing import Final, cast

from amss_adapters.postgres.codec import (
    Params,
    Row,
    from_flag,
    from_instant,
    from_number,
    from_text,
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
from amss_adapters.postgres.table import Table
from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.model import Organization, Role, User
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import OrgId, UserId

_SQL: Final = statements("access")

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


def _user_from(row: Row, org_id: OrgId) -> User:
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


_USERS: Final = Table[User](
    name="users",
    kind=Kind("user", {"users_email_key": lambda user: AlreadyExists("user", user.email)}),
    read=_user_from,
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
        return await _USERS.one(self._session, _SQL["user_get"], user_id)

    async def get_for_update(self, user_id: UserId, /) -> User:
        """Hold the user until the end and return it. Raises `NotFound`."""
        return await _USERS.one(self._session, _SQL["user_hold"], user_id)

    async def by_email(self, email: str, /) -> User | None:
        """Return the user with that e-mail address, whatever its case; None when there is none."""
        found = await _USERS.found(self._session, _SQL["user_by_email"], from_text(email.lower()))
        return found[0] if found else None

    async def all(self) -> tuple[User, ...]:
        """Return every user by e-mail address."""
        return await _USERS.found(self._session, _SQL["user_all"])

    def add(self, user: User, /) -> None:
        """Add a user. Conflicts: `AlreadyExists` for an e-mail address in use."""
        _USERS.add(self._session, user)

    def save(self, user: User, /, *, was: User) -> None:
        """Save a changed user. Conflicts: `StaleVersion`, `AlreadyExists`."""
        _USERS.save(self._session, user, was=was)
