"""The audit trail and the outbox: what the events of a commit become."""

from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime
from itertools import islice, takewhile
from uuid import UUID

from amss_adapters.memory.messages import Messages
from amss_adapters.memory.sorted_keys import SortKey
from amss_adapters.memory.tables import Groups, Table
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction, page_of
from amss_domain.audit.model import AuditEntry, entry_of, message_of
from amss_domain.audit.ports import AuditFilter
from amss_domain.shared.actor import Actor
from amss_domain.shared.events import Event
from amss_domain.shared.id_factory import IdFactory
from amss_domain.shared.ids import EventId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.shared.page import NEWEST_FIRST, Page, PageRequest

_ALL = "all"


def _place(entry: AuditEntry) -> SortKey:
    return (entry.occurred_at, entry.id.int, entry.id)


def _listed_under(entry: AuditEntry) -> tuple[Hashable, ...]:
    named = (entry.resource_type, entry.resource_id, entry.action, entry.actor_id, entry.request_id)
    return (_ALL, *_keys_of(*named))


def _keys_of(*values: str | UUID | None) -> list[Hashable]:
    return [(field, value) for field, value in enumerate(values) if value is not None]


_TRAIL: Groups[AuditEntry] = Groups(_listed_under, order=_place)
AUDIT_ENTRIES: Table[AuditEntry] = Table(name="audit_logs", kind="audit entry", groups=(_TRAIL,))


def append_events(events: Sequence[Event], *, tenant: Tenant, actor: Actor, ids: IdFactory) -> None:
    """Put an entry for each event into the organization's trail, and a message for each public one into its outbox."""
    entries, messages = [], []
    for event in events:
        event_id = EventId(ids.new())
        entries.append(entry_of(event, event_id=event_id, org_id=tenant.org_id, actor=actor))
        if event.public:
            messages.append(message_of(event, event_id=event_id, org_id=tenant.org_id))
    for entry in entries:
        tenant.rows(AUDIT_ENTRIES).put(entry)
    for message in messages:
        tenant.messages.add(message)


class MemoryAuditTrail:
    """The organization's audit entries."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(AUDIT_ENTRIES)

    async def page(self, request: PageRequest, /, *, filter: AuditFilter) -> Page[AuditEntry]:
        """Return the entries that match as they happened, newest first unless asked otherwise."""
        order = request.order or NEWEST_FIRST
        if order.by != "created_at":
            raise ValueError(f"audit entries cannot be sorted by {order.by}")
        after: AuditEntry | None = None
        if request.after is not None:
            after = self._rows.find(request.after)
            if after is None:
                return Page(())
        return page_of(self._matching(after, filter, descending=order.descending), request.limit)

    async def following(
        self, entry: AuditEntry | None, /, *, filter: AuditFilter, limit: int
    ) -> tuple[AuditEntry, ...]:
        """Return so many entries that match after that one, oldest first."""
        return tuple(islice(self._matching(entry, filter, descending=False), limit))

    def _matching(self, after: AuditEntry | None, filter: AuditFilter, *, descending: bool) -> Iterator[AuditEntry]:
        wanted = _keys_of(filter.resource_type, filter.resource_id, filter.action, filter.actor_id, filter.request_id)
        fewest = min(wanted, key=lambda key: self._rows.size(_TRAIL, key), default=_ALL)
        start = _start(after, filter.until if descending else filter.since, descending=descending)
        entries = takewhile(
            lambda entry: not _is_past(entry, filter, descending=descending),
            self._rows.group(_TRAIL, fewest, start, descending=descending),
        )
        return (entry for entry in entries if set(wanted) <= set(_listed_under(entry)))


def _start(after: AuditEntry | None, bound: datetime | None, *, descending: bool) -> SortKey:
    """Return the place to go on from: that of the entry or the bound, whichever is further on."""
    places: list[SortKey] = [] if after is None else [_place(after)]
    if bound is not None:
        places.append((bound,))
    return (min if descending else max)(places, default=())


def _is_past(entry: AuditEntry, filter: AuditFilter, *, descending: bool) -> bool:
    if descending:
        return filter.since is not None and entry.occurred_at < filter.since
    return filter.until is not None and entry.occurred_at >= filter.until


class MemoryOutbox:
    """The organization's unpublished messages."""

    def __init__(self, transaction: Transaction, messages: Messages) -> None:
        self._transaction = transaction
        self._messages = messages

    async def unpublished(self, *, limit: int) -> tuple[OutboxMessage, ...]:
        """Return so many messages, oldest first."""
        self._transaction.require_usable()
        waiting = self._messages.unpublished_of(self._transaction.org_id)
        return tuple(kept.message for kept in islice(waiting, limit))
