"""Where the time comes from: the domain is told, it never looks."""

from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tell the time.

    - `now()` is aware and in UTC.
    - It never goes back between two calls on one clock.
    """

    def now(self) -> datetime: ...


def day_of(moment: datetime, time_zone: str) -> date:
    """Return the calendar day that `moment` falls on in the organization's `time_zone` (an IANA name)."""
    return moment.astimezone(ZoneInfo(time_zone)).date()
