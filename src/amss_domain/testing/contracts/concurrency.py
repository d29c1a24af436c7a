"""The laws of many units of work at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from decimal import Decimal
from typing import TypeVar

from attrs import evolve

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.inventory.errors import InsufficientParts
from amss_domain.inventory.part import Part
from amss_domain.inventory.stock import ReservationStatus
from amss_domain.inventory.stockkeeping import Moment, reserve_for, settle
from amss_domain.scheduling.errors import OpenTaskExists
from amss_domain.scheduling.task import Task
from amss_domain.shared.errors import AlreadyExists, AmssError, StaleVersion
from amss_domain.shared.ids import PartId
from amss_domain.shared.unit_of_work import on_fresh_data
from amss_domain.testing.backend import Capabilities
from amss_domain.testing.builders import a_part, an_aircraft, an_entry, some_stock
from amss_domain.testing.contracts.contract import Contract, ending
from amss_domain.testing.scheduling_builders import a_link, a_program, a_task
from amss_domain.testing.stand_ins import FRESH_IDS, NOON, TODAY
from amss_domain.testing.tenant import Tenant, Thing, all_of

T = TypeVar("T")

WHEN = Moment(at=NOON, on=TODAY)


class ConcurrencyContract(Contract):
    """Nothing is oversold, lost or doubled, and nobody waits for ever, however many work at once."""

    async def test_many_reservations_never_oversell(self, ours: Tenant) -> None:
        """Of tasks that want one part at once as many get it as there are, and the others get nothing."""
        part, tasks = a_part(org_id=ours.id), await _tasks(ours, 24)
        rows = some_stock(part, 4), some_stock(part, 3, reserved=1), some_stock(part, 1)
        await ours.keep(part, *rows)

        outcomes = await _all_at_once([_reserve(ours, task, {part.id: 1}) for task in tasks])

        assert Counter(map(type, outcomes)) == {tuple: 7, InsufficientParts: 17}
        async with ours.open() as uow:
            kept = await uow.stock.of_parts([part.id])
            held = [one for task in tasks for one in await uow.stock.reservations(task.id)]
        assert sum(row.quantity_on_hand for row in kept) == 8
        assert sum(row.quantity_reserved for row in kept) == 8
        assert Counter(one.stock_id for one in held) == {rows[0].id: 4, rows[1].id: 2, rows[2].id: 1}

    async def test_reservations_of_the_same_parts_in_opposite_order_do_not_hang(self, ours: Tenant) -> None:
        """Tasks that want the same parts, named in any order, never wait in a circle; each gets all or nothing."""
        parts, tasks = [a_part(org_id=ours.id) for _ in range(3)], await _tasks(ours, 24)
        await ours.keep(*parts, *(some_stock(part, 5) for part in parts for _ in range(2)))
        wants = [{part.id: 1 for part in (parts if number % 2 else reversed(parts))} for number in range(len(tasks))]

        outcomes = await _all_at_once([_reserve(ours, task, want) for task, want in zip(tasks, wants, strict=True)])

        assert Counter(map(type, outcomes)) == {tuple: 10, InsufficientParts: 14}
        for outcome, task in zip(outcomes, tasks, strict=True):
            async with ours.open() as uow:
                assert len(await uow.stock.reservations(task.id)) == (3 if isinstance(outcome, tuple) else 0)

    async def test_consuming_and_releasing_while_others_reserve_keeps_the_sums(self, ours: Tenant) -> None:
        """What is on hand is what was there less what was used, and what is reserved is what is still held."""
        part, tasks = a_part(org_id=ours.id), await _tasks(ours, 16)
        row = some_stock(part, 12)
        await ours.keep(part, row)

        outcomes = await _all_at_once(
            [_reserve_and_settle(ours, task, part, number) for number, task in enumerate(tasks)]
        )

        assert {type(outcome) for outcome in outcomes} <= {type(None), InsufficientParts}
        async with ours.open() as uow:
            kept = await uow.stock.get(row.id)
            held = [one for task in tasks for one in await uow.stock.reservations(task.id)]
            moved = await uow.stock.movements(row.id)
        used = sum(one.quantity_consumed for one in held)
        assert kept.quantity_on_hand == 12 - used == 12 + sum(movement.quantity for movement in moved)
        assert kept.quantity_reserved == sum(one.quantity for one in held if one.status is ReservationStatus.RESERVED)

    async def test_of_many_who_save_one_version_one_wins(self, ours: Tenant) -> None:
        """Of 32 who save the same version at once exactly one does; all others meet `StaleVersion`."""
        part = a_part(org_id=ours.id)
        await ours.keep(part)
        changes = [evolve(part, about=evolve(part.about, minimum_stock=number), version=2) for number in range(1, 33)]

        outcomes = await _all_at_once([ours.change(part, change) for change in changes])

        assert Counter(map(type, outcomes)) == {type(None): 1, StaleVersion: 31}
        async with ours.open() as uow:
            assert await uow.parts.get(part.id) == changes[outcomes.index(None)]

    async def test_who_holds_in_turn_loses_nothing(self, ours: Tenant, can: Capabilities) -> None:
        """Those who hold an object before they add to it come one after another, and every addition counts."""
        can.need_holding()
        aircraft = an_aircraft(org_id=ours.id)
        await ours.keep(aircraft)

        async def fly() -> None:
            async with ours.open() as uow:
                was = await uow.fleet.get_for_update(aircraft.id)
                await _others_turn()
                entry = an_entry(position=was.head.last_position + 1, hours="0.25")
                now, event = was.used(entry, at=NOON)
                uow.usage.append(was.id, entry)
                uow.fleet.save(now, was=was)
                uow.record(event)
                await uow.commit()

        assert await _all_at_once([fly() for _ in range(16)]) == [None] * 16

        async with ours.open() as uow:
            kept = await uow.fleet.get(aircraft.id)
            ledger = await uow.usage.ledger(aircraft.id)
        assert (kept.current_hours, kept.version, len(ledger.entries)) == (Decimal(4), 17, 16)
        assert [entry.version for entry in (await ours.entries())[::-1]] == list(range(2, 18))

    async def test_who_reads_without_holding_loses_nothing(self, ours: Tenant) -> None:
        """Those who add to what they merely read and retry on fresh data count each time they succeed."""
        part = a_part(org_id=ours.id)
        await ours.keep(part)

        async def raise_minimum() -> None:
            async with ours.open() as uow:
                was = await uow.parts.get(part.id)
                await _others_turn()
                now, _ = was.described(evolve(was.about, minimum_stock=was.about.minimum_stock + 1), at=NOON)
                uow.parts.save(now, was=was)
                await uow.commit()

        outcomes = await _all_at_once([on_fresh_data(raise_minimum, attempts=5) for _ in range(16)])

        assert {type(outcome) for outcome in outcomes} <= {type(None), StaleVersion}
        async with ours.open() as uow:
            assert (await uow.parts.get(part.id)).about.minimum_stock == outcomes.count(None) > 0

    async def test_of_many_who_take_a_key_one_wins(self, ours: Tenant) -> None:
        """Of many who add something under one key at once exactly one does; all others meet `AlreadyExists`."""
        aircraft = [an_aircraft(org_id=ours.id, registration=key) for key in ("CS-TFX", "cs-tfx") * 4]

        outcomes = await _all_at_once([ours.keep(one, events=[one.created()]) for one in aircraft])

        assert Counter(map(type, outcomes)) == {type(None): 1, AlreadyExists: 7}
        async with ours.open() as uow:
            assert await all_of(uow.fleet.page) == (aircraft[outcomes.index(None)],)
        assert len(await ours.entries()) == len(await ours.messages()) == 1

    async def test_of_many_who_open_a_task_one_does(self, ours: Tenant) -> None:
        """Of many who add an open task to a link at once exactly one does; all others meet `OpenTaskExists`."""
        aircraft, program = an_aircraft(org_id=ours.id), a_program(org_id=ours.id)
        link = a_link(aircraft, program)
        await ours.keep(aircraft, program, link)
        tasks = [a_task(aircraft, link) for _ in range(8)]

        outcomes = await _all_at_once([ours.keep(task, events=[task.created()]) for task in tasks])

        assert Counter(map(type, outcomes)) == {type(None): 1, OpenTaskExists: 7}
        async with ours.open() as uow:
            assert await uow.tasks.open_of_links([link.id]) == (tasks[outcomes.index(None)],)

    async def test_many_held_at_once_are_held_in_one_order(self, ours: Tenant, can: Capabilities) -> None:
        """Those who hold the same objects, named in opposite orders, come one after another and never in a circle."""
        can.need_holding()
        fleet = [an_aircraft(org_id=ours.id) for _ in range(6)]
        await ours.keep(*fleet)

        async def rename(wanted: Sequence[Aircraft], number: int) -> None:
            async with ours.open() as uow:
                for was in await uow.fleet.get_many_for_update([one.id for one in wanted]):
                    particulars = evolve(was.particulars, serial_number=str(number))
                    uow.fleet.save(evolve(was, particulars=particulars, version=was.version + 1), was=was)
                await uow.commit()

        renames = [rename(fleet if number % 2 else fleet[::-1], number) for number in range(16)]

        assert await _all_at_once(renames) == [None] * 16
        async with ours.open() as uow:
            kept = await uow.fleet.get_many([one.id for one in fleet])
        assert {one.version for one in kept} == {17}
        assert len({one.particulars.serial_number for one in kept}) == 1

    async def test_waiting_in_a_circle_comes_to_an_end(self, ours: Tenant, can: Capabilities) -> None:
        """Of two who hold one object each and want the other's one gets it, and the other one is told."""
        can.need_holding()
        can.need_breaking_of_circles()
        first, second = an_aircraft(org_id=ours.id), an_aircraft(org_id=ours.id)
        await ours.keep(first, second)
        both_hold = asyncio.Barrier(2)

        async def cross(mine: Aircraft, yours: Aircraft) -> None:
            async with ours.open() as uow:
                await uow.fleet.get_for_update(mine.id)
                await both_hold.wait()
                was = await uow.fleet.get_for_update(yours.id)
                uow.fleet.save(evolve(was, version=was.version + 1), was=was)
                await uow.commit()

        outcomes = await _all_at_once([cross(first, second), cross(second, first)])

        assert outcomes.count(None) == 1
        async with ours.open() as uow:
            versions = [(await uow.fleet.get(one.id)).version for one in (first, second)]
        assert sorted(versions) == [1, 2]


async def _all_at_once(work: Sequence[Awaitable[T]]) -> list[T | AmssError]:
    """Return what each comes to, its error if it is refused; fail when anything hangs or goes wrong otherwise."""
    outcomes = await ending(asyncio.gather(*work, return_exceptions=True))
    told: list[T | AmssError] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, AmssError):
            raise outcome
        told.append(outcome)
    return told


async def _others_turn() -> None:
    """Let the others go on, also where a backend answers without waiting for anything."""
    await asyncio.sleep(0)


async def _tasks(tenant: Tenant, count: int) -> list[Task]:
    aircraft = an_aircraft(org_id=tenant.id)
    tasks = [a_task(aircraft) for _ in range(count)]
    things: list[Thing] = [aircraft, *tasks]
    await tenant.keep(*things)
    return tasks


async def _reserve(tenant: Tenant, task: Task, want: dict[PartId, int]) -> tuple[object, ...]:
    async with tenant.open() as uow:
        reserved = await reserve_for(uow, task.id, want, when=WHEN, ids=FRESH_IDS)
        await uow.commit()
    return reserved


async def _reserve_and_settle(tenant: Tenant, task: Task, part: Part, number: int) -> None:
    """Reserve three, and then use up none, one or two of them, or keep them."""
    await _reserve(tenant, task, {part.id: 3})
    used = number % 4
    if used == 3:
        return
    async with tenant.open() as uow:
        reservations = await uow.stock.reservations(task.id)
        await settle(uow, reservations, {part.id: used}, when=WHEN, ids=FRESH_IDS)
        await uow.commit()
