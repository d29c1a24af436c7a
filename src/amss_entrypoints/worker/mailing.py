"""Watching over what becomes of mail, and of messages that a follower fails with."""

from typing import Final

import structlog
from attrs import frozen

from amss_domain.alerts.letters import Letter
from amss_domain.alerts.ports import Mailer, Reception
from amss_domain.shared.outbox import OutboxMessage
from amss_entrypoints.worker import metrics

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("amss.worker")


@frozen
class CountingMailer:
    """Has a mailer send, counts what became of the letters, and logs those that never will be taken."""

    mailer: Mailer

    async def send(self, letter: Letter, /) -> Reception:
        """Send the letter, and return what became of it. Raises `Unavailable`."""
        reception = await self.mailer.send(letter)
        metrics.mailed(outcome=reception.value)
        if reception is Reception.NEVER:
            # By its id alone: whom it was to is nobody's business here.
            _log.warning("a letter was refused for good", letter=letter.id)
        return reception


def say_failed(message: OutboxMessage, error: Exception) -> None:
    """Log that a follower inside failed with a message."""
    _log.error(
        "following an event failed",
        org_id=str(message.org_id),
        event_id=str(message.id),
        event_type=message.event_type,
        exc_info=error,
    )
