"""The forecast of one aircraft: when what falls due is expected, and what follows."""

from datetime import date, timedelta
from enum import Enum

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.calendar import moved
from amss_domain.scheduling.evaluation import Today
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.forecast import Utilisation, average_utilisation
from amss_domain.scheduling.occurrences import Occurrence, Plan, occurrences
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.upcoming import Upcoming, planned_use, upcoming_on
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import reject_if
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.units import MONTHS, Readings
from amss_domain.shared.violation import Violation

LONGEST_MONTHS = 120
LONGEST_AVERAGE_DAYS = 3_650


class Basis(Enum):
    """What a forecast takes the use of the aircraft from."""

    PROFILE = "profile"
    AVERAGE = "average"
    NOTHING = "nothing"


@frozen(kw_only=True)
class ForecastItem:
    """A requirement on the aircraft, with its next occurrence and those that follow within the horizon."""

    upcoming: Upcoming
    occurrences: tuple[Occurrence, ...]


@frozen(kw_only=True)
class AircraftForecast:
    """What is expected of the aircraft from the day `as_of` up to and including `until`.

    `per_day` is the use in the month of `as_of` that it rests on; meters not named have none, and limits on them no
    projected date.
    """

    aircraft: Aircraft
    as_of: date
    until: date
    basis: Basis
    per_day: Readings
    items: tuple[ForecastItem, ...]


@frozen
class Forecast:
    """Say when each requirement on an aircraft is expected to fall due; it never changes a due point."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(
        self, by: Actor, aircraft_id: AircraftId, *, months: int = 12, average_days: int | None = None
    ) -> AircraftForecast:
        """Return the forecast for so many months (1 to 120), from the aircraft's utilisation profile.

        With `average_days` (1 to 3,650) it is from the average use of the last so many days instead. The next
        occurrence is there also when it lies beyond the horizon or nothing says when it is. Raises `NotFound`,
        `NotPermitted`, `InvalidInput`.
        """
        authorize(by, "tasks:read")
        reject_if(_violations_of(months, average_days))
        async with self.open_uow(by.org_id, by) as uow:
            today = await today_of(uow, self.clock.now())
            aircraft = await uow.fleet.get(aircraft_id)
            basis, utilisation = await _use_of(uow, aircraft, average_days, today)
            (coming,) = await upcoming_on(uow, [aircraft])
        until = moved(today.on, months, MONTHS)
        return AircraftForecast(
            aircraft=aircraft,
            as_of=today.on,
            until=until,
            basis=basis,
            per_day={meter: amounts[today.on.month - 1] for meter, amounts in utilisation.per_day.items()},
            items=tuple(
                ForecastItem(upcoming=one, occurrences=_expected(one, utilisation, until=until, today=today))
                for one in coming.upcoming
            ),
        )


async def _use_of(
    uow: SchedulingWork, aircraft: Aircraft, average_days: int | None, today: Today
) -> tuple[Basis, Utilisation]:
    if average_days is None:
        planned = planned_use(aircraft)
        return (Basis.NOTHING, Utilisation()) if planned is None else (Basis.PROFILE, planned)
    ledger = await uow.usage.since(aircraft.id, today.on - timedelta(days=average_days))
    return Basis.AVERAGE, average_utilisation(ledger.entries, days=average_days, as_of=today.on)


def _expected(one: Upcoming, utilisation: Utilisation, *, until: date, today: Today) -> tuple[Occurrence, ...]:
    aircraft, terms = one.aircraft, one.program.terms
    plan = Plan(
        requirement=terms.requirement,
        standing=one.link.standing,
        due=one.link.due if one.task is None else one.task.due_in_force,
        totals=aircraft.totals,
        as_of=today.on,
        utilisation=utilisation,
        manufactured_on=aircraft.particulars.in_service_date,
    )
    found = occurrences(plan, until=until, at=today.at)
    if terms.last_occurrence is None:
        return tuple(found)
    left = terms.last_occurrence - one.link.completions
    return tuple(occurrence for occurrence in found if occurrence.number <= left)


def _violations_of(months: int, average_days: int | None) -> tuple[Violation, ...]:
    found = []
    if not 1 <= months <= LONGEST_MONTHS:
        found.append(Violation("invalid_months", f"a forecast is for 1 to {LONGEST_MONTHS} months", "months"))
    if average_days is not None and not 1 <= average_days <= LONGEST_AVERAGE_DAYS:
        message = f"an average is of the last 1 to {LONGEST_AVERAGE_DAYS} days"
        found.append(Violation("invalid_average_days", message, "average_days"))
    return tuple(found)
