"""API keys: making, listing and revoking them."""

from typing import Any

from attrs import frozen

from amss_domain.access.api_key import ApiKey as Kept
from amss_domain.access.ports import ApiKeyFilter
from amss_domain.access.use_cases.api_keys import NewApiKey as Made
from amss_domain.shared.ids import ApiKeyId
from amss_domain.shared.page import Page
from amss_entrypoints.http.bodies.api_keys import ApiKey, NewApiKey, made, many
from amss_entrypoints.http.bodies.common import nothing
from amss_entrypoints.http.endpoint import Call, Endpoint, Listing

_TAG = "api keys"


@frozen(kw_only=True)
class ApiKeyQuery:
    """Which keys."""

    revoked: bool = False


async def create(call: Call[None, NewApiKey]) -> Made:
    """Make a key."""
    return await call.use(call.services.create_api_key)(
        call.actor, name=call.body.name, permissions=call.body.permissions, expires_at=call.body.expires_at
    )


async def list_(call: Call[ApiKeyQuery, None]) -> Page[Kept]:
    """List keys."""
    return await call.services.list_api_keys()(call.actor, call.page, filter=ApiKeyFilter(revoked=call.query.revoked))


async def revoke(call: Call[None, None]) -> Kept:
    """Revoke a key."""
    return await call.use(call.services.revoke_api_key)(
        call.actor, ApiKeyId(call.id("key_id")), expected_version=call.expected_version
    )


ENDPOINTS: tuple[Endpoint[Any, Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/api-keys",
        name="createApiKey",
        tag=_TAG,
        summary="Make an API key",
        description="Its text is in this answer and nowhere else.",
        permission="api_keys:write",
        body=NewApiKey,
        result=ApiKey,
        status=201,
        etag=True,
        handler=create,
        answer=made,
        example={"name": "flight log", "permissions": ["aircraft:read"]},
    ),
    Endpoint(
        method="GET",
        path="/api-keys",
        name="listApiKeys",
        tag=_TAG,
        summary="List API keys",
        description="Your own; an admin sees everybody's.",
        permission="api_keys:write",
        query=ApiKeyQuery,
        result=ApiKey,
        listing=Listing(),
        handler=list_,
        answer=many,
    ),
    Endpoint(
        method="DELETE",
        path="/api-keys/{key_id}",
        name="revokeApiKey",
        tag=_TAG,
        summary="Revoke an API key",
        description="It holds at once.",
        permission="api_keys:write",
        status=204,
        versioned=True,
        handler=revoke,
        answer=nothing,
    ),
)
