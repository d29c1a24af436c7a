"""Cursor pagination: constant cost at any depth, stable while rows are added."""

from typing import Final, Generic, TypeVar
from uuid import UUID

from attrs import field, frozen, validators

T = TypeVar("T")

MAX_LIMIT = 200


@frozen
class Order:
    """By which field items come, and whether the greatest comes first; equal ones by their ids, the same way round.

    `created_at` is the order of the ids, which every list has; which others it has, its port says.
    """

    by: str = "created_at"
    descending: bool = False


OLDEST_FIRST: Final = Order()
NEWEST_FIRST: Final = Order(descending=True)


@frozen(kw_only=True)
class PageRequest:
    """Ask for up to `limit` items (1 to 200) after the item whose id is `after`; from the start when it is None.

    `order` None is the list's own. In an order other than that of the ids, nothing comes after an unknown `after`.
    """

    order: Order | None = None
    limit: int = field(default=50, validator=validators.and_(validators.ge(1), validators.le(MAX_LIMIT)))
    after: UUID | None = None


@frozen
class Page(Generic[T]):
    """Some items in order, and where the next page starts: None when there is none."""

    items: tuple[T, ...]
    next_after: UUID | None = None
