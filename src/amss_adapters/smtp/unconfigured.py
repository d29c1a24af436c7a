"""What stands in for mail where no server is configured."""

from collections.abc import Callable

from amss_domain.alerts.letters import Letter
from amss_domain.alerts.ports import Reception


class LoggingMailer:
    """Takes every letter and sends none: `log` is told the id of each, and nothing of whom it is to or what it says."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log

    async def send(self, letter: Letter, /) -> Reception:
        """Say that there was a letter."""
        self._log(letter.id)
        return Reception.TAKEN

    async def close(self) -> None:
        """Do nothing: nothing was opened."""
