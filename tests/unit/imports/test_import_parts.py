"""Taking in parts and their stock."""

from datetime import date, timedelta
from decimal import Decimal

from amss_domain.imports.model import ImportKind
from amss_domain.inventory.part import PartDescription
from amss_domain.inventory.stock import Movement, MovementKind, Place, Stock
from amss_domain.shared.page import PageRequest
from amss_domain.testing.tables import Importing
from amss_domain.testing.workshop import Workshop

PARTS = ImportKind.PARTS

STORE = """
    part_number,description,unit_price,location,quantity,lot,serial_number,expiry_date,minimum_stock,reorder_point
    OIL-1,Oil filter,12.50,LIS,7,,,,2,3
    oil-1,,,OPO,5,L1,,2027-01-31,,
    TYRE-2,,,,,,,,,
"""


async def stock_of(workshop: Workshop, number: str) -> list[Stock]:
    """Return the stock rows of a part."""
    page = await workshop.list_stock(workshop.actor, PageRequest(limit=200))
    return [row for row, part in page.items if part.part_number == number]


async def movements_of(workshop: Workshop, stock: Stock) -> list[tuple[MovementKind, int, str]]:
    """Return the kind, quantity and reason of the row's movements."""
    async with workshop.tenant.open() as uow:
        movements: tuple[Movement, ...] = await uow.stock.movements(stock.id)
    return [(one.kind, one.quantity, one.reason) for one in movements]


async def test_parts_are_defined_and_their_stock_received(workshop: Workshop, importing: Importing) -> None:
    """One part with stock in two places, another with none; movements explain what is on hand."""
    counts = await importing.counts(PARTS, STORE)

    parts = (await workshop.list_parts(workshop.actor, PageRequest())).items
    lisbon, porto = await stock_of(workshop, "OIL-1")
    assert counts == (3, 0, 0, 0)
    assert [(part.part_number, part.about) for part in parts] == [
        (
            "OIL-1",
            PartDescription(description="Oil filter", unit_price=Decimal("12.50"), minimum_stock=2, reorder_point=3),
        ),
        ("TYRE-2", PartDescription()),
    ]
    assert (lisbon.place, lisbon.quantity_on_hand, lisbon.expiry_date) == (Place(location="LIS"), 7, None)
    assert (porto.place, porto.quantity_on_hand) == (Place(location="OPO", lot="L1"), 5)
    assert porto.expiry_date == date(2027, 1, 31)
    assert await movements_of(workshop, lisbon) == [(MovementKind.RECEIVED, 7, "import")]
    assert await stock_of(workshop, "TYRE-2") == []


async def test_the_same_parts_again_change_nothing(workshop: Workshop, importing: Importing) -> None:
    """Nothing moves and nothing is announced."""
    await importing(PARTS, STORE)
    entries = await workshop.tenant.entries()

    assert await importing.counts(PARTS, STORE) == (0, 0, 3, 0)
    assert await workshop.tenant.entries() == entries


async def test_a_quantity_is_set_not_added(workshop: Workshop, importing: Importing) -> None:
    """What is on hand becomes what the table says, by an adjustment for the reason that it was imported."""
    await importing(PARTS, STORE)

    counts = await importing.counts(PARTS, "part_number,location,quantity\nOIL-1,LIS,4")

    lisbon, _ = await stock_of(workshop, "OIL-1")
    assert counts == (0, 1, 0, 0)
    assert lisbon.quantity_on_hand == 4
    assert await movements_of(workshop, lisbon) == [
        (MovementKind.RECEIVED, 7, "import"),
        (MovementKind.ADJUSTED, -3, "import"),
    ]
    (entry,) = [one for one in await workshop.tenant.entries() if one.action == "stock_moved"][:1]
    assert (entry.reason, entry.data["quantity"]) == ("import", -3)


async def test_low_stock_is_announced_once_per_crossing(workshop: Workshop, importing: Importing) -> None:
    """Falling to the reorder point is told when it is crossed, and not again below it."""
    await importing(PARTS, STORE)

    for quantity in (1, 0):
        await importing(PARTS, f"part_number,location,quantity\nOIL-1,LIS,{quantity}")
    before = (await workshop.told()).count("part.low_stock")
    for quantity in (2, 1):
        await importing(PARTS, f"part_number,location,lot,quantity\nOIL-1,OPO,L1,{quantity}")

    assert (before, (await workshop.told()).count("part.low_stock")) == (0, 1)


async def test_only_given_cells_change_a_part(workshop: Workshop, importing: Importing) -> None:
    """Empty cells keep what is stored; nothing of nothing makes no stock row."""
    await importing(PARTS, STORE)

    counts = await importing.counts(
        PARTS, "part_number,description,lead_time_days,quantity\nOIL-1,,21,\nTYRE-2,Tyre,,0\nTYRE-2,Tyre,,0"
    )

    oil, tyre = (await workshop.list_parts(workshop.actor, PageRequest())).items
    assert counts == (0, 2, 1, 0)
    assert (oil.about.description, oil.about.lead_time_days, oil.about.minimum_stock) == ("Oil filter", 21, 2)
    assert tyre.about.description == "Tyre"
    assert await stock_of(workshop, "TYRE-2") == []


async def test_stock_without_a_place_is_a_place_too(workshop: Workshop, importing: Importing) -> None:
    """A quantity alone lies nowhere in particular, and is found there again."""
    first = await importing.counts(PARTS, "part_number,quantity\nP1,3")
    again = await importing.counts(PARTS, "part_number,quantity\nP1,4")

    (row,) = await stock_of(workshop, "P1")
    assert (first, again) == ((1, 0, 0, 0), (0, 1, 0, 0))
    assert (row.place, row.quantity_on_hand) == (Place(), 4)


async def test_rows_against_which_the_stock_speaks(workshop: Workshop, importing: Importing) -> None:
    """A place nothing lies in, another expiry in the same place, fewer than are reserved: each by its column."""
    await importing(PARTS, STORE)
    (part, *_) = (await workshop.list_parts(workshop.actor, PageRequest())).items
    async with workshop.tenant.open() as uow:
        rows = await uow.stock.of_parts([part.id], for_update=True)
        uow.stock.save(rows[0].moved(reserved=6, at=workshop.clock.now()), was=rows[0])
        await uow.commit()

    found = await importing.reasons(
        PARTS,
        """
        part_number,location,lot,quantity,expiry_date
        OIL-1,FAO,,,
        OIL-1,OPO,L1,6,2028-01-31
        OIL-1,LIS,,5,
        NEW-1,FAO,,,
        """,
    )

    assert found == [
        ("quantity", "quantity_missing"),
        ("expiry_date", "other_expiry_date"),
        ("quantity", "below_reserved"),
        ("quantity", "quantity_missing"),
    ]
    assert [part.part_number for part in (await workshop.list_parts(workshop.actor, PageRequest())).items] == [
        "OIL-1",
        "TYRE-2",
    ]


async def test_expired_stock_is_no_reason_for_low_stock(workshop: Workshop, importing: Importing) -> None:
    """What has expired was not available: counting it anew crosses nothing."""
    await importing(PARTS, "part_number,quantity,expiry_date,minimum_stock\nP1,5,2026-03-05,3")
    workshop.clock.advance(timedelta(days=30))

    await importing(PARTS, "part_number,quantity\nP1,1")

    assert "part.low_stock" not in await workshop.told()
