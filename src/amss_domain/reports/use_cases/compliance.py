"""Asking how much of the work was done in time."""

from datetime import date
from typing import Final

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.reports.period import violations_of_period
from amss_domain.reports.ports import ReportsWork
from amss_domain.reports.punctuality import ComplianceReport, compliance_report
from amss_domain.reports.restating import restated
from amss_domain.scheduling.follow_up import today_of
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import reject_if
from amss_domain.shared.ids import AircraftId, ProgramId
from amss_domain.shared.unit_of_work import OpenUnitOfWork

_LONGEST_DAYS: Final = 3_660


@frozen
class CompliancePercentage:
    """Say how much of the work completed in a period was done in time, by aircraft and by program."""

    open_uow: OpenUnitOfWork[ReportsWork]
    clock: Clock

    async def __call__(
        self,
        by: Actor,
        since: date,
        until: date,
        *,
        aircraft_id: AircraftId | None = None,
        program_id: ProgramId | None = None,
    ) -> ComplianceReport:
        """Return the report of the days `since` to `until`, up to 3,660, both included, and of what is overdue now.

        Raises `NotFound` for an unknown aircraft or program, `InvalidInput`, `NotPermitted`.
        """
        authorize(by, "reports:read")
        reject_if(violations_of_period(since, until, longest_days=_LONGEST_DAYS))
        async with self.open_uow(by.org_id, by) as uow:
            if aircraft_id is not None:
                await uow.fleet.get(aircraft_id)
            if program_id is not None:
                await uow.programs.get(program_id)
            news = await restated(uow, (await today_of(uow, self.clock.now())).on)
            found = await uow.reports.punctuality(since, until, news, aircraft_id=aircraft_id, program_id=program_id)
        return compliance_report(since, until, found)
