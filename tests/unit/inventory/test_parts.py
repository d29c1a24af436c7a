"""Defining, changing, archiving and finding parts."""

from datetime import timedelta
from decimal import Decimal

import pytest

from amss_domain.access.model import Role
from amss_domain.inventory.part import PartChanges, PartDescription
from amss_domain.inventory.ports import PartFilter
from amss_domain.inventory.stock import Place
from amss_domain.scheduling.task import Work
from amss_domain.shared.errors import AlreadyExists, InvalidInput, NotFound, NotPermitted, Refused, VersionMismatch
from amss_domain.shared.events import Change
from amss_domain.shared.ids import PartId
from amss_domain.shared.page import Order, PageRequest
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.workshop import Workshop


async def test_a_change_leaves_what_it_does_not_name(workshop: Workshop) -> None:
    """Given fields change, None empties one, and the rest stays; the event tells what differs and nothing else."""
    about = PartDescription(description="Oil filter", unit_price=Decimal("9.50"), minimum_stock=2, lead_time_days=7)
    part = await workshop.define_part(workshop.actor, part_number="OF-1", about=about)

    changed = await workshop.change_part(
        workshop.actor, part.id, PartChanges(part_number=" OF-2 ", unit_price=Decimal("10.25"), lead_time_days=None)
    )

    assert changed.part_number == "OF-2"
    assert changed.about == PartDescription(description="Oil filter", unit_price=Decimal("10.25"), minimum_stock=2)
    assert changed.version == 2
    assert await workshop.get_part(workshop.actor, part.id) == changed
    latest, *_ = await workshop.tenant.entries()
    assert latest.action == "updated"
    assert latest.changes == (
        Change("part_number", "OF-1", "OF-2"),
        Change("unit_price", 9.5, 10.25),
        Change("lead_time_days", 7, None),
    )


async def test_a_change_that_changes_nothing_is_no_change(workshop: Workshop) -> None:
    """The part keeps its version, and nothing is announced."""
    part = await workshop.part("OF-1")
    before = await workshop.tenant.entries()

    same = await workshop.change_part(workshop.actor, part.id, PartChanges(part_number="OF-1", description=None))

    assert same == part
    assert await workshop.tenant.entries() == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (PartChanges(part_number="  "), "invalid_part_number"),
        (PartChanges(part_number="x" * 101), "invalid_part_number"),
        (PartChanges(description="x" * 4001), "invalid_length"),
        (PartChanges(unit_of_measure=""), "invalid_unit"),
        (PartChanges(unit_price=Decimal("-0.01")), "invalid_unit_price"),
        (PartChanges(unit_price=Decimal("0.001")), "invalid_unit_price"),
        (PartChanges(unit_price=Decimal("1e30")), "invalid_unit_price"),
        (PartChanges(unit_price=Decimal("NaN")), "invalid_unit_price"),
        (PartChanges(minimum_stock=-1), "out_of_range"),
        (PartChanges(reorder_point=10**12), "out_of_range"),
        (PartChanges(lead_time_days=-1), "out_of_range"),
    ],
)
async def test_what_no_part_can_be_is_refused(workshop: Workshop, changes: PartChanges, code: str) -> None:
    """Numbers, texts and prices out of range are invalid input, and leave the part as it was."""
    part = await workshop.part()

    with pytest.raises(InvalidInput) as refused:
        await workshop.change_part(workshop.actor, part.id, changes)

    assert [violation.code for violation in refused.value.violations] == [code]
    assert await workshop.get_part(workshop.actor, part.id) == part


async def test_a_part_number_in_use_is_refused(workshop: Workshop) -> None:
    """A part cannot take another's number, whatever its case, and may write its own otherwise."""
    await workshop.part("OF-1")
    part = await workshop.part("OF-2")

    with pytest.raises(AlreadyExists):
        await workshop.change_part(workshop.actor, part.id, PartChanges(part_number="of-1"))

    changed = await workshop.change_part(workshop.actor, part.id, PartChanges(part_number="of-2"))
    assert changed.part_number == "of-2"


async def test_parts_change_in_the_version_expected_alone(workshop: Workshop) -> None:
    """A change or an archiving made for another version is told which one there is."""
    part = await workshop.part()
    changes = PartChanges(minimum_stock=3)
    await workshop.change_part(workshop.actor, part.id, changes, expected_version=1)

    with pytest.raises(VersionMismatch) as mismatch:
        await workshop.change_part(workshop.actor, part.id, PartChanges(minimum_stock=4), expected_version=1)
    with pytest.raises(VersionMismatch):
        await workshop.archive_part(workshop.actor, part.id, expected_version=1)

    assert (mismatch.value.expected, mismatch.value.found) == (1, 2)


async def test_thresholds_that_make_stock_low_announce_it(workshop: Workshop) -> None:
    """Raising the minimum above what is available announces low stock once, as taking stock away would."""
    part = await workshop.part(quantity=5)

    await workshop.change_part(workshop.actor, part.id, PartChanges(minimum_stock=6))
    await workshop.change_part(workshop.actor, part.id, PartChanges(minimum_stock=7))
    await workshop.change_part(workshop.actor, part.id, PartChanges(description="still low"))

    assert (await workshop.told()).count("part.low_stock") == 1


async def test_an_archived_part_is_kept_no_more(workshop: Workshop) -> None:
    """It is found by id, listed only when asked for, its number is free, and none of it is received or changed."""
    part = await workshop.part("OF-1")

    gone = await workshop.archive_part(workshop.actor, part.id)

    assert gone.archived_at == workshop.clock.now()
    assert await workshop.archive_part(workshop.actor, part.id) == gone
    assert await workshop.get_part(workshop.actor, part.id) == gone
    assert (await workshop.list_parts(workshop.actor, PageRequest())).items == ()
    archived = await workshop.list_parts(workshop.actor, PageRequest(), filter=PartFilter(archived=True))
    assert archived.items == (gone,)
    with pytest.raises(Refused, match="archived"):
        await workshop.receive_stock(workshop.actor, part.id, 1, reason="delivery")
    with pytest.raises(Refused, match="archived"):
        await workshop.change_part(workshop.actor, part.id, PartChanges(minimum_stock=1))
    assert (await workshop.part("of-1")).id != part.id


async def test_what_was_kept_of_an_archived_part_stays_as_it_is(workshop: Workshop) -> None:
    """An empty row of it is neither filled nor set aside, and none of it is reserved."""
    part = await workshop.part(quantity=1)
    ((row, _),) = (await workshop.list_stock(workshop.actor, PageRequest())).items
    await workshop.adjust_stock(workshop.actor, row.id, quantity_on_hand=0, reason="scrapped")
    await workshop.archive_part(workshop.actor, part.id)
    aircraft = await workshop.aircraft()
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Job"))
    tries = [
        workshop.adjust_stock(workshop.actor, row.id, difference=1, reason="found"),
        workshop.receive_into_row(workshop.actor, row.id, 1, reason="delivery"),
        workshop.transfer_stock(workshop.actor, row.id, 1, to=Place(location="B"), reason="tidied up"),
        workshop.quarantine_stock(workshop.actor, row.id, quarantined=True, reason="suspect"),
        workshop.reserve_parts(workshop.actor, task.id, {part.id: 1}),
    ]

    for one in tries:
        with pytest.raises(Refused) as refused:
            await one

        assert [violation.code for violation in refused.value.violations] == ["part_archived"]


async def test_a_part_in_use_is_not_archived(workshop: Workshop) -> None:
    """Both reasons are told while any of it is reserved and on hand; what is merely on hand is one."""
    part = await workshop.part(quantity=3)
    aircraft = await workshop.aircraft()
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Job"))
    _, (held,) = await workshop.reserve_parts(workshop.actor, task.id, {part.id: 2})

    with pytest.raises(Refused) as refused:
        await workshop.archive_part(workshop.actor, part.id)
    await workshop.release_reservation(workshop.actor, held.id)
    with pytest.raises(Refused) as less:
        await workshop.archive_part(workshop.actor, part.id)

    assert [violation.code for violation in refused.value.violations] == ["open_reservations", "stock_on_hand"]
    assert [violation.code for violation in less.value.violations] == ["stock_on_hand"]


async def test_parts_are_listed_by_number(workshop: Workshop) -> None:
    """In the order of their numbers, whatever their case, or the other way round; and one by its number."""
    for number in ("b", "A", "C"):
        await workshop.part(number)
    by_number = PageRequest(order=Order("part_number"))
    backwards = PageRequest(order=Order("part_number", descending=True))

    async def numbers(request: PageRequest, filter: PartFilter) -> list[str]:
        return [part.part_number for part in (await workshop.list_parts(workshop.actor, request, filter=filter)).items]

    assert await numbers(by_number, PartFilter()) == ["A", "b", "C"]
    assert await numbers(backwards, PartFilter()) == ["C", "b", "A"]
    assert await numbers(PageRequest(), PartFilter(part_number="B")) == ["b"]


async def test_the_availability_of_a_part_tells_its_stock_apart(workshop: Workshop) -> None:
    """On hand, reserved, quarantined, expired, and what is left to use today, measured by its thresholds."""
    about = PartDescription(minimum_stock=10, reorder_point=12)
    part = await workshop.define_part(workshop.actor, part_number="SEAL", about=about)
    today = workshop.clock.now().date()
    rows = {
        lot: await workshop.receive_stock(
            workshop.actor,
            part.id,
            quantity,
            reason="delivery",
            place=Place(lot=lot),
            expiry_date=None if days is None else today + timedelta(days=days),
        )
        for lot, quantity, days in (("good", 9, None), ("today", 2, 0), ("old", 4, -1), ("suspect", 7, -1))
    }
    await workshop.quarantine_stock(workshop.actor, rows["suspect"].id, quarantined=True, reason="suspect")
    aircraft = await workshop.aircraft()
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Job"))
    await workshop.reserve_parts(workshop.actor, task.id, {part.id: 3})

    found = await workshop.part_availability(workshop.actor, part.id)

    assert (found.part, found.on) == (part, today)
    assert (found.on_hand, found.reserved, found.available) == (22, 3, 8)
    assert (found.quarantined, found.expired) == (7, 4)
    assert (found.short_of_minimum, found.short_of_reorder_point, found.low) == (2, 4, True)
    assert [row.place.lot for row in found.rows] == ["good", "today", "old", "suspect"]


async def test_a_part_with_enough_is_short_of_nothing(workshop: Workshop) -> None:
    """Thresholds that are met, and those that are not set, leave nothing short."""
    part = await workshop.part(quantity=5, minimum=5)

    found = await workshop.part_availability(workshop.actor, part.id)

    assert (found.short_of_minimum, found.short_of_reorder_point, found.low) == (0, 0, False)


async def test_unknown_parts_are_not_found(workshop: Workshop) -> None:
    """Whatever is asked of a part that the organization does not have, the answer names it."""
    unknown = PartId(FRESH_IDS.new())
    aircraft = await workshop.aircraft()
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Job"))
    tries = [
        workshop.get_part(workshop.actor, unknown),
        workshop.change_part(workshop.actor, unknown, PartChanges()),
        workshop.archive_part(workshop.actor, unknown),
        workshop.part_availability(workshop.actor, unknown),
        workshop.receive_stock(workshop.actor, unknown, 1, reason="delivery"),
        workshop.reserve_parts(workshop.actor, task.id, {unknown: 1}),
    ]

    for one in tries:
        with pytest.raises(NotFound) as missing:
            await one

        assert (missing.value.kind, missing.value.identity) == ("part", str(unknown))


async def test_readers_define_nothing(workshop: Workshop) -> None:
    """A viewer looks at parts and changes none."""
    part = await workshop.part()
    _, viewer = await workshop.user(Role.VIEWER)
    assert await workshop.get_part(viewer, part.id) == part
    await workshop.part_availability(viewer, part.id)
    tries = [
        workshop.change_part(viewer, part.id, PartChanges(minimum_stock=1)),
        workshop.archive_part(viewer, part.id),
    ]

    for one in tries:
        with pytest.raises(NotPermitted):
            await one
