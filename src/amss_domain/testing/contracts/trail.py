"""The laws of the audit trail and the outbox."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.audit.model import AuditEntry, entry_of, message_of
from amss_domain.audit.ports import AuditFilter
from amss_domain.inventory.events import LowStock, PartUpdated
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.events import Change
from amss_domain.shared.ids import EventId
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.builders import a_part
from amss_domain.testing.contracts.contract import Contract, some_examples
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant, all_of

ALL = AuditFilter()

_MOMENT = timedelta(microseconds=1)


class AuditTrailContract(Contract):
    """The laws of `AuditTrail`."""

    async def test_each_event_becomes_one_entry(self, ours: Tenant) -> None:
        """Each event recorded in a committed unit of work has exactly one entry, public or not."""
        events = [a_low_stock(), an_update(), a_low_stock()]
        await ours.keep(events=events)

        entries = await ours.entries()

        assert len(entries) == len(events)
        assert entries == tuple(
            entry_of(event, event_id=entry.id, org_id=ours.id, actor=ours.actor)
            for event, entry in zip(reversed(events), entries, strict=True)
        )
        assert len({entry.id for entry in entries}) == len(events)

    async def test_nothing_else_becomes_an_entry(self, ours: Tenant) -> None:
        """What is recorded without a commit, and what is changed without an event, leaves no entry."""
        async with ours.open() as uow:
            uow.record(a_low_stock())
        await ours.keep(a_part(org_id=ours.id))

        assert await ours.entries() == ()

    @some_examples
    @given(data=st.data())
    async def test_an_entry_is_read_back_as_it_happened(self, ours: Tenant, data: st.DataObject) -> None:
        """Who, what, when, from where and why come back as they went in, changes before and after too."""
        text, optional = values.texts(1), values.optional_texts()
        actor = Actor(
            org_id=ours.id,
            kind=data.draw(st.sampled_from(ActorKind)),
            id=data.draw(text),
            name=data.draw(text),
            role=data.draw(text),
            request_id=data.draw(optional),
            address=data.draw(st.sampled_from([None, "192.0.2.7", "2001:db8::1"])),
        )
        plain = st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | values.texts(),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(values.texts(1, 9), inner, max_size=2),
            max_leaves=4,
        )
        event = LowStock(
            aggregate_id=FRESH_IDS.new(),
            version=data.draw(values.versions()),
            occurred_at=data.draw(values.instants()),
            changes=tuple(data.draw(st.lists(st.builds(Change, text, plain, plain), max_size=2))),
            reason=data.draw(optional),
            part_number=data.draw(text),
            available=data.draw(values.counts()),
            minimum_stock=data.draw(values.counts()),
            reorder_point=data.draw(st.none() | values.counts()),
        )
        await evolve(ours, actor=actor).keep(events=[event])

        async with ours.open() as uow:
            (entry,) = (await uow.audit.page(PageRequest(), filter=AuditFilter(resource_id=event.aggregate_id))).items

        assert entry == entry_of(event, event_id=entry.id, org_id=ours.id, actor=actor)

    async def test_entries_come_newest_first(self, ours: Tenant) -> None:
        """`page` returns the newest entry first, across units of work and within one."""
        events = [a_low_stock(at=NOON + timedelta(seconds=number // 2)) for number in range(6)]
        for number in (0, 2, 4):
            await ours.keep(events=events[number : number + 2])

        assert [entry.resource_id for entry in await ours.entries()] == [one.aggregate_id for one in reversed(events)]

    @pytest.mark.parametrize("limit", [1, 2, 5, 200])
    async def test_pages_have_every_entry_once(self, ours: Tenant, limit: int) -> None:
        """Page after page lists every entry once, and the last says that it is the last, whatever the limit."""
        await ours.keep(events=[a_low_stock() for _ in range(5)])
        whole = await ours.entries()

        async with ours.open() as uow:
            paged = await all_of(lambda request: uow.audit.page(request, filter=ALL), limit=limit)
            first = await uow.audit.page(PageRequest(limit=5), filter=ALL)

        assert paged == whole
        assert first == Page(whole, None)

    async def test_pages_stay_in_step_while_more_happens(self, ours: Tenant) -> None:
        """What happens meanwhile is newer, and moves nothing on the pages that follow."""
        await ours.keep(events=[a_low_stock() for _ in range(4)])
        whole = await ours.entries()
        async with ours.open() as uow:
            first = await uow.audit.page(PageRequest(limit=2), filter=ALL)
        await ours.keep(events=[a_low_stock(at=NOON + timedelta(days=1))])

        async with ours.open() as uow:
            rest = await all_of(lambda request: uow.audit.page(request, filter=ALL), after=first.next_after)

        assert (*first.items, *rest) == whole

    async def test_a_page_has_only_what_matches(self, ours: Tenant) -> None:
        """`page` returns the entries that match every part of the filter, and pages through them."""
        part = a_part(org_id=ours.id)
        low, updated = a_low_stock(part.id), an_update(part.id)
        other = a_low_stock()
        await ours.keep(events=[low, updated, other, ours.organization.created()])

        async def matching(filter: AuditFilter) -> list[tuple[UUID, str]]:
            async with ours.open() as uow:
                entries = await all_of(lambda request: uow.audit.page(request, filter=filter), limit=1)
            return [(entry.resource_id, entry.action) for entry in entries]

        assert await matching(AuditFilter(resource_type="organization")) == [(ours.id, "created")]
        assert await matching(AuditFilter(resource_id=part.id)) == [(part.id, "updated"), (part.id, "low_stock")]
        assert await matching(AuditFilter(action="low_stock")) == [
            (other.aggregate_id, "low_stock"),
            (part.id, "low_stock"),
        ]
        assert await matching(AuditFilter(resource_type="part", resource_id=part.id, action="low_stock")) == [
            (part.id, "low_stock")
        ]
        assert await matching(AuditFilter(resource_type="aircraft", resource_id=part.id)) == []

    async def test_entries_are_found_by_who_did_it_and_by_request(self, ours: Tenant) -> None:
        """`page` returns what one actor did, whoever else is called the same, and what one request did."""
        jane, joe = (
            evolve(ours, actor=evolve(ours.actor, id=name, request_id=f"request of {name}")) for name in ("jane", "joe")
        )
        of_jane, of_joe, later = a_low_stock(), a_low_stock(), an_update()
        await jane.keep(events=[of_jane])
        await joe.keep(events=[of_joe])
        await evolve(jane, actor=evolve(jane.actor, request_id=None)).keep(events=[later])

        async def matching(filter: AuditFilter) -> list[UUID]:
            async with ours.open() as uow:
                return [entry.resource_id for entry in (await uow.audit.page(PageRequest(), filter=filter)).items]

        assert await matching(AuditFilter(actor_id="jane")) == [later.aggregate_id, of_jane.aggregate_id]
        assert await matching(AuditFilter(actor_id="jane", action="low_stock")) == [of_jane.aggregate_id]
        assert await matching(AuditFilter(request_id="request of joe")) == [of_joe.aggregate_id]
        assert await matching(AuditFilter(request_id="request of joe", actor_id="jane")) == []

    @pytest.mark.parametrize("order", [OLDEST_FIRST, NEWEST_FIRST])
    async def test_a_time_begins_and_ends_where_it_says(self, ours: Tenant, order: Order) -> None:
        """`since` is included, `until` is not, to the microsecond, either way round and with any other filter."""
        events = [a_low_stock(at=NOON + number * _MOMENT) for number in range(5)]
        await ours.keep(events=events)
        expected = [event.aggregate_id for event in events]

        async def within(since: datetime | None, until: datetime | None) -> list[UUID]:
            found = []
            for of in (AuditFilter(), AuditFilter(action="low_stock"), AuditFilter(resource_type="part")):
                filter = evolve(of, since=since, until=until)
                async with ours.open() as uow:
                    page = await uow.audit.page(PageRequest(order=order), filter=filter)
                found.append([entry.resource_id for entry in page.items])
            assert found[0] == found[1] == found[2]
            return found[0][::-1] if order.descending else found[0]

        assert await within(events[1].occurred_at, events[3].occurred_at) == expected[1:3]
        assert await within(events[3].occurred_at, None) == expected[3:]
        assert await within(None, events[3].occurred_at) == expected[:3]
        assert await within(events[3].occurred_at, events[3].occurred_at) == []

    @pytest.mark.parametrize("limit", [1, 2, 200])
    async def test_the_order_is_that_of_what_happened(self, ours: Tenant, limit: int) -> None:
        """Entries come in the order of their times, whenever they were committed; those of one instant by their ids."""
        times = [NOON, NOON + timedelta(days=40), NOON, NOON - timedelta(days=40), NOON + timedelta(days=40)]
        for at in times:
            await ours.keep(events=[a_low_stock(at=at), a_low_stock(at=at)])

        async def listed(order: Order) -> tuple[AuditEntry, ...]:
            async with ours.open() as uow:
                return await all_of(
                    lambda request: uow.audit.page(evolve(request, order=order), filter=ALL), limit=limit
                )

        oldest, newest = await listed(OLDEST_FIRST), await listed(NEWEST_FIRST)

        assert oldest == tuple(sorted(oldest, key=lambda entry: (entry.occurred_at, entry.id)))
        assert [entry.occurred_at for entry in oldest] == sorted(2 * times)
        assert newest == oldest[::-1]

    async def test_there_is_no_other_order(self, ours: Tenant) -> None:
        """An order that the port does not name is refused, and nothing comes after an entry that is not there."""
        await ours.keep(events=[a_low_stock()])

        async with ours.open() as uow:
            with pytest.raises(ValueError, match="actor_name"):
                await uow.audit.page(PageRequest(order=Order("actor_name")), filter=ALL)
        async with ours.open() as uow:
            assert await uow.audit.page(PageRequest(after=FRESH_IDS.new()), filter=ALL) == Page((), None)

    async def test_what_follows_is_not_moved_by_what_comes_late(self, ours: Tenant) -> None:
        """`following` goes on after an entry, past those committed meanwhile with a time before it, to those after."""
        events = [a_low_stock(at=NOON + timedelta(minutes=number)) for number in range(4)]
        await ours.keep(events=events)

        async def following(entry: AuditEntry | None, limit: int = 2) -> tuple[AuditEntry, ...]:
            async with ours.open() as uow:
                return await uow.audit.following(entry, filter=AuditFilter(action="low_stock"), limit=limit)

        first = await following(None)
        late = [a_low_stock(at=NOON), a_low_stock(at=NOON + timedelta(minutes=2, seconds=30)), an_update()]
        await ours.keep(events=late)
        rest = await following(first[-1], 9)

        assert [entry.resource_id for entry in first] == [event.aggregate_id for event in events[:2]]
        assert [entry.resource_id for entry in rest] == [
            event.aggregate_id for event in (events[2], late[1], events[3])
        ]

    async def test_an_entry_need_not_be_there_to_be_followed(self, ours: Tenant) -> None:
        """`following` knows the place of an entry that is past retention: entries after its time come, none before."""
        before, after = a_low_stock(), a_low_stock(at=NOON + timedelta(minutes=2))
        await ours.keep(events=[before, after])
        (last, first) = await ours.entries()
        gone = evolve(first, id=EventId(FRESH_IDS.new()), occurred_at=NOON + timedelta(minutes=1))

        async with ours.open() as uow:
            assert await uow.audit.following(gone, filter=ALL, limit=9) == (last,)

    async def test_entries_are_nobody_elses(self, ours: Tenant, theirs: Tenant) -> None:
        """The trail of one organization has nothing of another's, whatever is asked for."""
        event = a_low_stock()
        await theirs.keep(events=[event])

        async with ours.open() as uow:
            assert await uow.audit.page(PageRequest(), filter=ALL) == Page((), None)
            found = await uow.audit.page(PageRequest(), filter=AuditFilter(resource_id=event.aggregate_id))
            assert await uow.audit.following(None, filter=ALL, limit=9) == ()
        assert found == Page((), None)


class OutboxContract(Contract):
    """The laws of `Outbox`."""

    async def test_each_public_event_becomes_one_message(self, ours: Tenant) -> None:
        """Each public event recorded in a committed unit of work has exactly one message, under its entry's id."""
        events = [a_low_stock(), an_update(), a_low_stock()]
        await ours.keep(events=events)
        entries = {entry.resource_id: entry for entry in await ours.entries()}

        assert await ours.messages() == tuple(
            message_of(event, event_id=entries[event.aggregate_id].id, org_id=ours.id)
            for event in (events[0], events[2])
        )

    async def test_nothing_else_becomes_a_message(self, ours: Tenant) -> None:
        """What is recorded without a commit, and what is not public, leaves no message."""
        async with ours.open() as uow:
            uow.record(a_low_stock())
        await ours.keep(events=[an_update()])

        assert await ours.messages() == ()

    async def test_messages_come_oldest_first(self, ours: Tenant) -> None:
        """`unpublished` returns the oldest first, those of one object as they were recorded, up to `limit`."""
        part = a_part(org_id=ours.id)
        first = [a_low_stock(part.id, version=version) for version in (1, 2, 3)]
        second = [a_low_stock(part.id, version=version, at=NOON + timedelta(seconds=1)) for version in (4, 5)]
        await ours.keep(events=first)
        await ours.keep(events=second)

        async with ours.open() as uow:
            assert [message.version for message in await uow.outbox.unpublished(limit=9)] == [1, 2, 3, 4, 5]
            assert [message.version for message in await uow.outbox.unpublished(limit=2)] == [1, 2]

    async def test_messages_are_nobody_elses(self, ours: Tenant, theirs: Tenant) -> None:
        """The outbox of one organization has nothing of another's."""
        await theirs.keep(events=[a_low_stock()])

        assert await ours.messages() == ()


def a_low_stock(part_id: UUID | None = None, *, version: int = 1, at: datetime = NOON) -> LowStock:
    """Return a public event of a part, of one of its own unless told which."""
    return LowStock(
        aggregate_id=part_id or FRESH_IDS.new(),
        version=version,
        occurred_at=at,
        part_number="PN-1",
        available=1,
        minimum_stock=2,
        reorder_point=None,
    )


def an_update(part_id: UUID | None = None) -> PartUpdated:
    """Return an event of a part that is not public."""
    return PartUpdated(
        aggregate_id=part_id or FRESH_IDS.new(),
        version=2,
        occurred_at=NOON,
        changes=(Change("minimum_stock", 1, 2),),
        part_number="PN-1",
    )
