"""Sending mail to whoever forgot a password."""

from typing import Final

from attrs import frozen

from amss_domain.alerts.ports import RESETS, AlertQueue
from amss_domain.alerts.use_cases.send_reset_mails import SendResetMails
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.jobs.organizations import PAGE, Organizations

_OF_EACH: Final = 5


@frozen(kw_only=True)
class MailResets:
    """Sends the mails that were asked for to set a password; behind no other mail, since they soon expire."""

    name = "mail-resets"
    topics = (RESETS,)
    rest = Rest.ms(200, 5_000)
    alone = False

    organizations: Organizations
    queue: AlertQueue
    send: SendResetMails
    clock: Clock

    async def run(self) -> int:
        """Send a portion, and return how many requests that were. Raises `Unavailable`."""
        due = await self.queue.to_mail_resets(at=self.clock.now(), limit=PAGE)
        return await self.organizations.all(due, self._send)

    async def close(self) -> None:
        """End what still goes on; a mail that was not taken is due again."""
        await self.organizations.close()

    async def _send(self, by: Actor) -> int:
        # A few of each at a time, so that many in one organization leave the others their turn.
        return await self.send(by, limit=_OF_EACH)
