"""Going through all pages of what a use case lists."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from amss_domain.shared.page import MAX_LIMIT, Page, PageRequest

T = TypeVar("T")


async def every(fetch: Callable[[PageRequest], Awaitable[Page[T]]], *, at_most: int | None = None) -> AsyncIterator[T]:
    """Yield the items of all pages, or the first `at_most` of them."""
    after: UUID | None = None
    left = at_most
    while left is None or left > 0:
        limit = MAX_LIMIT if left is None else min(left, MAX_LIMIT)
        page = await fetch(PageRequest(limit=limit, after=after))
        for item in page.items:
            yield item
        left = None if left is None else left - len(page.items)
        after = page.next_after
        if after is None:
            return
