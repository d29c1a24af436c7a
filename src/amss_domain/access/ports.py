"""What access needs from a backend."""

from typing import Protocol

from amss_domain.access.model import Organization, User
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.shared.unit_of_work import UnitOfWork


class Directory(Protocol):
    """Find organizations; it alone sees across them.

    - `by_slug` and `by_id` raise `UnknownOrganization` for what was never committed.
    - `everyone` returns all organizations by slug.
    """

    async def by_slug(self, slug: str, /) -> Organization: ...

    async def by_id(self, org_id: OrgId, /) -> Organization: ...

    async def everyone(self) -> tuple[Organization, ...]: ...


class Organizations(Protocol):
    """The organization the unit of work was opened for.

    - `current` raises `UnknownOrganization` before it was added; `current_for_update` also holds it until the end.
    - `add` refuses a slug that any organization has (`AlreadyExists`), and any id but the unit of work's own.
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    """

    async def current(self) -> Organization: ...

    async def current_for_update(self) -> Organization: ...

    def add(self, organization: Organization, /) -> None: ...

    def save(self, organization: Organization, /, *, was: Organization) -> None: ...


class Users(Protocol):
    """The organization's users.

    - `get` and `get_for_update` raise `NotFound` for an unknown or foreign id.
    - E-mail addresses are unique within the organization, whatever their case (`AlreadyExists`).
    - `save` refuses when the stored version is not `was.version` (`StaleVersion`).
    - `all` returns every user by e-mail address.
    """

    async def get(self, user_id: UserId, /) -> User: ...

    async def get_for_update(self, user_id: UserId, /) -> User: ...

    async def by_email(self, email: str, /) -> User | None: ...

    async def all(self) -> tuple[User, ...]: ...

    def add(self, user: User, /) -> None: ...

    def save(self, user: User, /, *, was: User) -> None: ...


class AccessWork(UnitOfWork, Protocol):
    """A unit of work that reaches organizations and users."""

    @property
    def organizations(self) -> Organizations: ...

    @property
    def users(self) -> Users: ...
