"""How a notice is written into an entry of a stream: in one field, since every further one costs whoever reads it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from amss_domain.relay.model import Notice, StreamEntry
from amss_domain.shared.ids import EventId, OrgId

_FIELD: Final = "notice"


def fields_of(notice: Notice) -> dict[str, str]:
    """Return the fields of the entry that a notice becomes: type, object, version, organization, event, seq, time."""
    words = (
        notice.event_type,
        notice.aggregate_id,
        notice.version,
        notice.org_id,
        notice.event_id,
        notice.seq,
        notice.occurred_at.isoformat(),
    )
    return {_FIELD: " ".join(str(word) for word in words)}


def entry_of(stream: str, id: str, fields: Mapping[bytes, bytes] | None, *, times: int) -> StreamEntry | None:
    """Return the entry that the fields say, given `times` times; None for what was not written by `fields_of`."""
    try:
        said = (fields or {})[_FIELD.encode()].decode()
        event_type, aggregate_id, version, org_id, event_id, seq, occurred_at = said.split(" ")
        notice = Notice(
            org_id=OrgId(UUID(org_id)),
            event_id=EventId(UUID(event_id)),
            event_type=event_type,
            aggregate_id=UUID(aggregate_id),
            version=int(version),
            seq=int(seq),
            occurred_at=datetime.fromisoformat(occurred_at),
        )
    except (KeyError, ValueError):
        return None
    return StreamEntry(stream=stream, id=id, notice=notice, times=times)
