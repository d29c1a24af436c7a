"""Two real fleets, taken in from their files over the memory backend."""

import csv
from collections.abc import Callable, Coroutine
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from amss_adapters.csv.table import CsvTable
from amss_adapters.memory import MemoryBackend
from amss_domain.imports.model import ImportKind, ImportReport
from amss_domain.imports.use_cases.import_rows import ImportRows
from amss_domain.scheduling.follow_up import FollowFleet
from amss_domain.scheduling.use_cases.due_list import Question
from amss_domain.testing.stand_ins import CountingIds, ManualClock
from amss_domain.testing.tenant import a_tenant, all_of
from amss_domain.testing.workshop import Workshop

FLEETS = Path(__file__).resolve().parents[4] / "shared" / "data"
A320, NYC = FLEETS / "a320-fleet-2017", FLEETS / "nyc-2013"

pytestmark = pytest.mark.skipif(not FLEETS.is_dir(), reason=f"the real fleets are not at {FLEETS}")

Import = Callable[[Path], Coroutine[object, object, ImportReport]]


@pytest.fixture
async def workshop() -> Workshop:
    """One organization at work on a memory backend of its own."""
    clock, ids = ManualClock(), CountingIds()
    return Workshop(await a_tenant(MemoryBackend(clock=clock, ids=ids)), clock=clock, ids=ids)


@pytest.fixture
def take_in(workshop: Workshop) -> Import:
    """Takes in a file whose name is the kind of its rows."""
    ids = CountingIds(block=1)
    import_rows = ImportRows(workshop.tenant.backend.open_uow, workshop.clock, ids, FollowFleet(ids))

    async def take(file: Path) -> ImportReport:
        with CsvTable(file) as table:
            return await import_rows(workshop.actor, ImportKind(file.stem), table)

    return take


def what_is_left() -> dict[tuple[str, str], dict[str, Decimal]]:
    """Return what remains of each limit on the day, by aircraft and program: tolerance used before does not accrue."""
    left = {}
    with (A320 / "checks.csv").open(encoding="utf-8", newline="") as text:
        for check in csv.DictReader(text):
            left[check["tail"], f"{check['check']}-check"] = {
                unit: Decimal(check[f"interval_{unit}"])
                - Decimal(check[f"elapsed_{unit}"])
                - Decimal(check[f"tolerance_used_{unit}"])
                for unit in ("days", "hours", "cycles")
                if check[f"interval_{unit}"]
            }
    return left


async def test_an_airline_of_2017_is_taken_in_twice(workshop: Workshop, take_in: Import) -> None:
    """45 aircraft, 3 programs and 135 links give 135 items with one open task each; the second time changes nothing."""
    files = [A320 / "import" / f"{kind}.csv" for kind in ("aircraft", "programs", "program-links")]
    first = [await take_in(file) for file in files]
    await workshop.generate_due_tasks(workshop.actor)
    told = await workshop.told()

    second = [await take_in(file) for file in files]
    await workshop.generate_due_tasks(workshop.actor)

    items = await workshop.due_items(Question(as_of=date(2017, 9, 25)))
    assert [(one.created, one.rejected, one.warned) for one in first] == [(45, 0, 0), (3, 0, 0), (135, 0, 0)]
    assert [(one.unchanged, one.rows) for one in second] == [(45, 45), (3, 3), (135, 135)]
    assert await workshop.told() == told
    assert {(one.registration, one.program): dict(one.assessment.remaining) for one in items} == what_is_left()
    assert (len(items), len({item.task.id for item in items if item.task}), told.count("task.created")) == (
        135,
        135,
        135,
    )


async def test_a_year_of_new_york_is_taken_in_twice(workshop: Workshop, take_in: Import) -> None:
    """Every flight counts once: the ledgers sum to what the file sums to, aircraft by aircraft."""
    aircraft = await take_in(NYC / "import" / "aircraft.csv")
    flights = await take_in(NYC / "import" / "usage.csv")
    again = [await take_in(NYC / "import" / f"{kind}.csv") for kind in ("aircraft", "usage")]

    expected: dict[str, tuple[Decimal, int]] = {}
    with (NYC / "import" / "usage.csv").open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            hours, cycles = expected.get(row["registration"], (Decimal(0), 0))
            expected[row["registration"]] = (hours + Decimal(row["hours"]), cycles + int(row["cycles"]))
    async with workshop.tenant.open() as uow:
        fleet = await all_of(uow.fleet.page)
    assert (aircraft.created, flights.created, flights.rejected, flights.warned) == (3322, 27_921, 0, 0)
    assert [(one.unchanged, one.rows) for one in again] == [(3322, 3322), (27_921, 27_921)]
    assert {
        one.registration: (one.current_hours, one.current_cycles) for one in fleet if one.current_cycles
    } == expected
    assert len(fleet) == 3322
