"""Searching and exporting the audit trail."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from amss_domain.access.model import Role
from amss_domain.audit.model import AuditEntry
from amss_domain.audit.ports import AuditFilter
from amss_domain.audit.use_cases import ExportAudit
from amss_domain.shared.actor import Actor
from amss_domain.shared.errors import NotPermitted
from amss_domain.shared.idempotency import Idempotency
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import OLDEST_FIRST, PageRequest
from amss_domain.testing.backend import Work
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant
from amss_domain.testing.workshop import Workshop


async def all_in(entries: AsyncIterator[AuditEntry]) -> list[AuditEntry]:
    """Return all entries."""
    return [entry async for entry in entries]


class Watching:
    """Opens units of work for a tenant and remembers them."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.opened: list[Work] = []

    def __call__(self, org_id: OrgId, actor: Actor, /, *, idempotency: Idempotency | None = None) -> Work:
        """Open one."""
        self.opened.append(self.tenant.backend.open_uow(org_id, actor, idempotency=idempotency))
        return self.opened[-1]


def export(workshop: Workshop, *, batch: int = 2) -> ExportAudit:
    """Return the use case, taking so many entries at a time."""
    return ExportAudit(workshop.tenant.backend.open_uow, workshop.clock, batch=batch)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 100])
async def test_an_export_has_every_entry_once_and_the_oldest_first(workshop: Workshop, batch: int) -> None:
    """Whatever the size of the batches, and whether the last of them is full or not."""
    for seconds in range(4):
        await workshop.tenant.keep(events=[a_low_stock(at=NOON - timedelta(seconds=seconds))])

    exported = await all_in(export(workshop, batch=batch)(workshop.actor, filter=AuditFilter()))

    assert exported == list(reversed(await workshop.tenant.entries()))
    assert len(exported) == 4


async def test_an_export_has_only_what_matches(workshop: Workshop) -> None:
    """Every part of the filter counts, and `until` when it comes before the export does."""
    part = await workshop.part(quantity=3)
    await workshop.part("OTHER")
    later = NOON + timedelta(minutes=1)
    await workshop.tenant.keep(events=[a_low_stock(part.id, at=later)])
    workshop.clock.advance(timedelta(minutes=2))

    of_part = await all_in(export(workshop)(workshop.actor, filter=AuditFilter(resource_id=part.id)))
    before = await all_in(export(workshop)(workshop.actor, filter=AuditFilter(resource_id=part.id, until=later)))

    assert [entry.action for entry in of_part] == ["created", "stock_moved", "low_stock"]
    assert before == of_part[:2]


async def test_what_is_committed_while_an_export_runs_does_not_disturb_it(workshop: Workshop) -> None:
    """Entries committed late are in it where it has not come past yet; what happens after it began is not."""
    events = [a_low_stock(at=NOON + timedelta(minutes=minute)) for minute in range(4)]
    await workshop.tenant.keep(events=events)
    workshop.clock.advance(timedelta(minutes=10))
    running = export(workshop, batch=2)(workshop.actor, filter=AuditFilter())
    exported = [await anext(running)]

    behind, ahead = a_low_stock(at=NOON), a_low_stock(at=NOON + timedelta(minutes=2, seconds=30))
    future = a_low_stock(at=NOON + timedelta(minutes=11))
    await workshop.tenant.keep(events=[future, ahead, behind])
    exported += await all_in(running)

    assert [entry.resource_id for entry in exported] == [
        event.aggregate_id for event in (*events[:3], ahead, events[3])
    ]


async def test_an_export_has_what_happened_in_the_instant_it_began(workshop: Workshop) -> None:
    """The bound that it takes at its start is included."""
    await workshop.tenant.keep(events=[a_low_stock(at=NOON), a_low_stock(at=NOON + timedelta(microseconds=1))])

    exported = await all_in(export(workshop)(workshop.actor, filter=AuditFilter()))

    assert [entry.occurred_at for entry in exported] == [NOON]


async def test_no_unit_of_work_is_open_while_a_batch_is_handed_out(workshop: Workshop) -> None:
    """A slow reader holds no connection: each batch is read in a unit of work that has ended before it is handed on."""
    await workshop.tenant.keep(events=[a_low_stock() for _ in range(4)])
    watching = Watching(workshop.tenant)
    running = ExportAudit(watching, workshop.clock, batch=2)(workshop.actor, filter=AuditFilter())
    seen = 0
    async for _ in running:
        seen += 1
        with pytest.raises(RuntimeError, match="it was left"):
            watching.opened[-1].record(a_low_stock())

    assert (seen, len(watching.opened)) == (4, 3)


@pytest.mark.parametrize("role", [Role.PLANNER, Role.TECHNICIAN, Role.VIEWER])
async def test_who_may_not_read_the_trail_is_told_at_once(workshop: Workshop, role: Role) -> None:
    """Neither a search nor an export begins for a role without the permission."""
    _, by = await workshop.user(role)

    with pytest.raises(NotPermitted, match="audit:read"):
        await workshop.search_audit(by, PageRequest(), filter=AuditFilter())
    with pytest.raises(NotPermitted, match="audit:export"):
        export(workshop)(by, filter=AuditFilter())


async def test_a_search_goes_either_way(workshop: Workshop) -> None:
    """Newest first unless asked otherwise."""
    await workshop.part("A")
    await workshop.part("B")
    search = workshop.search_audit
    filter = AuditFilter(resource_type="part")

    newest = await search(workshop.actor, PageRequest(limit=1), filter=filter)
    oldest = await search(workshop.actor, PageRequest(limit=1, order=OLDEST_FIRST), filter=filter)

    assert [entry.data["part_number"] for entry in (*newest.items, *oldest.items)] == ["B", "A"]
