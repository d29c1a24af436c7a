"""Receiving onto a row, counting, carrying and setting stock aside."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amss_adapters.memory import MemoryBackend
from amss_domain.access.model import Role
from amss_domain.inventory.part import Part
from amss_domain.inventory.ports import StockFilter
from amss_domain.inventory.stock import MovementKind, Place, Stock
from amss_domain.scheduling.task import Work
from amss_domain.shared.errors import AmssError, InvalidInput, NotFound, NotPermitted, Refused, VersionMismatch
from amss_domain.shared.events import Change
from amss_domain.shared.ids import PartId, StockId
from amss_domain.shared.page import NEWEST_FIRST, Order, PageRequest
from amss_domain.testing.stand_ins import FRESH_IDS, CountingIds, ManualClock
from amss_domain.testing.tenant import a_tenant
from amss_domain.testing.workshop import Workshop

A, B = Place(location="A"), Place(location="B")


async def received(
    workshop: Workshop, part: Part, quantity: int, place: Place = A, *, expiry_date: date | None = None
) -> Stock:
    """Receive so many of the part into the place."""
    return await workshop.receive_stock(
        workshop.actor, part.id, quantity, reason="delivery", place=place, expiry_date=expiry_date
    )


async def reserved(workshop: Workshop, part: Part, quantity: int) -> None:
    """Reserve so many of the part for a task of its own."""
    aircraft = await workshop.aircraft(f"N{FRESH_IDS.new().hex}")
    task = await workshop.plan_task(workshop.actor, aircraft.id, Work(title="Job"))
    await workshop.reserve_parts(workshop.actor, task.id, {part.id: quantity})


async def movements(workshop: Workshop, row: Stock) -> list[tuple[MovementKind, int, str]]:
    """Return what moved the row, oldest first."""
    page = await workshop.list_movements(workshop.actor, row.id, PageRequest())
    return [(one.kind, one.quantity, one.reason) for one in page.items]


async def test_a_row_may_be_opened_empty(workshop: Workshop) -> None:
    """Nothing received opens a row without a movement, which the audit trail tells; where one is, nothing happens."""
    part = await workshop.part()

    row = await received(workshop, part, 0)

    assert (row.quantity_on_hand, row.version) == (0, 1)
    assert await movements(workshop, row) == []
    latest, *_ = before = await workshop.tenant.entries()
    assert (latest.action, latest.reason) == ("stock_moved", "delivery")
    assert await received(workshop, part, 0) == row
    assert await workshop.tenant.entries() == before


async def test_more_is_received_onto_a_row(workshop: Workshop) -> None:
    """The row grows by a movement with its reason; what was on hand before and after is in the audit trail."""
    row = await received(workshop, await workshop.part(), 2)

    grown = await workshop.receive_into_row(workshop.actor, row.id, 3, reason=" second delivery ", expected_version=1)

    assert (grown.id, grown.quantity_on_hand, grown.version) == (row.id, 5, 2)
    assert await movements(workshop, row) == [
        (MovementKind.RECEIVED, 2, "delivery"),
        (MovementKind.RECEIVED, 3, "second delivery"),
    ]
    latest, *_ = await workshop.tenant.entries()
    assert latest.changes == (Change("quantity_on_hand", 2, 5),)


async def test_a_row_may_be_counted(workshop: Workshop) -> None:
    """A quantity on hand becomes the movement that leads to it; the quantity that is there changes nothing."""
    row = await received(workshop, await workshop.part(), 7)

    counted = await workshop.adjust_stock(workshop.actor, row.id, quantity_on_hand=4, reason="counted")
    again = await workshop.adjust_stock(workshop.actor, row.id, quantity_on_hand=4, reason="counted")

    assert counted.quantity_on_hand == 4
    assert again == counted
    assert (await movements(workshop, row))[1:] == [(MovementKind.ADJUSTED, -3, "counted")]


@pytest.mark.parametrize(
    ("difference", "quantity_on_hand", "subject"),
    [
        (None, None, "quantity_on_hand"),
        (1, 1, "quantity_on_hand"),
        (None, -1, "quantity_on_hand"),
        (None, 10**12, "quantity_on_hand"),
        (10**12, None, "difference"),
    ],
)
async def test_a_count_is_a_difference_or_a_quantity(
    workshop: Workshop, difference: int | None, quantity_on_hand: int | None, subject: str
) -> None:
    """One of the two is given, within bounds."""
    row = await received(workshop, await workshop.part(), 7)

    with pytest.raises(InvalidInput) as refused:
        await workshop.adjust_stock(
            workshop.actor, row.id, difference=difference, quantity_on_hand=quantity_on_hand, reason="counted"
        )

    assert [violation.subject for violation in refused.value.violations] == [subject]


async def test_stock_is_carried_with_its_lot_and_its_expiry(workshop: Workshop) -> None:
    """A transfer opens a row in the other place, or adds to the one there, and both rows tell it by a movement."""
    part = await workshop.part()
    day = workshop.clock.now().date() + timedelta(days=30)
    row = await received(workshop, part, 9, Place(location="A", lot="7", serial_number="S"), expiry_date=day)

    first = await workshop.transfer_stock(workshop.actor, row.id, 4, to=B, reason="tidied up")
    second = await workshop.transfer_stock(workshop.actor, row.id, 1, to=B, reason="tidied up", expected_version=2)

    assert [one.quantity_on_hand for one in first] == [5, 4]
    assert [one.quantity_on_hand for one in second] == [4, 5]
    here, there = second
    assert (here.id, there.id) == (row.id, first[1].id)
    assert there.place == Place(location="B", lot="7", serial_number="S")
    assert (there.expiry_date, there.quarantined) == (day, False)
    assert (await movements(workshop, here))[1:] == [
        (MovementKind.TRANSFERRED, -4, "tidied up"),
        (MovementKind.TRANSFERRED, -1, "tidied up"),
    ]
    assert await movements(workshop, there) == [
        (MovementKind.TRANSFERRED, 4, "tidied up"),
        (MovementKind.TRANSFERRED, 1, "tidied up"),
    ]


async def test_stock_stays_in_quarantine_where_it_is_carried(workshop: Workshop) -> None:
    """What may not be used here may not be used there either, and is added to what is set aside there."""
    row = await received(workshop, await workshop.part(), 4)
    await workshop.quarantine_stock(workshop.actor, row.id, quarantined=True, reason="suspect")

    _, there = await workshop.transfer_stock(workshop.actor, row.id, 1, to=B, reason="tidied up")
    _, grown = await workshop.transfer_stock(workshop.actor, row.id, 1, to=B, reason="tidied up")

    assert there.quarantined
    assert (grown.quarantined, grown.quantity_on_hand) == (True, 2)


async def test_what_is_reserved_stays_where_it_is(workshop: Workshop) -> None:
    """Only what is on hand and not reserved can be carried away; the rest can, to the last."""
    part = await workshop.part()
    row = await received(workshop, part, 5)
    await reserved(workshop, part, 2)

    with pytest.raises(Refused) as refused:
        await workshop.transfer_stock(workshop.actor, row.id, 4, to=B, reason="tidied up")
    here, there = await workshop.transfer_stock(workshop.actor, row.id, 3, to=B, reason="tidied up")

    assert [violation.code for violation in refused.value.violations] == ["above_available"]
    assert (here.quantity_on_hand, here.quantity_reserved) == (2, 2)
    assert (there.quantity_on_hand, there.quantity_reserved) == (3, 0)


async def test_every_reason_against_a_transfer_is_told(workshop: Workshop) -> None:
    """Too many, to a place that holds another expiry and is in quarantine, under another lot: all at once."""
    part = await workshop.part()
    row = await received(workshop, part, 1)
    other = await received(workshop, part, 1, Place(location="B", lot="8"), expiry_date=workshop.clock.now().date())
    await workshop.quarantine_stock(workshop.actor, other.id, quarantined=True, reason="suspect")

    with pytest.raises(Refused) as refused:
        await workshop.transfer_stock(workshop.actor, row.id, 2, to=other.place, reason="tidied up")
    with pytest.raises(Refused) as same:
        await workshop.transfer_stock(workshop.actor, row.id, 1, to=A, reason="tidied up")

    codes = [violation.code for violation in refused.value.violations]
    assert codes == ["above_available", "other_lot", "other_expiry_date", "other_quarantine"]
    assert [violation.code for violation in same.value.violations] == ["same_place"]


async def test_a_transfer_makes_no_stock_low(workshop: Workshop) -> None:
    """As many are available afterwards as before, so nothing is announced."""
    part = await workshop.part(minimum=5)
    row = await received(workshop, part, 5)

    await workshop.transfer_stock(workshop.actor, row.id, 5, to=B, reason="tidied up")

    assert "part.low_stock" not in await workshop.told()


async def test_stock_in_quarantine_is_not_available(workshop: Workshop) -> None:
    """Setting it aside announces low stock once, letting it out makes it available; to do so twice changes nothing."""
    part = await workshop.part(minimum=3)
    row = await received(workshop, part, 4)

    aside = await workshop.quarantine_stock(workshop.actor, row.id, quarantined=True, reason="suspect")
    again = await workshop.quarantine_stock(workshop.actor, row.id, quarantined=True, reason="suspect")

    assert (aside.quarantined, aside.quantity_on_hand, aside.version) == (True, 4, 2)
    assert again == aside
    assert (await workshop.told()).count("part.low_stock") == 1
    entry = next(one for one in await workshop.tenant.entries() if one.action == "stock_quarantined")
    assert (entry.reason, entry.changes) == ("suspect", (Change("quarantined", False, True),))
    with pytest.raises(Refused, match="0 available"):
        await reserved(workshop, part, 1)
    out = await workshop.quarantine_stock(workshop.actor, row.id, quarantined=False, reason="inspected")
    assert out.version == 3
    await reserved(workshop, part, 4)


async def test_what_is_reserved_is_not_set_aside(workshop: Workshop) -> None:
    """A task would be left with stock that it must not use, so its reservation is released first."""
    part = await workshop.part()
    row = await received(workshop, part, 4)
    await reserved(workshop, part, 1)

    with pytest.raises(Refused) as refused:
        await workshop.quarantine_stock(workshop.actor, row.id, quarantined=True, reason="suspect")

    assert [violation.code for violation in refused.value.violations] == ["open_reservations"]


async def test_low_stock_is_announced_once_for_each_crossing(workshop: Workshop) -> None:
    """Counting down past the minimum announces it, further down does not, and up and down again does."""
    row = await received(workshop, await workshop.part(minimum=5), 5)

    for quantity in (4, 3, 9, 2):
        await workshop.adjust_stock(workshop.actor, row.id, quantity_on_hand=quantity, reason="counted")

    assert (await workshop.told()).count("part.low_stock") == 2


async def test_moves_need_a_reason_and_a_quantity(workshop: Workshop) -> None:
    """Whoever moves stock says why and how many, and both are told when missing."""
    row = await received(workshop, await workshop.part(), 5)
    tries = [
        (workshop.receive_into_row(workshop.actor, row.id, 0, reason=" "), ["invalid_quantity", "reason_missing"]),
        (
            workshop.transfer_stock(workshop.actor, row.id, -1, to=Place(location="x" * 101), reason=""),
            ["invalid_quantity", "reason_missing", "invalid_length"],
        ),
        (workshop.quarantine_stock(workshop.actor, row.id, quarantined=True, reason="\t"), ["reason_missing"]),
    ]

    for one, codes in tries:
        with pytest.raises(InvalidInput) as refused:
            await one

        assert [violation.code for violation in refused.value.violations] == codes


async def test_rows_change_in_the_version_expected_alone(workshop: Workshop) -> None:
    """Whatever is done to a row for another version is refused with the one there is."""
    row = await received(workshop, await workshop.part(), 5)
    by = workshop.actor
    tries = [
        workshop.receive_into_row(by, row.id, 1, reason="delivery", expected_version=7),
        workshop.adjust_stock(by, row.id, difference=1, reason="counted", expected_version=7),
        workshop.transfer_stock(by, row.id, 1, to=B, reason="tidied up", expected_version=7),
        workshop.quarantine_stock(by, row.id, quarantined=True, reason="suspect", expected_version=7),
    ]

    for one in tries:
        with pytest.raises(VersionMismatch) as mismatch:
            await one

        assert (mismatch.value.expected, mismatch.value.found) == (7, 1)
    assert await workshop.get_stock(by, row.id) == (row, await workshop.get_part(by, row.part_id))


async def test_unknown_rows_are_not_found(workshop: Workshop) -> None:
    """Whatever is asked of a row that the organization does not have, or of the stock of such a part."""
    by, unknown, part_id = workshop.actor, StockId(FRESH_IDS.new()), PartId(FRESH_IDS.new())
    tries = [
        workshop.get_stock(by, unknown),
        workshop.list_movements(by, unknown, PageRequest()),
        workshop.receive_into_row(by, unknown, 1, reason="delivery"),
        workshop.adjust_stock(by, unknown, difference=1, reason="counted"),
        workshop.transfer_stock(by, unknown, 1, to=B, reason="tidied up"),
        workshop.quarantine_stock(by, unknown, quarantined=True, reason="suspect"),
        workshop.list_stock(by, PageRequest(), filter=StockFilter(part_id=part_id)),
    ]

    for one in tries:
        with pytest.raises(NotFound):
            await one


async def test_technicians_look_and_move_nothing(workshop: Workshop) -> None:
    """Stock is received, counted, carried and set aside by who may write parts."""
    row = await received(workshop, await workshop.part(), 5)
    _, technician = await workshop.user(Role.TECHNICIAN)
    assert (await workshop.get_stock(technician, row.id))[0] == row
    tries = [
        workshop.receive_into_row(technician, row.id, 1, reason="delivery"),
        workshop.adjust_stock(technician, row.id, difference=1, reason="counted"),
        workshop.transfer_stock(technician, row.id, 1, to=B, reason="tidied up"),
        workshop.quarantine_stock(technician, row.id, quarantined=True, reason="suspect"),
    ]

    for one in tries:
        with pytest.raises(NotPermitted):
            await one


async def test_stock_is_listed_by_expiry(workshop: Workshop) -> None:
    """What expires first comes first, with its part; filters leave the rest out."""
    part = await workshop.part()
    today = workshop.clock.now().date()
    for lot, days in (("late", 90), ("never", None), ("soon", 1)):
        expiry = None if days is None else today + timedelta(days=days)
        await received(workshop, part, 1, Place(lot=lot), expiry_date=expiry)

    page = await workshop.list_stock(workshop.actor, PageRequest(order=Order("expiry_date")))
    soon = await workshop.list_stock(
        workshop.actor, PageRequest(), filter=StockFilter(expiring_before=today + timedelta(days=2))
    )

    assert [row.place.lot for row, _ in page.items] == ["soon", "late", "never"]
    assert {of for _, of in page.items} == {part}
    assert [row.place.lot for row, _ in soon.items] == ["soon"]


async def test_movements_are_listed_newest_first_on_demand(workshop: Workshop) -> None:
    """A page of movements goes on where the one before ended."""
    row = await received(workshop, await workshop.part(), 1)
    for quantity in (2, 3):
        workshop.clock.advance(timedelta(minutes=1))
        await workshop.receive_into_row(workshop.actor, row.id, quantity, reason="delivery")

    first = await workshop.list_movements(workshop.actor, row.id, PageRequest(order=NEWEST_FIRST, limit=2))
    rest = await workshop.list_movements(
        workshop.actor, row.id, PageRequest(order=NEWEST_FIRST, limit=2, after=first.next_after)
    )

    assert [one.quantity for one in (*first.items, *rest.items)] == [3, 2, 1]


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["receive", "adjust", "transfer", "quarantine", "let out", "reserve", "release"]),
        st.integers(0, 5),
        st.sampled_from("AB"),
    ),
    max_size=12,
)


@given(steps=_STEPS)
@settings(max_examples=60)
async def test_no_sequence_of_moves_loses_or_oversells_a_unit(steps: list[tuple[str, int, str]]) -> None:
    """Whatever is done or refused in whatever order, rows stay lawful and their movements explain what is on hand."""
    clock, ids = ManualClock(), CountingIds()
    workshop = Workshop(await a_tenant(MemoryBackend(clock=clock, ids=ids)), clock=clock, ids=ids)
    part = await workshop.part()
    rows = {name: await received(workshop, part, 3, Place(location=name)) for name in "AB"}

    for step, quantity, name in steps:
        try:
            await _take(workshop, part, rows[name], step, quantity)
        except AmssError:
            continue

    for row, _ in (await workshop.list_stock(workshop.actor, PageRequest())).items:
        assert 0 <= row.quantity_reserved <= row.quantity_on_hand
        assert not (row.quarantined and row.quantity_reserved)
        assert sum(quantity for _, quantity, _ in await movements(workshop, row)) == row.quantity_on_hand


async def _take(workshop: Workshop, part: Part, row: Stock, step: str, quantity: int) -> None:
    by = workshop.actor
    match step:
        case "receive":
            await workshop.receive_into_row(by, row.id, quantity, reason="delivery")
        case "adjust":
            await workshop.adjust_stock(by, row.id, quantity_on_hand=quantity, reason="counted")
        case "transfer":
            to = B if row.place == A else A
            await workshop.transfer_stock(by, row.id, quantity, to=to, reason="tidied up")
        case "quarantine" | "let out":
            await workshop.quarantine_stock(by, row.id, quarantined=step == "quarantine", reason="suspect")
        case "reserve":
            await reserved(workshop, part, quantity)
        case _:
            for held, _, _ in (await workshop.list_reservations(by, PageRequest(limit=1 + quantity))).items:
                await workshop.release_reservation(by, held.id)
