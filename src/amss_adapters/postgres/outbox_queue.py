"""The messages of all organizations on their way out."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.across import BY_INDEX, Across
from amss_adapters.postgres.codec import (
    Row,
    from_ids,
    from_instant,
    from_number,
    from_numbers,
    from_texts,
    perhaps,
    to_flag,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import Statement, statements
from amss_adapters.postgres.wire import Call
from amss_domain.relay.model import Backlog, Lease, Notice
from amss_domain.shared.ids import EventId, OrgId

_SQL: Final = statements("outbox_queue")
_UNPUBLISHED: Final = _SQL["notice_unpublished"]
_MARK_PUBLISHED: Final = _SQL["notice_mark_published"]
_PUBLISH_AGAIN: Final = _SQL["notice_publish_again"]
_NOT_FANNED_OUT: Final = _SQL["notice_not_fanned_out"]
_BACKLOG: Final = _SQL["notice_backlog"]
_UNFANNED: Final = _SQL["notice_unfanned"]
_PURGE: Final = _SQL["notice_purge"]
_COUNT_SPENT: Final = _SQL["notice_count_spent"]
_NOTICE: Final = Kind[Notice]("outbox message")


def notice_from(row: Row) -> Notice:
    """Return what stands in a row of organization, id, type, aggregate, version, seq and instant."""
    org_id, event_id, event_type, aggregate_id, version, seq, occurred_at = row
    return Notice(
        org_id=cast(OrgId, to_id(org_id)),
        event_id=cast(EventId, to_id(event_id)),
        event_type=to_text(event_type),
        aggregate_id=to_id(aggregate_id),
        version=to_int(version),
        seq=to_int(seq),
        occurred_at=to_instant(occurred_at),
    )


def backlog_from(row: Row) -> Backlog:
    """Return what stands in a row of a count and an instant."""
    waiting, oldest_at = row
    return Backlog(waiting=to_int(waiting), oldest_at=perhaps(to_instant, oldest_at))


class PostgresOutboxQueue:
    """The messages of all organizations, as `OutboxQueue` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def unpublished(self, *, lanes: Collection[int], limit: int) -> tuple[Notice, ...]:
        """Return so many of the lanes that are not published, by `seq`."""
        if not lanes:
            # It would look through all that waits for others.
            return ()
        return await self._notices(Call(_UNPUBLISHED, (from_numbers(lanes), from_number(limit))))

    async def mark_published(self, notices: Sequence[Notice], *, leases: Collection[Lease], at: datetime) -> bool:
        """Mark them; change nothing and return False when a lease is no longer the latest."""
        # In the order in which others hold several messages too, so that nobody waits for each other.
        by_id = sorted(notices, key=lambda notice: (notice.org_id, notice.event_id))
        params = (
            from_ids(notice.org_id for notice in by_id),
            from_ids(notice.event_id for notice in by_id),
            from_texts(lease.name for lease in leases),
            from_numbers(lease.token for lease in leases),
            from_instant(at),
            from_number(len(leases)),
        )
        ((marked,),) = await self._by_index(Call(_MARK_PUBLISHED, params))
        return to_flag(marked)

    async def publish_again(self, *, before: datetime, limit: int) -> int:
        """Make so many unpublished that were published before then and that nobody was told of."""
        return await self._count(_PUBLISH_AGAIN, before, limit)

    async def not_fanned_out(self, *, limit: int) -> tuple[Notice, ...]:
        """Return so many that nobody was told of, by `seq`."""
        return await self._notices(Call(_NOT_FANNED_OUT, (from_number(limit),)))

    async def backlog(self) -> Backlog:
        """Return how many are not published."""
        (row,) = await self._by_index(Call(_BACKLOG))
        return backlog_from(row)

    async def unfanned(self) -> Backlog:
        """Return how many nobody was told of."""
        (row,) = await self._by_index(Call(_UNFANNED))
        return backlog_from(row)

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove so many that everybody was told of before then and that nobody needs any more."""
        return await self._count(_COUNT_SPENT if dry_run else _PURGE, before, limit)

    async def _notices(self, call: Call) -> tuple[Notice, ...]:
        return tuple(map(notice_from, await self._by_index(call)))

    async def _count(self, statement: Statement, before: datetime, limit: int) -> int:
        call = Call(statement, (from_instant(before), from_number(limit)))
        ((count,),) = await self._by_index(call)
        return to_int(count)

    async def _by_index(self, call: Call) -> list[Row]:
        _, rows = await self._across.run(_NOTICE, (BY_INDEX, call))
        return rows
