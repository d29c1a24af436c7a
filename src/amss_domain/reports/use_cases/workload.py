"""Asking how the open work is spread over people and days."""

from datetime import date, timedelta
from typing import Final

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.reports.period import beginning_of, violations_of_period
from amss_domain.reports.ports import ReportsWork
from amss_domain.reports.restating import restated
from amss_domain.reports.workload import WorkloadReport, workload_report
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock, day_of
from amss_domain.shared.errors import reject_if
from amss_domain.shared.unit_of_work import OpenUnitOfWork

_LONGEST_DAYS: Final = 366


@frozen
class Workload:
    """Say who has how much open work, and how much of it falls due when."""

    open_uow: OpenUnitOfWork[ReportsWork]
    clock: Clock

    async def __call__(self, by: Actor, since: date, until: date) -> WorkloadReport:
        """Return the report of the days `since` to `until`, up to 366, both included.

        Raises `InvalidInput`, `NotPermitted`.
        """
        authorize(by, "reports:read")
        reject_if(violations_of_period(since, until, longest_days=_LONGEST_DAYS))
        async with self.open_uow(by.org_id, by) as uow:
            zone = (await uow.organizations.current()).policy.time_zone
            news = await restated(uow, day_of(self.clock.now(), zone))
            start, end = beginning_of(since, zone), beginning_of(until + timedelta(days=1), zone)
            assignments = await uow.reports.assignments(start, end, news)
            days = await uow.reports.due_dates(since, until)
        return workload_report(since, until, assignments, days)
