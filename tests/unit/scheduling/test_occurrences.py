"""What a plan brings: the next occurrence of a requirement and those that follow."""

from datetime import UTC, date, datetime
from decimal import Decimal

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.scheduling.due import due_points
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Beyond, Combine, Limit, Requirement, Threshold
from amss_domain.scheduling.occurrences import MOST_OCCURRENCES, Occurrence, Plan, occurrences
from amss_domain.scheduling.standing import Baseline, standing_from
from amss_domain.shared.units import Readings

TODAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
END = date(2027, 3, 2)
TEN_HOURS_A_DAY = Utilisation.constant({"hours": Decimal(10)})


def limit(unit: str, interval: int | str) -> Limit:
    """Return a limit of so many of the unit, called like it."""
    return Limit(name=unit, unit=unit, interval=Decimal(interval))


def plan(
    *limits: Limit,
    combine: Combine = Combine.FIRST,
    baseline: Baseline | None = None,
    totals: Readings | None = None,
    utilisation: Utilisation = TEN_HOURS_A_DAY,
) -> Plan:
    """Return a plan of these limits from a baseline, today at 1000 hours unless another is given."""
    requirement = Requirement(limits=limits, combine=combine)
    standing = standing_from(requirement, baseline or Baseline(on=TODAY, readings={"hours": Decimal(1000)}))
    return Plan(
        requirement=requirement,
        standing=standing,
        due=due_points(requirement, standing),
        totals={"hours": Decimal(1000)} if totals is None else totals,
        as_of=TODAY,
        utilisation=utilisation,
    )


def days_of(found: list[Occurrence]) -> list[date | None]:
    """Return when each is expected."""
    return [one.expected_on for one in found]


def test_occurrences_follow_at_the_pace_of_the_planned_use() -> None:
    """Every 100 hours at ten a day: passed on the eleventh day, and again every ten days."""
    found = list(occurrences(plan(limit("hours", 100)), until=date(2026, 4, 1), at=AT))

    assert days_of(found) == [date(2026, 3, 12), date(2026, 3, 22), date(2026, 4, 1)]
    assert [one.assessment.due["hours"] for one in found] == [Decimal(1100), Decimal(1200), Decimal(1300)]
    assert [one.number for one in found] == [1, 2, 3]


def test_work_is_planned_where_its_limit_is_reached() -> None:
    """Every 95 hours at ten a day: what a day's flying goes past is done at its due point, not at the day's end."""
    found = list(occurrences(plan(limit("hours", 95)), until=date(2026, 3, 25), at=AT))

    assert [one.assessment.due["hours"] for one in found] == [Decimal(1095), Decimal(1190)]
    assert days_of(found) == [date(2026, 3, 11), date(2026, 3, 21)]


def test_the_day_of_the_month_is_kept_over_the_year() -> None:
    """Monthly from 31 January: each month's last day or the 31st, as when each is done on its due date."""
    monthly = plan(limit("months", 1), baseline=Baseline(on=date(2026, 1, 31)), utilisation=Utilisation(), totals={})

    found = list(occurrences(evolve(monthly, as_of=date(2026, 2, 1)), until=date(2026, 5, 1), at=AT))

    assert days_of(found) == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]


def test_under_first_the_earliest_limit_brings_the_work_and_all_begin_anew() -> None:
    """100 hours or 30 days at one hour a day: days decide, and the hours count from what was flown by then."""
    slowly = Utilisation.constant({"hours": Decimal(1)})

    found = list(occurrences(plan(limit("hours", 100), limit("days", 30), utilisation=slowly), until=END, at=AT))

    assert days_of(found)[:3] == [date(2026, 4, 1), date(2026, 5, 1), date(2026, 5, 31)]
    assert [one.assessment.due["hours"] for one in found[:3]] == [Decimal(1100), Decimal(1130), Decimal(1160)]


def test_under_last_the_latest_limit_brings_the_work() -> None:
    """100 hours and 30 days, whichever comes later: the days do, at 300 hours flown."""
    later = plan(limit("hours", 100), limit("days", 30), combine=Combine.LAST)

    first, second, *_ = occurrences(later, until=END, at=AT)

    assert days_of([first, second]) == [date(2026, 4, 1), date(2026, 5, 1)]
    assert (first.assessment.due["hours"], second.assessment.due["hours"]) == (Decimal(1100), Decimal(1400))


def test_what_is_overdue_is_done_today() -> None:
    """Past due since February, it is expected then; what follows counts from today, when it is done at last."""
    late = plan(limit("days", 30), baseline=Baseline(on=date(2026, 1, 1)))

    found = list(occurrences(late, until=date(2026, 4, 30), at=AT))

    assert days_of(found) == [date(2026, 1, 31), date(2026, 4, 1)]


def test_the_next_occurrence_is_told_beyond_the_horizon_and_without_a_date() -> None:
    """A limit of ten years, one without planned use and one without a baseline have their next occurrence alone."""
    far = occurrences(plan(limit("days", 3650)), until=END, at=AT)
    unplanned = occurrences(plan(limit("hours", 100), utilisation=Utilisation()), until=END, at=AT)
    unknown = occurrences(plan(limit("hours", 100), baseline=Baseline(on=TODAY)), until=END, at=AT)

    assert days_of(list(far)) == [date(2036, 2, 28)]
    assert days_of(list(unplanned)) == [None]
    assert days_of(list(unknown)) == [None]


def test_what_is_done_once_has_one_occurrence() -> None:
    """A threshold without an interval ends with its accomplishment."""
    once = Limit(name="hours", unit="hours", threshold=Threshold(value=Decimal(1100)))
    baseline = Baseline(on=TODAY, readings={"hours": Decimal(1000)}, accomplished=False)

    found = list(occurrences(plan(once, baseline=baseline), until=END, at=AT))

    assert days_of(found) == [date(2026, 3, 12)]


def test_a_forecast_comes_to_an_end() -> None:
    """An hour's interval at ten hours a day is followed for so many occurrences and no more."""
    found = list(occurrences(plan(limit("hours", 1)), until=END, at=AT))

    assert len(found) == MOST_OCCURRENCES
    assert [one.assessment.due["hours"] for one in found[:3]] == [Decimal(1001), Decimal(1002), Decimal(1003)]


@given(
    interval=st.integers(20, 400),
    days=st.integers(20, 400),
    rate=st.decimals(0, 12, places=1),
    policy=st.integers(0, 9),
    beyond=st.sampled_from(Beyond),
    combine=st.sampled_from(Combine),
)
def test_occurrences_come_in_the_order_of_time(
    interval: int, days: int, rate: Decimal, policy: int, beyond: Beyond, combine: Combine
) -> None:
    """Each is expected after the one before and by the end, and its limits fall due later than before."""
    window = Decimal(policy)
    limits = [
        evolve(one, early=window, late=window, grace=window, beyond=beyond)
        for one in (limit("hours", interval), limit("days", days))
    ]
    use = Utilisation.constant({"hours": rate})

    found = list(occurrences(plan(*limits, combine=combine, utilisation=use), until=END, at=AT))

    expected = [one.expected_on for one in found if one.expected_on is not None]
    assert sorted(set(expected)) == expected
    assert all(day <= END for day in expected[1:])
    hours = [one.assessment.due["hours"] for one in found]
    assert sorted(hours) == hours
