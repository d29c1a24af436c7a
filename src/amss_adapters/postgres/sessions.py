"""Sessions and their refresh tokens."""

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
from amss_adapters.postgres.session import Session as Conversation
from amss_adapters.postgres.statements import statements
from amss_adapters.postgres.table import Table
from amss_domain.access.session import RefreshToken, Session
from amss_domain.shared.ids import OrgId, RefreshTokenId, SessionId, UserId

_SQL: Final = statements("sessions")
_TOKEN: Final = Kind[RefreshToken]("refresh token")


def _session_from(row: Row, org_id: OrgId) -> Session:
    id, user_id, expires_at, revoked_at, created_at, version = row
    return Session(
        id=cast(SessionId, to_id(id)),
        org_id=org_id,
        user_id=cast(UserId, to_id(user_id)),
        expires_at=to_instant(expires_at),
        revoked_at=perhaps(to_instant, revoked_at),
        created_at=to_instant(created_at),
        version=to_int(version),
    )


def _session_fields(session: Session) -> Params:
    return (
        from_id(session.user_id),
        from_instant(session.expires_at),
        maybe(from_instant, session.revoked_at),
        from_number(session.version),
    )


def _token_from(row: Row, session: Session) -> RefreshToken:
    id, digest, spent_at, successor_id, created_at = row
    return RefreshToken(
        id=cast(RefreshTokenId, to_id(id)),
        org_id=session.org_id,
        session_id=session.id,
        digest=to_bytes(digest),
        spent_at=perhaps(to_instant, spent_at),
        successor_id=cast("RefreshTokenId | None", perhaps(to_id, successor_id)),
        created_at=to_instant(created_at),
    )


_SESSIONS: Final = Table[Session](
    name="sessions",
    kind=Kind("session"),
    read=_session_from,
    fields=_session_fields,
    insert=_SQL["session_insert"],
    update=_SQL["session_update"],
)


class PostgresSessions:
    """The sessions of the organization's users."""

    def __init__(self, session: Conversation) -> None:
        self._session = session

    async def of_token_for_update(self, token_id: RefreshTokenId, /) -> tuple[Session, RefreshToken] | None:
        """Hold a token and its session until the end and return them; None for an unknown id."""
        params = (self._session.org, from_id(token_id))
        rows = await self._session.read(_SQL["session_hold_of_token"], params, _TOKEN)
        if not rows:
            return None
        session = _session_from(rows[0][:6], self._session.org_id)
        return session, _token_from(rows[0][6:], session)

    def add(self, session: Session, /) -> None:
        """Add a session. Conflicts: `BrokenReference` for an unknown user."""
        _SESSIONS.add(self._session, session)

    def save(self, session: Session, /, *, was: Session) -> None:
        """Save a changed session. Conflicts: `StaleVersion`."""
        _SESSIONS.save(self._session, session, was=was)

    def add_token(self, token: RefreshToken, /) -> None:
        """Add a refresh token. Conflicts: `BrokenReference` for an unknown session."""
        self._session.require_own(token.org_id, "refresh_tokens")
        params = (
            self._session.org,
            from_id(token.id),
            from_instant(token.created_at),
            from_id(token.session_id),
            from_bytes(token.digest),
            maybe(from_instant, token.spent_at),
            maybe(from_id, token.successor_id),
        )
        self._session.queue(_SQL["token_insert"], params, Subject(_TOKEN, token.id, token))

    def spend(self, token: RefreshToken, /) -> None:
        """Keep a token that was spent. Conflicts: `StaleVersion` for one that was spent before."""
        self._session.require_own(token.org_id, "refresh_tokens")
        params = (
            self._session.org,
            from_id(token.id),
            maybe(from_instant, token.spent_at),
            maybe(from_id, token.successor_id),
        )
        self._session.queue(_SQL["token_spend"], params, Subject(_TOKEN, token.id, token))

    async def revoke_all(self, user_id: UserId, /, *, at: datetime, but: SessionId | None = None) -> None:
        """Revoke the user's sessions, save one."""
        params = (self._session.org, from_id(user_id), from_instant(at), maybe(from_id, but))
        self._session.queue(_SQL["session_revoke_all"], params, Subject(_SESSIONS.kind, user_id))
