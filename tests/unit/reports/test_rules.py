"""The rules of reports, by tables."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from amss_domain.reports.fleet import PlannedWindow
from amss_domain.reports.period import beginning_of, percentage
from amss_domain.reports.punctuality import punctuality_of
from amss_domain.reports.workload import hours_of
from amss_domain.scheduling.deferral import Deferral
from amss_domain.scheduling.due import DuePoint
from amss_domain.scheduling.limit import Combine
from amss_domain.scheduling.task import Completion, TaskStatus
from amss_domain.shared.ids import AircraftId, OrgId, ProgramId
from amss_domain.testing.builders import an_aircraft
from amss_domain.testing.scheduling_builders import a_task
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY

HOUR = timedelta(hours=1)
AT_100 = DuePoint(limit="hours", unit="hours", span=Decimal(100), at=Decimal(100))
AT_120 = evolve(AT_100, at=Decimal(120))
TODAY_LATEST = DuePoint(limit="days", unit="days", span=Decimal(30), on=TODAY)
NOWHERE = DuePoint(limit="cycles", unit="cycles", span=Decimal(30))


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 0, None), (0, 3, "0.0"), (1, 3, "33.3"), (2, 3, "66.6"), (1999, 2000, "99.9"), (3, 3, "100.0")],
)
def test_a_percentage_is_rounded_down(part: int, whole: int, expected: str | None) -> None:
    """100.0 is all of them and nothing else."""
    assert percentage(part, whole) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        (date(2026, 3, 2), "UTC", datetime(2026, 3, 2, tzinfo=UTC)),
        (date(2026, 3, 2), "Asia/Tokyo", datetime(2026, 3, 1, 15, tzinfo=UTC)),
        (date(2026, 7, 1), "Europe/Lisbon", datetime(2026, 6, 30, 23, tzinfo=UTC)),
        # The clocks go forward at midnight: the day begins at 01:00.
        (date(2018, 11, 4), "America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ],
)
def test_a_day_begins_where_the_organization_is(day: date, zone: str, expected: datetime) -> None:
    """The instant is in UTC, also where there is no midnight."""
    assert beginning_of(day, zone) == expected


@pytest.mark.parametrize(
    ("start", "end", "overlaps"),
    [
        (NOON, None, True),
        (NOON - HOUR, None, False),
        (NOON + HOUR, None, False),
        (NOON - HOUR, NOON, False),
        (NOON - HOUR, NOON + HOUR / 60, True),
        (NOON - HOUR, NOON + 9 * HOUR, True),
        (NOON + HOUR / 2, NOON + 2 * HOUR, True),
    ],
)
def test_a_window_overlaps_by_any_of_it(start: datetime, end: datetime | None, overlaps: bool) -> None:
    """The end of a window is not part of it, nor is the end of the time."""
    window = PlannedWindow(aircraft_id=AircraftId(FRESH_IDS.new()), start=start, end=end)

    assert window.overlaps(NOON, NOON + HOUR) is overlaps


@pytest.mark.parametrize(
    ("duration", "hours"),
    [(timedelta(0), "0.00"), (timedelta(minutes=10), "0.17"), (timedelta(seconds=18), "0.01"), (25 * HOUR, "25.00")],
)
def test_durations_are_told_in_hundredths_of_hours(duration: timedelta, hours: str) -> None:
    """Rounded half up."""
    assert str(hours_of(duration)) == hours


@pytest.mark.parametrize(
    ("due", "hours", "combine", "expected"),
    [
        ((AT_100,), "100", Combine.FIRST, (True, True)),
        ((AT_100,), "100.01", Combine.FIRST, (True, False)),
        ((AT_100, TODAY_LATEST), "100.01", Combine.FIRST, (True, False)),
        ((AT_100, TODAY_LATEST), "100.01", Combine.LAST, (True, True)),
        ((AT_100, NOWHERE), "99", Combine.FIRST, (True, True)),
        ((NOWHERE,), "99", Combine.FIRST, None),
        ((), "99", Combine.FIRST, None),
    ],
)
def test_work_is_within_due_by_how_its_limits_combine(
    due: tuple[DuePoint, ...], hours: str, combine: Combine, expected: tuple[bool, bool] | None
) -> None:
    """Under `first` every due point has to be kept, under `last` one; what has no due point is not judged."""
    task = evolve(a_task(an_aircraft(org_id=OrgId(FRESH_IDS.new()))), due=due, program_id=ProgramId(FRESH_IDS.new()))

    assert punctuality_of(evolve(task, completion=completion(hours)), combine) == expected


@pytest.mark.parametrize(
    ("of_program", "breaches", "put_off", "hours", "on_time"),
    [
        (True, {}, False, "105", True),
        (True, {"hours": Decimal(5)}, False, "105", False),
        (False, {}, False, "105", False),
        (True, {"hours": Decimal(5)}, True, "120", True),
        (True, {}, True, "121", False),
    ],
)
def test_grace_is_for_what_has_one(
    of_program: bool, breaches: dict[str, Decimal], put_off: bool, hours: str, on_time: bool
) -> None:
    """Past due is in time unless grace was overrun; unplanned work has none, nor work past what it was put off to."""
    deferral = Deferral(
        deferred_at=NOON, deferred_by="Jo", authority="CAMO", reference=None, reason="no parts", due=(AT_120,)
    )
    task = evolve(
        a_task(an_aircraft(org_id=OrgId(FRESH_IDS.new()))),
        due=(AT_100,),
        program_id=ProgramId(FRESH_IDS.new()) if of_program else None,
        deferral=deferral if put_off else None,
        status=TaskStatus.COMPLETED,
        completion=evolve(completion(hours), breaches=breaches),
    )

    judged = punctuality_of(task, Combine.FIRST)

    assert judged is not None
    assert judged[0] is on_time


def test_open_work_is_not_judged() -> None:
    """What is not done was neither in time nor late."""
    task = a_task(an_aircraft(org_id=OrgId(FRESH_IDS.new())), due=(AT_100,))

    assert punctuality_of(task, Combine.FIRST) is None


def completion(hours: str) -> Completion:
    """Return a completion today at so many hours."""
    return Completion(
        completed_on=TODAY,
        completed_at=NOON,
        completed_by="Jo",
        completed_by_user=None,
        readings={"hours": Decimal(hours)},
        position=1,
    )
