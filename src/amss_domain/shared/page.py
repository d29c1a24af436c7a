"""Cursor pagination: constant cost at any depth, stable while rows are added."""

from typing import Generic, TypeVar
from uuid import UUID

from attrs import field, frozen, validators

T = TypeVar("T")

MAX_LIMIT = 200


@frozen(kw_only=True)
class PageRequest:
    """Ask for up to `limit` items (1 to 200) after the item whose id is `after`; from the start when it is None."""

    limit: int = field(default=50, validator=validators.and_(validators.ge(1), validators.le(MAX_LIMIT)))
    after: UUID | None = None


@frozen
class Page(Generic[T]):
    """Some items in order, and where the next page starts: None when there is none."""

    items: tuple[T, ...]
    next_after: UUID | None = None
