"""Asking for an organization at a glance."""

from datetime import timedelta

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.reports.fleet import by_status
from amss_domain.reports.overview import RECENT_DAYS, SummaryReport, tasks_by_due_status, tasks_by_status
from amss_domain.reports.ports import ReportsWork
from amss_domain.reports.restating import restated
from amss_domain.scheduling.due import DueStatus
from amss_domain.scheduling.follow_up import today_of
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class Summary:
    """Say how the organization's fleet, tasks and stock stand today."""

    open_uow: OpenUnitOfWork[ReportsWork]
    clock: Clock

    async def __call__(self, by: Actor) -> SummaryReport:
        """Return the summary. Raises `NotPermitted`."""
        authorize(by, "reports:read")
        async with self.open_uow(by.org_id, by) as uow:
            today = (await today_of(uow, self.clock.now())).on
            news = await restated(uow, today)
            groups = await uow.reports.open_tasks(news)
            fleet = await uow.reports.fleet(news)
            activity = await uow.reports.activity(today - timedelta(days=RECENT_DAYS - 1), today)
            stock = await uow.reports.stock(today)
        return SummaryReport(
            today=today,
            aircraft=len(fleet),
            aircraft_by_status=by_status(fleet),
            open_tasks=sum(group.tasks for group in groups),
            tasks_by_status=tasks_by_status(groups),
            tasks_by_due_status=tasks_by_due_status(groups),
            mandatory_overdue=sum(
                group.tasks for group in groups if group.mandatory and group.due_status is DueStatus.OVERDUE
            ),
            completed_last_30_days=activity.completed,
            parts_below_minimum=stock.parts_below_minimum,
            low_parts=stock.low_parts,
            open_reservations=activity.open_reservations,
        )
