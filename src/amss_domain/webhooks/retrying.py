"""When a delivery that failed is tried again, and when it is given up."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from amss_domain.shared.ids import DeliveryId

PAUSES: Final = tuple(timedelta(minutes=one) for one in (1, 5, 15, 30, 60, 120, 240, 480, 960))
"""How long to wait after each failed attempt: with the first, made at once, ten attempts in a day and a half."""

LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
"""The longest that a receiver may ask to be left alone for."""

SPREAD: Final = 0.1
"""By how much of itself a pause is lengthened at most, so that what failed together is not tried again together."""

_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH: Final = rf"(?P<month>{'|'.join(_MONTHS)})"
_TIME: Final = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
# The three forms of RFC 9110, section 5.6.7, of which the last two are obsolete and to be understood all the same.
_DATES: Final = (
    re.compile(rf"[A-Z][a-z]{{2}}, (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT"),
    re.compile(rf"[A-Z][a-z]{{5,8}}, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT"),
    re.compile(rf"[A-Z][a-z]{{2}} {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})"),
)
_CENTURY_AHEAD: Final = 50


def next_attempt_at(
    number: int,
    *,
    at: datetime,
    pauses: Sequence[timedelta],
    max_attempts: int,
    jitter: float,
    retry_after_s: float | None = None,
) -> datetime | None:
    """Return when to try again after attempt `number` (from 1) failed at `at`; None when that was the last.

    The pause is that of the schedule, lengthened by up to a tenth (`jitter` from 0 to 1), and never shorter than
    what the receiver asked for, up to 24 h of that. There are `max_attempts` attempts at most, and one more than there
    are pauses.
    """
    if number >= min(max_attempts, len(pauses) + 1):
        return None
    pause = pauses[number - 1] * (1 + SPREAD * jitter)
    asked = timedelta(seconds=min(retry_after_s or 0.0, LONGEST_RETRY_AFTER.total_seconds()))
    return at + max(pause, asked)


def jitter_of(delivery_id: DeliveryId, number: int) -> float:
    """Return a number from 0 to 1 that looks random, and is the same each time for the same attempt."""
    digest = hashlib.sha256(delivery_id.bytes + number.to_bytes(4, "big")).digest()
    return int.from_bytes(digest[:4], "big") / 0xFFFFFFFF


def retry_after_of(header: str | None, *, at: datetime) -> float | None:
    """Return how many seconds from `at` a Retry-After header asks for: seconds or an HTTP date (RFC 9110, 10.2.3).

    None for what is neither; 0 for a date that has passed.
    """
    if header is None:
        return None
    text = header.strip()
    if _SECONDS.fullmatch(text) and text.isascii():
        return float(text)
    moment = _date_of(text, at)
    return None if moment is None else max((moment - at).total_seconds(), 0.0)


def _date_of(text: str, at: datetime) -> datetime | None:
    found = next((match for form in _DATES if (match := form.fullmatch(text))), None)
    if found is None or not text.isascii():
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += at.year // 100 * 100
        # Of two digits that seem to be more than 50 years ahead, the most recent year with them is meant.
        year -= 100 if year > at.year + _CENTURY_AHEAD else 0
    month = _MONTHS.index(found["month"]) + 1
    try:
        return datetime(
            year, month, int(found["day"]), int(found["hour"]), int(found["minute"]), int(found["second"]), tzinfo=UTC
        )
    except ValueError:
        return None
