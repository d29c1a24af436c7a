"""The laws of what is listed in pages by id."""

from typing import TypeVar
from uuid import UUID

import pytest

from amss_domain.shared.page import Page, PageRequest
from amss_domain.testing.backend import Work
from amss_domain.testing.contracts.kept import HeldLaws
from amss_domain.testing.stand_ins import FRESH_IDS
from amss_domain.testing.tenant import Owned, Tenant, add, all_of, save

P = TypeVar("P", bound=Owned)

_SEVEN = 7


class PagedLaws(HeldLaws[P]):
    """The laws of one kind of object that is listed in the order of the ids."""

    async def page(self, uow: Work, request: PageRequest) -> Page[P]:
        """Return one page of all of them."""
        raise NotImplementedError

    async def some_kept(self, tenant: Tenant, count: int = _SEVEN) -> tuple[P, ...]:
        """Add so many, the last first, and return them in the order of their ids."""
        ready = []
        for _ in range(count):
            needed = self.needed(tenant)
            ready.append((needed, self.one(tenant, needed)))
        for needed, thing in reversed(ready):
            await tenant.keep(*needed, thing)
        return tuple(thing for _, thing in ready)

    async def listed(self, tenant: Tenant, *, limit: int, after: UUID | None = None) -> tuple[P, ...]:
        """Return all that is listed after that id, read `limit` at a time, each page in a unit of work of its own."""

        async def one_page(request: PageRequest) -> Page[P]:
            async with tenant.open() as uow:
                page = await self.page(uow, request)
            assert len(page.items) <= request.limit
            return page

        return await all_of(one_page, limit=limit, after=after)

    @pytest.mark.parametrize("limit", [1, 2, 3, _SEVEN, 200])
    async def test_pages_have_everything_once_in_the_order_of_the_ids(
        self, ours: Tenant, theirs: Tenant, limit: int
    ) -> None:
        """Page after page lists every one of the organization's, none twice, by id, whatever the limit."""
        await self.some_kept(theirs, 2)
        kept = await self.some_kept(ours)

        assert await self.listed(ours, limit=limit) == kept

    async def test_the_last_page_says_that_it_is_the_last(self, ours: Tenant) -> None:
        """`next_after` is the last id of a page that others follow, and None on the last, also when that is full."""
        kept = await self.some_kept(ours, 4)

        async with ours.open() as uow:
            first = await self.page(uow, PageRequest(limit=2))
            last = await self.page(uow, PageRequest(limit=2, after=kept[1].id))
            beyond = await self.page(uow, PageRequest(limit=2, after=kept[3].id))

        assert first == Page(kept[:2], kept[1].id)
        assert last == Page(kept[2:], None)
        assert beyond == Page((), None)

    async def test_pages_stay_in_step_while_others_are_added(self, ours: Tenant) -> None:
        """What is added meanwhile moves nothing: before the place reached it is not seen, after it in its turn."""
        ready = []
        for _ in range(6):
            needed = self.needed(ours)
            ready.append((needed, self.one(ours, needed)))
        for needed, thing in (ready[1], ready[2], ready[4]):
            await ours.keep(*needed, thing)
        async with ours.open() as uow:
            first = await self.page(uow, PageRequest(limit=2))

        for needed, thing in (ready[0], ready[3], ready[5]):
            await ours.keep(*needed, thing)

        rest = await self.listed(ours, limit=2, after=first.next_after)
        assert (*first.items, *rest) == tuple(ready[number][1] for number in (1, 2, 3, 4, 5))

    async def test_a_page_may_start_after_an_id_that_is_not_there(self, ours: Tenant) -> None:
        """Paging goes on from where an object was that has gone, or never was."""
        before, gap = await self.some_kept(ours, 2), FRESH_IDS.new()
        behind = await self.some_kept(ours, 2)

        assert await self.listed(ours, limit=200, after=gap) == behind
        assert await self.listed(ours, limit=200, after=before[0].id) == (before[1], *behind)

    async def test_a_unit_of_work_lists_its_own_changes(self, ours: Tenant) -> None:
        """A page read before the commit has what was added and saved in that unit of work, in its place."""
        kept = await self.some_kept(ours, 2)
        changed = self.after_a_change(kept[0])
        needed = self.needed(ours)
        added = self.one(ours, needed)

        async with ours.open() as uow:
            for thing in (*needed, added):
                add(uow, thing)
            save(uow, changed, was=kept[0])
            own = await self.page(uow, PageRequest())

        assert own == Page((changed, kept[1], added), None)
        assert await self.listed(ours, limit=200) == kept
