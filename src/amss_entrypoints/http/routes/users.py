"""Users: creating, listing, changing and deactivating them."""

from typing import Any
from uuid import UUID

from attrs import frozen

from amss_domain.access.model import Role
from amss_domain.access.model import User as Kept
from amss_domain.access.ports import UserFilter
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.common import nothing, sent
from amss_entrypoints.http.bodies.users import Email, NewUser, PasswordReset, User, UserChange, created, many, one
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing

_TAG = "users"
_ONE = "/users/{user_id}"


@frozen(kw_only=True)
class UserQuery:
    """Which users."""

    role: Role | None = None
    active: bool | None = None
    email: Email | None = None


async def create(call: Call[None, NewUser]) -> Kept:
    """Create a user."""
    new = call.body
    return await call.use(call.services.create_user)(
        call.actor,
        email=new.email,
        role=new.role,
        name=new.name,
        password=new.password,
        org_id=None if new.org_id is None else OrgId(new.org_id),
    )


async def list_(call: Call[UserQuery, None]) -> Page[Kept]:
    """List users."""
    filter = UserFilter(role=call.query.role, active=call.query.active, email=call.query.email)
    return await call.services.list_users()(call.actor, call.page, filter=filter)


async def get(call: Call[None, None]) -> Kept:
    """Read a user."""
    return await call.services.get_user()(call.actor, UserId(call.id("user_id")))


async def change(call: Call[None, UserChange]) -> Kept:
    """Change a user."""
    body = call.body
    return await call.use(call.services.change_user)(
        call.actor,
        UserId(call.id("user_id")),
        name=sent(body.name),
        email=sent(body.email),
        role=sent(body.role),
        active=sent(body.active),
        expected_version=call.expected_version,
    )


@frozen(kw_only=True)
class OrganizationQuery:
    """In which organization, for a system admin; one's own if not given."""

    org_id: UUID | None = None


async def deactivate(call: Call[OrganizationQuery, None]) -> Kept:
    """Take a user's access away."""
    org_id = call.query.org_id
    return await call.use(call.services.deactivate_user)(
        call.actor,
        UserId(call.id("user_id")),
        org_id=None if org_id is None else OrgId(org_id),
        expected_version=call.expected_version,
    )


async def reset_password(call: Call[None, PasswordReset]) -> Kept:
    """Set a user's password."""
    return await call.use(call.services.reset_password)(
        call.actor,
        UserId(call.id("user_id")),
        password=call.body.password,
        expected_version=call.expected_version,
    )


def _organization_of_new(call: Call[None, NewUser], _: str) -> OrgId:
    return call.actor.org_id if call.body.org_id is None else OrgId(call.body.org_id)


def _organization_of_old(call: Call[OrganizationQuery, None], _: str) -> OrgId:
    return call.actor.org_id if call.query.org_id is None else OrgId(call.query.org_id)


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/users",
        name="createUser",
        tag=_TAG,
        summary="Create a user",
        description="A system admin creates admins of any organization; admins create users of their own.",
        body=NewUser,
        result=User,
        status=201,
        etag=True,
        keyed_in=_organization_of_new,
        handler=create,
        answer=created,
        problems=("already_exists", "unknown_organization", "not_found"),
        example={"email": "planner@acme.aero", "role": "planner", "password": "correct horse battery"},
    ),
    Endpoint(
        method="GET",
        path="/users",
        name="listUsers",
        tag=_TAG,
        summary="List users",
        permission="users:read",
        query=UserQuery,
        result=User,
        listing=Listing(orders=("email",)),
        handler=list_,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        name="getUser",
        tag=_TAG,
        summary="Read a user",
        permission="users:read",
        result=User,
        etag=True,
        handler=get,
        answer=one,
    ),
    Endpoint(
        method="PATCH",
        path=_ONE,
        name="changeUser",
        tag=_TAG,
        summary="Change a user",
        permission="users:write",
        body=UserChange,
        result=User,
        etag=True,
        versioned=True,
        handler=change,
        answer=one,
        problems=("already_exists", "refused"),
        example={"role": "technician"},
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        name="deactivateUser",
        tag=_TAG,
        summary="Take a user's access away",
        description="It holds at once; what the user did stays as it is.",
        query=OrganizationQuery,
        status=204,
        versioned=True,
        keyed_in=_organization_of_old,
        handler=deactivate,
        answer=nothing,
        problems=("refused", "unknown_organization"),
    ),
    Endpoint(
        method="POST",
        path=f"{_ONE}/reset-password",
        name="resetPassword",
        tag=_TAG,
        summary="Set another user's password",
        description="All their sessions end.",
        permission="users:write",
        body=PasswordReset,
        status=204,
        versioned=True,
        handler=reset_password,
        answer=nothing,
        problems=("refused",),
        example={"password": "correct horse battery"},
    ),
)
