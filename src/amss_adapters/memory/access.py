"""Organizations, the directory of all of them, and users."""

from collections.abc import Hashable
from contextlib import suppress
from operator import attrgetter
from uuid import UUID

from amss_adapters.memory.tables import Groups, Reference, Rows, Table, Unique, after_id
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.model import Organization, Role, User
from amss_domain.access.ports import UserFilter
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.errors import ActorInactive, AlreadyExists
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_BY_SLUG: Unique[Organization] = Unique(
    lambda organization: organization.slug,
    lambda organization, _: AlreadyExists("organization", organization.slug),
)
_ALL: Groups[Organization] = Groups(lambda _: (None,))
_ALL_BY_SLUG: Groups[Organization] = Groups(lambda _: (None,), order=lambda one: (one.slug, one.id))
ORGANIZATIONS: Table[Organization] = Table(
    name="organizations",
    kind="organization",
    owner=attrgetter("id"),
    uniques=(_BY_SLUG,),
    groups=(_ALL, _ALL_BY_SLUG),
)

_BY_EMAIL: Unique[User] = Unique(lambda user: user.email.lower(), lambda user, _: AlreadyExists("user", user.email))


def _lists(user: User) -> tuple[Hashable, ...]:
    return (None, user.role, user.email.lower(), *(("active admins",) if _is_active_admin(user) else ()))


def _is_active_admin(user: User) -> bool:
    return user.active and user.role is Role.ADMIN


_BY_ID: Groups[User] = Groups(_lists)
_BY_ADDRESS: Groups[User] = Groups(_lists, order=lambda user: (user.email.lower(), user.id))
USERS: Table[User] = Table(
    name="users",
    kind="user",
    uniques=(_BY_EMAIL,),
    groups=(_BY_ID, _BY_ADDRESS),
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

    async def page(self, request: PageRequest, /) -> Page[Organization]:
        """Return organizations by id or by slug. Raises ValueError for another order."""
        order, rows = request.order or OLDEST_FIRST, self._organizations
        match order.by:
            case "created_at":
                index, after = _ALL, after_id(request.after)
            case "slug":
                index, last = _ALL_BY_SLUG, None if request.after is None else rows.by_id.get(request.after)
                if request.after is not None and last is None:
                    return Page(())
                after = () if last is None else index.order(last)
            case _:
                raise ValueError(f"there is no order of organizations by {order.by}")
        places = rows.members(index, None, after, descending=order.descending)
        return page_of((rows.by_id[place[-1]] for place in places), request.limit)


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
        return tuple(self._rows.group(_BY_ADDRESS, None))

    async def page(self, request: PageRequest, /, *, filter: UserFilter) -> Page[User]:
        """Return the users that match, by id or by address. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        listed: Hashable = filter.role if filter.email is None else filter.email.lower()
        match order.by:
            case "created_at":
                after = after_id(request.after)
                found = self._rows.group(_BY_ID, listed, after, descending=order.descending)
            case "email":
                found = self._rows.following(_BY_ADDRESS, listed, request.after, descending=order.descending)
            case _:
                raise ValueError(f"there is no order of users by {order.by}")
        return page_of((user for user in found if _matches(user, filter)), request.limit)

    async def active_admins(self) -> int:
        """Return how many admins have access."""
        return sum(1 for _ in self._rows.group(_BY_ID, "active admins"))

    def add(self, user: User, /) -> None:
        """Add a user. Raises `AlreadyExists` for an e-mail address in use."""
        self._rows.add(user)

    def save(self, user: User, /, *, was: User) -> None:
        """Save a changed user. Raises `StaleVersion`, `AlreadyExists`."""
        self._rows.save(user, was=was)


def refusal_of(actor: Actor, tenant: Tenant) -> ActorInactive | None:
    """Return the refusal of a user of the organization whose access was taken away; None for everybody else."""
    if actor.kind is ActorKind.USER:
        with suppress(ValueError):
            user = tenant.rows(USERS).by_id.get(UUID(actor.id))
            if user is not None and not user.active:
                return ActorInactive(actor.id)
    return None


def _matches(user: User, filter: UserFilter) -> bool:
    return filter.role in (None, user.role) and filter.active in (None, user.active)
