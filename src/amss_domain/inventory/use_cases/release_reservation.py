"""Giving a task's reservation back."""

from attrs import frozen

from amss_domain.access.rules import authorize
from amss_domain.inventory.ports import InventoryWork
from amss_domain.inventory.rules import blockers_to_release
from amss_domain.inventory.stock import Reservation
from amss_domain.inventory.stockkeeping import moment, settle
from amss_domain.shared.actor import Actor
from amss_domain.shared.clock import Clock
from amss_domain.shared.errors import refuse_if, require_version
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import ReservationId
from amss_domain.shared.unit_of_work import OpenUnitOfWork, on_fresh_data


@frozen
class ReleaseReservation:
    """Make what is reserved for a task available again."""

    open_uow: OpenUnitOfWork[InventoryWork]
    clock: Clock
    ids: IdFactory

    async def __call__(
        self, by: Actor, reservation_id: ReservationId, *, expected_version: int | None = None
    ) -> Reservation:
        """Return the released reservation.

        Raises `NotFound`, `NotPermitted`, `VersionMismatch`, `Refused` for one that was consumed or released already.
        """
        authorize(by, "parts:reserve")
        return await on_fresh_data(lambda: self._release(by, reservation_id, expected_version))

    async def _release(self, by: Actor, reservation_id: ReservationId, expected_version: int | None) -> Reservation:
        async with self.open_uow(by.org_id, by) as uow:
            reservation = await uow.stock.reservation(reservation_id)
            require_version("reservation", reservation_id, expected=expected_version, found=reservation.version)
            refuse_if(blockers_to_release(reservation))
            when = await moment(uow, self.clock.now())
            (released,) = await settle(uow, [reservation], {}, when=when, ids=self.ids)
            await uow.commit(released)
        return released
