"""Finding the organizations in which there is something to do, by way of functions that give nothing but their ids."""

from datetime import datetime
from typing import Any, Final, cast

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.codec import from_id, from_instant, from_number, maybe, to_id
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import Statement, statements
from amss_adapters.postgres.wire import Call
from amss_domain.shared.ids import OrgId

_SQL: Final = statements("work_queue")
_TO_GENERATE: Final = _SQL["organizations_to_generate"]
_TO_ANNOUNCE: Final = _SQL["organizations_to_announce"]

_ORGANIZATION: Final = Kind[Any]("organization")


class PostgresWorkQueue:
    """Finds organizations as `WorkQueue` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def to_generate(self, *, at: datetime, limit: int, after: OrgId | None = None) -> tuple[OrgId, ...]:
        """Return organizations in which a program spreads or a task may have to appear, by id."""
        return await self._find(_TO_GENERATE, at, limit, after)

    async def to_announce(self, *, at: datetime, limit: int, after: OrgId | None = None) -> tuple[OrgId, ...]:
        """Return organizations in which a due status changes by the day that it is there, by id."""
        return await self._find(_TO_ANNOUNCE, at, limit, after)

    async def _find(self, statement: Statement, at: datetime, limit: int, after: OrgId | None) -> tuple[OrgId, ...]:
        params = (from_instant(at), maybe(from_id, after), from_number(limit))
        rows = await self._across.rows(_ORGANIZATION, Call(statement, params))
        return tuple(cast(OrgId, to_id(id)) for (id,) in rows)
