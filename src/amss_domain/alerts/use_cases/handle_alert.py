"""Dealing with an alert: acknowledging and resolving it."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.alerts.alert import Alert, AlertStatus
from amss_domain.alerts.ports import AlertsWork
from amss_domain.alerts.rules import violations_of_note
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import Refused, reject_if, require_version
from amss_domain.shared.ids import AlertId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data
from amss_domain.shared.violation import Violation


@frozen
class AcknowledgeAlert:
    """Say that somebody looks into an alert; doing so again changes nothing."""

    open_uow: OpenUnitOfWork[AlertsWork]
    clock: Clock

    async def __call__(
        self, by: Actor, alert_id: AlertId, *, note: str | None = None, expected_version: int | None = None
    ) -> Alert:
        """Return the acknowledged alert.

        Raises `InvalidInput`, `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` for a resolved one.
        """
        authorize(by, "alerts:write")
        reject_if(violations_of_note(note))

        async def attempt() -> Alert:
            async with self.open_uow(by.org_id, by) as uow:
                alert = await _held(uow, alert_id, expected_version)
                if alert.is_resolved:
                    message = "it is resolved already; there is nothing left to look into"
                    raise Refused([Violation("alert_resolved", message, str(alert_id))])
                if alert.status is AlertStatus.ACKNOWLEDGED:
                    await uow.commit(alert)
                    return alert
                changed, event = alert.acknowledged(by.name, note=note, at=self.clock.now())
                uow.alerts.save(changed, was=alert)
                uow.record(event)
                await uow.commit(changed)
            return changed

        return await on_fresh_data(attempt)


@frozen
class ResolveAlert:
    """Say that an alert is dealt with, acknowledged before or not; doing so again changes nothing."""

    open_uow: OpenUnitOfWork[AlertsWork]
    clock: Clock

    async def __call__(
        self, by: Actor, alert_id: AlertId, *, note: str | None = None, expected_version: int | None = None
    ) -> Alert:
        """Return the resolved alert. Raises `InvalidInput`, `NotFound`, `NotPermitted`, `VersionMismatch`."""
        authorize(by, "alerts:write")
        reject_if(violations_of_note(note))

        async def attempt() -> Alert:
            async with self.open_uow(by.org_id, by) as uow:
                alert = await _held(uow, alert_id, expected_version)
                if alert.is_resolved:
                    await uow.commit(alert)
                    return alert
                changed, event = alert.resolved(by.name, note=note, at=self.clock.now())
                uow.alerts.save(changed, was=alert)
                uow.record(event)
                await uow.commit(changed)
            return changed

        return await on_fresh_data(attempt)


async def _held(uow: AlertsWork, alert_id: AlertId, expected_version: int | None) -> Alert:
    alert = await uow.alerts.get_for_update(alert_id)
    require_version("alert", alert_id, expected=expected_version, found=alert.version)
    return alert
