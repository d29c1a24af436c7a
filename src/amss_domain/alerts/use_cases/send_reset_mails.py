"""Sending the mails with which forgotten passwords are set."""

from attrs import frozen

from amss_domain.access.model import Organization, User
from amss_domain.access.password_reset import PasswordReset
from amss_domain.access.ports import AccessWork, Secrets
from amss_domain.access.rules import authorize
from amss_domain.alerts import letters
from amss_domain.alerts.ports import Mailer, Reception
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class SendResetMails:
    """Send the mails that the organization's users have asked for.

    The token is made on the way, so that its text is in the mail alone; a mail that has to be sent again has another.
    """

    open_uow: OpenUnitOfWork[AccessWork]
    clock: Clock
    secrets: Secrets
    mailer: Mailer

    async def __call__(self, by: Actor, *, limit: int = 20) -> int:
        """Return how many requests were worked off, up to `limit`: 0 when no mail is due.

        A mail that is not taken now is due again after `MAIL_AGAIN_AFTER`. Raises `Unavailable` while none is taken,
        `NotPermitted`.
        """
        authorize(by, "users:write")
        for count in range(limit):
            if not await self._one(by):
                return count
        return limit

    async def _one(self, by: Actor) -> bool:
        ready = await self._prepare(by)
        if ready is None:
            return False
        reset, user, organization, token = ready
        if user.active and reset.expires_at is not None:
            letter = letters.password_reset(user, organization, token, occasion=reset.id, until=reset.expires_at)
            if await self.mailer.send(letter) is Reception.LATER:
                return True
        await self._finish(by, reset)
        return True

    async def _prepare(self, by: Actor) -> tuple[PasswordReset, User, Organization, str] | None:
        """Return a request whose mail is due, with a token that is good by now."""
        async with self.open_uow(by.org_id, by) as uow:
            now = self.clock.now()
            for reset in await uow.password_resets.due_for_update(at=now, limit=1):
                user, organization = await uow.users.get(reset.user_id), await uow.organizations.current()
                secret = self.secrets.new_reset_token(by.org_id, reset.id)
                ready = reset.with_token(secret.digest, at=now)
                uow.password_resets.save(ready, was=reset)
                await uow.commit()
                return ready, user, organization, secret.text
        return None

    async def _finish(self, by: Actor, sent: PasswordReset) -> None:
        """Say that the mail was taken, unless another token was sent or used meanwhile."""

        async def attempt() -> None:
            async with self.open_uow(by.org_id, by) as uow:
                reset = await uow.password_resets.find_for_update(sent.id)
                if reset is not None and reset.digest == sent.digest:
                    uow.password_resets.save(reset.mailed(at=self.clock.now()), was=reset)
                await uow.commit()

        await on_fresh_data(attempt)
