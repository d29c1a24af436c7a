"""What happens to organizations and users."""

from typing import ClassVar

from attrs import frozen

from amss_domain.shared.events import Event


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
    """A user's name or role changed."""

    type: ClassVar[str] = "user.updated"
    email: str
    role: str


@frozen(kw_only=True)
class UserDeactivated(Event):
    """A user lost access."""

    type: ClassVar[str] = "user.deactivated"
    email: str
    role: str
