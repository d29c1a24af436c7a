"""How near each limit is to its due point, and what the requirement makes of it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from operator import gt, lt
from typing import Self

from attrs import frozen

from amss_domain.fleet.ledger import Ledger
from amss_domain.scheduling.calendar import moved
from amss_domain.scheduling.forecast import Utilisation
from amss_domain.scheduling.limit import Combine, Limit, Requirement
from amss_domain.scheduling.standing import Accomplishment, Baseline, DuePoint, Standing, due_points, replay
from amss_domain.shared.units import DAYS, Readings, is_calendar

__all__ = [
    "Assessment",
    "DuePoint",
    "DueStatus",
    "LimitAssessment",
    "assess",
    "assess_history",
    "assess_points",
    "dates_decide",
    "due_points",
    "next_change_on",
]

_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


class DueStatus(Enum):
    """How near the work is to being due; `severity` grows from ok to overdue, and unknown stands apart below."""

    severity: int

    OK = "ok", 0
    DUE_SOON = "due_soon", 1
    DUE = "due", 2
    IN_TOLERANCE = "in_tolerance", 3
    OVERDUE = "overdue", 4
    UNKNOWN = "unknown", -1

    def __new__(cls, value: str, severity: int) -> Self:
        """Make the member whose value is the text alone."""
        member = object.__new__(cls)
        member._value_ = value
        member.severity = severity
        return member


@frozen(kw_only=True)
class LimitAssessment:
    """One limit on the day asked about.

    `remaining` counts units of a meter or days, negative when past; `span` is the interval or threshold in force, in
    the same. `projected` is the day planned use passes it, or its due date; None when never or not planned.
    """

    point: DuePoint
    status: DueStatus
    remaining: Decimal | None = None
    span: Decimal | None = None
    projected: date | None = None

    @property
    def fraction(self) -> Decimal | None:
        """The share of the span that remains; negative when past, None while unknown."""
        return None if self.remaining is None or self.span is None else self.remaining / self.span


@frozen(kw_only=True)
class Assessment:
    """The whole requirement on the day asked about; `driver` names the limit that decides.

    A requirement whose limits have all ended is ok, has no driver, and nothing due.
    """

    limits: tuple[LimitAssessment, ...]
    status: DueStatus
    driver: str | None

    @property
    def due(self) -> dict[str, Decimal | date]:
        """Where each limit with a due point falls due, by name."""
        points = ((one.point.limit, one.point.on or one.point.at) for one in self.limits)
        return {name: point for name, point in points if point is not None}

    @property
    def remaining(self) -> dict[str, Decimal]:
        """What remains of each limit, by name: units of its meter, or days."""
        return {one.point.limit: one.remaining for one in self.limits if one.remaining is not None}

    @property
    def projected(self) -> dict[str, date]:
        """When each limit is expected to be passed, by name; those never passed and those not planned are absent."""
        return {one.point.limit: one.projected for one in self.limits if one.projected is not None}

    def expected_on(self, combine: Combine) -> date | None:
        """Return the day on which the whole is expected to be passed: the earliest of the limits', or the latest.

        None when nothing says: under `first` no limit is projected, under `last` one is not.
        """
        dates = [one.projected for one in self.limits if one.projected is not None]
        if combine is Combine.LAST:
            return max(dates) if dates and len(dates) == len(self.limits) else None
        return min(dates, default=None)


def assess(
    requirement: Requirement,
    standing: Standing,
    *,
    totals: Readings,
    as_of: date,
    utilisation: Utilisation | None = None,
    manufactured_on: date | None = None,
) -> Assessment:
    """Return how the requirement stands at the end of the `as_of` day with the meters at `totals`."""
    points = due_points(requirement, standing, manufactured_on=manufactured_on)
    return assess_points(requirement, points, totals=totals, as_of=as_of, utilisation=utilisation)


def assess_points(
    requirement: Requirement,
    points: Iterable[DuePoint],
    *,
    totals: Readings,
    as_of: date,
    utilisation: Utilisation | None = None,
) -> Assessment:
    """Return how stored due points stand; limits without a point have ended, points of removed limits are left out.

    A meter that `totals` does not name is unknown, as is a point that does not say where.
    """
    by_name, warn_percent = requirement.by_name, requirement.warn_percent
    limits = []
    for point in points:
        limit = by_name.get(point.limit)
        if limit is not None:
            limits.append(_assessed(limit, point, warn_percent, totals, as_of, utilisation))
    status = _combined(limits, requirement.combine)
    driver = _driver(limits, status, requirement.combine, utilisation)
    return Assessment(limits=tuple(limits), status=status, driver=driver)


def assess_history(
    requirement: Requirement,
    baseline: Baseline | None,
    accomplishments: Iterable[Accomplishment],
    ledger: Ledger,
    *,
    as_of: date,
    known_at: datetime | None = None,
    utilisation: Utilisation | None = None,
    manufactured_on: date | None = None,
) -> Assessment:
    """Return how the requirement stood on the `as_of` day: as known now, or at `known_at` as the ledger then stood."""
    standing = replay(
        requirement,
        baseline,
        accomplishments,
        ledger,
        as_of=as_of,
        known_at=known_at,
        manufactured_on=manufactured_on,
    )
    return assess(
        requirement,
        standing,
        totals=ledger.totals(as_of=as_of, known_at=known_at),
        as_of=as_of,
        utilisation=utilisation,
        manufactured_on=manufactured_on,
    )


def dates_decide(limits: Iterable[LimitAssessment], utilisation: Utilisation | None) -> bool:
    """Tell whether projected dates pick the driver: use is planned for every meter that any of the limits counts."""
    planned = utilisation.per_day if utilisation else {}
    for one in limits:
        if one.point.on is None and one.point.unit not in planned and not is_calendar(one.point.unit):
            return False
    return True


def next_change_on(requirement: Requirement, points: Iterable[DuePoint], as_of: date) -> date | None:
    """Return the next day after `as_of` on which the passing of days alone moves a limit to another status.

    None when no day does; meters change with usage only.
    """
    days = [
        day
        for point in points
        if point.on is not None and point.limit in requirement.by_name
        for day in _turning_days(requirement.by_name[point.limit], point, point.on, requirement.warn_percent)
        if day > as_of
    ]
    return min(days, default=None)


def _assessed(
    limit: Limit,
    point: DuePoint,
    warn_percent: Decimal,
    totals: Readings,
    as_of: date,
    utilisation: Utilisation | None,
) -> LimitAssessment:
    if point.on is not None:
        days = _days_in_force(point, point.on)
        left = Decimal((point.on - as_of).days)
        if left < _ZERO:
            lawful = as_of <= moved(point.on, int(limit.grace), limit.unit)
            status = DueStatus.IN_TOLERANCE if lawful else DueStatus.OVERDUE
        else:
            status = _not_past(limit, left, days, warn_percent)
        return LimitAssessment(point=point, status=status, remaining=left, span=days, projected=point.on)
    total = totals.get(limit.unit)
    if point.at is None or total is None:
        return LimitAssessment(point=point, status=DueStatus.UNKNOWN)
    left = point.at - total
    if left < _ZERO:
        status = DueStatus.IN_TOLERANCE if -left <= limit.grace else DueStatus.OVERDUE
    else:
        status = _not_past(limit, left, point.span, warn_percent)
    projected = None
    if utilisation is not None and limit.unit in utilisation.per_day:
        projected = utilisation.passes(limit.unit, left, as_of=as_of)
    return LimitAssessment(point=point, status=status, remaining=left, span=point.span, projected=projected)


def _not_past(limit: Limit, left: Decimal, span: Decimal, warn_percent: Decimal) -> DueStatus:
    if not left:
        return DueStatus.DUE
    soon = left <= limit.warn if limit.warn is not None else left * _HUNDRED <= warn_percent * span
    return DueStatus.DUE_SOON if soon else DueStatus.OK


def _days_in_force(point: DuePoint, due: date) -> Decimal:
    if point.unit == DAYS:
        return point.span
    return Decimal((due - moved(due, -int(point.span), point.unit)).days)


def _turning_days(limit: Limit, point: DuePoint, due: date, warn_percent: Decimal) -> tuple[date, date, date, date]:
    """Return the first days on which the limit is due soon, due, past due, and past its grace."""
    window = warn_percent * _days_in_force(point, due) / _HUNDRED if limit.warn is None else limit.warn
    lawful = moved(due, int(limit.grace), limit.unit)
    return moved(due, -int(window), DAYS), due, moved(due, 1, DAYS), moved(lawful, 1, DAYS)


def _combined(limits: Sequence[LimitAssessment], combine: Combine) -> DueStatus:
    best, worst = DueStatus.OVERDUE, DueStatus.UNKNOWN
    all_known = True
    for one in limits:
        status = one.status
        all_known = all_known and status is not DueStatus.UNKNOWN
        if status.severity > worst.severity:
            worst = status
        if status.severity < best.severity:
            best = status
    if not limits:
        return DueStatus.OK
    if combine is Combine.LAST:
        return best
    return worst if all_known or worst.severity >= DueStatus.DUE.severity else DueStatus.UNKNOWN


def _driver(
    limits: Sequence[LimitAssessment], status: DueStatus, combine: Combine, utilisation: Utilisation | None
) -> str | None:
    deciding = [one for one in limits if one.status is status]
    if not deciding:
        return None
    if len(deciding) == 1:
        return deciding[0].point.limit
    # All picking keeps the first of equals: ties, and limits of which nothing is known, go by the order listed.
    if dates_decide(limits, utilisation):
        pick = min if combine is Combine.FIRST else max
        return pick(deciding, key=_expected_on).point.limit
    return _driver_by_share(deciding, gt if combine is Combine.LAST else lt)


def _driver_by_share(deciding: Sequence[LimitAssessment], decides: Callable[[Decimal, Decimal], bool]) -> str:
    """Return the limit that decides: on one unit by what remains, units against each other by the share of it."""
    of_unit: dict[str, LimitAssessment] = {}
    for one in deciding:
        other = of_unit.get(one.point.unit)
        if other is None or decides(_left(one), _left(other)):
            of_unit[one.point.unit] = one
    chosen, share = deciding[0], None
    for one in deciding:
        if of_unit[one.point.unit] is one:
            fraction = one.fraction or _ZERO
            if share is None or decides(fraction, share):
                chosen, share = one, fraction
    return chosen.point.limit


def _expected_on(one: LimitAssessment) -> date:
    return one.projected or date.max


def _left(one: LimitAssessment) -> Decimal:
    return one.remaining or _ZERO
