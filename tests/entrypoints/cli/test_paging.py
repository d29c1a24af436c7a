"""Going through pages: everything once, and no more than asked for."""

from uuid import UUID

import pytest

from amss_domain.shared.page import MAX_LIMIT, Page, PageRequest
from amss_entrypoints.cli.paging import every

EVERYTHING = 2 * MAX_LIMIT + 50


async def numbers(request: PageRequest) -> Page[int]:
    """Return a page of the numbers from 1 on."""
    first = 1 if request.after is None else request.after.int + 1
    items = tuple(range(first, min(first + request.limit, EVERYTHING + 1)))
    return Page(items, UUID(int=items[-1]) if items and items[-1] < EVERYTHING else None)


@pytest.mark.parametrize("at_most", [None, 1, MAX_LIMIT, MAX_LIMIT + 1, EVERYTHING, EVERYTHING + 1])
async def test_items_of_all_pages_come_once_and_in_order(at_most: int | None) -> None:
    """Across the limits of pages too."""
    found = [number async for number in every(numbers, at_most=at_most)]

    assert found == list(range(1, min(at_most or EVERYTHING, EVERYTHING) + 1))
