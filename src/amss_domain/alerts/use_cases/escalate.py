"""Escalating what nobody has looked into for too long."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.alerts.ports import AlertsWork
from amss_domain.alerts.rules import DEFAULT_POLICY, AlertPolicy
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class EscalateAlerts:
    """Escalate, once each, the open alerts that have waited too long to be acknowledged."""

    open_uow: OpenUnitOfWork[AlertsWork]
    clock: Clock
    policy: AlertPolicy = DEFAULT_POLICY

    async def __call__(self, by: Actor, *, limit: int = 100) -> int:
        """Return how many were escalated, up to `limit`. Raises `NotPermitted`."""
        authorize(by, "alerts:write")

        async def attempt() -> int:
            now = self.clock.now()
            async with self.open_uow(by.org_id, by) as uow:
                late = await uow.alerts.unattended_for_update(
                    before=now - self.policy.escalate_after,
                    overdue_before=now - self.policy.escalate_overdue_after,
                    limit=limit,
                )
                for alert in late:
                    escalated, event = alert.escalated(at=now)
                    uow.alerts.save(escalated, was=alert)
                    uow.record(event)
                await uow.commit(len(late))
            return len(late)

        return await on_fresh_data(attempt)
