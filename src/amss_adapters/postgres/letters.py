"""Letters that wait to be sent: what an organization adds, and what is sent of all of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.across import BY_INDEX, Across
from amss_adapters.postgres.codec import (
    Row,
    from_id,
    from_instant,
    from_number,
    from_text,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.outbox_queue import backlog_from
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.alerts.letters import Letter, QueuedLetter
from amss_domain.relay.model import Backlog
from amss_domain.shared.ids import OrgId

_INSERT: Final = statements("letters")["letter_insert"]
_SQL: Final = statements("letter_queue")
_CLAIM: Final = _SQL["letter_claim"]
_DONE: Final = _SQL["letter_done"]
_PUT_OFF: Final = _SQL["letter_put_off"]
_BACKLOG: Final = _SQL["letter_backlog"]
_LETTER: Final = Kind[QueuedLetter]("letter")


class PostgresLetters:
    """Takes letters of the session's organization, as `Letters` promises."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, queued: QueuedLetter, /) -> None:
        """Have a letter sent, once."""
        letter = queued.letter
        params = (
            self._session.org,
            from_text(letter.id),
            from_text(letter.to),
            from_text(letter.name),
            from_text(letter.subject),
            from_text(letter.text),
            from_number(queued.tries),
            from_instant(queued.due_at),
            from_instant(queued.written_at),
        )
        self._session.queue(_INSERT, params, Subject(_LETTER, letter.id, queued))


class PostgresLetterQueue:
    """Letters of all organizations, as `LetterQueue` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def claim(
        self, *, at: datetime, until: datetime, limit: int, per_organization: int
    ) -> tuple[QueuedLetter, ...]:
        """Return so many that are due, which nobody else gets until then."""
        params = (from_instant(at), from_instant(until), from_number(limit), from_number(per_organization))
        _, rows = await self._across.run(_LETTER, (BY_INDEX, Call(_CLAIM, params)))
        return tuple(map(_letter_from, rows))

    async def done(self, queued: QueuedLetter, /) -> None:
        """Remove a letter."""
        params = (from_id(queued.org_id), from_text(queued.letter.id))
        await self._across.rows(_LETTER, Call(_DONE, params))

    async def put_off(self, queued: QueuedLetter, /, *, until: datetime) -> None:
        """Count a try, and have the letter due then, unless somebody else has claimed it."""
        await self._across.rows(_LETTER, _due(queued, until, tries=1))

    async def hand_back(self, letters: Sequence[QueuedLetter], /, *, at: datetime) -> None:
        """Have letters due at once that nobody else has claimed."""
        if letters:
            await self._across.run(_LETTER, [_due(queued, at, tries=0) for queued in letters])

    async def backlog(self) -> Backlog:
        """Return how many wait."""
        _, (row,) = await self._across.run(_LETTER, (BY_INDEX, Call(_BACKLOG, ())))
        return backlog_from(row)


def _due(queued: QueuedLetter, at: datetime, *, tries: int) -> Call:
    params = (
        from_id(queued.org_id),
        from_text(queued.letter.id),
        from_instant(queued.due_at),
        from_instant(at),
        from_number(tries),
    )
    return Call(_PUT_OFF, params)


def _letter_from(row: Row) -> QueuedLetter:
    org_id, id, to, name, subject, text, tries, due_at, created_at = row
    return QueuedLetter(
        org_id=cast(OrgId, to_id(org_id)),
        letter=Letter(id=to_text(id), to=to_text(to), name=to_text(name), subject=to_text(subject), text=to_text(text)),
        written_at=to_instant(created_at),
        due_at=to_instant(due_at),
        tries=to_int(tries),
    )
