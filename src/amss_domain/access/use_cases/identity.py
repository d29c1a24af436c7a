"""Telling somebody who they are and what they may do, and what every role may."""

from attrs import frozen

from amss_domain.access.model import Organization, User
from amss_domain.access.ports import AccessWork
from amss_domain.access.rules import ROLES, RoleDescription, permissions_of, user_who_acts
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen(kw_only=True)
class Identity:
    """Who acts, for which organization, and with which permissions; `user` is None for whoever is none."""

    actor: Actor
    user: User | None
    organization: Organization
    permissions: frozenset[str]


@frozen
class WhoAmI:
    """Tell the actor who they are; everybody may know that."""

    open_uow: OpenUnitOfWork[AccessWork]

    async def __call__(self, by: Actor) -> Identity:
        """Return the actor, the user as it is by now, and what the actor may do."""
        async with self.open_uow(by.org_id, by) as uow:
            organization = await uow.organizations.current()
            user = await uow.users.get(user_who_acts(by)) if by.kind is ActorKind.USER else None
        return Identity(actor=by, user=user, organization=organization, permissions=permissions_of(by))


@frozen
class ListRoles:
    """Tell what each role is for and what it may do; everybody may know that."""

    async def __call__(self, _by: Actor) -> tuple[RoleDescription, ...]:
        """Return all roles."""
        return ROLES
