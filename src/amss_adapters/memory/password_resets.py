"""Requests to set forgotten passwords."""

from datetime import datetime
from itertools import islice
from operator import attrgetter

from amss_adapters.memory.access import USERS
from amss_adapters.memory.tables import Groups, Reference, Table
from amss_adapters.memory.tenant import Tenant
from amss_adapters.memory.transaction import Transaction
from amss_domain.access.password_reset import PasswordReset
from amss_domain.shared.ids import PasswordResetId, UserId

_UNMAILED: Groups[PasswordReset] = Groups(lambda one: () if one.mailed_at or one.used_at else (None,))
_UNUSED: Groups[PasswordReset] = Groups(lambda one: () if one.used_at else (one.user_id,))
RESETS: Table[PasswordReset] = Table(
    name="password_resets",
    kind="password reset",
    groups=(_UNMAILED, _UNUSED),
    references=(Reference("password_resets_user_id_fkey", attrgetter("user_id"), USERS),),
)


class MemoryPasswordResets:
    """The organization's requests."""

    def __init__(self, transaction: Transaction) -> None:
        self._rows = transaction.view(RESETS)

    async def find(self, reset_id: PasswordResetId, /) -> PasswordReset | None:
        """Return the request; None for an unknown id."""
        return self._rows.find(reset_id)

    async def find_for_update(self, reset_id: PasswordResetId, /) -> PasswordReset | None:
        """Hold the request until the end and return it; None for an unknown id."""
        return None if self._rows.find(reset_id) is None else await self._rows.get_for_update(reset_id)

    async def due_for_update(self, *, at: datetime, limit: int) -> tuple[PasswordReset, ...]:
        """Hold requests whose mail is due until the end and return them, the oldest first."""
        due = islice((one for one in self._rows.group(_UNMAILED, None) if one.is_mail_due(at)), limit)
        return await self._rows.held(due, lambda one: one.is_mail_due(at))

    def add(self, reset: PasswordReset, /) -> None:
        """Add a request. Raises `BrokenReference` for an unknown user."""
        self._rows.add(reset)

    def save(self, reset: PasswordReset, /, *, was: PasswordReset) -> None:
        """Save a changed request. Raises `StaleVersion`."""
        self._rows.save(reset, was=was)

    async def use_all(self, user_id: UserId, /, *, at: datetime) -> None:
        """Make every request of the user used."""
        for reset in await self._rows.held(self._rows.group(_UNUSED, user_id), lambda one: one.used_at is None):
            self._rows.save(reset.used(at=at), was=reset)


def has_mail_due(tenant: Tenant, at: datetime) -> bool:
    """Tell whether a mail is due in the organization."""
    rows = tenant.rows(RESETS)
    return any(rows.by_id[place[-1]].is_mail_due(at) for place in rows.members(_UNMAILED, None))
