"""Who does something: kept by value in the audit trail, so that it outlives keys and users."""

from enum import Enum

from attrs import frozen

from amss_domain.shared.ids import OrgId


class ActorKind(Enum):
    """What sort of actor acts."""

    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"


@frozen(kw_only=True)
class Actor:
    """Somebody or something that acts for an organization.

    `id` is a user's or key's UUID in text, or a system actor's name (`worker`, `cli:jane`). `role` is one of the role
    names of `amss_domain.access`; system actors have `system`. `permissions` None is all that the role has; an API key
    has only those it names. `request_id` and `address` say where from, if known.
    """

    org_id: OrgId
    kind: ActorKind
    id: str
    name: str
    role: str
    permissions: frozenset[str] | None = None
    request_id: str | None = None
    address: str | None = None


def system_actor(org_id: OrgId, name: str, *, request_id: str | None = None) -> Actor:
    """Return the organization's system actor called `name`, as background work and the command line use it."""
    return Actor(org_id=org_id, kind=ActorKind.SYSTEM, id=name, name=name, role="system", request_id=request_id)
