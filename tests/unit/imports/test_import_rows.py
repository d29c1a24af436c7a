"""Working through a table: exactly once, in chunks, with everything told."""

import asyncio
from collections.abc import Sequence

import pytest
from attrs import evolve

from amss_adapters.memory.fleet import MemoryFleet
from amss_domain.access.model import Role
from amss_domain.fleet.aircraft import Aircraft
from amss_domain.imports.errors import UnreadableFile
from amss_domain.imports.model import Effect, ImportKind, ImportReport, RowResult, UnreadableRow
from amss_domain.imports.ports import ImportsWork
from amss_domain.shared.errors import AlreadyExists, InvariantBroken, NotPermitted, StaleVersion, Unavailable
from amss_domain.shared.page import PageRequest
from amss_domain.shared.violation import Violation
from amss_domain.testing.faults import FailsOnCall
from amss_domain.testing.tables import Importing, TextTable
from amss_domain.testing.workshop import Workshop

AIRCRAFT, USAGE = ImportKind.AIRCRAFT, ImportKind.USAGE

FLEET = "registration,current_hours,as_of\n" + "\n".join(f"N{number},100,2026-01-01" for number in range(1, 8))
FLIGHTS = "registration,occurred_on,hours\n" + "\n".join(
    f"N{number % 7 + 1},2026-01-{number % 20 + 1:02},1.25" for number in range(60)
)


class Cut(Exception):
    """The process was killed."""


async def flown(workshop: Workshop) -> list[tuple[str, str, int]]:
    """Return registration, hours and number of entries of every aircraft."""
    found = []
    for number in range(1, 8):
        aircraft = await workshop.find_aircraft(workshop.actor, f"N{number}")
        ledger = await workshop.read_ledger(workshop.actor, aircraft.id)
        assert ledger.head == aircraft.head
        found.append((aircraft.registration, str(aircraft.current_hours), len(ledger.entries)))
    return found


@pytest.mark.parametrize("cut_at", [0, 1, 7, 8, 30, 59])
async def test_cut_off_anywhere_and_given_again_every_row_counts_once(
    workshop: Workshop, importing: Importing, cut_at: int
) -> None:
    """What was committed before the end is counted already, the rest is new; totals are those of one whole import."""
    await importing(AIRCRAFT, FLEET)
    in_chunks = importing.in_chunks(7)
    table = TextTable(FLIGHTS)
    cut = TextTable(FLIGHTS)
    cut.items[cut_at] = Cut()

    with pytest.raises(Cut):
        await in_chunks(USAGE, cut)
    counts = await in_chunks.counts(USAGE, table)

    done = cut_at // 7 * 7
    assert counts == (60 - done, 0, done, 0)
    assert await in_chunks.counts(USAGE, table) == (0, 0, 60, 0)
    assert await flown(workshop) == [
        ("N1", "111.25", 10),
        ("N2", "111.25", 10),
        ("N3", "111.25", 10),
        ("N4", "111.25", 10),
        ("N5", "110.00", 9),
        ("N6", "110.00", 9),
        ("N7", "110.00", 9),
    ]


@pytest.mark.parametrize("size", [1, 7, 60, 1000])
async def test_the_size_of_a_chunk_makes_no_difference(workshop: Workshop, importing: Importing, size: int) -> None:
    """The same entries and the same totals, however many rows a unit of work takes."""
    await importing(AIRCRAFT, FLEET)

    assert await importing.in_chunks(size).counts(USAGE, FLIGHTS) == (60, 0, 0, 0)
    assert (await flown(workshop))[0] == ("N1", "111.25", 10)


async def test_a_dry_run_changes_nothing_and_says_what_would(workshop: Workshop, importing: Importing) -> None:
    """Its report is that of the import, rows that build on others of their chunk included; nothing is kept or told."""
    table = """
        registration,model,current_hours,as_of
        N1,A320,100,2026-01-01
        N2,,bad,
        N3,,100,2026-01-01
        n1,A321,,
        N3,,99,2026-01-02
        N1,A321,,
    """
    dry = await importing(AIRCRAFT, table, dry_run=True)
    entries, told = await workshop.tenant.entries(), await workshop.told()
    real = await importing(AIRCRAFT, table)

    assert (dry.created, dry.updated, dry.unchanged, dry.rejected) == (2, 1, 1, 2)
    assert dry == evolve(real, dry_run=True)
    assert (entries, told) == ((), [])


async def test_a_dry_run_warns_of_what_earlier_chunks_named(importing: Importing) -> None:
    """Such a row is judged as if nothing of the table had been taken in, and comes with a warning for that."""
    table = "registration,model\nN1,A320\nN2,A320\nn1 ,A321\nN3,A320\nN/4,\nN/4,\nN2,A320"

    dry = await importing.in_chunks(2)(AIRCRAFT, table, dry_run=True)

    assert (dry.created, dry.rejected) == (5, 2)
    assert [(row.number, [(one.code, one.subject) for one in row.violations]) for row in dry.warnings] == [
        (4, [("repeated", "registration")]),
        (8, [("repeated", "registration")]),
    ]


@pytest.mark.parametrize(
    ("kind", "table", "warned"),
    [
        (ImportKind.PARTS, "part_number,location,quantity\nP1,A,1\nP1,B,1\np1,a,2\nP1,,1", [4]),
        (ImportKind.USAGE, "registration,occurred_on,hours,external_id\nN1,2026-01-01,1,\nN1,2026-01-01,1,", []),
        (ImportKind.USAGE, "registration,occurred_on,hours,external_id\nN1,2026-01-01,1,a\nN1,2026-01-01,1,a", [3]),
    ],
)
async def test_what_repeats_a_row_is_told_by_its_key(
    importing: Importing, kind: ImportKind, table: str, warned: list[int]
) -> None:
    """Other stock of a part repeats nothing, nor does a flight without a name of its own."""
    await importing(AIRCRAFT, "registration,as_of\nN1,2025-01-01")

    dry = await importing.in_chunks(1)(kind, table, dry_run=True)

    assert [row.number for row in dry.warnings] == warned


async def test_nobody_waits_for_a_dry_run(workshop: Workshop, importing: Importing) -> None:
    """What a chunk held is free again before the next one, so that whoever wants it gets it in between."""
    await importing(AIRCRAFT, FLEET)

    class Wanting:
        chunks = 0

        async def pass_over(self, see: object, /) -> bool:
            return False

        async def begin(self, uow: ImportsWork, /) -> None:
            fleet = await uow.fleet.page(PageRequest())
            async with asyncio.timeout(5):
                await uow.fleet.get_many_for_update([one.id for one in fleet.items])

        async def keep(self, uow: ImportsWork, results: Sequence[RowResult], /) -> None:
            self.chunks += 1

        async def goes_on(self) -> bool:
            return True

    wanting = Wanting()
    import_rows = importing.in_chunks(7).import_rows
    await import_rows(workshop.actor, USAGE, TextTable(FLIGHTS), dry_run=True, keeper=wanting)

    assert wanting.chunks == 9


async def test_everything_is_told_in_order_and_counted(importing: Importing) -> None:
    """Rejected rows come with their number, cells and reasons, unreadable ones too; the report keeps the first."""
    table = TextTable("registration,current_hours\nN1,1\nN2,x\nN3,1\nN/4,1\nN5,1")
    ragged = Violation("ragged_row", "3 cells where the header has 2")
    table.items[2] = UnreadableRow(4, (ragged,), {"registration": "N9"})
    rejected: list[RowResult] = []
    progress: list[ImportReport] = []

    report = await importing.in_chunks(2)(AIRCRAFT, table, on_rejected=rejected.append, on_progress=progress.append)

    assert [(one.number, one.effect, [each.code for each in one.violations]) for one in rejected] == [
        (3, Effect.REJECTED, ["not_a_number"]),
        (4, Effect.REJECTED, ["ragged_row"]),
        (5, Effect.REJECTED, ["invalid_registration"]),
    ]
    assert rejected[0].cells == {"registration": "N2", "current_hours": "x"}
    assert report.rejections == tuple(rejected)
    assert [(one.rows, one.created, one.rejected) for one in progress] == [(2, 1, 1), (4, 1, 3), (5, 2, 3)]
    assert progress[-1] == report
    assert (await importing(AIRCRAFT, table, dry_run=True)).rejections == report.rejections


async def test_a_report_keeps_the_first_hundred(importing: Importing) -> None:
    """All rejected rows are told, and counted; memory does not grow with them."""
    table = TextTable("registration\n" + "\n".join(["N/1"] * 250))
    told: list[int] = []

    report = await importing(AIRCRAFT, table, on_rejected=lambda row: told.append(row.number))

    assert (report.rejected, len(report.rejections), report.rejections[-1].number) == (250, 100, 101)
    assert told == list(range(2, 252))


async def test_a_report_keeps_no_more_of_a_row_than_is_kept_anywhere(importing: Importing) -> None:
    """Long cells are cut in it; who is told of each row gets it as it is."""
    told: list[RowResult] = []

    report = await importing(AIRCRAFT, "registration\n" + "x" * 50_000, on_rejected=told.append)

    assert len(told[0].cells["registration"]) == 50_000
    assert len(report.rejections[0].cells["registration"]) < 5000


async def test_a_wrong_header_takes_nothing(importing: Importing) -> None:
    """Every fault is a reason against the table."""
    with pytest.raises(UnreadableFile) as raised:
        await importing(AIRCRAFT, "tail,model\nN1,A320")

    assert [(one.subject, one.code) for one in raised.value.violations] == [
        ("tail", "unknown_column"),
        ("registration", "missing_column"),
    ]


async def test_a_table_without_rows_is_told(importing: Importing) -> None:
    """A header alone is no success."""
    with pytest.raises(UnreadableFile, match="no rows below the header"):
        await importing(AIRCRAFT, "registration")


async def test_rows_before_a_failure_of_the_source_stay(workshop: Workshop, importing: Importing) -> None:
    """A table that cannot be read further raises; what was committed remains."""
    table = TextTable("registration\nN1\nN2\nN3")
    table.items[2] = UnreadableFile([Violation("not_readable", "the disk is gone")])

    with pytest.raises(UnreadableFile, match="the disk is gone"):
        await importing.in_chunks(1)(AIRCRAFT, table)

    assert (await workshop.find_aircraft(workshop.actor, "N2")).registration == "N2"


async def test_who_may_import(workshop: Workshop, importing: Importing) -> None:
    """Planners may, technicians may not; nothing is read for them."""
    _, planner = await workshop.user(Role.PLANNER)
    _, technician = await workshop.user(Role.TECHNICIAN)

    with pytest.raises(NotPermitted):
        await importing(AIRCRAFT, "nonsense\n1", by=technician)
    report = await importing(AIRCRAFT, "registration\nN1", by=planner)

    assert report.created == 1


@pytest.mark.parametrize("error", [StaleVersion("aircraft", "N1"), AlreadyExists("aircraft", "N1")])
@pytest.mark.parametrize("call", [3, 10, 20, 30, 38])
async def test_a_conflict_is_met_again_on_fresh_data(
    workshop: Workshop, importing: Importing, call: int, error: Exception
) -> None:
    """Wherever in a unit of work it shows, its rows are in at the end, once."""
    await importing(AIRCRAFT, FLEET)
    faults = FailsOnCall(call, error=error)

    counts = await importing.over(faults.opening(workshop.tenant.backend.open_uow)).counts(USAGE, FLIGHTS)

    assert counts == (60, 0, 0, 0)
    assert faults.calls > call
    assert (await flown(workshop))[0] == ("N1", "111.25", 10)


async def test_a_single_row_that_meets_a_conflict_is_tried_again(workshop: Workshop, importing: Importing) -> None:
    """A conflict is no reason against a row."""
    await importing(AIRCRAFT, FLEET)
    faults = FailsOnCall(3, error=StaleVersion("aircraft", "N1"))
    hindered = importing.over(faults.opening(workshop.tenant.backend.open_uow))

    assert await hindered.counts(USAGE, "registration,occurred_on,hours\nN1,2026-01-02,1") == (1, 0, 0, 0)


@pytest.mark.parametrize("call", [1, 5, 9, 13, 22, 50, 80])
async def test_a_backend_that_goes_away_leaves_whole_chunks(
    workshop: Workshop, importing: Importing, call: int
) -> None:
    """The error is passed on at once; given again afterwards, every row counts once."""
    await importing(AIRCRAFT, FLEET)
    faults = FailsOnCall(call)
    hindered = importing.in_chunks(7).over(faults.opening(workshop.tenant.backend.open_uow))

    with pytest.raises(Unavailable):
        await hindered(USAGE, FLIGHTS)
    report = await importing(USAGE, FLIGHTS)

    assert (report.created + report.unchanged, report.unchanged % 7, report.rejected) == (60, 0, 0)
    assert (await flown(workshop))[0] == ("N1", "111.25", 10)


async def test_a_row_that_the_backend_refuses_does_not_take_others_with_it(
    workshop: Workshop, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the row at fault is rejected, with the backend's reason."""
    add = MemoryFleet.add

    def adding(fleet: MemoryFleet, aircraft: Aircraft) -> None:
        if aircraft.registration == "N4":
            raise InvariantBroken("aircraft_registration_check")
        add(fleet, aircraft)

    monkeypatch.setattr(MemoryFleet, "add", adding)
    report = await importing(AIRCRAFT, FLEET)

    (rejected,) = report.rejections
    assert (report.created, report.rejected, rejected.number) == (6, 1, 5)
    assert [one.code for one in rejected.violations] == ["invariant_broken"]
    assert len(await workshop.told()) == 6
