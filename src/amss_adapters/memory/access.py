"""Organizations, the directory of all of them, and users."""

from operator import attrgetter

from amss_adapters.memory.tables import Groups, Reference, Rows, Table, Unique
from amss_adapters.memory.transaction import Transaction
from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.model import Organization, User
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import OrgId, UserId

_BY_SLUG: Unique[Organization] = Unique(
    lambda organization: organization.slug,
    lambda organization, _: AlreadyExists("organization", organization.slug),
)
ORGANIZATIONS: Table[Organization] = Table(
    name="organizations", kind="organization", owner=attrgetter("id"), uniques=(_BY_SLUG,)
)

_BY_EMAIL: Unique[User] = Unique(lambda user: user.email.lower(), lambda user, _: AlreadyExists("user", user.email))
_ALL_USERS: Groups[User] = Groups(lambda _: (None,), order=lambda user: (user.email.lower(), user.id))
USERS: Table[User] = Table(
    name="users",
    kind="user",
    uniques=(_BY_EMAIL,),
    groups=(_ALL_USERS,),
    references=(Reference("users_org_fkey", attrgetter("org_id"), ORGANIZATIONS),),
)


class MemoryDirectory:
    """Finds organizations among the committed ones."""

    def __init__(self, organizations: Rows[Organization]) -> None:
        self._organizations = organizations

    async def by_slug(self, slug: str, /) -> Organization:
        """Return the organization with that slug. Raises `UnknownOrganization`."""
        org_id = self._organizations.holder(_BY_SLUG, slug)
        if org_id is None:
            raise UnknownOrganization(slug)
        return self._organizations.by_id[org_id]

    async def by_id(self, org_id: OrgId, /) -> Organization:
        """Return the organization with that id. Raises `UnknownOrganization`."""
        organization = self._organizations.by_id.get(org_id)
        if organization is None:
            raise UnknownOrganization(org_id)
        return organization

    async def everyone(self) -> tuple[Organization, ...]:
        """Return all organizations by slug."""
        return tuple(sorted(self._organizations.by_id.values(), key=attrgetter("slug")))


class MemoryOrganizations:
    """The transaction's own organization."""

    def __init__(self, transaction: Transaction) -> None:
        self._org_id = transaction.org_id
        self._rows = transaction.view(ORGANIZATIONS)

    async def current(self) -> Organization:
        """Return the organization. Raises `UnknownOrganization` before it was added."""
        organization = self._rows.find(self._org_id)
        if organization is None:
            raise UnknownOrganization(self._org_id)
        return organization

    async def current_for_update(self) -> Organization:
        """Hold the organization until the end and return it. Raises `UnknownOrganization`."""
        await self.current()
        return await self._rows.get_for_update(self._org_id)

    def add(self, organization: Organization, /) -> None:
        """Add the organization. Raises `AlreadyExists` for a slug in use, `BrokenReference` for any id but its own."""
        self._rows.add(organization)

    def save(self, organization: Organization, /, *, was: Organization) -> None:
        """Save the changed organization. Raises `StaleVersion`."""
        self._rows.save(organization, was=was)


class MemoryUsers:
    """The organization's users."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(USERS)

    async def get(self, user_id: UserId, /) -> User:
        """Return the user. Raises `NotFound`."""
        return self._rows.get(user_id)

    async def get_for_update(self, user_id: UserId, /) -> User:
        """Hold the user until the end and return it. Raises `NotFound`."""
        return await self._rows.get_for_update(user_id)

    async def by_email(self, email: str, /) -> User | None:
        """Return the user with that e-mail address, whatever its case; None when there is none."""
        return self._rows.by_key(_BY_EMAIL, email.lower())

    async def all(self) -> tuple[User, ...]:
        """Return every user by e-mail address."""
        return tuple(self._rows.group(_ALL_USERS, None))

    def add(self, user: User, /) -> None:
        """Add a user. Raises `AlreadyExists` for an e-mail address in use."""
        self._rows.add(user)

    def save(self, user: User, /, *, was: User) -> None:
        """Save a changed user. Raises `StaleVersion`, `AlreadyExists`."""
        self._rows.save(user, was=was)
