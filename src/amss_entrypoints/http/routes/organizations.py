"""Organizations and their policies."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from attrs import asdict, evolve

from amss_domain.access.model import Organization as Kept
from amss_domain.shared.ids import OrgId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.common import NOT_SENT, sent
from amss_entrypoints.http.bodies.organizations import (
    NewOrganization,
    Organization,
    OrganizationChange,
    Policy,
    PolicyChange,
    created,
    many,
    one,
    policy,
)
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing

_TAG = "organizations"
_ONE = "/organizations/{organization_id}"


async def create(call: Call[None, NewOrganization]) -> Kept:
    """Create an organization."""
    idempotency = call.idempotency
    return await call.use(call.services.create_organization)(
        call.actor,
        name=call.body.name,
        slug=call.body.slug,
        org_id=None if idempotency is None else organization_id(call, idempotency.key),
    )


async def list_(call: Call[None, None]) -> Page[Kept]:
    """List organizations."""
    return await call.services.list_organizations()(call.actor, call.page)


async def get(call: Call[None, None]) -> Kept:
    """Read an organization."""
    return await call.services.get_organization()(call.actor, OrgId(call.id("organization_id")))


async def change(call: Call[None, OrganizationChange]) -> Kept:
    """Rename an organization."""
    org_id = OrgId(call.id("organization_id"))
    name = sent(call.body.name)
    if name is None:
        return await call.services.get_organization()(call.actor, org_id)
    return await call.use(call.services.change_organization)(
        call.actor, org_id, name=name, expected_version=call.expected_version
    )


async def get_policy(call: Call[None, None]) -> Kept:
    """Read an organization's policy."""
    return await get(call)


async def put_policy(call: Call[None, PolicyChange]) -> Kept:
    """Put the organization under another policy: what was sent, and the rest as it is."""
    org_id = OrgId(call.id("organization_id"))
    was = await call.services.get_organization()(call.actor, org_id)
    wanted = {name: value for name, value in asdict(call.body).items() if value is not NOT_SENT}
    return await call.use(call.services.change_policy)(
        call.actor,
        evolve(was.policy, **wanted),
        org_id=org_id,
        # What was read here must be what is changed there.
        expected_version=was.version if call.expected_version is None else call.expected_version,
    )


def organization_id(call: Call[Any, Any], key: str) -> OrgId:
    """Return the id that a keyed command gives the organization: its own transaction keeps the key, and finds it."""
    digest = sha256(f"{call.actor.org_id} {call.actor.id} {key}".encode()).digest()
    return OrgId(UUID(bytes=digest[:16], version=4))


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/organizations",
        name="createOrganization",
        tag=_TAG,
        summary="Create an organization",
        permission="organizations:create",
        body=NewOrganization,
        result=Organization,
        status=201,
        etag=True,
        keyed_in=organization_id,
        handler=create,
        answer=created,
        problems=("already_exists",),
        example={"name": "Acme Aviation", "slug": "acme-aviation"},
    ),
    Endpoint(
        method="GET",
        path="/organizations",
        name="listOrganizations",
        tag=_TAG,
        summary="List organizations",
        description="A system admin sees all, everybody else their own.",
        result=Organization,
        listing=Listing(orders=("slug",)),
        handler=list_,
        answer=many,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        name="getOrganization",
        tag=_TAG,
        summary="Read an organization",
        result=Organization,
        etag=True,
        handler=get,
        answer=one,
    ),
    Endpoint(
        method="PATCH",
        path=_ONE,
        name="changeOrganization",
        tag=_TAG,
        summary="Rename an organization",
        body=OrganizationChange,
        result=Organization,
        etag=True,
        versioned=True,
        handler=change,
        answer=one,
        example={"name": "Acme Aviation Ltd."},
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/policy",
        name="getPolicy",
        tag=_TAG,
        summary="Read an organization's policy",
        result=Policy,
        etag=True,
        handler=get_policy,
        answer=policy,
    ),
    Endpoint(
        method="PUT",
        path=f"{_ONE}/policy",
        name="putPolicy",
        tag=_TAG,
        summary="Put your organization under another policy",
        description="Takes the fields sent. It holds everywhere within a second.",
        permission="organization:write",
        body=PolicyChange,
        result=Policy,
        etag=True,
        versioned=True,
        changes_policy=True,
        handler=put_policy,
        answer=policy,
        example={"time_zone": "Europe/Lisbon", "currency": "EUR", "rate_limit_per_minute": 600},
    ),
)
