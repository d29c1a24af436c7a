"""Failed deliveries are tried again on a schedule, as long as the receiver asks to be left alone, and then given up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.shared.ids import DeliveryId
from amss_domain.testing.stand_ins import NOON
from amss_domain.webhooks.retrying import PAUSES, jitter_of, next_attempt_at, retry_after_of

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def after(
    number: int, *, jitter: float = 0.0, max_attempts: int = 10, retry_after_s: float | None = None
) -> timedelta | None:
    """Return how long after its failure attempt `number` is followed by the next."""
    at = next_attempt_at(
        number, at=NOON, pauses=PAUSES, max_attempts=max_attempts, jitter=jitter, retry_after_s=retry_after_s
    )
    return None if at is None else at - NOON


def test_there_are_ten_attempts_on_the_schedule_of_the_documents() -> None:
    """1, 5, 15, 30 minutes, then 1, 2, 4, 8, 16 hours after each."""
    pauses = [after(number) for number in range(1, 11)]

    assert pauses == [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, None]


@pytest.mark.parametrize(("max_attempts", "last"), [(1, 1), (4, 4), (10, 10), (25, 10)])
def test_the_policy_says_fewer_attempts_and_never_more(max_attempts: int, last: int) -> None:
    """There is none after the last pause of the schedule."""
    assert after(last, max_attempts=max_attempts) is None
    assert last == 1 or after(last - 1, max_attempts=max_attempts) is not None


@given(st.integers(1, 9), st.floats(0, 1))
def test_a_pause_is_lengthened_by_a_tenth_at_most(number: int, jitter: float) -> None:
    """And never shortened: the schedule is what a receiver may count on."""
    pause = after(number, jitter=jitter)

    assert pause is not None
    assert PAUSES[number - 1] <= pause <= PAUSES[number - 1] * 1.1 + timedelta(microseconds=1)


def test_what_failed_together_is_tried_again_apart() -> None:
    """The spread looks random from delivery to delivery and attempt to attempt, and is the same each time."""
    ids = [DeliveryId(UUID(int=number)) for number in range(1000)]
    spread = [jitter_of(id, 1) for id in ids]

    assert spread == [jitter_of(id, 1) for id in ids]
    assert min(spread) >= 0.0
    assert max(spread) <= 1.0
    assert [sum(1 for one in spread if low <= one < low + 0.25) > 150 for low in (0, 0.25, 0.5, 0.75)] == [True] * 4
    assert jitter_of(ids[0], 1) != jitter_of(ids[0], 2)


@pytest.mark.parametrize(
    ("asked_s", "pause"),
    [
        (0.0, MINUTE),
        (30.0, MINUTE),
        (90.0, 90 * SECOND),
        (86_400.0, 24 * HOUR),
        (10_000_000.0, 24 * HOUR),
        (1e300, 24 * HOUR),
    ],
)
def test_retry_after_is_honoured_up_to_a_day(asked_s: float, pause: timedelta) -> None:
    """It never brings the next attempt forward."""
    assert after(1, retry_after_s=asked_s) == pause


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("999999999999", 999_999_999_999.0),
        ("Mon, 02 Mar 2026 12:00:30 GMT", 30.0),
        ("Monday, 02-Mar-26 12:01:00 GMT", 60.0),
        ("Mon Mar  2 12:02:00 2026", 120.0),
        ("Tue Mar 10 12:00:00 2026", 8 * 86_400.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("١٢", None),
        ("9999999999999", None),
        ("Mon, 31 Feb 2026 12:00:00 GMT", None),
        ("Mon, 02 Mar 2026 25:00:00 GMT", None),
        ("Mon, 02 Mrz 2026 12:00:00 GMT", None),
        ("Mon, 02 Mar 2026 12:00:00 CET", None),
        ("Mon, 02 Mar 0000 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    """Seconds, or a date in any of the three forms of RFC 9110; anything else asks for nothing."""
    assert retry_after_of(header, at=NOON) == seconds


@pytest.mark.parametrize(("text", "year"), [("70", 2070), ("76", 2076), ("77", 1977), ("94", 1994)])
def test_a_year_of_two_digits_is_at_most_fifty_ahead(text: str, year: int) -> None:
    """RFC 9110, section 5.6.7."""
    seconds = retry_after_of(f"Sunday, 06-Nov-{text} 08:49:37 GMT", at=NOON)

    assert seconds == max((datetime(year, 11, 6, 8, 49, 37, tzinfo=UTC) - NOON).total_seconds(), 0.0)


@given(st.text(max_size=60))
def test_no_header_makes_it_fail(header: str) -> None:
    """Whatever a receiver sends, there is a number or none."""
    seconds = retry_after_of(header, at=NOON)

    assert seconds is None or seconds >= 0.0
