"""The audit trail and the outbox: what the events of a commit become."""

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

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
from amss_domain.shared.page import Page, PageRequest


def _newest_first(id: UUID) -> SortKey:
    return (-id.int, id)


_TRAIL: Groups[AuditEntry] = Groups(lambda entry: (None, entry.resource_id), lambda entry: _newest_first(entry.id))
AUDIT_ENTRIES: Table[AuditEntry] = Table(name="audit_logs", kind="audit entry", groups=(_TRAIL,))

_WAITING: Groups[OutboxMessage] = Groups(lambda _: (None,))
OUTBOX: Table[OutboxMessage] = Table(name="outbox", kind="outbox message", groups=(_WAITING,))


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
        tenant.rows(OUTBOX).put(message)


class MemoryAuditTrail:
    """The organization's audit entries."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(AUDIT_ENTRIES)

    async def page(self, request: PageRequest, /, *, filter: AuditFilter) -> Page[AuditEntry]:
        """Return the entries that match, newest first."""
        after = () if request.after is None else _newest_first(request.after)
        entries = self._rows.group(_TRAIL, filter.resource_id, after)
        return page_of((entry for entry in entries if _matches(entry, filter)), request.limit)


class MemoryOutbox:
    """The organization's unpublished messages."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(OUTBOX)

    async def unpublished(self, *, limit: int) -> tuple[OutboxMessage, ...]:
        """Return so many messages, oldest first."""
        return tuple(islice(self._rows.group(_WAITING, None), limit))


def _matches(entry: AuditEntry, filter: AuditFilter) -> bool:
    return filter.resource_type in (None, entry.resource_type) and filter.action in (None, entry.action)
