"""What waits for the followers inside: of one organization, and where there is any."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.audit import message_from
from amss_adapters.postgres.codec import from_id, from_ids, from_instant, from_number, from_text, maybe, to_id, to_int
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.outbox_queue import backlog_from, notice_from
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.relay.model import Backlog, Setback
from amss_domain.shared.ids import EventId, OrgId
from amss_domain.shared.outbox import OutboxMessage

_SQL: Final = statements("inbox")
_TAKE: Final = _SQL["inbox_take"]
_PUT_OFF: Final = _SQL["inbox_put_off"]
_DONE: Final = _SQL["inbox_done"]
_SQL_ACROSS: Final = statements("inboxes")
_WAITING: Final = _SQL_ACROSS["inbox_waiting"]
_BACKLOG: Final = _SQL_ACROSS["inbox_backlog"]
_ENTRY: Final = Kind[OutboxMessage]("inbox entry")


class PostgresInboxes:
    """Whose followers have something to do, as `Inboxes` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def waiting(
        self, follower: str, *, limit: int, at: datetime | None = None, but: Collection[OrgId] = ()
    ) -> tuple[OrgId, ...]:
        """Return so many organizations in whose inbox something waits for the follower, longest waiting first."""
        params = (from_text(follower), maybe(from_instant, at), from_ids(but), from_number(limit))
        rows = await self._across.rows(_ENTRY, Call(_WAITING, params))
        return tuple(cast(OrgId, to_id(org_id)) for (org_id,) in rows)

    async def backlog(self, follower: str) -> Backlog:
        """Return how much waits for the follower."""
        (row,) = await self._across.rows(_ENTRY, Call(_BACKLOG, (from_text(follower), None)))
        return backlog_from(row)


class PostgresInbox:
    """What waits for followers inside the session's organization, as `Inbox` promises."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take(self, follower: str, *, limit: int, at: datetime | None = None) -> tuple[OutboxMessage, ...]:
        """Hold and return so many that nobody else holds, oldest first."""
        session = self._session
        params = (session.org, from_text(follower), from_number(limit), maybe(from_instant, at))
        rows = await session.read(_TAKE, params, _ENTRY)
        return tuple(message_from(row, session.org_id) for row in rows)

    async def put_off(self, follower: str, event_id: EventId, /, *, until: datetime) -> Setback | None:
        """Count a failure with a message and put it off."""
        session = self._session
        params = (session.org, from_text(follower), from_id(event_id), from_instant(until))
        for row in await session.read(_PUT_OFF, params, _ENTRY):
            return Setback(notice=notice_from(row[:-1]), times=to_int(row[-1]))
        return None

    def done(self, follower: str, event_ids: Collection[EventId], /) -> None:
        """Remove them."""
        params = (self._session.org, from_text(follower), from_ids(event_ids))
        self._session.queue(_DONE, params, Subject(_ENTRY, follower))
