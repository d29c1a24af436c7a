"""The circuit breaker: when it opens, for how long, and what closes it."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.shared.ids import WebhookId
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.webhook_builders import an_attempt
from amss_domain.webhooks.breaker import FAILURES_TO_OPEN, FIRST_PAUSE, LONGEST_PAUSE, health_after
from amss_domain.webhooks.delivery import Health

WELL = Health(webhook_id=WebhookId(FRESH_IDS.new()))
SECOND = timedelta(seconds=1)


def after(health: Health, *statuses: int | None) -> Health:
    """Return the health after attempts with these answers, one each second from noon on."""
    for number, status in enumerate(statuses):
        attempt = an_attempt(status=status, at=NOON + number * SECOND)
        health = health_after(health, attempt, attempt.ended_at)
    return health


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 404, 410, 500, 503])
def test_all_but_a_success_is_a_failure(status: int | None) -> None:
    """Anything but an answer from 200 to 299 counts as a failure, since when the first one was over."""
    assert after(WELL, status, status) == evolve(WELL, consecutive_failures=2, failing_since=NOON)


@pytest.mark.parametrize("status", [200, 202, 299])
def test_a_success_leaves_nothing_of_what_was_wrong(status: int) -> None:
    """After a success there are no failures, no pause, and the next pause would be the first again."""
    failing = evolve(WELL, consecutive_failures=30, failing_since=NOON, open_until=NOON, opened=4)

    assert after(failing, status) == evolve(WELL, last_success_at=NOON)


def test_it_opens_at_the_tenth_failure_in_a_row() -> None:
    """Nine failures leave it closed; the tenth opens it for 30 seconds from then on."""
    nine = after(WELL, *[500] * (FAILURES_TO_OPEN - 1))
    ten = after(WELL, *[500] * FAILURES_TO_OPEN)

    assert (nine.open_until, nine.opened) == (None, 0)
    assert (ten.open_until, ten.opened) == (NOON + 9 * SECOND + timedelta(seconds=30), 1)


def test_a_success_in_between_starts_the_count_again() -> None:
    """Failures that are not in a row do not open it."""
    statuses = [500] * 9 + [200] + [500] * 9

    assert after(WELL, *statuses).open_until is None


def test_each_failed_probe_doubles_the_pause_up_to_a_quarter_of_an_hour() -> None:
    """The pauses are 30 s, 1, 2, 4, 8 and then 15 minutes, however often."""
    health, pauses = after(WELL, *[500] * FAILURES_TO_OPEN), []
    for _ in range(40):
        assert health.open_until is not None
        at = health.open_until
        health = health_after(health, an_attempt(status=None, at=at), at)
        assert health.open_until is not None
        pauses.append(health.open_until - at)

    assert pauses[:5] == [timedelta(seconds=seconds) for seconds in (60, 120, 240, 480, 900)]
    assert set(pauses[5:]) == {LONGEST_PAUSE}
    assert health.opened == 41


def test_what_was_under_way_does_not_prolong_the_pause() -> None:
    """A failure of what was sent before it opened is counted, and changes nothing about the pause."""
    opened = after(WELL, *[500] * FAILURES_TO_OPEN)
    late = an_attempt(status=500, at=NOON)

    health = health_after(opened, late, NOON + timedelta(minutes=5))

    assert health == evolve(opened, consecutive_failures=FAILURES_TO_OPEN + 1)


def test_a_probe_after_cooling_down_opens_it_at_once() -> None:
    """When the breaker was left open by hand, one failure afterwards opens it again."""
    cooling = evolve(WELL, open_until=NOON)

    assert after(cooling, 500).open_until == NOON + FIRST_PAUSE


@given(statuses=st.lists(st.sampled_from([200, 500, None]), max_size=60))
def test_its_count_is_of_the_last_failures_in_a_row(statuses: list[int | None]) -> None:
    """Whatever came before, the failures counted are those since the last success, and none without a beginning."""
    health = after(WELL, *statuses)

    trailing = next((place for place, one in enumerate(reversed(statuses)) if one == 200), len(statuses))
    assert health.consecutive_failures == trailing
    assert (health.failing_since is None) == (trailing == 0)
    assert (health.last_success_at is None) == (200 not in statuses)
    assert (health.open_until is None) == (trailing < FAILURES_TO_OPEN)
