"""What happens to organizations and users."""

from typing import ClassVar

from attrs import frozen

from amss_domain.shared.events import Event
from amss_domain.shared.ids import SessionId


@frozen(kw_only=True)
class OrganizationCreated(Event):
    """An organization began to use AMSS."""

    type: ClassVar[str] = "organization.created"
    slug: str
    name: str


@frozen(kw_only=True)
class OrganizationUpdated(Event):
    """An organization's name or policy changed."""

    type: ClassVar[str] = "organization.updated"
    public: ClassVar[bool] = False
    slug: str
    name: str


@frozen(kw_only=True)
class UserCreated(Event):
    """A user was given access."""

    type: ClassVar[str] = "user.created"
    email: str
    role: str


@frozen(kw_only=True)
class UserUpdated(Event):
    """A user's address, name or role changed, or the user got access back."""

    type: ClassVar[str] = "user.updated"
    email: str
    role: str


@frozen(kw_only=True)
class UserDeactivated(Event):
    """A user lost access."""

    type: ClassVar[str] = "user.deactivated"
    email: str
    role: str


@frozen(kw_only=True)
class UserLoggedIn(Event):
    """A user proved who they are, and a session began."""

    type: ClassVar[str] = "user.logged_in"
    public: ClassVar[bool] = False
    session_id: SessionId


@frozen(kw_only=True)
class UserLoginFailed(Event):
    """Somebody failed to prove to be the user."""

    type: ClassVar[str] = "user.login_failed"
    public: ClassVar[bool] = False
    email: str


@frozen(kw_only=True)
class OrganizationLoginFailed(Event):
    """Somebody failed to prove to be a user whom the organization does not have."""

    type: ClassVar[str] = "organization.login_failed"
    public: ClassVar[bool] = False
    email: str | None


@frozen(kw_only=True)
class UserLoggedOut(Event):
    """A user ended a session, or all of them when there is no `session_id`."""

    type: ClassVar[str] = "user.logged_out"
    public: ClassVar[bool] = False
    session_id: SessionId | None


@frozen(kw_only=True)
class UserTokenReused(Event):
    """A spent refresh token of the user's came again, so somebody else holds it; the session was revoked."""

    type: ClassVar[str] = "user.token_reused"
    public: ClassVar[bool] = False
    session_id: SessionId


@frozen(kw_only=True)
class UserPasswordChanged(Event):
    """A user's password was set; sessions begun with an earlier one were revoked."""

    type: ClassVar[str] = "user.password_changed"
    public: ClassVar[bool] = False
    email: str


@frozen(kw_only=True)
class UserPasswordResetRequested(Event):
    """Somebody asked for a mail with which the user can set a forgotten password."""

    type: ClassVar[str] = "user.password_reset_requested"
    public: ClassVar[bool] = False
    email: str


@frozen(kw_only=True)
class OrganizationPasswordResetRefused(Event):
    """Somebody asked for such a mail to an address at which nobody has access."""

    type: ClassVar[str] = "organization.password_reset_refused"
    public: ClassVar[bool] = False
    email: str | None


@frozen(kw_only=True)
class ApiKeyCreated(Event):
    """A user made an API key."""

    type: ClassVar[str] = "api_key.created"
    public: ClassVar[bool] = False
    name: str
    prefix: str


@frozen(kw_only=True)
class ApiKeyRevoked(Event):
    """An API key was revoked, by itself or with its user's access."""

    type: ClassVar[str] = "api_key.revoked"
    public: ClassVar[bool] = False
    name: str
    prefix: str
