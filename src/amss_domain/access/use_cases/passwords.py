"""Setting passwords: one's own with the current one, and as an admin other people's."""

from attrs import frozen

from amss_domain.access.events import UserPasswordChanged
from amss_domain.access.form import violations_of_password
from amss_domain.access.model import User
from amss_domain.access.ports import AccessWork, PasswordHasher
from amss_domain.access.rules import authorize, authorize_managing, user_who_acts
from amss_domain.access.use_cases.users import held_to_manage
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import NotPermitted, reject_if
from amss_domain.shared.ids import SessionId, UserId
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.violation import Violation


@frozen
class ChangePassword:
    """Set one's own password."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    hasher: PasswordHasher

    async def __call__(self, by: Actor, *, current: str, new: str, session_id: SessionId | None = None) -> User:
        """Return the user, whose sessions are over but for `session_id`.

        Raises `InvalidInput` for a new password that is too easy, `NotPermitted` for a wrong current one.
        """
        user_id = user_who_acts(by)
        async with self.open_uow(by.org_id, by) as uow:
            user = await uow.users.get(user_id)
            policy = (await uow.organizations.current()).policy
            known = await uow.passwords.hash_of(user_id)
        reject_if(violations_of_password(new, policy, email=user.email))
        if not await self.hasher.verify(current, known):
            raise _wrong_password()
        hashed = await self.hasher.hash(new)
        async with self.open_uow(by.org_id, by) as uow:
            user = await uow.users.get_for_update(user_id)
            if await uow.passwords.hash_of(user_id) != known:
                raise _wrong_password()
            await put_password(uow, user, hashed, clock=self.clock, but=session_id)
            await uow.commit(user)
        return user


@frozen
class ResetPassword:
    """Set another user's password, who forgot it or never had one."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    hasher: PasswordHasher

    async def __call__(self, by: Actor, user_id: UserId, *, password: str, expected_version: int | None = None) -> User:
        """Return the user, whose sessions are all over.

        Raises `InvalidInput` for a password that is too easy, `NotFound`, `NotPermitted`, `VersionMismatch`.
        """
        authorize(by, "users:write")
        if str(user_id) == by.id:
            message = "change your own password with the current one"
            raise NotPermitted([Violation("own_password", message, str(user_id))])
        async with self.open_uow(by.org_id, by) as uow:
            user = await uow.users.get(user_id)
            policy = (await uow.organizations.current()).policy
        authorize_managing(by, user.role, of=by.org_id)
        reject_if(violations_of_password(password, policy, email=user.email))
        hashed = await self.hasher.hash(password)
        async with self.open_uow(by.org_id, by) as uow:
            user = await held_to_manage(uow, by, user_id, expected_version)
            await put_password(uow, user, hashed, clock=self.clock)
            await uow.commit(user)
        return user


async def put_password(uow: AccessWork, user: User, hashed: str, *, clock: Clock, but: SessionId | None = None) -> None:
    """Put the hash of a held user, and end the sessions that were begun with another password."""
    now = clock.now()
    uow.passwords.put(user.id, hashed)
    await uow.sessions.revoke_all(user.id, at=now, but=but)
    # Whoever asked for a mail before has no use for it now.
    await uow.password_resets.use_all(user.id, at=now)
    uow.record(UserPasswordChanged(aggregate_id=user.id, version=user.version, occurred_at=now, email=user.email))


def _wrong_password() -> NotPermitted:
    message = "the current password is another one"
    return NotPermitted([Violation("wrong_password", message, "current_password")])
