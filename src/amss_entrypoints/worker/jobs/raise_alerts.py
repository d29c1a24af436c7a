"""Raising alerts from what happened."""

from attrs import frozen

from amss_domain.alerts.followers import ALERTS
from amss_domain.alerts.use_cases.raise_alerts import RaiseAlerts as RaiseAlertsOf
from amss_domain.relay.model import INBOX
from amss_domain.relay.ports import Inboxes
from amss_domain.shared.clock import Clock
from amss_entrypoints.worker.job import Rest
from amss_entrypoints.worker.jobs.organizations import PAGE, Organizations


@frozen(kw_only=True)
class RaiseAlerts:
    """Works off what waits for the follower `alerts`, in every organization a portion in turn."""

    name = "raise-alerts"
    topics = (INBOX,)
    rest = Rest.ms(200, 5_000)
    alone = False

    organizations: Organizations
    inboxes: Inboxes
    raise_alerts: RaiseAlertsOf
    clock: Clock

    async def run(self) -> int:
        """Work off a portion, and return how many messages that were."""
        passed_over = self.organizations.passed_over()
        waiting = await self.inboxes.waiting(ALERTS, limit=PAGE, at=self.clock.now(), but=passed_over)
        return await self.organizations.all(waiting, self.raise_alerts)

    async def close(self) -> None:
        """End what still goes on; what is not done is found again."""
        await self.organizations.close()
