"""Finding the organizations in which an alert or a mail is due, by way of functions that give nothing but their ids."""

from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.across import Across
from amss_adapters.postgres.codec import Params, from_instant, from_number, to_id
from amss_adapters.postgres.errors import Kind
from amss_adapters.postgres.statements import Statement, statements
from amss_adapters.postgres.wire import Call
from amss_domain.access.password_reset import MAIL_AGAIN_AFTER, MAIL_WITHIN
from amss_domain.shared.ids import OrgId

_SQL: Final = statements("alert_queue")
_TO_ESCALATE: Final = _SQL["organizations_to_escalate"]
_TO_MAIL_RESETS: Final = _SQL["organizations_to_mail_resets"]

_ORGANIZATION: Final = Kind[OrgId]("organization")


class PostgresAlertQueue:
    """Finds organizations as `AlertQueue` promises."""

    def __init__(self, across: Across) -> None:
        self._across = across

    async def to_escalate(self, *, before: datetime, overdue_before: datetime, limit: int) -> tuple[OrgId, ...]:
        """Return organizations in which an alert has waited too long to be acknowledged."""
        params = (from_instant(before), from_instant(overdue_before), from_number(limit))
        return await self._find(_TO_ESCALATE, params)

    async def to_mail_resets(self, *, at: datetime, limit: int) -> tuple[OrgId, ...]:
        """Return organizations in which somebody waits for a mail."""
        params = (from_instant(at - MAIL_WITHIN), from_instant(at - MAIL_AGAIN_AFTER), from_number(limit))
        return await self._find(_TO_MAIL_RESETS, params)

    async def _find(self, statement: Statement, params: Params) -> tuple[OrgId, ...]:
        rows = await self._across.rows(_ORGANIZATION, Call(statement, params))
        return tuple(cast(OrgId, to_id(id)) for (id,) in rows)
