"""The occurrences that a plan brings, if each is done when it is expected; separate from due, it changes nothing."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from attrs import frozen

from amss_domain.scheduling.due import Assessment, assess_points
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Requirement
from amss_domain.scheduling.standing import Accomplishment, DuePoint, Standing, after, due_points
from amss_domain.shared.units import Meter, Readings

MOST_OCCURRENCES = 400
"""How many occurrences of one requirement a forecast goes on for."""


@frozen(kw_only=True)
class Occurrence:
    """One time that the work is expected to fall due: the first is the next one.

    `expected_on` is the day on which planned use passes the requirement, or its due date, which may have passed; None
    when nothing says. `assessment` holds each limit's due point and projected date, and which of them decides.
    """

    number: int
    expected_on: date | None
    assessment: Assessment


@frozen(kw_only=True)
class Plan:
    """The requirement, what its limits count from and where they fall due, and the use planned of the aircraft.

    `totals` are those at the start of the `as_of` day, of which the use is still to come.
    """

    requirement: Requirement
    standing: Standing
    due: tuple[DuePoint, ...]
    totals: Readings
    as_of: date
    utilisation: Utilisation
    manufactured_on: date | None = None


def occurrences(plan: Plan, *, until: date, at: datetime, most: int = MOST_OCCURRENCES) -> Iterator[Occurrence]:
    """Yield the next occurrence, then those that follow up to and including `until`; at most so many.

    Each is taken to be done on the day on which it is expected, or on `as_of` when that has passed, where the plan
    brings the meters: a limit counted on a meter exactly at its due point, if it decides.
    """
    standing, due, day, totals = plan.standing, plan.due, plan.as_of, plan.totals
    for number in range(1, most + 1):
        if not due:
            return
        assessment = assess_points(plan.requirement, due, totals=totals, as_of=day, utilisation=plan.utilisation)
        expected = assessment.expected_on(plan.requirement.combine)
        if number == 1 or (expected is not None and expected <= until):
            yield Occurrence(number=number, expected_on=expected, assessment=assessment)
        if expected is None or expected > until:
            return
        done_on = max(expected, day)
        totals = _later(totals, plan.utilisation, start=day, end=done_on)
        done = Accomplishment(on=done_on, readings=_readings(totals, assessment, expected), position=0, recorded_at=at)
        standing = after(plan.requirement, standing, done, manufactured_on=plan.manufactured_on)
        due = due_points(plan.requirement, standing, manufactured_on=plan.manufactured_on)
        day = done_on


def _later(totals: Readings, utilisation: Utilisation, *, start: date, end: date) -> Readings:
    """Return what the meters have counted at the start of the `end` day, from the totals at that of the `start` day."""
    return {meter: total + utilisation.use(meter, start=start, end=end) for meter, total in totals.items()}


def _readings(totals: Mapping[Meter, Decimal], assessment: Assessment, expected: date) -> dict[Meter, Decimal]:
    """Return the readings at the work: where a limit is passed on the day it is expected, its due point is reached."""
    readings = dict(totals)
    for one in assessment.limits:
        at, meter = one.point.at, one.point.unit
        if at is not None and one.projected == expected and meter in readings:
            readings[meter] = max(readings[meter], at)
    return readings
