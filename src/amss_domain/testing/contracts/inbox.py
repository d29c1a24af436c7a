"""The laws of the inboxes of followers inside."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from amss_domain.relay.model import Notice, Setback
from amss_domain.relay.ports import Inboxes
from amss_domain.shared.ids import EventId
from amss_domain.shared.outbox import OutboxMessage
from amss_domain.testing.backend import Backend
from amss_domain.testing.contracts.contract import Contract
from amss_domain.testing.contracts.outbox_queue import unpublished
from amss_domain.testing.contracts.trail import a_low_stock
from amss_domain.testing.stand_ins import FRESH_IDS, NOON
from amss_domain.testing.tenant import Tenant

_LOW = "part.low_stock"
_ENOUGH = 100_000
_DAY = timedelta(days=1)


class InboxContract(Contract):
    """The laws of `Inbox` and of `Inboxes`."""

    @pytest.fixture
    def inboxes(self, backend: Backend) -> Inboxes:
        """The inboxes of the backend."""
        return backend.inboxes

    @pytest.fixture
    def follower(self) -> str:
        """A follower that nothing waits for."""
        return f"alerts-{FRESH_IDS.new().hex[-8:]}"

    async def test_messages_wait_until_they_are_done(self, backend: Backend, ours: Tenant, follower: str) -> None:
        """What the follower was told of is there as it was recorded, oldest first, and gone when it is done."""
        messages = await told(backend, ours, follower, count=3)

        assert await in_inbox(ours, follower) == messages
        async with ours.open() as uow:
            taken = await uow.inbox.take(follower, limit=2)
            uow.inbox.done(follower, [message.id for message in taken])
            await uow.commit()

        assert taken == messages[:2]
        assert await in_inbox(ours, follower) == messages[2:]

    async def test_what_is_not_done_is_there_again(self, backend: Backend, ours: Tenant, follower: str) -> None:
        """Taking alone changes nothing, and neither does what is not committed."""
        messages = await told(backend, ours, follower, count=2)
        async with ours.open() as uow:
            await uow.inbox.take(follower, limit=9)
            await uow.commit()
        async with ours.open() as uow:
            uow.inbox.done(follower, [message.id for message in await uow.inbox.take(follower, limit=9)])

        assert await in_inbox(ours, follower) == messages

    async def test_two_at_once_get_different_messages(self, backend: Backend, ours: Tenant, follower: str) -> None:
        """What one holds no other gets, and nobody waits for it; when it is let go others get it."""
        messages = await told(backend, ours, follower, count=3)

        async with ours.open() as first, ours.open() as second:
            taken = await first.inbox.take(follower, limit=2)
            others = await second.inbox.take(follower, limit=9)
            await first.commit()
            await second.commit()

        assert taken == messages[:2]
        assert others == messages[2:]
        assert await in_inbox(ours, follower) == messages

    async def test_what_is_done_stays_done_in_the_unit_of_work(
        self, backend: Backend, ours: Tenant, follower: str
    ) -> None:
        """Who goes on taking in the same unit of work gets the next ones."""
        messages = await told(backend, ours, follower, count=3)

        async with ours.open() as uow:
            first = await uow.inbox.take(follower, limit=2)
            uow.inbox.done(follower, [message.id for message in first])
            rest = await uow.inbox.take(follower, limit=2)

        assert first == messages[:2]
        assert rest == messages[2:]

    async def test_each_follower_has_its_own(self, backend: Backend, ours: Tenant, follower: str) -> None:
        """What one is done with waits for another still, and nobody gets what was not for them."""
        other, stranger = f"{follower}-other", f"{follower}-stranger"
        wants = {follower: frozenset({_LOW}), other: frozenset({_LOW, "task.due"}), stranger: frozenset({"task.due"})}
        await ours.keep(events=[a_low_stock()])
        messages = await ours.messages()
        await backend.fan_out.tell(await unpublished(backend.outbox_queue, ours), followers=wants, at=NOON)

        await finish(ours, follower, messages)

        assert await in_inbox(ours, follower) == ()
        assert await in_inbox(ours, other) == messages
        assert await in_inbox(ours, stranger) == ()

    async def test_who_is_told_again_gets_nothing_new(self, backend: Backend, ours: Tenant, follower: str) -> None:
        """A message that comes a second time is not put into the inbox a second time, done or not."""
        messages = await told(backend, ours, follower, count=2)
        await finish(ours, follower, messages[:1])
        notices = tuple(notice for notice in await unpublished(backend.outbox_queue, ours))

        again = await tell(backend, notices, follower)

        assert again == 0
        assert await in_inbox(ours, follower) == messages[1:]

    async def test_organizations_that_wait_longest_come_first(
        self, backend: Backend, inboxes: Inboxes, ours: Tenant, theirs: Tenant, follower: str
    ) -> None:
        """`waiting` names those with something in the inbox, in the order in which it came, up to `limit`."""
        first = await told(backend, theirs, follower)
        await told(backend, ours, follower)

        both = await inboxes.waiting(follower, limit=_ENOUGH)
        one = await inboxes.waiting(follower, limit=1)
        await finish(theirs, follower, first)

        assert both == (theirs.id, ours.id)
        assert one == (theirs.id,)
        assert await inboxes.waiting(follower, limit=_ENOUGH) == (ours.id,)

    async def test_what_is_put_off_makes_way(self, backend: Backend, ours: Tenant, follower: str) -> None:
        """It is passed over until then by who says what time it is, and counts how often it failed."""
        messages = await told(backend, ours, follower, count=2)
        until = NOON + _DAY

        setbacks = [await put_off(ours, follower, messages[0], until=until) for _ in range(2)]
        async with ours.open() as uow:
            await uow.inbox.put_off(follower, messages[1].id, until=until)

        async with ours.open() as uow:
            now = await uow.inbox.take(follower, limit=1, at=until - timedelta(seconds=1))
        async with ours.open() as uow:
            later = await uow.inbox.take(follower, limit=9, at=until)
        (notice,) = [one for one in await unpublished(backend.outbox_queue, ours) if one.event_id == messages[0].id]
        assert setbacks == [Setback(notice=notice, times=1), Setback(notice=notice, times=2)]
        assert now == messages[1:]
        assert later == await in_inbox(ours, follower) == messages
        await finish(ours, follower, messages[:1])
        assert await put_off(ours, follower, messages[0], until=until) is None

    async def test_who_waits_may_be_passed_over(
        self, backend: Backend, inboxes: Inboxes, ours: Tenant, theirs: Tenant, follower: str
    ) -> None:
        """`waiting` leaves out the organizations named, and those where everything is put off."""
        (message,) = await told(backend, theirs, follower)
        await told(backend, ours, follower)
        await put_off(theirs, follower, message, until=NOON + _DAY)

        assert await inboxes.waiting(follower, limit=1, at=NOON) == (ours.id,)
        assert await inboxes.waiting(follower, limit=9, at=NOON + _DAY) == (theirs.id, ours.id)
        assert await inboxes.waiting(follower, limit=9) == (theirs.id, ours.id)
        assert await inboxes.waiting(follower, limit=1, but=[theirs.id]) == (ours.id,)

    async def test_a_backlog_counts_what_waits(
        self, backend: Backend, inboxes: Inboxes, ours: Tenant, theirs: Tenant, follower: str
    ) -> None:
        """`backlog` counts what waits for the follower in all organizations, and says since when."""
        nothing = await inboxes.backlog(follower)
        await told(backend, ours, follower, count=2)
        await told(backend, theirs, follower)

        backlog = await inboxes.backlog(follower)

        assert (nothing.waiting, nothing.oldest_at) == (0, None)
        assert backlog.waiting == 3
        assert backlog.oldest_at is not None

    async def test_an_inbox_is_nobody_elses(
        self, backend: Backend, ours: Tenant, theirs: Tenant, follower: str
    ) -> None:
        """Nothing of another organization is there, nor can it be done away with."""
        messages = await told(backend, theirs, follower)

        await finish(ours, follower, messages)

        assert await in_inbox(ours, follower) == ()
        assert await in_inbox(theirs, follower) == messages


async def told(backend: Backend, tenant: Tenant, follower: str, *, count: int = 1) -> tuple[OutboxMessage, ...]:
    """Commit so many messages, tell the follower of them, and return them."""
    await tenant.keep(events=[a_low_stock(at=NOON + number * _DAY) for number in range(count)])
    notices = await unpublished(backend.outbox_queue, tenant)
    messages = await tenant.messages()
    assert await tell(backend, notices, follower) == count
    return messages


async def tell(backend: Backend, notices: Sequence[Notice], follower: str) -> int:
    """Put the messages before the follower."""
    return await backend.fan_out.tell(notices, followers={follower: frozenset({_LOW})}, at=NOON)


async def finish(tenant: Tenant, follower: str, messages: Sequence[OutboxMessage]) -> None:
    """Be done with the messages."""
    event_ids: list[EventId] = [message.id for message in messages]
    async with tenant.open() as uow:
        uow.inbox.done(follower, event_ids)
        await uow.commit()


async def put_off(tenant: Tenant, follower: str, message: OutboxMessage, *, until: datetime) -> Setback | None:
    """Put the message off."""
    async with tenant.open() as uow:
        setback = await uow.inbox.put_off(follower, message.id, until=until)
        await uow.commit()
    return setback


async def in_inbox(tenant: Tenant, follower: str) -> tuple[OutboxMessage, ...]:
    """Return what waits for the follower."""
    async with tenant.open() as uow:
        return await uow.inbox.take(follower, limit=_ENOUGH)
