"""Escalating alerts that nobody looks into."""

from datetime import timedelta

from attrs import frozen

from amss_domain.alerts.ports import AlertQueue
from amss_domain.alerts.use_cases.escalate import EscalateAlerts as EscalateAlertsOf
from amss_domain.shared.clock import Clock
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.jobs.organizations import PAGE, Organizations


@frozen(kw_only=True)
class EscalateAlerts:
    """Escalates, in every organization, the alerts that have waited too long."""

    name = "escalate-alerts"
    topics = ()
    rest = Rest.of(timedelta(seconds=60))
    alone = True

    organizations: Organizations
    queue: AlertQueue
    escalate: EscalateAlertsOf
    clock: Clock

    async def run(self) -> int:
        """Escalate a portion, and return how many alerts that were."""
        now, policy = self.clock.now(), self.escalate.policy
        late = await self.queue.to_escalate(
            before=now - policy.escalate_after, overdue_before=now - policy.escalate_overdue_after, limit=PAGE
        )
        return await self.organizations.all(late, self.escalate)

    async def close(self) -> None:
        """End what still goes on; what is not done is found again."""
        await self.organizations.close()
