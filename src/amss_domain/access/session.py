"""Sessions and the refresh tokens that keep them going: one token is good for one use, and leads to the next."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Self

from attrs import evolve, field, frozen

from amss_domain.shared.ids import OrgId, RefreshTokenId, SessionId, UserId

SENT_TWICE_WITHIN: Final = timedelta(seconds=10)
"""How long after its use a refresh token that comes again is taken for a request sent twice, and not for a theft."""


@frozen(kw_only=True)
class Session:
    """What began with one login of a user; it goes on while its refresh tokens are used before `expires_at`."""

    id: SessionId
    org_id: OrgId
    user_id: UserId
    expires_at: datetime
    revoked_at: datetime | None = None
    created_at: datetime
    version: int = 1

    def is_over(self, at: datetime) -> bool:
        """Tell whether it was revoked, or its time has come."""
        return self.revoked_at is not None or at >= self.expires_at

    def prolonged(self, until: datetime) -> Self:
        """Return the session after a refresh token was used."""
        return evolve(self, expires_at=until, version=self.version + 1)

    def revoked(self, *, at: datetime) -> Self:
        """Return the session as it is when nobody can go on with it."""
        return evolve(self, revoked_at=at, version=self.version + 1)


@frozen(kw_only=True)
class RefreshToken:
    """A secret that prolongs a session once; spent, it names its `successor_id`. Only its digest is known."""

    id: RefreshTokenId
    org_id: OrgId
    session_id: SessionId
    digest: bytes = field(repr=False)
    spent_at: datetime | None = None
    successor_id: RefreshTokenId | None = None
    created_at: datetime

    def spent(self, successor_id: RefreshTokenId, *, at: datetime) -> Self:
        """Return the token after its one use."""
        return evolve(self, spent_at=at, successor_id=successor_id)


class Use(Enum):
    """What comes of presenting a refresh token."""

    GRANTED = "granted"
    REFUSED = "refused"
    STOLEN = "stolen"


def use_of(token: RefreshToken, session: Session, *, at: datetime) -> Use:
    """Return what comes of presenting the token at `at`.

    A spent token that comes again is a sign that two hold it, and that one of them has no right to (RFC 9700, section
    4.14.2). Until `SENT_TWICE_WITHIN` after its use it is more likely the same client, which asked twice: that is
    refused too, and the session goes on.
    """
    if session.is_over(at):
        return Use.REFUSED
    if token.spent_at is None:
        return Use.GRANTED
    return Use.REFUSED if at - token.spent_at <= SENT_TWICE_WITHIN else Use.STOLEN
