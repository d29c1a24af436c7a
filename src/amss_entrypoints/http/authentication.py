"""Who calls: access tokens and API keys as actors."""

from typing import Final
from uuid import UUID

from aiohttp import web
from attrs import frozen

from amss_domain.access.errors import BadCredentials
from amss_domain.access.model import Role
from amss_domain.access.ports import AccessTokens
from amss_domain.access.use_cases.api_keys import AuthenticateApiKey
from amss_domain.access.use_cases.sessions import Origin
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.clock import Clock
from amss_domain.shared.ids import OrgId, SessionId
from amss_entrypoints.http.problems import RequestRejected

_SCHEME: Final = "bearer "
_API_KEY: Final = "amss_"
_NO_ORGANIZATION: Final = OrgId(UUID(int=0))


@frozen
class Caller:
    """Who calls, and in which session if it is a user."""

    actor: Actor
    session_id: SessionId | None = None


@frozen(kw_only=True, eq=False)
class Authentication:
    """Recognises callers by what stands in Authorization: `Bearer` and an access token or an API key."""

    access_tokens: AccessTokens
    authenticate_api_key: AuthenticateApiKey
    clock: Clock

    async def caller_of(self, request: web.Request, origin: Origin) -> Caller:
        """Return who calls. Raises `RequestRejected` without credentials, `BadCredentials`, `InvalidToken`."""
        given = request.headers.getall("Authorization", [])
        if len(given) != 1 or not given[0].lower().startswith(_SCHEME):
            detail = (
                "Send `Authorization: Bearer` with the access token of POST /api/v1/auth/login, or with an API key."
            )
            raise RequestRejected("missing_credentials", detail)
        credential = given[0][len(_SCHEME) :].strip()
        if not credential.isascii():
            raise BadCredentials
        if credential.startswith(_API_KEY):
            return Caller(await self.authenticate_api_key(credential, origin=origin))
        claims = self.access_tokens.verify(credential, at=self.clock.now())
        actor = claims.actor(request_id=origin.request_id, address=origin.address)
        return Caller(actor, SessionId(claims.session_id))


def nobody(origin: Origin) -> Actor:
    """Return who calls where no credentials are asked for: somebody who may do nothing."""
    return Actor(
        org_id=_NO_ORGANIZATION,
        kind=ActorKind.USER,
        id="anonymous",
        name="anonymous",
        role=Role.VIEWER.value,
        permissions=frozenset(),
        request_id=origin.request_id,
        address=origin.address,
    )
