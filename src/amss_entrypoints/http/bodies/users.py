"""Users as clients send and get them."""

from typing import Annotated
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.access.model import Role
from amss_domain.access.model import User as Kept
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.common import NOT_SENT, UnsetType
from amss_entrypoints.http.endpoint import Answer
from amss_entrypoints.http.schema import Instant, Name

Email = Annotated[str, Meta(pattern=r"^[^@\s\u0000-\u001f\u007f]{1,64}@[^@\s\u0000-\u001f\u007f]{1,190}$")]
Password = Annotated[str, Meta(min_length=8, max_length=1024)]


@frozen(kw_only=True)
class NewUser:
    """A user to be created; without a password they can log in once an admin has set one.

    `org_id` is for system admins, who create admins of any organization; everybody else creates users of their own.
    """

    email: Email
    role: Role
    name: Name | None = None
    password: Password | None = None
    org_id: UUID | None = None


@frozen(kw_only=True)
class UserChange:
    """What is to change of a user; what is not sent stays."""

    email: Email | UnsetType = NOT_SENT
    role: Role | UnsetType = NOT_SENT
    name: Name | UnsetType = NOT_SENT
    active: bool | UnsetType = NOT_SENT


@frozen(kw_only=True)
class PasswordReset:
    """The password that a user gets, whose sessions all end."""

    password: Password


@frozen(kw_only=True)
class User:
    """A person who acts for an organization."""

    id: UUID
    org_id: UUID
    email: str
    name: str
    role: str
    active: bool
    created_at: Instant
    updated_at: Instant
    version: int


def user_of(kept: Kept) -> User:
    """Return the user as clients get it."""
    return User(
        id=kept.id,
        org_id=kept.org_id,
        email=kept.email,
        name=kept.name,
        role=kept.role.value,
        active=kept.active,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        version=kept.version,
    )


def one(kept: Kept) -> Answer:
    """Return the answer that shows a user."""
    return Answer(body=user_of(kept), version=kept.version)


def created(kept: Kept) -> Answer:
    """Return the answer that shows a new user."""
    return Answer(body=user_of(kept), version=kept.version, location=f"/api/v1/users/{kept.id}")


def many(page: Page[Kept]) -> Answer:
    """Return the answer that lists users."""
    return Answer(body=tuple(map(user_of, page.items)), next_after=page.next_after)
