"""The laws of units of work."""

from collections.abc import Coroutine
from contextlib import suppress

import pytest
from attrs import evolve

from amss_domain.audit.model import entry_of, message_of
from amss_domain.inventory.stock import Stock
from amss_domain.inventory.use_cases.receive_stock import ReceiveStock
from amss_domain.shared.errors import AlreadyExists, AmssError, StaleVersion, Unavailable
from amss_domain.shared.events import Event
from amss_domain.shared.ids import PartId
from amss_domain.testing.backend import Backend, Capabilities
from amss_domain.testing.builders import a_part, a_user, an_actor, an_aircraft, some_stock
from amss_domain.testing.contracts.contract import Contract, assert_waits, ending, meanwhile
from amss_domain.testing.contracts.kept import newer
from amss_domain.testing.contracts.trail import an_update
from amss_domain.testing.faults import FailsOnCall
from amss_domain.testing.stand_ins import FRESH_IDS, ManualClock
from amss_domain.testing.tenant import Tenant


class UnitOfWorkContract(Contract):
    """The laws of `UnitOfWork`; what concerns one port alone stands with that port."""

    async def test_it_knows_whom_it_works_for(self, backend: Backend, ours: Tenant) -> None:
        """`org_id` and `actor` are those it was opened with."""
        actor = an_actor(a_user(org_id=ours.id), request_id="7f3a", address="192.0.2.7")

        async with backend.open_uow(ours.id, actor) as uow:
            assert (uow.org_id, uow.actor) == (ours.id, actor)

    async def test_leaving_without_a_commit_changes_nothing(self, ours: Tenant) -> None:
        """Neither rows nor entries nor messages are left of a unit of work that was not committed."""
        part = a_part(org_id=ours.id)
        async with ours.open() as uow:
            uow.parts.add(part)
            uow.record(part.created())

        assert await _left(ours, part.id) == (0, 0, 0)

    async def test_leaving_with_an_error_changes_nothing(self, ours: Tenant) -> None:
        """An error inside passes through and undoes everything, whoever raised it."""
        part = a_part(org_id=ours.id)

        async def fail() -> None:
            async with ours.open() as uow:
                uow.parts.add(part)
                uow.record(part.created())
                await uow.parts.get(part.id)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()

        assert await _left(ours, part.id) == (0, 0, 0)

    async def test_an_error_after_the_commit_changes_nothing_of_it(self, ours: Tenant) -> None:
        """What was committed stays when the block is left with an error afterwards."""
        part = a_part(org_id=ours.id)

        async def fail() -> None:
            async with ours.open() as uow:
                uow.parts.add(part)
                uow.record(part.created())
                await uow.commit()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()

        assert await _left(ours, part.id) == (1, 1, 1)

    async def test_a_commit_writes_everything_together(self, ours: Tenant) -> None:
        """`commit` writes the rows, an entry for each event and a message for each public one, under one id."""
        part, user = a_part(org_id=ours.id), a_user(org_id=ours.id)
        events: list[Event] = [part.created(), an_update(part.id), user.created()]
        await ours.keep(part, user, events=events)

        entries = (await ours.entries())[::-1]

        assert await _left(ours, part.id) == (1, 3, 2)
        assert entries == tuple(
            entry_of(event, event_id=entry.id, org_id=ours.id, actor=ours.actor)
            for event, entry in zip(events, entries, strict=True)
        )
        assert await ours.messages() == tuple(
            message_of(events[number], event_id=entries[number].id, org_id=ours.id) for number in (0, 2)
        )

    async def test_an_empty_commit_is_fine(self, ours: Tenant) -> None:
        """Committing nothing at all is no error and leaves nothing."""
        async with ours.open() as uow:
            await uow.commit()

        assert (await ours.entries(), await ours.messages()) == ((), ())

    async def test_a_conflict_in_the_last_change_undoes_all(self, ours: Tenant) -> None:
        """When the last of many changes meets a conflict, nothing of the unit of work is there."""
        taken = a_part(org_id=ours.id, part_number="MS20470")
        await ours.keep(taken)
        part, aircraft = a_part(org_id=ours.id), an_aircraft(org_id=ours.id)

        with pytest.raises(AlreadyExists):
            await ours.keep(
                part,
                aircraft,
                some_stock(part),
                a_part(org_id=ours.id, part_number="ms20470"),
                events=[part.created(), aircraft.created()],
            )

        assert await _left(ours, part.id) == (0, 0, 0)
        async with ours.open() as uow:
            assert await uow.stock.of_parts([part.id]) == ()
            assert await uow.fleet.get_many([aircraft.id]) == ()

    async def test_a_stale_save_undoes_all(self, ours: Tenant) -> None:
        """When one of many changes is stale, nothing of the unit of work is there."""
        stale = a_part(org_id=ours.id)
        await ours.keep(stale)
        await ours.change(stale, newer(stale))
        first, last = a_part(org_id=ours.id), a_part(org_id=ours.id)

        async def save_between() -> None:
            async with ours.open() as uow:
                uow.parts.add(first)
                uow.record(first.created())
                uow.parts.save(newer(stale), was=stale)
                uow.parts.add(last)
                uow.record(last.created())
                await uow.commit()

        with pytest.raises(StaleVersion):
            await save_between()

        assert await _left(ours, first.id) == await _left(ours, last.id) == (0, 0, 0)

    async def test_it_is_committed_once(self, ours: Tenant) -> None:
        """Committing again is an error, and nothing is written twice."""
        part = a_part(org_id=ours.id)

        async def commit_twice() -> None:
            async with ours.open() as uow:
                uow.parts.add(part)
                uow.record(part.created())
                await uow.commit()
                await uow.commit()

        await _fails(commit_twice())

        assert await _left(ours, part.id) == (1, 1, 1)

    async def test_nothing_is_committed_after_a_conflict(self, ours: Tenant) -> None:
        """After a conflict nothing can be committed, even when it was reported before and overlooked."""
        taken = a_part(org_id=ours.id, part_number="MS20470")
        await ours.keep(taken)
        part = a_part(org_id=ours.id)

        async def overlook() -> None:
            async with ours.open() as uow:
                uow.parts.add(part)
                uow.record(part.created())
                with suppress(AlreadyExists):
                    uow.parts.add(a_part(org_id=ours.id, part_number="MS20470"))
                    await uow.parts.get(taken.id)
                await uow.commit()

        await _fails(overlook())

        assert await _left(ours, part.id) == (0, 0, 0)

    async def test_nothing_of_another_organization_is_referred_to(
        self, ours: Tenant, theirs: Tenant, can: Capabilities
    ) -> None:
        """What points to another organization's object is refused, and so is all that comes with it."""
        can.need_references()
        foreign, part = a_part(org_id=theirs.id), a_part(org_id=ours.id)
        await theirs.keep(foreign)

        with pytest.raises(AmssError):
            await ours.keep(part, some_stock(evolve(foreign, org_id=ours.id)), events=[part.created()])

        assert await _left(ours, part.id) == (0, 0, 0)

    async def test_organizations_do_not_wait_for_each_other(self, ours: Tenant, theirs: Tenant) -> None:
        """Who holds an object keeps nobody waiting who wants another one."""
        mine, other, foreign = a_part(org_id=ours.id), a_part(org_id=ours.id), a_part(org_id=theirs.id)
        await ours.keep(mine, other)
        await theirs.keep(foreign)

        async with ours.open() as holder:
            await holder.parts.get_for_update(mine.id)
            async with ours.open() as uow, theirs.open() as another:
                assert await ending(uow.parts.get_for_update(other.id)) == other
                assert await ending(another.parts.get_for_update(foreign.id)) == foreign

    async def test_leaving_lets_go(self, ours: Tenant, can: Capabilities) -> None:
        """What was held is free after a commit, after leaving without one and after an error."""
        can.need_holding()
        part = a_part(org_id=ours.id)
        await ours.keep(part)

        async def fail() -> None:
            async with ours.open() as uow:
                await ending(uow.parts.get_for_update(part.id))
                raise ZeroDivisionError

        async with ours.open() as uow:
            await uow.parts.get_for_update(part.id)
            await uow.commit()
        async with ours.open() as uow:
            await ending(uow.parts.get_for_update(part.id))
        with pytest.raises(ZeroDivisionError):
            await fail()
        async with ours.open() as uow:
            assert await ending(uow.parts.get_for_update(part.id)) == part

    async def test_who_stops_waiting_holds_nothing(self, ours: Tenant, can: Capabilities) -> None:
        """A unit of work cancelled while it waits for an object leaves the line; the next one gets it."""
        can.need_holding()
        part = a_part(org_id=ours.id)
        await ours.keep(part)

        async def hold() -> PartId:
            async with ours.open() as another:
                return (await another.parts.get_for_update(part.id)).id

        async with ours.open() as uow:
            await uow.parts.get_for_update(part.id)
            async with meanwhile(hold()) as first:
                await assert_waits(first)
            async with meanwhile(hold()) as second:
                await assert_waits(second)
                await uow.commit()

                assert await ending(second) == part.id

    async def test_a_use_case_that_fails_anywhere_changes_nothing(self, ours: Tenant) -> None:
        """Whichever call of a use case's unit of work fails, nothing is left of it; unbroken, all is."""
        clock = ManualClock()
        part, other = a_part(org_id=ours.id), a_part(org_id=ours.id)
        await ours.keep(part, other)

        async def receive(part_id: PartId, faults: FailsOnCall) -> Stock:
            use_case = ReceiveStock(faults.opening(ours.backend.open_uow), clock, FRESH_IDS)
            return await use_case(ours.actor, part_id, 5, reason="delivery 4711")

        unbroken = FailsOnCall(0)
        await receive(other.id, unbroken)
        before = await ours.entries(), await ours.messages()

        for call in range(1, unbroken.calls + 1):
            with pytest.raises(Unavailable):
                await receive(part.id, FailsOnCall(call))

            assert (await ours.entries(), await ours.messages()) == before
            async with ours.open() as uow:
                assert await uow.stock.of_parts([part.id]) == ()
        row = await receive(part.id, FailsOnCall(0))

        async with ours.open() as uow:
            assert await uow.stock.of_parts([part.id]) == (row,)
            assert [movement.quantity for movement in await uow.stock.movements(row.id)] == [5]


async def _fails(work: Coroutine[object, object, None]) -> None:
    """Fail unless the work does; with which error is the backend's business."""
    try:
        await work
    except Exception:
        return
    raise AssertionError("it should have failed")


async def _left(tenant: Tenant, part_id: PartId) -> tuple[int, int, int]:
    """Return how many rows of the part, entries and messages there are."""
    async with tenant.open() as uow:
        rows = await uow.parts.get_many([part_id])
    return len(rows), len(await tenant.entries()), len(await tenant.messages())
