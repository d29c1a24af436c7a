"""Creating organizations and managing their users."""

from attrs import evolve, frozen

from amss_domain.access.model import (
    Organization,
    Policy,
    Role,
    User,
    slug_from,
    violations_of_organization,
    violations_of_policy,
    violations_of_user,
)
from amss_domain.access.ports import AccessWork
from amss_domain.access.rules import authorize, blockers_to_lose_admin, blockers_to_manage
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound, refuse_if, reject_if
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class CreateOrganization:
    """Create an organization; the slug is derived from the name unless given."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self, by: Actor, *, name: str, slug: str | None = None, policy: Policy | None = None
    ) -> Organization:
        """Return the new organization. Raises `InvalidInput`, `NotPermitted`, `AlreadyExists` for a taken slug."""
        authorize(by, "organizations:create")
        now = self.clock.now()
        organization = Organization(
            id=OrgId(self.ids.new()),
            slug=slug_from(name) if slug is None else slug,
            name=name.strip(),
            policy=policy or Policy(),
            created_at=now,
            updated_at=now,
        )
        reject_if(violations_of_organization(organization))
        async with self.open_uow(organization.id, evolve(by, org_id=organization.id)) as uow:
            uow.organizations.add(organization)
            uow.record(organization.created())
            await uow.commit()
        return organization


@frozen
class ChangePolicy:
    """Put the organization under another policy."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(self, by: Actor, policy: Policy) -> Organization:
        """Return the changed organization. Raises `InvalidInput`, `NotPermitted`, `StaleVersion`."""
        authorize(by, "organization:write")
        reject_if(violations_of_policy(policy))
        async with self.open_uow(by.org_id, by) as uow:
            organization = await uow.organizations.current_for_update()
            changed, event = organization.with_policy(policy, at=self.clock.now())
            uow.organizations.save(changed, was=organization)
            uow.record(event)
            await uow.commit()
        return changed


@frozen
class CreateUser:
    """Give a person access to the organization."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    ids: IdFactory

    async def __call__(self, by: Actor, *, email: str, name: str, role: Role) -> User:
        """Return the new user. Raises `InvalidInput`, `NotPermitted`, `AlreadyExists` for a taken address."""
        authorize(by, "users:write")
        refuse_if(blockers_to_manage(by, role))
        now = self.clock.now()
        user = User(
            id=UserId(self.ids.new()),
            org_id=by.org_id,
            email=email.strip(),
            name=name.strip(),
            role=role,
            created_at=now,
            updated_at=now,
        )
        reject_if(violations_of_user(user))
        async with self.open_uow(by.org_id, by) as uow:
            uow.users.add(user)
            uow.record(user.created())
            await uow.commit()
        return user


@frozen
class ChangeRole:
    """Give a user another role."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(self, by: Actor, user_id: UserId, role: Role) -> User:
        """Return the changed user. Raises `NotFound`, `NotPermitted`, `Refused` for the last admin."""
        authorize(by, "users:write")
        async with self.open_uow(by.org_id, by) as uow:
            # Two admins who demote each other at once must not both succeed: the organization is held first.
            await uow.organizations.current_for_update()
            user = await uow.users.get_for_update(user_id)
            blockers = (*blockers_to_manage(by, user.role), *blockers_to_manage(by, role))
            if role is not Role.ADMIN:
                blockers += blockers_to_lose_admin(user, active_admins=await _active_admins(uow))
            refuse_if(blockers)
            changed, event = user.with_role(role, at=self.clock.now())
            uow.users.save(changed, was=user)
            uow.record(event)
            await uow.commit()
        return changed


@frozen
class DeactivateUser:
    """Take a user's access away; what the user did stays as it is."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(self, by: Actor, user_id: UserId) -> User:
        """Return the deactivated user. Raises `NotFound`, `NotPermitted`, `Refused` for the last admin."""
        authorize(by, "users:write")
        async with self.open_uow(by.org_id, by) as uow:
            # Two admins who demote each other at once must not both succeed: the organization is held first.
            await uow.organizations.current_for_update()
            user = await uow.users.get_for_update(user_id)
            refuse_if(
                (
                    *blockers_to_manage(by, user.role),
                    *blockers_to_lose_admin(user, active_admins=await _active_admins(uow)),
                )
            )
            changed, event = user.deactivated(at=self.clock.now())
            uow.users.save(changed, was=user)
            uow.record(event)
            await uow.commit()
        return changed


@frozen
class FindUser:
    """Find a user by e-mail address."""

    open_uow: OpenUnitOfWork[AccessWork]

    async def __call__(self, by: Actor, email: str) -> User:
        """Return the user, whatever the case of the address. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "users:read")
        async with self.open_uow(by.org_id, by) as uow:
            user = await uow.users.by_email(email.strip())
        if user is None:
            raise NotFound("user", email)
        return user


async def _active_admins(uow: AccessWork) -> int:
    return sum(1 for user in await uow.users.all() if user.active and user.role is Role.ADMIN)
