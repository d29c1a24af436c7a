"""Setting a forgotten password: asking for a mail, and using the token in it."""

from attrs import frozen

from amss_domain.access.credentials import Presented, SecretKind
from amss_domain.access.errors import BadCredentials
from amss_domain.access.events import OrganizationPasswordResetRefused, UserPasswordResetRequested
from amss_domain.access.form import is_email, violations_of_password
from amss_domain.access.model import User
from amss_domain.access.password_reset import PasswordReset
from amss_domain.access.ports import AccessWork, Directory, PasswordHasher, Secrets
from amss_domain.access.use_cases.login import NOWHERE, organization_called
from amss_domain.access.use_cases.passwords import put_password
from amss_domain.access.use_cases.sessions import Origin, unknown_actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import reject_if
from amss_domain.shared.events import Event
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import PasswordResetId
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class RequestPasswordReset:
    """Ask for a mail with which to set a forgotten password.

    Whoever asks is not told whether there is such a user; the mail goes out later, from the queue.
    """

    open_uow: OpenUnitOfWork[AccessWork]
    directory: Directory
    clock: Clock
    ids: IdFactory

    async def __call__(self, org: str, *, email: str, origin: Origin | None = None) -> None:
        """Put a mail to the user into the queue, if there is one with access; `org` is a slug or id."""
        email = email.strip()
        org_id = await organization_called(org, self.directory)
        where = org_id or NOWHERE
        now = self.clock.now()
        event: Event
        async with self.open_uow(where, unknown_actor(where, "forgotten password", origin)) as uow:
            user = await uow.users.by_email(email if is_email(email) else "")
            if org_id is None:
                return
            if user is None or not user.active:
                shown = email if is_email(email) else None
                event = OrganizationPasswordResetRefused(aggregate_id=org_id, version=1, occurred_at=now, email=shown)
            else:
                uow.password_resets.add(self._reset_of(user))
                event = UserPasswordResetRequested(
                    aggregate_id=user.id, version=user.version, occurred_at=now, email=user.email
                )
            uow.record(event)
            await uow.commit()

    def _reset_of(self, user: User) -> PasswordReset:
        return PasswordReset(
            id=PasswordResetId(self.ids.new()), org_id=user.org_id, user_id=user.id, created_at=self.clock.now()
        )


@frozen
class SetForgottenPassword:
    """Set a password with the token of a mail, which works once; all sessions of the user end."""

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    hasher: PasswordHasher
    secrets: Secrets

    async def __call__(self, text: str, *, password: str, origin: Origin | None = None) -> User:
        """Return the user.

        Raises `BadCredentials`, whatever is wrong with the token or the user, and `InvalidInput` for a password that is
        too easy, after which the token can be used again.
        """
        presented = self.secrets.read(text.strip())
        if presented is None or presented.kind is not SecretKind.PASSWORD_RESET:
            raise BadCredentials
        actor = unknown_actor(presented.org_id, "forgotten password", origin)
        async with self.open_uow(presented.org_id, actor) as uow:
            user = await self._user(uow, await uow.password_resets.find(_id_of(presented)), presented)
            policy = (await uow.organizations.current()).policy
        reject_if(violations_of_password(password, policy, email=user.email))
        hashed = await self.hasher.hash(password)
        async with self.open_uow(presented.org_id, actor) as uow:
            user = await uow.users.get_for_update(user.id)
            # Held after the user, as whoever sets the password in another way does.
            user = await self._user(uow, await uow.password_resets.find_for_update(_id_of(presented)), presented)
            await put_password(uow, user, hashed, clock=self.clock)
            await uow.commit(user)
        return user

    async def _user(self, uow: AccessWork, reset: PasswordReset | None, presented: Presented) -> User:
        """Return whose password the token sets. Raises `BadCredentials`."""
        if reset is None or reset.digest is None or not self.secrets.matches(presented.digest, reset.digest):
            raise BadCredentials
        user = await uow.users.get(reset.user_id)
        if not reset.is_usable(self.clock.now()) or not user.active:
            raise BadCredentials
        return user


def _id_of(presented: Presented) -> PasswordResetId:
    return PasswordResetId(presented.id)
