"""Sending mail about what happened."""

import structlog
from attrs import frozen

from amss_domain.alerts.followers import MAIL
from amss_domain.alerts.use_cases.send_letters import SendLetters
from amss_domain.alerts.use_cases.write_letters import WriteLetters
from amss_domain.relay.model import INBOX
from amss_domain.relay.ports import Inboxes
from amss_domain.shared.clock import Clock
from amss_entrypoints.worker import metrics
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.jobs.organizations import PAGE, Organizations

_log: structlog.stdlib.BoundLogger = structlog.get_logger("amss.worker")


@frozen(kw_only=True)
class SendMail:
    """Makes letters of what waits for the follower `mail`, and sends those that are due."""

    name = "send-mail"
    topics = (INBOX,)
    rest = Rest.ms(200, 5_000)
    alone = False

    organizations: Organizations
    inboxes: Inboxes
    write: WriteLetters
    send: SendLetters
    clock: Clock

    async def run(self) -> int:
        """Send a portion, and return how many messages and letters were settled. Raises `Unavailable`."""
        passed_over = self.organizations.passed_over()
        waiting = await self.inboxes.waiting(MAIL, limit=PAGE, at=self.clock.now(), but=passed_over)
        written = await self.organizations.all(waiting, self.write)
        sending = await self.send()
        for letter in sending.given_up:
            metrics.mailed(outcome="given up")
            _log.warning("a letter was given up", letter=letter)
        if sending.away is not None:
            raise sending.away
        return written + sending.settled

    async def close(self) -> None:
        """End what still goes on; what was not sent stays among the letters that wait."""
        await self.organizations.close()
