"""Asking whether aircraft may be dispatched."""

from collections.abc import Sequence

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.compliance.model import AircraftCompliance
from amss_domain.compliance.rules import compliance_of
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.scheduling.follow_up import today_of
from amss_domain.scheduling.ports import SchedulingWork
from amss_domain.scheduling.upcoming import upcoming_on
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.ids import AircraftId
from amss_domain.shared.page import Page, PageRequest
from amss_domain.shared.unit_of_work import OpenUnitOfWork


@frozen
class AssessAircraft:
    """Say whether one aircraft may be dispatched today, and why not."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, aircraft_id: AircraftId) -> AircraftCompliance:
        """Return its status with every reason. Raises `NotFound`, `NotPermitted`."""
        authorize(by, "reports:read")
        async with self.open_uow(by.org_id, by) as uow:
            (assessed,) = await _assessed(uow, [await uow.fleet.get(aircraft_id)], self.clock)
        return assessed


@frozen
class AssessFleet:
    """Say of every aircraft whether it may be dispatched today, and why not."""

    open_uow: OpenUnitOfWork[SchedulingWork]
    clock: Clock

    async def __call__(self, by: Actor, request: PageRequest) -> Page[AircraftCompliance]:
        """Return a page of the fleet in the order of the aircraft. Raises `NotPermitted`."""
        authorize(by, "reports:read")
        async with self.open_uow(by.org_id, by) as uow:
            page = await uow.fleet.page(request)
            return Page(await _assessed(uow, page.items, self.clock), page.next_after)


async def _assessed(uow: SchedulingWork, fleet: Sequence[Aircraft], clock: Clock) -> tuple[AircraftCompliance, ...]:
    today = await today_of(uow, clock.now())
    return tuple(compliance_of(one, on=today.on) for one in await upcoming_on(uow, fleet))
