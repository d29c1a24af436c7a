"""The circuit breaker: how an attempt changes the health of its webhook."""

from datetime import datetime, timedelta
from typing import Final

from attrs import evolve

from amss_domain.webhooks.delivery import Attempt, Health

FAILURES_TO_OPEN: Final = 10
"""So many failures in a row open the breaker; after that each failed probe does."""

FIRST_PAUSE: Final = timedelta(seconds=30)
"""For how long it opens the first time; each further time in a row for twice as long."""

LONGEST_PAUSE: Final = timedelta(minutes=15)
"""For how long it opens at most."""


def health_after(health: Health, attempt: Attempt, at: datetime) -> Health:
    """Return how the webhook fares after an attempt that was over at `at`.

    A success leaves nothing of what was wrong before. The breaker opens at the tenth failure in a row, for 30 s, and
    when what was tried after it had been open fails as well, for twice as long as before, up to 15 min. What was under
    way already when it opened counts as a failure and does not prolong the pause.
    """
    if attempt.succeeded:
        return Health(webhook_id=health.webhook_id, last_success_at=at)
    failing = evolve(
        health,
        consecutive_failures=health.consecutive_failures + 1,
        failing_since=health.failing_since or at,
    )
    if not _opens(failing, attempt):
        return failing
    return evolve(failing, open_until=at + _pause(health.opened), opened=health.opened + 1)


def _opens(failing: Health, attempt: Attempt) -> bool:
    if failing.open_until is not None:
        return attempt.at >= failing.open_until
    return failing.consecutive_failures >= FAILURES_TO_OPEN


def _pause(opened: int) -> timedelta:
    # Past so many doublings it is the longest anyway, and the power stays small.
    return min(FIRST_PAUSE * (1 << min(opened, 16)), LONGEST_PAUSE)
