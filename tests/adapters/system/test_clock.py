"""The machine's clock."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from amss_adapters.system import clock
from amss_adapters.system.clock import SystemClock


def test_it_tells_the_time_in_utc() -> None:
    """`now` is an aware instant in UTC, within what the machine's clock shows before and after."""
    before = datetime.now(UTC)
    now = SystemClock().now()
    after = datetime.now(UTC)

    assert now.utcoffset() == timedelta(0)
    assert before <= now <= after


def test_it_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine's clock that is set back makes it stand still until the machine's clock has caught up."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    shown = iter([noon, noon - timedelta(hours=1), noon - timedelta(seconds=1), noon + timedelta(seconds=1)])
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(min=noon - timedelta(days=1), now=lambda _: next(shown)))
    system_clock = SystemClock()

    told = [system_clock.now() for _ in range(4)]

    assert told == [noon, noon, noon, noon + timedelta(seconds=1)]
