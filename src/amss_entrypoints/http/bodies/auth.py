"""Logging in and out, and who one is."""

from typing import Annotated
from uuid import UUID

from attrs import frozen
from msgspec import Meta

from amss_domain.access.rules import RoleDescription
from amss_domain.access.use_cases.identity import Identity
from amss_domain.access.use_cases.sessions import LoggedIn
from amss_entrypoints.http.bodies.users import User, user_of
from amss_entrypoints.http.endpoint import Answer

Password = Annotated[str, Meta(min_length=1, max_length=1024)]
TokenText = Annotated[str, Meta(min_length=1, max_length=1000)]


@frozen(kw_only=True)
class Credentials:
    """Who somebody is: the organization's slug or id, the e-mail address and the password."""

    org_id: Annotated[str, Meta(min_length=1, max_length=63)]
    email: Annotated[str, Meta(min_length=1, max_length=255)]
    password: Password


@frozen(kw_only=True)
class RefreshTokenBody:
    """The refresh token that came with the last login or refresh."""

    refresh_token: TokenText


@frozen(kw_only=True)
class NewPassword:
    """The current password, and the one to take its place."""

    current_password: Password
    new_password: Password


@frozen(kw_only=True)
class ForgottenPassword:
    """Whose password was forgotten: the organization's slug or id, and the e-mail address."""

    org_id: Annotated[str, Meta(min_length=1, max_length=63)]
    email: Annotated[str, Meta(min_length=1, max_length=255)]


@frozen(kw_only=True)
class PasswordReset:
    """The token of the mail, and the password to be set."""

    token: TokenText
    new_password: Password


@frozen(kw_only=True)
class Tokens:
    """What a user gets: an access token for `expires_in` seconds, and a refresh token for the next, to be used once."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    user: User


@frozen(kw_only=True)
class IdentityBody:
    """Who calls, for which organization, and with which permissions; `user` is null for an API key."""

    kind: str
    id: str
    name: str
    role: str
    org_id: UUID
    org_slug: str
    org_name: str
    permissions: tuple[str, ...]
    user: User | None


@frozen(kw_only=True)
class RoleBody:
    """A role, what it is for, and what it may do."""

    role: str
    purpose: str
    permissions: tuple[str, ...]


@frozen(kw_only=True)
class RoleList:
    """All roles."""

    items: tuple[RoleBody, ...]


def tokens(logged_in: LoggedIn) -> Answer:
    """Return the answer to a login or refresh."""
    return Answer(
        body=Tokens(
            access_token=logged_in.access_token.text,
            token_type="Bearer",
            expires_in=logged_in.expires_in_s,
            refresh_token=logged_in.refresh_token,
            user=user_of(logged_in.user),
        )
    )


def identity(found: Identity) -> Answer:
    """Return the answer that says who calls."""
    return Answer(
        body=IdentityBody(
            kind=found.actor.kind.value,
            id=found.actor.id,
            name=found.actor.name,
            role=found.actor.role,
            org_id=found.organization.id,
            org_slug=found.organization.slug,
            org_name=found.organization.name,
            permissions=tuple(sorted(found.permissions)),
            user=None if found.user is None else user_of(found.user),
        )
    )


def roles(found: tuple[RoleDescription, ...]) -> Answer:
    """Return the answer that lists the roles."""
    items = tuple(RoleBody(role=one.role.value, purpose=one.purpose, permissions=one.permissions) for one in found)
    return Answer(body=RoleList(items=items))
