"""Who may do what: the permission table, and what stands against managing a user."""

from collections.abc import Mapping
from typing import Final

from amss_domain.access.model import Role, User
from amss_domain.shared.actor import Actor, ActorKind
from amss_domain.shared.errors import NotPermitted
from amss_domain.shared.violation import Violation

_READ: Final = frozenset(
    {
        "organization:read",
        "users:read",
        "aircraft:read",
        "programs:read",
        "tasks:read",
        "parts:read",
        "reports:read",
    }
)

PERMISSIONS: Final[Mapping[Role, frozenset[str]]] = {
    Role.SYSTEM_ADMIN: frozenset({"organizations:create", "organizations:read", "organizations:write", "admins:write"}),
    Role.ADMIN: _READ
    | {
        "organization:write",
        "users:write",
        "aircraft:write",
        "usage:write",
        "usage:correct",
        "programs:write",
        "tasks:write",
        "tasks:execute",
        "tasks:void",
        "parts:write",
        "parts:reserve",
        "imports:write",
        "audit:read",
        "audit:export",
        "audit:verify",
        "defects:write",
        "directives:write",
        "signoffs:write",
        "webhooks:write",
        "alerts:write",
    },
    Role.PLANNER: _READ
    | {
        "aircraft:write",
        "usage:write",
        "usage:correct",
        "programs:write",
        "tasks:write",
        "parts:write",
        "parts:reserve",
        "imports:write",
        "defects:write",
    },
    Role.TECHNICIAN: _READ | {"tasks:execute", "parts:reserve", "usage:write", "defects:write"},
    Role.COMPLIANCE_OFFICER: _READ
    | {"directives:write", "signoffs:write", "tasks:void", "audit:read", "audit:export", "audit:verify"},
    Role.VIEWER: _READ,
}
"""What each role may do, as `<noun>:<verb>`."""

_RANK: Final[Mapping[Role, int]] = {
    Role.VIEWER: 0,
    Role.TECHNICIAN: 1,
    Role.COMPLIANCE_OFFICER: 2,
    Role.PLANNER: 2,
    Role.ADMIN: 3,
    Role.SYSTEM_ADMIN: 4,
}


def is_permitted(actor: Actor, permission: str) -> bool:
    """Tell whether the actor holds the permission; system actors hold all of their organization's."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    return permission in PERMISSIONS.get(Role(actor.role), frozenset())


def authorize(actor: Actor, permission: str) -> None:
    """Raise `NotPermitted` unless the actor holds the permission."""
    if not is_permitted(actor, permission):
        message = f"the role {actor.role} does not have the permission {permission}"
        raise NotPermitted([Violation("missing_permission", message, permission)])


def blockers_to_manage(actor: Actor, role: Role) -> tuple[Violation, ...]:
    """Return what stands against the actor giving a user `role`, or changing a user who has it."""
    if actor.kind is ActorKind.SYSTEM or _RANK[role] <= _RANK[Role(actor.role)]:
        return ()
    return (Violation("role_above_own", f"a {actor.role} cannot manage a {role.value}", "role"),)


def blockers_to_lose_admin(user: User, *, active_admins: int) -> tuple[Violation, ...]:
    """Return what stands against the user ceasing to be an active admin: somebody must remain."""
    if user.role is Role.ADMIN and user.active and active_admins <= 1:
        return (Violation("last_admin", "the last active admin stays; make somebody else admin first", str(user.id)),)
    return ()
