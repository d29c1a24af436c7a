"""Requests to set a forgotten password by a mail."""

from datetime import datetime, timedelta
from typing import Final, Self

from attrs import evolve, field, frozen

from amss_domain.shared.ids import OrgId, PasswordResetId, UserId

TOKEN_LASTS: Final = timedelta(hours=1)
"""How long the token in the mail is good."""

MAIL_WITHIN: Final = timedelta(hours=1)
"""How long after the request a mail may still be sent."""

MAIL_AGAIN_AFTER: Final = timedelta(minutes=2)
"""How long after an attempt to send the mail the next one may be made."""


@frozen(kw_only=True)
class PasswordReset:
    """A request for a mail; the mail has a token that is good once, until `expires_at`. Only its digest is known.

    The token is made when the mail is sent, and another one when it is sent again: `tried_at` says when last.
    """

    id: PasswordResetId
    org_id: OrgId
    user_id: UserId
    digest: bytes | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    tried_at: datetime | None = None
    mailed_at: datetime | None = None
    used_at: datetime | None = None
    created_at: datetime
    version: int = 1

    def is_mail_due(self, at: datetime) -> bool:
        """Tell whether a mail is to be sent: none was, the request is not too old, and nobody is just trying."""
        return (
            self.mailed_at is None
            and self.used_at is None
            and at - self.created_at < MAIL_WITHIN
            and (self.tried_at is None or at - self.tried_at >= MAIL_AGAIN_AFTER)
        )

    def is_usable(self, at: datetime) -> bool:
        """Tell whether its token still sets a password."""
        return self.used_at is None and self.expires_at is not None and at < self.expires_at

    def with_token(self, digest: bytes, *, at: datetime) -> Self:
        """Return the request with a new token, about to be sent."""
        return evolve(self, digest=digest, expires_at=at + TOKEN_LASTS, tried_at=at, version=self.version + 1)

    def mailed(self, *, at: datetime) -> Self:
        """Return the request after the mail was taken."""
        return evolve(self, mailed_at=at, version=self.version + 1)

    def used(self, *, at: datetime) -> Self:
        """Return the request as one that sets no password any more."""
        return evolve(self, used_at=at, version=self.version + 1)
