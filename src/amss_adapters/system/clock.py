"""The clock of this machine."""

from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time in UTC; stands still while the machine's clock is set back, until that has caught up."""

    def __init__(self) -> None:
        self._latest = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time, never before what was returned last."""
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest
