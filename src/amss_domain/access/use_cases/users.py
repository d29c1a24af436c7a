"""Giving people access to an organization, changing it, and taking it away."""

from attrs import evolve, frozen

from amss_domain.access.form import violations_of_password, violations_of_user
from amss_domain.access.model import Role, User, name_from
from amss_domain.access.ports import AccessWork, PasswordHasher, UserFilter
from amss_domain.access.rules import authorize, authorize_managing, blockers_to_lose_admin
from amss_domain.access.use_cases.across import actor_in
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotFound, refuse_if, reject_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class CreateUser:
    """Give a person access to an organization: the actor's own, or as a system admin an admin to any."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    ids: IdFactory
    hasher: PasswordHasher

    async def __call__(
        self,
        by: Actor,
        *,
        email: str,
        role: Role,
        name: str | None = None,
        password: str | None = None,
        org_id: OrgId | None = None,
    ) -> User:
        """Return the new user; without a `name` it is derived from the address, without a `password` there is no login.

        Raises `InvalidInput`, `NotPermitted`, `UnknownOrganization`, `AlreadyExists` for a taken address.
        """
        where = by.org_id if org_id is None else org_id
        authorize_managing(by, role, of=where)
        now = self.clock.now()
        email = email.strip()
        user = User(
            id=UserId(self.ids.new()),
            org_id=where,
            email=email,
            name=name_from(email) if name is None else name.strip(),
            role=role,
            created_at=now,
            updated_at=now,
        )
        actor = await actor_in(where, by, self.open_uow)
        hashed = await self._hash(actor, user, password)
        async with self.open_uow(where, actor) as uow:
            uow.users.add(user)
            if hashed is not None:
                uow.passwords.put(user.id, hashed)
            uow.record(user.created())
            await uow.commit(user)
        return user

    async def _hash(self, actor: Actor, user: User, password: str | None) -> str | None:
        """Return the hash of the password, made while nothing is held."""
        if password is None:
            reject_if(violations_of_user(user))
            return None
        async with self.open_uow(actor.org_id, actor) as uow:
            policy = (await uow.organizations.current()).policy
        reject_if((*violations_of_user(user), *violations_of_password(password, policy, email=user.email)))
        return await self.hasher.hash(password)


@frozen
class ChangeUser:
    """Change a user's name, address or role, take access away or give it back."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(
        self,
        by: Actor,
        user_id: UserId,
        *,
        name: str | None = None,
        email: str | None = None,
        role: Role | None = None,
        active: bool | None = None,
        expected_version: int | None = None,
    ) -> User:
        """Return the user with what is not None changed.

        Raises `InvalidInput`, `NotFound`, `NotPermitted`, `VersionMismatch`, `AlreadyExists` for a taken address,
        `Refused` for the last active admin.
        """
        authorize(by, "users:write")

        def wanted(user: User) -> User:
            return evolve(
                user,
                name=user.name if name is None else name.strip(),
                email=user.email if email is None else email.strip(),
                role=role or user.role,
                active=user.active if active is None else active,
            )

        async def attempt() -> User:
            async with self.open_uow(by.org_id, by) as uow:
                user = await held_to_manage(uow, by, user_id, expected_version)
                other = wanted(user)
                authorize_managing(by, other.role, of=by.org_id)
                reject_if(violations_of_user(other))
                changed = await _become(uow, user, other, self.clock)
                await uow.commit(changed)
            return changed

        return await on_fresh_data(attempt)


@frozen
class DeactivateUser:
    """Take a user's access away at once, sessions and API keys with it; what the user did stays as it is."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock

    async def __call__(
        self, by: Actor, user_id: UserId, *, org_id: OrgId | None = None, expected_version: int | None = None
    ) -> User:
        """Return the deactivated user; `org_id` is another organization, whose admins a system admin deactivates.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` for the last active admin.
        """
        where = by.org_id if org_id is None else org_id
        authorize_managing(by, Role.ADMIN, of=where)
        actor = await actor_in(where, by, self.open_uow)

        async def attempt() -> User:
            async with self.open_uow(where, actor) as uow:
                user = await held_to_manage(uow, by, user_id, expected_version)
                changed = await _become(uow, user, evolve(user, active=False), self.clock)
                await uow.commit(changed)
            return changed

        return await on_fresh_data(attempt)


@frozen
class GetUser:
    """Look at a user."""

    open_uow: OpenUnitOfWork[AccessWork]

    async def __call__(self, by: Actor, user_id: UserId) -> User:
        """Return the user. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "users:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.users.get(user_id)


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


@frozen
class ListUsers:
    """List the organization's users, deactivated ones too."""

    open_uow: OpenUnitOfWork[AccessWork]

    async def __call__(self, by: Actor, request: PageRequest, *, filter: UserFilter | None = None) -> Page[User]:
        """Return a page, by id or in an order that `Users.page` has. Raises `NotPermitted`."""
        authorize(by, "users:read")
        async with self.open_uow(by.org_id, by) as uow:
            return await uow.users.page(request, filter=filter or UserFilter())


async def held_to_manage(uow: AccessWork, by: Actor, user_id: UserId, expected_version: int | None) -> User:
    """Hold the organization and then the user, and return the user. Raises `NotPermitted`, `VersionMismatch`.

    Two admins who demote each other at once must not both succeed: the organization is held first.
    """
    await uow.organizations.current_for_update()
    user = await uow.users.get_for_update(user_id)
    authorize_managing(by, user.role, of=uow.org_id)
    require_version("user", user.id, expected=expected_version, found=user.version)
    return user


async def _become(uow: AccessWork, user: User, other: User, clock: Clock) -> User:
    """Save the user as `other`; without access there are no sessions and keys."""
    if other == user:
        return user
    if other.role is not Role.ADMIN or not other.active:
        refuse_if(blockers_to_lose_admin(user, active_admins=await uow.users.active_admins()))
    now = clock.now()
    keys = () if other.active else await uow.api_keys.unrevoked_of_for_update(user.id)
    changed, event = user.changed_into(other, at=now)
    uow.users.save(changed, was=user)
    uow.record(event)
    if not changed.active:
        await uow.sessions.revoke_all(user.id, at=now)
    for key in keys:
        revoked, revocation = key.revoked(at=now)
        uow.api_keys.save(revoked, was=key)
        uow.record(revocation)
    return changed
