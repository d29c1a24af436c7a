"""Identities made on this machine."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest

from amss_adapters.system.id_factory import Uuid7Factory

NOW_NS = time.time_ns()


def told_by(made: UUID) -> datetime:
    """Return the instant in the first 48 bits of an id."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC)


def test_ids_are_uuids_of_version_7() -> None:
    """An id is a plain `uuid.UUID` of version 7 whose first 48 bits tell the time."""
    made = Uuid7Factory().new()

    assert (type(made), made.version, made.variant) == (UUID, 7, RFC_4122)
    assert abs(datetime.now(UTC) - told_by(made)) < timedelta(seconds=10)


def test_later_ids_sort_after_earlier_ones() -> None:
    """Ids made one after another grow, also within a millisecond and from several factories of the process."""
    factories = (Uuid7Factory(), Uuid7Factory())

    made = [factory.new() for _ in range(20_000) for factory in factories]

    assert all(one < other for one, other in pairwise(made))


@pytest.mark.parametrize(
    "passing_ns",
    [pytest.param(0, id="standing still"), pytest.param(-1_000_000, id="going back")],
)
def test_ids_grow_whatever_the_clock_does(monkeypatch: pytest.MonkeyPatch, passing_ns: int) -> None:
    """More ids than the counter holds for a millisecond, or a clock set back with every one, keep the order."""
    monkeypatch.setattr(Uuid7Factory, "_latest", 0)
    instants = (NOW_NS + passing_ns * number for number in range(10_000))
    monkeypatch.setattr(time, "time_ns", lambda: next(instants))
    factory = Uuid7Factory()

    made = [factory.new() for _ in range(10_000)]

    assert all(one < other for one, other in pairwise(made))
    assert timedelta(0) <= told_by(made[-1]) - told_by(made[0]) <= timedelta(milliseconds=3)
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
