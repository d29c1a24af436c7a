"""Rights to do something alone, of the whole installation."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.codec import (
    Row,
    from_instant,
    from_number,
    from_numbers,
    from_text,
    from_texts,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.relay.model import Lease

_SQL: Final = statements("leases")
_TAKE: Final = _SQL["lease_take"]
_RELEASE: Final = _SQL["lease_release"]
_HELD: Final = _SQL["lease_held"]
_LEASE: Final = Kind[Lease]("lease")


def _lease_from(row: Row) -> Lease:
    name, holder, token, expires_at = row
    return Lease(name=to_text(name), holder=to_text(holder), token=to_int(token), expires_at=to_instant(expires_at))


class PostgresLeases:
    """Rights to do something alone, as `Leases` promises.

    Whether one has expired is judged by `at`; who misjudges it by a wrong clock still gets a higher token.
    """

    def __init__(self, across: Across) -> None:
        self._across = across

    async def take(self, name: str, *, holder: str, at: datetime, lasts: timedelta) -> Lease | None:
        """Return the lease, prolonged when it is the holder's already; None while it is another's."""
        taken = await self.take_some([name], holder=holder, at=at, lasts=lasts, limit=1)
        return taken[0] if taken else None

    async def take_some(
        self, names: Sequence[str], *, holder: str, at: datetime, lasts: timedelta, limit: int
    ) -> tuple[Lease, ...]:
        """Return up to so many leases by name, those first considered that are the holder's already.

        There may be fewer than are free when others take some at the same time.
        """
        params = (
            from_texts(dict.fromkeys(names)),
            from_text(holder),
            from_instant(at),
            from_instant(at + lasts),
            from_number(limit),
        )
        return tuple(map(_lease_from, await self._across.rows(_LEASE, Call(_TAKE, params))))

    async def release(self, leases: Collection[Lease], /) -> None:
        """Free the names of those that are the latest."""
        by_name = sorted(leases, key=lambda lease: lease.name)
        params = (from_texts(lease.name for lease in by_name), from_numbers(lease.token for lease in by_name))
        await self._across.rows(_LEASE, Call(_RELEASE, params))

    async def held(self, names: Collection[str], *, at: datetime) -> tuple[Lease, ...]:
        """Return the leases of the names that run at that time, by name."""
        rows = await self._across.rows(_LEASE, Call(_HELD, (from_texts(names), from_instant(at))))
        return tuple(map(_lease_from, rows))
