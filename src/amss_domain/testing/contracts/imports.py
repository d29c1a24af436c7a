"""The laws of imports, and of what became of their rows."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_domain.imports.batch import Import, ImportStatus, KeptRow
from amss_domain.imports.errors import ClaimLost
from amss_domain.imports.model import Effect, ImportKind, RowResult
from amss_domain.imports.ports import ANY_ROW, Claim, ImportFilter, RowFilter
from amss_domain.shared.errors import BrokenReference, NotFound
from amss_domain.shared.page import Order, Page, PageRequest
from amss_domain.shared.violation import Violation
from amss_domain.testing import values
from amss_domain.testing.backend import Capabilities, Work
from amss_domain.testing.builders import an_import
from amss_domain.testing.contracts.contract import some_examples
from amss_domain.testing.contracts.kept import Way, newer, picking
from amss_domain.testing.contracts.paged import PagedLaws
from amss_domain.testing.stand_ins import NOON
from amss_domain.testing.tenant import Tenant, Thing, all_of

_SEVERAL = 7


class ImportsContract(PagedLaws[Import]):
    """The laws of `Imports`."""

    def one(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> Import:
        return an_import(org_id=tenant.id)

    def any_of(self, tenant: Tenant, _needed: tuple[Thing, ...], /) -> st.SearchStrategy[Import]:
        return values.imports(tenant.id)

    def changed(self, kept: Import, other: Import) -> Import:
        return evolve(other, id=kept.id, created_at=kept.created_at)

    def after_a_change(self, kept: Import) -> Import:
        return newer(evolve(kept, last_row=kept.last_row + 1))

    def ways(self) -> Mapping[str, Way[Import]]:
        return {
            "get": lambda uow, one: uow.imports.get(one.id),
            "page": picking(lambda uow, one: _page_of(uow, ImportFilter(kind=one.kind, status=one.status))),
        }

    def holding(self) -> Mapping[str, Way[Import]]:
        return {"get_for_update": lambda uow, one: uow.imports.get_for_update(one.id)}

    async def page(self, uow: Work, request: PageRequest) -> Page[Import]:
        return await uow.imports.page(request)

    async def test_a_page_has_only_what_matches(self, ours: Tenant, theirs: Tenant) -> None:
        """`page` returns the imports of a kind, in a status, of both or all, either way round."""
        kinds = (ImportKind.AIRCRAFT, ImportKind.USAGE)
        kept = [evolve(an_import(org_id=ours.id), kind=kind) for kind in (*kinds, *kinds)]
        kept[2] = evolve(kept[2], status=ImportStatus.FAILED, finished_at=NOON)
        await ours.keep(*kept)
        await theirs.keep(an_import(org_id=theirs.id))

        matching = {
            ImportFilter(): kept,
            ImportFilter(kind=ImportKind.USAGE): [kept[1], kept[3]],
            ImportFilter(status=ImportStatus.QUEUED): [kept[0], kept[1], kept[3]],
            ImportFilter(kind=ImportKind.AIRCRAFT, status=ImportStatus.FAILED): [kept[2]],
            ImportFilter(kind=ImportKind.PARTS): [],
        }
        for filter, expected in matching.items():
            for limit in (1, 200):
                assert await _listed(ours, filter, Order(), limit) == expected
                assert await _listed(ours, filter, Order(descending=True), limit) == expected[::-1]
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="status"):
                await uow.imports.page(PageRequest(order=Order("status")))

    async def test_only_the_latest_claim_holds(self, ours: Tenant) -> None:
        """Of an import that nobody has claimed, or that is unknown, `hold_claimed` raises `ClaimLost`."""
        kept = an_import(org_id=ours.id)
        await ours.keep(kept)

        for import_id in (kept.id, an_import(org_id=ours.id).id):
            async with ours.open() as uow:
                with pytest.raises(ClaimLost):
                    await uow.imports.hold_claimed(Claim(org_id=ours.id, import_id=import_id, token=1))

    async def test_the_unfinished_are_counted(self, ours: Tenant, theirs: Tenant) -> None:
        """Those of the organization that wait or are worked off, as a unit of work sees them."""
        waiting, running = an_import(org_id=ours.id), an_import(org_id=ours.id).begun((), at=NOON)
        done, _ = an_import(org_id=ours.id).completed(at=NOON)
        await ours.keep(waiting, running, done)
        await theirs.keep(an_import(org_id=theirs.id))

        async with ours.open() as uow:
            assert await uow.imports.unfinished() == 2
            uow.imports.add(an_import(org_id=ours.id))
            assert await uow.imports.unfinished() == 3

    async def test_long_rows_are_cut(self, ours: Tenant) -> None:
        """Of a cell longer than any column takes the beginning is kept, marked; of many reasons the first hundred."""
        kept = an_import(org_id=ours.id)
        await ours.keep(kept)
        cells = {"name": "x" * 100_000, "applies_to": "N" * 40_000, "model": "A320"}
        reasons = tuple(Violation("odd", "m" * 5000, "s" * 5000) for _ in range(1000))

        async with ours.open() as uow:
            uow.imports.add_rows(kept.id, 1, [RowResult(2, cells, Effect.REJECTED, reasons)])
            await uow.commit()

        (row,) = await _rows(ours, kept, ANY_ROW, 1)
        assert row.cells == {**cells, "name": "x" * 4000 + "… (cut; 100,000 characters)"}
        assert row.violations[:-1] == (Violation("odd", "m" * 1000, "s" * 255),) * 99
        assert (row.violations[-1].code, "1,000" in row.violations[-1].message) == ("more_reasons", True)

    @pytest.mark.parametrize("limit", [1, 2, 5, 200])
    async def test_rows_come_back_by_number(self, ours: Tenant, theirs: Tenant, limit: int) -> None:
        """Rows of several commits are listed once each, in order; with their cells and reasons where they have any."""
        kept = an_import(org_id=ours.id)
        foreign = an_import(org_id=theirs.id)
        await ours.keep(kept)
        await theirs.keep(foreign)
        results = _results()
        for start in range(0, len(results), 4):
            async with ours.open() as uow:
                uow.imports.add_rows(kept.id, 1, results[start : start + 4])
                await uow.commit()
        async with ours.open() as uow:
            uow.imports.add_rows(kept.id, 2, results[:1])
            await uow.commit()

        expected = [_as_kept(result) for result in results]
        for effect in (None, *Effect):
            for warned in (False, True):
                filter = RowFilter(effect=effect, warned=warned)
                assert await _rows(ours, kept, filter, limit) == [
                    row for row in expected if effect in (None, row.effect) and (row.warned or not warned)
                ]
        assert await _rows(ours, kept, ANY_ROW, limit, attempt=2) == expected[:1]
        assert await _rows(theirs, foreign, ANY_ROW, limit) == []
        async with theirs.open() as uow:
            assert await uow.imports.rows(kept.id, 1, PageRequest()) == Page(())

    async def test_rows_go_on_after_any_number(self, ours: Tenant) -> None:
        """A page may start after any number, in the middle of rows of one effect and after all of them too."""
        kept = an_import(org_id=ours.id)
        await ours.keep(kept)
        results = [RowResult(number, {}, Effect.CREATED) for number in range(2, 12)]
        async with ours.open() as uow:
            uow.imports.add_rows(kept.id, 1, results)
            await uow.commit()

        for after in (0, 1, 2, 7, 11, 12, 2**64, 2**127):
            async with ours.open() as uow:
                page = await uow.imports.rows(kept.id, 1, PageRequest(after=UUID(int=after), order=Order("number")))
            assert [row.number for row in page.items] == [number for number in range(2, 12) if number > after]
            assert page.next_after is None
        async with ours.open() as uow:
            with pytest.raises(ValueError, match="number"):
                await uow.imports.rows(kept.id, 1, PageRequest(order=Order(descending=True)))

    async def test_nothing_of_rows_stays_without_a_commit(self, ours: Tenant) -> None:
        """Rows are kept with the unit of work, or not at all; it sees them itself."""
        kept = an_import(org_id=ours.id)
        await ours.keep(kept)

        async with ours.open() as uow:
            uow.imports.add_rows(kept.id, 1, _results())
            assert len((await uow.imports.rows(kept.id, 1, PageRequest())).items) == _SEVERAL

        assert await _rows(ours, kept, ANY_ROW, 200) == []

    @some_examples
    @given(data=st.data())
    async def test_cells_and_reasons_come_back_as_they_were(self, ours: Tenant, data: st.DataObject) -> None:
        """Whatever a table held is there again, but for what no database stores."""
        kept = an_import(org_id=ours.id)
        await ours.keep(kept)
        texts = values.texts()
        cells = data.draw(st.dictionaries(texts, texts, max_size=4))
        reason = Violation("code", data.draw(texts), data.draw(st.none() | texts))
        odd = {"nul": "a\0b", "surrogate": "a\udc80b"}

        async with ours.open() as uow:
            uow.imports.add_rows(kept.id, 1, [RowResult(2, {**cells, **odd}, Effect.REJECTED, (reason,))])
            await uow.commit()

        (row,) = await _rows(ours, kept, ANY_ROW, 1)
        assert row.violations == (reason,)
        assert row.cells == {**cells, "nul": "a\ufffdb", "surrogate": "a\ufffdb"}

    async def test_rows_belong_to_an_import(self, ours: Tenant, theirs: Tenant, can: Capabilities) -> None:
        """Rows of an unknown or foreign import are refused."""
        can.need_references()
        foreign = an_import(org_id=theirs.id)
        await theirs.keep(foreign)

        for import_id in (foreign.id, an_import(org_id=ours.id).id):
            with pytest.raises(BrokenReference):
                await _add_to(ours, import_id)

    async def test_an_unknown_import_is_not_found(self, ours: Tenant) -> None:
        """`get` raises `NotFound` for an id that nobody has."""
        async with ours.open() as uow:
            with pytest.raises(NotFound):
                await uow.imports.get(an_import(org_id=ours.id, at=NOON + timedelta(days=1)).id)


async def _add_to(tenant: Tenant, import_id: UUID) -> None:
    async with tenant.open() as uow:
        uow.imports.add_rows(an_import(org_id=tenant.id, id=import_id).id, 1, _results())
        await uow.commit()


def _results() -> list[RowResult]:
    """Return rows of every effect, with and without warnings, one blank row (8) among them."""
    doubt = (Violation("odd", "it seems odd", "hours"), Violation("odder", "and this odder"))
    return [
        RowResult(2, {"registration": "N1"}, Effect.CREATED),
        RowResult(3, {"registration": "N2"}, Effect.CREATED),
        RowResult(4, {"registration": "N3"}, Effect.CREATED, doubt),
        RowResult(5, {"registration": "N4"}, Effect.CREATED),
        RowResult(6, {"registration": "N5", "hours": "x"}, Effect.REJECTED, doubt[:1]),
        RowResult(7, {"registration": "N6"}, Effect.UPDATED),
        RowResult(9, {"registration": "N7"}, Effect.UNCHANGED),
    ]


def _as_kept(result: RowResult) -> KeptRow:
    if not result.violations:
        return KeptRow(number=result.number, effect=result.effect)
    return KeptRow(number=result.number, effect=result.effect, cells=result.cells, violations=result.violations)


async def _page_of(uow: Work, filter: ImportFilter) -> tuple[Import, ...]:
    return (await uow.imports.page(PageRequest(), filter=filter)).items


async def _listed(tenant: Tenant, filter: ImportFilter, order: Order, limit: int) -> list[Import]:
    async def one_page(request: PageRequest) -> Page[Import]:
        async with tenant.open() as uow:
            return await uow.imports.page(evolve(request, order=order), filter=filter)

    return list(await all_of(one_page, limit=limit))


async def _rows(tenant: Tenant, kept: Import, filter: RowFilter, limit: int, *, attempt: int = 1) -> list[KeptRow]:
    async def one_page(request: PageRequest) -> Page[KeptRow]:
        async with tenant.open() as uow:
            return await uow.imports.rows(kept.id, attempt, request, filter=filter)

    return list(await all_of(one_page, limit=limit))
