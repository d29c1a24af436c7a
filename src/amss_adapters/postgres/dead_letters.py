"""Entries of streams that could not be worked off."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.codec import (
    Param,
    Row,
    from_array,
    from_id,
    from_ids,
    from_instant,
    from_number,
    from_numbers,
    from_texts,
    maybe,
    perhaps,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.outbox_queue import notice_from
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.relay.model import DeadLetter
from amss_domain.shared.ids import EventId, OrgId

_SQL: Final = statements("dead_letters")
_ADD: Final = _SQL["dead_letter_add"]
_LIST: Final = _SQL["dead_letter_list"]
_LIST_OF: Final = _SQL["dead_letter_list_of"]
_REPLAY: Final = _SQL["dead_letter_replay"]
_LETTER: Final = Kind[DeadLetter]("dead letter")

_NOTICE_COLUMNS: Final = 7

# The columns of a letter as arrays, in the order of the statement.
_COLUMNS: Final[tuple[Callable[[Sequence[DeadLetter]], Param], ...]] = (
    lambda letters: from_ids(letter.notice.org_id for letter in letters),
    lambda letters: from_ids(letter.notice.event_id for letter in letters),
    lambda letters: from_texts(letter.notice.event_type for letter in letters),
    lambda letters: from_ids(letter.notice.aggregate_id for letter in letters),
    lambda letters: from_numbers(letter.notice.version for letter in letters),
    lambda letters: from_numbers(letter.notice.seq for letter in letters),
    lambda letters: _instants(letter.notice.occurred_at for letter in letters),
    lambda letters: from_texts(letter.group for letter in letters),
    lambda letters: from_texts(letter.reason for letter in letters),
    lambda letters: _instants(letter.failed_at for letter in letters),
    lambda letters: from_numbers(letter.times for letter in letters),
    lambda letters: _instants(letter.replayed_at for letter in letters),
)


def _instants(values: Iterable[datetime | None]) -> bytes:
    return from_array(maybe(from_instant, value) for value in values)


def _letter_from(row: Row) -> DeadLetter:
    group, reason, failed_at, times, replayed_at = row[_NOTICE_COLUMNS:]
    return DeadLetter(
        notice=notice_from(row[:_NOTICE_COLUMNS]),
        group=to_text(group),
        reason=to_text(reason),
        failed_at=to_instant(failed_at),
        times=to_int(times),
        replayed_at=perhaps(to_instant, replayed_at),
    )


class PostgresDeadLetters:
    """Entries that a group could not work off, as `DeadLetters` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def add(self, letters: Sequence[DeadLetter], /) -> None:
        """Keep letters in place of those of the same event and group, and take their messages out of the way."""
        # One statement changes a row once; of several for the same row the last one counts.
        last = {(letter.notice.event_id, letter.group): letter for letter in letters}
        in_order = sorted(last.values(), key=lambda letter: letter.notice.seq)
        await self._across.rows(_LETTER, Call(_ADD, tuple(column(in_order) for column in _COLUMNS)))

    async def list(self, *, limit: int, org_id: OrgId | None = None) -> tuple[DeadLetter, ...]:
        """Return so many that were not replayed, oldest first."""
        most = from_number(limit)
        call = Call(_LIST, (most,)) if org_id is None else Call(_LIST_OF, (most, from_id(org_id)))
        return tuple(map(_letter_from, await self._across.rows(_LETTER, call)))

    async def replay(self, event_ids: Collection[EventId], *, at: datetime) -> int:
        """Mark those named as replayed and send their messages on their way again."""
        ((count,),) = await self._across.rows(_LETTER, Call(_REPLAY, (from_ids(event_ids), from_instant(at))))
        return to_int(count)
