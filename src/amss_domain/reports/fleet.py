"""What each aircraft can be used for, now and in the days to come."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Final

from attrs import Factory, field, frozen

from amss_domain.compliance.model import AircraftStatus
from amss_domain.reports.period import percentage
from amss_domain.shared.ids import AircraftId

AHEAD_DAYS: Final = 7
"""How many days after the first the availability is told of."""


@frozen(kw_only=True)
class AircraftWork:
    """How many open tasks of an aircraft keep it on the ground, by why, and how many are in progress.

    `mandatory_unknown` are those of which nobody knows when they are due; `aog` those reported to keep it from flying.
    """

    aircraft_id: AircraftId
    registration: str
    mandatory_overdue: int = 0
    mandatory_unknown: int = 0
    aog: int = 0
    in_progress: int = 0

    @property
    def status(self) -> AircraftStatus:
        """What it can be used for; what grounds it comes before work in progress."""
        if self.mandatory_overdue or self.mandatory_unknown or self.aog:
            return AircraftStatus.GROUNDED
        return AircraftStatus.IN_MAINTENANCE if self.in_progress else AircraftStatus.SERVICEABLE


@frozen(kw_only=True)
class PlannedWindow:
    """When open work on an aircraft is planned for; `end` is not part of it. Without an end it is a moment."""

    aircraft_id: AircraftId
    start: datetime
    end: datetime | None

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Tell whether any of it lies from `start` on and before `end`."""
        return self.start < end and (self.start >= start or (self.end is not None and self.end > start))


@frozen(kw_only=True)
class AircraftAvailability:
    """One aircraft: its status now, why, and on how many of the report's days work is planned on it."""

    aircraft_id: AircraftId
    registration: str
    status: AircraftStatus
    mandatory_overdue: int
    mandatory_unknown: int
    aog: int
    in_progress: int
    planned_days: int


@frozen(kw_only=True)
class DayAvailability:
    """How many aircraft of the fleet can fly on one day; the percentage is rounded down, and None without a fleet."""

    day: date
    available: int
    aircraft: int
    percentage: Decimal | None = field(
        init=False, default=Factory(lambda day: percentage(day.available, day.aircraft), takes_self=True)
    )


@frozen(kw_only=True)
class AvailabilityReport:
    """Every aircraft as it is now, and the fleet's availability on a day and on the seven after it.

    A grounded aircraft counts as not available on all of them, since nothing says when that ends; one that is worked on
    today, and on the days for which work is planned.
    """

    row_type: ClassVar[type[AircraftAvailability]] = AircraftAvailability

    today: date
    aircraft: tuple[AircraftAvailability, ...]
    days: tuple[DayAvailability, ...]

    @property
    def rows(self) -> tuple[AircraftAvailability, ...]:
        """The report as a table."""
        return self.aircraft


def by_status(fleet: Iterable[AircraftWork]) -> dict[AircraftStatus, int]:
    """Return how many aircraft there are of each status, of those without any too."""
    counted = Counter(one.status for one in fleet)
    return {status: counted[status] for status in AircraftStatus}


def availability_of(
    fleet: Sequence[AircraftWork],
    windows: Iterable[PlannedWindow],
    days: Mapping[date, tuple[datetime, datetime]],
    *,
    today: date,
) -> AvailabilityReport:
    """Return the availability on the days, each from its beginning up to its end, with the aircraft by registration."""
    planned: dict[AircraftId, set[date]] = {one.aircraft_id: set() for one in fleet}
    for window in windows:
        if window.aircraft_id in planned:
            planned[window.aircraft_id] |= {day for day, bounds in days.items() if window.overlaps(*bounds)}
    return AvailabilityReport(
        today=today,
        aircraft=tuple(
            AircraftAvailability(
                aircraft_id=one.aircraft_id,
                registration=one.registration,
                status=one.status,
                mandatory_overdue=one.mandatory_overdue,
                mandatory_unknown=one.mandatory_unknown,
                aog=one.aog,
                in_progress=one.in_progress,
                planned_days=len(planned[one.aircraft_id]),
            )
            for one in sorted(fleet, key=lambda one: (one.registration, one.aircraft_id))
        ),
        days=tuple(
            DayAvailability(
                day=day,
                available=sum(_can_fly(one, planned[one.aircraft_id], day, today) for one in fleet),
                aircraft=len(fleet),
            )
            for day in sorted(days)
        ),
    )


def _can_fly(one: AircraftWork, planned: set[date], day: date, today: date) -> bool:
    if one.status is AircraftStatus.GROUNDED or day in planned:
        return False
    return day != today or one.status is AircraftStatus.SERVICEABLE
