"""What proves who somebody is: random secrets with their digests, and signed access tokens with their claims."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from attrs import field, frozen

from amss_domain.access.model import Role
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.ids import OrgId, UserId


class SecretKind(Enum):
    """What a secret is for."""

    REFRESH_TOKEN = "refresh_token"
    API_KEY = "api_key"
    PASSWORD_RESET = "password_reset"


@frozen
class Secret:
    """A new secret: its `text` is shown to its owner once and forgotten, its `digest` is kept."""

    text: str = field(repr=False)
    digest: bytes = field(repr=False)


@frozen(kw_only=True)
class Presented:
    """What a presented text says it is; whether its digest is the one kept is still to be seen."""

    kind: SecretKind
    org_id: OrgId
    id: UUID
    digest: bytes = field(repr=False)


@frozen(kw_only=True)
class Claims:
    """What an access token says about its holder: who it was when the token was issued, and of which session."""

    user_id: UserId
    org_id: OrgId
    role: Role
    name: str
    email: str
    session_id: UUID

    def actor(self, *, request_id: str | None = None, address: str | None = None) -> Actor:
        """Return the holder as the one who acts."""
        return Actor(
            org_id=self.org_id,
            kind=ActorKind.USER,
            id=str(self.user_id),
            name=self.name,
            role=self.role.value,
            request_id=request_id,
            address=address,
        )


@frozen(kw_only=True)
class AccessToken:
    """A signed access token; whoever holds `text` is believed until `expires_at`."""

    text: str = field(repr=False)
    expires_at: datetime
