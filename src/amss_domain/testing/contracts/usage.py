"""The laws of usage ledgers."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.fleet.aircraft import Aircraft
from amss_domain.fleet.ledger import EntryKind, Ledger, LedgerEntry
from amss_domain.shared.errors import AlreadyExists, AmssError, NotFound
from amss_domain.shared.page import NEWEST_FIRST, OLDEST_FIRST, Order, Page, PageRequest
from amss_domain.testing import values
from amss_domain.testing.builders import an_aircraft, an_entry
from amss_domain.testing.contracts.contract import Contract, outrun, some_examples
from amss_domain.testing.tenant import Tenant, all_of

MONDAY = date(2026, 3, 2)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


_RIVALS = pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(an_entry(position=1), an_entry(position=1), id="position"),
        pytest.param(
            an_entry(position=1, external_id="TP1001"), an_entry(position=2, external_id="TP1001"), id="external id"
        ),
    ],
)


class UsageContract(Contract):
    """The laws of `Usage`."""

    @some_examples
    @given(data=st.data())
    async def test_a_ledger_has_every_entry_as_it_was_appended(self, ours: Tenant, data: st.DataObject) -> None:
        """`ledger` returns every entry by position, every field as it went in; `entry` returns one of them."""
        aircraft = await _an_aircraft(ours)
        entries = [data.draw(values.entries(position=position)) for position in (1, 2)]
        entries.append(an_entry(position=3, corrects=entries[0], hours="-0.01"))
        await _append(ours, aircraft, *entries)

        async with ours.open() as uow:
            assert (await uow.usage.ledger(aircraft.id)).entries == tuple(entries)
            assert [await uow.usage.entry(aircraft.id, entry.id) for entry in entries] == entries

    async def test_ledgers_are_kept_apart(self, ours: Tenant) -> None:
        """`ledger` has the entries of its aircraft alone, by position, in whatever order they were appended."""
        one, other = await _an_aircraft(ours), await _an_aircraft(ours)
        first, second, third = (an_entry(position=position) for position in (1, 2, 3))
        await _append(ours, one, third)
        await _append(ours, other, an_entry())
        await _append(ours, one, second, first)

        async with ours.open() as uow:
            assert (await uow.usage.ledger(one.id)).entries == (first, second, third)

    async def test_an_entry_is_found_on_its_aircraft_alone(self, ours: Tenant) -> None:
        """`entry` raises `NotFound` for an unknown entry, and for one of another aircraft."""
        one, other = await _an_aircraft(ours), await _an_aircraft(ours)
        entry = an_entry()
        await _append(ours, one, entry)

        async with ours.open() as uow:
            with pytest.raises(NotFound):
                await uow.usage.entry(one.id, an_entry().id)
        async with ours.open() as uow:
            with pytest.raises(NotFound):
                await uow.usage.entry(other.id, entry.id)

    @pytest.mark.parametrize("limit", [1, 2, 3, 200])
    async def test_pages_have_every_entry_once_by_position(self, ours: Tenant, limit: int) -> None:
        """`page` lists the ledger of one aircraft by position, the newest first unless it is asked for the oldest."""
        one, other = await _an_aircraft(ours), await _an_aircraft(ours)
        first, third = an_entry(position=1, on=WEDNESDAY), an_entry(position=3, on=MONDAY)
        second = an_entry(position=2, corrects=first)
        await _append(ours, one, first, second, third)
        await _append(ours, other, an_entry())

        assert await _paged(ours, one, None, limit) == (third, second, first)
        assert await _paged(ours, one, NEWEST_FIRST, limit) == (third, second, first)
        assert await _paged(ours, one, OLDEST_FIRST, limit) == (first, second, third)

    async def test_pages_stay_in_step_while_more_is_flown(self, ours: Tenant) -> None:
        """What is appended meanwhile moves nothing; the last page says that it is the last."""
        aircraft = await _an_aircraft(ours)
        entries = [an_entry(position=position) for position in (1, 2, 3, 4)]
        await _append(ours, aircraft, *entries[:3])
        async with ours.open() as uow:
            newest = await uow.usage.page(aircraft.id, PageRequest(limit=2))
        await _append(ours, aircraft, entries[3])

        async with ours.open() as uow:
            rest = await uow.usage.page(aircraft.id, PageRequest(limit=1, after=newest.next_after))

        assert newest == Page((entries[2], entries[1]), entries[1].id)
        assert rest == Page((entries[0],), None)

    @pytest.mark.parametrize("order", [NEWEST_FIRST, OLDEST_FIRST])
    async def test_nothing_comes_after_what_the_ledger_does_not_have(self, ours: Tenant, order: Order) -> None:
        """A page after an unknown entry, or after one of another aircraft, is empty."""
        one, other = await _an_aircraft(ours), await _an_aircraft(ours)
        elsewhere = [an_entry(position=position) for position in (1, 2, 3)]
        await _append(ours, one, *(an_entry(position=position) for position in (1, 2, 3)))
        await _append(ours, other, *elsewhere)

        async with ours.open() as uow:
            for entry in (an_entry(), elsewhere[1]):
                assert await uow.usage.page(one.id, PageRequest(order=order, after=entry.id)) == Page((), None)

    async def test_there_is_no_order_but_that_recorded(self, ours: Tenant) -> None:
        """`page` raises ValueError for an order that it does not have."""
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="order"):
                await uow.usage.page(an_aircraft(org_id=ours.id).id, PageRequest(order=Order("occurred_on")))

    async def test_what_occurred_lately_comes_with_the_first_entry(self, ours: Tenant) -> None:
        """`since` returns the entry at position 1 and all that occurred after the day, of one aircraft."""
        one, other = await _an_aircraft(ours), await _an_aircraft(ours)
        opening = an_entry(position=1, on=MONDAY, kind=EntryKind.OPENING)
        monday, wednesday = an_entry(position=2, on=MONDAY), an_entry(position=3, on=WEDNESDAY)
        tuesday, late = an_entry(position=4, on=TUESDAY), an_entry(position=5, corrects=wednesday)
        await _append(ours, one, opening, monday, wednesday, tuesday, late)
        await _append(ours, other, an_entry(on=WEDNESDAY))

        async with ours.open() as uow:
            since = [(await uow.usage.since(one.id, MONDAY + timedelta(days=days))).entries for days in (-1, 0, 1, 2)]

        assert since == [
            (opening, monday, wednesday, tuesday, late),
            (opening, wednesday, tuesday, late),
            (opening, wednesday, late),
            (opening,),
        ]

    async def test_nothing_is_appended_without_a_commit(self, ours: Tenant) -> None:
        """Leaving without `commit` changes nothing; until then the unit of work alone sees what it appended."""
        aircraft = await _an_aircraft(ours)
        entry = an_entry(external_id="TP1001")
        async with ours.open() as uow:
            uow.usage.append(aircraft.id, entry)
            assert (await uow.usage.ledger(aircraft.id)).entries == (entry,)
            assert await uow.usage.entry(aircraft.id, entry.id) == entry
            assert await uow.usage.page(aircraft.id, PageRequest()) == Page((entry,), None)
            assert await uow.usage.totals_on(aircraft.id, entry.occurred_on) == entry.deltas
            assert await uow.usage.known([(aircraft.id, "TP1001")]) == {(aircraft.id, "TP1001"): entry}
            async with ours.open() as another:
                assert (await another.usage.ledger(aircraft.id)).entries == ()

        async with ours.open() as uow:
            assert (await uow.usage.ledger(aircraft.id)).entries == ()
            assert await uow.usage.known([(aircraft.id, "TP1001")]) == {}

    async def test_totals_are_those_of_the_day(self, ours: Tenant) -> None:
        """`totals_on` sums what occurred up to and including the day, and nothing later."""
        aircraft = await _an_aircraft(ours)
        await _append(
            ours,
            aircraft,
            an_entry(position=1, on=TUESDAY, hours="2.25", cycles=2),
            an_entry(position=2, on=MONDAY, hours="0.01", cycles=1),
            an_entry(position=3, on=WEDNESDAY, deltas={"hours": Decimal(4), "apu_hours": Decimal("0.5")}),
        )

        async with ours.open() as uow:
            totals = [
                await uow.usage.totals_on(aircraft.id, MONDAY + timedelta(days=days)) for days in (-1, 0, 1, 2, 9)
            ]

        assert totals == [
            {},
            {"hours": Decimal("0.01"), "cycles": Decimal(1)},
            {"hours": Decimal("2.26"), "cycles": Decimal(3)},
            {"hours": Decimal("6.26"), "cycles": Decimal(3), "apu_hours": Decimal("0.5")},
            {"hours": Decimal("6.26"), "cycles": Decimal(3), "apu_hours": Decimal("0.5")},
        ]

    async def test_corrections_count_on_the_day_of_what_they_correct(self, ours: Tenant) -> None:
        """`totals_on` counts a correction, whenever it was made, on the day of the entry that it corrects."""
        aircraft = await _an_aircraft(ours)
        flown = an_entry(position=1, on=MONDAY, hours="2.5", cycles=1)
        later = an_entry(position=2, on=WEDNESDAY, hours=1, cycles=1)
        correction = an_entry(position=3, corrects=flown, hours="-0.5", cycles=0)
        await _append(ours, aircraft, flown, later, correction)

        async with ours.open() as uow:
            assert await uow.usage.totals_on(aircraft.id, TUESDAY) == {"hours": Decimal(2), "cycles": Decimal(1)}

    @some_examples
    @given(data=st.data())
    async def test_totals_are_those_of_the_ledger(self, ours: Tenant, data: st.DataObject) -> None:
        """`totals_on` returns for every day what the entries themselves sum to."""
        aircraft = await _an_aircraft(ours)
        days = st.sampled_from([MONDAY, TUESDAY, WEDNESDAY])
        entries = [
            an_entry(position=position, on=data.draw(days), deltas=data.draw(values.readings(lowest=-9_999)))
            for position in range(1, 5)
        ]
        await _append(ours, aircraft, *entries)

        async with ours.open() as uow:
            for day in (MONDAY, TUESDAY, WEDNESDAY):
                assert await uow.usage.totals_on(aircraft.id, day) == Ledger(entries).totals(as_of=day)

    async def test_corrections_come_alone(self, ours: Tenant) -> None:
        """`corrections` returns a ledger of the aircraft's corrections, by position, and of nothing else."""
        aircraft, other = await _an_aircraft(ours), await _an_aircraft(ours)
        flown = an_entry(position=1, on=MONDAY)
        first = an_entry(position=2, corrects=flown, hours=-1)
        second = an_entry(position=4, corrects=flown, hours=1)
        reading = an_entry(position=3, kind=EntryKind.READING)
        await _append(ours, aircraft, flown, first, reading, second)
        await _append(ours, other, flown_elsewhere := an_entry(), an_entry(position=2, corrects=flown_elsewhere))

        async with ours.open() as uow:
            assert (await uow.usage.corrections(aircraft.id)).entries == (first, second)

    async def test_known_entries_are_found_by_their_external_ids(self, ours: Tenant) -> None:
        """`known` returns the entries of each aircraft that have one of the external ids, as they are written."""
        one, other = await _an_aircraft(ours), await _an_aircraft(ours)
        flight = an_entry(position=1, external_id="TP1001 2026-03-02")
        same_elsewhere = an_entry(position=1, external_id="TP1001 2026-03-02")
        await _append(ours, one, flight, an_entry(position=2, external_id="TP1003"), an_entry(position=3))
        await _append(ours, other, same_elsewhere)

        async with ours.open() as uow:
            known = await uow.usage.known(
                [
                    (one.id, "TP1001 2026-03-02"),
                    (one.id, "tp1003"),
                    (other.id, "TP1001 2026-03-02"),
                    (other.id, "TP1003"),
                ]
            )
            assert known == {(one.id, "TP1001 2026-03-02"): flight, (other.id, "TP1001 2026-03-02"): same_elsewhere}
            assert await uow.usage.known([]) == {}

    @_RIVALS
    async def test_a_position_and_an_external_id_are_taken_once(
        self, ours: Tenant, first: LedgerEntry, second: LedgerEntry
    ) -> None:
        """`append` refuses a position or an external id that the ledger has (`AlreadyExists`); another may have it."""
        one, other = await _an_aircraft(ours), await _an_aircraft(ours)
        first, second = _fresh(first), _fresh(second)
        await _append(ours, one, first)

        with pytest.raises(AlreadyExists):
            await _append(ours, one, second)
        with pytest.raises(AlreadyExists):
            await _append(ours, other, _fresh(first), _fresh(second))
        await _append(ours, other, second)

        async with ours.open() as uow:
            assert (await uow.usage.ledger(one.id)).entries == (first,)
            assert (await uow.usage.ledger(other.id)).entries == (second,)

    @_RIVALS
    async def test_of_two_who_append_the_first_to_commit_wins(
        self, ours: Tenant, first: LedgerEntry, second: LedgerEntry
    ) -> None:
        """An entry is refused also when a rival one comes after `append` was called."""
        aircraft = await _an_aircraft(ours)
        first, second = _fresh(first), _fresh(second)

        error = await outrun(
            ours,
            lambda uow: uow.usage.append(aircraft.id, first),
            lambda uow: uow.usage.append(aircraft.id, second),
        )

        assert isinstance(error, AlreadyExists)
        async with ours.open() as uow:
            assert (await uow.usage.ledger(aircraft.id)).entries == (first,)

    async def test_other_organizations_see_and_add_nothing(self, ours: Tenant, theirs: Tenant) -> None:
        """The ledger of a foreign aircraft has nothing to read, and nothing is appended to it."""
        aircraft = await _an_aircraft(theirs)
        entry = an_entry(external_id="TP1001")
        await _append(theirs, aircraft, entry, an_entry(position=2, corrects=entry))

        async with ours.open() as uow:
            assert (await uow.usage.ledger(aircraft.id)).entries == ()
            assert (await uow.usage.corrections(aircraft.id)).entries == ()
            assert (await uow.usage.since(aircraft.id, date.min)).entries == ()
            assert await uow.usage.page(aircraft.id, PageRequest()) == Page((), None)
            assert await uow.usage.totals_on(aircraft.id, entry.occurred_on) == {}
            assert await uow.usage.known([(aircraft.id, "TP1001")]) == {}
        async with ours.open() as uow:
            with pytest.raises(NotFound):
                await uow.usage.entry(aircraft.id, entry.id)
        with pytest.raises(AmssError):
            await _append(ours, aircraft, an_entry(position=3))
        async with theirs.open() as uow:
            assert (await uow.usage.ledger(aircraft.id)).last_position == 2


async def _an_aircraft(tenant: Tenant) -> Aircraft:
    aircraft = an_aircraft(org_id=tenant.id)
    await tenant.keep(aircraft)
    return aircraft


async def _append(tenant: Tenant, aircraft: Aircraft, *entries: LedgerEntry) -> None:
    async with tenant.open() as uow:
        for entry in entries:
            uow.usage.append(aircraft.id, entry)
        await uow.commit()


async def _paged(tenant: Tenant, aircraft: Aircraft, order: Order | None, limit: int) -> tuple[LedgerEntry, ...]:
    """Return the entries of all pages, each read in a unit of work of its own."""

    async def one_page(request: PageRequest) -> Page[LedgerEntry]:
        async with tenant.open() as uow:
            return await uow.usage.page(aircraft.id, evolve(request, order=order))

    return await all_of(one_page, limit=limit)


def _fresh(entry: LedgerEntry) -> LedgerEntry:
    return an_entry(position=entry.position, external_id=entry.external_id)
