"""Parts."""

from collections.abc import Collection
from typing import Final, cast

from amss_adapters.postgres.codec import (
    LAST_ID,
    NO_ID,
    Param,
    Params,
    Row,
    from_flag,
    from_id,
    from_instant,
    from_number,
    from_text,
    from_texts,
    maybe,
    perhaps,
    to_decimal,
    to_id,
    to_instant,
    to_int,
    to_text,
)
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table, page_of
from amss_domain.inventory.part import Part, PartDescription
from amss_domain.inventory.ports import ANY_PART, PartFilter
from amss_domain.shared.errors import AlreadyExists
from amss_domain.shared.ids import OrgId, PartId
from amss_domain.shared.page import OLDEST_FIRST, Order, Page, PageRequest

_SQL: Final = statements("parts")

_PAST_ALL_NUMBERS: Final = chr(0x10FFFF) * 1_000
"""What sorts after every part number."""


def _part_from(row: Row, org_id: OrgId) -> Part:
    id, part_number, description, unit_of_measure, unit_price, minimum_stock, reorder_point, lead_time_days, *more = row
    archived_at, created_at, updated_at, version = more
    return Part(
        id=cast(PartId, to_id(id)),
        org_id=org_id,
        part_number=to_text(part_number),
        about=PartDescription(
            description=perhaps(to_text, description),
            unit_of_measure=to_text(unit_of_measure),
            unit_price=perhaps(to_decimal, unit_price),
            minimum_stock=to_int(minimum_stock),
            reorder_point=perhaps(to_int, reorder_point),
            lead_time_days=perhaps(to_int, lead_time_days),
        ),
        archived_at=perhaps(to_instant, archived_at),
        created_at=to_instant(created_at),
        updated_at=to_instant(updated_at),
        version=to_int(version),
    )


def _part_fields(part: Part) -> Params:
    about = part.about
    return (
        from_text(part.part_number),
        from_text(part.part_number.lower()),
        maybe(from_text, about.description),
        from_text(about.unit_of_measure),
        maybe(from_number, about.unit_price),
        from_number(about.minimum_stock),
        maybe(from_number, about.reorder_point),
        maybe(from_number, about.lead_time_days),
        maybe(from_instant, part.archived_at),
        from_instant(part.updated_at),
        from_number(part.version),
    )


_PARTS: Final = Table[Part](
    name="parts",
    kind=Kind("part", {"parts_part_number_key": lambda part: AlreadyExists("part", part.part_number)}),
    read=_part_from,
    fields=_part_fields,
    insert=_SQL["part_insert"],
    update=_SQL["part_update"],
)


class PostgresParts:
    """The organization's part definitions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, part_id: PartId, /) -> Part:
        """Return the part. Raises `NotFound`."""
        return await _PARTS.one(self._session, _SQL["part_get"], part_id)

    async def get_for_update(self, part_id: PartId, /) -> Part:
        """Hold the part until the end and return it. Raises `NotFound`."""
        return await _PARTS.one(self._session, _SQL["part_hold"], part_id)

    async def get_many(self, part_ids: Collection[PartId], /) -> tuple[Part, ...]:
        """Return the parts in the order of their ids, unknown ones left out."""
        return await _PARTS.many(self._session, _SQL["part_get_many"], part_ids)

    async def by_numbers(self, part_numbers: Collection[str], /, *, for_update: bool = False) -> dict[str, Part]:
        """Return unarchived parts by number in lower case, unknown ones left out."""
        statement = _SQL["part_hold_by_numbers" if for_update else "part_by_numbers"]
        wanted = from_texts({number.lower() for number in part_numbers})
        found = await _PARTS.found(self._session, statement, wanted)
        return {part.part_number.lower(): part for part in found}

    async def page(self, request: PageRequest, /, *, filter: PartFilter = ANY_PART) -> Page[Part]:
        """Return the parts that match, by id or by number. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        statement, params = _listed(request, order, filter)
        start = (LAST_ID if order.descending else NO_ID) if request.after is None else from_id(request.after)
        found = await _PARTS.found(
            self._session,
            _SQL[f"{statement}_last_first" if order.descending else statement],
            start,
            from_number(request.limit + 1),
            from_flag(filter.archived),
            *params,
        )
        return page_of(found, request.limit)

    def add(self, part: Part, /) -> None:
        """Add a part. Conflicts: `AlreadyExists` for a part number in use."""
        _PARTS.add(self._session, part)

    def save(self, part: Part, /, *, was: Part) -> None:
        """Save a changed part. Conflicts: `StaleVersion`, `AlreadyExists`."""
        _PARTS.save(self._session, part, was=was)


def _listed(request: PageRequest, order: Order, filter: PartFilter) -> tuple[str, Params]:
    """Return the statement that lists in the order from an index, and its further parameters."""
    if order.by not in ("created_at", "part_number"):
        raise ValueError(f"there is no order of parts by {order.by}")
    number = maybe(from_text, None if filter.part_number is None else filter.part_number.lower())
    if number is not None:
        # All have one number, so that their order is that of the ids.
        from_there = order.by == "part_number" and request.after is not None
        return "part_page_of_number", (None if from_there else number, number)
    if order.by == "part_number":
        return "part_page_by_number", (_first_number(request, order),)
    return "part_page", ()


def _first_number(request: PageRequest, order: Order) -> Param:
    if request.after is not None:
        return None
    return from_text(_PAST_ALL_NUMBERS if order.descending else "")
