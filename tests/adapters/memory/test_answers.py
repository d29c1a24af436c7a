"""Kept answers take no more memory than those that may be asked for again."""

from datetime import timedelta

from attrs import evolve

from amss_adapters.memory.answers import KeptAnswers
from amss_domain.shared.idempotency import KEPT_FOR
from amss_domain.testing.builders import an_idempotency
from amss_domain.testing.stand_ins import NOON


def test_answers_go_when_their_time_has_come() -> None:
    """With each answer that is kept those that are too old are let go of, and no other is."""
    kept = KeptAnswers()
    commands = [an_idempotency(at=NOON + timedelta(hours=hour)) for hour in range(100)]

    for command in commands:
        kept.put(command, b"done")

    at = commands[-1].at
    assert len(kept) == 24
    assert [one for one in commands if kept.has(evolve(one, at=at))] == commands[-24:]
    assert timedelta(hours=24) == KEPT_FOR


def test_a_key_that_is_used_again_counts_from_then() -> None:
    """It goes to the end of the line, and does not hold up those behind its old place."""
    kept = KeptAnswers()
    first, second = an_idempotency(at=NOON), an_idempotency(at=NOON + timedelta(hours=1))
    kept.put(first, b"done")
    kept.put(second, b"done")

    kept.put(evolve(first, at=NOON + KEPT_FOR), b"again")
    kept.put(an_idempotency(at=NOON + KEPT_FOR + timedelta(hours=2)), b"done")

    assert len(kept) == 2
    assert kept.has(evolve(first, at=NOON + KEPT_FOR + timedelta(hours=2)))
