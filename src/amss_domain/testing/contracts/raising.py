"""The laws of alerts that several followers raise at once."""

import asyncio
from typing import ClassVar
from uuid import UUID

from attrs import frozen

from amss_domain.alerts.followers import ALERTS, FOLLOWERS
from amss_domain.alerts.ports import AlertFilter
from amss_domain.alerts.use_cases.raise_alerts import RaiseAlerts
from amss_domain.relay.model import Notice
from amss_domain.shared.events import Event
from amss_domain.shared.page import PageRequest
from amss_domain.testing.contracts.contract import Contract, ending
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, ManualClock
from amss_domain.testing.tenant import Tenant

_WEBHOOKS = 4
_EVENTS = 40


@frozen(kw_only=True)
class _Disabled(Event):
    type: ClassVar[str] = "webhook.disabled"
    url: str


class RaisingContract(Contract):
    """The laws of `Alerts` and `Inbox` together."""

    async def test_of_many_who_raise_alerts_at_once_each_is_raised_once(self, ours: Tenant) -> None:
        """Eight followers work off forty events about four webhooks: four alerts, each announced once."""
        webhooks = [FRESH_IDS.new() for _ in range(_WEBHOOKS)]
        await self._happened(ours, webhooks)
        raise_alerts = RaiseAlerts(ours.backend.open_uow, ManualClock(), FRESH_IDS, ours.backend.dead_letters)

        async def follow() -> int:
            done = 0
            while count := await raise_alerts(ours.actor, limit=3):
                done += count
            return done

        counts = await ending(asyncio.gather(*(follow() for _ in range(8))))

        # Who is held up by others may find nothing to take and leave it to them.
        rest = await follow()
        async with ours.open() as uow:
            alerts = (await uow.alerts.page(PageRequest(limit=200), filter=AlertFilter())).items
            left = await uow.inbox.take(ALERTS, limit=_EVENTS)
        raised = [one.aggregate_id for one in await ours.messages() if one.event_type == "alert.raised"]
        assert sum(counts) + rest == _EVENTS
        assert left == ()
        assert sorted(alert.subject_id for alert in alerts) == sorted(webhooks)
        assert sorted(raised) == sorted(alert.id for alert in alerts)

    @staticmethod
    async def _happened(tenant: Tenant, webhooks: list[UUID]) -> None:
        events = [
            _Disabled(
                aggregate_id=webhooks[number % _WEBHOOKS], version=number, occurred_at=NOON, url="https://x.example"
            )
            for number in range(_EVENTS)
        ]
        await tenant.keep(events=events)
        notices = [
            Notice(
                org_id=message.org_id,
                event_id=message.id,
                event_type=message.event_type,
                aggregate_id=message.aggregate_id,
                version=message.version,
                seq=number,
                occurred_at=message.occurred_at,
            )
            for number, message in enumerate(await tenant.messages())
        ]
        await tenant.backend.fan_out.tell(notices, followers=FOLLOWERS, at=NOON)
