"""Asking which aircraft can fly."""

from datetime import date

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.reports.fleet import AHEAD_DAYS, AvailabilityReport, availability_of
from amss_domain.reports.period import beginning_of, days_from, violations_of_period
from amss_domain.reports.ports import ReportsWork
from amss_domain.reports.restating import restated
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import reject_if
from amss_domain.shared.unit_of_work import OpenUnitOfWork
from amss_domain.shared.violation import Violation


@frozen
class Availability:
    """Say what each aircraft can be used for now, and how much of the fleet can fly on the days to come."""

    open_uow: OpenUnitOfWork[ReportsWork]
    clock: Clock

    async def __call__(self, by: Actor, day: date | None = None) -> AvailabilityReport:
        """Return the report of the `day` and the seven after it; from today on when it is None.

        Raises `InvalidInput` for a day that is past, `NotPermitted`.
        """
        authorize(by, "reports:read")
        async with self.open_uow(by.org_id, by) as uow:
            zone = (await uow.organizations.current()).policy.time_zone
            today = day_of(self.clock.now(), zone)
            first = day or today
            reject_if(violations_of_period(first, first, longest_days=1))
            if first < today:
                reject_if([Violation("day_is_past", f"{first} is past; nobody knows who could fly then", "day")])
            *days, after = days_from(first, AHEAD_DAYS + 2)
            begins = {one: beginning_of(one, zone) for one in (*days, after)}
            fleet = await uow.reports.fleet(await restated(uow, today))
            windows = await uow.reports.planned(begins[first], begins[after])
        bounds = {one: (begins[one], begins[next_day]) for one, next_day in zip(days, (*days[1:], after), strict=True)}
        return availability_of(fleet, windows, bounds, today=today)
