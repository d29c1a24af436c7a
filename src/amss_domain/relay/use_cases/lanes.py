"""Who publishes which lanes of the outbox: a fair share for each of those who do."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from amss_domain.relay.model import LANES, Lease
from amss_domain.relay.ports import Leases

_LANES: Final = {f"publish-outbox/lane/{lane}": lane for lane in range(LANES)}

# Whoever publishes sits on one of these, so that all can count how many they are.
_SEATS: Final = tuple(f"publish-outbox/seat/{seat}" for seat in range(LANES))


class Lanes:
    """The lanes that one publisher holds, by leases that it prolongs in time.

    Lanes are shared out evenly among those who ask, at the latest a third of `lasts` after somebody joined; those of
    who stopped asking pass on after `lasts`. More publishers than lanes are in reserve.
    """

    def __init__(self, leases: Leases, *, holder: str, lasts: timedelta = timedelta(seconds=9)) -> None:
        self._leases = leases
        self._holder = holder
        self._lasts = lasts
        self._held: dict[int, Lease] = {}
        self._seats: tuple[Lease, ...] = ()
        self._renew_at: datetime | None = None

    async def held(self, *, at: datetime) -> tuple[int, ...]:
        """Return the lanes that are this publisher's now."""
        if self._renew_at is None or at >= self._renew_at:
            await self._renew(at)
        return tuple(self._held)

    def leases_of(self, lanes: Collection[int]) -> tuple[Lease, ...]:
        """Return the leases by which it holds the lanes."""
        return tuple(self._held[lane] for lane in sorted(set(lanes)))

    def doubt(self) -> None:
        """Have the leases looked at again before anything else is done by them."""
        self._renew_at = None

    async def let_go(self) -> None:
        """Give up all lanes, for others to take at once."""
        leases = (*self._held.values(), *self._seats)
        self._held, self._seats, self._renew_at = {}, (), None
        await self._leases.release(leases)

    async def _renew(self, at: datetime) -> None:
        self._held = {}
        self._seats = await self._take(_SEATS, at, limit=1)
        if self._seats:
            running = await self._leases.held((*_SEATS, *_LANES), at=at)
            publishers = sum(lease.name not in _LANES for lease in running)
            taken = await self._take(tuple(_LANES), at, limit=-(-LANES // max(1, publishers)))
            self._held = {_LANES[lease.name]: lease for lease in taken}
            await self._leases.release([lease for lease in running if self._is_too_much(lease)])
        self._renew_at = at + self._lasts / 3

    async def _take(self, names: tuple[str, ...], at: datetime, *, limit: int) -> tuple[Lease, ...]:
        return await self._leases.take_some(names, holder=self._holder, at=at, lasts=self._lasts, limit=limit)

    def _is_too_much(self, lease: Lease) -> bool:
        return lease.holder == self._holder and lease.name in _LANES and _LANES[lease.name] not in self._held
