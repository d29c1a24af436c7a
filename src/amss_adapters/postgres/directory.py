"""Finding organizations: the only place that looks across them, by way of two functions that give nothing but ids."""

from typing import Final, cast

from amss_adapters.postgres.access import ORGANIZATION, organization_from
from amss_adapters.postgres.across import Across
from amss_adapters.postgres.codec import Row, from_flag, from_id, from_number, from_text, maybe, to_id
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.wire import Call
from amss_domain.access.errors import UnknownOrganization
from amss_domain.access.model import Organization
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import OLDEST_FIRST, Page, PageRequest

_SQL: Final = statements("access")
_BY_SLUG: Final = _SQL["organization_enter_by_slug"]
_BY_ID: Final = _SQL["organization_enter_by_id"]
_ENTERED: Final = Call(_SQL["organization_entered"])
_IDS: Final = Call(_SQL["organization_ids"])
_PAGE: Final = _SQL["organization_page"]

# Organizations read in one round trip.
_AT_ONCE: Final = 200


class PostgresDirectory:
    """Finds organizations; each is read inside its own walls."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def by_slug(self, slug: str, /) -> Organization:
        """Return the organization with that slug. Raises `UnknownOrganization`."""
        found = await self._read(Call(_BY_SLUG, (from_text(slug),)), _ENTERED)
        if not found:
            raise UnknownOrganization(slug)
        return organization_from(found[0])

    async def by_id(self, org_id: OrgId, /) -> Organization:
        """Return the organization with that id. Raises `UnknownOrganization`."""
        found = await self._read(Call(_BY_ID, (from_id(org_id),)), _ENTERED)
        if not found:
            raise UnknownOrganization(org_id)
        return organization_from(found[0])

    async def everyone(self) -> tuple[Organization, ...]:
        """Return all organizations by slug."""
        return tuple(await self._each([cast(OrgId, to_id(id)) for (id,) in await self._read(_IDS)]))

    async def page(self, request: PageRequest, /) -> Page[Organization]:
        """Return organizations by id or by slug. Raises ValueError for another order."""
        order = request.order or OLDEST_FIRST
        if order.by not in ("created_at", "slug"):
            raise ValueError(f"there is no order of organizations by {order.by}")
        params = (
            from_flag(order.by == "slug"),
            from_flag(order.descending),
            maybe(from_id, request.after),
            from_number(request.limit + 1),
        )
        ids = [cast(OrgId, to_id(id)) for (id,) in await self._read(Call(_PAGE, params))]
        items = tuple(await self._each(ids[: request.limit]))
        return Page(items, ids[request.limit - 1] if len(ids) > request.limit else None)

    async def _each(self, ids: list[OrgId]) -> list[Organization]:
        found: list[Organization] = []
        for start in range(0, len(ids), _AT_ONCE):
            calls = [
                call
                for org_id in ids[start : start + _AT_ONCE]
                for call in (Call(_BY_ID, (from_id(org_id),)), _ENTERED)
            ]
            found += map(organization_from, await self._read(*calls))
        return found

    async def _read(self, *calls: Call) -> list[Row]:
        """Return the rows of the last call, or of every second one where calls come in pairs."""
        found = await self._across.run(ORGANIZATION, calls)
        return [row for rows in found[(len(calls) - 1) % 2 :: 2] for row in rows]
