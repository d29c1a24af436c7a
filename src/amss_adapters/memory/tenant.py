"""One organization's share of the memory."""

from typing import Any

from amss_adapters.memory.answers import KeptAnswers
from amss_adapters.memory.locks import Locks
from amss_adapters.memory.messages import Messages
from amss_adapters.memory.tables import R, Rows, Table
from amss_domain.shared.ids import OrgId


class Tenant:
    """What is committed of one organization and who holds what of it.

    `shared` are the tables that it has in common with others, as it has `messages`.
    """

    def __init__(self, org_id: OrgId, shared: dict[Table[Any], Rows[Any]], *, messages: Messages | None = None) -> None:
        self.org_id = org_id
        self.messages = messages or Messages()
        self.locks = Locks()
        self.answers = KeptAnswers()
        self._rows = dict(shared)

    def rows(self, table: Table[R]) -> Rows[R]:
        """Return the committed rows of a table."""
        rows = self._rows.get(table)
        if rows is None:
            rows = self._rows[table] = Rows(table)
        return rows
