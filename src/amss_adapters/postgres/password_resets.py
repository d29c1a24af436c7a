"""Requests to set forgotten passwords."""

from datetime import datetime
from typing import Final, cast

from amss_adapters.postgres.codec import (
    Params,
    Row,
    from_bytes,
    from_id,
    from_instant,
    from_number,
    maybe,
    perhaps,
    to_bytes,
    to_id,
    to_instant,
    to_int,
)
from amss_adapters.postgres.errors import Kind, Subject
from amss_adapters.postgres.session import Session
from amss_adapters.postgres.statements import Statement, statements
from amss_adapters.postgres.table import Table
from amss_domain.access.password_reset import MAIL_AGAIN_AFTER, MAIL_WITHIN, PasswordReset
from amss_domain.shared.ids import OrgId, PasswordResetId, UserId

_SQL: Final = statements("password_resets")


def _reset_from(row: Row, org_id: OrgId) -> PasswordReset:
    id, user_id, digest, *times, created_at, version = row
    expires_at, tried_at, mailed_at, used_at = times
    return PasswordReset(
        id=cast(PasswordResetId, to_id(id)),
        org_id=org_id,
        user_id=cast(UserId, to_id(user_id)),
        digest=perhaps(to_bytes, digest),
        expires_at=perhaps(to_instant, expires_at),
        tried_at=perhaps(to_instant, tried_at),
        mailed_at=perhaps(to_instant, mailed_at),
        used_at=perhaps(to_instant, used_at),
        created_at=to_instant(created_at),
        version=to_int(version),
    )


def _reset_fields(reset: PasswordReset) -> Params:
    return (
        from_id(reset.user_id),
        maybe(from_bytes, reset.digest),
        maybe(from_instant, reset.expires_at),
        maybe(from_instant, reset.tried_at),
        maybe(from_instant, reset.mailed_at),
        maybe(from_instant, reset.used_at),
        from_number(reset.version),
    )


_RESETS: Final = Table[PasswordReset](
    name="password_resets",
    kind=Kind("password reset"),
    read=_reset_from,
    fields=_reset_fields,
    insert=_SQL["reset_insert"],
    update=_SQL["reset_update"],
)


class PostgresPasswordResets:
    """The organization's requests."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, reset_id: PasswordResetId, /) -> PasswordReset | None:
        """Return the request; None for an unknown id."""
        return await self._one(_SQL["reset_get"], reset_id)

    async def find_for_update(self, reset_id: PasswordResetId, /) -> PasswordReset | None:
        """Hold the request until the end and return it; None for an unknown id."""
        return await self._one(_SQL["reset_hold"], reset_id)

    async def due_for_update(self, *, at: datetime, limit: int) -> tuple[PasswordReset, ...]:
        """Hold requests whose mail is due until the end and return them, the oldest first."""
        params = (from_instant(at - MAIL_WITHIN), from_instant(at - MAIL_AGAIN_AFTER), from_number(limit))
        return await _RESETS.found(self._session, _SQL["reset_hold_due"], *params)

    def add(self, reset: PasswordReset, /) -> None:
        """Add a request. Conflicts: `BrokenReference` for an unknown user."""
        _RESETS.add(self._session, reset)

    def save(self, reset: PasswordReset, /, *, was: PasswordReset) -> None:
        """Save a changed request. Conflicts: `StaleVersion`."""
        _RESETS.save(self._session, reset, was=was)

    async def use_all(self, user_id: UserId, /, *, at: datetime) -> None:
        """Make every request of the user used."""
        params = (self._session.org, from_id(user_id), from_instant(at))
        self._session.queue(_SQL["reset_use_all"], params, Subject(_RESETS.kind, user_id))

    async def _one(self, statement: Statement, reset_id: PasswordResetId) -> PasswordReset | None:
        found = await _RESETS.found(self._session, statement, from_id(reset_id))
        return found[0] if found else None
